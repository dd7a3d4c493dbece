"""A busy machine is no fault of a learner's: what others take costs nobody a point, and what took too long is said."""

from __future__ import annotations

import os
import sys
import time

import pytest
from grader import grade_apart
from handwritten import DOUBLE, NORM, RIGHT, THRESHOLD, TOP, hand_in, notebook

from course_lib.grading import clocks, local, process, runner
from course_lib.grading.waiting import Wait, stand_last

HOG = """
import os, time
for _ in range(60):
    if os.fork() == 0:
        os.setsid()  # the kernel shares a core among sessions, where it groups by them
        while True: pass
time.sleep(1000)
"""

WORK = """
import time
began = time.process_time()
while time.process_time() - began < 1.8: pass
"""
"""More than half of the three seconds that a cell may take."""

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux counts what a process waited for a core"
)


@pytest.mark.needs("sandbox")
def test_sixty_processes_of_a_neighbour_take_no_point_from_anybody(tmp_path):
    for number in range(2):
        hand_in(tmp_path / "in", f"a_hog{number}", notebook(DOUBLE, HOG, THRESHOLD, f"# {number}"))
    for number in range(4):
        cells = (DOUBLE, WORK + NORM, THRESHOLD, WORK + TOP)
        hand_in(tmp_path / "in", f"diligent{number}", notebook(*cells, f"# {number}"))
    batch = grade_apart(tmp_path, "--jobs", "2", "--timeout", "12")
    assert batch.code == 0, batch.said
    diligent = {name: row for name, row in batch.grades.items() if name.startswith("diligent")}
    assert {row["points"] for row in diligent.values()} == {"10"}, diligent
    assert {row["status"] for row in diligent.values()} == {"graded"}, diligent
    assert {batch.grades[f"a_hog{number}"]["status"] for number in range(2)} == {"stopped"}


@pytest.mark.needs("sandbox")
def test_what_took_too_long_is_said_and_not_plain_graded(grade, tmp_path):
    late = notebook(DOUBLE, "while True: pass\n" + NORM, THRESHOLD, TOP)
    hand_in(tmp_path / "in", "cell", late)
    hand_in(tmp_path / "in", "answer", notebook(*RIGHT, "def norm(x):\n    while True: pass"))
    batch = grade(tmp_path / "in", "--timeout", "4")
    assert [batch.points(name) for name in ("cell", "answer")] == [7, 7]
    assert (batch.grades["cell"]["status"], batch.grades["answer"]["status"]) == ("stopped", "stopped")
    assert batch.grades["cell"]["reason"] == "Cell 2 was stopped after 1 s."
    assert batch.grades["answer"]["reason"] == "Asking norm did not end: it was stopped after 1 s."
    assert "which should define norm, took too long" in batch.feedback("cell")


@linux
@pytest.mark.parametrize("own", [False, True])
def test_only_what_others_took_is_waiting(own):
    """Six processes on one core; whether the other five are its own decides whether the first has waited for them."""
    wait, children = Wait(), []
    for _ in range(6):
        child = os.fork()
        if child == 0:
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
            while True:
                pass
        children.append(child)
    time.sleep(2)
    try:
        waited = wait.measured(children[0], children if own else children[:1])
        told = wait.told()
        counted = wait.measured(children[0], [])
    finally:
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)
    assert told == waited < 2.5
    assert (counted - waited > 0.1) is own


@linux
def test_a_submission_stands_last_on_the_core_of_its_place():
    cores = sorted(os.sched_getaffinity(0))
    reading, writing = os.pipe()
    for place in (0, 1, len(cores)):
        child = os.fork()
        if child == 0:
            stand_last(place)
            told = os.getpriority(os.PRIO_PROCESS, 0), *os.sched_getaffinity(0)
            os.write(writing, repr(told).encode() + b"\n")
            os._exit(0)
        os.waitpid(child, 0)
    os.close(writing)
    with open(reading, encoding="ascii") as said:  # noqa: PTH123
        assert said.read().split("\n")[:-1] == [repr((19, cores[n % len(cores)])) for n in (0, 1, len(cores))]


class Late:
    """A worker that says nothing, and waited for a core as long as it is told."""

    def __init__(self, *waits: float) -> None:
        self.waits = list(waits)
        self.asked: list[float] = []

    def receive(self, deadline):
        self.asked.append(deadline)
        raise process.Late

    def waited(self):
        return self.waits.pop(0)


def test_waiting_is_granted_again_as_far_as_patience_reaches():
    worker = Late(7.0, 9.0, 500.0, 600.0)
    clock = clocks.Clock(worker, 0.0, 30.0, 100.0)
    with pytest.raises(process.Late):
        clock.receive()
    assert worker.asked == [0.0, 7.0, 9.0, 100.0]
    assert clock.waited == 100.0


@pytest.mark.needs("sandbox")
def test_what_was_crowded_out_is_graded_again_alone(toy_exercise, tmp_path, monkeypatch):
    from toy import NAME

    from course_lib.grading.notebook import read

    tasks = [
        local.Task(read(hand_in(tmp_path / "in", f"ann{n}", notebook(*RIGHT, f"# {n}"))), NAME)
        for n in range(3)
    ]
    busy = runner.Graded("stopped", f"Late. {runner._BUSY} 48 s for a processor core.", (), 1.0, ())
    quiet = runner.Graded("graded", "", (), 1.0, ())
    seats: list[int] = []
    plain = local._Seat.__init__

    def counted(self, place, *given):
        seats.append(place)
        plain(self, place, *given)

    def take(self):
        self.line.recv()  # whatever it is: the process beside does not know the toy exercise
        return busy if len(seats) == 2 and self.task is tasks[1] else quiet

    monkeypatch.setattr(local._Seat, "__init__", counted)
    monkeypatch.setattr(local._Seat, "take", take)
    graded = list(local.grade_beside(tasks, "s", runner.Limits(), True, 2))
    assert [result for _, result in graded] == [quiet] * 3
    assert graded[-1][0] is tasks[1]
    assert seats == [0, 1, 0]
