"""The ledger's file: its tables, how an older one becomes today's, and who may hold it. SQLite, write-ahead log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course_lib.errors import CourseError

FILE = "ledger.sqlite"

_NOW = 1
"""The version of the tables below, kept in the file; 0 is all that was before versions were."""

_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS submissions (
    learner TEXT, exercise TEXT, path TEXT NOT NULL, late INTEGER NOT NULL, digest TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0, source TEXT NOT NULL DEFAULT '', call INTEGER NOT NULL DEFAULT 0,
    withdrawn INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (learner, exercise)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS graded (
    digest TEXT, exercise TEXT, status TEXT NOT NULL, reason TEXT NOT NULL, notes TEXT NOT NULL,
    seconds REAL NOT NULL, PRIMARY KEY (digest, exercise)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (
    digest TEXT, exercise TEXT, place INTEGER, question TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL,
    points INTEGER NOT NULL, out_of INTEGER NOT NULL, message TEXT NOT NULL, misconception TEXT NOT NULL,
    hints TEXT NOT NULL, card TEXT NOT NULL, version TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (digest, exercise, place));
CREATE TABLE IF NOT EXISTS prints (
    exercise TEXT, question TEXT, digest TEXT, prints TEXT NOT NULL,
    PRIMARY KEY (exercise, question, digest)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS regrades (
    question TEXT, digest TEXT, exercise TEXT, before INTEGER NOT NULL, done INTEGER NOT NULL,
    PRIMARY KEY (question, digest, exercise)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exported (
    system TEXT, learner TEXT, exercise TEXT, points TEXT NOT NULL,
    PRIMARY KEY (system, learner, exercise)) WITHOUT ROWID;
"""

_LATER = {
    "submissions": {
        "attempt": "INTEGER NOT NULL DEFAULT 0",
        "source": "TEXT NOT NULL DEFAULT ''",
        "call": "INTEGER NOT NULL DEFAULT 0",
        "withdrawn": "INTEGER NOT NULL DEFAULT 0",
    },
    "results": {"version": "TEXT NOT NULL DEFAULT ''"},
}
"""The columns that older ledgers lack. A result of the time before versions has none, and counts as out of date."""


class LedgerError(CourseError):
    """The ledger cannot be opened or written; what was graded before is still in it."""


class Base:
    """The ledger's file in one output folder, made when missing; raises `LedgerError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(folder / FILE, timeout=0.2, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            why = getattr(error, "strerror", None) or error
            raise LedgerError(f"{folder} cannot be written ({why}); choose another --out.") from None
        try:
            self._bring_up()
        except BaseException:
            self._base.close()  # else the lock stays for as long as somebody looks at the error
            raise

    def _bring_up(self) -> None:
        """Take the lock, make what is missing, and bring an older ledger to the tables of today."""
        with self._speaking():
            # Exclusive before the first write-ahead access: the lock is then held until this process ends.
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            (version,) = self._base.execute("PRAGMA user_version").fetchone()
            if version > _NOW:
                raise LedgerError(
                    f"{self._folder / FILE} was written by a newer version of the course; update this one, or choose "
                    "another --out."
                )
            self._base.executescript(_TABLES)
            with self._at_once():
                for table, columns in _LATER.items():
                    there = {row[1] for row in self._base.execute(f"PRAGMA table_info({table})")}
                    for column in columns.keys() - there:
                        self._base.execute(f"ALTER TABLE {table} ADD COLUMN {column} {columns[column]}")
                self._base.execute(f"PRAGMA user_version = {_NOW}")

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

    def close(self) -> None:
        """Give the folder free."""
        try:
            with self._speaking():
                if self._base.in_transaction:
                    self._base.execute("COMMIT")
        finally:
            self._base.close()
