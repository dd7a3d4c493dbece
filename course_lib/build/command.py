"""`course build`: the notebooks from their sources, and `--check`, which fails where the two have drifted apart."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from course_lib.build import drift, execute, notebook, numbers, outputs, readme, rules, source
from course_lib.build.notebook import Notebook
from course_lib.build.products import Product, products
from course_lib.errors import CourseError


class BuildError(CourseError):
    """A notebook that could not be built: which, and why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `course build`."""
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="a lesson's or exercise's name (default: all)"
    )
    parser.add_argument(
        "--check", action="store_true", help="build nothing; fail where source and notebooks differ"
    )
    parser.add_argument(
        "--force", action="store_true", help="build also what is up to date (its outputs are redone)"
    )


def run(args: argparse.Namespace) -> int:
    """Build or check; 0 when all is well, 1 when something needs a person (named on stderr), 2 for unknown names."""
    root = course_root()
    unknown = [name for name in args.names if name not in _known_names(root)]
    if unknown:
        known = ", ".join(sorted(_known_names(root)))
        print(
            f"There is no source called {', '.join(unknown)}; there are {known or 'none'}.", file=sys.stderr
        )
        return 2
    complaints = check(root, args.names) if args.check else build(root, args.names, force=args.force)
    for sentence in complaints:
        print(sentence, file=sys.stderr)
    if args.check and complaints:
        print(f"{len(complaints)} to mend; `course build` builds what has drifted.", file=sys.stderr)
    return 1 if complaints else 0


def course_root() -> Path:
    """The folder that holds `source/`: `COURSE_ROOT`, or the one this package lies in.

    `course_lib.work.course_root` asks for `exercises/`, which a first build has yet to make.
    """
    root = Path(os.environ.get("COURSE_ROOT") or Path(__file__).parents[2]).resolve()
    if not (root / "source").is_dir():
        raise BuildError(
            f"{root} holds no source/ to build from; set COURSE_ROOT to the folder of the course."
        )
    return root


def check(root: Path, names: Sequence[str] = ()) -> list[str]:
    """One sentence for every drift between source and notebooks; nothing is run and nothing written."""
    planned, complaints = _plan(root, names)
    for product in planned:
        complaints += drift.problems(product, root)
    if not names:
        complaints += [*drift.strays(root), *readme.problems(root)]
    if not complaints:
        print(f"{len(planned)} notebooks are as their sources say.")
    return complaints


def build(root: Path, names: Sequence[str] = (), force: bool = False) -> list[str]:
    """Build what has drifted from its source, and all of it with `force`; one sentence for each that failed."""
    planned, complaints = _plan(root, names)
    if not names:
        readme.write(root)
    for product in planned:
        if not force and not drift.problems(product, root):
            print(f"{product.path:<44} up to date", flush=True)
            continue
        if not force and (stored := drift.with_todays_map(product, root)) is not None:
            _write(product.file(root), stored)
            print(f"{product.path:<44} its map of lessons", flush=True)
            continue
        started = time.perf_counter()
        try:
            _write(product.file(root), finished(product, root))
        except CourseError as error:
            complaints.append(str(error))
        else:
            print(f"{product.path:<44} {time.perf_counter() - started:6.1f} s", flush=True)
    return complaints


def finished(product: Product, root: Path) -> Notebook:
    """The notebook as it is stored, run where it is to be run; raises `CourseError` for what a person must mend."""
    built = product.notebook
    product.file(root).parent.mkdir(exist_ok=True)
    if product.executed:
        proofs = proven_numbers(product.source)
        expressions = [number.expression for _, number in proofs]
        built, values = execute.run(built, product.source, root / product.folder, root, expressions)
        built.metadata.course.code = notebook.fingerprint(built)
        check_numbers(product.source, proofs, values)
        _keep_times(built, product.file(root))
    return built


def _keep_times(built: Notebook, file: Path) -> None:
    """Keep what is stored of a cell that is not compared, where the new run differs from it in numbers only.

    Such a cell prints a time or a last bit; a rebuild of the same source must not change a byte for that.
    """
    try:
        stored = notebook.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # nothing is stored yet, or nothing that could be kept
    before = {cell.get("id"): cell for cell in stored.cells if cell.cell_type == "code"}
    for cell in built.cells:
        same = before.get(cell.id)
        if (
            same is not None
            and same.source == cell.source
            and "nbval-ignore-output" in cell.metadata.get("tags", [])
            and outputs.differ_in_measurements_only(cell.outputs, same.outputs)
        ):
            cell.outputs = same.outputs


def proven_numbers(read: source.Source) -> list[tuple[int, numbers.Number]]:
    """The numbers of a source's prose that carry a proof, each with its line in the file."""
    return [
        (cell.line + number.line, number)
        for cell in read.cells
        if cell.kind == "markdown"
        for number in numbers.proven(cell.text)
    ]


def check_numbers(
    read: source.Source,
    proofs: Sequence[tuple[int, numbers.Number]],
    values: Sequence[numbers.Value | execute.Failure],
) -> None:
    """Raise `BuildError`, a sentence each, for the proven numbers that the values of their expressions disprove."""
    wrong = []
    for (line, number), value in zip(proofs, values, strict=True):
        if isinstance(value, execute.Failure):
            wrong.append(
                f"{read.path}:{line}: the proof of {number.written} cannot be evaluated ({value.reason})."
            )
        elif not number.holds(value):
            wrong.append(f"{read.path}:{line}: {number.complaint(value)}.")
    if wrong:
        raise BuildError("\n".join(wrong))


def _plan(root: Path, names: Sequence[str]) -> tuple[list[Product], list[str]]:
    """What is to be built, lessons first, and one sentence for each source that cannot be, or breaks a rule."""
    planned: list[Product] = []
    complaints: list[str] = [] if names else rules.broken_by_course(root)
    for kind in source.FOLDERS:
        for path in source.source_paths(root, kind):
            if names and path.stem not in names:
                continue
            try:
                read = source.read(path, root)
                complaints += rules.broken(read)
                planned += products(read)
            except CourseError as error:
                complaints.append(str(error))
    for name in names or [""]:
        complaints += rules.owed(root, name)
    return planned, complaints


def _known_names(root: Path) -> set[str]:
    return {path.stem for kind in source.FOLDERS for path in source.source_paths(root, kind)}


def _write(path: Path, built: Notebook) -> None:
    """Replace the file in one step, so that a build that is stopped leaves no half of a notebook."""
    import nbformat

    nbformat.validate(built)
    half = path.with_name(f".{path.name}.half")
    half.write_bytes(notebook.text(built).encode("utf-8"))
    half.replace(path)
