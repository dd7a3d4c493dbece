"""The `course` command: quick to answer, one sentence for a person, exit codes that scripts can trust."""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from course_lib import __version__, cli, lab
from course_lib.errors import CourseError

ROOT = Path(__file__).resolve().parents[2]
Runner = Callable[[argparse.Namespace], int]


def course(*arguments: str, python: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, or a line of Python that uses it."""
    program = ["-c", python] if python else ["-m", "course_lib.cli"]
    return subprocess.run([sys.executable, *program, *arguments], cwd=ROOT, capture_output=True, text=True)


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Callable[[Runner], None]:
    """Puts a room of the test's own behind `course check NOTEBOOK`."""

    def furnish(run: Runner) -> None:
        module = types.ModuleType("a_room")
        module.__dict__.update(add_arguments=lambda parser: parser.add_argument("notebook"), run=run)
        monkeypatch.setitem(sys.modules, "a_room", module)
        monkeypatch.setitem(cli.COMMANDS, "check", cli.Command("try it", "a_room"))

    return furnish


def test_help_names_every_command_and_imports_no_room() -> None:
    asked = course(
        "--help",
        python="import atexit, sys\natexit.register(lambda: print('LOADED', *sorted(sys.modules)))\n"
        "from course_lib.cli import main\nmain()",
    )
    assert asked.returncode == 0
    helped, _, loaded = asked.stdout.partition("LOADED ")
    assert all(re.search(rf"^    {name} +\w", helped, re.MULTILINE) for name in cli.COMMANDS)
    own = {name for name in loaded.split() if name.startswith("course_lib.")}
    assert own == {"course_lib.clean", "course_lib.cli", "course_lib.errors"}
    assert not {"torch", "numpy", "matplotlib", "jupyterlab", "IPython"} & set(loaded.split())


def test_the_help_of_one_command_imports_no_other_room() -> None:
    asked = course(
        "lab",
        "--help",
        python="import atexit, sys\natexit.register(lambda: print('LOADED', *sorted(sys.modules)))\n"
        "from course_lib.cli import main\nmain()",
    )
    assert "--no-browser" in asked.stdout
    loaded = set(asked.stdout.partition("LOADED ")[2].split())
    assert (
        not {command.room for name, command in cli.COMMANDS.items() if name not in ("lab", "open", "reset")}
        & loaded
    )
    assert "torch" not in loaded


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_its_room(name: str) -> None:
    asked = course(name, "--help")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith(f"usage: course {name}")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"course {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["open"], ["lab", "--port", "x"], ["doctor", "extra"]]
)
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage: course" in capsys.readouterr().err


@pytest.mark.parametrize("code", [0, 1])
def test_the_code_of_the_room_is_the_code_of_the_command(room: Callable[[Runner], None], code: int) -> None:
    given = []

    def run(arguments: argparse.Namespace) -> int:
        given.append(arguments.notebook)
        return code

    room(run)
    assert cli.main(["check", "mine.ipynb"]) == code
    assert given == ["mine.ipynb"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (CourseError("mine.ipynb is empty; save it again."), "mine.ipynb is empty; save it again."),
        (
            OSError(errno.EACCES, "Permission denied", "grades.csv"),
            "grades.csv: Permission denied; mend that, and run the command again.",
        ),
        (OSError("the wire was cut"), "the wire was cut; mend that, and run the command again."),
        (
            ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn"),
            f"torch.nn is not installed for {sys.executable}; run `python3 start.py`, which sets up .venv, "
            "and use the course command in there.",
        ),
    ],
)
def test_what_a_person_can_mend_is_one_sentence(
    room: Callable[[Runner], None], error: Exception, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(arguments: argparse.Namespace) -> int:
        raise error

    room(run)
    assert cli.main(["check", "mine.ipynb"]) == 1
    assert capsys.readouterr().err == f"course: {sentence}\n"


@pytest.mark.parametrize("defect", [ValueError("x"), ModuleNotFoundError("x", name="course_lib.nowhere")])
def test_a_defect_of_the_course_keeps_its_traceback(
    room: Callable[[Runner], None], defect: Exception
) -> None:
    def run(arguments: argparse.Namespace) -> int:
        raise defect

    room(run)
    with pytest.raises(type(defect)):
        cli.main(["check", "mine.ipynb"])


def test_ctrl_c_ends_quietly(room: Callable[[Runner], None], capsys: pytest.CaptureFixture[str]) -> None:
    def run(arguments: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    room(run)
    assert cli.main(["check", "mine.ipynb"]) == 130
    assert capsys.readouterr().err == "\ncourse: stopped.\n"


def test_a_reader_who_has_seen_enough_is_no_error() -> None:
    python = """
import course_lib.cli, sys, types
room = types.ModuleType("a_room")
room.add_arguments = lambda parser: None
room.run = lambda arguments: [print("x" * 99) for _ in range(9999)] and 0
sys.modules["a_room"] = room
course_lib.cli.COMMANDS["doctor"] = course_lib.cli.Command("talk", "a_room")
sys.exit(course_lib.cli.main(["doctor"]))
"""
    talking = subprocess.Popen(
        [sys.executable, "-c", python], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert talking.stdout and talking.stderr
    talking.stdout.readline()
    talking.stdout.close()
    assert talking.stderr.read() == b""
    assert talking.wait(60) == 0


def test_a_terminal_that_lacks_a_letter_shows_a_mark_for_it() -> None:
    python = "import sys\nsys.stdout.reconfigure(encoding='ascii')\nfrom course_lib import cli\n"
    python += "cli._run = lambda arguments: print('gr\\u00f6sser') or 0\nsys.exit(cli.main([]))"
    told = course(python=python)
    assert (told.returncode, told.stdout) == (0, "gr?sser\n")


def test_lab_asks_for_the_course_and_nothing_from_the_network(tmp_path: Path) -> None:
    chosen = lab.settings(tmp_path, tmp_path / "work", browser=False, port=8871)
    assert f"--ServerApp.root_dir={tmp_path}" in chosen
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in chosen
    assert "--LabApp.news_url=None" in chosen
    assert {"--no-browser", "--port=8871"} <= set(chosen)
    assert not {"--no-browser", "--port=8871"} & set(
        lab.settings(tmp_path, tmp_path / "work", browser=True, port=None)
    )


def test_lab_shows_a_work_folder_that_lies_elsewhere(tmp_path: Path) -> None:
    root, work = tmp_path / "shared" / "course", tmp_path / "home" / "ann"
    chosen = lab.settings(root, work, browser=True, port=None)
    assert f"--ServerApp.root_dir={tmp_path}" in chosen
    assert "--LabApp.default_url=/lab/tree/shared/course/notebooks/00_start_here.ipynb" in chosen
    assert f"--LabApp.workspaces_dir={work / '.jupyter' / 'workspaces'}" in chosen, (
        "the course may be read-only"
    )


def test_lab_says_at_once_that_a_course_is_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / lab.FIRST).parent.mkdir()
    (tmp_path / lab.FIRST).touch()
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    monkeypatch.delenv("COURSE_WORK", raising=False)
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # for root every folder can be written to
    assert cli.main(["lab"]) == 1
    assert "set COURSE_WORK to a folder that you may write to" in capsys.readouterr().err


def test_lab_finds_the_courses_defaults_and_keeps_other_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "elsewhere")
    lab.prefer_own_settings()
    own, *others = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert others == ["elsewhere"]
    defaults = json.loads((Path(own) / "labconfig" / "default_setting_overrides.json").read_text())
    assert defaults["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_labs_own_kernel_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_PATH", "elsewhere")
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    lab.prefer_own_kernel()
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "from jupyter_core.paths import jupyter_path; print(*jupyter_path(), sep='\\n')",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert found[0] == str(Path(sys.prefix) / "share" / "jupyter")
    assert "elsewhere" in found


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lab"], "00_start_here.ipynb is missing; run `course build`"),
        (["lab", "--port", "99999"], "99999 is not a port"),
    ],
)
def test_lab_says_what_is_in_its_way(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    sentence: str,
) -> None:
    (tmp_path / "source").mkdir()
    if "--port" in arguments:
        (tmp_path / "notebooks").mkdir()
        (tmp_path / lab.FIRST).touch()
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    assert cli.main(arguments) == 1
    assert sentence in capsys.readouterr().err


def test_the_address_of_a_notebook_is_asked_of_the_labs_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = {"root_dir": str(tmp_path), "url": "http://localhost:8871/", "token": "abc"}
    elsewhere = {"root_dir": str(tmp_path / "other"), "url": "http://localhost:8888/", "token": "xyz"}
    servers = types.ModuleType("jupyter_server.serverapp")
    servers.__dict__["list_running_servers"] = lambda: iter([elsewhere, here])
    monkeypatch.setitem(sys.modules, "jupyter_server.serverapp", servers)
    notebook = tmp_path / "work" / "01_explosion.ipynb"
    assert lab.address_of(notebook) == "http://localhost:8871/lab/tree/work/01_explosion.ipynb?token=abc"
    assert lab.address_of(tmp_path.parent / "far.ipynb") is None
