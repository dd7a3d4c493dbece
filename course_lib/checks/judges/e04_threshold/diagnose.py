"""How `diagnose` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case
from course_lib.checks.compare import show
from course_lib.checks.judging import Judged, Misconception


def _diagnosis(
    losses: Any,
    norms: Any,
    max_norm: float,
    predictions: Any,
    targets: Any,
    *,
    norms_count: bool = True,
    exactly: bool = False,
    absolute: bool = False,
    by_rate: bool = False,
    by_loss: bool = False,
    either: bool = False,
    whole_run: bool = False,
    single_losses: bool = False,
    tolerant: bool = False,
    stall_first: bool = False,
) -> str:
    """The rule of the question, with one or more of the shortcuts that can be taken."""
    if not np.isfinite(losses).all() or (norms_count and not np.isfinite(norms).all()):
        return "broken"
    spread, whole = float(np.std(predictions)), float(np.std(targets))
    allowed = 0.1 * whole if tolerant else 0.01 if absolute else 0.01 * whole
    silent = spread == 0 if exactly else spread < allowed
    rate = np.mean(norms[0 if whole_run else len(norms) // 2 :] > max_norm)
    quarter = 1 if single_losses else len(losses) // 4
    level = np.mean(losses[-quarter:]) > 0.9 * np.mean(losses[:quarter])
    clipped = rate > 0.95
    stalled = clipped or level if either else (clipped or by_loss) and (level or by_rate)
    words = [("silent", silent), ("stalled", stalled)]
    return next((word for word, applies in (words[::-1] if stall_first else words) if applies), "healthy")


def _taken_for(case: Case, answer: Answer) -> str:
    return f'For "{case.label}" you say {show(answer.value)}. '


def _held(name: str, message: str, hint: str, **shortcut: bool) -> Misconception:
    return Misconception(
        name,
        {"diagnose": lambda *run: _diagnosis(*run, **shortcut)},
        lambda case, answer: _taken_for(case, answer) + message,
        hint,
    )


JUDGED = Judged(
    name="diagnose",
    reference={"diagnose": lambda *run: _diagnosis(*run)},
    misconceptions=(
        Misconception(
            "no nan, no problem",
            {"diagnose": lambda losses, *rest: "healthy" if np.isfinite(losses).all() else "broken"},
            lambda case, answer: (
                _taken_for(case, answer)
                + "A run can be lost without a single nan: by a constant prediction, or by "
                "steps that are too short."
            ),
            "Four words are possible. Which inputs have you not looked at yet?",
        ),
        _held(
            "looks at the loss only",
            "Every loss is a number there, but a norm is infinite: that gradient is lost, and its step with it.",
            "Ask np.isfinite(...).all() of the norms as well.",
            norms_count=False,
        ),
        _held(
            "exactly constant",
            "The predictions vary a little, by rounding or by what is left of the signal: by a "
            "thousandth of what the "
            "targets do. That is as dead as a constant.",
            "Compare the standard deviation with one hundredth of that of the targets, not with 0.",
            exactly=True,
        ),
        _held(
            "without the unit",
            "Whether a spread is small depends on the unit: the same data in kilometres instead of metres has a "
            "thousandth of it. Only the comparison with the targets has no unit.",
            "np.std(predictions) < 0.01 * np.std(targets).",
            absolute=True,
        ),
        _held(
            "the clip rate alone",
            "Every step is clipped there, but the run learns. With every step clipped, lr * max_norm "
            "is the step, and "
            "it is a good one here.",
            "A stall needs both: nearly every step clipped, and a level loss.",
            by_rate=True,
        ),
        _held(
            "a level loss alone",
            "The loss is level, but hardly a step is clipped: the threshold is not what holds this run back. It may "
            "simply have arrived.",
            "Ask for the clip rate of the second half as well as for the loss.",
            by_loss=True,
        ),
        _held(
            "either is enough",
            "One of the two signs is there and the other is not. A run in which every step is "
            "clipped may learn, and one "
            "with a level loss and hardly a clipped step may simply have arrived.",
            "A stall is the one and the other: `and`, not `or`.",
            either=True,
        ),
        _held(
            "the clip rate of the whole run",
            "The first half is hardly clipped, the second always. What holds the run back now shows "
            "in its second half.",
            "norms[len(norms) // 2 :] are the norms of the second half.",
            whole_run=True,
        ),
        _held(
            "two single losses",
            "The last batch was an easy one, and so its loss is low; the run has not moved. Single "
            "batches say little: "
            "compare the means of the quarters.",
            "With quarter = len(losses) // 4, np.mean(losses[-quarter:]) is the mean of the last quarter.",
            single_losses=True,
        ),
        _held(
            "a tenth is a constant",
            "The predictions vary by a twentieth of what the targets do: a weak model, but it tells examples apart.",
            "The line is at one hundredth of the targets' standard deviation.",
            tolerant=True,
        ),
        _held(
            "the wrong order",
            "The first word of the list that applies counts, and silent stands before stalled: a "
            "longer step does not "
            "bring a dead unit back.",
            "Test in the order of the list, and return at the first that applies.",
            stall_first=True,
        ),
    ),
    hints=(
        "One condition after the other, in the order of the list, each with its own return.",
        "broken: losses and norms. silent: spread against the targets' spread. stalled: clip rate of "
        "the second half, "
        "and first against last quarter of the losses.",
        "Losses 2, nan, nan: 'broken', and nothing else is looked at. Losses 2, 1, 1 with a spread of 0: not "
        "broken, so ask the second condition; it holds, and the third is never asked.",
    ),
)
