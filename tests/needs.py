"""What some tests need beyond Python packages: whether it is here, what it is for, and how a person gets it.

A test, a class or a whole file says so with `@pytest.mark.needs("sandbox", "node")`. Where it is not here the test is
skipped with the reason; a test that does not say so does not get to see it (`tests/conftest.py`), so that no test can
need something without saying it. `tests/preparing.py` fetches what is missing.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = "COURSE_PEERS"
"""The variable that names the folder of other graders' environments; `.peers` where it is not set."""
BROWSERS = "PLAYWRIGHT_BROWSERS_PATH"
"""Playwright's own variable: the folder of its browsers. The tests keep theirs in this Python's environment."""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Need:
    """One thing that some tests need.

    `programs` are the names by which it is found on the path, `package` is Debian's that brings it (empty: none does),
    `why_not` says in half a sentence why it is not here, or nothing.
    """

    name: str
    what: str
    why_not: Callable[[], str]
    get: str
    programs: tuple[str, ...] = ()
    package: str = ""


def _no_sandbox() -> str:
    from course_lib.grading import confine

    try:
        confine.try_sandbox()
    except confine.ConfineError as error:
        said = str(error).partition(", and ")[2]
        return said.partition(". With --no-sandbox")[0].partition(" (on Debian")[0]
    return ""


def browsers() -> Path:
    """Where Playwright keeps the browsers that it fetched for the tests."""
    return Path(os.environ.get(BROWSERS) or Path(sys.prefix) / "browsers")


def chromium() -> str | None:
    """The machine's own Chromium; None where there is none that runs, and Playwright's own is to be taken."""
    for path in filter(None, map(shutil.which, CHROMIUM)):
        # Ubuntu's command of this name does nothing but ask for another kind of package.
        tried = subprocess.run([path, "--version"], capture_output=True, check=False)
        if tried.returncode == 0:
            return path
    return None


def _no_browser() -> str:
    try:
        import playwright  # noqa: F401
    except ModuleNotFoundError:
        return "the package playwright is missing"
    # Playwright leaves this file beside a browser that it has fetched whole.
    if any(browsers().glob("chromium*/INSTALLATION_COMPLETE")) or chromium():
        return ""
    return "there is no Chromium"


def _no_node() -> str:
    return "" if shutil.which("node") else "there is no node"


def python_with_nbgrader() -> str | None:
    """The first interpreter that has nbgrader: this one, or the one in `.peers/nbgrader`."""
    folder = Path(os.environ.get(PEERS) or ROOT / ".peers") / "nbgrader"
    return _first_with_nbgrader((sys.executable, str(folder / "bin" / "python")))


@functools.cache
def _first_with_nbgrader(pythons: tuple[str, ...]) -> str | None:
    for python in pythons:
        if Path(python).exists():
            imported = subprocess.run([python, "-c", "import nbgrader"], capture_output=True, check=False)
            if imported.returncode == 0:
                return python
    return None


def _no_nbgrader() -> str:
    return "" if python_with_nbgrader() else "it is neither installed here nor in .peers/nbgrader"


NEEDS = {
    need.name: need
    for need in (
        Need(
            "sandbox",
            "the sandbox of the grader",
            _no_sandbox,
            "on Debian and Ubuntu `sudo apt install bubblewrap`",
            ("bwrap",),
            "bubblewrap",
        ),
        Need(
            "browser",
            "a browser",
            _no_browser,
            "on Debian `sudo apt install chromium`, elsewhere `python -m playwright install chromium` in .venv",
            CHROMIUM,
            "chromium",
        ),
        Need(
            "node",
            "Node, for the JavaScript of the demos",
            _no_node,
            "on Debian and Ubuntu `sudo apt install nodejs`",
            ("node", "nodejs"),
            "nodejs",
        ),
        Need(
            "nbgrader",
            "nbgrader, asked as another grader",
            _no_nbgrader,
            "`python3 -m venv .peers/nbgrader` and `.peers/nbgrader/bin/pip install -c requirements.lock "
            "nbgrader==0.9.6`",
        ),
    )
}


@functools.cache
def missing(name: str) -> str:
    """Why tests that need `name` cannot run here, and how to get it, in one sentence; empty where they can.

    Raises `KeyError` for a need that there is not.
    """
    need = NEEDS[name]
    why_not = need.why_not()
    return f"needs {need.what}, and {why_not}: {need.get}." if why_not else ""


def forget() -> None:
    """Look anew at what is here: something may have been fetched."""
    missing.cache_clear()
    _first_with_nbgrader.cache_clear()


def variables(asked: Collection[str]) -> dict[str, str]:
    """The environment of a test that asks for these: of what it does not ask for, it finds nothing.

    One that asks for the sandbox keeps the whole path, since the sandbox shows the system's folders as they are; and
    where links cannot be made (Windows), everyone keeps it.
    """
    found: dict[str, str] = {}
    hidden = frozenset(
        program for need in NEEDS.values() if need.name not in asked for program in need.programs
    )
    if "sandbox" not in asked and os.name != "nt":
        folders = os.environ.get("PATH", "").split(os.pathsep)
        found["PATH"] = os.pathsep.join(_without(folder, hidden) for folder in folders)
    if "browser" not in asked:
        found[BROWSERS] = str(_nothing())
    if "nbgrader" not in asked:
        found[PEERS] = str(_nothing())
    return found


@functools.cache
def _nothing() -> Path:
    return Path(_scratch().name) / "nothing"


@functools.cache
def _scratch() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="course-needs-", ignore_cleanup_errors=True)


@functools.cache
def _without(folder: str, hidden: frozenset[str]) -> str:
    """This folder of programs, or links to all in it but the hidden ones."""
    there = Path(folder)
    if not folder or not any((there / program).exists() for program in hidden):
        return folder
    links = Path(tempfile.mkdtemp(dir=_scratch().name))
    for program in there.iterdir():
        if program.name not in hidden:
            (links / program.name).symlink_to(program)
    return str(links)
