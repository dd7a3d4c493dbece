"""What a submission must not be able to do, tried inside the sandbox: `python -m course_lib.grading.attempts`.

It stands where a worker stands, reads what to reach for from standard input (`protections` lays it out), and makes
each attempt in a process that is enclosed as a submission is. Standard output is one JSON object: for each attempt
what it got, in a few words, and nothing where it was refused.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import platform
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import course_lib
from course_lib.grading.enclosure import FILES, MEMORY, OPEN_FILES, PROCESSES, Enclosure
from course_lib.grading.syscalls import CLONE, REFUSED, SOCKET

_SECONDS = 60
_GONE_SECONDS = 5.0
_CLONE_FS, _CLONE_NEWUSER = 0x200, 0x1000_0000
"""Together senseless: the kernel refuses them as such (EINVAL) where no filter does before."""

_AF_VSOCK = 40


@dataclass(frozen=True)
class Bait:
    """What lies outside: a file beside the submissions, the home's entries, servers that listen, a process."""

    file: str
    home: list[str]
    port: int
    abstract: str
    process: int


def network(bait: Bait) -> str:
    """Reach this machine's own servers, and send a packet off it (to an address kept for documentation)."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", bait.port), 1):
        return "it reached a server on this machine"
    with suppress(OSError), socket.socket(socket.AF_UNIX) as abstract:
        abstract.connect(f"\0{bait.abstract}")
        return "it reached an abstract socket of this machine"
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as beyond:
        beyond.sendto(b"x", ("192.0.2.1", 9))
        return "it sent a packet off this machine"
    return ""


def home(bait: Bait) -> str:
    """Look at what the home of whoever grades holds."""
    seen = [entry for entry in bait.home if os.path.lexists(entry)]
    return f"it saw {len(seen)} entries of the home folder, {seen[0]} among them" if seen else ""


def submissions(bait: Bait) -> str:
    """Read and write a file that lies where submissions may lie."""
    for mode in ("rb", "ab"):
        with suppress(OSError), Path(bait.file).open(mode):
            return f"it opened {bait.file}"
    return ""


def references(bait: Bait) -> str:
    """Read how the questions are judged."""
    judges = Path(course_lib.__file__).parent / "checks" / "judges"
    with suppress(OSError):
        if found := next(judges.iterdir(), None):
            return f"it saw {found.name}"
    return ""


def system(bait: Bait) -> str:
    """Write beside Python, beside the course, into the system's folders."""
    for folder in (sys.prefix, str(Path(course_lib.__file__).parent), "/usr", "/etc", "/dev", "/"):
        file = Path(folder) / "course-doctor-was-here"
        with suppress(OSError):
            file.touch()
            file.unlink()
            return f"it wrote into {folder}"
    return ""


def processes(bait: Bait) -> str:
    """Signal and see processes that are not its own."""
    with suppress(OSError):
        os.kill(bait.process, signal.SIGTERM)
        return "it sent a signal to another process"
    others = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return f"/proc showed it {len(others)} processes" if others else ""


def rights(bait: Bait) -> str:
    """Become root, and mount a file system."""
    with suppress(OSError):
        os.setuid(0)
        return "it became root"
    libc = ctypes.CDLL(None)
    if libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None) == 0:
        return "it mounted a file system"
    return ""


def calls(bait: Bait) -> str:
    """Make the system calls that kernels are attacked by; a filter refuses them all with the same answer."""
    numbers = REFUSED.get(platform.machine())
    if numbers is None:
        return f"there is no filter of system calls for {platform.machine()}"
    # No argument is a sound one, so that a call that gets through does nothing.
    taken = [name for name, number in numbers.items() if _answer(number, -1, -1, -1, -1, -1) != errno.EPERM]
    taken += (
        ["clone"] if _answer(CLONE[platform.machine()], _CLONE_NEWUSER | _CLONE_FS) != errno.EPERM else []
    )
    taken += ["socket"] if _answer(SOCKET[platform.machine()], _AF_VSOCK, 1) != errno.EAFNOSUPPORT else []
    return f"the kernel looked at {', '.join(taken)}" if taken else ""


def _answer(number: int, *arguments: int) -> int:
    """The error of one system call; 0 where it succeeded."""
    libc = ctypes.CDLL(None, use_errno=True)
    refused = libc.syscall(number, *map(ctypes.c_long, arguments)) == -1
    return ctypes.get_errno() if refused else 0


def memory(bait: Bait) -> str:
    """Ask for twice the memory that it may have, without touching it."""
    with suppress(OSError, MemoryError), mmap.mmap(-1, 2 * MEMORY):
        return f"it was given {2 * MEMORY >> 20} MB"
    return ""


def forks(bait: Bait) -> str:
    """Start more processes than it may have; the kernel ends them with this one."""
    with suppress(OSError):
        for _ in range(PROCESSES + 1):
            if os.fork() == 0:
                signal.pause()
        return f"it started {PROCESSES + 1} processes"
    return ""


def files(bait: Bait) -> str:
    """In the folder that is its own: write more than it may, in one file and in two, and open too many."""
    with suppress(OSError), Path("large").open("wb") as file:
        file.truncate(FILES + 1)
        return f"it made a file of more than {FILES >> 20} MB"
    with suppress(OSError):
        for name in ("one", "two"):
            with Path(name).open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, FILES * 3 // 4)
        return f"it filled more than {FILES >> 20} MB"
    with suppress(OSError):
        for _ in range(OPEN_FILES + 1):
            os.open(os.devnull, os.O_RDONLY)
        return f"it opened {OPEN_FILES + 1} files"
    return ""


ATTEMPTS: dict[str, Callable[[Bait], str]] = {
    attempt.__name__: attempt
    for attempt in (
        *(network, home, submissions, references, system),
        *(processes, rights, calls, memory, forks, files),
    )
}


def got(enclosure: Enclosure, attempt: Callable[[Bait], str], bait: Bait) -> str:
    """What one attempt got; it runs in a process that is enclosed as a submission's is."""
    reading, writing = os.pipe()
    child = enclosure.fork()
    if child == 0:
        try:
            enclosure.enter(_SECONDS)
            told = attempt(bait)
        except BaseException as error:
            told = f"it could not be tried ({error})"
        os.write(writing, told.encode("utf-8", "replace")[:500])
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as said:  # noqa: PTH123
        told = said.read().decode("utf-8", "replace")
    os.waitpid(child, 0)
    return told


def clock(enclosure: Enclosure) -> str:
    """Whether a process that refuses signals can be ended from outside, and what it started ends with it."""
    reading, writing = os.pipe()
    child = enclosure.fork()
    if child == 0:
        try:
            enclosure.enter(_SECONDS)
            if os.fork() == 0:
                os.setsid()
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            os.write(writing, b"x")
            while True:
                time.sleep(1000)
        finally:
            os._exit(1)
    os.close(writing)
    told = os.read(reading, 1)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.set_blocking(reading, False)
    deadline = time.monotonic() + _GONE_SECONDS
    while told and time.monotonic() < deadline:
        with suppress(BlockingIOError):
            if not os.read(reading, 1):  # nobody holds the other end any more
                os.close(reading)
                return ""
        time.sleep(0.01)
    os.close(reading)
    return "what it started lived on" if told else "it could not be tried"


def leftovers(enclosure: Enclosure, bait: Bait) -> str:
    """Whether one process finds what the one before it left in its folders."""
    traces = [Path("/tmp/left"), Path("/dev/shm/left")]

    def leave(bait: Bait) -> str:
        for trace in traces:
            trace.touch()
        return ""

    def find(bait: Bait) -> str:
        return next((f"it found {trace}" for trace in traces if trace.exists()), "")

    return got(enclosure, leave, bait) or got(enclosure, find, bait)


def main() -> None:
    """Make every attempt and print what each one got."""
    bait = Bait(**json.load(sys.stdin))
    enclosure = Enclosure.prepare()
    told = {name: got(enclosure, attempt, bait) for name, attempt in ATTEMPTS.items()}
    json.dump(told | {"clock": clock(enclosure), "leftovers": leftovers(enclosure, bait)}, sys.stdout)


if __name__ == "__main__":
    main()
