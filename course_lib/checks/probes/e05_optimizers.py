"""What exercise 05_optimizers asks: fresh cases, and how the learner's code is called on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.asking import Asked, Namespace
from course_lib.checks.case import Case, Plain, copy_plain
from course_lib.data import diabetes, standardise
from course_lib.training.digit_networks import DigitNetworks
from course_lib.training.optimizers import Adam

Floats = NDArray[np.float64]

READY_OPTIMIZERS = (
    "course_lib.training.optimizers.Adam.step",
    "torch.optim.adam.adam",
    "torch.optim.adam.Adam.step",
)


# adam_step ------------------------------------------------------------------------------------------------


def draw_adam_step(rng: np.random.Generator) -> list[Case]:
    """The first step, later steps, a long memory, and gradients so small that epsilon counts."""

    def case(label: str, t: int, size: float = 1.0, beta1: float = 0.9, beta2: float = 0.999) -> Case:
        past = 0.0 if t == 1 else 1.0
        g = np.round(rng.uniform(0.5, 2, 3) * rng.choice([-1, 1], 3), 2) * size
        inputs = {
            "w": np.round(rng.normal(size=3), 2),
            "g": g,
            "m": past * np.round(rng.uniform(0.2, 0.8, 3), 2) * size,
            "v": past * np.round(rng.uniform(0.2, 0.8, 3), 2) * size**2,
            "t": t,
            "lr": 0.1,
            "beta1": beta1,
            "beta2": beta2,
            "eps": 1e-8,
        }
        return Case(label, inputs)

    return [
        case("the first step", 1),
        case("the third step", 3),
        case("step 500, other betas", 500, beta1=0.8, beta2=0.99),
        case("the fifth step, with gradients as small as epsilon", 5, size=1e-8),
    ]


def probe_adam_step(names: Namespace, case: Case) -> Plain:
    """`adam_step(w, g, m, v, t, lr, beta1, beta2, eps)`, and what it has changed in its inputs."""
    kept = copy_plain(dict(case.inputs))
    result = names["adam_step"](**case.inputs)
    if isinstance(result, list | tuple) and len(result) == 3:
        result = dict(zip(("w", "m", "v"), result, strict=True))
    changed = [name for name in ("w", "g", "m", "v") if not np.array_equal(kept[name], case[name])]
    return {"returned": result, "changed": changed[0]} if changed else result


# steps_to_recover -----------------------------------------------------------------------------------------


def draw_steps_to_recover(rng: np.random.Generator) -> list[Case]:
    """Large spikes at two memories, a modest share, and a spike too small to matter."""

    def case(label: str, spike: float, beta2: float, share: float) -> Case:
        return Case(label, {"spike": round(spike, 1), "beta2": beta2, "share": share})

    return [
        case("a large spike", float(rng.uniform(60, 200)), 0.999, 0.9),
        case("a huge spike and a short memory", float(rng.uniform(500, 2000)), 0.99, 0.9),
        case("back at one half", float(rng.uniform(200, 900)), 0.999, 0.5),
        case("a spike that hardly brakes", float(rng.uniform(2, 6)), 0.999, 0.9),
    ]


def probe_steps_to_recover(names: Namespace, case: Case) -> Plain:
    """`steps_to_recover(spike, beta2, share)`."""
    return names["steps_to_recover"](case["spike"], case["beta2"], case["share"])


# longest_push ---------------------------------------------------------------------------------------------

MOST_GRADIENTS = 50_000


def draw_longest_push(rng: np.random.Generator) -> list[Case]:
    """Adam's usual memory, and others whose best growth is another."""
    return [
        Case("a short memory", {"beta1": round(float(rng.uniform(0.6, 0.75)), 2), "beta2": 0.95}),
        Case("a middle memory", {"beta1": round(float(rng.uniform(0.8, 0.88)), 2), "beta2": 0.99}),
        Case("the usual memory", {"beta1": 0.9, "beta2": 0.999}),
    ]


def probe_longest_push(names: Namespace, case: Case) -> Plain:
    """`longest_push(beta1, beta2)`."""
    return names["longest_push"](case["beta1"], case["beta2"])


# balance_threshold ----------------------------------------------------------------------------------------


def draw_balance_threshold(rng: np.random.Generator) -> list[Case]:
    """Against the weights, at an angle, with them, across them, and too short to be clipped there."""
    size = float(rng.integers(2, 6))
    w = size * np.array([3.0, 4.0])
    long = float(rng.integers(20, 60))
    decay = round(float(rng.uniform(0.01, 0.05)), 3)
    angled = np.append(-np.round(rng.uniform(8, 20, 2), 1), rng.integers(5, 9))
    return [
        Case("a gradient straight against w", {"w": w, "g": -long * np.array([0.6, 0.8]), "decay": decay}),
        Case("a gradient at an angle", {"w": w, "g": np.array([-long, 0.0]), "decay": decay}),
        Case("three weights", {"w": np.round(rng.uniform(1, 3, 3), 1), "g": angled, "decay": decay}),
        Case("a gradient along w", {"w": w, "g": np.array([long, 1.0]), "decay": decay}),
        Case("a gradient across w", {"w": w, "g": long * np.array([4.0, -3.0]), "decay": decay}),
        Case("a short gradient and a strong decay", {"w": w, "g": np.array([-0.5, -0.1]), "decay": 0.5}),
    ]


def probe_balance_threshold(names: Namespace, case: Case) -> Plain:
    """`balance_threshold(w, g, decay)`."""
    return names["balance_threshold"](case["w"], case["g"], case["decay"])


# train_adamw ----------------------------------------------------------------------------------------------


def patients_gradient(seed: int, wrong_step: int | None = None) -> Callable[[Floats, int], Floats]:
    """`gradient(w, step)`: of linear regression on a batch of 8 real patients, a different one at each step.

    Ten standardised measurements predict the standardised progression of diabetes; w has shape (10,). In step
    number `wrong_step` (the first is 0) the first patient's progression is entered as 300 standard deviations.
    """
    x, y = _patients()
    order = np.random.default_rng(seed).permutation(len(x))

    def gradient(w: Floats, step: int) -> Floats:
        rows = order[np.arange(8 * step, 8 * step + 8) % len(x)]
        targets = y[rows]
        if step == wrong_step:
            targets = np.concatenate([[300.0], targets[1:]])
        return np.asarray(2 * x[rows].T @ (x[rows] @ w - targets) / 8)

    return gradient


@cache
def _patients() -> tuple[Floats, Floats]:
    [patients] = standardise(diabetes())
    return patients.X, (patients.y - patients.y.mean()) / patients.y.std()


def draw_train_adamw(rng: np.random.Generator) -> list[Case]:
    """Runs, each of which brings in one thing that the ones before do not ask for."""

    def run(label: str, steps: int, decay: float, max_norm: float, wrong: int | None = None) -> Case:
        w = np.round(rng.uniform(0.5, 1.5, size=10) * rng.choice([-1, 1], size=10), 2)
        inputs = {"seed": int(rng.integers(2**31)), "wrong_step": wrong, "w": w, "steps": steps}
        return Case(label, inputs | {"lr": 0.05, "decay": decay, "max_norm": max_norm})

    return [
        run("three steps, no decay, nothing to clip", 3, 0.0, 1e6),
        run("five steps, one patient entered wrongly", 5, 0.0, 2.0, wrong=2),
        run("five steps with decay, nothing to clip", 5, 0.5, 1e6),
        run("eight steps with decay, one patient entered wrongly", 8, 0.5, 2.0, wrong=3),
    ]


def probe_train_adamw(names: Namespace, case: Case) -> Plain:
    """`train_adamw(gradient, w, steps, lr, decay, max_norm)`, and w as well where the call has changed it."""
    gradient, kept = patients_gradient(case["seed"], case["wrong_step"]), copy_plain(case["w"])
    result = names["train_adamw"](
        gradient, case["w"], case["steps"], case["lr"], case["decay"], case["max_norm"]
    )
    if np.array_equal(kept, case["w"]):
        return result
    return {"returned": result, "your w afterwards": case["w"]}


# cure_and_strength ----------------------------------------------------------------------------------------

CURES = ("clip", "warm-up", "smaller lr")
LEARNING_RATE, STEPS, GLITCH_AT = 2e-3, 150, 40


def draw_cure_and_strength(rng: np.random.Generator) -> list[Case]:
    """Networks that nobody has seen."""
    return [Case("six fresh networks", {"seeds": rng.integers(0, 2**31, size=6)})]


def probe_cure_and_strength(names: Namespace, case: Case) -> Plain:
    """The learner's choice; `case` matters to the judge only."""
    return {"cure": names["my_cure"], "strength": names["my_strength"]}


def glitch_accuracy(cure: str, strength: float, seeds: Iterable[int] = range(3)) -> float:
    """The mean test accuracy of digit networks after 150 steps of Adam, of which step 40 is a glitch batch.

    In the glitch batch all pixels are ten thousand times too bright. `cure` is `"clip"` (by norm at `strength`,
    each step), `"warm-up"` (the learning rate rises linearly over the first `strength` steps) or `"smaller lr"`
    (the learning rate, 0.002, divided by `strength`). Each number in `seeds` makes one network.
    """
    if cure not in CURES:
        raise ValueError(f"cure must be one of {', '.join(map(repr, CURES))}, but it is {cure!r}.")
    networks, batches = _networks(tuple(int(seed) for seed in seeds))
    W: NDArray[Any] = networks.start
    adam = Adam(LEARNING_RATE / (strength if cure == "smaller lr" else 1))
    full = adam.lr
    for t, (x, y) in enumerate(batches, start=1):
        G = networks.gradient(W, np.float32(1e4) * x if t == GLITCH_AT else x, y)
        if cure == "clip":
            norms = np.linalg.norm(G, axis=1, keepdims=True)
            G = G * np.minimum(1, np.float32(strength) / np.maximum(norms, 1e-30))
        adam.lr = full * min(1, t / strength) if cure == "warm-up" else full
        W = np.asarray(adam.step(W, G), dtype=np.float32)
    return float(networks.accuracy(W).mean())


def prepare_cure_and_strength() -> None:
    """The networks that `glitch_accuracy` trains unless told otherwise."""
    _networks((0, 1, 2))


@lru_cache(maxsize=2)  # whoever compares cures does so on the same networks
def _networks(seeds: tuple[int, ...]) -> tuple[DigitNetworks, list[tuple[NDArray[Any], NDArray[np.int64]]]]:
    """The networks of these seeds, and their batches."""
    networks = DigitNetworks(seeds)
    return networks, [networks.batch() for _ in range(STEPS)]


ASKED: tuple[Asked, ...] = (
    Asked(
        name="adam_step",
        title="Write one step of Adam",
        points=2,
        needs=("adam_step",),
        draw=draw_adam_step,
        probe=probe_adam_step,
        refuses=READY_OPTIMIZERS,
    ),
    Asked(
        name="steps_to_recover",
        title="Count the steps until Adam has forgotten a spike",
        points=1,
        needs=("steps_to_recover",),
        draw=draw_steps_to_recover,
        probe=probe_steps_to_recover,
        refuses=("course_lib.training.optimizers.recovery_steps",),
    ),
    Asked(
        name="longest_push",
        title="Make Adam take its longest step",
        points=2,
        needs=("longest_push",),
        draw=draw_longest_push,
        probe=probe_longest_push,
    ),
    Asked(
        name="balance_threshold",
        title="Find the threshold that cancels the decay",
        points=1,
        needs=("balance_threshold",),
        draw=draw_balance_threshold,
        probe=probe_balance_threshold,
        refuses=("course_lib.training.optimizers.cancelling_threshold",),
    ),
    Asked(
        name="train_adamw",
        title="Mend an AdamW with four mistakes",
        points=2,
        needs=("train_adamw",),
        draw=draw_train_adamw,
        probe=probe_train_adamw,
        prepare=_patients,
    ),
    Asked(
        name="cure_and_strength",
        title="Choose a cure for a glitch batch, and its strength",
        points=2,
        needs=("my_cure", "my_strength"),
        draw=draw_cure_and_strength,
        probe=probe_cure_and_strength,
        prepare=prepare_cure_and_strength,
    ),
)
