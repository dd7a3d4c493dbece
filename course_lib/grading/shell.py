"""The IPython shell in which a submission's cells run: a learner's own kernel, without its screen and its network.

Cells mean here what they mean in JupyterLab. What only the machine is to blame for costs nothing but itself:

- a shell line (`!ls`, `x = !ls`, `%ls`) runs without a terminal, and its failure is no error; one that installs
  packages does nothing, since what grading has is fixed;
- a magic that is not there, or that needs what is not there, is passed over; a cell magic that is not there runs its
  cell, where that is Python;
- a statement outside functions that ends because a package, a file or the network is not there is passed over, and the
  rest of its cell runs. The names of a package that is not there stand for it: whoever uses one is told which package;
- `input()` gets an empty line.

`passed` holds what was passed over. Importing this module imports IPython.
"""

from __future__ import annotations

import ast
import builtins
import getpass
import linecache
import re
import subprocess
from dataclasses import dataclass
from typing import Any, NoReturn

from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import LSString, SList
from traitlets import Type

from course_lib.checks.asking import first_line

MOST_PASSED = 20
"""How many statements of one cell are told of."""

_IGNORED = frozenset(
    "autosave clear cls conda connect_info debug ed edit gui less mamba man matplotlib micromamba more page paste "
    "cpaste pastebin pdb pip qtconsole quickref subshell uv".split()
)
"""Magics that draw, ask, install, or show where there is no screen."""

_RUNS_CODE = frozenset("capture prun run time timeit".split())
"""Magics whose errors are the learner's own code's."""

_INSTALLS = re.compile(
    r"\s*(?:sudo\s+(?:-\w+\s+)*)?(?:\S*python[\d.]*(?:\.exe)?[\"']?\s+-m\s+)?"
    r"(?:pip[\d.]*|conda|mamba|micromamba|uv|apt|apt-get|brew|npm)\s",
)


@dataclass(frozen=True)
class Passed:
    """A statement that was passed over: its first line, the error, and the module that is missing, if one is."""

    statement: str
    error: str
    detail: str
    module: str = ""


class MissingPackage:
    """Stands for what a failed import would have bound; whatever is done with it raises the import's own error."""

    def __init__(self, message: str, module: str | None) -> None:
        object.__setattr__(self, "_says", (message, module))

    def _raise(self, *_: object, **__: object) -> NoReturn:
        message, module = object.__getattribute__(self, "_says")
        raise ModuleNotFoundError(message, name=module)

    __getattr__ = __call__ = __iter__ = __getitem__ = __enter__ = __mro_entries__ = _raise
    __len__ = __bool__ = __float__ = __int__ = __index__ = __array__ = __contains__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = _raise
    __truediv__ = __rtruediv__ = __pow__ = __rpow__ = __lt__ = __le__ = __gt__ = __ge__ = __neg__ = _raise


class _Unseen(DisplayHook):
    """Keeps the last value as `_`, and shows it to nobody."""

    def write_output_prompt(self) -> None:
        """There is no prompt."""

    def compute_format_data(self, result: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return {}, {}


class Shell(InteractiveShell):
    """Runs cells; `passed` holds what was passed over since `run` was called last."""

    displayhook_class = Type(_Unseen)

    def __init__(self, **settings: Any) -> None:
        self.passed: list[Passed] = []
        super().__init__(**settings)
        builtins.input = getpass.getpass = self._no_answer

    def run(self, source: str) -> BaseException | None:
        """Run one cell as a notebook would; the error that stopped it, if one did."""
        self.passed = []
        result = self.run_cell(source, store_history=True)
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error

    def _pass_over(self, statement: str, error: BaseException) -> None:
        if len(self.passed) < MOST_PASSED:
            line = (statement.strip().splitlines() or [""])[0][:100]
            module = str(error.name or "")[:100] if isinstance(error, ModuleNotFoundError) else ""
            self.passed.append(Passed(line, type(error).__name__[:100], first_line(error), module))

    def _no_answer(self, prompt: object = "", *_: object, **__: object) -> str:
        self._pass_over("input()", EOFError("nobody is there to answer, so it got an empty line"))
        return ""

    async def run_ast_nodes(
        self,
        nodelist: list[ast.stmt],
        cell_name: str,
        interactivity: str = "last_expr",
        compiler: Any = compile,
        result: Any = None,
    ) -> bool:
        """Run a cell's statements one by one, passing over those for which the machine is to blame."""
        nodes = [part for node in nodelist for part in _one_module_each(node)]
        for number, node in enumerate(nodes, 1):
            shown = interactivity if number == len(nodes) or interactivity == "all" else "none"
            stopped = await super().run_ast_nodes([node], cell_name, shown, compiler, result)
            if not stopped:
                continue
            error = result.error_in_exec if result is not None else None
            if error is None or not _machine_is_to_blame(error):
                return True
            result.error_in_exec = None
            self._pass_over(linecache.getline(cell_name, node.lineno), error)
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.user_ns.update(dict.fromkeys(_bound(node), _stand_in(error)))
        return False

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Run a line magic; one that fails is passed over, unless it was the learner's own code that failed."""
        if magic_name in _IGNORED:
            return None
        if magic_name == "timeit":
            line = f"-n1 -r1 {line}"  # a time is of no use here
        try:
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except Exception as error:
            no_such_file = magic_name == "run" and type(error) is Exception
            if magic_name in _RUNS_CODE and not no_such_file and not _machine_is_to_blame(error):
                raise
            self._pass_over(f"%{magic_name} {line}", error)
            return None

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Run a cell magic; likewise. One that only looks at its cell, or is not there, runs the cell as any other."""
        if magic_name == "timeit":
            line = f"-n1 -r1 {line}"
        known = self.find_magic(magic_name, "cell") is not None
        if magic_name == "time" or (not known and self._is_python(cell)):
            return self._run_inside(cell)
        try:
            shown = super().run_cell_magic(magic_name, line, cell)
        except Exception as error:
            if magic_name in _RUNS_CODE and not _machine_is_to_blame(error):
                raise
            self._pass_over(f"%%{magic_name} {line}", error)
            return None
        inner = self.last_execution_result
        if magic_name == "capture" and inner is not None and inner.error_in_exec is not None:
            raise inner.error_in_exec
        return shown

    def _run_inside(self, cell: str) -> Any:
        result = self.run_cell(cell)
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            raise error
        return result.result

    def _is_python(self, cell: str) -> bool:
        try:
            ast.parse(self.transform_cell(cell))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
        return True

    def system(self, cmd: str) -> None:
        """Run a shell line without a terminal; what it prints goes nowhere."""
        self.user_ns["_exit_code"] = self._run_line(self.var_expand(cmd, depth=1), subprocess.DEVNULL)[0]

    system_piped = system_raw = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """Run a shell line without a terminal, for its output."""
        printed = self._run_line(self.var_expand(cmd, depth=depth + 1), subprocess.PIPE)[1]
        return SList(printed.splitlines()) if split else LSString(printed)

    def _run_line(self, line: str, output: int) -> tuple[int, str]:
        if installs(line):
            return 0, ""
        try:
            ended = subprocess.run(
                line,
                shell=True,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                check=False,
            )
        except (OSError, ValueError) as error:
            self._pass_over(f"!{line}", error)
            return 127, ""
        return ended.returncode, ended.stdout or ""

    def showtraceback(self, *_: object, **__: object) -> None:
        """Nobody is there to read it."""

    showsyntaxerror = showindentationerror = showtraceback

    def _format_exception_for_storage(self, *_: object, **__: object) -> dict[str, str]:
        return {}

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no screen."""

    def ask_exit(self) -> None:
        """`exit` and `quit` in a cell end nothing: the questions are still to be put."""


def make_shell() -> Shell:
    """The one shell of this process; it keeps no history on disk."""
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell: Shell = Shell.instance(config=config)
    assert not shell.logger.log_active  # what it loads at its first cell is loaded now
    return shell


def installs(line: str) -> bool:
    """Whether a shell line calls a package manager."""
    return _INSTALLS.match(f"{line} ") is not None


def _machine_is_to_blame(error: BaseException | None) -> bool:
    """A package, a file or the network is not there, or a package could not be installed."""
    if isinstance(error, subprocess.CalledProcessError):
        command = error.cmd if isinstance(error.cmd, str) else " ".join(map(str, error.cmd or ()))
        return installs(command)
    return isinstance(error, ImportError | OSError)


def _one_module_each(node: ast.stmt) -> list[ast.stmt]:
    """`import a, b` as `import a` and `import b`, which is the same, so that one can be missing."""
    if isinstance(node, ast.Import):
        return [ast.copy_location(ast.Import([alias]), node) for alias in node.names]
    return [node]


def _bound(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The names that an import binds."""
    names = [alias.asname or alias.name.partition(".")[0] for alias in node.names]
    return [name for name in names if name != "*"]


def _stand_in(error: BaseException | None) -> MissingPackage:
    return MissingPackage(str(error), getattr(error, "name", None))
