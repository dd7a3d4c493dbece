"""A Dask cluster grades as one machine does, whoever is killed on the way, and says in one sentence why it cannot."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from grader import Batch
from handwritten import DOUBLE, NORM, RIGHT, hand_in, notebook

from course_lib import cli
from course_lib.grading import cluster, confine, local, remote
from course_lib.grading.cluster import Cluster, ClusterError
from course_lib.grading.ledger import FILE
from course_lib.grading.local import Task
from course_lib.grading.notebook import read
from course_lib.grading.remote import RemoteError, grade_remotely, pack_job, unpack_result
from course_lib.grading.runner import Limits, secrets_of

HERE = Path(__file__).parent
FATAL = "# takes its worker down"
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent.parent))),
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    "OMP_NUM_THREADS": "1",
}


@dataclass
class Dask:
    """A scheduler on this machine, and what was started with it."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: subprocess.Popen[bytes] | None

    def kill_a_worker(self) -> None:
        """Kill -9 to a process that grades: the largest beneath the one that starts them anew."""
        assert self.workers is not None
        children = psutil.Process(self.workers.pid).children()
        max(children, key=lambda child: child.memory_info().rss).send_signal(signal.SIGKILL)


@contextmanager
def dask(folder: Path, workers: int) -> Iterator[Dask]:
    """A scheduler with so many workers, all of it gone afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"

    def start(kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--no-dashboard"]
        return subprocess.Popen(command, env=ENVIRONMENT, cwd=folder, stderr=said, stdout=said)

    with (folder / "said").open("wb") as said:
        started = Dask(address, start("scheduler", "--host", "127.0.0.1", "--port", str(port)), None)
        try:
            deadline = time.monotonic() + 60
            while not answers(port):
                assert time.monotonic() < deadline, (folder / "said").read_text()
                time.sleep(0.1)
            if workers:
                more = ("--nworkers", str(workers), "--nthreads", "1", "--preload", "toy.dask_worker")
                started.workers = start("worker", address, *more)
            yield started
        finally:
            for process in filter(None, (started.workers, started.scheduler)):
                process.terminate()
                process.wait(60)


def answers(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    """Two workers."""
    with dask(tmp_path_factory.mktemp("dask"), 2) as started:
        yield started


def class_of(folder: Path, size: int) -> Path:
    for number in range(size):
        good = RIGHT if number % 3 else (DOUBLE, NORM)
        hand_in(folder, f"learner{number:03d}", notebook(*good, f"# by learner {number}"))
    return folder


def client(folder: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    """`course grade` as a process that can be killed."""
    command = [sys.executable, "-m", "toy.grade", str(folder), "--out", str(out), "--seed", "s", *more]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=ENVIRONMENT, text=True, **pipes)


def finish(process: subprocess.Popen[str], out: Path) -> Batch:
    told, said = process.communicate()
    return Batch(process.returncode, out, said, told)


def await_results(out: Path, process: subprocess.Popen[str], size: int) -> None:
    """Wait until the log of the ledger has so many bytes."""
    log = out / (FILE + "-wal")
    while process.poll() is None and not (log.exists() and log.stat().st_size > size):
        time.sleep(0.002)


@pytest.mark.needs("sandbox")
def test_the_same_bytes_as_on_one_machine_though_worker_and_client_are_killed(two, tmp_path):
    folder = class_of(tmp_path / "in", 40)
    here = client(folder, tmp_path / "here", "--jobs", "1")
    first = client(folder, tmp_path / "there", "--scheduler", two.address)
    await_results(tmp_path / "there", first, 60_000)
    assert first.poll() is None, "it was to be killed half way"
    first.kill()
    first.communicate()
    second = client(folder, tmp_path / "there", "--scheduler", two.address)
    await_results(tmp_path / "there", second, 100_000)
    two.kill_a_worker()
    there = finish(second, tmp_path / "there")
    assert (there.code, there.said.count("Traceback")) == (0, 0), there.said
    assert finish(here, tmp_path / "here").code == 0
    grades = (there.out / "grades.csv").read_bytes()
    assert grades == (tmp_path / "here" / "grades.csv").read_bytes()
    assert grades.count(b"graded") == 40


@pytest.mark.needs("sandbox")
def test_a_notebook_that_takes_its_workers_down_does_not_stop_the_batch(two, tmp_path):
    folder, out = class_of(tmp_path / "in", 6), tmp_path / "out"
    hand_in(folder, "fatal", notebook(*RIGHT, FATAL))
    batch = finish(client(folder, out, "--scheduler", two.address), out)
    assert batch.code == 1
    assert batch.said.splitlines()[-1] == f"fatal/90_toy.ipynb: {cluster._LOST}"
    assert batch.grades.pop("fatal")["status"] == "unreadable"
    assert {row["status"] for name, row in batch.grades.items() if name != "fatal"} == {"graded"}
    again = finish(client(folder, out, "--jobs", "1"), out)
    assert (again.code, again.points("fatal")) == (0, 10)


def tasks(folder: Path, size: int) -> list[Task]:
    paths = sorted(class_of(folder, size).rglob("*.ipynb"))
    return [Task(read(path), "90_toy") for path in paths]


@pytest.mark.needs("sandbox")
def test_few_notebooks_are_under_way_and_the_cluster_forgets_them(two, toy_exercise, tmp_path):
    def notes(dask_scheduler):
        spans = dask_scheduler.extensions["spans"].spans.values()
        return [note for span in spans for note in (span.metadata or {"collections": []})["collections"]]

    waiting = tasks(tmp_path, 60)
    pulled = []
    with closing(Cluster(two.address)) as joined:
        batch = joined.grade((pulled.append(1) or task for task in waiting), "s", Limits(), True)
        under_way, done = [], set()
        for task, graded in batch:
            done.add(task.key)
            under_way.append(len(pulled) - len(done))
            assert graded.points in (5, 10)
        assert done == {task.key for task in waiting}
        assert max(under_way) <= 2 * cluster._AHEAD
        deadline = time.monotonic() + 20
        while (joined._client.futures or joined._client.who_has()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert (dict(joined._client.futures), joined._client.who_has()) == ({}, {})
        assert joined._client.run_on_scheduler(notes) == []


def test_a_scheduler_without_workers_and_one_that_goes(toy_exercise, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(cluster, "_EMPTY_SECONDS", 1.0)
    with dask(tmp_path, 0) as alone:
        with (
            closing(Cluster(alone.address)) as joined,
            pytest.raises(
                ClusterError, match=r"has no workers; start some \(dask worker tcp://.*Nothing graded"
            ),
        ):
            list(joined.grade(tasks(tmp_path / "in", 3), "s", Limits(), True))
        monkeypatch.setattr(cluster, "_EMPTY_SECONDS", 60.0)
        with closing(Cluster(alone.address)) as joined:
            threading.Timer(1.0, alone.scheduler.kill).start()
            with pytest.raises(
                ClusterError, match=r"The scheduler at tcp://.* is gone. Nothing graded is lost"
            ):
                list(joined.grade(tasks(tmp_path / "in", 3), "s", Limits(), True))
    assert not [record for record in caplog.records if record.name.startswith("distributed")]


@pytest.mark.parametrize(
    "address", ["localhost:8786", "tcp://localhost", "http://localhost:80", "tcp://u@h:1", "tcp://h:1/x"]
)
def test_an_address_that_is_none_is_wrong_usage(address, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["grade", "in", "--out", "out", "--scheduler", address])
    assert left.value.code == 2
    assert f"{address} is no address of the form tcp://HOST:PORT" in capsys.readouterr().err


def refusal(tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command says, in one line, before it writes anything."""
    code = cli.main(["grade", str(tmp_path), "--out", str(tmp_path / "out"), "--scheduler", address])
    (line,) = capsys.readouterr().err.splitlines()
    assert (code, (tmp_path / "out").exists()) == (1, False)
    return line


def test_a_scheduler_that_does_not_answer(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 1.0)
    assert "No scheduler answers at tcp://127.0.0.1:1; start one" in refusal(
        tmp_path, "tcp://127.0.0.1:1", capsys
    )
    assert "tls://127.0.0.1:1 needs certificates" in refusal(tmp_path, "tls://127.0.0.1:1", capsys)


def test_without_dask(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "needs the package distributed, which is not installed" in refusal(
        tmp_path, "tcp://127.0.0.1:1", capsys
    )


@pytest.fixture
def task(toy_exercise: None, tmp_path: Path) -> Task:
    return Task(read(hand_in(tmp_path / "in", "ann", notebook(*RIGHT))), "90_toy")


@pytest.fixture
def job(task: Task) -> bytes:
    return pack_job(task, secrets_of("the seed", *task.key), Limits(), True)


@pytest.fixture
def seat(lend: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A fresh seat in this process; what is opened and closed at it, in order."""
    lent = local.open_worker
    done: list[str] = []

    def opened(sandbox: bool, exercise: str, place: int | None = None) -> object:
        worker = lent(sandbox, exercise, place)
        plain = worker.close
        monkeypatch.setattr(worker, "close", lambda: done.append("closed") or plain())
        done.append("opened")
        return worker

    monkeypatch.setattr(local, "open_worker", opened)
    remote._seat.cache_clear()
    yield done
    remote._seat(True)._desk.close()
    remote._seat.cache_clear()


def test_a_desk_keeps_its_worker_until_it_is_idle(task, job, seat, monkeypatch):
    for _ in range(2):
        assert unpack_result(grade_remotely(job), task).points == 10
    assert seat == ["opened"]
    monkeypatch.setattr(remote, "_IDLE_SECONDS", 0.05)
    grade_remotely(job)
    deadline = time.monotonic() + 20
    while seat == ["opened"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert seat == ["opened", "closed"]
    assert unpack_result(grade_remotely(job), task).points == 10


def test_one_question_and_the_seed_stays(task, job, seat):
    assert b"the seed" not in job
    again = Task(task.notebook, task.exercise, "norm")
    asked = pack_job(again, secrets_of("the seed", *task.key), Limits(), True)
    assert [result.question for result in unpack_result(grade_remotely(asked), again).results] == ["norm"]


def test_a_desk_that_fails_says_so_and_begins_anew(task, job, seat, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(local, "grade", lambda *given: 1 / 0)
        failed = unpack_result(grade_remotely(job), task)
    assert failed.status == "unreadable"
    assert "a fault of the grader's own (ZeroDivisionError)" in failed.reason
    assert "division by zero" in failed.faults[0]
    assert seat == ["opened", "closed"]
    assert unpack_result(grade_remotely(job), task).points == 10


def test_another_version_and_a_machine_without_a_sandbox_are_said(task, job, monkeypatch):
    other = json.dumps(json.loads(job) | {"release": "course 0.0.9"}).encode()
    with pytest.raises(
        RemoteError, match=r"On .*: course .* is installed, but course 0.0.9 where .* install the same"
    ):
        unpack_result(grade_remotely(other), task)
    remote._seat.cache_clear()
    monkeypatch.setattr(confine.shutil, "which", lambda name: None)
    with pytest.raises(RemoteError, match=r"On .*: Grading needs a sandbox .* bubblewrap is missing"):
        unpack_result(grade_remotely(job), task)


def spoiled():
    """Ways in which what comes from a cluster may not be what this course sends, from the record of a good result."""
    yield "no bytes", lambda record: record
    yield "a pickle", lambda record: pickle.dumps(record)
    yield "no JSON", lambda record: b"{"
    yield "nested without end", lambda record: b"[" * 100_000
    yield "neither", lambda record: b'{"other": 1}'
    yield "too long", lambda record: b" " * (remote.LARGEST_RESULT + 1)

    def changed(name, **fields):
        yield name, lambda record: json.dumps({"graded": record | fields}).encode()

    yield from changed("an unknown status", status="excellent")
    yield from changed("one field more", more="x")
    yield from changed("a number for text", reason=3)
    yield from changed("a word for seconds", seconds="long")
    yield from changed("endless seconds", seconds=float("inf"))
    yield from changed("text for notes", notes="abc")
    yield from changed("a note that is none", notes=[None])
    yield from changed("no results", results=[])

    def in_the_first(name, **fields):
        def spoil(record):
            first, *rest = record["results"]
            return json.dumps({"graded": record | {"results": [first | fields, *rest]}}).encode()

        yield name, spoil

    yield from in_the_first("more than all points", points=3)
    yield from in_the_first("less than none", points=-1)
    yield from in_the_first("points that are true", points=True)
    yield from in_the_first("half a point", points=0.5)
    yield from in_the_first("worth more", points=100, out_of=100)
    yield from in_the_first("another question", question="bonus")
    yield from in_the_first("no text for a card", card=None)


@pytest.mark.parametrize(
    ("name", "spoil"), [*spoiled()], ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_is_no_result_is_refused(task, name, spoil):
    results = [
        {"question": name, "title": "t", "status": "right", "points": points, "out_of": points, "message": ""}
        | {"misconception": "", "hints": [], "card": ""}
        for name, points in (("double", 2), ("norm", 3), ("threshold", 1), ("top", 4))
    ]
    record = {"status": "graded", "reason": "", "notes": [], "seconds": 1, "results": results, "faults": []}
    assert unpack_result(json.dumps({"graded": record}).encode(), task).points == 10
    with pytest.raises(RemoteError, match="sent something that is no result"):
        unpack_result(spoil(record), task)
