"""Grading on more than one machine: `course grade --scheduler tcp://HOST:PORT` sends notebooks to a Dask cluster.

Seed, ledger and tables stay here; each process of the cluster is one desk (`remote`). Only so many notebooks are
under way that every desk has its next ones waiting, and a result is forgotten on the cluster as soon as it is here,
so that neither side's memory grows with the class. Dask gives the work of a lost process to another. A notebook
whose processes are lost again and again is put aside, tried once more with nothing beside it, and given up.
"""

from __future__ import annotations

import logging
import queue
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from course_lib.clean import clean
from course_lib.errors import CourseError
from course_lib.grading.local import Task
from course_lib.grading.remote import grade_remotely, pack_job, unpack_result
from course_lib.grading.runner import Graded, Limits, secrets_of, unreadable

if TYPE_CHECKING:
    from distributed import Client, Future

_CONNECT_SECONDS = 10.0
_EMPTY_SECONDS = 30.0
"""How long the cluster may be without a single worker."""

_LOOK_SECONDS = 2.0
_AHEAD = 8
"""Notebooks under way for each worker: enough that none waits for the network. Most of them wait at the scheduler."""

_MOST_ASIDE = 100
_RESUME = "Nothing graded is lost: the same command goes on where this one ended."
_LOST = "was not graded: every worker that ran it was lost. The same command tries it again."


class ClusterError(CourseError):
    """The cluster cannot be used, or not any longer; what was graded is in the ledger."""


class Cluster:
    """A Dask cluster, by the address of its scheduler; raises `ClusterError` where none answers."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = _connect(address)
        self._arrived: queue.SimpleQueue[tuple[Future[object], object]] = queue.SimpleQueue()
        self._workers = 0
        self._seen = time.monotonic()
        self._look_again = 0.0

    def close(self) -> None:
        """Leave the cluster; what is still under way there is dropped."""
        self._client.close(timeout=_LOOK_SECONDS)

    def grade(
        self, tasks: Iterable[Task], seed: str, limits: Limits, sandbox: bool
    ) -> Generator[tuple[Task, Graded], None, None]:
        """Grade all, as many at a time as the cluster has workers; results come as they are ready.

        A notebook that loses every worker which runs it is given back as unreadable, after all others; one that was
        cut short because others had its core is graded again then, alone.
        """

        def submit(task: Task) -> Future[object]:
            job = pack_job(task, secrets_of(seed, *task.key), limits, sandbox)
            return self._client.submit(grade_remotely, job, key=f"course-grade-{uuid.uuid4().hex}")

        aside: list[Task] = []
        for task, graded in self._results(iter(tasks), submit, alone=False):
            if graded is not None and (not graded.crowded or len(aside) == _MOST_ASIDE):
                yield task, graded
            elif len(aside) < _MOST_ASIDE:
                aside.append(task)
            else:
                raise ClusterError(
                    f"The cluster at {self._address} loses its workers all the time. {_RESUME}"
                )
        # Whoever was beside such a notebook when its worker was lost may have been put aside with it.
        for task, graded in self._results(iter(aside), submit, alone=True):
            yield task, graded or unreadable(task.exercise, _LOST)

    def _results(
        self, waiting: Iterator[Task], submit: Callable[[Task], Future[object]], alone: bool
    ) -> Iterator[tuple[Task, Graded | None]]:
        """Each task with its result, or without one where its workers were lost."""
        loop = self._client.loop
        assert loop is not None  # it runs since the client is connected
        running: dict[object, Task] = {}
        while True:
            self._look()
            room = 1 if alone else _AHEAD * max(self._workers, 1)
            while len(running) < room and (task := next(waiting, None)) is not None:
                future = submit(task)
                running[future.key] = task
                loop.add_callback(self._fetch, future)
            if not running:
                return
            try:
                future, answer = self._arrived.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            task = running.pop(future.key)
            future.release()
            yield task, self._graded(answer, task)

    async def _fetch(self, future: Future[object]) -> None:
        """Wait for one result and hand it over; all that are under way are waited for at the same time."""
        try:
            answer = await future
        except Exception as error:
            answer = error
        self._arrived.put((future, answer))

    def _graded(self, answer: object, task: Task) -> Graded | None:
        """The result in what came back; raises `ClusterError` and `RemoteError`."""
        from distributed.scheduler import KilledWorker

        match answer:
            case KilledWorker():
                return None
            case OSError() | CancelledError():
                raise ClusterError(f"The scheduler at {self._address} is gone. {_RESUME}")
            case Exception():
                said = clean(" ".join(f"{type(answer).__name__}: {answer}".split()))[:300]
                raise ClusterError(
                    f"The cluster at {self._address} cannot run the course ({said}); install the same course for "
                    f"its scheduler and for every worker. {_RESUME}"
                )
        return unpack_result(answer, task)

    def _look(self) -> None:
        """Count the workers, now and then; raises `ClusterError` when there have been none for too long."""
        now = time.monotonic()
        if now < self._look_again:
            return
        try:
            threads = self._client.nthreads()
        except Exception:
            raise ClusterError(f"The scheduler at {self._address} is gone. {_RESUME}") from None
        if any(count > 1 for count in threads.values()) and not self._workers:
            print(
                "Some workers have several threads, of which one grades: start them with --nthreads 1.",
                file=sys.stderr,
            )
        self._workers = len(threads)
        self._look_again = now + _LOOK_SECONDS
        if threads:
            self._seen = now
        elif now - self._seen > _EMPTY_SECONDS:
            raise ClusterError(
                f"The scheduler at {self._address} has no workers; start some (dask worker {self._address} "
                f"--nthreads 1). {_RESUME}"
            )


def _connect(address: str) -> Client:
    try:
        from distributed import Security

        client = _noteless()
    except ImportError:
        raise ClusterError(
            "Grading on a cluster needs the package distributed, which is not installed here; run "
            "`python3 start.py`, or `pip install '.[cluster]'` in the course's folder."
        ) from None
    security = Security()  # Dask's own configuration
    if address.startswith("tls://") and security.get_connection_args("client")["ssl_context"] is None:
        raise ClusterError(
            f"{address} needs certificates; name them in Dask's configuration (distributed.comm.tls), on every machine."
        )
    for name in ("distributed", "distributed.client"):  # what goes wrong is said here, in one sentence
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions: `remote.release` is stricter
            return client(address, timeout=_CONNECT_SECONDS, security=security, set_as_default=False)
    except Exception as error:
        why = "" if isinstance(error, OSError) else f" ({error})"
        raise ClusterError(
            f"No scheduler answers at {address}{why}; start one (dask scheduler), or give its address."
        ) from None


def _noteless() -> type[Client]:
    """Dask's client, without the note on what was submitted, which the scheduler keeps for as long as it lives.

    The notes of all submissions make one list (`distributed.spans.Span.add_metadata`): 0.3 kB for each notebook.
    """
    from distributed import Client

    class Noteless(Client):
        def _graph_to_futures(self, *given: Any, **named: Any) -> Any:
            if "span_metadata" in named:  # not Dask's public interface: another release may have none
                named["span_metadata"] = {"collections": []}
            return Client._graph_to_futures(self, *given, **named)

    return Noteless
