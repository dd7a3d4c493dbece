"""Which version of a question's check a result was decided by: a digest of its points and of the code of both halves.

Read from the sources, without importing the judges: the question's `Asked(...)` and `Judged(...)`, and every definition
of the course that they reach by name, in whichever file it stands. Comments, spacing and documentation do not count,
nor does the engine (`checks.judging`, `checks.compare`, ...), whose changes are for `--regrade` to follow.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import course_lib
from course_lib.checks import exercises

_ENGINE = {
    f"course_lib.checks.{room}"
    for room in ("asking", "card", "case", "compare", "exercises", "judging", "refusing", "wire")
}
_HALVES = (("probes", "Asked"), ("judges", "Judged"))
_FACES = ("ASKED", "JUDGED")
"""The lists of all questions of an exercise: a question that looks itself up in one is not all of them."""

Found = tuple[str, str]
"""A definition: the module that holds it, and its name there; `*` is the whole module."""


def versions(exercise: str) -> Mapping[str, str]:
    """The version of each question of `exercise` as the course is now; nothing for an exercise that it has not."""
    if exercise not in exercises.EXERCISES:
        return {}
    sources = _Sources()
    return {
        asked.name: hashlib.sha256(
            "\0".join((str(asked.points), *sources.of_question(exercise, asked.name))).encode()
        ).hexdigest()[:32]
        for asked in exercises.load_asked(exercise)
    }


class _Module:
    """The names that a module defines or imports at its top."""

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.tree = ast.parse(path.read_bytes())
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        self.defined: dict[str, ast.AST] = {}
        self.imported = dict(_imports(self.tree, package))
        self.package = package
        for statement in _statements(self.tree.body):
            for target in _targets(statement):
                self.defined.setdefault(target, statement)


class _Sources:
    """The course's own sources, each read once."""

    def __init__(self) -> None:
        self._modules: dict[str, _Module | None] = {}
        self._known: dict[Found, tuple[str, list[Found]]] = {}

    def of_question(self, exercise: str, question: str) -> list[str]:
        """The texts of all definitions that decide on a question, in an order that no move of them changes."""
        seen: dict[Found, str] = {}
        left: list[Found] = []
        for half, maker in _HALVES:
            modules = [
                module for name in _in_half(half, exercise) if (module := self._module(name)) is not None
            ]
            roots = [(module, call) for module in modules for call in _makings(module.tree, maker, question)]
            # A question that is made in some other way is known by all of its half.
            for module, node in roots or [(module, module.tree) for module in modules]:
                root = (module.name, f"{maker} {question}")
                seen[root] = _text(node)
                left += self._reached(module, node)
        while left:
            found = left.pop()
            if found not in seen and found[1] not in _FACES:
                seen[found], reached = self._definition(found)
                left += reached
        return sorted(set(seen.values()))

    def _definition(self, found: Found) -> tuple[str, list[Found]]:
        """The text of a definition, and what it reaches itself."""
        if found not in self._known:
            holder = self._module(found[0])
            assert holder is not None  # it was found there
            node = holder.tree if found[1] == "*" else holder.defined[found[1]]
            self._known[found] = _text(node), list(self._reached(holder, node))
        return self._known[found]

    def _reached(self, module: _Module, node: ast.AST) -> Iterator[Found]:
        inside = dict(_imports(node, module.package))
        for part in ast.walk(node):
            chain = _chain(part)
            if chain:
                yield from self._resolved(module, inside, chain)

    def _resolved(self, module: _Module, inside: Mapping[str, str], chain: list[str]) -> Iterator[Found]:
        """What a dotted name means: `probes.draw`, say, where `probes` is an imported module."""
        first, *rest = chain
        if first not in inside and first in module.defined:
            yield module.name, first
            return
        place = inside.get(first) or module.imported.get(first)
        if place is not None:
            yield from self._at(place.split(".") + rest, 0)

    def _at(self, parts: list[str], depth: int) -> Iterator[Found]:
        """The definition at a dotted place, through the modules that hand it on."""
        if parts[0] != "course_lib" or depth > 20:
            return
        at = next((n for n in range(len(parts), 0, -1) if self._module(".".join(parts[:n]))), 0)
        name = ".".join(parts[:at])
        holder = self._module(name)
        if holder is None or name in _ENGINE or at == len(parts):
            return
        wanted = parts[at]
        if wanted in holder.defined:
            yield name, wanted
        elif wanted in holder.imported:
            yield from self._at(holder.imported[wanted].split("."), depth + 1)
        else:
            yield name, "*"

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            path = _file(name)
            self._modules[name] = None if path is None else _Module(name, path)
        return self._modules[name]


def _file(name: str) -> Path | None:
    """The source of a module, without importing it."""
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded:
        return Path(loaded)
    place = Path(course_lib.__file__).parent.joinpath(*name.split(".")[1:])
    candidates = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    return next((path for path in candidates if path.is_file()), None)


def _in_half(half: str, exercise: str) -> list[str]:
    """The modules in which one half of an exercise stands: one, or all of a folder."""
    name = f"course_lib.checks.{half}.e{exercise}"
    path = _file(name)
    if path is None or path.name != "__init__.py":
        return [name]
    return [name, *(f"{name}.{file.stem}" for file in sorted(path.parent.glob("*.py")) if file != path)]


def _makings(tree: ast.AST, maker: str, question: str) -> list[ast.AST]:
    """The calls that make a question's half: `Asked("name", ...)`, `Judged(name="name", ...)`."""
    found: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _chain(node.func)[-1:] == [maker]:
            named = [*node.args[:1], *(word.value for word in node.keywords if word.arg == "name")]
            if any(isinstance(value, ast.Constant) and value.value == question for value in named):
                found.append(node)
    return found


def _chain(node: ast.AST) -> list[str]:
    """`a.b.c` as its names; nothing for what is no dotted name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else []


def _imports(node: ast.AST, package: str) -> Iterator[tuple[str, str]]:
    """Each imported name, with the dotted place that it stands for."""
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            for alias in part.names:
                place = alias.name if alias.asname else alias.name.partition(".")[0]
                yield alias.asname or place, place
        elif isinstance(part, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - part.level + 1] if part.level else []
            base = ".".join([*above, *([part.module] if part.module else [])])
            for alias in part.names:
                yield alias.asname or alias.name, f"{base}.{alias.name}"


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, those under a condition included."""
    for statement in body:
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for field in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(statement, field, []))
        else:
            yield statement


def _targets(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
    return []


def _text(node: ast.AST) -> str:
    """A definition without comments, spacing and documentation."""
    copied = ast.parse(ast.unparse(node))
    for part in ast.walk(copied):
        body = getattr(part, "body", None)
        if isinstance(body, list):
            kept = [
                one for one in body if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
            ]
            part.body = kept or [ast.Pass()]  # type: ignore[attr-defined]
    return ast.unparse(copied)
