"""How `shared_weight` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable

from course_lib.checks.case import Answer, Case
from course_lib.checks.compare import show
from course_lib.checks.judges.e01_explosion.layers import FLOAT32
from course_lib.checks.judging import Judged, Misconception
from course_lib.checks.reading import numbers_in


def shared_weight(a: float, layers: int, x0: float) -> dict[str, float]:
    """Three gradients of y = a^L x0, one for each question one can ask of it."""
    to_one = a ** (layers - 1) * x0
    return {"input": a**layers, "one_weight": to_one, "shared_weight": layers * to_one}


def _same_factor_everywhere(a: float, layers: int, x0: float) -> dict[str, float]:
    return dict.fromkeys(("input", "one_weight", "shared_weight"), a**layers)


def _weights_like_the_input(a: float, layers: int, x0: float) -> dict[str, float]:
    return {"input": a**layers, "one_weight": a**layers, "shared_weight": layers * a**layers}


def _sharing_ignored(a: float, layers: int, x0: float) -> dict[str, float]:
    to_one = a ** (layers - 1) * x0
    return {"input": a**layers, "one_weight": to_one, "shared_weight": to_one}


def _exponent_not_lowered(a: float, layers: int, x0: float) -> dict[str, float]:
    return {"input": a**layers, "one_weight": a**layers * x0, "shared_weight": layers * a**layers * x0}


def _input_forgotten(a: float, layers: int, x0: float) -> dict[str, float]:
    to_one = a ** (layers - 1)
    return {"input": a**layers, "one_weight": to_one, "shared_weight": layers * to_one}


def _output_for_gradient(a: float, layers: int, x0: float) -> dict[str, float]:
    return shared_weight(a, layers, x0) | {"input": a**layers * x0}


def _whole_power_for_one(a: float, layers: int, x0: float) -> dict[str, float]:
    return shared_weight(a, layers, x0) | {"one_weight": a**layers}


def _shared_as_product(a: float, layers: int, x0: float) -> dict[str, float]:
    right = shared_weight(a, layers, x0)
    return right | {"shared_weight": right["one_weight"] ** layers}


def _divided_by_weight(a: float, layers: int, x0: float) -> dict[str, float]:
    y = a**layers * x0
    return {"input": y / x0, "one_weight": y / a, "shared_weight": layers * y / a}


def _entry(answer: Answer, key: str) -> float | None:
    number = numbers_in(answer.value[key]) if isinstance(answer.value, dict) and key in answer.value else None
    return None if number is None or number.size != 1 else float(number.item())


def _same_entry(
    key: str, wrong: Callable[..., dict[str, float]]
) -> Callable[[list[Case], list[Answer]], bool]:
    """Whether one entry is what `wrong` would give, whatever the others are: people mix their mistakes."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        entries = [_entry(answer, key) for answer in answers]
        return all(
            entry is not None and math.isclose(entry, wrong(**case.inputs)[key], rel_tol=FLOAT32)
            for case, entry in zip(cases, entries, strict=True)
        )

    return matches


def _fails_at_zero_only(cases: list[Case], answers: list[Answer]) -> bool:
    """Right wherever a is not 0; where it is, an exception or nan, as Python or NumPy have it."""
    pairs = list(zip(cases, answers, strict=True))
    at_zero = [answer for case, answer in pairs if case["a"] == 0]
    others = [pair for pair in pairs if pair[0]["a"] != 0]
    right = _same_entry("shared_weight", shared_weight)(
        [case for case, _ in others], [answer for _, answer in others]
    )
    return right and all(
        answer.error == "ZeroDivisionError" or math.isnan(_entry(answer, "shared_weight") or 0.0)
        for answer in at_zero
    )


def _chain(case: Case) -> str:
    return f"a = {case['a']}, L = {case['layers']}, x0 = {case['x0']}"


JUDGED = Judged(
    name="shared_weight",
    reference={"shared_weight": shared_weight},
    rtol=FLOAT32,
    atol=0.0,
    misconceptions=(
        Misconception(
            "a^L for everything",
            {"shared_weight": _same_factor_everywhere},
            lambda case, answer: (
                "You give a^L for the weight. That is the gradient with respect to the input. A weight stands beside "
                "a signal, and its gradient is that signal times what comes back from above: for "
                f"{_chain(case)} the shared weight gets {show(shared_weight(**case.inputs)['shared_weight'])}, "
                f"not {show(case['a'] ** case['layers'])}."
            ),
            "Differentiate y = a^L x0 once with respect to x0 and once with respect to a.",
            matches=_same_entry("shared_weight", _same_factor_everywhere),
        ),
        Misconception(
            "weights treated like the input",
            {"shared_weight": _weights_like_the_input},
            lambda case, answer: (
                "The factor L for the shared weight is right. But a weight is not an input: its gradient is the signal "
                "that enters it times the gradient that comes back to its output, and for the first layer that is x0 "
                f"times the other {case['layers'] - 1} factors."
            ),
            "For layer 1: which signal enters, and how many factors a stand above it?",
            matches=_same_entry("shared_weight", _weights_like_the_input),
        ),
        Misconception(
            "sharing ignored",
            {"shared_weight": _sharing_ignored},
            lambda case, answer: (
                "You treat the shared weight as if it were used once. It is used in "
                f"all {case['layers']} layers, and the gradients of all its uses add up."
            ),
            "What is d/da of a^L?",
            matches=_same_entry("shared_weight", _sharing_ignored),
        ),
        Misconception(
            "exponent not lowered",
            {"shared_weight": _exponent_not_lowered},
            lambda case, answer: (
                "The exponent of the weight gradient is one too large. A weight is not multiplied by itself: "
                f"around one layer's weight stand the other {case['layers'] - 1} layers, not {case['layers']}."
            ),
            "Write out y = a_3 a_2 a_1 x0 and differentiate with respect to a_2: which factors stay?",
            matches=_same_entry("shared_weight", _exponent_not_lowered),
        ),
        Misconception(
            "signal forgotten",
            {"shared_weight": _input_forgotten},
            lambda case, answer: (
                "The weight gradients lack the signal. A weight that multiplies a signal of 0 can do nothing, so its "
                f"gradient must carry x0 = {case['x0']}: a larger input pushes its weights harder."
            ),
            "The gradient of a weight is the signal that enters it, times the gradient that comes back to its output.",
            matches=_same_entry("shared_weight", _input_forgotten),
        ),
        Misconception(
            "output given for a gradient",
            {"shared_weight": _output_for_gradient},
            lambda case, answer: (
                "Your `input` is the output y itself. The gradient dy/dx0 says how much y changes when x0 changes by "
                f"one: for {_chain(case)} that is {show(case['a'] ** case['layers'])}, whatever x0 is."
            ),
            "y is linear in x0; its slope does not hold x0 any more.",
            matches=_same_entry("input", _output_for_gradient),
        ),
        Misconception(
            "the whole power for one weight",
            {"shared_weight": _whole_power_for_one},
            lambda case, answer: (
                f"`one_weight` is what reaches the *input*, {show(case['a'])}^{case['layers']}. A weight gets signal "
                "in times gradient out: its own factor is missing from both, and the signal began as x0."
            ),
            "Count the factors before the layer and behind it. How many of the L are there?",
            _same_entry("one_weight", _whole_power_for_one),
        ),
        Misconception(
            "uses multiplied",
            {"shared_weight": _shared_as_product},
            lambda case, answer: (
                f"You multiplied the gradients of the {case['layers']} uses with one another. Along one path "
                "gradients multiply; the uses of a shared weight are separate paths, and those add."
            ),
            "All L uses have the same gradient here, so their sum is L times one of them.",
            matches=_same_entry("shared_weight", _shared_as_product),
        ),
        Misconception(
            "divided by the weight",
            {"shared_weight": _divided_by_weight},
            "L y / a is right until a is 0, and then it divides by 0. A weight of 0 is an ordinary weight, "
            "and its gradient exists.",
            "Use the power L - 1 instead of dividing the power L by a.",
            matches=_fails_at_zero_only,
        ),
    ),
    hints=(
        "y = a^L x0 has three different derivatives here; say for each what is held still.",
        "For one layer's own weight, write y as (layers above) times a_1 times x0. For the shared weight, "
        "add the gradients of its L uses.",
        "L = 2, y = a a x0: dy/dx0 = a^2; for one weight alone a x0; for the shared one, two such terms: 2 a x0.",
    ),
)
