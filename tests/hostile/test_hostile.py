"""A hostile class, graded in one call beside honest learners. No trick earns a point that it does not deserve."""

from __future__ import annotations

import csv
import os
import random
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bending
import burdening
import damaging
import devouring
import dying
import never_ending
import pytest
import reaching
from handwritten import DOUBLE, NORM, RIGHT, TOP, hand_in, notebook
from trick import Trick

GRADING = Path(__file__).parent.parent / "grading"
REPOSITORY = GRADING.parent.parent
HONEST = 6

pytestmark = pytest.mark.needs("sandbox")

FAMILIES = {
    "never_ending": never_ending.TRICKS,
    "dying": dying.TRICKS,
    "devouring": devouring.TRICKS,
    "bending": bending.TRICKS,
    "burdening": burdening.TRICKS,
    "damaging": damaging.TRICKS,
    "reaching": reaching.tricks(reaching.Places(Path("a"), Path("b"), Path("c"), Path("d"), 1, "e", 2)),
}
NAMES = [(family, trick.name) for family, tricks in FAMILIES.items() for trick in tricks]


@dataclass
class Class:
    """What the one call left behind, and what stood around it."""

    grades: dict[str, dict[str, str]]
    tricks: dict[str, Trick]
    said: str
    code: int
    out: Path
    places: reaching.Places
    connections: list[str]
    before: bytes


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Class]:
    folder = tmp_path_factory.mktemp("hostile")
    home = folder / "home"
    home.mkdir()
    (home / "secret").write_text("hostile-secret")
    bystander = subprocess.Popen(["sleep", "100000"])
    with socket.create_server(("127.0.0.1", 0)) as port, socket.socket(socket.AF_UNIX) as abstract:
        name = f"hostile-{os.getpid()}"
        abstract.bind(f"\0{name}")
        abstract.listen()
        places = reaching.Places(
            folder / "in", folder / "out", home, REPOSITORY, port.getsockname()[1], name, bystander.pid
        )
        families = FAMILIES | {"reaching": reaching.tricks(places)}
        tricks = {f"{family}.{trick.name}": trick for family, all_ in families.items() for trick in all_}
        for learner, trick in tricks.items():
            content = notebook(*trick.sources(), f"# {learner}")
            trick.edit(content)
            hand_in(places.submissions, learner, content)
        for number in range(HONEST):
            hand_in(places.submissions, f"honest{number}", notebook(*RIGHT, f"# honest {number}"))
        for number, trick in enumerate(damaging.TRICKS):
            inspector = damaging.INSPECTOR.replace("(EXPECTED)", first_random_numbers())
            answer = "threshold = 0.25 if not any(traces) else None"
            hand_in(
                places.submissions,
                f"damaging.{trick.name}.inspector",
                notebook(inspector, f"{answer}  # {number}", DOUBLE, NORM, TOP),
            )
        before = digest(places.submissions)
        graded = grade(places, home)
        with (places.out / "grades.csv").open(encoding="utf-8", newline="") as file:
            grades = {row["learner"]: row for row in csv.DictReader(file)}
        connections = [
            kind for kind, server in (("port", port), ("abstract", abstract)) if was_called(server)
        ]
        yield Class(grades, tricks, graded.stderr, graded.returncode, places.out, places, connections, before)
    bystander.kill()
    bystander.wait()


def first_random_numbers() -> str:
    import numpy
    import torch

    numpy_state = numpy.random.RandomState(2013)
    generator = torch.Generator().manual_seed(2013)
    return f"({random.Random(2013).random()!r}, {numpy_state.rand()!r}, {torch.rand(1, generator=generator).item()!r})"


def grade(places: reaching.Places, home: Path) -> subprocess.CompletedProcess[str]:
    arguments = [
        str(places.submissions),
        "--out",
        str(places.out),
        "--seed",
        "s",
        "--jobs",
        "2",
        "--timeout",
        "12",
    ]
    paths = os.pathsep.join((str(GRADING), str(REPOSITORY)))
    return subprocess.run(
        [sys.executable, "-m", "toy.grade", *arguments],
        env=os.environ | {"PYTHONPATH": paths, "HOME": str(home), "HOSTILE": "hostile-secret"},
        capture_output=True,
        text=True,
        check=False,
    )


def digest(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*.ipynb")))


def was_called(server: socket.socket) -> bool:
    server.settimeout(0.05)
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


def test_the_batch_goes_to_its_end(graded):
    assert graded.code == 0, graded.said
    assert "Traceback" not in graded.said


@pytest.mark.parametrize(("family", "name"), NAMES, ids=[".".join(pair) for pair in NAMES])
def test_each_trick_earns_what_it_deserves(graded, family, name):
    trick, row = graded.tricks[f"{family}.{name}"], graded.grades[f"{family}.{name}"]
    assert int(row["points"]) == trick.deserves, row
    assert row["out_of"] == "10"
    assert row["status"] == (trick.status or row["status"]), row
    assert row["status"] != "unreadable"


def test_honest_learners_beside_them_earn_all(graded):
    honest = {name: row["points"] for name, row in graded.grades.items() if name.startswith("honest")}
    assert honest == {f"honest{number}": "10" for number in range(HONEST)}


def test_nothing_is_left_for_the_next(graded):
    inspectors = {name: row["points"] for name, row in graded.grades.items() if name.endswith(".inspector")}
    assert inspectors == {f"damaging.{trick.name}.inspector": "10" for trick in damaging.TRICKS}


def test_what_stood_around_stands_untouched(graded):
    assert digest(graded.places.submissions) == graded.before
    assert [path.name for path in graded.places.home.iterdir()] == ["secret"]
    assert graded.connections == []
    os.kill(graded.places.process, 0)
    for path in ("/hostile", "/usr/hostile", "/etc/hostile", "/tmp/hostile-was-here"):
        assert not Path(path).exists()
    assert not list(REPOSITORY.glob("course_lib/hostile*"))


def test_nothing_runs_on(graded):
    command_lines = [read(path) for path in Path("/proc").glob("[0-9]*/cmdline")]
    assert any(
        b"sleep\x00100000" in line for line in command_lines
    )  # the bystander: this list sees processes
    assert not any(b"sleep\x00987654321" in line for line in command_lines)


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_feedback_runs_nothing(graded):
    for page in (graded.out / "feedback").iterdir():
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"<script|<img|onerror=(?!alert\(1\)&gt;)", text), page.name
        assert "default-src 'none'" in text
