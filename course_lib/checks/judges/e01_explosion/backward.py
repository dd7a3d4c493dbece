"""How `backward` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from course_lib.checks.asking import Namespace
from course_lib.checks.case import Case, Floats, Plain
from course_lib.checks.compare import show
from course_lib.checks.judges.e01_explosion.layers import FLOAT32, listed, log_plot
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.probes.e01_explosion.backward import forward
from course_lib.checks.reading import numbers_in


def backward(weights: list[Floats], activations: list[Floats], output_gradient: Floats) -> list[Floats]:
    """From the output down: through the tanh, into the weights, through the weights."""
    gradient, gradients = output_gradient, []
    for weight, (before, after) in zip(reversed(weights), _layers_down(activations), strict=True):
        gradient = gradient * (1 - after**2)
        gradients.append(np.outer(gradient, before))
        gradient = weight.T @ gradient
    return gradients[::-1]


def _layers_down(activations: list[Floats]) -> list[tuple[Floats, Floats]]:
    """(what enters a layer, what leaves it), the last layer first."""
    return list(pairwise(activations))[::-1]


def _with_faults(*faults: str) -> Namespace:
    """The given function with only these of its three faults left."""

    def partly_mended(
        weights: list[Floats], activations: list[Floats], output_gradient: Floats
    ) -> list[Floats]:
        gradient, gradients = output_gradient, []
        for weight, (before, after) in zip(reversed(weights), _layers_down(activations), strict=True):
            gradient = gradient * (1 - (before if "slope" in faults else after) ** 2)
            gradients.append(np.outer(before, gradient) if "outer" in faults else np.outer(gradient, before))
            gradient = (weight if "transpose" in faults else weight.T) @ gradient
        return gradients[::-1]

    return {"backward": partly_mended}


def _tanh_of_a_tanh(
    weights: list[Floats], activations: list[Floats], output_gradient: Floats
) -> list[Floats]:
    gradient, gradients = output_gradient, []
    for weight, (before, after) in zip(reversed(weights), _layers_down(activations), strict=True):
        gradient = gradient * (1 - np.tanh(after) ** 2)
        gradients.append(np.outer(gradient, before))
        gradient = weight.T @ gradient
    return gradients[::-1]


def _without_slopes(
    weights: list[Floats], activations: list[Floats], output_gradient: Floats
) -> list[Floats]:
    gradient, gradients = output_gradient, []
    for weight, (before, _) in zip(reversed(weights), _layers_down(activations), strict=True):
        gradients.append(np.outer(gradient, before))
        gradient = weight.T @ gradient
    return gradients[::-1]


def _without_output_slope(
    weights: list[Floats], activations: list[Floats], output_gradient: Floats
) -> list[Floats]:
    gradient, gradients = output_gradient, []
    for weight, (before, _) in zip(reversed(weights), _layers_down(activations), strict=True):
        gradients.append(np.outer(gradient, before))
        gradient = (weight.T @ gradient) * (1 - before**2)
    return gradients[::-1]


def _outer_with_output(
    weights: list[Floats], activations: list[Floats], output_gradient: Floats
) -> list[Floats]:
    gradient, gradients = output_gradient, []
    for weight, after in zip(reversed(weights), reversed(activations[1:]), strict=True):
        gradient = gradient * (1 - after**2)
        gradients.append(np.outer(gradient, after))
        gradient = weight.T @ gradient
    return gradients[::-1]


def _last_layer_first(
    weights: list[Floats], activations: list[Floats], output_gradient: Floats
) -> list[Floats]:
    return backward(weights, activations, output_gradient)[::-1]


def _right_gradients(case: Case) -> list[Floats]:
    return backward(case["weights"], forward(case["weights"], case["x"]), case["output_gradient"])


def _given_gradients(value: Plain) -> list[Floats] | None:
    if isinstance(value, np.ndarray) and value.ndim > 0:
        value = list(value)
    if not isinstance(value, list):
        return None
    arrays = [numbers_in(entry) for entry in value]
    given = [array for array in arrays if array is not None]
    return given if len(given) == len(arrays) else None


def _length(gradient: Floats) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.linalg.norm(gradient))


def _judge(case: Case, value: Plain) -> Finding:
    expected = _right_gradients(case)
    given = _given_gradients(value)
    if given is None or len(given) != len(expected):
        what = show(value) if given is None else f"{len(given)} of them"
        return Finding(
            False, f"One array a layer is needed, {len(expected)} in a list; you gave {what}.", expected
        )
    for layer in range(len(expected), 0, -1):
        right, got = expected[layer - 1], given[layer - 1]
        above = (
            "It is the first on the way back, so look at what happens within one layer."
            if layer == len(expected)
            else "The layers above it are right, so the fault lies between this layer and the one above."
        )
        if right.shape != got.shape:
            return Finding(
                False,
                f"Layer {layer}: its gradient must have the shape of its weights, {right.shape}, "
                f"and has {got.shape}. {above}",
                expected,
            )
        if not _length(got - right) <= FLOAT32 * _length(right):
            return Finding(
                False,
                f"Layer {layer}: its gradient is wrong, of norm {show(_length(got))} "
                f"where {show(_length(right))} was expected. {above}",
                expected,
            )
    return Finding(True, "", expected)


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    right = [_length(gradient) for gradient in _right_gradients(case)]
    lines: list[tuple[str, Sequence[float]]] = [("expected", right)]
    alt = f"Norm of each layer's weight gradient, the first layer's first. Expected: {listed(right)}."
    given = _given_gradients(got)
    if given is not None and 0 < len(given) <= 200:
        norms = [_length(gradient) for gradient in given]
        lines.append(("yours", norms))
        alt += f" Yours: {listed(norms)}."
    return log_plot(alt, "layer", "norm of dE/dW", lines, first=1)


JUDGED = Judged(
    name="backward",
    reference={"backward": backward},
    judge=_judge,
    rtol=FLOAT32,
    picture=_picture,
    misconceptions=(
        Misconception(
            "as it was given",
            _with_faults("slope", "outer", "transpose"),
            "This is the broken function unchanged: all three faults are still in it. Already the last layer's "
            "gradient is wrong, so begin there, where only the first two lines of the loop have run.",
            "Print entry [0, 1] of your last layer's gradient beside the finite difference of that one weight.",
        ),
        Misconception(
            "slope and outer product left",
            _with_faults("slope", "outer"),
            "One fault mended: the step through the weights now uses the transpose. Two are left, and both already "
            "spoil the last layer.",
            "For one layer, by hand: h = tanh(w b), so dh/dw = (1 - h^2) b. Which of the two numbers is squared?",
        ),
        Misconception(
            "slope and transpose left",
            _with_faults("slope", "transpose"),
            "One fault mended: each gradient now lies as its weights do. Two are left: one in the slope of tanh, "
            "one in the way from a layer to the one below.",
            "Test a network of one layer first: the way down does not matter there, so only the slope can be wrong.",
        ),
        Misconception(
            "outer product and transpose left",
            _with_faults("outer", "transpose"),
            "One fault mended: the slope is now taken at the layer's output. Two are left, and both are about which "
            "index of a matrix is which.",
            "W[i, j] carries unit j of the layer below to unit i above: its gradient is (gradient at i) times "
            "(activation j).",
        ),
        Misconception(
            "slope at the layer's input",
            _with_faults("slope"),
            "Two faults mended, one left: you take the slope 1 - h^2 at what enters the layer. For h = tanh(z) the "
            "slope is 1 - tanh(z)^2, that is, one minus the square of what leaves it.",
            "activations[0] is x, so what leaves layer `layer` of the loop is not activations[layer].",
        ),
        Misconception(
            "outer product turned over",
            _with_faults("outer"),
            "Two faults mended, one left: each weight gradient is the transpose of the right one. With square layers "
            "nothing crashes and the network learns the wrong thing; with layers of different widths the shapes tell.",
            "np.outer(u, v)[i, j] is u[i] v[j]; row i of W belongs to unit i of the layer's output.",
        ),
        Misconception(
            "transpose missing",
            _with_faults("transpose"),
            lambda case, answer: (
                f"Two faults mended, one left: the gradient of layer {len(case['weights'])} is right, those below are "
                "not. Forward, W carries a signal up; backward its transpose carries the gradient down. "
                "With square matrices nothing crashes when it is forgotten."
            ),
            "The gradient at unit j below sums over all units i above it: sum_i W[i, j] g[i]. Which product is that?",
        ),
        Misconception(
            "tanh of a tanh",
            {"backward": _tanh_of_a_tanh},
            "The slope goes through tanh twice: an activation h is tanh(z) already, so the slope is 1 - h^2. "
            "1 - tanh(h)^2 comes out too large, and the gradient with it.",
            "Remember what is stored: activations, not the sums before them.",
        ),
        Misconception(
            "slopes left out",
            {"backward": _without_slopes},
            "The slope of tanh is gone from your function: you go back through a linear network. Each tanh shrinks the "
            "gradient by 1 - h^2, at most 1, and without it the gradient comes out too large.",
            "One factor a layer: multiply by one minus the layer's output squared before anything else in the loop.",
        ),
        Misconception(
            "output's slope left out",
            {"backward": _without_output_slope},
            "The slopes between the layers are there, but the output's own tanh is skipped: `output_gradient` is "
            "dE/dh_L, after the last tanh, and must pass through it as well.",
            "Multiply by the slope at the top of the loop, before the weights' gradient is taken.",
        ),
        Misconception(
            "output where the input belongs",
            {"backward": _outer_with_output},
            "The slope uses what leaves the layer, and that is right; the outer product now uses it too, and that is "
            "not. A weight's gradient holds the signal that entered it: a weight that got 0 has no part in the error.",
            "Two indices in the loop: one for what enters the layer, one for what leaves it.",
        ),
        Misconception(
            "last layer first",
            {"backward": _last_layer_first},
            "The gradients themselves are right, but they come in the order of the walk, last layer first. "
            "The optimizer would give each layer another layer's gradient.",
            "Return them in the order of `weights`.",
        ),
    ),
    hints=(
        "Compare with a finite difference: raise one entry of the last layer's weights by 1e-6 and see how much "
        "output_gradient @ h_L changes. Then do the same for the layer below.",
        "Three lines of the loop, three things to doubt: where the slope of tanh is taken, which index of the outer "
        "product is which, and by which matrix the gradient goes down one layer.",
        "One layer, h = tanh(W b): dE/dW[i, j] = g[i] (1 - h[i]^2) b[j], and what goes down to unit j is the sum over "
        "i of W[i, j] g[i] (1 - h[i]^2).",
    ),
)
