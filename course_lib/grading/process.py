"""A worker process as the trusted side sees it: started, handed a submission, listened to, and ended.

Every wait has a deadline, and nothing that arrives is trusted to be what it says.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import IO, Protocol

from course_lib.errors import CourseError
from course_lib.grading import bounds, confine
from course_lib.grading.frames import Unpacker

START_SECONDS = 180.0
"""How long a worker may take to import everything, on a slow and busy machine."""

_GONE_SECONDS = 10.0
_LEAVING_SECONDS = 1.0
_CRASHES = {
    "SIGSEGV": "a segmentation fault",
    "SIGBUS": "a bus error",
    "SIGABRT": "an abort",
    "SIGFPE": "an arithmetic fault",
    "SIGKILL": "a kill signal; memory may have run out",
    "SIGXCPU": "the end of its processor time",
}


class WorkerError(CourseError):
    """No worker can be started here; the message holds the last that it said."""


class Late(Exception):
    """Nothing came before the deadline."""


class Again(Exception):
    """The job needs what the worker had not loaded; it does now, and the job must begin again."""


class Worker(Protocol):
    """Runs one submission at a time: `begin`, `send` and `receive` until that gives `None`, then `finish`."""

    def begin(self, job: bytes, seconds: int) -> None:
        """Start a fresh process on this job (a whole frame), with so many seconds of CPU time."""

    def send(self, frame: bytes, deadline: float) -> None:
        """Hand in one frame more; raises `Late`, after which an empty one goes on with what is left of it.

        A process that is dead is noticed when it is listened to.
        """

    def receive(self, deadline: float) -> tuple[str, bytes] | None:
        """The next frame; `None` when the process will say no more; raises `Late` and `FrameError`."""

    def waited(self) -> float:
        """The seconds that the process has waited for a core while others had it; 0 where nobody counts."""

    def finish(self) -> str:
        """End the process, whatever it does, and say how it had ended by itself (empty: it had not).

        Raises `Again` where what it said and did is to count for nothing.
        """

    def close(self) -> None:
        """End everything."""


def open_worker(sandbox: bool, exercise: str, place: int | None = None) -> Worker:
    """A warm worker where the system forks safely, a cold one elsewhere; raises `ConfineError` and `WorkerError`.

    It runs any notebook, those of `exercise` soonest; where it has a `place` among others, each on the core of that
    place.
    """
    return WarmWorker(sandbox, exercise, place) if sandbox or sys.platform == "linux" else ColdWorker()


class WarmWorker:
    """A process that has imported what is used and forks for each submission; started again should it die."""

    def __init__(self, sandbox: bool, exercise: str, place: int | None = None) -> None:
        self._sandbox = sandbox
        self._exercise = exercise
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._channel: socket.socket | None = None
        self._ready = False
        self._unpacker = Unpacker()
        self._unsent = b""
        self._ended: bytes | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="course-worker-"))
        self._said = (self._folder / "said").open("w+b")
        self._start()

    def _start(self) -> None:
        where = confine.sandboxed if self._sandbox else partial(confine.plain, self._folder)
        start = where(*([] if self._place is None else [f"--place={self._place}"]), self._exercise)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, bounds.lifted():
            self._process = subprocess.Popen(
                start.command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                env=start.environment,
                cwd=self._folder,
                start_new_session=True,
            )
        self._control = ours
        self._ready = False

    def _await_ready(self) -> None:
        """Wait until what it needs is imported; meanwhile the trusted side could import its own part."""
        assert self._control is not None
        self._control.settimeout(START_SECONDS)
        try:
            said = self._control.recv(16)
        except TimeoutError:
            raise WorkerError(
                f"The process that runs notebooks took over {START_SECONDS:g} s to start."
            ) from None
        if said != b"ready":
            raise WorkerError(f"The process that runs notebooks ended while it started: {self._last_words()}")
        self._ready = True

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = self._said.read(1 << 20).decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def begin(self, job: bytes, seconds: int) -> None:
        """Fork a child and hand it the job."""
        ours, theirs = socket.socketpair()
        self._channel, self._unpacker, self._unsent, self._ended = ours, Unpacker(), b"", None
        with theirs:
            for attempt in (1, 2):
                try:
                    if not self._ready:
                        self._await_ready()
                    assert self._control is not None
                    socket.send_fds(self._control, [b"go %d" % seconds], [theirs.fileno()])
                    break
                except OSError:
                    if attempt == 2:
                        raise WorkerError("The process that runs notebooks does not stay alive.") from None
                    self._stop()
                    self._start()
        with contextlib.suppress(Late):
            self.send(job, time.monotonic() + _GONE_SECONDS)

    def send(self, frame: bytes, deadline: float) -> None:
        """Hand the child one frame; a learner's code may be what does not read it."""
        assert self._channel is not None
        self._unsent += frame
        while self._unsent:
            self._channel.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                self._unsent = self._unsent[self._channel.send(self._unsent) :]
            except TimeoutError:
                raise Late from None
            except OSError:
                return  # it is dead, which is noticed when it is listened to

    def receive(self, deadline: float) -> tuple[str, bytes] | None:
        """The child's next frame."""
        assert self._channel is not None
        while (frame := self._unpacker.take()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Late
            self._channel.settimeout(left)
            try:
                block = self._channel.recv(1 << 18)
            except TimeoutError:
                raise Late from None
            except OSError:
                return None
            if not block:
                return None
            self._unpacker.feed(block)
        return frame

    def waited(self) -> float:
        """What the child waited for a core, as its parent measures it."""
        assert self._control is not None
        try:
            self._control.send(b"waited")
            said = self._hear(_GONE_SECONDS)
        except OSError:
            return 0.0
        if said.startswith(b"waited "):
            return int(said[7:]) / 1e9
        self._ended = said  # the child was gone already
        return 0.0

    def _hear(self, patience: float) -> bytes:
        """What the parent says next; raises `TimeoutError` and other `OSError`."""
        assert self._control is not None
        self._control.settimeout(patience)
        return self._control.recv(32)

    def finish(self) -> str:
        """End the child."""
        assert self._channel is not None and self._control is not None
        self._channel.close()
        # A child that closed its end is given a moment to be gone by itself, so that how it ended can be told.
        for patience, packet in ((0.2, None), (_GONE_SECONDS, b"kill")):
            try:
                if packet:
                    self._control.send(packet)
                said = self._ended or self._hear(patience)
                while said.startswith(b"waited "):  # an answer that came too late
                    said = self._hear(patience)
            except TimeoutError:
                continue
            except OSError:
                break
            if said == b"again":
                self._ready = False
                raise Again
            if said.startswith(b"exit "):
                return "" if packet else how(os.waitstatus_to_exitcode(int(said[5:])))
            break
        self._stop()
        self._start()
        return ""

    def _stop(self) -> None:
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def close(self) -> None:
        """End the parent, and whatever it started; by itself, so that the system counts what it took."""
        if self._control is not None and self._process is not None:
            self._control.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LEAVING_SECONDS)
        self._stop()
        self._said.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def how(code: int) -> str:
    """An exit code in words; a negative one is a signal's number."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:  # a real-time signal, of which only the first and the last have names
            name = f"signal {-code}"
        return f"it was ended by {_CRASHES.get(name, name)}"
    return f"it ended Python with exit code {code}"


class ColdWorker:
    """A new process for each submission: slower by the time the imports take, and the same in all else."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._arrived: queue.Queue[bytes | None] = queue.Queue(maxsize=64)
        self._to_go: queue.Queue[bytes | None] = queue.Queue()
        self._unpacker = Unpacker()

    def begin(self, job: bytes, seconds: int) -> None:
        """Start a process and, once it has imported everything, hand it the job."""
        self._folder = tempfile.TemporaryDirectory(prefix="course-submission-", ignore_cleanup_errors=True)
        start = confine.plain(Path(self._folder.name), "--once")
        with bounds.lifted():
            self._process = subprocess.Popen(
                start.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=start.environment,
                cwd=self._folder.name,
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._arrived, self._to_go, self._unpacker = queue.Queue(maxsize=64), queue.Queue(), Unpacker()
        threading.Thread(target=_listen, args=(self._process.stdout, self._arrived), daemon=True).start()
        threading.Thread(target=_tell, args=(self._process.stdin, self._to_go), daemon=True).start()
        ready = self.receive(time.monotonic() + START_SECONDS)
        if ready is None or ready[0] != "ready":
            self.finish()
            raise WorkerError("The process that runs notebooks ended while it started.")
        self._to_go.put(job)

    def send(self, frame: bytes, deadline: float) -> None:
        """Have the frame written; whether it is read shows in what comes back."""
        self._to_go.put(frame)

    def receive(self, deadline: float) -> tuple[str, bytes] | None:
        """The process's next frame."""
        while (frame := self._unpacker.take()) is None:
            try:
                block = self._arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise Late from None
            if block is None:
                return None
            self._unpacker.feed(block)
        return frame

    def waited(self) -> float:
        """Nobody counts it here."""
        return 0.0

    def finish(self) -> str:
        """End the process."""
        assert self._process is not None and self._folder is not None
        ended = ""
        try:
            code = self._process.wait(0.2)
            ended = how(code)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._to_go.put(None)
        self._folder.cleanup()
        return ended

    def close(self) -> None:
        """End the process, should one be there."""
        if self._process is not None and self._process.poll() is None:
            self.finish()


def _listen(stream: IO[bytes], arrived: queue.Queue[bytes | None]) -> None:
    """Hand on what arrives, in bounded blocks; wait while nobody takes it."""
    with stream:
        while block := os.read(stream.fileno(), 1 << 16):
            arrived.put(block)
    arrived.put(None)


def _tell(stream: IO[bytes], to_go: queue.Queue[bytes | None]) -> None:
    """Write what is to go, until there is no more or nobody to read it."""
    with contextlib.suppress(OSError), stream:
        while (frame := to_go.get()) is not None:
            stream.write(frame)
            stream.flush()
