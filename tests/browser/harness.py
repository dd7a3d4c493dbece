"""A real JupyterLab and a real Chromium for the browser tests, and the few moves that every test makes.

    with served(folder) as lab, browser() as chromium:
        page = lab.open(chromium.new_page(), "notebooks/01_explosion.ipynb")
        run_all(page)
        panel = output(page, containing="Prediction")

Everything a server writes (settings, workspaces, the learner's work) lies in a temporary folder. Servers and
browsers end by their own process ids.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import needs

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Error, Locator, Page

ROOT = Path(__file__).resolve().parents[2]
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TOKEN = "course"
PATIENCE = 120_000
"""Milliseconds to wait for a kernel: two cores may be shared with other tests."""


def free_port() -> int:
    """A free port below the range from which the system hands out its own."""
    for port in random.sample(range(20_000, 30_000), 50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError("Fifty ports between 20000 and 30000 were tried, and all of them are taken.")


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that is being served: its address, the folder it shows, and the learner's work folder."""

    url: str
    folder: Path
    work: Path
    log: Path

    def open(self, page: Page, notebook: str) -> Page:
        """Open a notebook of the served folder in a fresh workspace, and wait until its kernel is idle."""
        page.goto(f"{self.url}/lab/tree/{notebook}?reset&token={TOKEN}")
        page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").first.wait_for(timeout=PATIENCE)
        dismiss_dialogs(page)
        wait_idle(page)
        return page


@contextmanager
def course_copy(*parts: str) -> Iterator[Path]:
    """A temporary copy of some folders of the course, so that what a test runs and saves touches nothing."""
    with tempfile.TemporaryDirectory(prefix="course-browser-") as name:
        folder = Path(name)
        for part in parts:
            shutil.copytree(ROOT / part, folder / part)
        yield folder


@contextmanager
def served(folder: Path, command: Sequence[str] = (), *, exposed: bool = True) -> Iterator[Lab]:
    """Serve `folder` with JupyterLab until the block ends; the learner's work goes to `folder/work`.

    `command` starts the server another way (`[sys.executable, "start.py"]`, say): it runs in `folder` and gets
    `--no-browser --port=N`. `exposed` lets the page's own scripts call JupyterLab's commands.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="course-lab-") as name:
        private = Path(name)
        _configure(private, folder, exposed)
        work = folder / "work"
        lab = Lab(f"http://127.0.0.1:{port}", folder, work, private / "server.log")
        with lab.log.open("wb") as log:
            process = subprocess.Popen(
                [*(command or (sys.executable, "-m", "jupyterlab")), "--no-browser", f"--port={port}"],
                cwd=folder,
                env=_environment(folder, work, private),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_until_served(process, lab)
            yield lab
        finally:
            _end(process)


def _configure(private: Path, folder: Path, exposed: bool) -> None:
    """A file rather than arguments, so that it holds for a server that another command starts."""
    settings = {
        "ServerApp": {
            "root_dir": str(folder),
            "port_retries": 0,
            "allow_root": hasattr(os, "geteuid") and os.geteuid() == 0,
        },
        "LabApp": {
            "news_url": None,
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "expose_app_in_browser": exposed,
        },
    }
    config = private / "config"
    config.mkdir()
    (config / "jupyter_lab_config.json").write_text(json.dumps(settings))
    quiet = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}
    (config / "labconfig").mkdir()
    (config / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(quiet))


def _environment(folder: Path, work: Path, private: Path) -> dict[str, str]:
    own = {
        "COURSE_ROOT": str(folder),
        "COURSE_WORK": str(work),
        "PYTHONPATH": str(ROOT),
        "JUPYTER_TOKEN": TOKEN,
        "JUPYTER_CONFIG_DIR": str(private / "config"),
        "JUPYTER_DATA_DIR": str(private / "data"),
        "JUPYTER_RUNTIME_DIR": str(private / "runtime"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(private / "ipython"),
    }
    return {**os.environ, **own}


def _wait_until_served(process: subprocess.Popen[bytes], lab: Lab) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{lab.url}/api/status?token={TOKEN}", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    said = lab.log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuntimeError(f"JupyterLab did not answer at {lab.url}. It said:\n{said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def browser() -> Iterator[Browser]:
    """The machine's Chromium without a window, or else the one that Playwright fetched."""
    from playwright.sync_api import sync_playwright

    os.environ[needs.BROWSERS] = str(needs.browsers())
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=needs.chromium(), args=list(FLAGS))
        try:
            yield chromium
        finally:
            chromium.close()


def listen(page: Page) -> list[str]:
    """The errors that scripts of this page raise from now on; a test asserts that the list stays empty.

    What JupyterLab's own core raises from within itself is passed over: it now and then removes a node twice when a
    tab opens. A panel's script is loaded from a `blob:` address, and so is told apart.
    """
    heard: list[str] = []

    def hear(error: Error) -> None:
        said = f"{error}\n{error.stack or ''}"
        if "/static/lab/jlab_core" not in said or "blob:" in said:
            heard.append(said)

    page.on("pageerror", hear)
    return heard


def dismiss_dialogs(page: Page) -> None:
    """Close what JupyterLab may ask at the start."""
    dialog = page.locator(".jp-Dialog")
    while dialog.count():
        page.keyboard.press("Escape")
        page.wait_for_timeout(100)


def wait_idle(page: Page) -> None:
    """Wait until the status bar says that the notebook's kernel has nothing to do."""
    page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for(timeout=PATIENCE)


def run_all(page: Page) -> None:
    """Run every cell of the open notebook, and wait for the last."""
    command(page, "notebook:run-all-cells")
    wait_idle(page)


def command(page: Page, name: str, **arguments: object) -> None:
    """Carry out one of JupyterLab's commands, and wait until it is done; needs a server that is `exposed`."""
    page.evaluate(
        "([name, args, patience]) => Promise.race(["
        "  window.jupyterapp.commands.execute(name, args).then(() => undefined),"
        "  new Promise((_, late) => setTimeout(() => late(new Error(`${name} did not end`)), patience)),"
        "])",
        [name, arguments, PATIENCE],
    )


def output(page: Page, *, containing: str) -> Locator:
    """The output area of the first cell whose output says `containing`."""
    return page.locator(".jp-NotebookPanel:visible .jp-OutputArea", has_text=containing).first


def cell(page: Page, *, containing: str) -> Locator:
    """The first cell whose source says `containing`."""
    return (
        page.locator(".jp-NotebookPanel:visible .jp-Cell")
        .filter(has=page.locator(".jp-InputArea", has_text=containing))
        .first
    )


def run_cell(page: Page, which: Locator) -> None:
    """Run one cell and stay on it, as Control-Enter does."""
    which.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(100)
    wait_idle(page)


def write_into(page: Page, which: Locator, code: str) -> None:
    """Replace the source of a cell by `code`."""
    which.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(code)


def set_theme(page: Page, name: str) -> None:
    """Switch JupyterLab to one of its themes, `JupyterLab Light` or `JupyterLab Dark`."""
    command(page, "apputils:change-theme", theme=name)
    page.locator(f'body[data-jp-theme-name="{name}"]').wait_for(state="attached")
