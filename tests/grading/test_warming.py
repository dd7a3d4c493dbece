"""What is done before the first fork changes nothing that a notebook could see, and is enough for the first one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import toy
from handwritten import RIGHT, hand_in, notebook

from course_lib.grading import notebook as reading
from course_lib.grading import process, runner

ROOT = Path(__file__).resolve().parents[2]

CODE = """
import os, threading
from course_lib.grading import warming, worker
shell = worker.prepare("03_clipping_mechanics")
import numpy, torch
def state():
    return sorted(shell.user_ns), numpy.geterr(), torch.get_default_dtype(), shell.execution_count
before = state()
warming.rehearse(shell)
warming.rehearse_experiments("03_clipping_mechanics")
assert state() == before
from course_lib.checks.probes.e03_clipping_mechanics import rule_and_threshold as probes
drawn_before_any_child = probes._in_pascal.cache_info().misses
probes.pascal_error(lambda g, threshold: g, 1.0)
assert drawn_before_any_child == probes._in_pascal.cache_info().misses == 5
assert (threading.active_count(), len(os.listdir("/proc/self/task"))) == (1, 1)
worker.prepare_the_rest()
assert state() == before
import matplotlib, matplotlib.pyplot
def drawn():
    return dict(matplotlib.rcParams), matplotlib.pyplot.get_fignums()
before_drawing = drawn()
warming.rehearse_a_figure()
assert (state(), drawn()) == (before, before_drawing)
asked = sum(warming.take_large_pages())
kept = next(line for line in open("/proc/self/smaps_rollup") if line.startswith("AnonHugePages"))
print(threading.active_count(), len(os.listdir("/proc/self/task")), asked, kept.split()[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are warm on Linux only")
def test_a_rehearsal_leaves_no_trace_and_no_thread():
    environment = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CODE],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    threads, tasks, asked, kilobytes = map(int, said.stdout.split())
    assert (threads, tasks) == (1, 1)
    assert asked > 20
    # What the kernel makes of it is its own affair; it was told of the process's own memory and of no more.
    assert kilobytes <= 2048 * asked


ASKED_FOR = """
import json, os, sys
import numpy
from course_lib.checks import exercises
from course_lib.checks.asking import asking
from course_lib.grading import warming, worker
shell = worker.prepare()
warming.rehearse(shell)
missing = []
class Missing:
    def find_spec(self, name, *_):
        missing.append(name)
for name, cells in json.load(sys.stdin).items():
    if os.fork() == 0:
        questions = exercises.load_asked(name)
        sys.meta_path.insert(0, Missing())
        for cell in cells:
            shell.run_cell(cell, silent=True, store_history=False)
        for question in questions:
            for _ in asking(question, shell.user_ns, question.draw(numpy.random.default_rng(0))):
                pass
        print(name, len(shell.user_ns) > 20, missing, file=sys.__stdout__, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="workers are warm on Linux only")
def test_the_first_notebook_of_each_exercise_finds_all_that_the_learners_copy_uses():
    copies = {
        path.stem: [
            "".join(cell["source"])
            for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
            if cell["cell_type"] == "code"
        ]
        for path in sorted((ROOT / "exercises").glob("*.ipynb"))
    }
    asked = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASKED_FOR],
        input=json.dumps(copies),
        env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    said = [line for line in asked.stdout.splitlines() if line.startswith(tuple(copies))]
    assert said == [f"{name} True []" for name in copies]


class Counted(process.WarmWorker):
    """A worker that counts how often it let a notebook begin again."""

    again = 0

    def finish(self) -> str:
        try:
            return super().finish()
        except process.Again:
            self.again += 1
            raise


@pytest.fixture
def fresh(toy_exercise):
    worker = Counted(True, toy.NAME)
    yield worker
    worker.close()


def graded(worker, folder, *cells, answers=RIGHT):
    """What these cells and then the toy's answers earn, and what is said."""
    path = hand_in(folder, "ann", notebook(*cells, *answers))
    read = reading.read(path)
    secrets = runner.secrets_of("seed", read.digest, toy.NAME)
    return runner.grade(read, toy.NAME, secrets, runner.Limits(20), worker)


IMPORTS = "import this_is_not_there"
"""Not loaded, whatever the worker has loaded."""


@pytest.mark.needs("sandbox")
def test_a_notebook_that_imports_more_begins_again_once_and_earns_the_same(fresh, tmp_path):
    plain = graded(fresh, tmp_path)
    assert (plain.points, fresh.again) == (10, 0)
    first, second = (graded(fresh, tmp_path, "count = 1", IMPORTS) for _ in range(2))
    assert fresh.again == 1
    assert (first.results, first.notes, first.reason) == (second.results, second.notes, second.reason)
    assert first.points == 10
    assert first.notes == (
        "Cell 2 passed over `import this_is_not_there` "
        "(ModuleNotFoundError: No module named 'this_is_not_there').",
        "Not there when this was run: this_is_not_there.",
    )


@pytest.mark.needs("sandbox")
def test_what_came_before_it_began_again_counts_for_nothing(fresh, tmp_path):
    # Right only in a process that was asked for the first question as well, which the unfinished run had answered.
    double = "asked = []\ndef double(x):\n    asked.append(x)\n    return 2 * x"
    norm = f"def norm(x):\n    try:\n        {IMPORTS}\n    except ImportError:\n        "
    norm += "return float((x ** 2).sum() ** 0.5) if asked else 0.0"
    first, second = (graded(fresh, tmp_path, double, norm, f"{k}", answers=RIGHT[2:]) for k in range(2))
    assert fresh.again == 1
    assert (first.points, second.points) == (10, 10)


@pytest.mark.needs("sandbox")
def test_a_notebook_that_only_pretends_gains_one_more_run_and_nothing_else(fresh, tmp_path):
    end = "import os; os._exit(os.EX_TEMPFAIL)"
    pretending = graded(fresh, tmp_path, end)
    assert fresh.again == 1
    assert (pretending.points, pretending.status) == (10, "stopped")
    assert pretending.reason == "Cell 1 was left out: it ended Python with exit code 75."
