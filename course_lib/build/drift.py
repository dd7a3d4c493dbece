"""Whether the stored notebooks are what their sources say. Nothing is run: what outputs say is nbval's to judge.

With one exception: a new lesson changes the map that the first lesson has stored, and a map needs no run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from course_lib.build import notebook, outputs
from course_lib.build.notebook import Notebook
from course_lib.build.products import BUILT, FOLDERS, Product
from course_lib.build.source import FOLDERS as SOURCE_FOLDERS
from course_lib.build.source import source_paths

_MATTER_OF_RUNNING = {"outputs", "execution_count"}


def problems(product: Product, root: Path) -> list[str]:
    """One sentence for each way in which a stored notebook is not what its source says."""
    file = product.file(root)
    if not file.is_file():
        return [f"{product.path}: it is missing"]
    try:
        written = file.read_bytes().decode("utf-8")
        stored = notebook.parse(written)
    except ValueError as error:
        return [f"{product.path}: it cannot be read as a notebook ({error})"]
    found = [*_cells(product, stored), *_metadata(product, stored), *_outputs(product, stored)]
    if not found and written != notebook.text(stored):
        found = ["its JSON is not laid out as the build lays it out"]
    return [f"{product.path}: {sentence}" for sentence in found]


def with_todays_map(product: Product, root: Path) -> Notebook | None:
    """The stored notebook with today's map, where an old map is all that is wrong with it."""
    try:
        stored = notebook.parse(product.file(root).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # nothing is stored that could be kept
    stale = False
    for data in (data for cell in stored.cells for data in _maps(cell.get("outputs", []))):
        today = _todays_map(product.source.name)
        stale = stale or not today.items() <= data.items()
        data.update(today)
    others = [*_cells(product, stored), *_metadata(product, stored), *_outputs(product, stored)]
    return stored if stale and not others else None


def strays(root: Path) -> list[str]:
    """One sentence for each file in the folders that no source accounts for."""
    expected = {
        f"{folder}/{path.stem}.ipynb"
        for kind, folders in BUILT.items()
        for folder in folders
        for path in source_paths(root, kind)
    }
    unaccounted = [path for path in _files(root, FOLDERS) if path not in expected]
    foreign = [path for path in _files(root, SOURCE_FOLDERS.values()) if not path.endswith(".py")]
    return [
        *(f"{path}: no source stands behind it; delete it" for path in unaccounted),
        *(f"{path}: it is no percent script; move it out of source/" for path in foreign),
    ]


def _files(root: Path, folders: Iterable[str]) -> Iterator[str]:
    """Every file in the folders but hidden ones and what Python and Jupyter leave behind."""
    for folder in folders:
        for file in sorted((root / folder).rglob("*")):
            parts = file.relative_to(root).parts
            if file.is_file() and not any(part.startswith(".") or part == "__pycache__" for part in parts):
                yield file.relative_to(root).as_posix()


def _cells(product: Product, stored: Notebook) -> Iterator[str]:
    """Where the stored cells part from the source's, as far as running does not change them."""
    should, have = product.notebook.cells, stored.cells
    for number, (expected, cell) in enumerate(zip(should, have, strict=False), start=1):
        keys = sorted((expected.keys() | cell.keys()) - _MATTER_OF_RUNNING)
        differing = [key for key in keys if expected.get(key) != cell.get(key)]
        if differing:
            where = f"{product.source.path}:{product.source.cells[number - 1].line}"
            yield f'cell {number} ("{cell.get("id")}"): {_listed(differing)} not as in {where}'
            if len(should) != len(have):
                break
    if len(should) != len(have):
        yield f"it has {len(have)} cells, its source {len(should)}"


def _metadata(product: Product, stored: Notebook) -> Iterator[str]:
    expected = dict(product.notebook.metadata)
    if product.executed:
        expected["course"] = expected["course"] | {"code": stored.metadata.get("course", {}).get("code")}
    keys = sorted(expected.keys() | stored.metadata.keys())
    differing = [key for key in keys if expected.get(key) != stored.metadata.get(key)]
    if differing:
        yield f"the notebook's metadata {_listed(differing)} not as the build writes them"
    if (stored.get("nbformat"), stored.get("nbformat_minor")) != (4, 5):
        yield "it is not of nbformat 4.5"


def _outputs(product: Product, stored: Notebook) -> Iterator[str]:
    code = [(number, cell) for number, cell in enumerate(stored.cells, start=1) if cell.cell_type == "code"]
    if not product.executed:
        for number, cell in code:
            if cell.outputs or cell.get("execution_count") is not None:
                yield f"{_named(number, cell)}: it holds an output or a count, and a learner's copy has none"
        return
    if stored.metadata.get("course", {}).get("code") != notebook.fingerprint(product.notebook):
        yield "its outputs are older than its code, or were not stored by the build"
    for count, (number, cell) in enumerate(code, start=1):
        if cell.get("execution_count") is None:
            yield f"{_named(number, cell)}: it has no stored execution"
        elif cell.execution_count != count:
            yield f"{_named(number, cell)}: it was run out of order ([{cell.execution_count}], not [{count}])"
        elif not _is_tidy(cell.outputs):
            yield f"{_named(number, cell)}: its outputs are not as the build stores them (widget views, paths)"
        elif not _is_todays_map(product.source.name, cell.outputs):
            yield f"{_named(number, cell)}: its map of lessons is not what course_lib.curriculum now says"


def _is_tidy(stored: list[dict[str, Any]]) -> bool:
    return bool(outputs.tidy(stored) == stored)


def _is_todays_map(lesson: str, stored: list[dict[str, Any]]) -> bool:
    """Whether each map among the outputs is the one this lesson would show today; True where there is none."""
    return all(data.get(kind) == told for data in _maps(stored) for kind, told in _todays_map(lesson).items())


def _maps(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the outputs of a cell hold of the map of lessons."""
    shown = [out["data"] for out in stored if "data" in out]
    return [data for data in shown if str(data.get("text/plain", "")).startswith("Map of lessons\n")]


def _todays_map(lesson: str) -> dict[str, str]:
    from course_lib.teach.learning_map import stored_map

    return stored_map(lesson)


def _named(number: int, cell: Any) -> str:
    return f'cell {number} ("{cell.get("id")}")'


def _listed(names: list[str]) -> str:
    return f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'}"
