"""Which of the protections around graded notebooks hold on this machine: each is tried, none is believed.

`course doctor` shows them. The attempts are made inside (`attempts`); here is what they reach for.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from course_lib.grading import confine
from course_lib.grading.attempts import Bait

PROMISES = {
    "network": "it has no network, this machine's own servers included",
    "home": "it sees nothing of your home folder",
    "submissions": "it can neither read nor write other submissions",
    "references": "it cannot read how questions are judged",
    "system": "it can write nowhere but in a folder of its own",
    "processes": "it can neither see nor signal other processes",
    "rights": "it cannot become root, nor mount anything",
    "calls": "the system calls by which kernels are attacked are refused to it",
    "memory": "its memory is bounded",
    "forks": "the number of its processes is bounded",
    "files": "its files are bounded, in size and number",
    "clock": "it can be ended from outside, whatever it ignores, with all that it started",
    "leftovers": "it leaves nothing behind for the next one",
}
"""What is promised of a graded notebook, by the name of the attempt to break it."""

_SECONDS = 60.0


@dataclass(frozen=True)
class Protection:
    """One promise, whether it holds here, and what was found where it does not."""

    promise: str
    holds: bool
    found: str = ""


def protections() -> list[Protection]:
    """Try every protection; raises `ConfineError` where there is no sandbox at all."""
    start = confine.sandboxed(module=f"{__package__}.attempts")
    with _bait() as bait:
        try:
            tried = subprocess.run(
                start.command,
                input=json.dumps(asdict(bait)),
                env=start.environment,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _untried(f"the attempts took over {_SECONDS:g} s")
    try:
        told = json.loads(tried.stdout)
    except ValueError:
        said = tried.stderr.strip().splitlines() or ["nothing was said"]
        return _untried(said[-1])
    return [
        Protection(promise, told.get(name) == "", told.get(name, "it was not tried"))
        for name, promise in PROMISES.items()
    ]


def _untried(why: str) -> list[Protection]:
    return [Protection(promise, False, f"it could not be tried ({why})") for promise in PROMISES.values()]


@contextmanager
def _bait() -> Iterator[Bait]:
    """A file where submissions may lie, two servers, a process: all of it gone afterwards.

    The file stands in the folder that one is in, which is where a class is likely to be, or among temporary files
    where nothing can be written there.
    """
    bystander = subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(600)"], stdin=subprocess.DEVNULL
    )
    try:
        with (
            tempfile.TemporaryDirectory(prefix=".course-doctor-", dir=_here()) as folder,
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.socket(socket.AF_UNIX) as abstract,
        ):
            file = Path(folder, "submission.ipynb")
            file.write_text("another learner's work", encoding="utf-8")
            name = f"course-doctor-{os.getpid()}"
            if sys.platform == "linux":
                abstract.bind(f"\0{name}")
                abstract.listen()
            yield Bait(str(file), _home_entries(), server.getsockname()[1], name, bystander.pid)
    finally:
        bystander.kill()
        bystander.wait()


def _here() -> Path | None:
    """The current folder, where one may write into it."""
    here = Path.cwd()
    return here if os.access(here, os.W_OK) else None


def _home_entries() -> list[str]:
    """What the home folder holds, without what leads to Python and the course, which the sandbox shows."""
    shown = confine.visible()
    with suppress(OSError):
        return [
            str(entry)
            for entry in Path.home().resolve().iterdir()
            if not any(path.is_relative_to(entry) for path in shown)
        ]
    return []
