"""The question object: asking, comparing, deciding, and what never gets through."""

from __future__ import annotations

import cProfile
import math
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from course_lib.checks import card, chart, wire
from course_lib.checks.asking import Asked, ask
from course_lib.checks.case import Answer, Case, Unreadable, to_plain
from course_lib.checks.compare import difference, show
from course_lib.checks.judging import Finding, Judged, Misconception, Question, decide
from course_lib.checks.matching import until_it_fails
from course_lib.checks.reading import number_in, numbers_in, vector_in
from course_lib.checks.refusing import refusing
from course_lib.figures import style


def doubled(x):
    return 2 * x


def draw(rng):
    return [Case("a vector", {"x": rng.normal(size=4)}), Case("a zero", {"x": np.zeros(1)})]


ASKED = Asked(
    name="double",
    title="Double a vector",
    points=2,
    needs=("double",),
    draw=draw,
    probe=lambda names, case: names["double"](case["x"]),
    refuses=("statistics.fmean", f"{__name__}.doubled", "math.fsum"),
)
JUDGED = Judged(
    name="double",
    reference={"double": lambda x: x + x},
    misconceptions=(
        Misconception("squares", {"double": lambda x: x * x}, "You squared.", "Twice, not squared."),
        Misconception(
            "wants a number",
            {"double": lambda x: 2 * float(x)},
            "float() takes one number only.",
            "Keep the array.",
        ),
        Misconception(
            "too small",
            {"double": lambda x: 1.5 * x},
            lambda case, answer: f"Only {answer.value.size} numbers, all too small.",
            "Grow.",
            matches=lambda cases, answers: all(
                a.status == "given"
                and np.all(np.abs(a.value) < 2 * np.abs(c["x"]) + 1e-12)
                and np.any(a.value)
                for c, a in zip(cases[:1], answers[:1], strict=True)
            ),
        ),
    ),
    hints=("nudge", "strategy", "step"),
)
QUESTION = Question(ASKED, JUDGED)


def verdict(**names):
    cases = draw(np.random.default_rng(3))
    return decide(QUESTION, cases, ask(ASKED, names, cases))


def test_a_right_answer_earns_its_points_in_any_style():
    for right in (lambda x: x + x, lambda x: [2 * v for v in x], lambda x: np.add(x, x).astype(np.float32)):
        got = verdict(double=right)
        assert (got.status, got.points) == ("right", 2), got.text()


def test_each_misconception_speaks_for_itself():
    assert verdict(double=lambda x: x * x).message == "You squared."
    assert verdict(double=lambda x: 2 * float(x)).message == "float() takes one number only."
    assert verdict(double=lambda x: 1.2 * x).message == "Only 4 numbers, all too small."


def test_a_misconception_is_asked_no_further_than_the_first_case_that_differs():
    """In the order that decides soonest: failing cases, the smallest first, then those that were right."""
    asked = []

    def wrong(x):
        asked.append(float(x))
        return 5.0 if x == 4 else 9.0

    number = Asked("number", "Say the number", 1, ("f",), draw, lambda names, case: names["f"](case["x"]))
    question = Question(
        number,
        Judged(
            "number", {"f": lambda x: x}, (Misconception("it", {"f": wrong}, "It.", "."),), ("a", "b", "c")
        ),
    )
    cases = [
        Case(f"{x}", {"x": float(x), "more": np.zeros(size)}) for x, size in ((1, 3), (2, 2), (3, 1), (4, 0))
    ]

    def told(*values):
        asked.clear()
        return decide(question, cases, [Answer("given", value) for value in values]).misconception

    assert (told(0.0, 2.0, 0.0, 4.0), asked) == ("", [3.0])  # the smaller of the two failing ones differs
    assert (told(9.0, 2.0, 9.0, 4.0), asked) == (
        "it",
        [3.0, 1.0, 2.0],
    )  # explains what is wrong, not what is right
    assert (told(9.0, 9.0, 9.0, 5.0), asked) == ("it", [4.0, 3.0, 2.0, 1.0])


def test_an_unexplained_answer_gets_the_smallest_failing_case():
    got = verdict(double=lambda x: 2 * x + 1)
    assert got.status == "wrong"
    assert got.case is not None and got.case.label == "a zero"
    assert "expected" in got.text() and "Hint: nudge" in got.text()


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ({}, "missing"),
        ({"double": None}, "not attempted"),
        ({"double": lambda x: (_ for _ in ()).throw(NotImplementedError)}, "not attempted"),
        ({"double": lambda x: sys.exit(3)}, "error"),
        ({"double": lambda x: object()}, "wrong"),
        ({"double": doubled}, "refused"),
    ],
)
def test_every_other_ending_has_its_own_status(names, status):
    got = verdict(**names)
    assert got.status == status, got.text()
    assert got.points == 0
    assert got.message


def test_a_swallowed_refusal_is_still_refused():
    def sly(x):
        try:
            return doubled(x)
        except BaseException:
            return 2 * x

    assert verdict(double=sly).status == "refused"


def in_a_thread(x):
    answers = []
    worker = threading.Thread(target=lambda: answers.append(doubled(x)))
    worker.start()
    worker.join()
    return answers[0] if answers else 2 * x


def without_the_watch(x):
    sys.setprofile(None)
    return doubled(x)


@pytest.mark.parametrize("sly", [in_a_thread, without_the_watch])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_the_watch_follows_into_threads_and_is_missed_when_removed(sly):
    assert verdict(double=sly).status == "refused"
    assert sys.getprofile() is None


def profiles_itself(x):
    profiler = cProfile.Profile()
    with profiler:
        result = x + x
    assert profiler.getstats()
    return result


def counts_its_calls(x):
    calls = []
    sys.setprofile(lambda frame, event, argument: calls.append(event))
    result = np.add(x, x)
    sys.setprofile(None)
    assert "c_call" in calls or "c_return" in calls
    return result


def leaves_a_profiler_on(x):
    cProfile.Profile().enable()
    return x + x


def leaves_a_hook_on(x):
    sys.setprofile(lambda frame, event, argument: None)
    sys.settrace(lambda frame, event, argument: None)
    return x + x


@pytest.mark.parametrize(
    "answer", [profiles_itself, counts_its_calls, leaves_a_profiler_on, leaves_a_hook_on]
)
def test_an_answer_may_profile_itself(answer):
    assert verdict(double=answer).right
    assert sys.getprofile() is None and sys.gettrace() is None


def leans_beside_a_profiler(x):
    with cProfile.Profile():
        return doubled(x)


def leans_beside_a_hook(x):
    sys.setprofile(lambda *event: None)
    return math.fsum([0.0]) + 2 * x


def leans_behind_a_trace(x):
    sys.settrace(None)
    sys.setprofile(None)
    sys.settrace(None)
    return doubled(x)


def leans_on_c(x):
    return 2 * x + math.fsum([0.0])


def leans_on_c_without_the_watch(x):
    sys.setprofile(None)
    return 2 * x + math.fsum([0.0])


def put_together_anew(x):
    return FunctionType(doubled.__code__, {"__name__": "mine"})(x)


@pytest.mark.parametrize(
    "sly",
    [
        leans_beside_a_profiler,
        leans_beside_a_hook,
        leans_behind_a_trace,
        leans_on_c,
        leans_on_c_without_the_watch,
        put_together_anew,
    ],
)
def test_what_is_refused_is_refused_in_c_and_beside_another_profiler(sly):
    assert verdict(double=sly).status == "refused"
    assert sys.getprofile() is None and sys.gettrace() is None


@pytest.mark.parametrize("refused", ["torch._functorch.eager_transforms", "torch.optim"])
def test_what_the_refused_are_wrapped_in_is_not_refused_itself(refused):
    """Their modules decorate functions with `contextmanager` and `no_grad`, whose wrappers are everybody's."""
    import torch

    import_module(refused)

    @contextmanager
    def steps():
        yield 2

    @torch.no_grad()
    def answer():
        with steps() as n:
            return n

    with refusing((refused,)) as guard:
        assert answer() == 2
    assert guard.leant_on is None


def test_c_functions_and_methods_of_torch_are_refused_and_others_of_the_same_name_are_not():
    import torch

    asked = replace(ASKED, refuses=("torch.renorm",))
    cases = draw(np.random.default_rng(3))

    class Mine:
        def renorm(self, x):
            return 2 * x

    def answer(use):
        return decide(Question(asked, JUDGED), cases, ask(asked, {"double": use}, cases)).status

    assert answer(lambda x: Mine().renorm(x)) == "right"
    for use in (
        lambda x: torch.renorm(2 * torch.from_numpy(x)[None], 2, 0, 1e9)[0],
        lambda x: (2 * torch.from_numpy(x)[None]).renorm(2, 0, 1e9)[0],
        lambda x: torch._VF.renorm(2 * torch.from_numpy(x)[None], 2, 0, 1e9)[0],
    ):
        assert answer(use) == "refused"


def test_a_profiler_that_was_on_before_is_on_afterwards():
    profiler = cProfile.Profile()
    with profiler:
        assert verdict(double=lambda x: x + x).right
        assert sys.getprofile() is profiler or sys.version_info >= (3, 12)
    assert sys.getprofile() is None


def test_learner_code_cannot_write_into_the_cases():
    cases = draw(np.random.default_rng(3))
    kept = cases[0]["x"].copy()

    def destroys(x):
        result = 2 * x
        x[:] = 0
        return result

    assert decide(QUESTION, cases, ask(ASKED, {"double": destroys}, cases)).right
    np.testing.assert_array_equal(cases[0]["x"], kept)


KEEPING = Question(replace(ASKED, keeps=("x",)), replace(JUDGED, misconceptions=()))


def kept_verdict(function, cases):
    return decide(KEEPING, cases, ask(KEEPING.asked, {"double": function}, cases))


def test_an_input_that_must_stay_is_compared_where_no_learners_code_runs(monkeypatch):
    cases = draw(np.random.default_rng(3))
    assert kept_verdict(lambda x: 2 * x, cases).right

    def writes(x):
        x *= 2
        monkeypatch.setattr(np, "array_equal", lambda *a, **k: True)
        return x.copy()

    answers = ask(KEEPING.asked, {"double": writes}, cases)
    monkeypatch.undo()
    got = decide(KEEPING, cases, answers)
    assert (got.status, got.points) == ("wrong", 0)
    assert "your x afterwards" in got.text()


def test_an_answer_in_the_form_of_a_settled_one_is_no_way_round():
    cases = draw(np.random.default_rng(3))
    for forged in (
        {"returned": 2 * cases[0]["x"], "left": {"x": cases[0]["x"]}},
        {"returned": 2 * cases[0]["x"]},
    ):
        assert not kept_verdict(lambda x, forged=forged: forged, cases).right


class Chameleon(np.ndarray):
    def __eq__(self, other):
        return True


def test_subclasses_lose_their_tricks_on_the_way_out():
    sly = np.zeros(4).view(Chameleon)
    assert type(to_plain(sly)) is np.ndarray
    assert verdict(double=lambda x: np.zeros_like(x).view(Chameleon)).points == 0


@pytest.mark.parametrize(
    "value", [object(), np.array([object()]), {1: 2}, 1j, np.zeros(3_000_000), np.array(["a"]), b"bytes"]
)
def test_what_is_not_plain_is_said_to_be_unreadable(value):
    with pytest.raises(Unreadable, match="answer"):
        to_plain(value)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | hnp.arrays(
        st.sampled_from(["float64", "float32", "float16", "int64", "uint8", "bool"]),
        hnp.array_shapes(min_dims=0, max_side=4),
        elements={"allow_nan": False},
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


def alike(a, b):
    if isinstance(a, np.ndarray):
        return type(b) is np.ndarray and a.dtype == b.dtype and a.shape == b.shape and bool(np.all(a == b))
    if isinstance(a, list):
        return type(b) is list and len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return type(b) is dict and a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


@given(PLAIN)
def test_plain_data_survives_the_wire(value):
    assert alike(value, wire.decode(wire.encode(value)))


@given(st.binary(max_size=200))
def test_noise_on_the_wire_is_refused_in_one_sentence(data):
    try:
        wire.decode_answer(data)
    except wire.WireError as error:
        assert str(error)
    else:
        pytest.fail("random bytes were taken for an answer")


@pytest.mark.parametrize(
    "data",
    [
        b'["a", "object", [1], "AAAA"]',
        b'["a", "float64", [9999999999], ""]',
        b'["a", "float64", [-1], ""]',
        b'["a", "float64", [2], "AAAAAAAAAAA="]',
        b'["x", 1]',
        b'{"a": 1}',
        b"[" * 100_000,
    ],
)
def test_forged_values_are_refused(data):
    with pytest.raises(wire.WireError):
        wire.decode(data)


def test_answers_and_cases_survive_the_wire():
    answer = Answer("raised", None, "ValueError", "no")
    assert wire.decode_answer(wire.encode_answer(answer)) == answer
    cases = draw(np.random.default_rng(0))
    back = wire.decode_cases(wire.encode_cases(cases))
    assert [case.label for case in back] == [case.label for case in cases]
    np.testing.assert_array_equal(back[0]["x"], cases[0]["x"])


@pytest.mark.parametrize(
    ("got", "expected", "said"),
    [
        (1.0, 1.0 + 1e-12, ""),
        (np.float64(2.0), 2, ""),
        (np.array(2.0), 2.0, ""),
        ([1.0, 2.0], np.array([1.0, 2.0]), ""),
        (np.nan, np.nan, ""),
        (np.inf, np.inf, ""),
        (np.inf, -np.inf, "expected -inf"),
        (np.zeros(2), np.zeros(3), "shape (3,)"),
        ("yes", 1.0, "expected one number"),
        (None, 1.0, "expected one number"),
        (10**400, 1.0, "expected one number"),
        ([10**400], np.ones(1), "expected an array"),
        (1.0, "yes", "expected 'yes'"),
        (1, True, "expected True"),
        (3.0, 2.0, "expected 2, got 3"),
        (np.array([1.0, 5.0]), np.array([1.0, 2.0]), "expected 2 at 1, got 5"),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}, "keys"),
        ({"a": 1.0, "b": 3.0}, {"a": 1.0, "b": 2.0}, "at 'b'"),
        ([[1.0], [2.0]], [np.array([1.0]), np.array([2.0])], ""),
        ([np.zeros(1)], [np.zeros(1), np.zeros(2)], "expected 2 entries"),
    ],
)
def test_difference_says_why_in_one_sentence(got, expected, said):
    why = difference(got, expected)
    assert (why == "") is (said == "")
    assert said in why


def test_show_keeps_values_short():
    assert show(9100.4381) == "9100"
    assert len(show(np.zeros((200, 200)))) < 200
    assert len(show("x" * 500)) <= 120


def test_the_card_escapes_what_the_learner_wrote_and_puts_text_first():
    cases = draw(np.random.default_rng(3))
    answers = [Answer("raised", error="<script>", detail="<img src=x>")] * 2
    page = card.html(decide(QUESTION, cases, answers))
    assert "<script>" not in page and "<img" not in page
    assert "&lt;script&gt;" in page
    assert page.index("double") < page.index("<table")
    assert page.count("<details") == 3


def test_an_expected_none_is_shown_and_an_unstated_one_is_not():
    asked = Asked("never", "When?", 1, ("f",), draw, lambda names, case: names["f"](case["x"]))
    judged = Judged("never", {"f": lambda x: None}, (), ("a", "b", "c"))
    cases = draw(np.random.default_rng(0))
    got = decide(Question(asked, judged), cases, ask(asked, {"f": lambda x: 3}, cases))
    assert ("expected", "None") in got.evidence()

    free = Judged(
        "never", {"f": lambda x: None}, (), ("a", "b", "c"), judge=lambda case, value: Finding(False, "no")
    )
    got = decide(Question(asked, free), cases, ask(asked, {"f": lambda x: 3}, cases))
    assert "expected" not in dict(got.evidence())


def test_who_has_not_begun_can_unfold_hints_but_is_not_told_them():
    got = verdict(double=None)
    assert got.hints == ("nudge", "strategy", "step")
    assert "nudge" not in got.text()
    assert "<details" in card.html(got)


def test_pictures_of_failing_cases_use_the_palette_of_the_figures() -> None:
    assert {chart.BLUE, chart.VERMILION, chart.GREEN} <= set(style.PALETTE.values())


@pytest.mark.parametrize("value", ["7", True, None, {"a": 1.0}, [[1.0], [1.0, 2.0]], [None]])
def test_what_is_no_number_is_read_as_none(value: Any) -> None:
    assert numbers_in(value) is None and vector_in(value) is None and number_in(value) is None


def test_a_number_a_vector_and_numbers_are_told_apart() -> None:
    assert number_in(np.array(2.5)) == 2.5 and number_in([2.5]) is None and number_in(math.inf) is None
    assert vector_in(3) is not None and vector_in(np.ones((2, 2))) is None and vector_in([]) is None
    assert numbers_in(np.ones((2, 2))) is not None


def test_an_answer_with_two_mistakes_is_told_about_the_first() -> None:
    cases = [Case("one", {}), Case("two", {}), Case("three", {})]

    def answers(*values: float) -> list[Answer]:
        return [Answer("given", value) for value in values]

    def of(*values: float) -> Callable[[Case], Answer]:
        return lambda case: answers(*values)[cases.index(case)]

    matches = until_it_fails(of(1, 2, 3), of(1, 5, 5))
    assert matches(cases, answers(1, 5, 9)), "the second case is the misconception's, whatever comes after"
    assert not matches(cases, answers(1, 6, 5)), "it failed in another way first"
    assert not matches(cases, answers(1, 2, 5)), "it was right where the misconception is wrong"
    assert not matches(cases, answers(1, 2, 3)), "it never failed"


def test_numbers_that_differ_are_shown_to_differ():
    assert difference(1.33989, 1.33985) == "expected 1.33985, got 1.33989"
    assert difference(np.array([1.0, 2.00004]), np.array([1.0, 2.0])) == "expected 2 at 1, got 2.00004"
    assert difference(3710.4, 3711) == "expected 3711, got 3710.4"
    assert difference(2.5, math.inf) == "expected inf, got 2.5"
    assert difference(math.nan, 2.123456) == "expected 2.123, got nan"
