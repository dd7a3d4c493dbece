"""pyproject.toml's ranges, requirements.lock's pins, environment.yml and start.py say the same."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from course_lib import __version__, doctor

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PYTHONS = ("3.11", "3.12", "3.13")
SYSTEMS = (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
CUDA = re.compile(r"nvidia-|cuda-|triton$")


def module(path: Path) -> ModuleType:
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec and spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked() -> list[Requirement]:
    """Every line of the lock file."""
    return [Requirement(line) for line in LOCK.splitlines() if line and not line.startswith("#")]


def lines_for(python: str, system: str, os_name: str) -> list[Requirement]:
    """The lines of the lock file that count on one kind of machine."""
    machine = {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": system,
        "platform_system": {"win32": "Windows"}.get(system, system.title()),
        "os_name": os_name,
    }
    return [line for line in locked() if line.marker is None or line.marker.evaluate(machine)]


def pinned_for(python: str, system: str, os_name: str) -> dict[str, Version]:
    """What the lock file installs on one kind of machine."""
    return {
        canonicalize_name(line.name): Version(next(iter(line.specifier)).version)
        for line in lines_for(python, system, os_name)
    }


def direct(project: dict[str, Any]) -> list[Requirement]:
    """What the course names itself: to run, to be tested, to be built."""
    named = list(project["project"]["dependencies"]) + list(project["build-system"]["requires"])
    for extra in project["project"]["optional-dependencies"].values():
        named += extra
    return [Requirement(line) for line in named]


def outside(required: list[Requirement], pins: Mapping[str, Version]) -> list[str]:
    """Which requirements have no pin, or one out of their range."""
    return [
        str(line)
        for line in required
        if canonicalize_name(line.name) not in pins
        or not line.specifier.contains(pins[canonicalize_name(line.name)], prereleases=True)
    ]


def test_every_line_of_the_lock_file_is_one_exact_pin() -> None:
    lines = locked()
    assert len(lines) > 100
    for line in lines:
        (only,) = line.specifier
        assert only.operator == "==" and "*" not in only.version, line
        assert not line.extras and line.url is None, line
    assert "://" not in LOCK and "--" not in LOCK, "no address of a package index"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("system", "os_name"), SYSTEMS)
def test_the_pins_lie_in_the_ranges_everywhere(
    project: dict[str, Any], python: str, system: str, os_name: str
) -> None:
    assert outside(direct(project), pinned_for(python, system, os_name)) == []


def test_a_pin_out_of_its_range_and_a_missing_one_are_seen() -> None:
    pins = {"torch": Version("2.12.0"), "numpy": Version("2.4.6")}
    required = [Requirement("torch>=2.13,<2.14"), Requirement("NumPy>=2.4"), Requirement("anywidget>=0.11")]
    assert outside(required, pins) == ["torch<2.14,>=2.13", "anywidget>=0.11"]


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("system", "os_name"), SYSTEMS)
def test_nothing_is_pinned_twice_on_one_machine(python: str, system: str, os_name: str) -> None:
    lines = lines_for(python, system, os_name)
    assert len(lines) == len(pinned_for(python, system, os_name))


def test_the_lock_file_is_closed() -> None:
    """Whatever a pinned package needs on this machine is pinned too, in a version that suits it."""
    here: dict[str, Version] = {
        canonicalize_name(pin.name): Version(pin.version) for pin in doctor.pins(LOCK)
    }
    for name in here:
        for text in importlib.metadata.requires(name) or []:
            need = Requirement(text)
            if CUDA.match(need.name) or (need.marker and not need.marker.evaluate({"extra": ""})):
                continue
            assert outside([need], here) == [], f"{name} needs {need}"


def test_torch_comes_without_its_cuda_packages_and_nbgrader_stays_out() -> None:
    names = {canonicalize_name(line.name) for line in locked()}
    assert not [name for name in names if CUDA.match(name)]
    assert not names & {"nbgrader", "notebook", "course-lib"}
    lock = module(ROOT / "tools" / "lock.py")
    lines = [
        "nvidia-nccl-cu13==2.29.7 ; sys_platform == 'linux'",
        "triton==3.7.1",
        "cuda-toolkit==13",
        "tornado==6",
    ]
    assert lock.without_cuda(lines) == ["tornado==6"]


def test_start_installs_the_torch_that_is_locked() -> None:
    start = module(ROOT / "start.py")
    assert start.LOCK == ROOT / "requirements.lock"
    assert start._pin("torch") == "torch==2.13.0"


def test_all_name_the_same_pythons(project: dict[str, Any]) -> None:
    start = module(ROOT / "start.py")
    supported = SpecifierSet(project["project"]["requires-python"])
    assert [f"3.{minor}" for minor in range(30) if f"3.{minor}.5" in supported] == list(PYTHONS)
    assert (start.OLDEST, start.NEWEST) == (doctor.OLDEST, doctor.NEWEST) == ((3, 11), (3, 13))
    oldest = f"py{start.OLDEST[0]}{start.OLDEST[1]}"
    assert project["tool"]["ruff"]["target-version"] == oldest
    assert project["tool"]["mypy"]["python_version"] == "3.11"


def test_conda_and_binder_get_the_same() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    (python,) = (line.removeprefix("python=") for line in conda if line.startswith("python="))
    assert python in PYTHONS
    assert set(conda) == {f"python={python}", "pip"}, "every other version comes from the lock file"
    assert pip == {"pip": ["--requirement requirements.lock", "--editable ."]}


def test_the_version_is_the_same_wherever_it_is_told(project: dict[str, Any]) -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\d+\.\d+\.\d+)", changes, re.MULTILINE)
    assert newest
    assert {project["project"]["version"], str(citation["version"]), newest.group(1)} == {__version__}


def test_the_licences_are_there_and_named_alike(project: dict[str, Any]) -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert project["project"]["license"] == " AND ".join(citation["license"])
    first_lines = [(ROOT / name).read_text(encoding="utf-8") for name in project["project"]["license-files"]]
    assert first_lines[0].startswith("BSD 3-Clause License")
    assert "SPDX-License-Identifier: CC-BY-4.0" in first_lines[1]
