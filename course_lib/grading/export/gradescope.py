"""An autograder for Gradescope: one zip, whose container grades with `course grade`'s own machinery.

The contract is Gradescope's published one ("Autograder Specifications"): `setup.sh` is run once, as root, when the
image is built; `run_autograder` for each submission, in a fresh container; both find the zip's contents in
`/autograder/source`. `AUTOGRADER_ROOT` stands for another folder than `/autograder`, for a trial without Gradescope.
"""

from __future__ import annotations

import re
import shlex
import zipfile
from collections.abc import Iterator
from pathlib import Path

import course_lib
from course_lib.checks.exercises import EXERCISES
from course_lib.grading.export.errors import ExportError
from course_lib.grading.whole import whole
from course_lib.work import course_root

_OF_THE_COURSE = ("pyproject.toml", "requirements.lock", "LICENSE", "LICENSE-text")
_OF_THE_PACKAGE = (".py", ".js", ".css", ".html")
_WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The oldest time a zip can hold: the same course gives the same bytes."""

_SETUP = """\
#!/usr/bin/env bash
# Run once, as root, when Gradescope builds the image: the course and what it needs, at the course's own versions.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
lock="$root/source/requirements.lock"
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

apt-get update
python=""
for version in 3.13 3.12 3.11; do
    if apt-get install -y --no-install-recommends "python$version" "python$version-venv"; then
        python="python$version"
        break
    fi
done
if [ -z "$python" ]; then
    echo "This image has no Python from 3.11 to 3.13; choose Ubuntu 22.04 or newer as the base image." >&2
    exit 1
fi
apt-get install -y --no-install-recommends bubblewrap

"$python" -m venv "$root/venv"
pip() { "$root/venv/bin/python" -m pip "$@"; }
# Alone and first, from where the builds without CUDA are; the rest then finds it there.
pip install --no-deps --index-url @TORCH_INDEX@ "$(grep '^torch==' "$lock")"
pip install --constraint "$lock" setuptools
pip install --constraint "$lock" --no-build-isolation "$root/source"
"$root/venv/bin/python" -c '
import sys, torch
if torch.version.cuda:
    sys.exit("This PyTorch is built for CUDA; export again with the --torch-index of a CPU build.")
'
"""

_RUN = """\
#!/usr/bin/env bash
# Run for each submission: grades it, and writes results/results.json.
set -euo pipefail
root="${AUTOGRADER_ROOT:-/autograder}"
cd /
exec "$root/venv/bin/python" -m course_lib.grading.export.harness @EXERCISE@ "$root"
"""


def write(exercise: str, torch_index: str, out: Path) -> None:
    """Write the autograder of one exercise; raises `ExportError`.

    `torch_index` is where pip finds PyTorch without CUDA, which is a tenth of the one with it.
    """
    if exercise not in EXERCISES:
        raise ExportError(f"There is no exercise {exercise!r}; the exercises are {', '.join(EXERCISES)}.")
    if not re.fullmatch(r"https://[^\s'\"]+", torch_index):
        raise ExportError(
            f"{torch_index!r} is no address that begins with https://; take the --index-url that the selector on "
            "PyTorch's own site gives for Linux, Pip and CPU."
        )
    with whole(out) as half, zipfile.ZipFile(half, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", _SETUP.replace("@TORCH_INDEX@", shlex.quote(torch_index)).encode(), 0o755)
        _add(archive, "run_autograder", _RUN.replace("@EXERCISE@", shlex.quote(exercise)).encode(), 0o755)
        for name, path in _files():
            _add(archive, name, path.read_bytes(), 0o644)


def _files() -> Iterator[tuple[str, Path]]:
    """The package and what installing it needs, each with its name in the zip."""
    root = course_root()
    for name in _OF_THE_COURSE:
        yield name, root / name
    package = Path(course_lib.__file__).parent
    for path in sorted(package.rglob("*")):
        if path.is_file() and (path.suffix in _OF_THE_PACKAGE or path.name == "py.typed"):
            yield f"course_lib/{path.relative_to(package).as_posix()}", path


def _add(archive: zipfile.ZipFile, name: str, content: bytes, mode: int) -> None:
    info = zipfile.ZipInfo(name, _WRITTEN)
    info.create_system = 3  # Unix, whose permissions the next line gives
    info.external_attr = (0o100000 | mode) << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
