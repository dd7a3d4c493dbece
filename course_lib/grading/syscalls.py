"""The system calls that a submission is refused: those by which kernels are attacked and that no notebook needs,
those that take memory which no limit of the process counts (files without a name, System V segments and queues,
larger buffers of sockets), and the one by which it would leave its core (`waiting`).

A filter of a few instructions (classic BPF, see seccomp(2)) that the kernel runs before each call of the process and
of all that it starts. Refused calls fail with EPERM, as if a right were missing; new namespaces are refused however
they are asked for, and sockets of any family but the local one and the internet's, which lead nowhere here. Others,
vsock to a virtual machine's host among them, know no network namespaces.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

_SAME_EVERYWHERE = {
    "io_uring_setup": 425,
    "io_uring_enter": 426,
    "io_uring_register": 427,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "fspick": 433,
    "pidfd_getfd": 438,
    "process_madvise": 440,
    "mount_setattr": 442,
    "quotactl_fd": 443,
    "memfd_secret": 447,
}
_X86_64 = {
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "kcmp": 312,
    "unshare": 272,
    "setns": 308,
    "chroot": 161,
    "pivot_root": 155,
    "mount": 165,
    "umount2": 166,
    "memfd_create": 319,
    "sched_setaffinity": 203,
    "shmget": 29,
    "msgget": 68,
    "semget": 64,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "bpf": 321,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "fanotify_init": 300,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "lookup_dcookie": 212,
    "migrate_pages": 256,
    "move_pages": 279,
    "modify_ldt": 154,
    "uselib": 134,
    "iopl": 172,
    "ioperm": 173,
    "init_module": 175,
    "finit_module": 313,
    "delete_module": 176,
    "kexec_load": 246,
    "kexec_file_load": 320,
    "acct": 163,
    "quotactl": 179,
    "reboot": 169,
    "swapon": 167,
    "swapoff": 168,
    "syslog": 103,
    "settimeofday": 164,
    "clock_settime": 227,
    "adjtimex": 159,
    "clock_adjtime": 305,
    "sethostname": 170,
    "setdomainname": 171,
}
_AARCH64 = {
    "ptrace": 117,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "kcmp": 272,
    "unshare": 97,
    "setns": 268,
    "chroot": 51,
    "pivot_root": 41,
    "mount": 40,
    "umount2": 39,
    "memfd_create": 279,
    "sched_setaffinity": 122,
    "shmget": 194,
    "msgget": 186,
    "semget": 190,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "bpf": 280,
    "perf_event_open": 241,
    "userfaultfd": 282,
    "fanotify_init": 262,
    "name_to_handle_at": 264,
    "open_by_handle_at": 265,
    "lookup_dcookie": 18,
    "migrate_pages": 238,
    "move_pages": 239,
    "init_module": 105,
    "finit_module": 273,
    "delete_module": 106,
    "kexec_load": 104,
    "kexec_file_load": 294,
    "acct": 89,
    "quotactl": 60,
    "reboot": 142,
    "swapon": 224,
    "swapoff": 225,
    "syslog": 116,
    "settimeofday": 170,
    "clock_settime": 112,
    "adjtimex": 171,
    "clock_adjtime": 266,
    "sethostname": 161,
    "setdomainname": 162,
}
REFUSED = {"x86_64": _X86_64 | _SAME_EVERYWHERE, "aarch64": _AARCH64 | _SAME_EVERYWHERE}
"""The numbers of the refused calls, for each kind of machine on which there is a filter."""

CLONE = {"x86_64": 56, "aarch64": 220}
SOCKET = {"x86_64": 41, "aarch64": 198}
SETSOCKOPT = {"x86_64": 54, "aarch64": 208}
_CLONE3 = 435
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32 = 0x4000_0000
"""From this number on x86-64 knows the same calls once more, by other numbers."""

_NEW_NAMESPACES = 0x7E02_0000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""

_FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET, AF_INET6."""

_SOL_SOCKET, _SIZES = 1, (7, 8, 32, 33)
"""SO_SNDBUF, SO_RCVBUF, and both once more for those who may pass the system's own bound."""

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _FIRST_ARGUMENT, _SECOND_ARGUMENT, _THIRD_ARGUMENT = 0, 4, 16, 24, 32
_ALLOW, _KILL = 0x7FFF_0000, 0x8000_0000
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


def _refuse(code: int) -> bytes:
    return _step(_RETURN, 0x0005_0000 | code)


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One instruction; a comparison skips `yes` instructions where it holds and `no` where it does not."""
    return struct.pack("<HBBI", code, yes, no, value)


def program(machine: str) -> bytes:
    """The filter for one kind of machine; empty where there is none for it."""
    if machine not in REFUSED:
        return b""
    steps = [
        *(_step(_LOAD, _ARCH), _step(_EQUAL, _ARCHITECTURE[machine], yes=1), _step(_RETURN, _KILL)),
        _step(_LOAD, _NUMBER),
    ]
    if machine == "x86_64":
        steps += [_step(_AT_LEAST, _X32, no=1), _refuse(errno.ENOSYS)]
    for number in REFUSED[machine].values():
        steps += [_step(_EQUAL, number, no=1), _refuse(errno.EPERM)]
    # Its flags lie in memory, where a filter cannot look; where it is missing, the C library uses clone.
    steps += [_step(_EQUAL, _CLONE3, no=1), _refuse(errno.ENOSYS)]
    steps += [
        *(_step(_EQUAL, CLONE[machine], no=4), _step(_LOAD, _FIRST_ARGUMENT)),
        *(_step(_ANY_BIT, _NEW_NAMESPACES, no=1), _refuse(errno.EPERM), _step(_RETURN, _ALLOW)),
    ]
    steps += [
        *(_step(_EQUAL, SETSOCKOPT[machine], no=len(_SIZES) + 5), _step(_LOAD, _SECOND_ARGUMENT)),
        *(_step(_EQUAL, _SOL_SOCKET, no=len(_SIZES) + 1), _step(_LOAD, _THIRD_ARGUMENT)),
    ]
    for place, option in enumerate(_SIZES):
        steps.append(_step(_EQUAL, option, yes=len(_SIZES) - place))
    steps += [_step(_RETURN, _ALLOW), _refuse(errno.EPERM)]
    steps += [_step(_EQUAL, SOCKET[machine], no=len(_FAMILIES) + 2), _step(_LOAD, _FIRST_ARGUMENT)]
    for place, family in enumerate(_FAMILIES):
        steps.append(_step(_EQUAL, family, yes=len(_FAMILIES) - place))
    return b"".join([*steps, _refuse(errno.EAFNOSUPPORT), _step(_RETURN, _ALLOW)])


def refuse_calls() -> None:
    """Put the filter before this process for good; does nothing on machines that there is no filter for.

    Raises `OSError` where the kernel does not take it. The process must have given up gaining rights
    (PR_SET_NO_NEW_PRIVS) before.
    """
    steps = program(platform.machine())
    if not steps:
        return
    held = ctypes.create_string_buffer(steps, len(steps))
    pointer = struct.pack("HxxxxxxP", len(steps) // 8, ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, pointer, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"the kernel refuses a filter of system calls: {os.strerror(code)}")
