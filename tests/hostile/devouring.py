"""Notebooks that take all there is: memory, processes, disk, descriptors, output."""

from trick import ALL_BUT, Trick, reach

TRICKS = (
    # Memory that belongs to no process is not in what a process takes, so there must be none to be had.
    reach("memory_in_files_without_a_name", "import os\nos.memfd_create('x')\nreached = True"),
    reach(
        "memory_in_segments_and_queues",
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "reached = libc.shmget(0, 1 << 20, 0o1600) != -1 or libc.msgget(0, 0o1600) != -1",
    ),
    Trick(
        "memory_in_pipes",
        (
            "import fcntl, os\nwhile True:\n    r, w = os.pipe()\n    fcntl.fcntl(w, 1031, 1 << 20)\n"
            "    os.write(w, bytes(1 << 20))",
        ),
    ),
    # Sockets that could hold more than a submission may take, whatever lies in them.
    reach(
        "memory_in_sockets",
        "import os, socket, time\nfor _ in range(55):\n    if os.fork() == 0:\n"
        "        kept = [socket.socketpair() for _ in range(110)]\n        time.sleep(1000)\n"
        "time.sleep(1.5)\nreached = True",
    ),
    reach(
        "larger_sockets",
        "import socket\na, b = socket.socketpair()\nbefore = a.getsockopt(1, 7)\n"
        "try: a.setsockopt(1, 7, 2 * before)\nexcept OSError: pass\n"
        "try: b.setsockopt(1, 33, 2 * before)\nexcept OSError: pass\n"
        "reached = a.getsockopt(1, 7) > before or b.getsockopt(1, 8) > before",
    ),
    # Each process may take 2 GB; unreadable ones are counted all the same.
    reach(
        "memory_in_unreadable_processes",
        "import ctypes, os, time\nr, w = os.pipe()\nfor _ in range(5):\n    if os.fork() == 0:\n"
        "        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)\n        x = bytearray(b'1') * (1 << 29)\n"
        "        os.write(w, b'x')\n        time.sleep(1000)\n"
        "for _ in range(5): os.read(r, 1)\ntime.sleep(0.7)\nreached = True",
    ),
    reach(
        "locked_memory_and_first_turns",
        "import resource\nkinds = 'MEMLOCK', 'MSGQUEUE', 'NICE', 'RTPRIO'\n"
        "reached = any(resource.getrlimit(getattr(resource, f'RLIMIT_{k}'))[1] for k in kinds)",
    ),
    reach("another_core", "import os\nos.sched_setaffinity(0, range(os.cpu_count()))\nreached = True"),
    Trick(
        "thirty_gigabytes",
        ("x = bytearray(30 << 30)", "import numpy\ny = numpy.ones(4 << 30)"),
        status="graded",
    ),
    Trick(
        "memory_to_the_last_page",
        (
            "x, size = [], 64 << 20\nwhile size > 2048:\n    try:\n        x.append(bytearray(b'1') * size)\n"
            "    except MemoryError:\n        size //= 2",
        ),
    ),
    Trick("memory_in_chunks", ("x = []\nwhile True: x.append(bytearray(b'1') * (64 << 20))",)),
    Trick(
        "memory_in_many_processes",
        (
            "import os, time\nfor _ in range(40):\n    if os.fork() == 0:\n        x = bytearray(b'1') * (1 << 29)\n"
            "        time.sleep(1000)\ntime.sleep(1.5)",
        ),
    ),
    Trick(
        "two_hundred_processes",
        ("import os, time\nfor _ in range(200):\n    if os.fork() == 0:\n        time.sleep(1000)",),
    ),
    Trick("fork_bomb", ("import os\nwhile True: os.fork()",)),
    Trick("shell_bomb", ("import subprocess\nsubprocess.run('f(){ f|f& };f', shell=True)",)),
    Trick(
        "ten_thousand_threads",
        (
            "import threading, time\nfor _ in range(10_000):\n"
            "    threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
        ),
    ),
    Trick(
        "disk_full",
        ("while True:\n    with open('x', 'ab') as file: file.write(bytes(1 << 20))",),
        status="graded",
    ),
    Trick(
        "many_files", ("for number in range(10 ** 6): open(f'/tmp/{number}', 'w').close()",), status="graded"
    ),
    Trick(
        "shared_memory_full",
        ("with open('/dev/shm/x', 'wb') as file:\n    while True: file.write(bytes(1 << 20))",),
    ),
    Trick("one_vast_file", ("with open('x', 'wb') as file: file.truncate(1 << 50)",), status="graded"),
    Trick("descriptors", ("kept = []\nwhile True: kept.append(open('/dev/null'))",)),
    Trick("output_in_lines", ("import sys\nfor _ in range(2_000_000): sys.stdout.write('x' * 99 + '\\n')",)),
    Trick("output_in_one", ("print('x' * 200_000_000)",), status="graded"),
    Trick("output_of_a_child", ("import subprocess\nsubprocess.run('yes | head -c 200000000', shell=True)",)),
    Trick(
        "display", ("class Loud:\n    def __repr__(self): return 'x' * 200_000_000\nLoud()",), status="graded"
    ),
    Trick("vast_answer", ("def norm(x): return np.zeros(10 ** 7)",), ALL_BUT["norm"], "graded"),
    Trick(
        "endless_answer",
        ("def norm(x): return np.broadcast_to(1.0, (10 ** 6, 10 ** 6))",),
        ALL_BUT["norm"],
        "graded",
    ),
    Trick(
        "bottomless_answer",
        ("def norm(x):\n    a = []\n    a.append(a)\n    return a",),
        ALL_BUT["norm"],
        "graded",
    ),
    Trick(
        "vast_number",
        ("def norm(x): return 10 ** 10_000", "def double(x): return -10 ** 400"),
        ("threshold", "top"),
    ),
    Trick("vast_error", ("def norm(x): raise ValueError('x' * 10 ** 8)",), ALL_BUT["norm"], "graded"),
    Trick("many_errors", tuple("raise ValueError('x' * 10 ** 6)" for _ in range(300)), status="graded"),
)
