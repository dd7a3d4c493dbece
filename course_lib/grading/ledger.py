"""The ledger: every result is in it, on disk, before the next submission's begins.

A result belongs to the bytes of a notebook, not to a name: the same bytes are graded once, whoever hands them in,
and a grader that was killed goes on where it stopped. It also belongs to a version of its question's check: what was
decided by another than the course has now is out of date, and is never counted beside what was not. One grader at a
time holds the ledger, by SQLite's own lock, which the system releases even when the grader is killed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from course_lib.grading.likeness import Prints
from course_lib.grading.runner import Graded, Result, renewed
from course_lib.grading.schema import FILE, Base, LedgerError
from course_lib.grading.submissions import Submission
from course_lib.grading.versions import versions

__all__ = ["FILE", "Entry", "Ledger", "LedgerError"]


@dataclass(frozen=True)
class Entry:
    """One learner's submission and what it earned.

    It is `withdrawn` where the file is no longer in the folder that was graded, and `outdated` where a question's check
    has changed since and the file was not there to be graded again; neither counts.
    """

    learner: str
    exercise: str
    path: str
    late: bool
    digest: str
    graded: Graded
    attempt: int = 0
    withdrawn: bool = False
    outdated: bool = False

    @property
    def status(self) -> str:
        """How it stands: "graded", "stopped", "unreadable", "withdrawn" or "outdated"."""
        return "withdrawn" if self.withdrawn else "outdated" if self.outdated else self.graded.status

    @property
    def counts(self) -> bool:
        """Whether its points are points of the class."""
        return self.status in ("graded", "stopped")

    @property
    def reason(self) -> str:
        """Why it does not count, or what was left out."""
        if self.withdrawn:
            return "is no longer in the folder that was graded; it is not counted."
        if self.outdated:
            return (
                "was graded before its questions were changed; grade the folder that it is in once more, or "
                "remove it with --forget."
            )
        return self.graded.reason

    @property
    def points(self) -> int:
        """What it earned."""
        return self.graded.points

    @property
    def out_of(self) -> int:
        """What it could have earned."""
        return sum(result.out_of for result in self.graded.results)


class Ledger(Base):
    """The ledger of one output folder, made when missing; raises `LedgerError`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._versions: dict[str, Mapping[str, str]] = {}

    def current(self, exercise: str) -> Mapping[str, str]:
        """The version of each question's check as the course is now, read once."""
        if exercise not in self._versions:
            self._versions[exercise] = versions(exercise)
        return self._versions[exercise]

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
        """Whether these bytes are graded, on the questions that the exercise has."""
        query = "SELECT 1 FROM graded WHERE digest = ? AND exercise = ? AND status != 'unreadable'"
        with self._speaking():
            if self._base.execute(query, (digest, exercise)).fetchone() is None:
                return False
            return self._by_version(digest, exercise).keys() == self.current(exercise).keys()

    def _by_version(self, digest: str, exercise: str) -> dict[str, str]:
        query = "SELECT question, version FROM results WHERE digest = ? AND exercise = ?"
        return dict(self._base.execute(query, (digest, exercise)))

    def begin_call(self) -> None:
        """From here on, what is entered is what one call found."""
        with self._speaking():
            self._begin()
            self._base.execute(
                "INSERT INTO facts VALUES ('call', '1') "
                "ON CONFLICT DO UPDATE SET value = CAST(value AS INTEGER) + 1"
            )

    def enter(self, submission: Submission, digest: str, source: str = "") -> None:
        """Note who handed in what, and in which `source`: the folder or zip that was graded.

        It is on disk with the next result: before that nobody can miss it.
        """
        head = (submission.learner, submission.exercise, submission.path, submission.late)
        with self._speaking():
            self._begin()
            self._base.execute(
                "INSERT OR REPLACE INTO submissions "
                "(learner, exercise, path, late, digest, attempt, source, call, withdrawn) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, coalesce((SELECT CAST(value AS INTEGER) FROM facts "
                "WHERE name = 'call'), 0), 0)",
                (*head, digest, submission.attempt, source),
            )

    def withdraw(self, source: str) -> list[tuple[str, str]]:
        """Mark what was handed in by `source` before and is no longer in it; who and what that is.

        Only for exercises that it holds now: a folder that was emptied and filled again with another exercise takes
        nothing away. What could not be read and is gone has nothing to keep, and is forgotten.
        """
        gone = "source = ? AND NOT withdrawn AND call < (SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'call')"
        unread = "digest IN (SELECT digest FROM graded WHERE status = 'unreadable')"
        with self._speaking(), self._at_once():
            self._base.execute(f"DELETE FROM submissions WHERE {gone} AND {unread}", (source,))
            gone += (
                " AND exercise IN (SELECT exercise FROM submissions WHERE source = ?1 AND "
                "call = (SELECT CAST(value AS INTEGER) FROM facts WHERE name = 'call'))"
            )
            rows = self._base.execute(
                f"SELECT learner, exercise FROM submissions WHERE {gone.replace('?', '?1', 1)} "
                "ORDER BY learner, exercise",
                (source,),
            ).fetchall()
            self._base.executemany(
                "UPDATE submissions SET withdrawn = 1 WHERE learner = ? AND exercise = ?", rows
            )
            self._forget_what_nobody_handed_in()
        return rows

    def forget(self, learner: str) -> list[str]:
        """Remove a learner and what only they handed in; the exercises that this was for."""
        with self._speaking(), self._at_once():
            rows = self._base.execute(
                "SELECT exercise FROM submissions WHERE learner = ?", (learner,)
            ).fetchall()
            self._base.execute("DELETE FROM submissions WHERE learner = ?", (learner,))
            self._base.execute("DELETE FROM exported WHERE learner = ?", (learner,))
            for table in ("graded", "results", "prints", "regrades") if rows else ():
                self._base.execute(
                    f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM submissions s "
                    f"WHERE s.digest = {table}.digest AND s.exercise = {table}.exercise)"
                )
        return [exercise for (exercise,) in rows]

    def _forget_what_nobody_handed_in(self) -> None:
        """Of what could not be read: such records belong to a path, not to bytes that may return."""
        for table in ("graded", "results"):
            self._base.execute(
                f"DELETE FROM {table} WHERE digest LIKE '?%' AND digest NOT IN (SELECT digest FROM submissions)"
            )

    def learners(self) -> list[str]:
        """Everybody who handed in anything."""
        with self._speaking():
            rows = self._base.execute("SELECT DISTINCT learner FROM submissions ORDER BY learner")
            return [str(learner) for (learner,) in rows]

    def add(self, digest: str, exercise: str, graded: Graded) -> None:
        """Keep one submission's results: all of them or, should the machine stop now, none."""
        with self._speaking(), self._at_once():
            self._put(digest, exercise, graded, self.current(exercise))
            self._base.execute(
                "UPDATE regrades SET done = 1 WHERE digest = ? AND exercise = ?", (digest, exercise)
            )

    def _put(self, digest: str, exercise: str, graded: Graded, by_version: Mapping[str, str]) -> None:
        head = (digest, exercise, graded.status, graded.reason, json.dumps(graded.notes), graded.seconds)
        rows = [
            (
                *(digest, exercise, place, r.question, r.title, r.status, r.points, r.out_of),
                *(r.message, r.misconception, json.dumps(r.hints), r.card, by_version.get(r.question, "")),
            )
            for place, r in enumerate(graded.results)
        ]
        self._base.execute("INSERT OR REPLACE INTO graded VALUES (?, ?, ?, ?, ?, ?)", head)
        self._base.execute("DELETE FROM results WHERE digest = ? AND exercise = ?", (digest, exercise))
        self._base.executemany(
            "INSERT INTO results (digest, exercise, place, question, title, status, points, out_of, message, "
            f"misconception, hints, card, version) VALUES ({', '.join('?' * 13)})",
            rows,
        )

    def renew(self, digest: str, exercise: str, question: str, again: Graded) -> None:
        """Replace the record of one question, and note that it was put again: both or neither."""
        key = (digest, exercise)
        with self._speaking(), self._at_once():
            status, reason, notes, seconds = self._base.execute(
                "SELECT status, reason, notes, seconds FROM graded WHERE digest = ? AND exercise = ?", key
            ).fetchone()
            results = self._results(digest, exercise)
            before = Graded(status, reason, tuple(json.loads(notes)), seconds, results)
            by_version = self._by_version(*key) | {question: self.current(exercise).get(question, "")}
            self._put(digest, exercise, renewed(before, again, question), by_version)
            self._base.execute(
                "UPDATE regrades SET done = 1 WHERE digest = ? AND exercise = ? AND question = ?",
                (*key, question),
            )

    def unread_and_outdated(self) -> list[tuple[str, str, str]]:
        """Digest, exercise and reason of what could not be read, where its questions are no longer these."""
        query = "SELECT digest, exercise, reason FROM graded WHERE status = 'unreadable' ORDER BY digest"
        with self._speaking():
            return [
                (digest, exercise, reason)
                for digest, exercise, reason in self._base.execute(query).fetchall()
                if self.current(exercise) and self._by_version(digest, exercise) != self.current(exercise)
            ]

    def keep_prints(self, digest: str, exercise: str, prints: Mapping[str, Prints]) -> None:
        """Keep the fingerprints of a submission's answers. They are on disk with its result, which comes next."""
        rows = [(exercise, question, digest, json.dumps(sorted(kept))) for question, kept in prints.items()]
        with self._speaking():
            self._begin()
            self._base.executemany("INSERT OR REPLACE INTO prints VALUES (?, ?, ?, ?)", rows)

    def prints(self, exercise: str, question: str) -> Iterator[tuple[str, Prints]]:
        """The digest and fingerprints of every answer to one question that some learner hands in."""
        query = (
            "SELECT digest, prints FROM prints WHERE exercise = ?1 AND question = ?2 "
            "AND digest IN (SELECT digest FROM submissions WHERE exercise = ?1 AND NOT withdrawn) ORDER BY digest"
        )
        with self._speaking():
            for digest, kept in self._base.execute(query, (exercise, question)):
                yield digest, frozenset(json.loads(kept))

    def entries(self) -> Iterator[Entry]:
        """Every submission that has its result, in the order of learners and exercises."""
        query = (
            "SELECT learner, exercise, path, late, digest, attempt, withdrawn, status, reason, notes, seconds "
            "FROM submissions JOIN graded USING (digest, exercise) ORDER BY learner, exercise"
        )
        with self._speaking():
            for row in self._base.execute(query):
                learner, exercise, path, late, digest, attempt, withdrawn, status, reason, notes, seconds = (
                    row
                )
                results = self._results(digest, exercise)
                graded = Graded(status, reason, tuple(json.loads(notes)), seconds, results)
                old = self._is_outdated(digest, exercise)
                yield Entry(
                    *(learner, exercise, path, bool(late), digest, graded, attempt), bool(withdrawn), old
                )

    def _is_outdated(self, digest: str, exercise: str) -> bool:
        """Whether any result is of another version; nothing is known of an exercise that the course no longer has."""
        current, decided = self.current(exercise), self._by_version(digest, exercise)
        return bool(current and decided and decided != current)

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

    def exported(self, system: str) -> dict[tuple[str, str], str]:
        """What each learner and exercise was last given in the gradebook of another system."""
        query = "SELECT learner, exercise, points FROM exported WHERE system = ?"
        with self._speaking():
            return {(who, what): points for who, what, points in self._base.execute(query, (system,))}

    def note_exported(self, system: str, given: Iterable[tuple[str, str, str]]) -> None:
        """Keep what each learner was given for each exercise: what differs from it later, a person entered."""
        with self._speaking(), self._at_once():
            self._base.executemany(
                "INSERT OR REPLACE INTO exported VALUES (?, ?, ?, ?)", [(system, *one) for one in given]
            )
