"""`check` in a notebook: it looks in the caller's globals, shows the verdict, keeps it, and speaks nbgrader."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from peers import python_with_nbgrader

from course_lib.checks.exercises import UnknownQuestion
from course_lib.teach import check, store
from course_lib.teach.checking import Checked, check_in

NAME = "gradient_ladder"


SOLUTION = """
def gradient_ladder(gains):
    ladder = [1.0]
    for gain in reversed(gains):
        ladder.append(gain * ladder[-1])
    return ladder[::-1]
"""
UPSIDE_DOWN = SOLUTION.replace("ladder[::-1]", "ladder")


def learner(code: str) -> dict[str, Any]:
    """The names of a notebook in which `code` has run."""
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    return namespace


def blank(*_: Any) -> None:
    raise NotImplementedError


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_WORK", str(tmp_path))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return tmp_path


def test_it_looks_in_the_callers_globals() -> None:
    notebook: dict[str, Any] = {"check": check, **learner(SOLUTION)}
    exec(f"shown = check({NAME!r})", notebook)
    assert isinstance(notebook["shown"], Checked)
    assert notebook["shown"].verdict.right


def test_the_words_are_the_verdicts_and_the_html_is_its_card() -> None:
    shown = check_in(NAME, learner(SOLUTION))
    data = shown._repr_mimebundle_()
    assert data["text/plain"] == shown.verdict.text() == repr(shown)
    assert 'role="status"' in data["text/html"]
    assert check_in(NAME, learner(SOLUTION)).text() == shown.text(), "a verdict reads the same at every run"


def test_every_check_is_kept_under_its_exercise() -> None:
    check_in(NAME, learner(UPSIDE_DOWN))
    check_in(NAME, learner(SOLUTION))
    first, last = store.events("check", NAME)
    assert first["lesson"] == last["lesson"] == "01_explosion"
    assert (first["status"], first["points"]) == ("misconception", 0)
    assert first["misconception"]
    assert (last["status"], last["points"]) == ("right", 1)


def test_an_unattempted_question_is_no_error() -> None:
    assert check_in(NAME, {NAME: blank}).verdict.status == "not attempted"


def test_an_unknown_question_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownQuestion, match=NAME):
        check("gradient_lader")


def test_a_verdict_that_cannot_be_kept_is_still_given(work: Path) -> None:
    (work / "events.jsonl").mkdir()
    shown = check_in(NAME, learner(SOLUTION))
    assert shown.verdict.right
    assert "Your progress was not kept" in shown.text()
    assert "Your progress was not kept" in shown.html()


@pytest.mark.parametrize("execution", ["autograde", "validate"])
def test_nbgrader_sees_an_error_exactly_where_points_are_missing(
    execution: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBGRADER_EXECUTION", execution)
    for namespace in (learner(UPSIDE_DOWN), {NAME: blank}, {}):
        with pytest.raises(AssertionError, match=NAME) as raised:
            check_in(NAME, namespace)
        assert "(0 of 1 points)" in str(raised.value)
    assert check_in(NAME, learner(SOLUTION)).verdict.right
    assert capsys.readouterr().err == "", "nbgrader gives no points to a cell that writes to stderr"
    assert store.read("events").records == [], "a grader keeps no progress"


@pytest.mark.needs("nbgrader")
def test_what_nbgrader_puts_into_the_environment_is_what_is_asked_for() -> None:
    where = [python_with_nbgrader(), "-c", "import nbgrader; print(nbgrader.__file__)"]
    folder = Path(subprocess.run(where, capture_output=True, text=True, check=True).stdout.strip()).parent
    assert "NBGRADER_EXECUTION='autograde'" in (folder / "converters" / "autograde.py").read_text()
    assert "NBGRADER_EXECUTION='validate'" in (folder / "validator.py").read_text()
