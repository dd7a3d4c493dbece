"""What `check` says in a notebook, `course check` on a terminal and `course grade` decide is the same.

The notebooks are honest and odd: shell lines, magics, settings, cells that fail. Each is run in a real kernel, then by
the command, then in the sandbox, and every question must have earned the same in all three.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest
from handwritten import RIGHT, hand_in
from handwritten import notebook as toy_notebook

from course_lib.grading import check_command
from course_lib.grading.explaining import costs, missing_modules
from course_lib.grading.notebook import read
from course_lib.grading.process import WarmWorker, Worker
from course_lib.grading.runner import Graded, Limits, grade, secrets_of

pytestmark = pytest.mark.needs("sandbox")

ROOT = Path(__file__).resolve().parents[2]
NAME = "03_clipping_mechanics"
LINE = re.compile(r"^(\w+): [a-z ]+ \((\d+) of \d+ points\)", re.MULTILINE)

SHELL = (
    "!pip install -q nothing-of-this-name\n%pip install -q nothing-of-this-name\n!ls\n!no-such-program\n"
    "%env COURSE_TEST=1\n%matplotlib inline\n%load_ext autoreload\n%autoreload 2\n"
)
LINES = (
    "files = !ls\nlisted = [name for name in files if name.endswith('.py')]\nget_ipython().system('true')",
    "%%bash\necho hello",
    "%%writefile halves.py\ndef half(x):\n    return x / 2",
    "from halves import half\nassert half(4) == 2",
    "%timeit -n1 -r1 sum(range(10))\n%time total = sum(range(10))\n%who",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\ndisplay(total)",
    "import asyncio\nawait asyncio.sleep(0)\nprint('x' * 100_000)",
    "import warnings\nwarnings.warn('mind the gap')\nnp.sqrt?",
    "if __name__ == '__main__':\n    ran = True",
)
SETTINGS = (
    "torch.set_default_dtype(torch.float64)\ntorch.manual_seed(3)\nnp.random.seed(3)",
    "import threading\nthreading.Thread(target=print, args=('beside',)).start()",
    "import logging\nlogging.basicConfig(level=logging.DEBUG)",
)


def honest() -> dict[str, Any]:
    """The learner's copy with right answers in it."""
    copy = json.loads((ROOT / "exercises" / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    solved = json.loads((ROOT / "solutions" / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    answers = {cell["id"]: cell["source"] for cell in solved["cells"] if cell["id"].endswith("-answer")}
    for cell in copy["cells"]:
        cell["source"] = "".join(answers.get(cell["id"], cell["source"]))
    return copy


def changed(notebook: dict[str, Any], question: str, old: str, new: str) -> None:
    """Put `new` in place of `old` in the answer to a question."""
    (cell,) = (cell for cell in notebook["cells"] if cell["id"] == f"{question}-answer")
    assert old in cell["source"]
    cell["source"] = cell["source"].replace(old, new, 1)


def code(source: str, number: int) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"odd-{number}",
        "source": source,
        "metadata": {},
        "outputs": [],
        "execution_count": None,
    }


def odd(*, before: str = "", after_imports: tuple[str, ...] = ()) -> dict[str, Any]:
    """The honest notebook with lines above its imports, and cells after them."""
    notebook = honest()
    place, first = next((k, c) for k, c in enumerate(notebook["cells"]) if c["cell_type"] == "code")
    first["source"] = before + first["source"]
    notebook["cells"][place + 1 : place + 1] = [code(source, k) for k, source in enumerate(after_imports)]
    return notebook


def shell_lines() -> dict[str, Any]:
    notebook = odd(before=SHELL, after_imports=LINES)
    changed(notebook, "clip_by_norm", "def clip_by_norm", "%%time\ndef clip_by_norm")
    changed(notebook, "turned_by_value", "def turned_by_value", "%%capture\ndef turned_by_value")
    return notebook


def failures() -> dict[str, Any]:
    notebook = odd(after_imports=("1 / 0", "no_such_name", "raise NotImplementedError"))
    changed(notebook, "clip_by_norm", "def clip_by_norm", "quoted = “so”\ndef clip_by_norm")
    changed(notebook, "turned_by_value", "def turned_by_value", "no_such_name\ndef turned_by_value")
    changed(notebook, "train", "def train", "def train_it")
    return notebook


NOTEBOOKS = {
    "shell lines": (shell_lines, set()),
    "settings": (lambda: odd(after_imports=SETTINGS), set()),
    "failures": (failures, {"clip_by_norm", "turned_by_value", "train", "rule_and_threshold"}),
}


@pytest.fixture(scope="module")
def sandboxed() -> Iterator[Worker]:
    worker = WarmWorker(True, NAME)
    yield worker
    worker.close()


def earned(said: str) -> dict[str, int]:
    return {question: int(points) for question, points in LINE.findall(said)}


def in_a_kernel(notebook: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What each check says when the notebook is run from top to bottom in a kernel."""
    monkeypatch.setenv("COURSE_WORK", str(folder / "kernel-work"))
    ours = nbformat.from_dict(json.loads(json.dumps(notebook)))
    resources = {"metadata": {"path": str(folder)}}
    nbclient.NotebookClient(ours, timeout=120, allow_errors=True, resources=resources).execute()
    outputs = [out for cell in ours.cells for out in cell.get("outputs", []) if "data" in out]
    return earned("\n".join(out["data"].get("text/plain", "") for out in outputs))


def graded(path: Path, worker: Worker) -> Graded:
    found = read(path)
    return grade(found, NAME, secrets_of("seed", found.digest, NAME), Limits(), worker)


@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_all_three_agree(kind, sandboxed, tmp_path, monkeypatch, capsys):
    make, lost = NOTEBOOKS[kind]
    notebook = make()
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    in_notebook = in_a_kernel(notebook, tmp_path, monkeypatch)
    check_command.run(argparse.Namespace(notebook=path))
    on_terminal = earned(capsys.readouterr().out)
    result = graded(path, sandboxed)
    in_sandbox = {record.question: record.points for record in result.results}
    assert in_notebook == on_terminal == in_sandbox
    assert {question for question, points in in_sandbox.items() if not points} == lost
    assert result.status == "graded"


def test_a_question_says_which_cell_would_have_defined_its_name(sandboxed, tmp_path):
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(failures()), encoding="utf-8")
    result = graded(path, sandboxed)
    told = {record.question: record.message for record in result.results}
    assert re.fullmatch(
        r"The name clip_by_norm is not defined\. Nothing of cell \d+, which should define clip_by_norm, could run: "
        r"SyntaxError: invalid character .* \(line 1\)\.",
        told["clip_by_norm"],
    )
    assert re.search(
        r"Cell \d+, which should define turned_by_value, stopped with NameError: name 'no_such_name'",
        told["turned_by_value"],
    )
    assert told["train"].endswith("no cell defines it. Keep the name as the exercise gives it.")
    named = [question for lost in costs(result.notes).values() for question in lost]
    assert sorted(named) == ["clip_by_norm", "rule_and_threshold", "turned_by_value"]


def test_a_package_that_grading_lacks_costs_nothing_but_what_needs_it(sandboxed, tmp_path):
    notebook = odd(before="import a_package_of_nobody, math as m\nfrom another_one import thing\n")
    changed(notebook, "turned_by_value", "):\n", "):\n    thing()\n")
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    result = graded(path, sandboxed)
    lost = {record.question: record.message for record in result.results if not record.points}
    assert list(lost) == ["turned_by_value"]
    assert "No module named 'another_one'; grading has the packages that" in lost["turned_by_value"]
    assert missing_modules(result.notes) == ["a_package_of_nobody", "another_one"]


def test_the_teacher_hears_of_modules_that_are_not_there_and_of_cells_that_cost(grade, tmp_path):
    hand_in(tmp_path / "in", "ann", toy_notebook("import a_package_of_nobody", *RIGHT))
    hand_in(tmp_path / "in", "bob", toy_notebook("def double(x):\n    retrun 2 * x", *RIGHT[1:]))
    batch = grade(tmp_path / "in")
    sentence = "1 submission imports a_package_of_nobody, which grading does not have"
    assert batch.code == 1
    assert sentence in batch.said
    report = (batch.out / "report.html").read_text(encoding="utf-8")
    assert sentence in report
    to_look_at = report[report.index("Look at these yourself") : report.index("Every submission")]
    assert "bob" in to_look_at and "ann" not in to_look_at
    assert "This cost double." in batch.feedback("bob")
    assert "none of this changed a point" not in batch.feedback("bob")
    assert "none of this changed a point" in batch.feedback("ann")
