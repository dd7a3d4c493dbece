"""The attempts on the sandbox are real: each gets what it is after where nothing stands in its way."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from course_lib import doctor
from course_lib.grading import attempts, confine, protections
from course_lib.grading.attempts import Bait

pytestmark = pytest.mark.needs("sandbox")


class Open:
    """An enclosure that encloses nothing; what is written lands in a folder of the test's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fork(self) -> int:
        return os.fork()

    def enter(self, seconds: int) -> None:
        os.chdir(self._folder)


@pytest.fixture
def bait(tmp_path):
    (tmp_path / "submission").touch()
    process = subprocess.Popen(["sleep", "600"])
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = [str(tmp_path / "submission")]
        yield Bait(here[0], here, server.getsockname()[1], "nobody-listens", process.pid)
    process.kill()
    process.wait()


@pytest.mark.parametrize(
    ("name", "spoils"),
    [
        ("network", "reached a server"),
        ("home", "saw 1 entries of the home"),
        ("submissions", "opened"),
        ("references", "saw "),
        ("system", "wrote into"),
        ("processes", "sent a signal"),
        ("calls", "the kernel looked at "),
        ("memory", "was given 4096 MB"),
        ("files", "made a file of more than 64 MB"),
    ],
)
def test_an_attempt_succeeds_where_nothing_hinders_it(bait, tmp_path, name, spoils):
    assert spoils in attempts.got(Open(tmp_path), attempts.ATTEMPTS[name], bait)


def test_every_promise_is_tried():
    assert set(protections.PROMISES) == {*attempts.ATTEMPTS, "clock", "leftovers"}


def test_all_hold_in_the_sandbox():
    assert {p.promise: p.found for p in protections.protections() if not p.holds} == {}


@pytest.mark.skipif(
    confine._PACKAGE.is_relative_to("/tmp"),
    reason="the course lies under /tmp, which each submission's own folder covers whether judges are hidden or not",
)
def test_one_that_does_not_hold_is_named_and_is_no_fault(monkeypatch):
    monkeypatch.setattr(confine, "_hidden", list)
    held = {p.promise: p for p in protections.protections()}
    broken = held[protections.PROMISES["references"]]
    assert not broken.holds and broken.found.startswith("it saw ")
    checks = {check.name.partition(": ")[2]: check for check in doctor.protections()}
    assert checks[broken.promise].word == "absent"
    assert checks[protections.PROMISES["memory"]].word == "ok"


def test_a_sandbox_that_fails_holds_nothing(monkeypatch, tmp_path):
    refusing = tmp_path / "bwrap"
    refusing.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setattr(confine.shutil, "which", lambda name: str(refusing))
    told = protections.protections()
    assert not any(p.holds for p in told)
    assert told[0].found == "it could not be tried (bwrap: No permissions to create new namespace)"


def test_without_bubblewrap_the_doctor_says_so_once(monkeypatch):
    monkeypatch.setattr(confine.shutil, "which", lambda name: None)
    (only,) = doctor.examine([doctor.protections])
    assert only.word == "absent"
    assert "without bubblewrap nothing keeps it from your files" in only.sentence
