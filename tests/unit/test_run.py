"""`tests/run.py`: what it fetches first, what it counts, and what it says was not tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import needs
import preparing
import pytest
import run

ROOT = Path(__file__).resolve().parents[2]
BARE = """
import os, shutil, sys
sys.path.insert(0, "tests")
import needs
os.environ.update(needs.variables(()))
"""


def report(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(f"<testsuites>{text}</testsuites>")


def test_a_missing_report_counts_as_nothing_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    assert run.count(tmp_path).lines == ["0 passed, 0 failed, 0 skipped"]
    report(tmp_path, "a.xml", '<testsuite tests="9" failures="1" errors="2" skipped="3"/>')
    assert run.count(tmp_path).lines == ["3 passed, 3 failed, 3 skipped"]
    (tmp_path / "b.xml").write_text("<testsuites>")
    with pytest.raises(run.DamagedReport, match=r"b\.xml is damaged"):
        run.count(tmp_path)


def test_what_was_not_tested_is_said_before_the_closing_line(tmp_path: Path) -> None:
    skip = '<testcase><skipped message="needs a browser, and there is no Chromium: get it."/></testcase>'
    report(
        tmp_path, "a.xml", f'<testsuite tests="3" failures="0" errors="0" skipped="2">{skip * 2}</testsuite>'
    )
    assert run.count(tmp_path).lines == [
        "not tested: 2 tests, needs a browser, and there is no Chromium: get it.",
        "1 passed, 0 failed, 2 skipped",
    ]


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """A machine that lacks everything, whose steps all fail; the steps that were tried."""
    tried: list[list[str]] = []

    def fails(words: list[str], **settings: object) -> subprocess.CompletedProcess[bytes]:
        tried.append(words)
        return subprocess.CompletedProcess(words, 100, b"reading lists\nno network here\n")

    monkeypatch.setattr(preparing.subprocess, "run", fails)
    monkeypatch.setattr(needs, "NEEDS", dict(needs.NEEDS))
    for name, need in needs.NEEDS.items():
        absent = needs.Need(name, need.what, lambda: "it is gone", need.get, need.programs, need.package)
        needs.NEEDS[name] = absent
    monkeypatch.setenv(needs.PEERS, str(tmp_path))
    monkeypatch.setattr(preparing, "_may_install", lambda: True)
    needs.forget()
    yield tried
    needs.forget()


def test_what_cannot_be_fetched_is_told_with_the_line_that_brings_it(
    bare: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    preparing.prepare(system=True)
    said = capsys.readouterr().out
    assert "`apt-get update -qq` failed (no network here)." in said
    for need in needs.NEEDS.values():
        assert f"needs {need.what}, and it is gone: {need.get}." in said
    assert ["playwright", "install"] in [words[2:4] for words in bare]


def test_the_system_is_left_alone_where_that_is_asked_or_we_are_not_root(
    bare: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    preparing.prepare(system=False)
    monkeypatch.setattr(preparing, "_may_install", lambda: False)
    preparing.prepare(system=True)
    assert bare and not [words for words in bare if words[0] == "apt-get"]


def test_each_package_is_installed_by_itself(
    bare: list[list[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def updates_only(words: list[str], **settings: object) -> subprocess.CompletedProcess[bytes]:
        bare.append(words)
        code = 0 if words[1] == "update" or words[-1] == "nodejs" else 100
        return subprocess.CompletedProcess(words, code, b"E: no such package\n")

    monkeypatch.setattr(preparing.subprocess, "run", updates_only)
    preparing.prepare(system=True)
    assert [words[-1] for words in bare if words[:2] == ["apt-get", "install"]] == [
        "bubblewrap",
        "chromium",
        "nodejs",
    ]
    assert "chromium` failed (E: no such package)." in capsys.readouterr().out


def test_a_step_that_does_not_end_or_does_not_start_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(preparing, "PATIENCE", 0.2)
    assert not preparing._told("waiting", [sys.executable, "-c", "import time; time.sleep(60)"])
    assert not preparing._told("nothing", ["no-such-program-at-all"])
    said = capsys.readouterr().out.splitlines()
    assert "was stopped" in said[0] and "does not start" in said[1]


@pytest.mark.skipif(os.name == "nt", reason="links to programs cannot be made on Windows")
def test_a_test_that_asks_for_nothing_finds_nothing() -> None:
    code = BARE + (
        "found = [shutil.which(p) for need in needs.NEEDS.values() for p in need.programs]\n"
        "print([path for path in found if path], needs.chromium(), bool(shutil.which('sh')), end=' ')\n"
        "print(needs.python_with_nbgrader(), sorted(name for name in needs.NEEDS if needs.missing(name)))"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout == f"[] None True None {sorted(needs.NEEDS)}\n"


@pytest.mark.skipif(os.name == "nt", reason="links to programs cannot be made on Windows")
def test_on_a_machine_with_python_alone_whatever_needs_more_is_skipped(tmp_path: Path) -> None:
    code = BARE + (
        "import pytest\n"
        f"sys.exit(pytest.main(['tests', '-q', '-n0', '-m', 'needs', '--junitxml={tmp_path / 'a.xml'}']))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    found = run.count(tmp_path)
    assert (found.passed, found.failed) == (0, 0), done.stdout[-3000:]
    assert found.skipped > 200
    whats = {reason.partition(", and ")[0] for reason in found.reasons}
    assert whats == {f"needs {need.what}" for need in needs.NEEDS.values()}
