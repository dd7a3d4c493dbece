"""How `worse_when_clipped` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import numpy as np

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, VERMILION, chart, top_of
from course_lib.checks.compare import show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.matching import first_failing
from course_lib.checks.probes.e09_gans.game_choice import SCHEMES
from course_lib.checks.reading import number_in, vector_in
from course_lib.dynamics.games import Play, play

WORSE = 10.0
"""How many times as far from the equilibrium the clipped run has to end."""


def _complaint(value: Plain) -> str:
    """What is wrong with the form of a counterexample, in one sentence; empty when nothing is."""
    if not isinstance(value, dict) or set(value) != {"scheme", "start", "max_norm"}:
        return f"Return three things, scheme, start, max_norm; got {show(value)}."
    if not isinstance(value["scheme"], str) or value["scheme"] not in SCHEMES:
        return (
            f"scheme must be 'simultaneous', 'alternating' or 'extragradient'; it is {show(value['scheme'])}."
        )
    start = vector_in(value["start"])
    if start is None or start.shape != (2,) or not np.isfinite(start).all() or np.abs(start).max() > 1e6:
        return f"start must be two numbers, x and y, of at most a million; it is {show(value['start'])}."
    c = number_in(value["max_norm"])
    if c is None or c <= 0:
        return f"max_norm must be one number above 0; it is {show(value['max_norm'])}."
    return ""


def _two_runs(case: Case, value: Plain) -> tuple[Play, Play]:
    """The clipped run and the unclipped one."""
    start, c = vector_in(value["start"]), number_in(value["max_norm"])
    assert start is not None
    assert c is not None
    shared = ((float(start[0]), float(start[1])), case["lr"], case["steps"], value["scheme"])
    return play(*shared, clip=c), play(*shared)


def _times_as_far(case: Case, value: Plain) -> float:
    clipped, free = _two_runs(case, value)
    return float(clipped.radii[-1] / free.radii[-1]) if free.radii[-1] > 0 else 0.0


def _judge(case: Case, value: Plain) -> Finding:
    if complaint := _complaint(value):
        return Finding(False, complaint)
    times = _times_as_far(case, value)
    return Finding(
        times >= WORSE, f"The clipped run ends {show(times)} times as far out; {WORSE:g} times is asked."
    )


def _kind(case: Case, answer: Answer) -> str:
    if answer.status != "given":
        return answer.status
    if _complaint(answer.value):
        return "not an example"
    if _times_as_far(case, answer.value) >= WORSE:
        return "right"
    clipped, free = _two_runs(case, answer.value)
    if free.radii[0] == 0:
        return "starts at home"
    if np.array_equal(clipped.points, free.points):
        return "never clipped"
    return (
        str(answer.value["scheme"])
        if answer.value["scheme"] != "extragradient"
        else "comes home all the same"
    )


def _held(name: str, answer: tuple[str, tuple[float, float], float], story: str, hint: str) -> Misconception:
    def say(case: Case, answer: Answer) -> str:
        clipped, free = _two_runs(case, answer.value)
        return (
            f"After {case['steps']} steps at lr = {show(case['lr'])} the clipped run is at "
            f"{show(clipped.radii[-1])}, the unclipped one at {show(free.radii[-1])}. {story}"
        )

    names = {"worse_when_clipped": lambda lr, steps: answer}
    return Misconception(name, names, say, hint, matches=first_failing(_kind, name))


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    if _complaint(got):
        return ""
    ends = [run.radii for run in _two_runs(case, got)]
    if not all(np.isfinite(radii).all() for radii in ends) or ends[0][0] == 0:
        return ""
    curves = [[float(radii[round(case["steps"] * i / 120)]) for i in range(121)] for radii in ends]
    alt = (
        f"Distance from the equilibrium over {case['steps']} steps of {got['scheme']} play from "
        f"{show(curves[0][0])}: the clipped run ends at {show(curves[0][-1])}, the unclipped one at "
        f"{show(curves[1][-1])}."
    )
    return chart(
        [
            (f"clipped: ends at {show(curves[0][-1])}", curves[0], VERMILION, "none"),
            (f"not clipped: ends at {show(curves[1][-1])}", curves[1], BLUE, "8 5"),
        ],
        [],
        top_of(*curves[0], *curves[1]),
        alt,
    )


JUDGED = Judged(
    name="worse_when_clipped",
    reference={"worse_when_clipped": lambda lr, steps: ("extragradient", (3.0, 4.0), 0.01)},
    judge=_judge,
    misconceptions=(
        _held(
            "simultaneous",
            ("simultaneous", (3.0, 4.0), 1.0),
            "In simultaneous play the colleague is right: r² grows by the square of every step, and clipping "
            "makes no step longer.",
            "What good does a long step do, and in which play?",
        ),
        _held(
            "alternating",
            ("alternating", (3.0, 4.0), 0.1),
            "Unclipped alternating play circles at its distance for ever. Clipped jointly it does drift out, but only "
            "like a root: ten times as far is out of reach in these steps.",
            "Ten times as far as what? The other run may also be the one that ends near.",
        ),
        _held(
            "never clipped",
            ("extragradient", (1.0, 1.0), 5.0),
            "The two runs are one: your threshold is above every gradient, so nothing was clipped.",
            "The norm of the gradient is the distance from the equilibrium. Go below it.",
        ),
        _held(
            "comes home all the same",
            ("extragradient", (3.0, 4.0), 4.0),
            "The right scheme, and it is clipped at first. But the clipped steps are still long enough to get "
            "home in time.",
            "Shorten the steps until the run hardly gets away from its start.",
        ),
        _held(
            "starts at home",
            ("extragradient", (0.0, 0.0), 0.1),
            "At the equilibrium all gradients are 0, and nothing ever moves, clipped or not.",
            "Start anywhere else.",
        ),
    ),
    hints=(
        "Clipping shortens steps. When does a shorter step do harm? When the step was a good one.",
        "Which of the three schemes comes home without clipping? Take that one, and make its steps tiny.",
        "Ten steps that each halve a distance of 8: it ends at 0.0078. Ten steps towards home, none longer than 0.1: "
        "it ends at 7, 896 times as far.",
    ),
    picture=_picture,
)
