"""After a correction of a check: one question is put again, the rest stays, and the changes are told."""

from __future__ import annotations

import random
import shutil
import time
from dataclasses import replace

import numpy as np
import pytest
import toy.judges
from handwritten import DOUBLE, NORM, RIGHT, hand_in, notebook
from test_ledger import class_of, grader

from course_lib.errors import CourseError
from course_lib.grading import ledger, local, runner
from course_lib.grading.ledger import FILE
from course_lib.grading.runner import Graded, Result, renewed

SUMS = "def norm(x):\n    return np.abs(x).sum()"


@pytest.fixture
def mistaken(monkeypatch):
    """The check of norm mistakes the 1-norm for the norm, until `correct()` is called."""
    good = toy.judges.JUDGED
    bad = replace(good[1], reference={"norm": lambda x: float(np.sum(np.abs(x)))}, misconceptions=())

    def use(judged):
        monkeypatch.setattr(toy.judges, "JUDGED", judged)
        runner.exercise.cache_clear()

    use((good[0], bad, *good[2:]))
    return lambda: use(good)


@pytest.fixture
def three(tmp_path):
    folder = tmp_path / "in"
    hand_in(folder, "ann", notebook(*RIGHT))
    hand_in(folder, "bob", notebook(DOUBLE, SUMS))
    hand_in(folder, "eve", notebook(DOUBLE))
    return folder


def test_whose_points_changed_is_told_and_only_that_record_is_new(grade, three, mistaken, monkeypatch):
    first = grade(three)
    assert {name: first.points(name) for name in first.grades} == {"ann": 7, "bob": 5, "eve": 2}
    kept = {key: line for key, line in first.results.items() if key[1] != "norm"}
    hand_in(three, "zoe", notebook(NORM.replace("np", "__import__('numpy')")))
    put = []
    plain = local.grade
    monkeypatch.setattr(local, "grade", lambda *given: put.append(given[-1]) or plain(*given))
    mistaken()
    again = grade(three, "--regrade", "norm")
    assert put == ["norm", "norm", "norm", None]
    assert again.told.splitlines()[:3] == [
        "ann: norm 0 -> 3 of 3 points, all together 7 -> 10",
        "bob: norm 3 -> 0 of 3 points, all together 5 -> 2",
        "norm: points changed for 2 of 3 submissions.",
    ]
    assert {name: again.points(name) for name in again.grades} == {"ann": 10, "bob": 2, "eve": 2, "zoe": 3}
    assert again.results["bob", "norm"]["misconception"] == "summed"
    assert {key: again.results[key] for key in kept} == kept
    assert "10 <small>of 10 points</small>" in again.feedback("ann")
    assert again.code == 0


def test_the_cases_are_those_of_the_first_grading(grade, three, monkeypatch):
    drawn = []
    plain = runner.draw
    monkeypatch.setattr(
        runner,
        "draw",
        lambda q, *given: drawn.append((q.name, *given, str(plain(q, *given)))) or plain(q, *given),
    )
    grade(three)
    first = {case for case in drawn if case[0] == "norm"}
    drawn.clear()
    grade(three, "--regrade", "norm")
    assert set(drawn) == first


def test_a_file_that_is_gone_keeps_its_old_record_and_is_named(grade, three, mistaken):
    grade(three)
    shutil.rmtree(three / "ann")
    mistaken()
    batch = grade(three, "--regrade", "norm")
    assert "ann/90_toy.ipynb: could not be asked again; its record of norm is the old one." in batch.said
    assert (batch.code, batch.points("ann"), batch.points("bob")) == (1, 7, 2)
    assert grade(three).code == 0


def test_a_file_that_was_replaced_and_returns_is_graded_anew(grade, three, mistaken):
    grade(three)
    hand_in(three, "ann", notebook(*RIGHT, "# second"))
    grade(three)
    mistaken()
    assert grade(three, "--regrade", "norm").points("ann") == 10
    hand_in(three, "ann", notebook(*RIGHT))
    assert grade(three).points("ann") == 10


def test_a_question_that_is_none_is_said_before_anything_is_written(grade, three, tmp_path):
    with pytest.raises(CourseError, match=r"no question 'nrom'; the questions are double, norm"):
        grade(three, "--regrade", "nrom")
    assert not (tmp_path / "out").exists()


def test_interrupted_it_says_so_goes_on_and_tells_every_change(grade, three, mistaken, monkeypatch):
    grade(three)
    mistaken()
    plain = local.grade
    put = []

    def stopping(*given):
        if len(put) == 1:
            raise KeyboardInterrupt
        put.append(given[-1])
        return plain(*given)

    monkeypatch.setattr(local, "grade", stopping)
    assert grade(three, "--regrade", "norm").code == 1
    monkeypatch.setattr(local, "grade", plain)
    assert "Regrading norm was not finished; give --regrade norm again." in grade(three).said
    last = grade(three, "--regrade", "norm")
    assert "norm: points changed for 2 of 3 submissions." in last.told
    assert last.told.startswith("ann: norm 0 -> 3")
    assert grade(three).code == 0


def test_a_check_corrected_again_asks_everyone_again(grade, three, mistaken, monkeypatch):
    grade(three)
    mistaken()
    plain = local.grade
    calls = iter((plain,))

    def leave(*given):
        raise SystemExit

    monkeypatch.setattr(local, "grade", lambda *given: next(calls, leave)(*given))
    with pytest.raises(SystemExit):  # the second submission finds no more calls: stopped after one
        grade(three, "--regrade", "norm")
    monkeypatch.setattr(local, "grade", plain)
    as_it_is = ledger.versions("90_toy")
    monkeypatch.setattr(ledger, "versions", lambda exercise: {**as_it_is, "norm": "another version"})
    put = []
    monkeypatch.setattr(local, "grade", lambda *given: put.append(given[-1]) or plain(*given))
    assert "norm: points changed for 2 of 3 submissions." in grade(three, "--regrade", "norm").told
    assert put == ["norm"] * 3


def test_killed_in_the_middle_it_ends_with_the_same_bytes(grade, tmp_path, mistaken):
    folder, quiet, killed = tmp_path / "in", tmp_path / "quiet", tmp_path / "killed"
    class_of(folder, 20)
    grade(folder, out=quiet)
    shutil.copytree(quiet, killed)
    mistaken()
    expected = grade(folder, "--regrade", "norm", out=quiet)
    assert "norm: points changed for 20 of 20 submissions." in expected.told
    log = killed / (FILE + "-wal")
    moments = random.Random(11)
    for _ in range(2):
        process = grader(folder, killed, "--regrade", "norm")
        grown = moments.randrange(20_000, 120_000)
        while process.poll() is None and not (log.exists() and log.stat().st_size > grown):
            time.sleep(0.002)
        process.kill()
        process.communicate()
    last = grader(folder, killed, "--regrade", "norm")
    told, said = last.communicate()
    assert last.returncode == 0, said
    assert told.splitlines()[:-1] == expected.told.splitlines()[:-1]
    for name in ("grades.csv", "results.jsonl"):
        assert (killed / name).read_bytes() == (quiet / name).read_bytes()


def test_what_was_said_of_asking_the_question_is_renewed_and_nothing_else():
    def result(name, points):
        return Result(name, name, "right", points, 3, "", "", (), "")

    before = Graded(
        "stopped",
        "Cell 2 was left out: it hung. Asking norm did not end: it took longer than 2.5 s and stayed. Asking top "
        "did not end: an abort.",
        ("a note", "The check of norm failed: KeyError: 'x'", "The check of top failed: KeyError: 'x'"),
        1.0,
        (result("norm", 0), result("top", 1)),
    )
    again = Graded("graded", "", ("a note",), 9.0, (result("norm", 3),))
    assert renewed(before, again, "norm") == Graded(
        "stopped",
        "Cell 2 was left out: it hung. Asking top did not end: an abort.",
        ("a note", "The check of top failed: KeyError: 'x'"),
        1.0,
        (result("norm", 3), result("top", 1)),
    )
    only = replace(before, reason="Asking norm did not end: an abort.")
    assert renewed(only, again, "norm").status == "graded"
    assert renewed(
        replace(only, reason=""), replace(again, reason="Asking norm did not end: an abort."), "norm"
    ) == (
        replace(renewed(only, again, "norm"), status="stopped", reason="Asking norm did not end: an abort.")
    )
