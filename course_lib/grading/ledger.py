"""The ledger: every result is in it, on disk, before the next submission's begins. SQLite, write-ahead log.

A result belongs to the bytes of a notebook, not to a name: the same bytes are graded once, whoever hands them in,
and a grader that was killed goes on where it stopped. One grader at a time holds the ledger, by SQLite's own lock,
which the system releases even when the grader is killed.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.grading.likeness import Prints
from course_lib.grading.runner import Graded, Result, renewed
from course_lib.grading.submissions import Submission

FILE = "ledger.sqlite"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS submissions (
    learner TEXT, exercise TEXT, path TEXT NOT NULL, late INTEGER NOT NULL, digest TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (learner, exercise)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS graded (
    digest TEXT, exercise TEXT, status TEXT NOT NULL, reason TEXT NOT NULL, notes TEXT NOT NULL,
    seconds REAL NOT NULL, PRIMARY KEY (digest, exercise)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
    digest TEXT, exercise TEXT, place INTEGER, question TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,
    points INTEGER NOT NULL, out_of INTEGER NOT NULL, message TEXT NOT NULL, misconception TEXT NOT NULL,
    hints TEXT NOT NULL, card TEXT NOT NULL, PRIMARY KEY (digest, exercise, place));
CREATE TABLE IF NOT EXISTS prints (
    exercise TEXT, question TEXT, digest TEXT, prints TEXT NOT NULL,
    PRIMARY KEY (exercise, question, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS regrades (
    question TEXT, digest TEXT, exercise TEXT, before INTEGER NOT NULL, done INTEGER NOT NULL,
    PRIMARY KEY (question, digest, exercise)) WITHOUT ROWID;
"""


class LedgerError(CourseError):
    """The ledger cannot be opened or written; what was graded before is still in it."""


@dataclass(frozen=True)
class Entry:
    """One learner's submission and what it earned."""

    learner: str
    exercise: str
    path: str
    late: bool
    digest: str
    graded: Graded
    attempt: int = 0

    @property
    def points(self) -> int:
        """What it earned."""
        return self.graded.points

    @property
    def out_of(self) -> int:
        """What it could have earned."""
        return sum(result.out_of for result in self.graded.results)


@dataclass(frozen=True)
class Change:
    """What one learner had for a question before it was graded again, and has now; `total` is for all questions."""

    learner: str
    before: int
    now: int
    out_of: int
    total: int


class Ledger:
    """The ledger of one output folder, made when missing; raises `LedgerError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(folder / FILE, timeout=0.2, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise LedgerError(f"{folder} cannot be written ({why}); choose another --out.") from None
        with self._speaking():
            # Exclusive before the first write-ahead access: the lock is then held until this process ends.
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_SCHEMA)
            with self._at_once():
                columns = [row[1] for row in self._base.execute("PRAGMA table_info(submissions)")]
                if "attempt" not in columns:  # a ledger of the time before attempts were kept
                    self._base.execute(
                        "ALTER TABLE submissions ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0"
                    )
                # What could not be run is tried again.
                self._base.execute("DELETE FROM submissions WHERE digest LIKE '?%'")
                self._base.execute("DELETE FROM graded WHERE status = 'unreadable'")
                self._base.execute("DELETE FROM results WHERE digest LIKE '?%'")

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """SQLite's errors as one sentence each."""
        try:
            yield
        except sqlite3.Error as error:
            if "locked" in str(error):
                raise LedgerError(
                    f"Another grader is at work on {self._folder}; wait for it, or choose another --out."
                ) from None
            raise LedgerError(
                f"{self._folder / FILE} cannot be written ({error}); nothing graded before is lost. "
                "Mend that and give the same command again."
            ) from None

    @contextmanager
    def _at_once(self) -> Iterator[None]:
        """All that is written inside, or none of it; with it what was entered before."""
        self._begin()
        try:
            yield
            self._base.execute("COMMIT")
        except BaseException:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        if not self._base.in_transaction:
            self._base.execute("BEGIN IMMEDIATE")

    def seed(self, wanted: str | None) -> str:
        """The secret seed of this folder: recorded at the first grading, the same ever after."""
        with self._speaking():
            row = self._base.execute("SELECT value FROM facts WHERE name = 'seed'").fetchone()
            if row is None:
                seed = wanted if wanted is not None else secrets.token_hex(16)
                self._base.execute("INSERT INTO facts VALUES ('seed', ?)", (seed,))
                return seed
        recorded = str(row[0])
        if wanted not in (None, recorded):
            raise LedgerError(
                f"{self._folder} was graded with another seed; leave --seed away, or choose another --out."
            )
        return recorded

    def note_unconfined(self) -> None:
        """Keep in mind that code ran here without a sandbox."""
        with self._speaking():
            self._base.execute("INSERT OR REPLACE INTO facts VALUES ('unconfined', 'yes')")

    def unconfined(self) -> bool:
        """Whether any code ran without a sandbox."""
        with self._speaking():
            return self._base.execute("SELECT 1 FROM facts WHERE name = 'unconfined'").fetchone() is not None

    def has(self, digest: str, exercise: str) -> bool:
        """Whether these bytes are graded."""
        query = "SELECT 1 FROM graded WHERE digest = ? AND exercise = ?"
        with self._speaking():
            return self._base.execute(query, (digest, exercise)).fetchone() is not None

    def enter(self, submission: Submission, digest: str) -> None:
        """Note who handed in what. It is on disk with the next result: before that nobody can miss it."""
        head = (submission.learner, submission.exercise, submission.path, submission.late)
        with self._speaking():
            self._begin()
            self._base.execute(
                "INSERT OR REPLACE INTO submissions (learner, exercise, path, late, digest, attempt) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (*head, digest, submission.attempt),
            )

    def add(self, digest: str, exercise: str, graded: Graded) -> None:
        """Keep one submission's results: all of them or, should the machine stop now, none."""
        with self._speaking(), self._at_once():
            self._put(digest, exercise, graded)

    def _put(self, digest: str, exercise: str, graded: Graded) -> None:
        head = (digest, exercise, graded.status, graded.reason, json.dumps(graded.notes), graded.seconds)
        rows = [
            (
                *(digest, exercise, place, r.question, r.title, r.status, r.points, r.out_of),
                *(r.message, r.misconception, json.dumps(r.hints), r.card),
            )
            for place, r in enumerate(graded.results)
        ]
        self._base.execute("INSERT OR REPLACE INTO graded VALUES (?, ?, ?, ?, ?, ?)", head)
        self._base.execute("DELETE FROM results WHERE digest = ? AND exercise = ?", (digest, exercise))
        self._base.executemany(f"INSERT INTO results VALUES ({', '.join('?' * 12)})", rows)

    def begin_regrade(self, question: str, exercise: str, check: str) -> None:
        """Note what every submission has for a question that is to be put again to all of them.

        Where that was begun before and not ended, it goes on with those that are left; or with all, when `check`,
        which tells one version of the check from the next, is another by now.
        """
        fact = f"regrade {question}"
        with self._speaking(), self._at_once():
            begun = self._base.execute("SELECT value FROM facts WHERE name = ?", (fact,)).fetchone()
            if begun == (check,):
                return
            self._base.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (fact, check))
            for table in (
                "graded",
                "results",
            ):  # of files that were replaced since: should they return, all is new
                self._base.execute(
                    f"DELETE FROM {table} WHERE exercise = ? AND digest NOT IN (SELECT digest FROM submissions)",
                    (exercise,),
                )
            self._base.execute("UPDATE regrades SET done = 0 WHERE question = ?", (question,))
            self._base.execute(
                "INSERT OR IGNORE INTO regrades SELECT ?1, digest, exercise, coalesce((SELECT points FROM results r "
                "WHERE r.digest = g.digest AND r.exercise = g.exercise AND r.question = ?1), 0), 0 "
                "FROM graded g WHERE exercise = ?2 AND status != 'unreadable'",
                (question, exercise),
            )

    def is_to_regrade(self, question: str, digest: str, exercise: str) -> bool:
        """Whether these bytes are still to be asked again."""
        query = "SELECT 1 FROM regrades WHERE question = ? AND digest = ? AND exercise = ? AND NOT done"
        with self._speaking():
            return self._base.execute(query, (question, digest, exercise)).fetchone() is not None

    def keep_prints(self, digest: str, exercise: str, prints: Mapping[str, Prints]) -> None:
        """Keep the fingerprints of a submission's answers. They are on disk with its result, which comes next."""
        rows = [(exercise, question, digest, json.dumps(sorted(kept))) for question, kept in prints.items()]
        with self._speaking():
            self._begin()
            self._base.executemany("INSERT OR REPLACE INTO prints VALUES (?, ?, ?, ?)", rows)

    def prints(self, exercise: str, question: str) -> Iterator[tuple[str, Prints]]:
        """The digest and fingerprints of every answer to one question that some learner hands in now."""
        query = (
            "SELECT digest, prints FROM prints WHERE exercise = ?1 AND question = ?2 "
            "AND digest IN (SELECT digest FROM submissions WHERE exercise = ?1) ORDER BY digest"
        )
        with self._speaking():
            for digest, kept in self._base.execute(query, (exercise, question)):
                yield digest, frozenset(json.loads(kept))

    def renew(self, digest: str, exercise: str, question: str, again: Graded) -> None:
        """Replace the record of one question, and note that it was put again: both or neither."""
        key = (digest, exercise)
        with self._speaking(), self._at_once():
            status, reason, notes, seconds = self._base.execute(
                "SELECT status, reason, notes, seconds FROM graded WHERE digest = ? AND exercise = ?", key
            ).fetchone()
            before = Graded(
                status, reason, tuple(json.loads(notes)), seconds, self._results(digest, exercise)
            )
            self._put(digest, exercise, renewed(before, again, question))
            self._base.execute(
                "UPDATE regrades SET done = 1 WHERE digest = ? AND exercise = ? AND question = ?",
                (*key, question),
            )

    def changes(self, question: str) -> list[Change]:
        """What each learner whose submission was asked again had for the question, and has."""
        query = (
            "SELECT learner, before, points, out_of, (SELECT sum(points) FROM results r "
            "WHERE r.digest = s.digest AND r.exercise = s.exercise) "
            "FROM submissions s JOIN regrades USING (digest, exercise) "
            "JOIN results USING (digest, exercise, question) WHERE question = ? AND done ORDER BY learner"
        )
        with self._speaking():
            return [Change(*row) for row in self._base.execute(query, (question,))]

    def not_regraded(self, question: str) -> list[str]:
        """The paths of submissions that were to be asked again, and were not there."""
        query = (
            "SELECT path FROM submissions JOIN regrades USING (digest, exercise) "
            "WHERE question = ? AND NOT done ORDER BY path"
        )
        with self._speaking():
            return [str(path) for (path,) in self._base.execute(query, (question,))]

    def end_regrade(self, question: str) -> None:
        """Forget what there was before: everyone has been asked again, and the changes have been told."""
        with self._speaking(), self._at_once():
            self._base.execute("DELETE FROM regrades WHERE question = ?", (question,))
            self._base.execute("DELETE FROM facts WHERE name = ?", (f"regrade {question}",))

    def begun_regrades(self) -> list[str]:
        """The questions whose regrading was begun and not ended."""
        with self._speaking():
            rows = self._base.execute("SELECT name FROM facts WHERE name LIKE 'regrade %' ORDER BY name")
            return [str(name).removeprefix("regrade ") for (name,) in rows]

    def entries(self) -> Iterator[Entry]:
        """Every submission that has its result, in the order of learners and exercises."""
        query = (
            "SELECT learner, exercise, path, late, digest, attempt, status, reason, notes, seconds "
            "FROM submissions JOIN graded USING (digest, exercise) ORDER BY learner, exercise"
        )
        with self._speaking():
            for row in self._base.execute(query):
                learner, exercise, path, late, digest, attempt, status, reason, notes, seconds = row
                results = self._results(digest, exercise)
                graded = Graded(status, reason, tuple(json.loads(notes)), seconds, results)
                yield Entry(learner, exercise, path, bool(late), digest, graded, attempt)

    def _results(self, digest: str, exercise: str) -> tuple[Result, ...]:
        query = (
            "SELECT question, title, status, points, out_of, message, misconception, hints, card "
            "FROM results WHERE digest = ? AND exercise = ? ORDER BY place"
        )
        rows = self._base.execute(query, (digest, exercise))
        return tuple(
            Result(question, title, status, points, out_of, message, held, tuple(json.loads(hints)), card)
            for question, title, status, points, out_of, message, held, hints, card in rows
        )

    def close(self) -> None:
        """Give the folder free."""
        try:
            with self._speaking():
                if self._base.in_transaction:
                    self._base.execute("COMMIT")
        finally:
            self._base.close()
