"""How exercise 04_threshold is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from html import escape
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION, opening
from course_lib.checks.compare import show
from course_lib.checks.judging import Finding, Judged, Misconception
from course_lib.checks.probes import e04_threshold as probes
from course_lib.checks.reading import numbers_in

Floats: TypeAlias = NDArray[np.float64]
Say: TypeAlias = str | Callable[[Case, Answer], str]

# drawing --------------------------------------------------------------------------------------------------

_WIDTH, _HEIGHT, _MARGIN = 460, 190, 34


def _drawable(value: Plain, length: int) -> Floats | None:
    """The answer as numbers, one a step; `None` where it is something else."""
    array = numbers_in(value)
    return array if array is not None and array.shape == (length,) else None


def _picture_of_thresholds(case: Case, got: Plain, expected: Plain) -> str:
    """Norms as dots, the thresholds that are right and those that came, over the steps, on a logarithmic axis."""
    norms = np.asarray(case["norms"], np.float64)
    right, came = _drawable(expected, len(norms)), _drawable(got, len(norms))
    series = [("norms", norms, BLUE, "", True)]
    if right is not None:
        series.append(("expected thresholds", right, GREEN, "8 4", False))
    if came is not None:
        series.append(("your thresholds", came, VERMILION, "2 3", False))
    known = np.concatenate([values[np.isfinite(values) & (values > 0)] for _, values, *_ in series])
    low, high = np.log10(np.clip([known.min() / 1.5, known.max() * 1.5], 1e-30, 1e30))

    def place(step: int, value: float) -> tuple[float, float]:
        along = _MARGIN + step / max(len(norms) - 1, 1) * (_WIDTH - 2 * _MARGIN)
        up = (math.log10(min(max(value, 1e-30), 1e30)) - low) / (high - low)
        return along, _HEIGHT - _MARGIN - min(max(up, 0.0), 1.0) * (_HEIGHT - 2 * _MARGIN)

    said = "" if came is not None else " Your answer is not one number a step, and is not drawn."
    alt = f"Norms of {len(norms)} steps, the largest {show(float(norms.max()))}, with thresholds step by step.{said}"
    parts = [
        opening(alt, (0, 0, _WIDTH, _HEIGHT + 24)),
        f'<path d="M{_MARGIN} {_HEIGHT - _MARGIN}H{_WIDTH - _MARGIN}" stroke="#888"/>',
        f'<text x="{_WIDTH - _MARGIN}" y="{_HEIGHT - 14}" text-anchor="end" font-size="12" '
        'font-family="sans-serif" fill="#444">step (norms on a logarithmic axis)</text>',
    ]
    for row, (name, values, colour, dashes, dots) in enumerate(series):
        shown = [place(step, value) for step, value in enumerate(values) if np.isfinite(value) and value > 0]
        if dots:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in shown]
        elif shown:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in shown)
            parts.append(
                f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"/>'
            )
        parts.append(
            f'<text x="{_MARGIN + 140 * row}" y="{_HEIGHT + 12}" font-size="13" font-family="sans-serif" '
            f'fill="{colour}">{escape(("dots: ", "long dashes: ", "short dashes: ")[row] + name.split()[0])}</text>'
        )
    return "".join([*parts, "</svg>"])


# update_lengths -------------------------------------------------------------------------------------------


def _first_clipped(case: Case) -> float:
    norms = np.asarray(case["norms"])
    over = norms[norms > case["max_norm"]]
    return float(over[0] if over.size else norms[0])


UPDATE_LENGTHS = Judged(
    name="update_lengths",
    reference={"update_lengths": lambda norms, lr, c: lr * np.minimum(norms, c)},
    misconceptions=(
        Misconception(
            "forgets the learning rate",
            {"update_lengths": lambda norms, lr, c: np.minimum(norms, c)},
            lambda case, answer: (
                "These are the lengths of the clipped gradients. The weights move by the learning rate "
                f"({show(case['lr'])}) times that."
            ),
            "Multiply by lr.",
        ),
        Misconception(
            "no clipping",
            {"update_lengths": lambda norms, lr, c: lr * norms},
            lambda case, answer: (
                f"A gradient of length {show(_first_clipped(case))} should have been cut to {show(case['max_norm'])} "
                "before the step; you multiplied the length from before clipping."
            ),
            "np.minimum(norms, max_norm) is what is left of each length.",
        ),
        Misconception(
            "always the full threshold",
            {"update_lengths": lambda norms, lr, c: np.full(len(norms), lr * c)},
            "Every update came out at lr * max_norm. That is the longest one; a gradient below the threshold is not "
            "stretched to it.",
            "Which is smaller, the norm or the threshold? That one counts, step by step.",
        ),
        Misconception(
            "clips the update",
            {"update_lengths": lambda norms, lr, c: np.minimum(lr * norms, c)},
            lambda case, answer: (
                f"You cut lr * norm at {show(case['max_norm'])}. What is cut is the gradient, before "
                f"the learning rate "
                "is applied; so the bound is lr * max_norm."
            ),
            "First clip, then multiply by lr.",
        ),
        Misconception(
            "the larger of the two",
            {"update_lengths": lambda norms, lr, c: lr * np.maximum(norms, c)},
            "This takes the larger of norm and threshold, so short gradients are stretched and long ones stay.",
            "Clipping only shortens: the smaller of the two.",
        ),
        Misconception(
            "only the longest",
            {"update_lengths": lambda norms, lr, c: lr * min(float(np.max(norms)), c)},
            "That is one number, the longest update. Asked is the length of each, in order.",
            "np.minimum works on the whole array at once.",
        ),
    ),
    hints=(
        "Take two steps on paper: one with a norm below the threshold, one above.",
        "What is left of a norm after clipping? And what does SGD do with a gradient of that length?",
        "With lr 0.1 and threshold 2: a norm of 1 gives a step of 0.1, a norm of 6 one of 0.2, and a norm of 600 "
        "one of 0.2 too.",
    ),
    picture=None,
)


# matching_lr ----------------------------------------------------------------------------------------------


def _step(case: Case, lr: Plain) -> str:
    return show(float(lr) * case["new_max_norm"]) if isinstance(lr, int | float) else "something else"


MATCHING_LR = Judged(
    name="matching_lr",
    reference={"matching_lr": lambda lr, c, new: lr * c / new},
    misconceptions=(
        Misconception(
            "unchanged",
            {"matching_lr": lambda lr, c, new: lr},
            lambda case, answer: (
                f"With the old learning rate every step would be {_step(case, answer.value)} long instead of "
                f"{show(case['lr'] * case['max_norm'])}: another run."
            ),
            "When every step is clipped, a step is lr * max_norm long. Keep that.",
        ),
        Misconception(
            "the wrong way round",
            {"matching_lr": lambda lr, c, new: lr * new / c},
            lambda case, answer: (
                f"This changes the learning rate in the direction of the threshold, so a step becomes "
                f"{_step(case, answer.value)} long; it was {show(case['lr'] * case['max_norm'])}."
            ),
            "A lower threshold needs a higher learning rate.",
        ),
        Misconception(
            "keeps the sum",
            {"matching_lr": lambda lr, c, new: lr + c - new},
            "You kept the sum of the two. What a clipped step contains is their product.",
            "lr * max_norm before equals lr * max_norm after.",
        ),
        Misconception(
            "the length of a step",
            {"matching_lr": lambda lr, c, new: lr * c},
            "That is the length of a step, which has to stay. Asked is the learning rate that gives it at the new "
            "threshold.",
            "Divide it by the new threshold.",
        ),
        Misconception(
            "the ratio alone",
            {"matching_lr": lambda lr, c, new: c / new},
            "That is by how much the learning rate changes. Multiply the old one by it.",
            "lr times the ratio of the thresholds.",
        ),
    ),
    hints=(
        "How long is a step of SGD when the gradient is longer than the threshold?",
        "Write down lr * max_norm for the old and for the new run, and make them equal.",
        "lr 0.1 at threshold 4 takes steps of 0.4 where it clips. With which lr does threshold 2 take steps of 0.4?",
    ),
)


# autoclip_thresholds --------------------------------------------------------------------------------------


def _autoclip(norms: Any, percentile: float) -> Floats:
    return np.array([np.percentile(norms[: t + 1], percentile) for t in range(len(norms))])


def _without_the_present(norms: Any, percentile: float) -> Floats:
    return np.array([np.percentile(norms[:t], percentile) if t else math.inf for t in range(len(norms))])


def _feeding_back(norms: Any, percentile: float) -> Floats:
    kept: list[float] = []
    limits = []
    for norm in norms:
        limits.append(float(np.percentile([*kept, norm], percentile)))
        kept.append(min(float(norm), limits[-1]))
    return np.array(limits)


def _auto_held(name: str, wrong: Callable[[Any, float], Any], message: Say, hint: str) -> Misconception:
    return Misconception(name, {"autoclip_thresholds": wrong}, message, hint)


AUTOCLIP_THRESHOLDS = Judged(
    name="autoclip_thresholds",
    reference={"autoclip_thresholds": _autoclip},
    misconceptions=(
        _auto_held(
            "leaves out the present",
            _without_the_present,
            "Your history ends one step too early: the norm of the present step belongs to it. (It would have been a "
            "reasonable rule, but it has no threshold at all for the first step.)",
            "norms[: t + 1] contains the norm of step t.",
        ),
        _auto_held(
            "knows the future",
            lambda norms, p: np.full(len(norms), np.percentile(norms, p)),
            "One percentile over all norms of the run, for every step: at step 1 it already knows the last norm. A "
            "training run does not.",
            "At each step use only the norms up to and including it.",
        ),
        _auto_held(
            "the other tail",
            lambda norms, p: _autoclip(norms, 100 - p),
            lambda case, answer: (
                f"This is percentile {show(100 - case['percentile'])}, counted from above. At the "
                f"{show(case['percentile'])}th percentile, {show(case['percentile'])}% of the norms lie *below* it."
            ),
            "Give `percentile` to np.percentile as it is.",
        ),
        _auto_held(
            "a percent of a percent",
            lambda norms, p: _autoclip(norms, p / 100),
            "The percentile was divided by 100 before np.percentile, which wants percents: this is "
            "nearly the minimum.",
            "np.percentile takes 0 to 100, np.quantile takes 0 to 1.",
        ),
        _auto_held(
            "the mean",
            lambda norms, p: np.array([np.mean(norms[: t + 1]) for t in range(len(norms))]),
            "This is the mean of the norms so far. A single explosion lifts the mean for a long time; that is why "
            "AutoClip takes a percentile.",
            "np.percentile instead of np.mean.",
        ),
        _auto_held(
            "remembers what was left",
            _feeding_back,
            "Your history holds the norms after clipping. Then every threshold pulls the next one "
            "down, step by step, "
            "towards the smallest norm of all. AutoClip remembers the norms before.",
            "Keep the norms as they came, not min(norm, threshold).",
        ),
        _auto_held(
            "the clipped norms",
            lambda norms, p: np.minimum(norms, _autoclip(norms, p)),
            "These are the norms after clipping. Asked are the thresholds themselves, also where nothing is clipped.",
            "Return the percentiles.",
        ),
    ),
    hints=(
        "What does AutoClip know at the first step? At the second?",
        "A loop over the steps; in each, the percentile of everything up to and including it.",
        "Norms 4, 8, 2 and the 50th percentile: the first threshold is that of 4 alone, 4; the second that of 4 and "
        "8, 6; the third that of 4, 8 and 2, 4.",
    ),
    picture=_picture_of_thresholds,
)


# zclip_thresholds -----------------------------------------------------------------------------------------

Z_MAX, DECAY = 2.5, 0.97


def _zclip(
    norms: Any,
    warmup: int,
    rises: bool = False,
    raw: bool = False,
    late: bool = False,
    frozen: bool = False,
    plain: bool = False,
    variance_for_deviation: bool = False,
) -> Floats:
    """ZClip, with one or more of the mistakes that can be made."""
    mean, variance = float(np.mean(norms[:warmup])), float(np.var(norms[:warmup]))
    limits = [math.inf] * warmup
    for norm in map(float, norms[warmup + late :]):
        deviation = variance if variance_for_deviation else math.sqrt(variance)
        z = (norm - mean) / deviation
        excess = deviation * (z / Z_MAX if rises else Z_MAX if plain else Z_MAX**2 / z)
        limit = mean + excess if z > Z_MAX else math.inf
        limits.append(limit)
        kept = norm if raw else min(norm, limit)
        if not frozen:
            mean = DECAY * mean + (1 - DECAY) * kept
            variance = DECAY * variance + (1 - DECAY) * (kept - mean) ** 2
    return np.array([*[math.inf] * late, *limits])


def _as_it_came(norms: Any, warmup: int) -> Floats:
    return _zclip(norms, warmup, rises=True, raw=True, variance_for_deviation=True)


def _z_held(name: str, wrong: Callable[[Any, int], Any], message: Say, hint: str) -> Misconception:
    return Misconception(name, {"zclip_thresholds": wrong}, message, hint)


ZCLIP_THRESHOLDS = Judged(
    name="zclip_thresholds",
    reference={"zclip_thresholds": _zclip},
    misconceptions=(
        _z_held(
            "as it came",
            _as_it_came,
            "This is the code as it came, with all three mistakes in it.",
            "Feed it one spike and print z, the threshold, and the mean after it.",
        ),
        _z_held(
            "the wilder, the higher",
            lambda norms, warmup: _zclip(norms, warmup, rises=True),
            "Your threshold rises with z: a spike that is ten times as wild gets through ten times "
            "as long. The factor "
            "z / z_max stands the wrong way round.",
            "The wilder the norm, the lower the threshold: divide by z.",
        ),
        _z_held(
            "learns from the spike",
            lambda norms, warmup: _zclip(norms, warmup, raw=True),
            "The spike goes into mean and variance at its full length, and after it nothing looks like a spike for "
            "many steps. What joins the statistics is what was left of it.",
            "Update with min(norm, threshold).",
        ),
        _z_held(
            "variance for deviation",
            lambda norms, warmup: _zclip(norms, warmup, variance_for_deviation=True),
            "z is measured in variances here, not in standard deviations. The variance has another unit, the square.",
            "Take the root of the variance before you divide by it.",
        ),
        _z_held(
            "rises and learns",
            lambda norms, warmup: _zclip(norms, warmup, rises=True, raw=True),
            "Two mistakes are left: the threshold still rises with z, and the full spike still joins the statistics.",
            "Begin with the threshold: which way should it go as z grows?",
        ),
        _z_held(
            "rises in variances",
            lambda norms, warmup: _zclip(norms, warmup, rises=True, variance_for_deviation=True),
            "Two mistakes are left: the threshold still rises with z, and z is still measured in variances.",
            "Begin with the unit of z: how many standard deviations above the mean?",
        ),
        _z_held(
            "learns in variances",
            lambda norms, warmup: _zclip(norms, warmup, raw=True, variance_for_deviation=True),
            "Two mistakes are left: z is measured in variances, and the full spike joins the statistics.",
            "Begin with the standard deviation, the root of the variance.",
        ),
        _z_held(
            "the same for every spike",
            lambda norms, warmup: _zclip(norms, warmup, plain=True),
            "You clip at mean + z_max deviations, however wild the spike is. That is a reasonable "
            "rule, but not ZClip: "
            "there a wilder spike is cut lower.",
            "Multiply the excess z_max * deviation by z_max / z.",
        ),
        _z_held(
            "never learns",
            lambda norms, warmup: _zclip(norms, warmup, frozen=True),
            "Mean and variance stay what they were after the warm-up. They have to follow the run.",
            "Update both after every step, also after calm ones.",
        ),
    ),
    hints=(
        "Three lines are wrong: one about a unit, one about which way a number goes, one about what is remembered.",
        "z counts standard deviations. The threshold falls as z grows. What is left of the norm joins the mean.",
        "Mean 10, variance 4, z_max 2.5, norm 20: the deviation is 2, z is 5, and the limit 10 + 2.5**2 * 2 / 5 = "
        "12.5. It is 12.5, not 20, that the mean and the variance then take.",
    ),
    picture=_picture_of_thresholds,
)


# diagnose -------------------------------------------------------------------------------------------------


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


def _diagnosis_held(name: str, message: str, hint: str, **shortcut: bool) -> Misconception:
    return Misconception(
        name,
        {"diagnose": lambda *run: _diagnosis(*run, **shortcut)},
        lambda case, answer: _taken_for(case, answer) + message,
        hint,
    )


DIAGNOSE = Judged(
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
        _diagnosis_held(
            "looks at the loss only",
            "Every loss is a number there, but a norm is infinite: that gradient is lost, and its step with it.",
            "Ask np.isfinite(...).all() of the norms as well.",
            norms_count=False,
        ),
        _diagnosis_held(
            "exactly constant",
            "The predictions vary a little, by rounding or by what is left of the signal: by a "
            "thousandth of what the "
            "targets do. That is as dead as a constant.",
            "Compare the standard deviation with one hundredth of that of the targets, not with 0.",
            exactly=True,
        ),
        _diagnosis_held(
            "without the unit",
            "Whether a spread is small depends on the unit: the same data in kilometres instead of metres has a "
            "thousandth of it. Only the comparison with the targets has no unit.",
            "np.std(predictions) < 0.01 * np.std(targets).",
            absolute=True,
        ),
        _diagnosis_held(
            "the clip rate alone",
            "Every step is clipped there, but the run learns. With every step clipped, lr * max_norm "
            "is the step, and "
            "it is a good one here.",
            "A stall needs both: nearly every step clipped, and a level loss.",
            by_rate=True,
        ),
        _diagnosis_held(
            "a level loss alone",
            "The loss is level, but hardly a step is clipped: the threshold is not what holds this run back. It may "
            "simply have arrived.",
            "Ask for the clip rate of the second half as well as for the loss.",
            by_loss=True,
        ),
        _diagnosis_held(
            "either is enough",
            "One of the two signs is there and the other is not. A run in which every step is "
            "clipped may learn, and one "
            "with a level loss and hardly a clipped step may simply have arrived.",
            "A stall is the one and the other: `and`, not `or`.",
            either=True,
        ),
        _diagnosis_held(
            "the clip rate of the whole run",
            "The first half is hardly clipped, the second always. What holds the run back now shows "
            "in its second half.",
            "norms[len(norms) // 2 :] are the norms of the second half.",
            whole_run=True,
        ),
        _diagnosis_held(
            "two single losses",
            "The last batch was an easy one, and so its loss is low; the run has not moved. Single "
            "batches say little: "
            "compare the means of the quarters.",
            "With quarter = len(losses) // 4, np.mean(losses[-quarter:]) is the mean of the last quarter.",
            single_losses=True,
        ),
        _diagnosis_held(
            "a tenth is a constant",
            "The predictions vary by a twentieth of what the targets do: a weak model, but it tells examples apart.",
            "The line is at one hundredth of the targets' standard deviation.",
            tolerant=True,
        ),
        _diagnosis_held(
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


# sunspot_threshold ----------------------------------------------------------------------------------------

ALLOWED_TO_FAIL = 1
"""Of ten fresh runs."""


@lru_cache(maxsize=64)
def _failures(threshold: float, seeds: tuple[int, ...]) -> int:
    found = probes.sunspot_runs(threshold, seeds)
    return int(np.sum(~(found["errors"] < found["persistence"])))


def _threshold(value: Plain) -> float | None:
    """The choice as a number above 0 (inf allowed); `None` where it is none."""
    chosen = value.get("threshold") if isinstance(value, dict) else None
    if isinstance(chosen, np.ndarray) and chosen.size == 1:
        chosen = chosen.item()
    if isinstance(chosen, bool) or not isinstance(chosen, int | float):
        return None
    try:
        number = float(chosen)
    except OverflowError:
        return None
    return number if number > 0 else None


def _failing(case: Case, threshold: float) -> int:
    return _failures(threshold, tuple(int(seed) for seed in case["seeds"]))


def _judge_threshold(case: Case, value: Plain) -> Finding:
    threshold = _threshold(value)
    if threshold is None:
        return Finding(False, f"Set my_threshold to one number above 0; got {show(value)}.")
    failing = _failing(case, threshold)
    return Finding(
        failing <= ALLOWED_TO_FAIL,
        f"At {show(threshold)}, {failing} of ten fresh runs do not beat persistence; {ALLOWED_TO_FAIL} may.",
    )


def _in_range(low: float, high: float) -> Callable[[list[Case], list[Answer]], bool]:
    """The choice fails, and lies in this range."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        threshold = _threshold(answers[0].value) if answers[0].status == "given" else None
        if threshold is None or not low < threshold <= high:
            return False
        return not _judge_threshold(cases[0], answers[0].value).right

    return matches


def _chosen(name: str, example: float, low: float, high: float, story: str, hint: str) -> Misconception:
    def say(case: Case, answer: Answer) -> str:
        threshold = _threshold(answer.value) or math.nan
        return f"At {show(threshold)}, {_failing(case, threshold)} of ten fresh runs do not beat persistence. {story}"

    return Misconception(name, {"my_threshold": example}, say, hint, matches=_in_range(low, high))


SUNSPOT_THRESHOLD = Judged(
    name="sunspot_threshold",
    reference={"my_threshold": 8.0},
    judge=_judge_threshold,
    misconceptions=(
        _chosen(
            "no threshold",
            math.inf,
            1e5,
            math.inf,
            "That is as good as no clipping: these runs break within a few steps.",
            "Print the errors at 1000, 100, 10, 1 and 0.1.",
        ),
        _chosen(
            "a placebo",
            3000.0,
            600.0,
            1e5,
            "The disasters are cut, but a step of 0.03 times this threshold is still a disaster.",
            "Is a step of 0.03 * threshold short against weights of length 4 (the root of 16)?",
        ),
        _chosen(
            "the upper edge",
            300.0,
            30.0,
            600.0,
            "You are at the upper edge of the safe zone: some starts survive this step, others do not.",
            "Go down by another factor of ten, and leave a margin on both sides.",
        ),
        _chosen(
            "a stall",
            0.5,
            0.1,
            3.0,
            "Nothing breaks, but every step is clipped, and 100 steps of 0.03 times this do not lead far enough.",
            "Compare the threshold with the norms of a run that works: most of them should lie below it.",
        ),
        _chosen(
            "a standstill",
            0.01,
            0.0,
            0.1,
            "The weights do not move: 100 steps of 0.03 times this threshold are nothing. (With a "
            "larger learning rate "
            "it would work; here the learning rate is given.)",
            "Look at np.median(sunspot_runs(10.0)['norms']), and stay above it.",
        ),
    ),
    hints=(
        "Measure before you choose: sunspot_runs at 1000, 100, 10, 1 and 0.1, five starts each.",
        "Count the errors below persistence at each threshold, and take the middle of the range where all are.",
        "for c in (1000, 100, 30, 10, 3, 1): print(c, np.sum(sunspot_runs(c)['errors'] < 0.877)).",
    ),
)


JUDGED: tuple[Judged, ...] = (
    UPDATE_LENGTHS,
    MATCHING_LR,
    AUTOCLIP_THRESHOLDS,
    ZCLIP_THRESHOLDS,
    DIAGNOSE,
    SUNSPOT_THRESHOLD,
)
