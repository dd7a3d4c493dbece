"""What a forked child does before it reads a learner's first line (Linux): namespaces of its own, limits, no rights.

The worker stands in a bubblewrap sandbox already (`confine`). Each child adds its own pid, mount, ipc and network
namespaces, so that one submission can neither see, signal nor reach another or the worker, and all that it started
is gone when it ends: the child is the first process of its pid namespace, and the kernel ends the rest with it. Last
comes a filter of system calls (`syscalls`).
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from course_lib.grading.syscalls import refuse_calls
from course_lib.grading.waiting import stand_last

MEMORY = 2 << 30
"""Bytes that one process of a submission may take beyond what was loaded, and all of them together."""

KEPT_BACK = 256 << 20
"""Bytes of it that are given out a share after each cell, so that a cell which takes all leaves some for the next."""

FILES = 64 << 20
"""Bytes of its private folder, and of one file in it."""

PROCESSES = 64
OPEN_FILES = 256

_SIGNALS = 256
"""Signals and timers that may wait to be delivered; each is memory of the kernel's."""

_NEWNS, _NEWIPC, _NEWPID, _NEWNET = 0x00020000, 0x08000000, 0x20000000, 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_MOVE = 1, 2, 4, 1 << 12, 1 << 13
_MS_REC, _MS_PRIVATE = 1 << 14, 1 << 18
_PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 24, 38
_CAPABILITY_VERSION = 0x20080522

_PACKAGE = Path(__file__).parent.parent

_SOCKET = 208 << 10
"""Bytes that one socket holds at most, as Linux makes them."""

_libc = ctypes.CDLL(None, use_errno=True)


class EnclosureError(OSError):
    """The kernel refused a part of the enclosure; nothing may run without it."""


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        code = ctypes.get_errno()
        raise EnclosureError(code, f"the kernel refuses {name}: {os.strerror(code)}")


@dataclass(frozen=True)
class Enclosure:
    """How each child of this worker is enclosed; made once, before the first fork.

    `user` is the user id that children take, where the worker may give them one (a grader run by root), so that
    they are nobody the system knows; otherwise they keep the worker's, in its own user namespace. `place` is the
    worker's among others, where it has one.
    """

    pids: int
    user: int | None
    place: int | None = None

    @classmethod
    def prepare(cls, place: int | None = None) -> Enclosure:
        """Guard this process, and keep hold of its pid namespace."""
        _call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)  # no child can trace it or read its memory
        root = os.getuid() == 0
        user = 1_000_000_000 + int.from_bytes(os.urandom(3)) if root else None
        return cls(os.open("/proc/self/ns/pid", os.O_RDONLY), user, place)

    def fork(self) -> int:
        """Fork; the child is the first process of a new pid namespace."""
        _call("setns", self.pids, _NEWPID)
        _call("unshare", _NEWPID)
        return os.fork()

    def rehearse(self) -> None:
        """Try all of it once, so that a kernel that refuses is found out before a learner's code is there."""
        reading, writing = os.pipe()
        child = self.fork()
        if child == 0:
            try:
                self.enter(60)
            except BaseException as error:
                os.write(writing, str(error).encode()[:500])
            os._exit(0)
        os.close(writing)
        os.waitpid(child, 0)
        with open(reading, "rb") as said:  # noqa: PTH123
            if problem := said.read():
                raise EnclosureError(problem.decode("utf-8", "replace"))

    def enter(self, seconds: int) -> None:
        """In the child: everything else, and no way back. `seconds` bounds each process's CPU time."""
        loaded = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")
        _call("unshare", _NEWNS | _NEWIPC | _NEWNET)
        _call("mount", None, b"/", None, _MS_REC | _MS_PRIVATE, None)
        private = f"size={FILES},nr_inodes=4096,mode=1777".encode()
        _call("mount", b"tmpfs", b"/dev/shm", b"tmpfs", _MS_NOSUID | _MS_NODEV, private)
        _private_tmp(private)
        # Others' processes are out of reach, but the worker's /proc would still name them.
        _call("mount", b"tmpfs", b"/proc", b"tmpfs", _MS_RDONLY | _MS_NOSUID | _MS_NODEV, b"size=0,mode=555")
        stand_last(self.place)
        _limit(seconds, loaded + MEMORY)
        _drop_rights(self.user)
        refuse_calls()
        os.close(self.pids)
        os.chdir("/tmp")

    def processes(self) -> list[int]:
        """In the worker: the processes of the submission that runs now."""
        ours = (1, os.getpid())
        found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [process for process in found if process not in ours]

    def overfull(self) -> bool:
        """In the worker: whether the processes of the submission that runs now take more memory than it may."""
        others = [Path(f"/proc/{process}") for process in self.processes()]
        room = MEMORY - max((_in_sockets(entry) for entry in others), default=0)
        if sum(_resident(entry) for entry in others) << 10 <= room:
            return False
        # Resident pages that forks share were counted once for each; this counts them once.
        return sum(_share(entry) for entry in others) << 10 > room


def _resident(process: Path) -> int:
    return _kilobytes(process / "status", "VmRSS") or 0


def _share(process: Path) -> int:
    """Its share of the pages that it has; all of them where it made itself unreadable (PR_SET_DUMPABLE)."""
    share = _kilobytes(process / "smaps_rollup", "Pss")
    # Asked again, since it may as well have ended: what ends all the time must not count as what hides.
    return _resident(process) if share is None else share


def _private_tmp(options: bytes) -> None:
    """An empty /tmp, in which a Python or a course that lies under /tmp stays where it is, read-only as it was."""
    loaded = dict.fromkeys(Path(place).resolve() for place in (sys.prefix, sys.base_prefix, _PACKAGE))
    under = [path for path in loaded if path.is_relative_to("/tmp")]
    covered = [
        path for path in under if not any(path != other and path.is_relative_to(other) for other in under)
    ]
    asides = [Path(f"/dev/shm/{number}") for number in range(len(covered))]
    for path, aside in zip(covered, asides, strict=True):
        aside.mkdir()
        _call("mount", bytes(path), bytes(aside), None, _MS_BIND | _MS_REC, None)
    _call("mount", b"tmpfs", b"/tmp", b"tmpfs", _MS_NOSUID | _MS_NODEV, options)
    for path, aside in zip(covered, asides, strict=True):
        path.mkdir(parents=True)
        _call("mount", bytes(aside), bytes(path), None, _MS_MOVE, None)
        aside.rmdir()


def _kilobytes(file: Path, field: str) -> int | None:
    """What a file of /proc says in this field; `None` where it cannot be read, or the process is gone."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{field}:")), None)


def _in_sockets(process: Path) -> int:
    """Bytes that the sockets of this process's network namespace may hold, whoever has them open.

    No limit and no process counts what lies in them; they cannot be made larger than they are at first (`syscalls`).
    """
    try:
        first, _, _ = (process / "net" / "sockstat").read_text().partition("\n")
    except OSError:  # it is gone, or going
        return 0
    return int(first.split()[-1]) * _SOCKET


def release_memory(share: float) -> None:
    """In the child, when a cell has run: let it have this share of what was kept back from its cells."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_AS, (min(hard, soft + round(share * KEPT_BACK)), hard))


def _limit(seconds: int, address_space: int) -> None:
    for kind, most in {
        resource.RLIMIT_AS: address_space,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: FILES,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_NPROC: PROCESSES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_SIGPENDING: _SIGNALS,
    }.items():
        resource.setrlimit(kind, (most, most))
    resource.setrlimit(resource.RLIMIT_AS, (address_space - KEPT_BACK, address_space))


def _drop_rights(user: int | None) -> None:
    """Give up every capability for good, and the user id where another was given."""
    capability = 0
    while _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) == 0:
        capability += 1
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)
