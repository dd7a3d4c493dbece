"""The process in which learner code runs: `python -m course_lib.grading.worker`.

Warm (Linux): it imports once what the exercise that it is told uses, then waits on the socket that is its standard
input. For each submission it is handed one end of a fresh socket, forks, and the child speaks over that socket with the
trusted side and with nobody else; the parent never reads a byte that a learner wrote. The first child that would import
more ends instead; then the parent imports all else that notebooks use, and the submission begins again. Cold (`--once`,
elsewhere): one process for each submission, which imports everything and speaks over its standard input and output.

The child receives one frame, `job`: the cells, how many cases each question has, and the seconds that one cell may
take. It runs the cells in order, as "Restart and run all" would, then puts the questions in order, and says at each
step where it is, so that the trusted side knows which cell ended the process:

- `cell k` before cell k; after it `passed [k, statement, type, message, module]` for each statement that was passed
  over, and `raised [k, type, message]` where it raised;
- `question k` before question k, then one `answer` a case. Each `case` is a frame of its own, without what it is
  called, and is handed in only when the one before it is answered: no code can look at what is still to come;
- `done`.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import os
import random
import select
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import astuple
from functools import partial
from importlib.abc import MetaPathFinder
from types import FrameType
from typing import Any, NoReturn

from course_lib.checks import exercises, wire
from course_lib.checks.asking import Asked, asking, first_line
from course_lib.checks.case import Answer, Case
from course_lib.checks.refusing import refusing
from course_lib.grading.enclosure import Enclosure, release_memory
from course_lib.grading.frames import LARGEST, LARGEST_JOB, Unpacker, pack
from course_lib.grading.hooks import clear_hooks
from course_lib.grading.waiting import LEAST, Wait, stand_last
from course_lib.grading.warming import rehearse, rehearse_a_figure, rehearse_experiments, take_large_pages

_ROOMS = ("data", "clipping", "dynamics", "training")
_OTHER_ROOMS = ("fairness", "figures", "teach", "demos")
_LIBRARIES = ("matplotlib.pyplot", "sklearn.datasets", "statsmodels.datasets")
"""What brings large libraries with it, and what only learners may think of: loaded when it is first asked for."""

_SEED = 2013


class OutOfTime(KeyboardInterrupt):
    """A cell or a question took longer than it may. A `KeyboardInterrupt`, as the stop button's is."""


def prepare(*asked: str) -> Any:
    """Import what asking these exercises takes, and return the IPython shell in which cells will run.

    No thread may be running afterwards, since a fork keeps only the one that forks: libraries are held to one
    thread, and the shell keeps no history.
    """
    gc.disable()  # looking for garbage among what is only growing takes an eighth of the time
    import torch

    from course_lib.grading.shell import make_shell

    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)
    torch.set_num_interop_threads = _nothing  # a second call raises, and in a notebook it would be the first
    importlib.import_module(
        "torch._dynamo"
    )  # which torch itself would load at the first step of an optimizer
    _open(_ROOMS)
    for exercise in asked:
        _foresee(exercise)
    shell = make_shell()
    # In a submission a check is silent: the questions are put afterwards, from outside.
    setattr(importlib.import_module("course_lib.teach"), "check", _nothing)  # noqa: B010
    _settle()
    return shell


def prepare_the_rest() -> None:
    """Import everything else that notebooks use; no thread may be running afterwards, either."""
    gc.disable()
    import matplotlib

    matplotlib.use("Agg")
    for name in _LIBRARIES:
        importlib.import_module(name)
    sys.modules["matplotlib.pyplot"].show = _show  # type: ignore[attr-defined]
    _open(_OTHER_ROOMS)
    for exercise in exercises.EXERCISES:
        _foresee(exercise)
    _settle()


def _foresee(exercise: str) -> None:
    """Load what an exercise asks, and find once what its answers may not lean on."""
    for asked in exercises.load_asked(exercise):
        with refusing(asked.refuses):
            pass


def _open(rooms: tuple[str, ...]) -> None:
    """Import rooms of the course, and all that they load only when it is used."""
    for name in rooms:
        room = importlib.import_module(f"course_lib.{name}")
        for public in getattr(room, "__all__", ()):
            getattr(room, public)


def _settle() -> None:
    """Look for garbage now, and in no child among what is here to stay."""
    gc.enable()
    gc.collect()
    gc.freeze()


class _Unprepared(MetaPathFinder):
    """Asked for a module that is not loaded, it ends the child of a parent that has not prepared the rest.

    So an import takes none of a submission's time, and finds what it would find in any other place of the batch.
    """

    def __init__(self) -> None:
        self._process = os.getpid()

    def find_spec(self, *_: object) -> None:
        """End the child; a process that a cell started imports by itself."""
        if os.getpid() == self._process:
            os._exit(os.EX_TEMPFAIL)


def _nothing(*_: object, **__: object) -> None:
    """Stands where a notebook would draw, show or leave."""


def _show(*_: object, **__: object) -> None:
    """Drop every figure, as `plt.show()` does in a notebook, without a warning that there is no screen."""
    sys.modules["matplotlib.pyplot"].close("all")


class Sitting:
    """One submission's run, inside its own process."""

    def __init__(
        self,
        shell: Any,
        take: Callable[[], bytes],
        send: Callable[[bytes], None],
        waited: Callable[[], float],
    ) -> None:
        job = wire.decode_ours(take())
        self._shell = shell
        self._take = take
        self._waited = waited
        self._send = send
        self._cells: dict[int, str] = {int(k): source for k, source in job["cells"].items()}
        self._cases: dict[str, int] = job["questions"]
        self._asked: tuple[Asked, ...] = exercises.load_asked(job["exercise"])
        self._seconds = float(job["cell_seconds"])
        self._process = os.getpid()

    def run(self) -> None:
        """Run every cell, put every question, say `done`; unseeded random numbers are the same in every run."""
        sys.path.insert(0, "")  # as in a notebook: what a cell wrote beside it can be imported
        random.seed(_SEED)
        sys.modules["numpy"].random.seed(_SEED)
        # Not torch.manual_seed: for devices that are not here it keeps the text of the whole stack.
        sys.modules["torch"].default_generator.manual_seed(_SEED)
        for number, source in self._cells.items():
            self._run_cell(number, source)
            release_memory(1 / len(self._cells))
        for asked in self._asked:
            if asked.name in self._cases:
                self._put(asked)
        self._say("done")

    def _say(self, word: str, payload: bytes = b"") -> None:
        if os.getpid() != self._process:
            os._exit(0)  # A fork that a cell left behind has nothing to say here.
        self._send(pack(word, payload))

    def _run_cell(self, number: int, source: str) -> None:
        self._say("cell", str(number).encode())
        error: BaseException | None = None
        try:
            with _within(self._seconds, self._waited):
                error = self._shell.run(source)
        except BaseException as raised:  # whatever escapes from the shell is this cell's alone
            error = raised
        faulthandler.cancel_dump_traceback_later()  # it could end the process at any moment
        for passed in self._shell.passed:
            self._say("passed", wire.encode([number, *astuple(passed)]))
        if error is not None:
            told = [number, type(error).__name__[:100], first_line(error)]
            self._say("raised", wire.encode(told))

    def _put(self, asked: Asked) -> None:
        clear_hooks()
        self._say("question", asked.name.encode())
        late = False
        for _ in range(self._cases[asked.name]):
            [case] = wire.decode_cases(self._take())
            answer = Answer("timed out") if late else self._ask_one(asked, case)
            late = answer.status == "timed out"
            self._say("answer", _encoded(answer))

    def _ask_one(self, asked: Asked, case: Case) -> Answer:
        try:
            with _within(self._seconds, self._waited):
                return next(asking(asked, self._shell.user_ns, [case]))
        except OutOfTime:
            return Answer("timed out")
        except KeyboardInterrupt as error:
            return Answer("raised", error="KeyboardInterrupt", detail=first_line(error))


def _encoded(answer: Answer) -> bytes:
    """The answer as bytes that fit into a frame."""
    try:
        data = wire.encode_answer(answer)
    except wire.WireError as error:
        data = wire.encode_answer(Answer("unreadable", detail=str(error)))
    if len(data) > LARGEST - 100:
        data = wire.encode_answer(Answer("unreadable", detail="The answer is too large to be checked."))
    return data


@contextlib.contextmanager
def _within(seconds: float, waited: Callable[[], float]) -> Iterator[None]:
    """Interrupt what runs after `seconds`, and again every second should it swallow the interrupt.

    What it `waited` for a core in between is granted again. The clock that counts is the one outside; this one lets
    the rest of an honest notebook go on.
    """
    if not hasattr(signal, "setitimer"):
        yield
        return

    charged = waited()

    def ring(signum: int, frame: FrameType | None) -> None:
        nonlocal charged
        now = waited()
        more, charged = now - charged, now
        if more > LEAST:
            signal.setitimer(signal.ITIMER_REAL, more, 1.0)
            return
        raise OutOfTime(f"stopped after {seconds:g} s")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


Sit = Callable[[Callable[[int], bytes], Callable[[bytes], None], Callable[[], float]], NoReturn]


def _sit(
    shell: Any,
    receive: Callable[[int], bytes],
    send: Callable[[bytes], None],
    waited: Callable[[], float],
    *,
    prepared: bool,
) -> NoReturn:
    """Take the job, run it, and leave without a word to whatever the notebook left behind."""
    code = 1
    try:
        if not prepared:
            sys.meta_path.insert(0, _Unprepared())
        unpacker = Unpacker(LARGEST_JOB)

        def take() -> bytes:
            while (frame := unpacker.take()) is None:
                block = receive(1 << 20)
                if not block:
                    os._exit(1)
                unpacker.feed(block)
            return frame[1]

        Sitting(shell, take, send, waited).run()
        code = 0
    finally:
        os._exit(code)


def _discard_standard_streams() -> None:
    """Nothing to read, and whatever is written goes nowhere, so that 200 MB of it cost nothing."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)


def serve(control: socket.socket, enclosed: bool, place: int | None, exercise: str) -> None:
    """The warm parent: for each socket that arrives, fork; say `exit STATUS` when the child is gone.

    `control` speaks in packets: `go SECONDS` with a socket, `kill`, or `waited`, to which the answer is `waited
    NANOSECONDS`: what the child waited for a core. When it closes, so does everything here. Where a
    child ended because it needs what is not loaded yet, the parent says `again`, and once more `ready` when it is.
    A child that only pretends gets the same, once; what is loaded does not depend on what it did.
    """
    shell, prepared = prepare(exercise), False
    rehearse(shell)
    rehearse_experiments(exercise)
    _settle()
    pieces = take_large_pages()
    enclosure = Enclosure.prepare(place) if enclosed else None
    if enclosure is not None:
        enclosure.rehearse()
    control.send(b"ready")
    while True:
        message, handed, _, _ = socket.recv_fds(control, 16, 1)
        if not message:
            return
        if not message.startswith(b"go ") or not handed:
            continue
        sit = partial(_sit, shell, prepared=prepared)
        if enclosure is not None:
            status = _fork_enclosed(sit, control, handed[0], enclosure, int(message[3:]))
        else:
            status = _fork_plain(sit, control, handed[0], place)
        if not prepared and os.waitstatus_to_exitcode(status) == os.EX_TEMPFAIL:
            control.send(b"again")
            prepare_the_rest()
            rehearse_a_figure()
            _settle()
            pieces, prepared = take_large_pages(), True
            control.send(b"ready")
        else:
            control.send(b"exit %d" % status)
            next(pieces, None)


def _fork_enclosed(sit: Sit, control: socket.socket, handed: int, enclosure: Enclosure, seconds: int) -> int:
    wait = Wait()
    child = enclosure.fork()
    if child == 0:
        _become_child(sit, handed, lambda: enclosure.enter(seconds), wait)
    os.close(handed)
    return _attend(control, child, enclosure.overfull, lambda: wait.measured(child, enclosure.processes()))


def _fork_plain(sit: Sit, control: socket.socket, handed: int, place: int | None) -> int:
    def enter() -> None:
        os.chdir(folder)
        stand_last(place)

    wait = Wait()
    folder = tempfile.mkdtemp(prefix="course-submission-")
    child = os.fork()
    if child == 0:
        _become_child(sit, handed, enter, wait)
    os.close(handed)
    status = _attend(control, child, lambda: False, lambda: wait.measured(child, [child]))
    shutil.rmtree(folder, ignore_errors=True)
    return status


def _attend(
    control: socket.socket, child: int, overfull: Callable[[], bool], waited: Callable[[], float]
) -> int:
    """Wait for the child, ending it when told to, when nobody is there any more, or when it takes too much.

    Meanwhile what it waited for a core is measured, for its own clock and for the one outside.
    """
    watched = os.pidfd_open(child)
    try:
        while True:
            ready, _, _ = select.select([control.fileno(), watched], [], [], 0.25)
            if watched in ready:
                break
            if control.fileno() in ready:
                said = control.recv(16)
                if said == b"waited":
                    control.send(b"waited %d" % (waited() * 1e9))
                elif said in (b"kill", b""):
                    _end(child)
            elif overfull():
                _end(child)
            else:
                waited()
    finally:
        os.close(watched)
    _, status = os.waitpid(child, 0)
    _end(child)
    return status


def _end(child: int) -> None:
    """Kill the child and all that stayed in its session's first group."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child, signal.SIGKILL)


def _become_child(sit: Sit, handed: int, enter: Callable[[], None], wait: Wait) -> NoReturn:
    """Keep the socket that was handed in and nothing else; go where the submission runs; run it."""
    try:
        os.setsid()
        _discard_standard_streams()
        enter()
        os.dup2(handed, 3)
        os.closerange(4, 1024)
        channel = socket.socket(fileno=3)
    except BaseException:
        os._exit(1)
    sit(channel.recv, channel.sendall, wait.told)


def once() -> NoReturn:
    """The cold worker: one submission over standard input and output, in the folder it was started in."""
    reading, writing = os.dup(0), os.dup(1)
    _discard_standard_streams()
    shell = prepare(*exercises.EXERCISES)
    prepare_the_rest()

    def send(data: bytes) -> None:
        left = memoryview(data)
        while left:
            left = left[os.write(writing, left) :]

    send(pack("ready"))
    _sit(shell, lambda size: os.read(reading, size), send, lambda: 0.0, prepared=True)


def main() -> None:
    """Warm for EXERCISE on the socket that is standard input, its children `--enclosed` or not; or cold: `--once`."""
    if "--once" in sys.argv[1:]:
        once()
    places = [int(word.removeprefix("--place=")) for word in sys.argv if word.startswith("--place=")]
    control = socket.socket(fileno=os.dup(0))
    serve(control, "--enclosed" in sys.argv[1:], places[0] if places else None, sys.argv[-1])
    os._exit(0)  # nothing is left to be put in order, and the libraries would take their time over it


if __name__ == "__main__":
    main()
