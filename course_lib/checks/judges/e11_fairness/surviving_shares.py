"""How `surviving_shares` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.checks.case import Answer, Case
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.reading import numbers_in


def _survived(mistake: str = "") -> Callable[..., Any]:
    """What clipping leaves of each group's gradient, with one mistake or none."""

    def surviving_shares(G: Any, group: Any, max_norm: float) -> Any:
        norms = np.linalg.norm(G, axis=1)
        factors = np.minimum(1, max_norm / norms)
        if mistake == "every gradient to the threshold":
            factors = max_norm / norms
        clipped = G * factors[:, None]
        if mistake == "entry by entry":
            clipped = np.clip(G, -max_norm, max_norm)
        if mistake == "the batch is clipped":
            clipped = G * min(1, max_norm / float(np.linalg.norm(G.mean(axis=0))))
        shares = []
        for k in (0, 1):
            here = group == k
            kept, whole = clipped[here].sum(axis=0), G[here].sum(axis=0)
            long, short = float(np.linalg.norm(whole)), float(np.linalg.norm(kept))
            if mistake == "what is lost":
                shares.append(1 - short / long)
            elif mistake == "each group's sum is clipped":
                shares.append(min(1.0, max_norm / long))
            elif mistake == "each group is clipped":
                mean = float(np.linalg.norm(G[here].mean(axis=0)))
                shares.append(min(1.0, max_norm / mean))
            elif mistake == "the mean factor":
                shares.append(float(factors[here].mean()))
            elif mistake == "lengths added up":
                shares.append(float((norms * factors)[here].sum() / norms[here].sum()))
            elif mistake == "counts who is not clipped":
                shares.append(float(np.mean(norms[here] <= max_norm)))
            elif mistake == "of the whole gradient":
                shares.append(short / float(np.linalg.norm(clipped.sum(axis=0))))
            elif mistake == "never above 1":
                shares.append(min(1.0, short / long))
            else:
                shares.append(short / long)
        return np.array(shares[::-1] if mistake == "in the other order" else shares)

    return surviving_shares


def _held(
    name: str, message: Say, hint: str, matches: Callable[[list[Case], list[Answer]], bool] | None = None
) -> Misconception:
    return Misconception(name, {"surviving_shares": _survived(name)}, message, hint, matches)


def _one_factor_for_all(cases: list[Case], answers: list[Answer]) -> bool:
    """Both groups keep the same share in every case, whichever gradient's norm it was computed from."""
    shares = [numbers_in(answer.value) if answer.status == "given" else None for answer in answers]
    found = [share for share in shares if share is not None and share.shape == (2,)]
    return len(found) == len(cases) and all(0 < a <= 1 and abs(a - b) < 1e-6 for a, b in found)


JUDGED = Judged(
    name="surviving_shares",
    reference={"surviving_shares": _survived()},
    misconceptions=(
        _held(
            "the batch is clipped",
            "Both groups keep the same share in your answer, as if the gradient of the whole batch were clipped, "
            "by one factor for all. Such a clip bounds what no single person can do. Here every person's gradient "
            "is clipped before they are added.",
            "One norm and one factor for every row of G.",
            _one_factor_for_all,
        ),
        _held(
            "each group is clipped",
            "You clip each group's mean gradient as if it were one person. Every row of G is clipped by itself, "
            "before anything is added.",
            "np.linalg.norm(G, axis=1) gives one norm a person.",
        ),
        _held(
            "each group's sum is clipped",
            "You clip the sum of each group's gradients as if it were one person. Whoever is in a large group would "
            "then hide behind the others. Every row of G is clipped by itself, before anything is added.",
            "The order matters: first every row, then the sum.",
        ),
        _held(
            "in the other order",
            "These are the right two numbers, in the other order.",
            "First the share of group 0, then that of group 1.",
        ),
        _held(
            "what is lost",
            "You give the share that is lost. Asked is the share that is left, 1 where nothing is clipped.",
            "The length after clipping over the length before, without 1 minus.",
        ),
        _held(
            "the mean factor",
            "You average the factors of a group. A long gradient makes up more of the sum and has the smaller "
            "factor, so the sum loses more than the average factor says.",
            "Add up the clipped gradients, add up the unclipped ones, and compare the two lengths.",
        ),
        _held(
            "lengths added up",
            "You add lengths; gradients add as vectors. Two that point apart partly cancel, before clipping and "
            "after it.",
            "Sum the rows first, then take the length of the sum.",
        ),
        _held(
            "counts who is not clipped",
            "You count how many people's gradients stay as they are. Asked is how much of the group's summed "
            "gradient is left: a clipped gradient still contributes max_norm.",
            "Compare two lengths, of the sum after clipping and of the sum before.",
        ),
        _held(
            "of the whole gradient",
            "You divide by the length of everybody's clipped sum. Asked is what is left of the group's own gradient, "
            "compared with itself before clipping.",
            "The same group stands above and below the line, once clipped and once not.",
        ),
        _held(
            "every gradient to the threshold",
            "You bring every gradient to the length max_norm, and lengthen the short ones. Clipping leaves alone "
            "what is short enough.",
            "Which factor does a gradient get that is shorter than max_norm already?",
        ),
        _held(
            "entry by entry",
            "You clip each entry at max_norm. Asked is clipping by norm: the whole row is scaled, its direction "
            "stays.",
            "One factor a row, computed from the length of that row; all entries of the row share it.",
        ),
        _held(
            "never above 1",
            "You cut the share at 1. But one long gradient that pulls against its group loses more than the "
            "others, and then the group's sum gets LONGER by clipping, with a direction of its own. Report it as "
            "it is.",
            "No min(1, ...) around the share.",
        ),
    ),
    hints=(
        "First clip every row of G by itself. Only then look at groups.",
        "For each group two sums of rows, clipped and not; the share is the one's length over the other's.",
        "Say a group has the gradients [3, 4] and [0, 1], and max_norm is 1. Clipped they are [0.6, 0.8] and [0, 1]. "
        "The sums are [0.6, 1.8], 1.90 long, and [3, 5], 5.83 long: a share of 0.33.",
    ),
)
