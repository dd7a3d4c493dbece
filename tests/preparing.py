"""Fetch what tests need beyond Python packages, as far as this machine lets us: what `needs.py` finds missing.

Programs come from `apt-get` where we are root (a container, continuous integration) and may touch the system; a
browser otherwise from Playwright's own installer, and nbgrader from pip, each into a folder of the course. What cannot
be had is told in a sentence, with the line that brings it, and its tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import needs
from needs import ROOT, Need

NBGRADER = "nbgrader==0.9.6"
PATIENCE = 900
"""Seconds for one step: a network that does not answer must not hold the tests up for ever."""


def prepare(*, system: bool) -> None:
    """Fetch what is missing; without `system` nothing outside the course's folder is touched."""
    absent = [need for need in needs.NEEDS.values() if need.why_not()]
    if not absent:
        return
    packages = [need for need in absent if need.package]
    if packages and system and _may_install() and _told("apt-get", ["apt-get", "update", "-qq"]):
        for need in packages:
            print(f"  {need.what}: apt-get installs {need.package} ...", flush=True)
            _told(need.what, ["apt-get", "install", "-y", "-qq", "--no-install-recommends", need.package])
    for need in absent:
        if need.why_not() and (fetch := _FETCHED.get(need.name)):
            fetch(need)
    needs.forget()
    for need in absent:
        print(f"  {needs.missing(need.name) or f'{need.what}: here now.'}", flush=True)


def _may_install() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get") is not None


def _fetch_browser(need: Need) -> None:
    folder = needs.browsers()
    print(f"  {need.what}: Playwright fetches Chromium into {folder} ...", flush=True)
    words = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
    _told(need.what, words, **{needs.BROWSERS: str(folder)})


def _fetch_nbgrader(need: Need) -> None:
    """nbgrader lives apart: it would add its menus to the learner's JupyterLab, and its pins to the lock file."""
    home = Path(os.environ.get(needs.PEERS) or ROOT / ".peers") / "nbgrader"
    print(f"  {need.what}: pip installs {NBGRADER} into {home} ...", flush=True)
    python = str(home / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    lock = str(ROOT / "requirements.lock")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", lock]
    if _told(need.what, [sys.executable, "-m", "venv", "--clear", str(home)]):
        _told(need.what, [*pip, NBGRADER])


_FETCHED = {"browser": _fetch_browser, "nbgrader": _fetch_nbgrader}


def _told(what: str, words: Sequence[str], **variables: str) -> bool:
    """Run one step; where it fails, say so in a line with the last that it said. Whether it worked."""
    try:
        done = subprocess.run(
            words,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"  {what}: `{' '.join(words)}` took more than {PATIENCE} s and was stopped.", flush=True)
        return False
    except OSError as error:
        print(f"  {what}: `{words[0]}` does not start ({error.strerror}).", flush=True)
        return False
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        telling = next(
            (line for line in lines if "Error" in line), lines[-1]
        )  # Node's last lines are its own
        print(f"  {what}: `{' '.join(words)}` failed ({telling.strip()}).", flush=True)
    return done.returncode == 0
