"""No cell that learners are given holds an answer: neither as code nor as a function that would pass."""

from __future__ import annotations

from pathlib import Path
from types import FunctionType

import numpy as np
import pytest

from course_lib.build import source, transform
from course_lib.checks.asking import ask
from course_lib.checks.exercises import EXERCISES, LEARNERS_SEED, load
from course_lib.checks.judging import Question, decide
from course_lib.grading.likeness import fingerprints

ROOT = Path(__file__).resolve().parents[2]
SHARED = 0.9
"""The part of an answer's fingerprints that a free cell may hold: a version to be mended holds up to three quarters."""


def read(name: str) -> source.Source:
    return source.read(ROOT / "source" / "exercises" / f"{name}.py", ROOT)


def given_away(cells: tuple[source.Cell, ...]) -> list[str]:
    """One sentence for each cell that repeats most of an answer's code, whatever names it gives to things."""
    found = []
    for cell in cells:
        if not cell.answer:
            continue
        for answer in transform.answers(cell.text):
            # Where something is to be mended, what the learner begins with is no part of the answer.
            prints = fingerprints("\n".join(answer.body)) - fingerprints("\n".join(answer.stub))
            for free in cells:
                copy = transform.learners_copy(free.text) if free.kind == "code" else free.text
                if prints and len(prints & fingerprints(copy)) > SHARED * len(prints):
                    found.append(f"the cell in line {free.line} holds the answer to {cell.answer}")
    return found


def passing(name: str, question: Question, names: dict[str, object]) -> list[str]:
    """The given functions that would be right, were they called as the question asks."""
    wanted = question.asked.needs[0]
    cases = question.asked.draw(np.random.default_rng(LEARNERS_SEED))
    ours = {given: value for given, value in names.items() if isinstance(value, FunctionType)}
    return [
        f"{given} is an answer to {question.name}"
        for given, value in ours.items()
        if given != wanted
        and value.__code__.co_filename == name
        and decide(question, cases, ask(question.asked, names | {wanted: value}, cases)).right
    ]


@pytest.mark.parametrize("name", EXERCISES)
def test_no_free_cell_repeats_the_code_of_an_answer(name):
    assert given_away(read(name).cells) == []


@pytest.mark.parametrize("name", EXERCISES)
def test_nothing_that_the_learner_is_given_is_an_answer(name, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_WORK", str(tmp_path))
    names: dict[str, object] = {"__name__": "__main__"}
    for cell in read(name).cells:
        if cell.kind == "code" and not cell.check:
            exec(compile(transform.learners_copy(cell.text), name, "exec"), names)
    complaints = [line for question in load(name).questions for line in passing(name, question, names)]
    assert complaints == []


def cell(text: str, answer: str | None = None, kind: str = "code") -> source.Cell:
    return source.Cell("markdown" if kind == "markdown" else "code", text, 7, answer=answer)


ANSWER = (
    "def clip(g, c):\n    ### BEGIN SOLUTION\n    norm = np.linalg.norm(g)\n"
    "    return g * min(1.0, c / norm) if norm > 0 else g\n    ### END SOLUTION"
)


def test_an_answer_in_a_free_cell_is_seen_under_other_names():
    copied = "def helper(v, t):\n    n = np.linalg.norm(v)\n    return v * min(1.0, t / n) if n > 0 else v"
    in_prose = f"Remember:\n\n```python\n{copied}\n```"
    for free in (cell(copied), cell(in_prose, kind="markdown")):
        assert given_away((cell(ANSWER, "clip"), free)) == ["the cell in line 7 holds the answer to clip"]
    other = cell("def helper(v, t):\n    return np.sign(v) * np.minimum(np.abs(v), t)")
    assert given_away((cell(ANSWER, "clip"), other)) == []


def test_a_function_that_would_pass_is_seen():
    question = next(q for q in load("03_clipping_mechanics").questions if q.name == "clip_by_norm")
    source_text = (
        "import numpy as np\ndef shorten(g, max_norm):\n    g = np.asarray(g, float)\n    n = np.sqrt((g * g).sum())\n"
        "    return g * (max_norm / n) if n > max_norm else g.copy()\n"
    )
    names: dict[str, object] = {}
    exec(compile(source_text, "03_clipping_mechanics", "exec"), names)
    assert passing("03_clipping_mechanics", question, names) == ["shorten is an answer to clip_by_norm"]
