"""How a worker process is started: its command line, its environment, and the sandbox around it.

The sandbox is bubblewrap's: namespaces of its own, a root that holds Python, its libraries and this package and
nothing else, all of it read-only. Not in it: homes, the course's `solutions/` and `source/`, the references
(`checks/judges/`), the submissions, the ledger. What each submission's process adds is in `enclosure`.
"""

from __future__ import annotations

import os
import shutil
import site
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import course_lib
from course_lib.errors import CourseError

UNCONFINED = (
    "The notebooks ran without a sandbox: their code could read files and use the network of the machine that "
    "graded them, and change what it found there. Trust these points as far as you trust the learners."
)

MODULE = "course_lib.grading.worker"

_PACKAGE = Path(course_lib.__file__).resolve().parent
_SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/fonts",
    "/etc/localtime",
)
_KEPT = ("PATH", "LANG", "SYSTEMROOT", "TZ")


class ConfineError(CourseError):
    """There is no sandbox here; the message says why and what to install."""


@dataclass(frozen=True)
class Start:
    """How to start one worker."""

    command: list[str]
    environment: dict[str, str]


def plain(folder: Path, *arguments: str) -> Start:
    """Without a sandbox; `folder` is the worker's home and its place for temporary files."""
    return Start([sys.executable, "-m", MODULE, *arguments], _environment(folder))


def sandboxed(*arguments: str, module: str | None = None) -> Start:
    """In the sandbox, the worker or another `module`; raises `ConfineError` where there is none."""
    if sys.platform != "linux":
        raise ConfineError(_refusal("there is a sandbox on Linux only"))
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise ConfineError(_refusal("bubblewrap is missing (on Debian and Ubuntu: apt install bubblewrap)"))
    command = [bubblewrap, *_walls(), "--", sys.executable, "-m", module or MODULE, "--enclosed", *arguments]
    return Start(command, _environment(Path("/tmp")))


def try_sandbox() -> None:
    """Start an empty sandbox; raises `ConfineError` with the kernel's own words where that fails."""
    start = sandboxed()
    words = [*start.command[: start.command.index("--")], "--", sys.executable, "-c", "pass"]
    tried = subprocess.run(words, env=start.environment, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        said = tried.stderr.strip().splitlines() or ["it said nothing"]
        raise ConfineError(_refusal(f"bubblewrap cannot make one here ({said[-1]})"))


def _refusal(why: str) -> str:
    return (
        f"Grading needs a sandbox for the learners' code, and {why}. "
        "With --no-sandbox it runs unprotected; do that only with code of people you trust."
    )


def visible() -> list[Path]:
    """The folders and files beside the system's that the sandbox shows, read-only."""
    return [Path(sys.base_prefix).resolve(), Path(sys.prefix).resolve(), _PACKAGE]


def keep_apart(*secrets: Path) -> None:
    """Raise `ConfineError` for a path that every notebook would see, since it lies in what the sandbox shows.

    So it is where an environment was made in the class's own folder, or the class lies in a folder of the system's.
    """
    home = Path.home().resolve()
    for shown in _everything_shown():
        if home.is_relative_to(shown) and home != Path("/"):
            raise ConfineError(
                f"The sandbox would show {shown} to every notebook, since Python lies there, and with it your home "
                "folder; make the environment in a folder of its own (`python3 -m venv .venv`), and grade with that."
            )
        for secret in secrets:
            if secret.resolve().is_relative_to(shown):
                raise ConfineError(
                    f"{secret} lies in {shown}, which the sandbox shows to every notebook, since Python lies there; "
                    "move it to a folder outside, or make the environment in a folder of its own."
                )


def _everything_shown() -> list[Path]:
    """What the sandbox shows, of the system and beside it."""
    return [*(Path(part).resolve() for part in _SYSTEM if Path(part).is_dir()), *visible()]


def _hidden() -> list[Path]:
    """What lies in a shown folder and is covered: each copy of the references, and the course's own solutions."""
    course = _PACKAGE.parent
    sites = [Path(entry).resolve() for entry in sys.path if entry] + [
        Path(folder).resolve() for folder in site.getsitepackages()
    ]
    covered = [
        *(folder / "course_lib" / "checks" / "judges" for folder in (course, *sites)),
        *(course / name for name in ("solutions", "source", "tests", "work", ".git")),
    ]
    shown = visible()
    return [
        path
        for path in dict.fromkeys(covered)
        if path.is_dir() and any(path.is_relative_to(root) for root in shown)
    ]


def _walls() -> list[str]:
    walls = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    if os.geteuid() == 0:
        # Root's worker keeps real rights inside, to give each submission a user id that nobody has.
        walls += ["--cap-drop", "ALL"]
        rights = ["CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_KILL", "CAP_SYS_PTRACE"]
    else:
        walls += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
        rights = ["CAP_SYS_ADMIN", "CAP_SETPCAP"]
    for right in rights:
        walls += ["--cap-add", right]
    for part in _SYSTEM:
        walls += _shown(Path(part))
    # Not `--dev`: its terminals would cost a second user namespace, in which the worker could not make others.
    walls += ["--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/dev", "--dir", "/dev/shm"]
    for device in ("null", "zero", "full", "random", "urandom"):
        walls += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    shown = visible()
    for folder in dict.fromkeys(parent for path in shown for parent in reversed(path.parents)):
        walls += ["--perms", "0755", "--dir", str(folder)]
    for path in shown:
        walls += ["--ro-bind", str(path), str(path)]
    for path in _hidden():
        walls += ["--tmpfs", str(path), "--remount-ro", str(path)]
    walls += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp"]
    return [*walls, "--die-with-parent", "--new-session"]


def _shown(path: Path) -> list[str]:
    """A part of the system as it is there: a link as a link, a folder read-only, nothing for nothing."""
    if path.is_symlink():
        return ["--symlink", str(path.readlink()), str(path)]
    return ["--ro-bind", str(path), str(path)] if path.exists() else []


def _environment(folder: Path) -> dict[str, str]:
    """All that a worker sees of the environment."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return (
        kept
        | dict.fromkeys(threads, "1")
        | dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "COURSE_WORK"), str(folder))
        | {
            "IPYTHONDIR": str(folder / "ipython"),
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": str(folder / "matplotlib"),
            "PIP_NO_INDEX": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONHASHSEED": "0",
            "PYTHONPATH": str(_PACKAGE.parent),
            "PYTHONUTF8": "1",
            "USER": "learner",
        }
    )
