"""Proofs that hold for every question of every exercise: what is right passes, what is wrong is told why."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from importlib import import_module
from pathlib import Path
from types import FunctionType

import numpy as np
import pytest

from course_lib.build import source, transform
from course_lib.checks import card, wire
from course_lib.checks.asking import ask, ask_ours
from course_lib.checks.case import Answer
from course_lib.checks.exercises import EXERCISES, LEARNERS_SEED, load, load_asked
from course_lib.checks.judging import Question, decide

ROOT = Path(__file__).resolve().parents[2]
WIDTH_OF_A_LETTER = 0.52
"""On average, in a wide sans-serif (DejaVu Sans), as a part of the font's size."""


def questions() -> list[pytest.param]:
    """Every question there is; an exercise that is not written yet is the business of the first test."""
    found = []
    for name in EXERCISES:
        try:
            exercise = load(name)
        except ModuleNotFoundError:
            continue
        found += [pytest.param(question, id=f"{name}-{question.name}") for question in exercise.questions]
    return found


each_exercise = pytest.mark.parametrize("name", EXERCISES)
each_question = pytest.mark.parametrize("question", questions())


def seeds(question: Question) -> range:
    return range(6 if question.judged.dear else 20)


def drawn(question: Question, seed: int):
    return question.asked.draw(np.random.default_rng(seed))


def test_no_two_questions_of_the_course_share_a_name():
    names = [asked.name for name in EXERCISES for asked in load_asked(name)]
    assert len(names) == len(set(names))


@each_question
def test_the_reference_earns_full_points(question):
    for seed in seeds(question):
        cases = drawn(question, seed)
        verdict = decide(question, cases, ask_ours(question.asked, question.judged.reference, cases))
        assert (verdict.status, verdict.points) == ("right", question.points), (
            f"seed {seed}: {verdict.text()}"
        )


@each_question
def test_every_misconception_gets_its_own_message(question):
    for seed in seeds(question):
        cases, messages = drawn(question, seed), {}
        for held in question.judged.misconceptions:
            verdict = decide(question, cases, ask_ours(question.asked, held.wrong, cases))
            told = (verdict.status, verdict.misconception, verdict.points)
            assert told == ("misconception", held.name, 0), f"seed {seed}, {held.name}: {verdict.text()}"
            assert verdict.message == held.says(verdict.case, verdict.got)
            assert verdict.hints == (held.hint, *question.judged.hints)
            assert messages.setdefault(verdict.message, held.name) == held.name, "a message used twice"


@each_question
def test_cases_are_plain_data_that_survive_the_wire(question):
    cases = drawn(question, 5)
    back = wire.decode_cases(wire.encode_cases(cases))
    assert [case.label for case in back] == [case.label for case in cases]
    answers = ask_ours(question.asked, question.judged.reference, back)
    again = [wire.decode_answer(wire.encode_answer(answer)) for answer in answers]
    assert decide(question, back, again).right


@each_question
def test_a_verdict_reads_the_same_every_time(question):
    held = question.judged.misconceptions[0]
    first, second = (
        decide(question, cases, ask_ours(question.asked, held.wrong, cases))
        for cases in (drawn(question, LEARNERS_SEED), drawn(question, LEARNERS_SEED))
    )
    assert first.text() == second.text()
    assert first.text().startswith(f"{question.name}: misconception (0 of {question.points} points)")
    assert card.html(first) == card.html(second)


ODD_ANSWERS = [
    None,
    True,
    "word",
    3,
    -1.5,
    float("nan"),
    float("inf"),
    10**400,
    [],
    ["a", 1.0],
    [[1.0], [1.0, 2.0]],
    {"a": 1.0},
    np.array(2.0),
    np.zeros(0),
    np.zeros((1, 2, 3)),
    np.zeros((0, 0)),
    np.full((2, 2), np.nan),
    np.array([1e308, -1e308]),
    np.ones(100_000),
    [np.ones(2), "a"],
]


@each_question
@pytest.mark.parametrize("value", ODD_ANSWERS, ids=lambda value: f"{type(value).__name__}-{str(value)[:20]}")
def test_an_odd_answer_is_told_kindly(question, value):
    cases = drawn(question, 7)
    verdict = decide(question, cases, [Answer("given", value)] * len(cases))
    assert verdict.status in ("wrong", "misconception")
    assert verdict.message
    assert_picture(verdict.picture)
    assert card.html(verdict)


@pytest.mark.parametrize("question", [p for p in questions() if p.values[0].judged.picture is not None])
def test_pictures_say_in_words_what_they_show(question):
    drawn_for = 0
    for held in question.judged.misconceptions:
        cases = drawn(question, 1)
        verdict = decide(question, cases, ask_ours(question.asked, held.wrong, cases))
        assert_picture(verdict.picture)
        drawn_for += bool(verdict.picture)
    assert drawn_for >= 3


def assert_picture(picture: str) -> None:
    if not picture:
        return
    image = ElementTree.fromstring(picture)
    assert image.get("role") == "img"
    assert len(image.get("aria-label", "")) > 40
    places = [value for element in image.iter() for key, value in element.items() if key != "aria-label"]
    assert not [value for value in places if "nan" in value or "inf" in value]
    left, _, width, _ = map(float, image.get("viewBox", "").split())
    for words in image.iter("{http://www.w3.org/2000/svg}text"):
        if "text-anchor" not in words.attrib and "transform" not in words.attrib:
            size = float(words.get("font-size", image.get("font-size", "")))
            end = float(words.get("x", "0")) + WIDTH_OF_A_LETTER * size * len(words.text or "")
            assert end <= left + width, f"{words.text!r} is cut off at the edge of its picture"


@each_question
def test_every_refused_name_is_a_function_defined_there(question):
    for name in question.asked.refuses:
        found = functions_at(name)
        assert found, f"{name} refuses nothing"


def functions_at(name: str) -> list[FunctionType]:
    """The Python functions whose code says that they are defined at the dotted name, or below it."""
    module_name, _, rest = name, "", ""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        module_name, rest = ".".join(parts[:cut]), parts[cut:]
        try:
            place = import_module(module_name)
            break
        except ModuleNotFoundError:
            continue
    else:
        return []
    for part in rest:
        place = getattr(place, part, None)
    candidates = [place, *vars(place).values()] if hasattr(place, "__dict__") else [place]
    return [
        entry
        for entry in candidates
        if isinstance(entry, FunctionType)
        and f"{entry.__globals__['__name__']}.{entry.__code__.co_qualname}.".startswith(f"{name}.")
    ]


@each_exercise
def test_the_notebook_asks_every_question_in_order(name):
    read = source.read(ROOT / "source" / "exercises" / f"{name}.py", ROOT)
    wanted = [asked.name for asked in load_asked(name)]
    assert [cell.answer for cell in read.cells if cell.answer] == wanted
    assert [cell.check for cell in read.cells if cell.check] == wanted


def run(name: str, copy, monkeypatch, tmp_path) -> dict[str, object]:
    """Run a copy of an exercise from its first cell to its last, as a learner would; its names at the end."""
    monkeypatch.setenv("COURSE_WORK", str(tmp_path))
    read = source.read(ROOT / "source" / "exercises" / f"{name}.py", ROOT)
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in read.cells:
        if cell.kind == "code":
            exec(compile(copy(cell.text), f"{name}, line {cell.line}", "exec"), names)
    return names


@each_exercise
def test_the_learners_copy_runs_to_its_end_and_is_not_attempted(name, monkeypatch, tmp_path):
    names = run(name, transform.learners_copy, monkeypatch, tmp_path)
    for question in load(name).questions:
        cases = drawn(question, LEARNERS_SEED)
        verdict = decide(question, cases, ask(question.asked, names, cases))
        assert (verdict.status, verdict.points) == ("not attempted", 0), verdict.text()


@each_exercise
def test_the_solution_earns_full_points(name, monkeypatch, tmp_path):
    names = run(name, transform.solution_copy, monkeypatch, tmp_path)
    for question in load(name).questions:
        for seed in (LEARNERS_SEED, 1, 2, 3):
            cases = drawn(question, seed)
            verdict = decide(question, cases, ask(question.asked, names, cases))
            assert verdict.points == question.points, f"seed {seed}: {verdict.text()}"
