"""Notebooks that reach for what is not theirs. `PLACES` are real, on the machine that runs the tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trick import Trick, reach


@dataclass(frozen=True)
class Places:
    """What lies outside: folders with secrets, a listening port, an abstract socket, a process."""

    submissions: Path
    out: Path
    home: Path
    repository: Path
    port: int
    abstract: str
    process: int


def tricks(at: Places) -> tuple[Trick, ...]:
    reading = {
        "reads_submissions": at.submissions / "honest0" / "90_toy.ipynb",
        "reads_the_ledger": at.out / "ledger.sqlite",
        "reads_home": at.home / "secret",
        "reads_passwords": Path("/etc/shadow"),
        "reads_users": Path("/etc/passwd"),
        "reads_host_name": Path("/etc/hostname"),
        "reads_ssh_keys": Path("/etc/ssh/ssh_config"),
        "reads_sources": at.repository / "pyproject.toml",
        "reads_solutions": at.repository / "solutions" / "01_explosion.ipynb",
        "reads_judges": at.repository / "course_lib" / "checks" / "judges" / "e01_explosion" / "backward.py",
        "reads_the_toys_judges": at.repository / "tests" / "grading" / "toy" / "judges.py",
    }
    writing = {
        "writes_submissions": at.submissions / "honest0" / "90_toy.ipynb",
        "writes_the_output": at.out / "grades.csv",
        "writes_home": at.home / "hostile",
        "writes_the_library": at.repository / "course_lib" / "hostile.py",
        "writes_python": Path(__import__("numpy").__file__).parent / "hostile.py",
        "writes_usr": Path("/usr/hostile"),
        "writes_root": Path("/hostile"),
        "writes_etc": Path("/etc/hostile"),
    }
    return (
        *(
            reach(name, f"open({str(path)!r}, 'rb').read(1)\nreached = True")
            for name, path in reading.items()
        ),
        *(
            reach(name, f"open({str(path)!r}, 'ab').write(b'x')\nreached = True")
            for name, path in writing.items()
        ),
        reach("lists_submissions", f"import os\nos.listdir({str(at.submissions)!r})\nreached = True"),
        reach("environment", "import os\nreached = any('hostile-secret' in v for v in os.environ.values())"),
        reach(
            "loopback",
            f"import socket\nsocket.create_connection(('127.0.0.1', {at.port}), 1)\nreached = True",
        ),
        reach("beyond", "import socket\nsocket.create_connection(('1.1.1.1', 53), 1)\nreached = True"),
        reach("name_service", "import socket\nsocket.gethostbyname('example.org')\nreached = True"),
        reach(
            "datagrams", "import socket\nsocket.socket(2, 2).sendto(b'x', ('8.8.8.8', 53))\nreached = True"
        ),
        reach(
            "abstract_socket",
            f"import socket\ns = socket.socket(socket.AF_UNIX)\ns.connect('\\0{at.abstract}')\nreached = True",
        ),
        reach("host_process", f"import os\nos.kill({at.process}, 0)\nreached = True"),
        reach("others_in_proc", "import os\nreached = bool(os.listdir('/proc'))"),
        reach("own_memory_of_the_worker", "open('/proc/1/mem', 'rb').read(1)\nreached = True"),
        reach(
            "traces_the_worker",
            f"import ctypes\nreached = ctypes.CDLL(None).ptrace(16, {at.process}, 0, 0) == 0",
        ),
        reach(
            "mounts",
            "import ctypes\nlibc = ctypes.CDLL(None)\n"
            "reached = any(libc.umount2(p, 2) == 0 for p in (b'/tmp', b'/proc', b'/'))\n"
            "reached |= libc.mount(b'proc', b'/proc', b'proc', 0, None) == 0\n"
            f"reached |= libc.umount2(b'{at.repository}/course_lib/checks/judges', 2) == 0",
        ),
        reach(
            "mounts_in_a_user_namespace",
            "import ctypes, os\nlibc = ctypes.CDLL(None)\nlibc.unshare(0x10020000)\n"
            f"judges = '{at.repository}/course_lib/checks/judges'\nlibc.umount2(judges.encode(), 2)\n"
            "reached = bool(os.listdir(judges))",
        ),
        reach(
            "enters_other_namespaces",
            "import ctypes\nlibc = ctypes.CDLL(None)\nreached = any(libc.setns(n, 0) == 0 for n in range(64))",
        ),
        reach(
            "inherited_descriptors",
            "import os\nfor n in range(4, 1024):\n    try: os.fstat(n)\n    except OSError: continue\n"
            "    if os.path.exists(f'/dev/fd/{n}') or not os.isatty(n): reached = True",
        ),
        reach("becomes_root", "import os\nos.setuid(0)\nreached = True"),
        reach(
            "raises_its_limits",
            "import resource\nresource.setrlimit(resource.RLIMIT_AS, (-1, -1))\nreached = True",
        ),
        reach("host_of_this_machine", "import socket\nsocket.socket(40, socket.SOCK_STREAM)\nreached = True"),
        reach("netlink", "import socket\nsocket.socket(16, socket.SOCK_RAW)\nreached = True"),
        reach(
            "new_user_namespace",
            "import ctypes\nlibc = ctypes.CDLL(None)\nreached = libc.unshare(0x10000000) == 0",
        ),
        reach(
            "kernel_by_io_uring",
            "import ctypes\nreached = ctypes.CDLL(None).syscall(425, 8, (ctypes.c_char * 120)()) >= 0",
        ),
        reach("devices", "open('/dev/mem', 'rb')\nreached = True"),
        reach("makes_a_device", "import os\nos.mknod('/tmp/sda', 0o60666, os.makedev(8, 0))\nreached = True"),
        reach(
            "follows_a_link",
            "import os\nos.symlink('/etc/shadow', '/tmp/a')\nopen('/tmp/a').read()\nreached = True",
        ),
    )
