"""Files that are there whole or not at all, whatever stops the writing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write beside `path`, which takes its place at the end; where the writing fails, it is gone."""
    half = path.with_name(path.name + ".part")
    try:
        yield half
        half.replace(path)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def write_whole(path: Path, write: Callable[[IO[str]], None]) -> None:
    """Write a text so that at every moment either the old file or the whole new one is there, on the disk."""
    with whole(path) as half, half.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())


def write_all(texts: Mapping[Path, str]) -> None:
    """Write new files and the folders they need: all of them, or, where one fails, none."""
    made: list[Path] = []
    try:
        for path, text in texts.items():
            folders = [folder for folder in path.parents if not folder.exists()]
            for folder in reversed(folders):
                folder.mkdir()
                made.append(folder)
            made += [path] if not path.exists() else []
            with whole(path) as half:
                half.write_text(text, encoding="utf-8", newline="")
    except BaseException:
        for path in reversed(made):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
        raise
