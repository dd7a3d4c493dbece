"""How `cure_and_strength` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from functools import lru_cache

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.compare import show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.matching import first_failing
from course_lib.checks.probes.e05_optimizers.cure_and_strength import CURES, glitch_accuracy
from course_lib.checks.reading import number_in

TARGET = 0.86
"""The test accuracy to reach."""


@lru_cache(maxsize=64)
def _accuracy(cure: str, strength: float, seeds: tuple[int, ...]) -> float:
    return glitch_accuracy(cure, strength, seeds)


def _complaint(value: Plain) -> str:
    """What is wrong with the form of a choice, in one sentence; empty when nothing is."""
    if not isinstance(value, dict) or set(value) != {"cure", "strength"}:
        return f"Set my_cure to a word and my_strength to a number; got {show(value)}."
    if not isinstance(value["cure"], str) or value["cure"] not in CURES:
        return f"my_cure must be 'clip', 'warm-up' or 'smaller lr'; it is {show(value['cure'])}."
    strength = number_in(value["strength"])
    if strength is None or strength <= 0:
        return f"my_strength must be one number above 0; it is {show(value['strength'])}."
    if value["cure"] == "smaller lr" and strength < 1:
        return f"A smaller learning rate is divided by 1 or more; my_strength is {show(strength)}."
    return ""


def _accuracy_of(case: Case, value: Plain) -> float:
    strength = number_in(value["strength"])
    assert strength is not None
    return _accuracy(value["cure"], strength, tuple(int(seed) for seed in case["seeds"]))


def _judge(case: Case, value: Plain) -> Finding:
    if complaint := _complaint(value):
        return Finding(False, complaint)
    accuracy = _accuracy_of(case, value)
    return Finding(accuracy >= TARGET, f"On {case.label} the accuracy is {accuracy:.3f}; {TARGET} is asked.")


def _kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    if _complaint(answer.value):
        return "not a choice"
    if _accuracy_of(case, answer.value) >= TARGET:
        return "right"
    if answer.value["cure"] != "clip":
        return str(answer.value["cure"])
    strength = number_in(answer.value["strength"])
    return "clip, too high" if strength is not None and strength > 1e-3 else "clip, below epsilon"


def _held(name: str, cure: str, strength: float, story: str, hint: str) -> Misconception:
    def say(case: Case, answer: Answer) -> str:
        accuracy = _accuracy_of(case, answer.value)
        return f"On {case.label} the accuracy is {accuracy:.3f}; {TARGET} is asked. {story}"

    names = {"my_cure": cure, "my_strength": strength}
    return Misconception(name, names, say, hint, matches=first_failing(_kind, name))


JUDGED = Judged(
    name="cure_and_strength",
    dear="trains digit networks",
    reference={"my_cure": "clip", "my_strength": 1.0},
    judge=_judge,
    misconceptions=(
        _held(
            "warm-up",
            "warm-up",
            20,
            "Warm-up makes the first steps shorter. It ends before the glitch, or shortens healthy steps; it "
            "never keeps the "
            "glitch out of v.",
            "Which of the three acts on the gradient before v sees it?",
        ),
        _held(
            "smaller lr",
            "smaller lr",
            3,
            "After the glitch the steps are too short, not too long. A smaller learning rate shortens them further.",
            "The glitch's own step is short whatever you do. Look for what keeps its square out of v.",
        ),
        _held(
            "clip, too high",
            "clip",
            1000.0,
            "The cure is right, but at this threshold the glitch still enters v with hundreds of times the "
            "ordinary size.",
            "Ordinary gradient norms are about 1 here. Come down to where the glitch no longer stands out.",
        ),
        _held(
            "clip, below epsilon",
            "clip",
            1e-8,
            "The glitch is cut, and so is everything else: entries of the clipped gradient are smaller than "
            "Adam's epsilon of "
            "1e-8, which then decides the length of the step.",
            "Adam does not mind a small threshold until it meets epsilon. Go up by a few decades.",
        ),
    ),
    hints=(
        "Measure: call glitch_accuracy for each cure at three strengths, a factor of 10 apart.",
        "What lasts is the square of the glitch in v. Choose the cure that acts before v, and a "
        "strength near ordinary "
        "gradient norms.",
        "A glitch of 1000 leaves a million times (1 - beta2) in v; clipped to 1 it leaves 1 - beta2. What do the "
        "other two cures leave of it? Then look at both ends: at which strengths does your cure fail?",
    ),
)
