"""Notebooks that leave something behind for the next one. Each `INSPECTOR` loses a point if it finds a trace."""

from trick import Trick

MARK = "left-behind-by-another"

TRICKS = (
    Trick(
        "leaves_files", (f"for f in ('x', '/tmp/x', '/dev/shm/x', 'numpy.py'): open(f, 'w').write('{MARK}')",)
    ),
    Trick("leaves_environment", (f"import os\nos.environ['X'] = os.environ['OMP_NUM_THREADS'] = '{MARK}'",)),
    Trick(
        "leaves_modules",
        ("import numpy, sys, types\nnumpy.left_behind = 1\nsys.modules['left_behind'] = numpy",),
    ),
    Trick(
        "leaves_torch", ("import torch\ntorch.set_default_dtype(torch.float16)\ntorch.set_num_threads(7)",)
    ),
    Trick(
        "leaves_random",
        ("import random, numpy, torch\nrandom.seed(1); numpy.random.seed(1); torch.manual_seed(1)",),
    ),
    Trick("leaves_signals", ("import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)",)),
    Trick("leaves_builtins", ("import builtins\nbuiltins.left_behind = 1",)),
    Trick("leaves_names", (f"secret = left_behind = '{MARK}' * 2",)),
    Trick(
        "leaves_shell",
        ("get_ipython().ast_transformers.append(None)\nget_ipython().user_ns['left_behind'] = 1",),
    ),
    Trick(
        "leaves_process",
        ("import os\nif os.fork() == 0:\n    os.setsid()\n    while True: open('/tmp/x', 'w').write('x')",),
    ),
    Trick(
        "leaves_socket",
        ("import socket\ns = socket.socket(socket.AF_UNIX)\ns.bind('\\0left-behind')\ns.listen()",),
    ),
    Trick(
        "leaves_settings",
        (
            "import gc, numpy, sys\nfrom matplotlib import rcParams\nsys.setrecursionlimit(77_777)\ngc.disable()\n"
            "numpy.seterr(all='raise')\nrcParams['lines.linewidth'] = 77",
        ),
    ),
    Trick("leaves_working_folder", ("import os\nos.chdir('/dev/shm')\nos.umask(0o777)",)),
)

INSPECTOR = f"""
import builtins, gc, os, random, signal, sys, threading
import numpy, torch
mark = "{MARK[::-1]}"[::-1]
# A Python or a course that itself lies under /tmp is no trace of anybody.
installed = {{path.split("/")[2] for path in (sys.prefix, sys.base_prefix, *sys.path) if path.startswith("/tmp/")}}
traces = [
    bool((set(os.listdir(".")) | set(os.listdir("/tmp"))) - installed) or bool(os.listdir("/dev/shm")),
    mark in "".join(os.environ.values()) or os.environ["OMP_NUM_THREADS"] != "1",
    hasattr(numpy, "left_behind") or "left_behind" in sys.modules,
    torch.get_default_dtype() != torch.float32 or torch.get_num_threads() != 1,
    (random.random(), numpy.random.rand(), torch.rand(1).item()) != (EXPECTED),
    signal.getsignal(signal.SIGINT) is not signal.default_int_handler,
    hasattr(builtins, "left_behind") or "left_behind" in globals(),
    bool(get_ipython().ast_transformers),
    os.getcwd() != "/tmp" or os.umask(0o022) != 0o022,
    any(type(value) is str and mark in value and value != mark for value in gc.get_objects()),
    threading.active_count() != 1,
    sys.getrecursionlimit() > 70_000 or not gc.isenabled() or numpy.geterr()["over"] == "raise",
    __import__("matplotlib").rcParams["lines.linewidth"] == 77,
]
"""
