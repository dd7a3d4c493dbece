"""The files of a batch, one after another, wherever they lie: in a folder, in a zip, in a zip inside one of those."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from course_lib.grading.notebook import NotebookError
from course_lib.grading.submissions.archive import Archive, ArchiveError, Member, visible
from course_lib.grading.submissions.names import clear, is_hidden

MOST_INSIDE = 5000
"""Files that a learner's own zip may hold."""

MOST_NOTEBOOKS = 50
"""Notebooks that a learner's own zip may hold; the whole course is a third of it."""

LARGEST_INSIDE = 300 << 20
"""Bytes that the notebooks in a learner's own zip may expand to, all together."""

LINK = "is a link to another place; hand in the file itself."
TOO_MUCH = "is a zip that holds too much to look through; hand in the .ipynb file."
_LEDGER = "ledger.sqlite"

Fetch = Callable[[], AbstractContextManager[Path]]


@dataclass(frozen=True)
class Handed:
    """One file that was handed in, or a folder in which none lies.

    `parts` are the clean names on its way, `fetch` gives it as a file for a while (and raises `NotebookError` where
    there is none to be had), `problem` says why that is not even tried.
    """

    parts: tuple[str, ...]
    fetch: Fetch
    problem: str = ""
    is_folder: bool = False

    @property
    def path(self) -> str:
        """Its path inside the folder or zip, for people."""
        return "/".join(self.parts)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.parts[-1]

    @property
    def is_notebook(self) -> bool:
        """Whether its name is a notebook's."""
        return not self.is_folder and self.name.lower().endswith(".ipynb")

    @property
    def is_zip(self) -> bool:
        """Whether its name is a zip's."""
        return not self.is_folder and self.name.lower().endswith(".zip")

    def beginning(self, size: int) -> bytes:
        """Its first bytes; none where it cannot be had."""
        try:
            with self.fetch() as path, path.open("rb") as file:
                return file.read(size)
        except (NotebookError, OSError):
            return b""


def in_folder(root: Path) -> list[Handed]:
    """All files below a folder, and the folders without any; links are not followed."""
    found: list[Handed] = []

    def unreadable(error: OSError) -> None:
        place = Path(error.filename)
        parts = _parts(place, root)
        if parts:
            found.append(Handed(parts, _nothing, f"cannot be read ({error.strerror}).", is_folder=True))

    for place, folders, files in os.walk(root, onerror=unreadable):
        here = Path(place)
        if _LEDGER in files:  # results of an earlier call, which lie inside the folder that is graded
            folders.clear()
            continue
        links = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in links and not is_hidden(name))
        found += [Handed(_parts(here / name, root), _nothing, LINK, is_folder=True) for name in sorted(links)]
        seen = sorted(name for name in files if not is_hidden(name))
        found += [Handed(_parts(here / name, root), partial(_file, here / name)) for name in seen]
        if not (seen or folders or links) and here != root:
            hidden = ", ".join(clear(name) for name in files[:3])
            inside = f"its folder holds only hidden files ({hidden})" if hidden else "its folder is empty"
            problem = f"handed in no notebook: {inside}."
            found.append(Handed(_parts(here, root), _nothing, problem, is_folder=True))
    return found


def _parts(place: Path, root: Path) -> tuple[str, ...]:
    return tuple(clear(part) for part in place.relative_to(root).parts)


@contextmanager
def _file(file: Path) -> Iterator[Path]:
    try:
        mode = file.lstat().st_mode
    except OSError as error:
        raise NotebookError(f"cannot be read ({error.strerror}).") from None
    if stat.S_ISLNK(mode):
        raise NotebookError(LINK)
    if not stat.S_ISREG(mode):
        raise NotebookError("is not a file.")
    yield file


def _nothing() -> AbstractContextManager[Path]:
    raise NotebookError("is a folder without files.")


def in_archive(archive: Archive) -> list[Handed]:
    """All files in a zip that stays open, and the folders without any."""
    members = visible(archive.members)
    found = [
        Handed(member.parts, partial(_member, archive, member), member.problem)
        for member in members
        if member.parts and not member.is_folder
    ]
    ways = {entry.parts[:depth] for entry in found for depth in range(1, len(entry.parts))}
    empty = {member.parts for member in members if member.is_folder and member.parts and not member.problem}
    return found + [
        Handed(parts, _nothing, "handed in no notebook: its folder is empty.", is_folder=True)
        for parts in sorted(empty - ways)
        if not any(other[: len(parts)] == parts for other in empty if other != parts)
    ]


@contextmanager
def _member(archive: Archive, member: Member) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="course-grade-") as folder:
        copy = Path(folder) / "submission"
        archive.extract(member, copy)
        yield copy


def inside(outer: Handed, encoding: str | None) -> list[Handed]:
    """The files in a zip that a learner handed in; raises `NotebookError` where that cannot be looked into."""
    with outer.fetch() as path:
        try:
            archive = Archive(path, encoding)
        except ArchiveError:
            raise NotebookError(
                "is a zip that cannot be opened (damaged or cut off); hand in the .ipynb file."
            ) from None
        members = archive.members
        archive.close()
    if len(members) > MOST_INSIDE:
        raise NotebookError(TOO_MUCH)
    seen = {id(member) for member in visible(members) if member.parts and not member.is_folder}
    found = [
        Handed((*outer.parts, *member.parts), partial(_member_inside, outer, encoding, place), member.problem)
        for place, member in enumerate(members)
        if id(member) in seen
    ]
    notebooks = [
        member.info
        for member in members
        if id(member) in seen and member.parts[-1].lower().endswith(".ipynb")
    ]
    if not found:
        raise NotebookError("is an empty zip; hand in the .ipynb file.")
    if len(notebooks) > MOST_NOTEBOOKS or sum(info.file_size for info in notebooks) > LARGEST_INSIDE:
        raise NotebookError(TOO_MUCH)
    return found


@contextmanager
def _member_inside(outer: Handed, encoding: str | None, place: int) -> Iterator[Path]:
    with outer.fetch() as path:
        try:
            archive = Archive(path, encoding)
            member = archive.members[place]
        except (ArchiveError, IndexError):
            raise NotebookError("lies in a zip that has changed meanwhile.") from None
        try:
            with _member(archive, member) as copy:
                yield copy
        finally:
            archive.close()
