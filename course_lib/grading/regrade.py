"""Questions that are put again, and nothing else: after `--regrade QUESTION`, and where a question itself has changed.

The ledger remembers what each submission had for the question until all of them have been asked again, so that a
grader that is killed goes on where it stopped and still tells every change.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from course_lib.checks import exercises
from course_lib.clean import clean_line
from course_lib.grading.ledger import Ledger


def exercise_of(question: str) -> str:
    """The exercise that asks `question`; raises `UnknownQuestion`."""
    return exercises.find_question(question)[0].name


@dataclass(frozen=True)
class Change:
    """What one learner had for a question before it was graded again, and has now; `total` is for all questions."""

    learner: str
    before: int
    now: int
    out_of: int
    total: int


class Regrades:
    """The questions that one call puts again: the one it was told to, and those of which results are out of date."""

    def __init__(self, ledger: Ledger, wanted: str | None) -> None:
        self._ledger = ledger
        self._base, self._speaking, self._at_once = ledger._base, ledger._speaking, ledger._at_once
        self.wanted = wanted
        if wanted:
            exercise = exercise_of(wanted)
            self._begin(wanted, exercise, ledger.current(exercise)[wanted])
        self.outdated = dict(self._begin_outdated())
        """How many submissions have results of another version of a question's check."""

    @property
    def active(self) -> list[str]:
        """The questions that this call puts again."""
        return list(
            dict.fromkeys([*([self.wanted] if self.wanted else []), *self.outdated, *self._begun("update")])
        )

    def _begin(self, question: str, exercise: str, check: str) -> None:
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
            self._forget_replaced(exercise)
            self._base.execute("UPDATE regrades SET done = 0 WHERE question = ?", (question,))
            self._base.execute(
                "INSERT OR IGNORE INTO regrades SELECT ?1, digest, exercise, coalesce((SELECT points FROM results r "
                "WHERE r.digest = g.digest AND r.exercise = g.exercise AND r.question = ?1), 0), 0 "
                "FROM graded g WHERE exercise = ?2 AND status != 'unreadable'",
                (question, exercise),
            )

    def _begin_outdated(self) -> Iterator[tuple[str, int]]:
        """The same for every question whose check is another than that of some of its results."""
        for exercise in exercises.EXERCISES:
            with self._speaking():
                query = "SELECT 1 FROM graded WHERE exercise = ? AND status != 'unreadable' LIMIT 1"
                if self._base.execute(query, (exercise,)).fetchone() is None:
                    continue
            for question, version in self._ledger.current(exercise).items():
                with self._speaking(), self._at_once():
                    count = self._note_outdated(exercise, question, version)
                if count:
                    yield question, count

    def _note_outdated(self, exercise: str, question: str, version: str) -> int:
        of_it = (
            "FROM results JOIN graded g USING (digest, exercise) WHERE exercise = ?1 AND question = ?2 AND "
            "version != ?3 AND g.status != 'unreadable'"
        )
        key = (exercise, question, version)
        if self._base.execute(f"SELECT 1 {of_it} LIMIT 1", key).fetchone() is None:
            return 0
        self._forget_replaced(exercise)
        self._base.execute(
            f"INSERT INTO regrades SELECT question, digest, exercise, points, 0 {of_it} "
            "ON CONFLICT DO UPDATE SET done = 0",
            key,
        )
        self._base.execute("INSERT OR REPLACE INTO facts VALUES (?, '')", (f"update {question}",))
        (count,) = self._base.execute(
            f"SELECT count(*) FROM submissions s WHERE NOT withdrawn AND exercise = ?1 AND digest IN "
            f"(SELECT digest {of_it})",
            key,
        ).fetchone()
        return int(count)

    def _forget_replaced(self, exercise: str) -> None:
        """Results of files that were replaced since: should they return, all is new."""
        for table in ("graded", "results"):
            self._base.execute(
                f"DELETE FROM {table} WHERE exercise = ? AND digest NOT IN (SELECT digest FROM submissions)",
                (exercise,),
            )

    def of(self, digest: str, exercise: str) -> list[str]:
        """The questions that these bytes are still to be asked again by this call."""
        query = "SELECT question FROM regrades WHERE digest = ? AND exercise = ? AND NOT done"
        with self._speaking():
            left = {question for (question,) in self._base.execute(query, (digest, exercise))}
        return [question for question in self.active if question in left] if left else []

    def announced(self) -> list[str]:
        """A line for each question that this call found out of date."""
        return [
            f"{question}: {count} results are of another version of its check; it is put to them again."
            for question, count in self.outdated.items()
        ]

    def changes(self) -> list[str]:
        """Whose points changed, from what to what, and how many that is; all that was kept is forgotten by it."""
        lines = []
        active = self.active
        for question in active:
            changes = self._changes(question)
            told = [
                f"{clean_line(change.learner)}: {question} {change.before} -> {change.now} of {change.out_of} points"
                + (
                    f", all together {change.total - change.now + change.before} -> {change.total}"
                    if len(active) == 1
                    else ""
                )
                for change in changes
                if change.before != change.now
            ]
            if changes or question == self.wanted:
                lines += [*told, f"{question}: points changed for {len(told)} of {len(changes)} submissions."]
        for question in active:
            self._end(question)
        return lines

    def _changes(self, question: str) -> list[Change]:
        """What each learner whose submission was asked again had for the question, and has."""
        query = (
            "SELECT learner, before, points, out_of, (SELECT sum(points) FROM results r "
            "WHERE r.digest = s.digest AND r.exercise = s.exercise) "
            "FROM submissions s JOIN regrades USING (digest, exercise) "
            "JOIN results USING (digest, exercise, question) WHERE question = ? AND done ORDER BY learner"
        )
        with self._speaking():
            return [Change(*row) for row in self._base.execute(query, (question,))]

    def unanswered(self) -> list[str]:
        """A line for each submission that was not asked the wanted question again: its file or its worker was lost."""
        query = (
            "SELECT path FROM submissions JOIN regrades USING (digest, exercise) "
            "WHERE question = ? AND NOT done ORDER BY path"
        )
        with self._speaking():
            rows = self._base.execute(query, (self.wanted,)).fetchall()
        return [
            f"{clean_line(path)}: could not be asked again; its record of {self.wanted} is the old one."
            for (path,) in rows
        ]

    def _end(self, question: str) -> None:
        """Forget what there was before: everyone has been asked again, and the changes have been told."""
        with self._speaking(), self._at_once():
            self._base.execute("DELETE FROM regrades WHERE question = ?", (question,))
            self._base.executemany(
                "DELETE FROM facts WHERE name = ?",
                [(f"{kind} {question}",) for kind in ("regrade", "update")],
            )

    def unfinished(self) -> list[str]:
        """A line for each question whose regrading was begun by another call and not ended."""
        return [
            f"Regrading {question} was not finished; give --regrade {question} again."
            for question in self._begun("regrade")
        ]

    def _begun(self, kind: str) -> list[str]:
        with self._speaking():
            rows = self._base.execute(
                "SELECT name FROM facts WHERE name LIKE ? ORDER BY name", (f"{kind} %",)
            ).fetchall()
        return [str(name).removeprefix(f"{kind} ") for (name,) in rows]
