"""start.py, run for real on a small course whose packages lie in a folder: no network is asked for anything."""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

BACKEND = """
import base64, hashlib, pathlib, zipfile

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    name = "course_lib-0.1.0-py3-none-any.whl"
    files = {
        "course.pth": str(pathlib.Path.cwd()),
        "course_lib-0.1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: course_lib\\nVersion: 0.1.0\\n",
        "course_lib-0.1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        record = ""
        for path, text in files.items():
            wheel.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\\n"
        wheel.writestr("course_lib-0.1.0.dist-info/RECORD", record + "course_lib-0.1.0.dist-info/RECORD,,\\n")
    return name
"""

PYTEST = '''
"""Reports as many tests passed and failed as the environment says, as pytest's --junitxml does."""
import os, sys

def report(path, passed, failed):
    with open(path, "w") as file:
        file.write(f'<testsuites><testsuite tests="{passed + failed}" failures="{failed}" errors="0" skipped="0"/>'
                   '</testsuites>')

if __name__ == "__main__":
    path = sys.argv[1].partition("=")[2]
    print("pytest got", sys.argv[2:])
    report(path, int(os.environ["PASS"]), int(os.environ["FAIL"]))
    sys.exit(1 if int(os.environ["FAIL"]) else 0)
'''


def write_wheel(folder: Path, name: str, version: str, code: str) -> None:
    """A package of one module, as a wheel that pip takes."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text.encode())}\n"
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")


class SmallCourse:
    """A folder with the real start.py, a lock file of tiny packages, and the wheels beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "course"
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        write_wheel(self.wheels, "torch", "2.13.0", "build = 'plain'\n")
        write_wheel(self.wheels, "torch", "2.13.0+cpu", "build = 'cpu'\n")
        write_wheel(self.wheels, "tiny", "1.0", "number = 1\n")
        write_wheel(self.wheels, "tiny", "2.0", "number = 2\n")
        write_wheel(self.wheels, "pytest", "9.2.0", PYTEST)
        (self.folder / "course_lib").mkdir(parents=True)
        (self.folder / "course_lib" / "__init__.py").touch()
        says = "import sys, tiny, torch\nprint('course got', sys.argv[1:], sys.prefix, torch.build, tiny.number)\n"
        (self.folder / "course_lib" / "cli.py").write_text(says)
        (self.folder / "backend.py").write_text(BACKEND)
        (self.folder / "pyproject.toml").write_text(
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        )
        nbval = self.folder / "tests" / "notebooks" / "run_nbval.py"
        nbval.parent.mkdir(parents=True)
        nbval.write_text(
            "import pytest, sys\nfolder = sys.argv[1].partition('=')[2]\n"
            "pytest.report(folder + '/nbval.xml', 40, 0)\npytest.report(folder + '/nbval-lax.xml', 2, 0)\n"
        )
        shutil.copy(ROOT / "tests" / "run.py", self.folder / "tests")
        (self.folder / "tests" / "preparing.py").write_text(
            "def prepare(*, system):\n    print('prepared', system)\n"
        )
        shutil.copy(ROOT / "start.py", self.folder)
        self.lock("1.0")

    def lock(self, tiny: str) -> None:
        """Pin `tiny` to a version."""
        (self.folder / "requirements.lock").write_text(f"pytest==9.2.0\ntiny=={tiny}\ntorch==2.13.0\n")

    @property
    def venv(self) -> Path:
        return self.folder / ".venv"

    @property
    def site(self) -> Path:
        """Where `.venv` keeps its packages."""
        return self.venv / ("Lib/site-packages" if os.name == "nt" else f"lib/python{PYTHON}/site-packages")

    def launch(self, *arguments: str, before: str = "", **variables: str) -> subprocess.Popen[str]:
        """Begin start.py in a process of its own; `before` is Python that changes the machine it sees first."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "COV_"))
        }
        environment |= {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.wheels),
        }
        environment |= {"NO_PROXY": "*", **variables}
        run = "sys.argv[0] = 'start.py'; runpy.run_path('start.py', run_name='__main__')"
        return subprocess.Popen(
            [sys.executable, "-c", f"import runpy, sys\n{before}\n{run}", *arguments],
            cwd=self.folder,
            env={name: value for name, value in environment.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def start(self, *arguments: str, before: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run start.py to its end."""
        with self.launch(*arguments, before=before, **variables) as running:
            out, err = running.communicate(timeout=300)
        return subprocess.CompletedProcess(running.args, running.returncode, out, err)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallCourse]:
    """A small course that has been set up once; a test that changes it leaves it so that a start repairs it."""
    small = SmallCourse(tmp_path_factory.mktemp("small"))
    first = small.start("--no-browser", "--port", "8899")
    assert first.returncode == 0, first.stderr
    assert "Setting up the course in .venv" in first.stdout
    for step in (
        "PyTorch (1 of 3): done",
        "the other packages (2 of 3): done",
        "the course itself (3 of 3): done",
    ):
        assert step in first.stdout, "progress is shown"
    assert "course got ['lab', '--no-browser', '--port=8899']" in first.stdout
    yield small
    shutil.rmtree(small.folder)


@pytest.fixture(scope="module")
def start() -> ModuleType:
    """start.py as a module."""
    spec = importlib.util.spec_from_file_location("start", ROOT / "start.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def one_sentence(stderr: str) -> str:
    """What was said on stderr, when it is one line of start.py's own and no traceback."""
    assert re.fullmatch(r"start\.py: [^\n]+\.\n", stderr), stderr
    return stderr


def test_a_cpu_build_is_taken_where_there_is_one_and_runs_in_venv(course: SmallCourse) -> None:
    again = course.start()
    assert again.returncode == 0, again.stderr
    assert again.stdout == f"course got ['lab'] {course.venv} cpu 1\n"


def test_a_second_start_asks_pip_for_nothing(course: SmallCourse) -> None:
    course.start()
    log = (course.venv / "start.log").read_bytes()
    assert course.start("lab").returncode == 0
    assert (course.venv / "start.log").read_bytes() == log


def test_changed_pins_are_installed_at_the_next_start(course: SmallCourse) -> None:
    course.lock("2.0")
    assert "cpu 2\n" in course.start().stdout
    course.lock("1.0")
    assert "cpu 1\n" in course.start().stdout


def test_an_installation_that_was_cut_short_is_mended(course: SmallCourse) -> None:
    course.start()
    (course.site / "tiny.py").write_text("numb")
    (course.site / "torch-2.13.0+cpu.dist-info" / "RECORD").unlink()
    (course.site / "~iny").mkdir()
    stamp = json.loads((course.venv / "course-stamp.json").read_text())
    (course.venv / "course-stamp.json").write_text(json.dumps(stamp | {"pins": "unfinished"}))
    mended = course.start()
    assert mended.returncode == 0, mended.stderr
    assert "Bringing .venv up to date" in mended.stdout
    assert "cpu 1\n" in mended.stdout
    assert not (course.site / "~iny").exists()
    assert (course.site / "torch-2.13.0+cpu.dist-info" / "RECORD").exists()


def test_a_package_that_was_deleted_is_put_back_at_the_next_start(course: SmallCourse) -> None:
    course.start()
    (course.site / "tiny.py").unlink()
    mended = course.start()
    assert mended.returncode == 0, mended.stderr
    assert "Bringing .venv up to date" in mended.stdout
    assert mended.stdout.endswith("cpu 1\n")


def test_a_file_that_was_changed_is_put_back_by_repair(course: SmallCourse) -> None:
    course.start()
    (course.site / "tiny.py").write_text("number = 9\n")  # of the same size
    assert "cpu 9\n" in course.start().stdout, "a start looks at names alone, and so is quick"
    mended = course.start("repair")
    assert mended.returncode == 0, mended.stderr
    assert "tiny-1.0 is damaged and is installed anew." in mended.stdout
    assert "Every package in .venv is whole" in mended.stdout
    assert "cpu 1\n" in course.start().stdout
    assert "is damaged" not in course.start("repair").stdout


def test_a_damaged_pip_cannot_repair_itself_so_venv_is_made_again(course: SmallCourse) -> None:
    course.start()
    (course.site / "pip" / "_internal" / "main.py").write_text("broken\n")
    mended = course.start("repair")
    assert mended.returncode == 0, mended.stderr
    assert "cannot be used (its pip is damaged): making a new one" in mended.stdout
    assert "cpu 1\n" in course.start().stdout


@pytest.mark.parametrize("text", ["", "{", "[1]", "\ufffd"])
def test_a_damaged_stamp_is_no_stamp(course: SmallCourse, text: str) -> None:
    course.start()
    (course.venv / "course-stamp.json").write_text(text, encoding="utf-8")
    again = course.start()
    assert again.returncode == 0, again.stderr
    assert "Bringing .venv up to date" in again.stdout


def test_no_network_gets_a_sentence_and_the_next_start_repairs(course: SmallCourse) -> None:
    course.lock("2.0")
    cut_off = course.start(
        PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_RETRIES="1"
    )
    assert cut_off.returncode == 1
    assert "cannot be reached: check the network" in one_sentence(cut_off.stderr)
    assert "the other packages (2 of 3): failed" in cut_off.stdout
    course.lock("1.0")
    assert "cpu 1\n" in course.start().stdout


def test_a_package_that_exists_nowhere_is_named(course: SmallCourse) -> None:
    course.lock("3.0")
    nowhere = course.start()
    assert nowhere.returncode == 1
    assert "There is no ready-made tiny==3.0 for this machine" in one_sentence(nowhere.stderr)
    course.lock("1.0")
    assert course.start().returncode == 0


FULL_DISK = (
    "import shutil, collections\nshutil.disk_usage = lambda path: collections.namedtuple('U', 'free')(10**8)"
)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("other folder", "it was made in another folder"),
        ("other python", f"it was made with Python 3.12 and now runs Python {PYTHON}"),
        ("no pip", "its Python does not run, or it was left half made"),
        ("no python", "its Python does not run, or it was left half made"),
        ("empty", "its Python does not run, or it was left half made"),
    ],
)
def test_a_venv_that_cannot_be_mended_is_made_again(course: SmallCourse, damage: str, reason: str) -> None:
    if PYTHON == "3.12" and damage == "other python":
        reason = reason.replace("with Python 3.12", "with Python 3.13")
    kept = course.folder / ".venv-kept"
    course.venv.rename(kept)
    python = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (course.venv / python).parent.mkdir(parents=True)
    if damage != "empty":
        shutil.copytree(kept / python.parent, course.venv / python.parent, symlinks=True, dirs_exist_ok=True)
        shutil.copy(kept / "pyvenv.cfg", course.venv)
        site = course.venv / course.site.relative_to(course.venv)
        (site / "pip").mkdir(parents=True)
        (site / "pip" / "__init__.py").touch()
    if damage == "other folder":
        (course.venv / "course-stamp.json").write_text(
            '{"folder": "elsewhere", "python": "3.11", "pins": "x"}'
        )
    elif damage == "other python":
        other = "3.13" if PYTHON == "3.12" else "3.12"
        config = (course.venv / "pyvenv.cfg").read_text().replace(f"version = {PYTHON}", f"version = {other}")
        (course.venv / "pyvenv.cfg").write_text(config)
    elif damage == "no pip":
        shutil.rmtree(site / "pip")
    elif damage == "no python":
        (course.venv / python).unlink()
        (course.venv / python).write_text("not a program")
    again = course.start(before=FULL_DISK)  # enough to see what it decides, and quicker than a whole set-up
    assert f"cannot be used ({reason}): making a new one." in again.stdout
    assert not course.venv.exists()
    assert "0.1 GB free" in one_sentence(again.stderr)
    kept.rename(course.venv)
    assert course.start().returncode == 0


def test_a_venv_that_was_moved_is_made_again_for_real(course: SmallCourse) -> None:
    course.start()
    stamp = json.loads((course.venv / "course-stamp.json").read_text())
    (course.venv / "course-stamp.json").write_text(json.dumps(stamp | {"folder": "elsewhere"}))
    again = course.start()
    assert again.returncode == 0, again.stderr
    assert "making a new one" in again.stdout
    assert f"{course.venv} cpu 1\n" in again.stdout


def test_the_venv_in_use_is_not_removed_under_its_own_feet(course: SmallCourse) -> None:
    course.start()
    stamp = json.loads((course.venv / "course-stamp.json").read_text())
    (course.venv / "course-stamp.json").write_text(json.dumps(stamp | {"folder": "elsewhere"}))
    inside = course.start(before=f"sys.prefix = {str(course.venv)!r}")
    assert inside.returncode == 1
    assert "run `deactivate`" in one_sentence(inside.stderr)
    assert course.venv.exists()
    (course.venv / "course-stamp.json").write_text(json.dumps(stamp))


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        (
            "sys.version_info = (3, 9, 18, 'final', 0)",
            "This is Python 3.9, and the course needs Python 3.11 to 3.13",
        ),
        (
            "sys.version_info = (3, 14, 0, 'final', 0)",
            "This is Python 3.14, and the course needs Python 3.11 to 3.13",
        ),
        ("sys.modules['ensurepip'] = None", f"`sudo apt install python{PYTHON}-venv`"),
        ("sys.modules['venv'] = None", f"`sudo apt install python{PYTHON}-venv`"),
        (FULL_DISK, "has 0.1 GB free, and setting up takes 3 GB: make room"),
    ],
)
def test_what_the_machine_lacks_is_said_in_one_sentence(tmp_path: Path, before: str, sentence: str) -> None:
    small = SmallCourse(tmp_path)
    refused = small.start(before=before)
    assert refused.returncode == 1
    assert sentence in one_sentence(refused.stderr)
    assert not small.venv.exists()


def test_a_course_without_its_lock_file_says_so(tmp_path: Path) -> None:
    small = SmallCourse(tmp_path)
    (small.folder / "requirements.lock").unlink()
    assert "requirements.lock is missing or cannot be read" in one_sentence(small.start().stderr)


@pytest.mark.parametrize("arguments", [["--port"], ["--port", "x"], ["nonsense"], ["--no-browser", "test"]])
def test_wrong_usage_ends_with_2(tmp_path: Path, arguments: list[str]) -> None:
    small = SmallCourse(tmp_path)
    refused = small.start(*arguments)
    assert refused.returncode == 2
    assert "usage: start.py" in refused.stderr
    assert not small.venv.exists()


def test_every_suite_is_run_and_counted(course: SmallCourse) -> None:
    green = course.start("test", PASS="7", FAIL="0")
    assert green.returncode == 0, green.stdout + green.stderr
    assert green.stdout.startswith("prepared True\npytest got ['--numprocesses=auto', '--dist=loadfile']\n")
    assert green.stdout.endswith("\n49 passed, 0 failed, 0 skipped\n")


def test_one_failure_fails_the_whole(course: SmallCourse) -> None:
    red = course.start("test", PASS="7", FAIL="1")
    assert red.returncode == 1
    assert red.stdout.endswith("\n49 passed, 1 failed, 0 skipped\n")


def test_arguments_go_to_pytest_alone(course: SmallCourse) -> None:
    chosen = course.start("test", "--no-system", "-k", "clip", PASS="3", FAIL="0")
    assert chosen.returncode == 0
    assert chosen.stdout.startswith("prepared False\npytest got ['-k', 'clip']\n")
    assert chosen.stdout.endswith("\n3 passed, 0 failed, 0 skipped\n")


def test_no_test_at_all_is_a_failure(course: SmallCourse) -> None:
    none = course.start("test", "-k", "clip", PASS="0", FAIL="0")
    assert none.returncode == 1
    assert none.stdout.endswith("\n0 passed, 0 failed, 0 skipped\n")


def test_ctrl_c_leaves_a_sentence(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "set_up", interrupted)
    monkeypatch.setattr(signal, "signal", lambda *handler: None)  # this process is pytest's
    assert start.main([]) == 130
    assert "stopped; run it again" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to send")
def test_whoever_stops_start_stops_its_pip_too(course: SmallCourse) -> None:
    course.lock("2.0")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        index = f"http://127.0.0.1:{silent.getsockname()[1]}/simple"
        with course.launch(PIP_NO_INDEX="", PIP_FIND_LINKS="", PIP_INDEX_URL=index) as running:
            asking, _ = silent.accept()
            with asking:
                asking.settimeout(60)
                assert asking.recv(9999).startswith(b"GET /simple/tiny/")
                running.terminate()
                assert asking.recv(9999) == b"", "pip is gone, and its connection with it"
            assert running.wait(60) == 130
            assert running.stderr and "stopped; run it again" in running.stderr.read()
    course.lock("1.0")
    assert "cpu 1\n" in course.start().stdout


COMPLAINTS = {
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device": "The disk is full",
    "The virtual environment was not created successfully because ensurepip is not available.": "-venv`",
    "HINT: This error might have occurred since this system does not have Windows Long Path support enabled.": "C:\\",
    "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate'))": "set PIP_CERT",
    "WARNING: Retrying (Retry(total=4, connect=None)) after connection broken by 'NewConnectionError(...)'\n"
    "ERROR: No matching distribution found for torch==2.13.0": "check the network",
    "ERROR: No matching distribution found for torch==2.13.0": "no ready-made torch==2.13.0 for this machine",
    "ERROR: Could not install packages due to an OSError: [WinError 5] Access is denied": "close JupyterLab",
    "ERROR: Something nobody has seen before": "Setting up failed (Something nobody has seen before)",
    "no word of error": "Setting up failed (no word of error)",
    "": "Setting up failed ()",
}


@pytest.mark.parametrize("output", COMPLAINTS)
def test_each_complaint_of_pip_has_its_sentence(start: ModuleType, output: str) -> None:
    sentence = start.explain(output)
    assert COMPLAINTS[output] in sentence
    assert "run `python3 start.py` again" in sentence
    assert "\n" not in sentence


def test_pips_lines_become_news(start: ModuleType) -> None:
    assert (
        start.news("  Downloading torch-2.13.0-cp312-cp312-macosx_14_0_arm64.whl (79.4 MB)")
        == "downloading torch, 79.4 MB"
    )
    assert (
        start.news("Collecting jupyter-client==8.10.0 (from -r requirements.lock)")
        == "looking up jupyter-client"
    )
    assert start.news("  Using cached numpy-2.4.6-cp311-none-any.whl (16.9 MB)") == "numpy is at hand"
    assert start.news("Installing collected packages: a, b, c") == "unpacking 3 packages"
    assert start.news("     41.2/79.4 MB") is None


def test_an_old_python_can_read_the_file_and_needs_nothing_but_itself() -> None:
    tree = ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    imported = {
        name.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert "__future__" not in imported  # Python 3.6 has no annotations to import from there
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    newer = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("list", "dict", "tuple", "type"))
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr))
    ]
    assert not newer, "an annotation that Python 3.6 could not evaluate"
