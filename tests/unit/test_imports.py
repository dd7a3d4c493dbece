"""Every package that the course imports is one that pyproject.toml names, and not one that another brings along."""

from __future__ import annotations

import ast
import importlib.metadata
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "course_lib": ("cluster",),
    "source": (),
    "tests": ("cluster", "test"),
    "benchmarks": ("cluster", "test"),
    "tools": ("cluster", "test"),
}
"""What lies where, and the extras of pyproject.toml that may be imported there beside what everybody installs."""

OURS = frozenset({"course_lib"}) | {
    path.stem
    for folder in ("tests", "benchmarks", "tools")
    for path in (ROOT / folder).rglob("*")
    if path.is_dir() or path.suffix == ".py"
}
"""The course itself, and what its tests and benchmarks import of each other by the folder that they lie in."""

COMES_WITH = {
    "IPython": "ipykernel",
    "jupyter_core": "jupyter-client",
    "jupyter_server": "jupyterlab",
    "traitlets": "jupyterlab",
    "yaml": "jupytext",
    "psutil": "ipykernel",
}
"""Import names that are part of what a named package promises: its own interface hands out their objects."""


def imported(text: str) -> Iterator[tuple[int, str]]:
    """The line and the top-level name of every absolute import, also of those inside functions."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


def named(extras: tuple[str, ...]) -> set[str]:
    """The distributions that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(line).name) for line in lines}


@cache
def brought_by() -> Mapping[str, list[str]]:
    """The distributions that bring each import name on this machine."""
    return importlib.metadata.packages_distributions()


def unnamed(text: str, distributions: set[str]) -> list[str]:
    """One sentence for each import of a package that `distributions` does not name."""
    found = []
    for line, name in imported(text):
        if name in sys.stdlib_module_names or name in OURS:
            continue
        owners = {canonicalize_name(owner) for owner in brought_by().get(name, [name])}
        if not owners & distributions and COMES_WITH.get(name) not in distributions:
            found.append(
                f"line {line}: {name} is not named in pyproject.toml; name it there, or do without it"
            )
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_imported_is_named(folder):
    distributions = named(FOLDERS[folder])
    complaints = []
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    for file in files:
        problems = unnamed(file.read_text(encoding="utf-8"), distributions)
        complaints += [f"{file.relative_to(ROOT)}, {problem}" for problem in problems]
    assert complaints == []


def test_a_package_that_only_another_brings_along_is_seen():
    assert unnamed("import torch\nfrom numpy import array\nimport json", named(())) == []
    inside = "def f():\n    import sympy\n    from networkx import Graph"
    assert [problem.split(" is ")[0] for problem in unnamed(inside, named(()))] == [
        "line 2: sympy",
        "line 3: networkx",
    ]


def test_what_comes_with_a_named_package_is_still_imported_and_brought_by_it():
    everything = {
        name
        for folder in FOLDERS
        for f in (ROOT / folder).rglob("*.py")
        for _, name in imported(f.read_text("utf-8"))
    }
    assert set(COMES_WITH) <= everything, "no longer imported"
