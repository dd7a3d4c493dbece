"""The filter of system calls: each is refused under it, looked at without it, and honest code goes on."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import platform
import socket
import subprocess
import sys

import pytest

from course_lib.grading import attempts, syscalls

MACHINE = platform.machine()

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or MACHINE not in syscalls.REFUSED,
    reason=f"there is a filter for Linux on {' and '.join(syscalls.REFUSED)} only",
)

ROOTS_ALONE = {
    *(
        "chroot",
        "pivot_root",
        "mount",
        "umount2",
        "open_tree",
        "move_mount",
        "fsopen",
        "fspick",
        "mount_setattr",
    ),
    *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "acct"),
    *("swapon", "swapoff", "syslog", "settimeofday", "clock_settime", "sethostname", "setdomainname"),
    *("bpf", "perf_event_open", "userfaultfd", "fanotify_init", "open_by_handle_at", "lookup_dcookie"),
    *("iopl", "ioperm", "quotactl", "quotactl_fd", "setns", "adjtimex", "clock_adjtime", "io_uring_setup"),
    *("io_uring_enter", "io_uring_register", "process_madvise", "move_pages", "migrate_pages"),
}
"""Calls that a kernel may refuse with EPERM by itself, to whoever is not root or by its own settings."""


def told(filtered: bool, attempt) -> str:
    """What `attempt` returns in a process of its own, under the filter or not."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            assert ctypes.CDLL(None).prctl(38, 1, 0, 0, 0) == 0
            if filtered:
                syscalls.refuse_calls()
            answer = attempt()
        except BaseException as error:
            answer = repr(error)
        os.write(writing, answer.encode()[:4000])
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as said:  # noqa: PTH123
        answer = said.read()
    os.waitpid(child, 0)
    return answer


def error_of(number: int, *arguments: int):
    return lambda: errno.errorcode.get(attempts._answer(number, *arguments), "none")


@pytest.mark.parametrize(("name", "number"), syscalls.REFUSED.get(MACHINE, {}).items())
def test_each_call_is_refused_and_without_the_filter_looked_at(name, number):
    attempt = error_of(number, -1, -1, -1, -1, -1)
    assert told(True, attempt) == "EPERM"
    if name not in ROOTS_ALONE:
        assert told(False, attempt) != "EPERM"


def test_new_namespaces_are_refused_however_they_are_asked_for():
    user, senseless = 0x1000_0000, 0x200  # with CLONE_FS, which no user namespace allows
    assert told(True, error_of(syscalls.CLONE[MACHINE], user | senseless)) == "EPERM"
    assert told(False, error_of(syscalls.CLONE[MACHINE], user | senseless)) == "EINVAL"
    assert told(True, error_of(syscalls._CLONE3, 0, 0)) == "ENOSYS"
    assert told(False, error_of(syscalls._CLONE3, 0, 0)) == "EINVAL"


@pytest.mark.skipif(MACHINE != "x86_64", reason="only x86-64 knows its calls by second numbers")
def test_second_numbers_of_the_same_calls_lead_nowhere():
    unshare = syscalls.REFUSED[MACHINE]["unshare"]
    assert told(True, error_of(syscalls._X32 + unshare, 0)) == "ENOSYS"


@pytest.mark.skipif(MACHINE != "x86_64", reason="only x86-64 has 32-bit calls beside its own")
def test_calls_by_their_32_bit_numbers_end_the_process():
    def attempt() -> str:
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, 20 (getpid); int 0x80; ret
        function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        return "it was let through" if function() == os.getpid() else "it was not"

    assert told(True, attempt) == ""
    if told(False, attempt) == "":
        pytest.skip("this kernel knows no 32-bit calls")
    assert told(False, attempt) == "it was let through"


@pytest.mark.parametrize("family", [16, 17, 31, 38, 40])  # netlink, packets, bluetooth, ciphers, vsock
def test_sockets_of_other_families_are_refused(family):
    assert told(True, error_of(syscalls.SOCKET[MACHINE], family, 2, 0)) == "EAFNOSUPPORT"
    if family == 16:
        assert told(False, error_of(syscalls.SOCKET[MACHINE], family, 2, 0)) == "none"


@pytest.mark.parametrize("option", [7, 8, 32, 33])  # SO_SNDBUF, SO_RCVBUF, and by force
def test_sockets_keep_their_size(option):
    def attempt() -> str:
        with socket.socket(socket.AF_UNIX) as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            made.setsockopt(socket.SOL_SOCKET, option, 1 << 16)
        return "taken"

    assert "PermissionError" in told(True, attempt)
    if option < 32:
        assert told(False, attempt) == "taken"


def test_honest_code_goes_on():
    def attempt() -> str:
        import threading

        for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):
            socket.socket(family).close()
        thread = threading.Thread(target=os.getpid)
        thread.start()
        thread.join()
        said = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True)
        return said.stdout.strip()

    assert told(True, attempt) == "42"


def test_it_holds_in_what_the_process_starts():
    def attempt() -> str:
        code = "import ctypes; print(ctypes.CDLL(None).unshare(0))"
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()

    assert told(False, attempt) == "0"
    assert told(True, attempt) == "-1"


def test_there_is_no_filter_for_machines_that_nobody_tried_it_on():
    assert syscalls.program("riscv64") == b""
