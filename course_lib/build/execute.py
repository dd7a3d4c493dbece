"""Running a notebook in a kernel of this interpreter, and evaluating the proofs of its numbers at the end."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from course_lib.build import outputs
from course_lib.build.notebook import Notebook
from course_lib.build.numbers import Value
from course_lib.build.source import Source
from course_lib.errors import CourseError

SECONDS_PER_CELL = 300
"""Far more than any cell may take (a lesson has 30 s), so that only a cell that hangs is stopped."""


class ExecutionError(CourseError):
    """A cell that raised, hung or ended its kernel: `FILE:LINE: what happened`."""


@dataclass(frozen=True)
class Failure:
    """An expression that could not be evaluated to a number, and why."""

    reason: str


def run(
    notebook: Notebook, source: Source, folder: Path, root: Path, expressions: Sequence[str] = ()
) -> tuple[Notebook, list[Value | Failure]]:
    """The notebook with its outputs as they are stored, and the values of `expressions` in its final namespace.

    It runs in `folder`, where it will lie, with one thread, a fixed hash seed and an empty work folder. Raises
    `ExecutionError` with the file and the line of the cell that failed.
    """
    executed = deepcopy(notebook)
    with tempfile.TemporaryDirectory() as scratch:
        values = asyncio.run(_execute(executed, source, folder, root, Path(scratch), expressions))
        _store(executed, source, _places(root, scratch))
    return executed, values


def kernel_environment(root: Path, scratch: Path) -> dict[str, str]:
    """The environment in which the course's notebooks are run, so that a run depends on nothing of the person's own.

    `scratch` is an empty folder; the learner's state (`COURSE_WORK`) and IPython's profile go there.
    """
    import course_lib

    library = str(Path(course_lib.__file__).resolve().parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    fixed = {
        "COLUMNS": "80",
        "COURSE_BUILD": "1",
        "COURSE_ROOT": str(root),
        "COURSE_WORK": str(scratch / "work"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "MKL_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONPATH": os.pathsep.join([library, inherited] if inherited else [library]),
    }
    passed_on = {
        name: value for name, value in os.environ.items() if name not in ("MPLBACKEND", "PYTHONWARNINGS")
    }
    return passed_on | fixed


async def _execute(
    notebook: Notebook, source: Source, folder: Path, root: Path, scratch: Path, expressions: Sequence[str]
) -> list[Value | Failure]:
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    client = NotebookClient(
        notebook,
        km=_kernel_manager(),
        timeout=SECONDS_PER_CELL,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
    )
    log = scratch / "kernel.log"  # what the kernel process itself says, such as why it cannot start
    environment = kernel_environment(root, scratch)
    index = 0
    try:
        with log.open("w") as said:
            async with client.async_setup_kernel(env=environment, cleanup_kc=True, stdout=said, stderr=said):
                for index, cell in enumerate(notebook.cells):
                    await client.async_execute_cell(cell, index)
                return await _evaluate(client, expressions)
    except CellExecutionError as error:
        raise _error(
            source, index, f"{_line_in_cell(error.traceback)}{error.ename}: {error.evalue}"
        ) from None
    except CellTimeoutError:
        raise _error(source, index, f"it ran for more than {SECONDS_PER_CELL} s and was stopped") from None
    except DeadKernelError:
        raise _error(source, index, "its kernel died (out of memory, or the code ended it)") from None
    except RuntimeError as error:  # the kernel did not start
        last = (log.read_text(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
        raise ExecutionError(
            f"{source.path}: no kernel starts ({error}: {last}); run `course doctor`."
        ) from None


def _kernel_manager() -> Any:
    """A manager whose only kernel is this interpreter, whatever kernels the person has installed."""
    from ipykernel.kernelspec import RESOURCES, get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())

    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=ThisInterpreter())


async def _evaluate(client: Any, expressions: Sequence[str]) -> list[Value | Failure]:
    return values(await client.async_wait_for_reply(ask(client.kc, expressions)))


def ask(kernel: Any, expressions: Sequence[str]) -> str:
    """Ask a kernel for the expressions' values in its namespace; the id of the message whose reply holds them."""
    asked = {
        str(number): f"repr((lambda value: value if type(value) is int else float(value))({expression}\n))"
        for number, expression in enumerate(expressions)
    }
    return str(kernel.execute("pass", silent=True, store_history=False, user_expressions=asked))


def values(reply: dict[str, Any]) -> list[Value | Failure]:
    """What a reply to `ask` says, as ints or floats: their exact repr crosses over."""
    said = reply["content"]["user_expressions"]
    return [_value(said[str(number)]) for number in range(len(said))]


def _value(answer: dict[str, Any]) -> Value | Failure:
    if answer["status"] != "ok":
        return Failure(f"{answer['ename']}: {answer['evalue']}")
    written = ast.literal_eval(answer["data"]["text/plain"])
    return int(written) if re.fullmatch(r"-?\d+", written) else float(written)


def _store(notebook: Notebook, source: Source, places: dict[str, str]) -> None:
    """Number the executions from 1 and tidy the outputs; a strictly compared cell may not print a place."""
    code = [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    for count, (index, cell) in enumerate(code, start=1):
        cell.execution_count = count
        cell.metadata.pop("execution", None)
        tidied = outputs.tidy(cell.outputs, places)
        compared = "nbval-ignore-output" not in cell.metadata.get("tags", [])
        if compared and tidied != outputs.tidy(cell.outputs):
            hint = "print a name, or tag it nbval-ignore-output"
            raise _error(source, index, f"it prints a folder of this machine; {hint}")
        cell.outputs = [nbformat.from_dict(output) for output in tidied]  # type: ignore[no-untyped-call]
        for output in cell.outputs:
            if output["output_type"] == "execute_result":
                output["execution_count"] = count


def _places(root: Path, scratch: str) -> dict[str, str]:
    """The folders of this machine by which an output could tell where it was made, the innermost first."""
    places = {
        scratch: "<work>",
        tempfile.gettempdir(): "<temp>",
        str(root): "<course>",
        sys.prefix: "<python>",
        str(Path.home()): "~",
    }
    return dict(sorted(places.items(), key=lambda place: -len(place[0])))


def _error(source: Source, index: int, what: str) -> ExecutionError:
    cell = source.cells[index]
    name = cell.id or cell.answer or cell.check
    called = f' "{name}"' if name else ""
    return ExecutionError(f"{source.path}:{cell.line}: cell {index + 1}{called}: {what}")


def _line_in_cell(traceback: str) -> str:
    """`in its line 3, `: where in the cell the error arose, as far as the traceback tells."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", traceback)
    line = re.search(r"Cell In\[\d+\], line (\d+)", plain)
    return f"in its line {line[1]}, " if line else ""
