"""A pytest plugin: after nbval has run a notebook, the numbers of its prose are held against what was computed.

Each notebook whose source proves numbers gets one more test, its last, in the kernel that nbval has just used: so a
lesson is run once for both. The stored outputs say what was computed when it was built; this says what it is now. The
JUnit report holds each proof's value, for `run_processors.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from course_lib.build import command, execute, products, source

if TYPE_CHECKING:
    from nbval.plugin import IPyNbFile

SECONDS = 60
"""More than any proof may take."""

NAME = "the numbers of the prose"


class ProvenProse(pytest.Item):
    """The proven numbers of one source, in the kernel of the notebook made from it."""

    def __init__(self, read: source.Source, **inherited: object) -> None:
        super().__init__(**inherited)
        self._read = read

    def runtest(self) -> None:
        notebook: IPyNbFile = self.parent
        assert not notebook.timed_out, "A cell ran out of time, so its kernel answers no more."
        proofs = command.proven_numbers(self._read)
        asked = execute.ask(notebook.kernel.kc, [number.expression for _, number in proofs])
        while (reply := notebook.get_kernel_message(SECONDS, "shell"))["parent_header"]["msg_id"] != asked:
            pass  # a reply to one of nbval's own questions, which it has not fetched
        values = execute.values(reply)
        for (line, number), value in zip(proofs, values, strict=True):
            where = f"{self._read.path}:{line}: {number.written} {number.relation} {number.expression}"
            self.user_properties.append((where, repr(value)))
        command.check_numbers(self._read, proofs, values)

    def repr_failure(self, failure: pytest.ExceptionInfo[BaseException], *_: object) -> str:
        return str(failure.value) or repr(failure.value)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.parent.name}: {self.name}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each notebook's test of its prose behind the notebook's last cell."""
    sources = _with_proofs(command.course_root())
    last = {item.path: place for place, item in enumerate(items)}
    for path, place in sorted(last.items(), key=lambda entry: -entry[1]):
        if path.resolve() in sources:
            notebook = items[place].parent
            items.insert(
                place + 1, ProvenProse.from_parent(notebook, name=NAME, read=sources[path.resolve()])
            )


def _with_proofs(root: Path) -> dict[Path, source.Source]:
    """The sources whose prose proves numbers, by the notebook that is run from them."""
    read = [source.read(path, root) for kind in source.FOLDERS for path in source.source_paths(root, kind)]
    return {
        root / products.EXECUTED[one.kind] / f"{one.name}.ipynb": one
        for one in read
        if command.proven_numbers(one)
    }
