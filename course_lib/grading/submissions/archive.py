"""Reading zips of any maker: names in whatever encoding, and members that are damaged, locked or far too large."""

from __future__ import annotations

import re
import struct
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from course_lib.grading.notebook import NotebookError
from course_lib.grading.submissions.names import clear, is_hidden

LARGEST_MEMBER = 300 << 20
"""Bytes that one file in a zip may expand to."""

_UTF8 = 0x800
_LOCKED = 0x1
_DRIVE = re.compile(r"[A-Za-z]:(?:/|$)")
_RECORD = struct.Struct("<4s4B4H3L5H2L")
_DAMAGE = (zipfile.BadZipFile, EOFError, OSError, zlib.error, struct.error, ValueError, OverflowError)


class ArchiveError(Exception):
    """This is no zip that can be read."""


@dataclass(frozen=True)
class Member:
    """One file or folder in a zip: the parts of its name, or the whole name and why it was not opened."""

    info: zipfile.ZipInfo
    parts: tuple[str, ...]
    problem: str = ""

    @property
    def is_folder(self) -> bool:
        """Whether it stands for a folder."""
        return self.info.is_dir()


class Archive:
    """A zip, opened for reading; raises `ArchiveError`.

    `encoding` is for names that are neither marked as UTF-8 nor are UTF-8; `guessed` tells that there were such
    names, and that they were read as the standard says (code page 437), for want of an encoding.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self._encoding = encoding
        self.guessed = False
        try:
            self._zip = _opened(path)
        except (*_DAMAGE, NotImplementedError) as error:
            raise ArchiveError(str(error)) from None
        self.members = [self._member(info) for info in self._zip.infolist()]

    def _member(self, info: zipfile.ZipInfo) -> Member:
        name = self._name(info)
        pieces = [piece for piece in name.split("/") if piece not in ("", ".")]
        if name.startswith("/") or _DRIVE.match(name) or ".." in pieces:
            return Member(info, (clear(name),), _out_of_place(name))
        return Member(info, tuple(clear(piece) for piece in pieces))

    def _name(self, info: zipfile.ZipInfo) -> str:
        """The name with `/` between its parts. Old .NET and PowerShell write `\\`, which no name may hold there."""
        name = info.orig_filename
        if not info.flag_bits & _UTF8:
            raw = name.encode("cp437")
            for encoding in ("utf-8", self._encoding):
                try:
                    name = _unicode_path(info.extra, raw) or raw.decode(encoding or "cp437")
                except UnicodeDecodeError:
                    continue
                self.guessed |= encoding is None
                break
            else:
                self.guessed = True
            if "\\" in name and "/" in name and not name.isascii():
                return name  # in Shift JIS and its like a byte of a letter looks like a backslash
        return name.replace("\\", "/")

    def extract(self, member: Member, copy: Path) -> None:
        """Write one member to `copy`; raises `NotebookError` with what is wrong with it."""
        info = member.info
        if info.flag_bits & _LOCKED:
            raise NotebookError("is locked with a password in the zip; hand it in without one.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # The others unpack without a bound in memory; nobody's system packs with them of itself.
            raise NotebookError("is packed by a rare method; pack it again as an ordinary zip (Deflate).")
        try:
            with self._zip.open(info) as packed, copy.open("wb") as file:
                written = 0
                while block := packed.read(1 << 20):
                    written += len(block)
                    if written > LARGEST_MEMBER:
                        size = f"{LARGEST_MEMBER >> 20} MB"
                        raise NotebookError(f"expands to more than {size}; it was not opened further.")
                    file.write(block)
        except (*_DAMAGE, RuntimeError, NotImplementedError):
            raise NotebookError(
                "cannot be taken out of the zip, in which it is damaged or cut off; fetch or pack the zip again."
            ) from None

    def close(self) -> None:
        """Give the file free."""
        self._zip.close()


def _out_of_place(name: str) -> str:
    depth = 0
    for piece in name.split("/"):
        depth += {"..": -1, ".": 0, "": 0}.get(piece, 1)
        if depth < 0 or name.startswith("/") or _DRIVE.match(name):
            return "climbs out of the zip by its name; it was not opened."
    return "has '..' in its name, which hides whose it is; it was not opened."


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    """The name in UTF-8 that Info-ZIP and 7-Zip keep beside the raw one (field 0x7075), if it belongs to it."""
    while len(extra) >= 4:
        kind, size = struct.unpack("<HH", extra[:4])
        body, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == 0x7075 and len(body) > 5 and body[1:5] == struct.pack("<L", zlib.crc32(raw)):
            try:
                return body[5:].decode("utf-8")
            except UnicodeDecodeError:
                return None
    return None


def _opened(path: Path) -> zipfile.ZipFile:
    """The zip; where single entries of its directory make Python refuse all of it, a copy with those mended."""
    try:
        return zipfile.ZipFile(path)
    except (UnicodeDecodeError, NotImplementedError):
        pass  # a name that is marked as UTF-8 and is not, or a version of the format that does not exist
    copy = tempfile.TemporaryFile()  # noqa: SIM115 - the zip closes it
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            copy.write(block)
    _mend_directory(copy)
    return zipfile.ZipFile(copy)


def _mend_directory(file: IO[bytes]) -> None:
    """Take the mark for UTF-8 from entries whose name is none, and bring impossible versions down to 2.0."""
    size = file.seek(0, 2)
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    length = struct.unpack_from("<L", tail, end + 12)[0] if 0 <= end <= len(tail) - 22 else 0
    at = size - len(tail) + end - length
    file.seek(max(at, 0))
    directory = bytearray(file.read(length))
    place = 0
    while directory[place : place + 4] == b"PK\1\2" and len(directory) >= place + _RECORD.size:
        record = _RECORD.unpack_from(directory, place)
        version, flags, (name, extra, comment) = record[3], record[5], record[12:15]
        try:
            directory[place + _RECORD.size :][:name].decode("utf-8")
        except UnicodeDecodeError:
            struct.pack_into("<H", directory, place + 8, flags & ~_UTF8)
        if version > 63:
            struct.pack_into("<H", directory, place + 6, 20)
        place += _RECORD.size + name + extra + comment
    file.seek(max(at, 0))
    file.write(directory)
    file.flush()


def visible(members: list[Member]) -> list[Member]:
    """Without what systems put into zips beside the learner's files."""
    return [member for member in members if member.problem or not any(map(is_hidden, member.parts))]
