"""Write `requirements.lock`: one pin for every package that the course runs or is tested with.

    python tools/lock.py                          keep the pins there are, add and drop what pyproject.toml asks for
    python tools/lock.py --upgrade                take the newest versions that pyproject.toml's ranges admit
    python tools/lock.py --upgrade-package numpy  only that one

It needs uv (`pip install uv`), in any environment but `.venv`. The pins hold for Linux, macOS and Windows
and for every Python that pyproject.toml names; markers tell them apart. Torch's CUDA packages are left
out: torch's own installation brings them where its build needs them, and a CPU build needs none.
After it, change environment.yml where a test says so, and run `python3 start.py test`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
HEADER = """\
# Every version that start.py installs, for Linux, macOS and Windows and each supported Python.
# Written by `python tools/lock.py`; change pyproject.toml's ranges, then run that again.
"""
CUDA = re.compile(r"^(?:nvidia-|cuda-|triton\b)")


def without_cuda(lines: list[str]) -> list[str]:
    """The pins that stay: all but the packages that only torch's CUDA build uses."""
    return [line for line in lines if not CUDA.match(line)]


def main(arguments: list[str]) -> int:
    """Ask uv for the pins, drop what torch brings itself, write the lock file."""
    uv = shutil.which("uv")
    if uv is None:
        print("tools/lock.py: uv is not on the PATH; install it with `pip install uv`.", file=sys.stderr)
        return 1
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = project["project"]["requires-python"].removeprefix(">=").partition(",")[0]
    command = [uv, "pip", "compile", "pyproject.toml", "-", "--all-extras", "--universal", "--python-version"]
    command += [oldest, "--no-annotate", "--no-header", "--quiet", "--output-file", LOCK.name, *arguments]
    building = "\n".join(project["build-system"]["requires"])  # the package itself is built without isolation
    compiled = subprocess.run(command, input=building, stdout=subprocess.DEVNULL, text=True, cwd=ROOT)
    if compiled.returncode:
        print("tools/lock.py: uv found no set of versions; its account stands above.", file=sys.stderr)
        return 1
    pins = without_cuda(LOCK.read_text(encoding="utf-8").splitlines())
    LOCK.write_text(HEADER + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"{LOCK.name} holds {len(pins)} pins.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
