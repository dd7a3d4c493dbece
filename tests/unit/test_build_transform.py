"""From solution to learner's copy: what goes, what stays, and which marks are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.build import transform

SOLVED = """def clip(g, c):
    norm = size(g)
    ### BEGIN SOLUTION
    if norm > c:
        g = g * c / norm
    return g
    ### END SOLUTION"""


def test_the_answer_becomes_a_refusal_indented_as_its_mark() -> None:
    assert transform.learners_copy(SOLVED) == (
        "def clip(g, c):\n    norm = size(g)\n    raise NotImplementedError"
    )


def test_the_solution_keeps_the_answer_and_loses_the_marks() -> None:
    assert transform.solution_copy(SOLVED) == (
        "def clip(g, c):\n    norm = size(g)\n    if norm > c:\n        g = g * c / norm\n    return g"
    )


def test_a_stub_stands_in_for_the_answer_line_by_line() -> None:
    text = (
        "before = 1\n"
        "### STUB # your threshold:\n"
        "### STUB\n"
        "### STUB if True:\n"
        "### STUB     my_threshold = None\n"
        "### BEGIN SOLUTION\nmy_threshold = 1.0\n### END SOLUTION\nafter = 2"
    )
    learner = "before = 1\n# your threshold:\n\nif True:\n    my_threshold = None\nafter = 2"
    assert transform.learners_copy(text) == learner
    assert transform.solution_copy(text) == "before = 1\nmy_threshold = 1.0\nafter = 2"


def test_a_stub_is_indented_as_its_mark() -> None:
    text = "def f():\n    ### STUB return None\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"
    assert transform.learners_copy(text) == "def f():\n    return None"


def test_several_answers_in_a_cell() -> None:
    text = SOLVED + "\n\n" + SOLVED.replace("clip", "other")
    assert transform.learners_copy(text).count("raise NotImplementedError") == 2
    assert "norm > c" not in transform.learners_copy(text)
    assert "SOLUTION" not in transform.solution_copy(text)


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("a\n### BEGIN SOLUTION\nb", 2, "is never closed"),
        ("a\n### END SOLUTION", 2, "has no ### BEGIN SOLUTION"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", 2, "inside another"),
        ("### BEGIN SOLUTION\n  ### END SOLUTION", 2, "indented as its"),
        ("### STUB a = None\nb\n### BEGIN SOLUTION\n### END SOLUTION", 1, "directly above"),
        ("### STUB a = None", 1, "directly above"),
    ],
)
def test_marks_that_do_not_pair_up_are_refused_with_their_line(text: str, line: int, sentence: str) -> None:
    for copy in (transform.learners_copy, transform.solution_copy):
        with pytest.raises(transform.MarkError, match=sentence) as caught:
            copy(text)
        assert caught.value.line == line


line = st.text(alphabet="ab #(\t", max_size=8).filter(lambda text: "###" not in text)
block = st.lists(line, max_size=4)


@given(before=block, answer=block, after=block)
def test_what_is_outside_the_marks_stays_and_what_is_inside_goes(
    before: list[str], answer: list[str], after: list[str]
) -> None:
    text = "\n".join([*before, transform.BEGIN, *answer, transform.END, *after])
    assert transform.learners_copy(text) == "\n".join([*before, transform.BLANK, *after])
    assert transform.solution_copy(text) == "\n".join([*before, *answer, *after])


@given(block)
def test_text_without_marks_is_left_as_it_is(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert transform.learners_copy(text) == text == transform.solution_copy(text)
