"""Each demo computes the same in Python and in the browser's language: `model.py` against `demo.js` in node."""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from demos import FACTORIES, corners

from course_lib.demos.chain import Chain
from course_lib.demos.chain import model as chain_model
from course_lib.demos.chain import picture as chain_picture
from course_lib.demos.groups import Groups
from course_lib.demos.groups import model as groups_model
from course_lib.demos.groups import picture as groups_picture
from course_lib.demos.monitor import Monitor
from course_lib.demos.monitor import model as monitor_model
from course_lib.demos.monitor import picture as monitor_picture
from course_lib.demos.phase import Phase
from course_lib.demos.phase import model as phase_model
from course_lib.demos.phase import picture as phase_picture
from course_lib.demos.plane import Plane
from course_lib.demos.plane import model as plane_model
from course_lib.demos.plane import picture as plane_picture
from course_lib.demos.spike import Spike
from course_lib.demos.spike import model as spike_model
from course_lib.demos.spike import picture as spike_picture
from course_lib.demos.stage import Demo

pytestmark = pytest.mark.needs("node")

# What JSON cannot say crosses as a word: -inf is the logarithm of a vanished signal.
ASK = """
import { compute, words } from "./demo.mjs";
import { readFileSync } from "node:fs";
const { states, called } = JSON.parse(readFileSync(0, "utf8"));
const plain = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
console.log(JSON.stringify(states.map((state) => ({ compute, words })[called](state)), plain));
"""


@pytest.fixture
def in_node(tmp_path: Path) -> Callable[[type[Demo], str, Sequence[Any]], Any]:
    def run(demo: type[Demo], called: str, states: Sequence[Any]) -> Any:
        (tmp_path / "demo.mjs").write_text(demo._esm, encoding="utf-8")
        (tmp_path / "ask.mjs").write_text(ASK, encoding="utf-8")
        asked = json.dumps({"states": states, "called": called})
        ran = subprocess.run(
            ["node", "ask.mjs"], cwd=tmp_path, input=asked, capture_output=True, encoding="utf-8", timeout=60
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run


def assert_same(python: Any, javascript: Any, where: str) -> None:
    """Equal in shape, and in every number to rounding."""
    if isinstance(python, dict):
        assert isinstance(javascript, dict) and python.keys() == javascript.keys(), where
        for key, value in python.items():
            assert_same(value, javascript[key], f"{where}.{key}")
    elif isinstance(python, chain_model.Horizon):
        assert_same(python._asdict(), javascript, where)
    elif isinstance(python, np.ndarray):
        assert len(python) == len(javascript), where
        for index, value in enumerate(python):
            assert_same(float(value), javascript[index], f"{where}[{index}]")
    elif isinstance(python, list):
        assert len(python) == len(javascript), where
        for index, value in enumerate(python):
            assert_same(value, javascript[index], f"{where}[{index}]")
    elif isinstance(python, float):
        assert math.isclose(python, float(javascript), rel_tol=1e-9, abs_tol=1e-9), (
            f"{where}: Python has {python!r}, JavaScript has {javascript!r}"
        )
    else:
        assert python == javascript, where


def assert_alike(python: Any, javascript: Any, where: str) -> None:
    """As `assert_same`, but an array's numbers to a millionth of its largest: rounding grows along a walk."""
    if isinstance(python, dict):
        assert isinstance(javascript, dict) and python.keys() == javascript.keys(), where
        for key, value in python.items():
            assert_alike(value, javascript[key], f"{where}.{key}")
    elif isinstance(python, np.ndarray):
        theirs = np.array(javascript, dtype=float)
        near = 1e-6 * np.abs(python[np.isfinite(python)]).max(initial=1)
        np.testing.assert_allclose(theirs, python, rtol=0, atol=near, err_msg=where)
    elif isinstance(python, float) and math.isfinite(python):
        assert math.isclose(python, float(javascript), rel_tol=1e-6, abs_tol=1e-6), where
    else:
        assert_same(python, javascript, where)


@pytest.mark.parametrize("name", FACTORIES)
def test_every_demo_computes_and_says_the_same_in_both_languages(
    in_node: Callable[..., Any], name: str
) -> None:
    """At its corners; a demo that nobody has added here is held to this at least."""
    model = import_module(f"course_lib.demos.{name}.model")
    states = [FACTORIES[name](**state) for state in corners(FACTORIES[name])]
    views = [demo.in_view() for demo in states]
    demo = next(kind for kind in type(states[0]).__mro__ if "drawing" in vars(kind))
    for state, answer in zip(views, in_node(demo, "compute", views), strict=True):
        assert_alike(model.compute(state), answer, f"{state}")
    for shown, said in zip(states, in_node(demo, "words", views), strict=True):
        assert shown.words() == said, shown.state()


def chain_states(rng: np.random.Generator, count: int) -> list[chain_model.State]:
    return [
        chain_model.State(
            unit=str(rng.choice(["linear", "tanh"])),
            gain=float(rng.choice([-1, 1]) * 10 ** rng.uniform(-2, 2)),
            depth=int(rng.integers(1, 300)),
            start=float(rng.choice([-1, 1]) * 10 ** rng.uniform(-14, 3)),
        )
        for _ in range(count)
    ]


# Gain 0 and 1, exact powers of two, one layer, a start no format holds, sizes beyond float64, saturated tanh.
CHAIN_EDGES = [
    chain_model.State(unit=unit, gain=gain, depth=depth, start=start)
    for unit in ("linear", "tanh")
    for gain in (0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 1e-300, 1e300)
    for depth in (1, 2, 200)
    for start in (0.0, 1.0, -1.0, 1e-12, 1e-300, 1e300)
]


def plane_states(rng: np.random.Generator, count: int) -> list[plane_model.State]:
    return [
        plane_model.State(
            first=float(rng.normal() * 10 ** rng.uniform(-3, 3)),
            second=float(rng.normal() * 10 ** rng.uniform(-3, 3)),
            threshold=float(10 ** rng.uniform(-2, 2)),
            rule=str(rng.choice(list(plane_model.RULES))),
        )
        for _ in range(count)
    ]


# The zero gradient, one axis, negative components, exactly at the threshold, tiny, and squares that overflow.
PLANE_EDGES = [
    plane_model.State(first=first, second=second, threshold=threshold, rule="value")
    for first in (0.0, 2.0, -2.0, 1e-300, 1e200, -1e200)
    for second in (0.0, 2.0, -2.0, -1e200)
    for threshold in (2.0, 1e-100, 1e150)
]


def test_chain_computes_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = CHAIN_EDGES + chain_states(np.random.default_rng(1), 300)
    for state, answer in zip(states, in_node(Chain, "compute", states), strict=True):
        assert_same(dict(chain_model.compute(state)), answer, f"{state}")


def test_plane_computes_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = PLANE_EDGES + plane_states(np.random.default_rng(2), 500)
    for state, answer in zip(states, in_node(Plane, "compute", states), strict=True):
        assert_same(dict(plane_model.compute(state)), answer, f"{state}")


def test_chain_says_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    rng = np.random.default_rng(3)
    states = [
        chain_model.State(
            unit=str(rng.choice(["linear", "tanh"])),
            gain=float(rng.integers(50, 201)) / 100,
            depth=int(rng.integers(1, 201)),
            start=float(f"1e{rng.integers(-12, 1)}"),
        )
        for _ in range(300)
    ]
    for state, answer in zip(states, in_node(Chain, "words", states), strict=True):
        assert chain_picture.words(state) == answer, state


def test_plane_says_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    rng = np.random.default_rng(4)
    states = [
        plane_model.State(
            first=float(rng.integers(-110, 111)) / 10,
            second=float(rng.integers(-55, 56)) / 10,
            threshold=float(rng.integers(5, 51)) / 10,
            rule=str(rng.choice(list(plane_model.RULES))),
        )
        for _ in range(500)
    ]
    for state, answer in zip(states, in_node(Plane, "words", states), strict=True):
        assert plane_picture.words(state) == answer, state


def spike_states(rng: np.random.Generator, count: int) -> list[spike_model.State]:
    """What the controls reach: sizes in steps of a twentieth of a decade, to three digits."""
    return [
        spike_model.State(
            spike=float(f"{10 ** (rng.integers(0, 81) / 20):.3g}"),
            at=int(rng.integers(1, 101)),
            threshold=float(f"{10 ** (rng.integers(0, 81) / 20):.3g}"),
            memory=str(rng.choice(list(spike_model.SPANS), p=[0.2, 0.4, 0.4])),
        )
        for _ in range(count)
    ]


# No spike, the first step, the longest spike, a threshold at and beyond it, and each memory.
SPIKE_EDGES = [
    spike_model.State(spike=spike, at=at, threshold=threshold, memory=memory)
    for memory in ("0.99", "0.9")
    for spike in (1.0, 10.0, 10_000.0)
    for at in (1, 100)
    for threshold in (1.0, 10.0, 10_000.0)
] + [spike_model.State(spike=100.0, at=100, threshold=1.0, memory="0.999")]


def test_spike_computes_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = SPIKE_EDGES + spike_states(np.random.default_rng(5), 20)
    for state, answer in zip(states, in_node(Spike, "compute", states), strict=True):
        assert_same(dict(spike_model.compute(state)), answer, f"{state}")


def test_spike_says_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = SPIKE_EDGES + spike_states(np.random.default_rng(6), 60)
    for state, answer in zip(states, in_node(Spike, "words", states), strict=True):
        assert spike_picture.words(state) == answer, state


def monitor_states() -> list[monitor_model.State]:
    """Every position of the controls, on the recorded runs, and a run that died silently."""
    runs = monitor_model.recorded()
    silent = {"norms": [2.0, 0.5, -1.0], "losses": [1.0, 0.0, 0.1], "error": 2.7, "spread": 0.01}
    dead = {
        **runs,
        "runs": {rate: {str(n): silent for n in monitor_model.NOTCHES} for rate in monitor_model.RATES},
    }
    return [
        monitor_model.State(notch=notch, rate=rate, runs=recorded)
        for recorded in (runs, dead)
        for rate in monitor_model.RATES
        for notch in monitor_model.NOTCHES
    ]


def test_monitor_computes_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = monitor_states()
    for state, answer in zip(states, in_node(Monitor, "compute", states), strict=True):
        assert_same(dict(monitor_model.compute(state)), answer, f"{state['rate']} {state['notch']}")


def test_monitor_says_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = monitor_states()
    for state, answer in zip(states, in_node(Monitor, "words", states), strict=True):
        assert monitor_picture.words(state) == answer, (state["rate"], state["notch"])


def phase_states(rng: np.random.Generator, count: int) -> list[phase_model.State]:
    """What the controls reach, in their steps; every way to step with everything that can be clipped."""
    return [
        phase_model.State(
            scheme=scheme,
            clipped=clipped,
            threshold=int(rng.integers(5, 31)) / 10,
            lr=int(rng.integers(5, 51)) / 100,
            decay=int(rng.choice([0, rng.integers(1, 41)])) / 200,
        )
        for _ in range(count)
        for scheme in phase_model.SCHEMES
        for clipped in phase_model.CLIPPED
    ]


def test_phase_computes_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = phase_states(np.random.default_rng(7), 4)
    for state, answer in zip(states, in_node(Phase, "compute", states), strict=True):
        python = phase_model.compute(state)
        for name, walk in (("inner", python["inner"]), ("outer", python["outer"])):
            theirs = answer.pop(name)
            # Rounding grows with the walk, and a walk that comes home passes below any fixed tolerance.
            near = 1e-9 * np.maximum.accumulate(np.hypot(walk["x"], walk["y"]))
            for axis, ours in (("x", walk["x"]), ("y", walk["y"])):
                assert (np.abs(ours - np.array(theirs[axis])) <= near).all(), (state, name, axis)
            for edge, radius in (("least", walk["least"]), ("most", walk["most"])):
                assert math.isclose(radius, theirs[edge], rel_tol=1e-6, abs_tol=near[-1]), (state, name, edge)
        for part in ("law", "factor", "circle"):
            assert_same(python[part], answer.pop(part), f"{state}.{part}")
        assert not answer


def test_phase_says_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = phase_states(np.random.default_rng(8), 12)
    laws = {phase_model.compute(state)["law"] for state in states}
    assert laws == {"out", "root", "linear", "circle", "kept", "home", "measured"}
    for state, answer in zip(states, in_node(Phase, "words", states), strict=True):
        assert phase_picture.words(state) == answer, state


def groups_states() -> list[groups_model.State]:
    """Every position of the controls, on the recorded runs and on invented ones whose gaps do move."""
    runs = groups_model.recorded()
    rng = np.random.default_rng(7)
    invented = {
        batch: {
            str(notch): {
                "values": {
                    metric: rng.normal([[80.0 + 4 * notch], [75.0]], size=(2, 10)).tolist()
                    for metric in groups_model.METRICS
                },
                "clipped": 12.5,
                "moved": 0.05,
            }
            for notch in groups_model.NOTCHES
        }
        for batch in groups_model.BATCHES
    }
    return [
        groups_model.State(notch=notch, batch=batch, metric=metric, runs=told)
        for told in (runs, invented)
        for batch in groups_model.BATCHES
        for metric in groups_model.METRICS
        for notch in groups_model.NOTCHES
    ]


def test_groups_compute_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = groups_states()
    for state, answer in zip(states, in_node(Groups, "compute", states), strict=True):
        where = f"{state['batch']} {state['metric']} {state['notch']}"
        assert_same(dict(groups_model.compute(state)), answer, where)
    verdicts = {groups_model.compute(state)["verdict"] for state in states}
    assert verdicts == {"off", "identical", "noise", "moved"}


def test_groups_say_the_same_in_both_languages(in_node: Callable[..., Any]) -> None:
    states = groups_states()
    for state, answer in zip(states, in_node(Groups, "words", states), strict=True):
        assert groups_picture.words(state) == answer, (state["batch"], state["metric"], state["notch"])
