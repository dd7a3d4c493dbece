"""Set the course up on this machine and open it.

    python3 start.py [--no-browser] [--port PORT]    set up, open JupyterLab at the first notebook
    python3 start.py test [--no-system] [pytest's arguments]    set up, run every test
    python3 start.py repair                          look at every installed file, mend what is damaged

Everything goes into `.venv` beside this file; nothing else on the machine is touched, but for what tests
need beyond Python packages, where root runs them (`--no-system` forbids that too). What was installed is
remembered in a stamp, so that the second start has nothing left to do.

Standard library only, and written so that Python 3.6 can read it: a Python that is too old must still
be able to say so.
"""

import argparse
import base64
import csv
import hashlib
import json
import os
import platform
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / "course-stamp.json"
LOG = VENV / "start.log"

OLDEST = (3, 11)
NEWEST = (3, 13)
DISK_NEEDED = 3 * 10**9  # bytes: .venv takes 2 GB, and pip keeps what it unpacks until it is done
GIGABYTES = f"{DISK_NEEDED / 1e9:.0f} GB"
ON_LINUX = " (6 GB where PyTorch comes with its part for graphics cards)" if sys.platform == "linux" else ""
HEARTBEAT = 30.0  # seconds between two signs of life where the output is no terminal

WINDOWS = os.name == "nt"
SELF = "py start.py" if WINDOWS else "python3 start.py"
AGAIN = f"then run `{SELF}` again; what is already installed is kept."


class Trouble(Exception):
    """One sentence for a person: what is in the way, and what to do about it."""


# --- this Python ---------------------------------------------------------------------------------


def _dotted(version: Tuple[int, ...]) -> str:
    """`3.11`: the two numbers of a version that matter here."""
    return f"{version[0]}.{version[1]}"


SUPPORTED = f"{_dotted(OLDEST)} to {_dotted(NEWEST)}"


def refusal(version: Tuple[int, ...]) -> Optional[str]:
    """Why this Python cannot run the course, in one sentence; None where it can."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    return (
        f"This is Python {_dotted(version)}, and the course needs Python {SUPPORTED}: install one of those "
        f"and call start.py with it, for example `{'py -' if WINDOWS else 'python'}{_dotted(NEWEST)} start.py`."
    )


def _refuse_without_venv() -> None:
    """Debian and Ubuntu ship the module `venv` without the `ensurepip` that it needs."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        raise Trouble(
            "This Python cannot make a virtual environment, because its venv or ensurepip module is missing: "
            f"install it (on Debian and Ubuntu: `sudo apt install python{_dotted(sys.version_info[:2])}-venv`), "
            f"then run `{SELF}` again."
        ) from None


# --- the environment in .venv --------------------------------------------------------------------


def venv_python() -> Path:
    """The Python inside `.venv`."""
    return VENV / ("Scripts/python.exe" if WINDOWS else "bin/python")


def _environment() -> Dict[str, str]:
    """The variables for what runs inside `.venv`: its own programs first, no packages from elsewhere."""
    foreign = ("PYTHONPATH", "PYTHONHOME")
    variables = {name: value for name, value in os.environ.items() if name not in foreign}
    variables["VIRTUAL_ENV"] = str(VENV)
    variables["PATH"] = str(venv_python().parent) + os.pathsep + variables.get("PATH", "")
    variables["PYTHONUTF8"] = "1"
    return variables


def _version_inside() -> Optional[str]:
    """`3.11` for the Python that `.venv` runs; None where it does not run or has lost its pip."""
    question = (
        "import importlib.util, sys; "
        "print('%d.%d' % sys.version_info[:2], importlib.util.find_spec('pip') is not None)"
    )
    try:
        answer = subprocess.run(
            [str(venv_python()), "-c", question],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=_environment(),
        )
    except OSError:
        return None
    words = answer.stdout.split()
    return words[0] if answer.returncode == 0 and words[1:] == ["True"] else None


def _made_with() -> Optional[str]:
    """`3.11` for the Python that `.venv` was made with, as `pyvenv.cfg` says."""
    try:
        text = (VENV / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return None
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", text, re.MULTILINE)
    return found.group(1) if found else None


def _read_stamp() -> Dict[str, str]:
    """What the last set-up left: the folder it was made in, the Python, the pins; empty where unreadable."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _stamp(version: str, pins: str) -> Dict[str, str]:
    return {"folder": str(ROOT), "python": version, "pins": pins}


def _write_stamp(version: str, pins: str) -> None:
    """Written whole or not at all, so that a stamp is never half of one; it lists what was installed."""
    fresh = STAMP.with_name(STAMP.name + ".new")
    told = dict(_stamp(version, pins), installed=os.pathsep.join(_entries(_site_packages(version))))
    fresh.write_text(json.dumps(told), encoding="utf-8")
    fresh.replace(STAMP)


def _entries(site: Path) -> List[str]:
    """What lies in the folder of packages: a look at names alone, quick enough for every start."""
    names = sorted(path.name for path in site.iterdir()) if site.is_dir() else []
    return [name for name in names if name != "__pycache__"]  # Python makes it, and anyone may delete it


def _as_left(version: str, pins: str) -> bool:
    """Whether `.venv` is as the last set-up left it: the same pins, and nothing gone that was installed."""
    stamp = _read_stamp()
    installed = stamp.pop("installed", None)
    if stamp != _stamp(version, pins) or not isinstance(installed, str):
        return False
    return set(installed.split(os.pathsep)) <= set(_entries(_site_packages(version)))


def pins() -> str:
    """The hash of all that decides what `.venv` holds: the lock file and the package's own declaration."""
    digest = hashlib.sha256()
    for path in (LOCK, ROOT / "pyproject.toml"):
        try:
            digest.update(path.read_bytes())
        except OSError:
            raise Trouble(
                f"{path} is missing or cannot be read: get the course again, then run `{SELF}`."
            ) from None
    return digest.hexdigest()


def _unfit(version: Optional[str]) -> Optional[str]:
    """Why `.venv` cannot be mended and must be made again; None where it can be used."""
    if version is None:
        return "its Python does not run, or it was left half made"
    if refusal(tuple(int(part) for part in version.split("."))):
        return f"it holds Python {version}, which the course does not support"
    made_with = _made_with()
    if made_with != version:
        return f"it was made with Python {made_with} and now runs Python {version}"
    if _read_stamp().get("folder", str(ROOT)) != str(ROOT):
        return "it was made in another folder"
    return None


def _remove_venv() -> None:
    if Path(sys.prefix).resolve() == VENV.resolve():
        raise Trouble(
            "The .venv that must be made again is the one now active: run `deactivate`, or open a new "
            f"terminal, then run `{SELF}` again."
        )
    try:
        shutil.rmtree(str(VENV))
    except OSError as error:
        raise Trouble(
            f"{VENV} cannot be removed ({error.strerror or error}): close JupyterLab and every program that "
            f"uses it, or delete the folder by hand, then run `{SELF}` again."
        ) from None


def _make_venv() -> None:
    free = shutil.disk_usage(str(ROOT)).free
    if free < DISK_NEEDED:
        raise Trouble(
            f"The disk that holds {ROOT} has {free / 1e9:.1f} GB free, and setting up takes {GIGABYTES}: "
            f"make room, then run `{SELF}` again."
        )
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(VENV)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if made.returncode:
        raise Trouble(explain(made.stdout))


def damaged(site: Path, thorough: bool = False) -> List[Path]:
    """What is not whole in `site`: the records of packages that were cut short, or changed since.

    Pip writes a package's RECORD last, with the size and the hash of each file; a package without one, or
    with a file missing or cut short, is not whole. `thorough` reads every file and compares its hash too.
    A folder that begins with `~` is one that pip was replacing.
    """
    records = sorted(site.glob("*.dist-info"))
    return sorted(site.glob("~*")) + [info for info in records if not _whole(info, thorough)]


def _whole(info: Path, thorough: bool) -> bool:
    try:
        with (info / "RECORD").open(newline="", encoding="utf-8") as record:
            rows = [row for row in csv.reader(record) if len(row) == 3 and row[2]]
        return all(
            (info.parent / name).stat().st_size == int(size)
            and (not thorough or _hash_of(info.parent / name, digest) == digest)
            for name, digest, size in rows
        )
    except (OSError, ValueError):
        return False


def _hash_of(path: Path, digest: str) -> str:
    """The file's hash as a RECORD writes it, by the algorithm that `digest` begins with."""
    algorithm = digest.partition("=")[0]
    with path.open("rb") as file:
        found = hashlib.new(algorithm)
        for block in iter(lambda: file.read(1 << 20), b""):
            found.update(block)
    return algorithm + "=" + base64.urlsafe_b64encode(found.digest()).rstrip(b"=").decode()


def _site_packages(version: str) -> Path:
    return VENV / ("Lib/site-packages" if WINDOWS else f"lib/python{version}/site-packages")


# --- pip -----------------------------------------------------------------------------------------


COMPLAINTS = (
    (
        r"No space left on device|Errno 28|not enough space on the disk|Disk quota exceeded",
        f"The disk is full, or your quota is: make room for about {GIGABYTES}",
    ),
    (
        r"ensurepip is not available",
        "This Python cannot make a virtual environment: on Debian and Ubuntu run "
        f"`sudo apt install python{_dotted(sys.version_info[:2])}-venv`",
    ),
    (
        r"Long Path support",
        "Windows refuses paths this long: move the course to a short path such as C:\\course, or enable "
        "long paths in Windows",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError",
        "The package index answered with a certificate that this machine does not trust, as behind a "
        "company's proxy: set PIP_CERT to the proxy's certificate file",
    ),
    (
        r"Retrying \(Retry|NewConnectionError|ConnectTimeout|Read timed out|ReadTimeout|ProxyError|"
        r"name resolution|Name or service not known|getaddrinfo failed|Network is unreachable|"
        r"Connection (?:refused|reset|aborted)|IncompleteRead",
        "The package index cannot be reached: check the network (and the proxy, if there is one)",
    ),
    (
        r"Permission denied|PermissionError|Access is denied",
        f"A file in {ROOT} cannot be written: close JupyterLab and make sure that the folder is yours",
    ),
)


def _pin(name: str) -> str:
    """`torch==2.13.0`: what the lock file says of one package."""
    found = re.search(rf"^{re.escape(name)}==[^\s;]+", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if not found:
        raise Trouble(f"{LOCK} names no version of {name}: get the course again, then run `{SELF}`.")
    return found.group(0)


def explain(output: str) -> str:
    """What pip's or venv's complaint means for a person, in one sentence."""
    for pattern, sentence in COMPLAINTS:
        if re.search(pattern, output):
            return f"{sentence}, {AGAIN}"
    missing = re.search(r"No matching distribution found for (\S+)", output)
    if missing:
        machine = f"{platform.system()} {platform.machine()}, {64 if sys.maxsize > 2**32 else 32}-bit"
        return (
            f"There is no ready-made {missing.group(1)} for this machine ({machine} Python "
            f"{_dotted(sys.version_info[:2])}): use a 64-bit Python {SUPPORTED} on Linux, Windows or a Mac "
            f"with Apple silicon and macOS 14 or newer, {AGAIN}"
        )
    complaints = re.findall(r"^(?:ERROR|Error):? *(.+)$", output, re.MULTILINE) or output.split("\n")[-2:]
    return f"Setting up failed ({complaints[-1].strip()}): {LOG} holds the whole account; mend that, {AGAIN}"


def news(line: str) -> Optional[str]:
    """What one line of pip's output says to someone who waits; None where it says nothing to them."""
    for pattern, form in (
        (r"Retrying \(Retry", "no answer from the package index, trying again"),
        (r"Collecting ([\w.-]+)", "looking up {0}"),
        (r"Downloading (?:\S*/)?([\w.]+)-(?:\S+) \((.+)\)", "downloading {0}, {1}"),
        (r"Requirement already satisfied: ([\w.-]+)", "{0} is there"),
        (r"Using cached (?:\S*/)?([\w.]+)-", "{0} is at hand"),
        (r"Processing (?:\S*/)?([\w.]+)-\d", "{0} is at hand"),
    ):
        found = re.search(pattern, line)
        if found:
            return form.format(*found.groups())
    if line.startswith("Installing collected packages:"):
        return f"unpacking {line.count(',') + 1} packages"
    return None


class Progress:
    """One line that lives while a step runs: its name, what it does just now, and the seconds it took."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.doing = ""
        self.began = time.monotonic()
        self.spoke = self.began
        self.terminal = sys.stdout.isatty()
        if not self.terminal:
            print(f"  {title} ...", flush=True)

    def show(self) -> None:
        """Draw the line anew on a terminal; elsewhere say one line now and then."""
        now = time.monotonic()
        text = f"  {self.title}: {self.doing or 'beginning'}, {now - self.began:.0f} s"
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            print("\r" + text[:width].ljust(width), end="", flush=True)
        elif now - self.spoke >= HEARTBEAT:
            self.spoke = now
            print(text, flush=True)

    def close(self, outcome: str) -> None:
        """Leave one lasting line behind."""
        text = f"  {self.title}: {outcome}, {time.monotonic() - self.began:.0f} s"
        width = shutil.get_terminal_size().columns - 1
        print("\r" + text.ljust(width) if self.terminal else text, flush=True)


def _pip(title: str, arguments: List[str]) -> None:
    """Run one `pip install` inside `.venv`, showing how far it is; raise `Trouble` when it fails."""
    variables = _environment()
    scratch = (
        VENV / "tmp"
    )  # the system's own is often too small for torch, and this one has been checked for room
    scratch.mkdir(exist_ok=True)
    variables.update(TMPDIR=str(scratch), TEMP=str(scratch), TMP=str(scratch))
    variables.update(PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    command = [str(venv_python()), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=variables, cwd=str(ROOT)
    )
    lines = queue.Queue()  # type: queue.Queue[Optional[str]]

    def listen() -> None:
        assert running.stdout is not None
        for raw in running.stdout:
            lines.put(raw.decode("utf-8", "replace"))
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    progress = Progress(title)
    output = []  # type: List[str]
    try:
        with LOG.open("a", encoding="utf-8") as log:
            while True:
                try:
                    line = lines.get(timeout=0.5)
                except queue.Empty:
                    progress.show()
                    continue
                if line is None:
                    break
                log.write(line)
                output.append(line)
                progress.doing = news(line) or progress.doing
                progress.show()
    finally:
        if running.poll() is None and sys.exc_info()[0] is not None:
            running.terminate()
        code = running.wait()
        shutil.rmtree(str(scratch), ignore_errors=True)
        progress.close("done" if code == 0 else "failed")
    if code:
        raise Trouble(explain("".join(output)))


def _install() -> None:
    """Torch first, so that a CPU build is taken where the machine offers one; then all else as pinned."""
    lock = str(LOCK)
    torch = _pin("torch")
    _pip("PyTorch (1 of 3)", ["--only-binary", ":all:", "--constraint", lock, torch])
    _pip("the other packages (2 of 3)", ["--only-binary", ":all:", "--no-deps", "--requirement", lock])
    _pip("the course itself (3 of 3)", ["--no-deps", "--no-build-isolation", "--editable", str(ROOT)])


def set_up(thorough: bool = False) -> None:
    """Bring `.venv` to what the lock file says, whatever state it is in; nothing to do where it is there.

    `thorough` believes no stamp: it reads every file that was installed, and puts back what is not whole.
    """
    wanted = pins()
    version = _version_inside()
    if version and not thorough and _as_left(version, wanted):
        return
    if VENV.exists() or VENV.is_symlink():
        reason = _unfit(version) or _pip_damaged(version, thorough)
        if reason:
            print(f"The .venv that is here cannot be used ({reason}): making a new one.", flush=True)
            _remove_venv()
            version = None
    if version is None:
        print(f"Setting up the course in .venv: some minutes, and {GIGABYTES} of disk{ON_LINUX}.", flush=True)
        _refuse_without_venv()
        _make_venv()
        version = _dotted(sys.version_info[:2])
    else:
        print("Bringing .venv up to date.", flush=True)
    _write_stamp(version, pins="unfinished")
    for remains in damaged(_site_packages(version), thorough):
        if thorough:
            print(
                f"  {remains.name.partition('.dist-info')[0]} is damaged and is installed anew.", flush=True
            )
        shutil.rmtree(str(remains), ignore_errors=True)
    _install()
    _write_stamp(version, wanted)


def _pip_damaged(version: Optional[str], thorough: bool) -> Optional[str]:
    """Pip cannot put itself back; None where it is whole, or where nobody asked."""
    records = _site_packages(version).glob("pip-*.dist-info") if version and thorough else ()
    return None if all(_whole(info, thorough) for info in records) else "its pip is damaged"


def repair() -> int:
    """Look at every file of every package, put back what is damaged, and say that all is whole."""
    print("Reading every file that is installed in .venv.", flush=True)
    set_up(thorough=True)
    print(f"Every package in .venv is whole and as pinned; `{SELF}` opens the course.", flush=True)
    return 0


# --- what it was set up for ----------------------------------------------------------------------


def open_lab(arguments: List[str]) -> int:
    """Hand over to `course lab` inside `.venv`."""
    command = [str(venv_python()), "-m", "course_lib.cli", "lab", *arguments]
    if not WINDOWS:  # become the server, so that whoever stops this process stops JupyterLab
        os.chdir(str(ROOT))
        os.execve(command[0], command, _environment())
    return subprocess.call(command, env=_environment(), cwd=str(ROOT))


def run_tests(arguments: List[str]) -> int:
    """Hand over to `tests/run.py` inside `.venv`, which fetches what tests need and counts them."""
    return subprocess.call(
        [str(venv_python()), str(Path("tests", "run.py")), *arguments], env=_environment(), cwd=str(ROOT)
    )


def _parse(argv: Sequence[str]) -> Tuple[str, List[str]]:
    """The command, and the arguments that it hands on."""
    if argv and argv[0] == "test":
        return "test", list(argv[1:])
    parser = argparse.ArgumentParser(
        prog="start.py",
        description="Set the course up in .venv and open JupyterLab at the first notebook.",
        epilog=f"`{SELF} test` sets up and runs every test; with arguments after `test`, "
        "pytest gets those and runs what they choose of tests/. Run by root it also installs what tests need "
        "of the system, with apt-get; `test --no-system` does not.",
    )
    parser.add_argument(
        "command",
        nargs="?",
        choices=["lab", "test", "repair"],
        default="lab",
        help="lab where none is named; repair puts back what is damaged in .venv",
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address, as on a server")
    parser.add_argument("--port", type=int, help="the port to serve at (8888, or the next one that is free)")
    chosen = parser.parse_args(argv)
    if chosen.command == "test":
        parser.error(f"`test` comes first: `{SELF} test`")
    arguments = ["--no-browser"] if chosen.no_browser else []
    if chosen.command == "repair":
        return "repair", []
    return "lab", arguments + ([f"--port={chosen.port}"] if chosen.port is not None else [])


def main(argv: Sequence[str]) -> int:
    """Do what the command line says; 0 done, 1 something needs a person, 2 wrong usage."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: leave no pip running behind
    try:
        reason = refusal(sys.version_info[:2])
        if reason:
            raise Trouble(reason)
        command, arguments = _parse(argv)
        if command == "repair":
            return repair()
        set_up()
        return run_tests(arguments) if command == "test" else open_lab(arguments)
    except Trouble as trouble:
        print(f"start.py: {trouble}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"start.py: {error.strerror or error}{where}: mend that, {AGAIN}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstart.py: stopped; run it again, and it goes on from here.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
