"""Notebooks that never end."""

from trick import ALL_BUT, Trick

TRICKS = (
    Trick("loop", ("while True: pass",), status="stopped"),
    Trick("loop_in_c", ("sum(iter(int, 1))",), status="stopped"),
    Trick(
        "deaf_to_the_alarm",
        ("import signal, time\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: time.sleep(1)",),
        status="stopped",
    ),
    Trick(
        "all_signals_blocked",
        ("import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",),
        status="stopped",
    ),
    Trick(
        "swallows_interrupts",
        (
            "import time\n"
            "def stay():\n    while True:\n        try: time.sleep(0.01)\n        except BaseException: pass\n"
            "def longer():\n    while True:\n        try: stay()\n        except BaseException: pass\n"
            "longer()",
        ),
    ),
    Trick(
        "turns_off_the_alarm",
        ("import signal\nsignal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass",),
        status="stopped",
    ),
    Trick("sleeps", ("import time\ntime.sleep(10 ** 6)",), status="stopped"),
    Trick(
        "waits_on_input", ("input('?')", "import sys\nsys.stdin.read()", "open(0).read()"), status="graded"
    ),
    Trick(
        "thread_that_stays",
        ("import threading\ndef stay():\n    while True: pass\nthreading.Thread(target=stay).start()",),
    ),
    Trick(
        "process_that_stays",
        ("import subprocess\nsubprocess.Popen(['sleep', '987654321'])",),
        status="graded",
    ),
    Trick(
        "orphan_in_its_own_session",
        (
            "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(10 ** 6)",
        ),
        status="graded",
    ),
    Trick(
        "at_exit", ("import atexit\n@atexit.register\ndef stay():\n    while True: pass",), status="graded"
    ),
    Trick("answer_never_comes", ("def norm(x):\n    while True: pass",), ALL_BUT["norm"], "stopped"),
    Trick(
        "answer_never_comes_in_c", ("def norm(x):\n    return sum(iter(int, 1))",), ALL_BUT["norm"], "stopped"
    ),
    Trick(
        "answer_that_takes_for_ever_to_read",
        ("class Slow(float):\n    def __float__(self):\n        while True: pass\nthreshold = Slow(0.25)",),
        ALL_BUT["threshold"],
        "stopped",
    ),
    Trick(
        "resets_the_clock_by_messages",
        (
            "import os, struct, time\nbody = b'cell 2'\nwhile True:\n"
            "    os.write(3, struct.pack('>I', len(body)) + body)\n    time.sleep(0.5)",
            "sum(iter(int, 1))",
        ),
        ("double",),
        "stopped",
    ),
)
