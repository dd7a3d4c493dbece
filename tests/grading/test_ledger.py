"""Nothing is lost: kills, resumes, second graders, full disks."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from handwritten import DOUBLE, NORM, RIGHT, hand_in, notebook

from course_lib.errors import CourseError
from course_lib.grading import local
from course_lib.grading.ledger import FILE, Ledger

HERE = Path(__file__).parent


def class_of(folder: Path, size: int) -> None:
    for number in range(size):
        good = RIGHT if number % 3 else (DOUBLE, NORM)
        hand_in(folder, f"learner{number:03d}", notebook(*good, f"# by learner {number}"))


def grader(folder: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """`course grade` as a process that can be killed."""
    arguments = [str(folder), "--out", str(out), "--seed", "s", "--jobs", "2", *more]
    return subprocess.Popen(
        [sys.executable, "-m", "toy.grade", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent.parent)))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.needs("sandbox")
def test_kills_at_any_moment_lose_nothing_and_change_no_byte(tmp_path):
    class_of(tmp_path / "in", 20)
    quiet = grader(tmp_path / "in", tmp_path / "quiet")
    log = tmp_path / "killed" / (FILE + "-wal")
    moments = random.Random(7)
    for _ in range(2):
        killed = grader(tmp_path / "in", tmp_path / "killed")
        grown = (log.stat().st_size if log.exists() else 0) + moments.randrange(1, 60_000)
        while killed.poll() is None and not (log.exists() and log.stat().st_size > grown):
            time.sleep(0.002)
        killed.kill()
        killed.communicate()
    last = grader(tmp_path / "in", tmp_path / "killed")
    said = last.communicate()[1]
    assert last.returncode == 0, said
    quiet.communicate()
    grades = (tmp_path / "killed" / "grades.csv").read_bytes()
    assert grades == (tmp_path / "quiet" / "grades.csv").read_bytes()
    assert grades.count(b"graded") == 20


def test_the_same_bytes_are_graded_once(grade, tmp_path, monkeypatch):
    graded = []
    plain = local.grade
    monkeypatch.setattr(local, "grade", lambda *given: graded.append(1) or plain(*given))
    for learner in ("ann", "bob"):
        hand_in(tmp_path / "in", learner, notebook(*RIGHT))
    first = grade(tmp_path / "in")
    kept = (first.out / "grades.csv").read_bytes()
    assert len(graded) == 1
    assert {name: row["points"] for name, row in first.grades.items()} == {"ann": "10", "bob": "10"}
    hand_in(tmp_path / "in", "eve", notebook(*RIGHT[:1]))
    second = grade(tmp_path / "in")
    assert len(graded) == 2
    assert second.points("eve") == 2
    assert (second.out / "grades.csv").read_bytes().startswith(kept)
    hand_in(tmp_path / "in", "eve", notebook(*RIGHT, "# second attempt"))
    assert grade(tmp_path / "in").points("eve") == 10


def test_a_problem_that_was_mended_leaves_no_trace(grade, tmp_path):
    hand_in(tmp_path / "in", "ann", "{")
    assert grade(tmp_path / "in").grades["ann"]["status"] == "unreadable"
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT))
    batch = grade(tmp_path / "in")
    assert batch.code == 0
    assert batch.points("ann") == 10


def test_a_second_grader_is_told(tmp_path):
    first = Ledger(tmp_path)
    first.seed("s")
    with pytest.raises(CourseError, match="Another grader is at work"):
        Ledger(tmp_path)
    first.close()
    Ledger(tmp_path).close()


def test_the_seed_is_drawn_once_and_kept(tmp_path):
    first = Ledger(tmp_path)
    seed = first.seed(None)
    assert len(seed) == 32
    assert first.seed(None) == seed
    with pytest.raises(CourseError, match="another seed"):
        first.seed("mine")
    first.close()


def test_a_ledger_that_is_none_is_said(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(CourseError, match="cannot be written"):
        Ledger(tmp_path)


def test_a_ledger_of_before_attempts_were_kept_goes_on(grade, tmp_path):
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT))
    before = grade(tmp_path / "in")
    with sqlite3.connect(before.out / FILE) as base:
        base.execute("ALTER TABLE submissions DROP COLUMN attempt")
    base.close()
    again = grade(tmp_path / "in")
    assert again.code == 0
    assert again.points("ann") == 10


def test_a_full_disk_is_said_and_keeps_what_was_graded(grade, tmp_path, monkeypatch):
    for number in range(3):
        hand_in(tmp_path / "in", f"learner{number}", notebook(*RIGHT, f"# {number}"))
    plain = Ledger.add

    def full(self, digest, exercise, graded):
        if next(self.entries(), None):
            self._base.execute("PRAGMA max_page_count = 1")
            graded = graded.__class__(**{**graded.__dict__, "reason": "x" * 100_000})
        plain(self, digest, exercise, graded)

    monkeypatch.setattr(Ledger, "add", full)
    with pytest.raises(CourseError, match="full"):
        grade(tmp_path / "in", "--jobs", "1")
    monkeypatch.undo()
    with sqlite3.connect(tmp_path / "out" / FILE) as base:
        assert base.execute("SELECT count(*) FROM graded").fetchone() == (1,)


def test_a_disk_that_fills_half_way_changes_no_byte_in_the_end(grade, tmp_path):
    resource = pytest.importorskip("resource", reason="there is no limit of file sizes on this system")
    class_of(tmp_path / "in", 12)
    quiet = grade(tmp_path / "in", out=tmp_path / "quiet")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (60_000, 120_000):  # no file of this process may grow beyond so many bytes
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
        try:
            with pytest.raises(CourseError, match="nothing graded before is lost"):
                grade(tmp_path / "in", out=tmp_path / "full")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    base = sqlite3.connect(tmp_path / "full" / FILE)
    (held,) = base.execute("SELECT count(*) FROM graded").fetchone()
    base.close()
    assert 0 < held < 12
    last = grade(tmp_path / "in", out=tmp_path / "full")
    assert last.code == 0
    assert (last.out / "grades.csv").read_bytes() == (quiet.out / "grades.csv").read_bytes()
