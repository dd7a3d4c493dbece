"""Notebooks that end the process, or try to end others."""

from trick import ALL_BUT, Trick

TRICKS = (
    Trick("sys_exit", ("import sys\nsys.exit(0)", "quit()", "exit()", "raise SystemExit"), status="graded"),
    Trick("os_exit", ("import os\nos._exit(0)",), status="stopped"),
    Trick("kills_itself", ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",)),
    Trick(
        "stops_itself",
        (
            "import os, signal\nos.kill(0, signal.SIGSTOP)",
            "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        ),
    ),
    Trick(
        "frees_what_is_not_its",
        ("import ctypes\nctypes.CDLL(None).free(ctypes.c_void_p(8))",),
        status="stopped",
    ),
    Trick("aborts", ("import os\nos.abort()",), status="stopped"),
    Trick("segmentation_fault", ("import ctypes\nctypes.string_at(0)",), status="stopped"),
    Trick(
        "stack_overflow",
        (
            "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(x): return (f(x),)\nf(0)",
            "eval('-' * 10 ** 6 + '1')",
        ),
    ),
    Trick("kills_its_parent", ("import os\nos.kill(os.getppid(), 9)", "os.kill(1, 9)", "os.kill(0, 9)")),
    Trick(
        "kills_everything",
        ("import os\nos.kill(-1, 9)", "import subprocess\nsubprocess.run(['kill', '-9', '-1'])"),
    ),
    Trick(
        "kills_by_number",
        ("import os\nfor number in range(2, 70000):\n    try: os.kill(number, 9)\n    except OSError: pass",),
    ),
    Trick(
        "interrupts", ("raise KeyboardInterrupt", "import signal\nsignal.raise_signal(2)"), status="graded"
    ),
    Trick("dies_when_asked", ("import os\ndef norm(x): os._exit(1)",), ALL_BUT["norm"], "stopped"),
    Trick("exits_when_asked", ("import sys\ndef norm(x): sys.exit(1)",), ALL_BUT["norm"], "graded"),
    Trick("interrupts_when_asked", ("def norm(x): raise KeyboardInterrupt",), ALL_BUT["norm"], "graded"),
    Trick(
        "always_dies_when_asked",
        ("import os\ndouble = norm = top = lambda x: os._exit(1)\nthreshold = 0.25",),
        ("threshold",),
        "stopped",
    ),
    Trick("many_deaths", ("import os",) + ("os._exit(1)",) * 30, ("double",), "stopped"),
    Trick("closes_its_messages", ("import os\nos.closerange(0, 100)",)),
)
