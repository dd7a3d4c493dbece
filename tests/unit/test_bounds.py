"""However large, deep or odd an answer is, reading, comparing and showing it stay small."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from course_lib.checks import card, wire
from course_lib.checks.asking import Asked
from course_lib.checks.case import MOST_ENTRIES, Answer, Case, Unreadable, to_plain
from course_lib.checks.compare import LONGEST_SHOWN, difference, show
from course_lib.checks.judging import Finding, Judged, Question, decide
from course_lib.checks.reading import numbers_in, vector_in

REAL = [kind for kind in dict.fromkeys(np.sctypeDict.values()) if np.dtype(kind).kind in "biuf"]


@pytest.mark.parametrize("kind", REAL, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_real_dtype_is_plain_data(kind, order):
    value = np.array([1, 0, 1], np.dtype(kind).newbyteorder(order))
    for plain in (to_plain(value), to_plain(value[0]), to_plain(value.reshape(3, 1))):
        arrived = wire.decode(wire.encode(plain))
        assert np.array_equal(np.asarray(arrived, float), np.asarray(plain, float))
    assert type(to_plain(value[0])) in (bool, int, float)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.ones(2, dtype=torch.bfloat16),
        torch.ones(2).to(torch.float8_e4m3fn),
        torch.ones(2).to_sparse(),
        torch.imag(torch.complex(torch.zeros(2), -torch.ones(2)).conj()),
        torch.ones(2, requires_grad=True),
    ],
    ids=["bfloat16", "float8", "sparse", "negated view", "with gradient"],
)
def test_every_real_tensor_is_plain_data(tensor):
    assert np.allclose(wire.decode(wire.encode(to_plain(tensor))), 1.0)


@pytest.mark.parametrize(
    "value",
    [
        [0.0] * MOST_ENTRIES,
        "x" * MOST_ENTRIES,
        {"x" * MOST_ENTRIES: 1},
        [[]] * MOST_ENTRIES,
        np.zeros((1,) * 40),
        np.zeros((0, 1 << 40)),
        10**5000,
        np.zeros(3, complex),
        torch.zeros(3, dtype=torch.complex64),
    ],
    ids=["floats", "letters", "a key", "lists", "axes", "a vast axis", "digits", "complex", "complex tensor"],
)
def test_what_is_too_much_is_unreadable_where_the_learner_is(value):
    with pytest.raises(Unreadable):
        to_plain(value)


@pytest.mark.parametrize(
    "value",
    [[[1.5]] * 40_000, {f"{n}": n for n in range(20_000)}, ["a,[{"] * 20_000, [np.zeros((1,) * 16)] * 8_000],
    ids=["lists", "a dict", "words", "arrays"],
)
def test_what_the_learners_side_lets_through_the_other_side_reads(value):
    answer = Answer("given", to_plain(value), detail="d" * 300)
    assert wire.decode_answer(wire.encode_answer(answer)) == answer


@pytest.mark.parametrize(
    "body",
    [
        b'["l"' + b",0" * 400_000 + b"]",
        b'["l"' + b',"a"' * 400_000 + b"]",
        b'["l",' + (b"[" * 900 + b"]" * 900 + b",") * 400 + b"0]",
        b"[" * 1_000_000,
        b'["d"' + b',["a",0]' * 200_000 + b"]",
        b'["l"' + b",{}" * 300_000 + b"]",
        b'["a","float64",[0,99999999999999999999999999],""]',
        b'["a","float64",[0,4611686018427387904,4611686018427387904],""]',
        b'["l",' + b"9" * 5000 + b"]",
        b'["l",' * 40 + b"0" + b"]" * 40,
    ],
)
def test_forged_bytes_are_refused_in_one_way_and_before_they_grow(body):
    with pytest.raises(wire.WireError):
        wire.decode(body)


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (["0.6", "0.8"], np.array([0.6, 0.8])),
        ("0.5", 0.5),
        (["0.5"], [0.5]),
        (None, float("nan")),
        ([None, 1.0], [float("nan"), 1.0]),
        ([[None]], np.array([[float("nan")]])),
        (True, 1.0),
        ([True, False], [1.0, 0.0]),
        (np.array([True, False]), np.array([1.0, 0.0])),
        ([1.0, {}], [1.0, 2.0]),
        (["1e3", np.ones(2)], np.ones((2, 2))),
        ("right", 1.0),
    ],
)
def test_what_is_no_number_equals_none(got, expected):
    assert difference(got, expected).startswith("expected")


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        ([0.6, 0.8], np.array([0.6, 0.8])),
        ([1, 2], [1.0, 2.0]),
        (np.array([1, 2]), [1.0, 2.0]),
        ([np.array([1.0]), [2.0]], np.array([[1.0], [2.0]])),
        (np.array(3), 3.0),
        (float("nan"), float("nan")),
        ([True, False], np.array([True, False])),
        (np.array([1, 0]), np.array([True, False])),
        ([], np.array([])),
    ],
)
def test_numbers_in_any_dress_are_numbers(got, expected):
    assert difference(got, expected) == ""


def test_words_are_looked_at_before_numpy_gives_each_the_room_of_the_longest():
    words = ["x" * 100_000, *["1.0"] * 50_000]  # as an array of words: 20 GB
    assert numbers_in(words) is None
    assert vector_in([words]) is None
    assert "got" in difference(words, np.ones(3))


VAST = {
    "axes": np.zeros((2,) * 16),
    "many axes": np.zeros((5,) * 8),
    "keys": {f"key {number}": number for number in range(100_000)},
    "a long key": {"k" * 3_000_000: 1.0},
    "a long word": "\x00" * 3_000_000,
    "words": ["w" * 1_000] * 10_000,
    "a tree": (lambda leaf: [leaf := [leaf] * 9 for _ in range(5)][-1])(1.0),
    "a tree of dicts": (lambda leaf: [leaf := dict.fromkeys("abcdefgh", leaf) for _ in range(5)][-1])(None),
    "arrays in lists": [[np.random.default_rng(0).normal(size=(4, 4, 4))] * 6] * 6,
    "digits": 10**1000,
    "empty lists": (lambda leaf: [leaf := [leaf] * 9 for _ in range(5)][-1])([]),
}


@pytest.mark.parametrize("name", VAST)
def test_what_is_shown_of_a_value_is_short(name):
    assert len(show(VAST[name])) <= 2 * LONGEST_SHOWN
    for expected in (1.0, [1.0, 2.0], "word", {"a": 1.0}, np.ones(2), [np.ones(2), "b"]):
        assert len(difference(VAST[name], expected)) <= 3 * LONGEST_SHOWN


def test_an_ordinary_value_is_shown_in_full():
    assert show({"mean": 1.23456, "ranks": [1, 2, 3]}) == "{'mean': 1.235, 'ranks': [1, 2, 3]}"
    assert show([True, None, "a", 0.5, 2, 10**20, 7]) == "[True, None, 'a', 0.5, 2, 1e+20, ...]"
    assert show(np.eye(2)) == "[[1., 0.],\n [0., 1.]] (shape (2, 2))"


def question(message: str, picture: str) -> Question:
    asked = Asked("q", "t", 1, ("q",), lambda rng: [], lambda names, case: None)
    judge = lambda case, value: Finding(False, message)  # noqa: E731
    drawn = lambda case, value, expected: picture  # noqa: E731
    return Question(asked, Judged("q", {}, (), ("a", "b", "c"), judge=judge, picture=drawn))


@pytest.mark.parametrize("name", VAST)
def test_a_card_is_small_whatever_was_answered(name):
    verdict = decide(question("m" * 10**7, "<" * 10**7), [Case("c", {})], [Answer("given", VAST[name])])
    assert len(card.html(verdict)) < 100_000
    assert len(json.dumps(verdict.text())) < 100_000
