"""`course lab`: JupyterLab with the course in it, and this Python's own kernel."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from course_lib.errors import CourseError
from course_lib.work import course_root, work_folder

FIRST = Path("notebooks") / "00_start_here.ipynb"


class LabError(CourseError):
    """One sentence: why JupyterLab cannot be opened, and what to do."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `course lab` takes."""
    parser.add_argument("--no-browser", action="store_true", help="only print the address, as on a server")
    parser.add_argument("--port", type=int, help="the port to serve at (8888, or the next one that is free)")


def served_folder(root: Path, work: Path) -> Path:
    """The folder that JupyterLab shows: the course, or the nearest that holds the work folder too.

    JupyterLab opens nothing outside it, so a work folder elsewhere (`COURSE_WORK`) must lie in it.
    """
    try:
        return Path(os.path.commonpath([root, work]))
    except ValueError:  # two drives on Windows
        return root


def settings(root: Path, work: Path, *, browser: bool, port: int | None) -> list[str]:
    """JupyterLab's own arguments: where it begins, how little it says, and that it asks no one for news."""
    served = served_folder(root, work)
    own = root if work.is_relative_to(root) else work  # a course that many share may be read-only
    chosen = [
        f"--ServerApp.root_dir={served}",
        f"--LabApp.default_url=/lab/tree/{(root / FIRST).relative_to(served).as_posix()}",
        f"--LabApp.workspaces_dir={own / '.jupyter' / 'workspaces'}",  # not the layout of other projects
        "--LabApp.news_url=None",
        "--LabApp.expose_app_in_browser=True",  # else JupyterLab asks before a panel may open a notebook
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--log-level=WARN",  # the address is still printed
    ]
    if not browser:
        chosen.append("--no-browser")
    if port is not None:
        chosen.append(f"--port={port}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        chosen.append("--allow-root")  # in a container there is often no one else
    return chosen


def prefer_own_settings() -> None:
    """Let the course's defaults for JupyterLab be found: it would ask about news, which `news_url` does not stop."""
    own = str(Path(__file__).parent / "lab_settings")
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = own + (os.pathsep + others if others else "")


def prefer_own_kernel() -> None:
    """Put this Python's Jupyter files before all others, so that `python3` is this Python's kernel."""
    own = str(Path(sys.prefix) / "share" / "jupyter")
    others = os.environ.get("JUPYTER_PATH")
    os.environ["JUPYTER_PATH"] = own + (os.pathsep + others if others else "")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"


def run(arguments: argparse.Namespace) -> int:
    """Serve JupyterLab until it is stopped. Raises `LabError` where there is nothing to open."""
    root = course_root()
    if not (root / FIRST).is_file():
        raise LabError(f"{root / FIRST} is missing; run `course build`, or clone the course again.")
    if arguments.port is not None and not 0 < arguments.port < 2**16:
        raise LabError(f"{arguments.port} is not a port; choose one from 1024 to 65535.")
    work = work_folder()
    if not os.access(work, os.W_OK):
        raise LabError(
            f"The work folder {work} cannot be written to; make it yours, or set COURSE_WORK to a folder that you "
            "may write to."
        )
    prefer_own_kernel()
    prefer_own_settings()
    from jupyterlab.labapp import LabApp  # after the paths are set, which it reads as it is imported

    print("Starting JupyterLab; press Ctrl-C here to stop it.", flush=True)
    LabApp.launch_instance(settings(root, work, browser=not arguments.no_browser, port=arguments.port))
    return 0


def address_of(path: Path) -> str | None:
    """The address of `path` in a JupyterLab of this user that is running and can see it; None without one."""
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        folder = Path(server["root_dir"]).resolve()
        if path.resolve().is_relative_to(folder):
            inside = path.resolve().relative_to(folder).as_posix()
            return f"{server['url']}lab/tree/{inside}?token={server['token']}"
    return None
