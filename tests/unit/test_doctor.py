"""The doctor: each fault gets its own sentence and its own remedy, and health looks the same everywhere."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import jupyter_client.kernelspec
import jupyter_core.paths
import pytest
from packaging.requirements import Requirement

from course_lib import cli, doctor
from course_lib.curriculum import LESSONS
from course_lib.doctor import Check, Pin, Report

ROOT = Path(__file__).resolve().parents[2]
LOCK = "# pins\ntorch==2.13.0\nnumpy==2.4.6\nsoupsieve==9 ; python_full_version < '3.0'\n"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small course, whole: its lock file, its notebooks, its exercises."""
    for folder in ("source", "notebooks", "exercises"):
        (tmp_path / folder).mkdir()
    for lesson in LESSONS:
        (tmp_path / "notebooks" / f"{lesson.name}.ipynb").write_text('{"cells": []}')
        if lesson.exercise:
            (tmp_path / "exercises" / f"{lesson.name}.ipynb").write_text('{"cells": []}')
    (tmp_path / "requirements.lock").write_text(LOCK)
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    monkeypatch.delenv("COURSE_WORK", raising=False)
    return tmp_path


def installed(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    """Pretend that these packages, and no others, are installed."""

    def version(name: str) -> str:
        if name not in versions:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)


def test_pins_are_those_whose_markers_hold_here() -> None:
    assert doctor.pins(LOCK) == [Pin("torch", "2.13.0"), Pin("numpy", "2.4.6")]


@pytest.mark.parametrize(
    ("version", "ok"), [((3, 10, 9), False), ((3, 11, 0), True), ((3, 13, 9), True), ((3, 14, 0), False)]
)
def test_python(monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], ok: bool) -> None:
    monkeypatch.setattr(
        doctor, "sys", SimpleNamespace(version_info=version, version="3.x (main)", executable="py")
    )
    check = doctor.python()
    assert check.ok is ok
    assert check.name == "Python is between 3.11 and 3.13"
    assert "install Python 3.13" in check.mend


def test_packages_as_pinned_whatever_the_build(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, torch="2.13.0+cpu", numpy="2.4.6")
    assert doctor.packages() == Check(
        "every package is there at its pinned version",
        True,
        "2 packages, all as pinned",
        doctor.packages().mend,
    )


def test_packages_astray_are_named_and_the_rest_counted(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(monkeypatch, torch="2.12.0")
    check = doctor.packages()
    assert not check.ok
    assert check.detail == "torch is 2.12.0 where 2.13.0 is pinned, numpy is missing"
    more = "".join(f"package-{number}==1.0\n" for number in range(5))
    (course / "requirements.lock").write_text(LOCK + more)
    assert doctor.packages().detail.endswith("numpy is missing, package-0 is missing, and 4 more")


def test_the_remedy_suits_the_python_that_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(prefix=str(Path("course", ".venv"))))
    assert "run `python3 start.py repair`" in doctor._set_up_again()
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(prefix=str(Path("miniconda"))))
    assert "-m pip install -r requirements.lock" in doctor._set_up_again()


@pytest.mark.parametrize(
    ("damage", "ok"),
    [
        (lambda site: None, True),
        (lambda site: (site / "tiny" / "part.py").unlink(), False),
        (lambda site: (site / "tiny" / "part.py").write_text("x"), False),
        (lambda site: shutil.rmtree(site / "tiny"), False),
    ],
    ids=["whole", "a file gone", "a file cut short", "all but its record gone"],
)
def test_a_package_of_which_only_the_record_is_left_is_not_there(
    course: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], object], ok: bool
) -> None:
    site = course / "site"
    info = site / "tiny-1.0.dist-info"
    for folder in (site / "tiny", info):
        folder.mkdir(parents=True)
    (site / "tiny" / "part.py").write_text("part = 1\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    (info / "RECORD").write_text(
        "tiny/part.py,sha256=x,9\n../../bin/tiny,sha256=x,99\ntiny/__pycache__/a.pyc,,\n"
    )
    (course / "requirements.lock").write_text("tiny==1.0\n")
    monkeypatch.syspath_prepend(str(site))
    damage(site)
    assert doctor.packages().ok is ok
    if not ok:
        assert "tiny is not whole (tiny/part.py is gone or was cut short)" in doctor.packages().sentence
        assert "repair" in doctor.packages().mend or "pip install" in doctor.packages().mend


def test_what_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "raises.py").write_text("raise ValueError('two\\nlines')")
    (tmp_path / "ends.py").write_text("import os\nos._exit(3)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(doctor, "IMPORTED", ("json", "no_such_package", "raises"))
    found = doctor.imports()
    assert not found.ok
    assert "no_such_package (ModuleNotFoundError: No module named 'no_such_package')" in found.detail
    assert "raises (ValueError: two lines)" in found.detail and "json" not in found.detail
    monkeypatch.setattr(doctor, "IMPORTED", ("json", "ends"))
    assert "one of them, which ends Python" in doctor.imports().detail
    monkeypatch.setattr(doctor, "IMPORTED", ("json",))
    assert doctor.imports().ok


def test_all_that_the_course_depends_on_is_imported() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {Requirement(line).name for line in project["dependencies"]} - {"torch"}
    modules = {name.partition(".")[0] for name in doctor.IMPORTED}
    assert {{"scikit-learn": "sklearn"}.get(name, name.replace("-", "_")) for name in names} == modules


def test_torch_differentiates_and_a_torch_that_does_not_load_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.torch().ok
    assert "x^3 has slope 12 at x = 2" in doctor.torch().detail
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not doctor.torch().ok
    assert doctor.torch().detail.startswith("torch does not load (")


@pytest.mark.parametrize(
    ("program", "ok"),
    [("python", True), ("python3.11", True), (sys.executable, True), ("/opt/other/bin/python", False)],
)
def test_kernel(monkeypatch: pytest.MonkeyPatch, program: str, ok: bool) -> None:
    class Specs:
        def get_kernel_spec(self, name: str) -> SimpleNamespace:
            assert name == "python3"
            return SimpleNamespace(argv=[program, "-m", "ipykernel_launcher"], resource_dir="kernels/python3")

    monkeypatch.setattr(jupyter_client.kernelspec, "KernelSpecManager", Specs)
    assert doctor.kernel().ok is ok
    assert program in doctor.kernel().detail


def test_no_kernel_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    class Specs:
        def get_kernel_spec(self, name: str) -> None:
            raise jupyter_client.kernelspec.NoSuchKernel(name)

    monkeypatch.setattr(jupyter_client.kernelspec, "KernelSpecManager", Specs)
    assert doctor.kernel().detail == "there is no kernel python3"
    assert not doctor.kernel().ok


def test_lab_extensions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda name: [str(tmp_path)])
    for extension in doctor.LAB_EXTENSIONS:
        (tmp_path / extension).mkdir(parents=True)
        (tmp_path / extension / "package.json").touch()
    assert doctor.lab_extensions().ok
    (tmp_path / "anywidget" / "package.json").unlink()
    assert not doctor.lab_extensions().ok
    assert doctor.lab_extensions().detail == "JupyterLab does not find anywidget"


@pytest.mark.parametrize("damage", ["missing", "empty", "no json", "no notebook"])
def test_notebooks(course: Path, damage: str) -> None:
    assert doctor.notebooks().ok
    bad = course / "exercises" / "01_explosion.ipynb"
    if damage == "missing":
        bad.unlink()
    else:
        bad.write_text({"empty": "", "no json": "{", "no notebook": "[]"}[damage])
    assert not doctor.notebooks().ok
    assert doctor.notebooks().detail == "exercises/01_explosion.ipynb missing or damaged"


def test_work(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor.work().ok
    assert list((course / "work").iterdir()) == [], "it leaves nothing behind"
    (course / "file").touch()
    monkeypatch.setenv("COURSE_WORK", str(course / "file" / "work"))
    assert not doctor.work().ok
    assert "cannot be written" in doctor.work().detail


@pytest.mark.parametrize(("free", "ok"), [(10**8, False), (10**10, True)])
def test_disk(course: Path, monkeypatch: pytest.MonkeyPatch, free: int, ok: bool) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    assert doctor.disk().ok is ok


def test_sandbox_is_tried_and_not_only_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    answers = iter([(0, ""), (1, "bwrap: No permissions to create new namespace")])

    def tried(command: list[str], **settings: object) -> subprocess.CompletedProcess[str]:
        assert command[0] == "/usr/bin/bwrap" and "--unshare-all" in command
        code, complaint = next(answers)
        return subprocess.CompletedProcess(command, code, "", complaint)

    monkeypatch.setattr(subprocess, "run", tried)
    assert doctor.sandbox().ok
    refused = doctor.sandbox()
    assert (refused.ok, refused.needed) == (False, False)
    assert "No permissions to create new namespace" in refused.detail

    def hangs(command: list[str], **settings: object) -> None:
        raise subprocess.TimeoutExpired(command, 5)

    monkeypatch.setattr(subprocess, "run", hangs)
    assert "does not answer" in doctor.sandbox().detail


def test_what_only_some_need_is_absent_and_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    found = [doctor.sandbox(), doctor.browser(), doctor.node()]
    assert [check.word for check in found] == ["absent"] * 3
    assert all("install" in check.sentence for check in found)
    assert Report(tuple(found)).ok


def test_a_check_that_cannot_be_tried_is_wrong_and_the_rest_go_on(course: Path) -> None:
    (course / "requirements.lock").unlink()
    first, second = doctor.examine((doctor.packages, doctor.disk))
    assert not first.ok and "requirements.lock" in first.detail
    assert second.ok


def test_health_reads_the_same_on_every_machine() -> None:
    here = Report(
        (Check("torch works", True, "torch 2.13.0+cpu on 2 threads"), Check("disk has room", True, "9 GB"))
    )
    there = Report(
        (Check("torch works", True, "torch 2.13.0 on 64 threads"), Check("disk has room", True, "3 GB"))
    )
    assert here._repr_mimebundle_() == there._repr_mimebundle_()
    assert (
        here.text()
        == "ok     torch works\nok     disk has room\nAll is well: this machine runs the whole course."
    )


def test_a_fault_shows_what_was_found_and_what_to_do() -> None:
    ill = Report(
        (Check("torch works", False, "torch <2> is missing", "run `python3 start.py`"), Check("b", True, ""))
    )
    assert not ill.ok
    assert ill.text() == (
        "wrong  torch <2> is missing; run `python3 start.py`.\nok     b\n1 thing to mend; each line says how."
    )
    shown = ill._repr_mimebundle_()["text/html"]
    assert "torch &lt;2&gt; is missing; run `python3 start.py`." in shown
    assert "<th scope='row'>wrong</th>" in shown


def test_a_lesson_sees_no_path_and_no_number_of_this_machine() -> None:
    well = Report(
        tuple(Check(check.name, True, check.detail) for check in doctor.examine(doctor.FOR_A_LESSON))
    )
    told = json.dumps(well._repr_mimebundle_())
    assert sys.executable not in told and str(Path.home()) not in told and "GB" not in told


def test_what_is_stored_vouches_for_no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_BUILD", "1")
    monkeypatch.setattr(doctor, "FOR_A_LESSON", (lambda: Check("torch works", True, "torch 2.13.0"),))
    stored = doctor.report()
    assert stored.text() == (
        "?      torch works\nRun this cell, and each line says whether it holds on your machine."
    )
    assert "All is well" not in stored.html() and ">ok<" not in stored.html()
    monkeypatch.setattr(doctor, "FOR_A_LESSON", (lambda: Check("torch works", False, "no torch", "mend it"),))
    assert "wrong  no torch; mend it." in doctor.report().text(), (
        "the builder is told of a fault all the same"
    )


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 1)])
def test_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ok: bool, code: int
) -> None:
    found = [
        Check("torch works", ok, "what was found", "do this"),
        Check("Node", False, "absent", "x", needed=False),
    ]
    monkeypatch.setattr(doctor, "examine", lambda: found)
    assert cli.main(["doctor"]) == code
    said = capsys.readouterr()
    assert said.out.startswith(
        "ok     torch works: what was found\n" if ok else "wrong  torch works: what was found; do this.\n"
    )
    assert "absent Node: absent; x." in said.out
    assert said.err == ("" if ok else "course doctor: 1 thing to mend; each line says how.\n")
