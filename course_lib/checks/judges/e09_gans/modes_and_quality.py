"""How `modes_and_quality` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from typing import Any

import numpy as np

from course_lib.checks.case import Case, Floats, Plain
from course_lib.checks.chart import BLUE, GREEN, VERMILION, opening
from course_lib.checks.compare import show
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import fails_as
from course_lib.checks.probes.e09_gans.modes_and_quality import ASKED, MODES


def _modes(mistake: str = "") -> Callable[..., Any]:
    """Modes and quality as a learner would count them, with one mistake or none."""

    def modes_and_quality(samples: Any, known: Any, labels: Any, allowed: float, share: float) -> Any:
        if mistake == "leaves out what overflowed":
            samples = samples[np.isfinite(samples).all(axis=1)]
        offsets = samples[:, None] - known[None]
        distances = np.linalg.norm(offsets, axis=2)
        nearest = distances.argmin(axis=1)
        closest = distances.min(axis=1)
        if mistake == "each coordinate by itself":
            closest = np.abs(offsets).max(axis=2)[np.arange(len(samples)), nearest]
        elif mistake == "squared distances":
            closest = closest**2
        good = closest < allowed if mistake == "nearer than allowed" else closest <= allowed
        label = nearest if mistake == "counts examples" else labels[nearest]
        counted = good | True if mistake == "counts bad samples" else good
        of, finite = max(1, len(samples)), max(1, int(np.isfinite(samples).all(axis=1).sum()))
        quality = good.sum() / (finite if mistake == "quality of what is finite" else of)
        if mistake == "a share of the good ones":
            of = max(1, int(good.sum()))
        elif mistake == "a share of what is finite":
            of = finite
        modes = range(MODES) if mistake == "labels 0 to 7" else np.unique(label)
        shares = np.array([np.sum(counted & (label == mode)) / of for mode in modes])
        needed = 1 / of if mistake == "one sample is enough" else share
        covered = shares > needed if mistake == "more than the share" else shares >= needed
        if mistake == "quality of covered modes only":
            quality = shares[covered].sum()
        found = int(covered.sum()), float(quality)
        return found[::-1] if mistake == "quality first" else found

    return modes_and_quality


def _held(name: str, message: Say, hint: str) -> Misconception:
    wrong = _modes(name)
    return Misconception(name, {"modes_and_quality": wrong}, message, hint, fails_as(ASKED, _modes(), wrong))


def _picture(case: Case, got: Plain, expected: Plain) -> str:
    """The plane with a circle of the distance allowed round each known point; digits are not drawn."""
    samples, known = np.asarray(case["samples"]), np.asarray(case["known"])
    if known.shape[1] != 2:
        return ""
    side, reach = 300.0, 2.6
    finite = np.isfinite(samples).all(axis=1)
    distances = np.linalg.norm(samples[:, None] - known[None], axis=2)
    good = distances.min(axis=1) <= case["allowed"]
    needed = math.ceil(case["share"] * len(samples))

    def place(point: Floats) -> tuple[float, float]:
        return float(side * (0.5 + point[0] / 2 / reach)), float(side * (0.5 - point[1] / 2 / reach))

    parts = []
    for middle, mode in zip(known, case["labels"], strict=True):
        x, y = place(middle)
        hits = int(np.sum(good & (distances.argmin(axis=1) == mode)))
        dashes = "none" if hits >= needed else "4 3"
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{side * case["allowed"] / 2 / reach:.1f}" fill="none" '
            f'stroke="{GREEN}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        label_x, label_y = place(0.66 * middle)
        parts.append(
            f'<text x="{label_x:.1f}" y="{label_y + 4:.1f}" text-anchor="middle" fill="#222">{hits}</text>'
        )
    for point, is_good in zip(samples[finite], good[finite], strict=True):
        x, y = place(point)
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{BLUE}"/>'
            if is_good
            else f'<path d="M{x - 3:.1f} {y - 3:.1f}l6 6m0 -6l-6 6" stroke="{VERMILION}" stroke-width="1.8"/>'
        )
    lost = int((~finite).sum())
    rows = [
        "circle: the distance allowed",
        f"closed circle: covered ({needed} or more are good)",
        "dot: a good sample; cross: a bad one",
        "number: how many are good",
        *([f"{lost} samples are nan: bad, not drawn"] if lost else []),
    ]
    legend = "".join(
        f'<text x="{side + 8:g}" y="{30 + 22 * row}" fill="#222">{escape(words)}</text>'
        for row, words in enumerate(rows)
    )
    alt = (
        f"{len(samples)} samples round eight known points; {int(good.sum())} are good, "
        f"{int((finite & ~good).sum())} are too far from all eight, {lost} are nan. A mode needs {needed} good "
        "samples to be covered."
    )
    return f"{opening(alt, (0, 0, side + 312, side))}{''.join(parts)}{legend}</svg>"


JUDGED = Judged(
    name="modes_and_quality",
    reference={"modes_and_quality": _modes()},
    misconceptions=(
        _held(
            "quality first",
            "You return the two the other way round, quality first. Asked is first how many modes are covered, then "
            "the share of good samples.",
            "return modes, quality: in this order.",
        ),
        _held(
            "counts bad samples",
            "Your count of modes takes every sample to its nearest example, however far away it is. So rubbish "
            "covers modes. Only good samples may.",
            "A sample counts for a mode if it is near AND bears its label.",
        ),
        _held(
            "one sample is enough",
            lambda case, answer: (
                "You count a mode as covered from the first good sample on. One lucky hit among "
                f"{len(case['samples'])} is no mode; a share of {show(case['share'])} of all samples is asked."
            ),
            "Compare the share of samples in each mode with `share`.",
        ),
        _held(
            "a share of the good ones",
            "You divide by the number of good samples. A generator whose samples are nearly all rubbish would "
            "cover every mode so. The share is one of all samples.",
            "Two good samples, one in each of two modes, and sixty bad ones: what share has each mode?",
        ),
        _held(
            "more than the share",
            lambda case, answer: (
                f"A mode with exactly the share of {show(case['share'])} counts as covered; yours needs more "
                "than that."
            ),
            "Read the definition of covered once more: what if the share is met exactly?",
        ),
        _held(
            "squared distances",
            "You compare squared distances with `allowed`. A distance of 0.4 has a square of 0.16, and passes "
            "for near.",
            "Take the root, or square `allowed` as well.",
        ),
        _held(
            "each coordinate by itself",
            lambda case, answer: (
                f"You ask whether each coordinate is within {show(case['allowed'])}. That allows a square, "
                "whose corners are further away than that; with 64 pixels nearly everything lies in such a "
                "box. Asked is the distance."
            ),
            "np.linalg.norm of the difference.",
        ),
        _held(
            "leaves out what overflowed",
            "You leave out the samples that are nan. They are samples of the generator as well, and bad ones: "
            "with half of them gone a broken generator looks twice as good.",
            "Keep dividing by the number of all samples.",
        ),
        _held(
            "a share of what is finite",
            "Your share of a mode is one of the samples that are not nan. Those that are count as well: covered is a "
            "mode with at least `share` of all samples.",
            "The share of a mode is its good samples over len(samples).",
        ),
        _held(
            "quality of what is finite",
            "Your quality divides by the samples that are not nan. Those that are count as well, as bad ones: quality "
            "is a share of all samples.",
            "The mean of `good` over every row, the nan included.",
        ),
        _held(
            "nearer than allowed",
            lambda case, answer: (
                f"A sample exactly {show(case['allowed'])} away is good: it is no further away than `allowed`. Yours "
                "has to be nearer."
            ),
            "At most `allowed`, not less than it.",
        ),
        _held(
            "quality of covered modes only",
            "Your quality counts only samples of covered modes. A good sample is a good one, wherever it lies.",
            "quality is the share of all samples that are near enough to their nearest example.",
        ),
        _held(
            "labels 0 to 7",
            "You count labels 0 to 7, as many as a ring of eight has. Which modes there are is what `labels` says: the "
            "digits go up to 9.",
            "Go through the labels that occur: set(labels.tolist()), or np.unique(labels).",
        ),
        _held(
            "counts examples",
            "You count the known examples that were hit. On the ring that is the same as modes; of the digits "
            "there are fifteen or so examples of each. Count labels.",
            "labels[nearest] is the mode of a sample.",
        ),
    ),
    hints=(
        "Three steps: distances to all known examples; nearest and good; then count.",
        "distances has shape (n, m). argmin along axis 1 gives the nearest, min the distance to it. Then for "
        "each label: which share of all samples is good and has it?",
        "Five samples take the labels 3, 3, 3, 7, 7, and are good, good, bad, good, bad. Mode 3 has a share of 2/5, "
        "mode 7 one of 1/5. With share = 0.3 one mode is covered, and the quality is 3/5.",
    ),
    parts=("modes", "quality"),
    picture=_picture,
)
