"""Ten notebooks that differ in honest ways, graded in one call."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import toy
import toy.judges
import toy.probes
from handwritten import BLANK, DOUBLE, NORM, RIGHT, THRESHOLD, TOP, cell, hand_in, notebook

from course_lib.checks.exercises import LEARNERS_SEED
from course_lib.grading import local, process, runner
from course_lib.grading.notebook import read

HONEST = {
    "right": (notebook(*RIGHT), 10, "graded"),
    "other_style": (
        notebook(
            "import math, torch\ndouble = lambda x: [v + v for v in x]",
            "def norm(vector):\n    return torch.linalg.vector_norm(torch.tensor(vector, dtype=torch.float64))",
            "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nthreshold = 1 / 3",
            "def top(x):\n    best, *rest = x\n    for v in rest:\n        best = max(v, best)\n    return best",
        ),
        10,
        "graded",
    ),
    "partly": (notebook(DOUBLE, "def norm(x):\n    return sum(x)", THRESHOLD), 3, "graded"),
    "wrong": (notebook("def double(x):\n    return x + 1", "threshold = 'much'"), 0, "graded"),
    "misconceived": (
        notebook("import numpy as np\ndef double(x):\n    return x * x", *RIGHT[1:]),
        8,
        "graded",
    ),
    "blank": (notebook(*BLANK, "threshold = None"), 0, "graded"),
    "raises": (notebook(DOUBLE, "1 / 0", NORM, "this is no python", THRESHOLD, TOP), 10, "graded"),
    "exits_at_the_end": (notebook(*RIGHT, "import os\nos._exit(3)"), 10, "stopped"),
    "crashes_in_the_middle": (
        notebook(DOUBLE, "import ctypes\nctypes.string_at(0)", NORM, "quit()", THRESHOLD, "exit()", TOP),
        10,
        "stopped",
    ),
    "crashes_when_asked": (
        notebook(DOUBLE, NORM + "\n\ndef norm(x):\n    import os\n    os.abort()", THRESHOLD, TOP),
        7,
        "stopped",
    ),
    "never_ends": (notebook(DOUBLE, "while True:\n    pass", NORM, THRESHOLD, TOP), 10, "stopped"),
    "never_ends_deaf_to_signals": (
        notebook(DOUBLE, "sum(iter(int, 1))", NORM, THRESHOLD, TOP),
        10,
        "stopped",
    ),
    "never_answers": (notebook(DOUBLE, "def norm(x):\n    while True: pass", THRESHOLD, TOP), 7, "stopped"),
    "floods": (
        notebook("for i in range(300_000): print('x' * 100)\nprint('y' * 20_000_000)", *RIGHT),
        10,
        "graded",
    ),
    "warns": (
        notebook(
            DOUBLE.replace("    return", "    import warnings\n    warnings.warn('careful')\n    return"),
            NORM,
        ),
        5,
        "graded",
    ),
    "numpy_scalar": (
        notebook(DOUBLE, "def norm(x):\n    return np.float64(np.sqrt(np.sum(x * x)))"),
        5,
        "graded",
    ),
    "stripped": (
        {"cells": [cell(s, metadata={}) for s in RIGHT], "metadata": {}, "nbformat": 4},
        10,
        "graded",
    ),
    "copied_cell": (notebook(DOUBLE, NORM, NORM, THRESHOLD, TOP), 10, "graded"),
    "prints_when_asked": (
        notebook(DOUBLE, NORM.replace("    return", "    print(x)\n    return"), checks=False),
        5,
        "graded",
    ),
}


def test_honest_notebooks_earn_what_they_deserve(grade, tmp_path):
    for learner, (content, _, _) in HONEST.items():
        hand_in(tmp_path / "in", learner, content)
    batch = grade(tmp_path / "in", "--timeout", "16")
    earned = {name: (batch.points(name), batch.grades[name]["status"]) for name in HONEST}
    assert earned == {name: (points, status) for name, (_, points, status) in HONEST.items()}
    assert batch.code == 0
    results = batch.results
    assert len(results) == 4 * len(HONEST)
    assert results["misconceived", "double"]["misconception"] == "squared"
    assert results["misconceived", "double"]["message"] == "This squares; doubling adds x to itself."
    assert results["blank", "threshold"]["status"] == "not attempted"
    assert results["partly", "top"]["status"] == "missing"
    assert results["never_answers", "norm"]["status"] == "timed out"
    message = results["crashes_when_asked", "norm"]["message"]
    # The first process of a pid namespace cannot end by SIGABRT; the C library then ends it by a fault.
    assert "an abort" in message or "a segmentation fault" in message
    assert (
        batch.grades["exits_at_the_end"]["reason"] == "Cell 5 was left out: it ended Python with exit code 3."
    )
    assert "a segmentation fault" in batch.grades["crashes_in_the_middle"]["reason"]
    assert "Cell 2 stopped with ZeroDivisionError: division by zero." in batch.feedback("raises")
    assert "did not let itself be stopped" in batch.grades["never_ends_deaf_to_signals"]["reason"]


def test_the_pages_say_the_same(grade, tmp_path):
    for name in ("misconceived", "crashes_when_asked"):
        hand_in(tmp_path / "in", name, HONEST[name][0])
    batch = grade(tmp_path / "in", "--timeout", "16")
    page = batch.feedback("misconceived")
    assert "8 <small>of 10 points</small>" in page
    assert "This squares; doubling adds x to itself." in page
    report = (batch.out / "report.html").read_text(encoding="utf-8")
    assert "This squares; doubling adds x to itself." in report
    assert "crashes_when_asked" in report.split("Look at these yourself")[1].split("Every submission")[0]
    for text in (page, report):
        assert "default-src 'none'" in text
        assert "<script" not in text


def test_the_cold_worker_grades_alike(grade, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "open_worker", lambda sandbox, exercise, place=None: process.ColdWorker())
    names = ("exits_at_the_end", "never_answers")
    for name in names:
        hand_in(tmp_path / "in", name, HONEST[name][0])
    batch = grade(tmp_path / "in", "--timeout", "8", "--no-sandbox")
    assert {name: batch.points(name) for name in names} == {name: HONEST[name][1] for name in names}
    assert (
        batch.grades["exits_at_the_end"]["reason"] == "Cell 5 was left out: it ended Python with exit code 3."
    )


def test_cases_are_the_graders_secret_and_follow_from_the_bytes(toy_exercise):
    question = runner.Question(toy.probes.ASKED[0], toy.judges.JUDGED[0])

    def drawn(seed, digest):
        return runner.draw(question, runner.secrets_of(seed, digest, toy.NAME)[question.name])[0]["x"]

    assert (drawn("s", "d") == drawn("s", "d")).all()
    assert not (drawn("s", "d") == drawn("t", "d")).all()
    assert not (drawn("s", "d") == drawn("s", "e")).all()


def test_cases_are_put_in_a_secret_order_that_follows_from_the_bytes():
    orders = {seed: runner.secret_order(seed.encode(), 5) for seed in "abcdefgh"}
    assert all(sorted(order) == [0, 1, 2, 3, 4] for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) > 4
    assert orders["a"] == runner.secret_order(b"a", 5)


def test_an_answer_by_its_place_passes_the_learners_check_and_not_the_grading(worker, tmp_path):
    """The second case is always zeros; who answers by counting calls need not look at it."""
    sly = """
import numpy as np

calls = 0
def double(x):
    global calls
    calls += 1
    return np.zeros(2) if calls == 2 else 2 * x
"""
    notebook_ = read(hand_in(tmp_path, "sly", notebook(sly)))
    assert runner.check(notebook_, toy.NAME, runner.Limits(), worker).verdicts[0].right
    graded = []
    for seed in range(8):
        secrets = runner.secrets_of(f"{seed}", "d", toy.NAME)
        order = runner.secret_order(secrets["double"], 3)
        found = runner.grade(notebook_, toy.NAME, secrets, runner.Limits(), worker, "double")
        assert (found.points == 2) == (order[1] == 1), order
        assert found == replace(
            runner.grade(notebook_, toy.NAME, secrets, runner.Limits(), worker, "double"),
            seconds=found.seconds,
        )
        graded.append(found.points)
    assert 0 in graded


def test_a_hard_coded_answer_passes_the_learners_check_and_not_the_grading(worker, tmp_path, grade):
    seen = toy.probes.draw(np.random.default_rng(LEARNERS_SEED))
    table = [(case["x"].tolist(), (2 * case["x"]).tolist()) for case in seen]
    source = f"def double(x):\n    return dict((str(a), b) for a, b in {table})[str(list(map(float, x)))]"
    path = hand_in(tmp_path / "in", "sly", notebook(source))
    verdicts = runner.check(read(path), toy.NAME, runner.Limits(), worker).verdicts
    assert verdicts[0].right
    assert grade(tmp_path / "in").points("sly") == 0


def test_a_check_that_fails_on_an_answer_costs_its_question_only_and_is_told(grade, tmp_path, monkeypatch):
    def defective(case, value):
        raise ZeroDivisionError("the author's own")

    broken = replace(toy.judges.JUDGED[2], judge=defective)
    monkeypatch.setattr(toy.judges, "JUDGED", (*toy.judges.JUDGED[:2], broken, toy.judges.JUDGED[3]))
    runner.exercise.cache_clear()
    hand_in(tmp_path / "in", "ann", notebook(*RIGHT))
    batch = grade(tmp_path / "in")
    assert batch.points("ann") == 9
    assert "The check of threshold failed: ZeroDivisionError" in batch.feedback("ann")
