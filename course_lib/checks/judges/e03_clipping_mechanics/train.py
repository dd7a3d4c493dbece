"""How `train` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.compare import same, show
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import Answering, Matches, answering, until_it_fails
from course_lib.checks.probes.e03_clipping_mechanics.train import ASKED
from course_lib.checks.reading import vector_in

_TRAINED_ALIKE = {"rtol": 1e-4, "atol": 1e-5}
"""With or without PyTorch's 1e-6 in the denominator, a run ends at the same weights to this tolerance."""


def _training(mistake: str = "") -> Callable[..., list[float]]:
    """The training loop, right or with one named mistake left in it.

    SGD is written out: the first optimizer that a process makes imports torch's compiler, which takes seconds.
    """

    def train(model: Any, batches: Any, max_norm: float, lr: float, accumulate: int) -> list[float]:
        from torch.nn.functional import mse_loss
        from torch.nn.utils import clip_grad_norm_, get_total_norm

        def length() -> float:
            return get_total_norm([p.grad for p in model.parameters() if p.grad is not None]).item()

        norms = []
        for number, (x, y) in enumerate(batches, start=1):
            if mistake == "only the last batch counts":
                model.zero_grad()
            loss: Any = mse_loss(model(x), y)
            if mistake == "skips the batch only" and not math.isfinite(loss.item()):
                continue
            late = mistake in ("divides after clipping", "divides after clipping, and the norm as well")
            if mistake != "the sum instead of the mean" and not late:
                loss = loss / accumulate
            if mistake == "clips before backward":
                norm = clip_grad_norm_(model.parameters(), max_norm).item()
            loss.backward()
            if mistake == "clips every batch":
                norm = clip_grad_norm_(model.parameters(), max_norm).item()
            if mistake == "one norm a batch":
                norms.append(length())
            if number % accumulate:
                continue
            if mistake == "clears before clipping":
                model.zero_grad()
            if mistake == "clips after the step":
                _sgd_step(model, lr)
            if mistake not in ("clips before backward", "clips every batch"):
                norm = clip_grad_norm_(model.parameters(), max_norm).item()
            finite = math.isfinite(norm)
            if mistake != "clips after the step" and (finite or mistake == "takes the nan step"):
                _sgd_step(model, lr / accumulate if late else lr)
            if mistake == "divides after clipping, and the norm as well":
                norm = norm / accumulate
            if mistake == "logs the norm after":
                norm = length()
            if mistake != "one norm a batch" and (finite or mistake != "forgets the skipped step in the log"):
                norms.append(norm)
            if mistake != "never clears" and (finite or mistake != "keeps the nan"):
                model.zero_grad()
        return norms

    return train


def _as_it_came(model: Any, batches: Any, max_norm: float, lr: float, accumulate: int) -> list[float]:
    from torch.nn.functional import mse_loss
    from torch.nn.utils import clip_grad_norm_

    norms = []
    for number, (x, y) in enumerate(batches, start=1):
        model.zero_grad()
        loss: Any = mse_loss(model(x), y)
        norm = clip_grad_norm_(model.parameters(), max_norm)
        loss.backward()
        norms.append(norm.item())
        if number % accumulate == 0:
            _sgd_step(model, lr)
    return norms


def _sgd_step(model: Any, lr: float) -> None:
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter -= lr * parameter.grad


def _say_norms(story: str) -> Callable[[Case, Answer], str]:
    """The story, with the norms that were returned in place of `{norms}`."""
    return lambda case, answer: story.format(
        norms=show(answer.value["norms"]), max_norm=show(case["max_norm"])
    )


def _trained(mistake: str) -> Answering:
    return lambda case: _trained_on(mistake, case.label, tuple(case.inputs.items()))


@lru_cache(maxsize=128)  # all mistakes are compared with one right answer, and on the same cases
def _trained_on(mistake: str, label: str, inputs: tuple[tuple[str, Plain], ...]) -> Answer:
    train = _as_it_came if mistake == "as it came" else _training(mistake)
    return answering(ASKED, train)(Case(label, dict(inputs)))


def _untouched(cases: list[Case], answers: list[Answer]) -> bool:
    as_it_came = _trained("as it came")
    return all(
        same(answer, as_it_came(case), **_TRAINED_ALIKE) for case, answer in zip(cases, answers, strict=True)
    )


def _first_wrong_log(cases: list[Case], answers: list[Answer]) -> tuple[Case, int]:
    """The first case that is not right, and how many norms were returned for it; -1 where that is no log."""
    right = _trained("")
    for case, answer in zip(cases, answers, strict=True):
        if not same(answer, right(case), **_TRAINED_ALIKE):
            log = vector_in(answer.value.get("norms")) if isinstance(answer.value, dict) else None
            return case, -1 if log is None else log.size
    return cases[0], -1


def _logs_every_batch(cases: list[Case], answers: list[Answer]) -> bool:
    case, logged = _first_wrong_log(cases, answers)
    return bool(case["accumulate"] > 1 and logged == case["batches"])


def _log_is_short(cases: list[Case], answers: list[Answer]) -> bool:
    case, logged = _first_wrong_log(cases, answers)
    return bool(case["nan_batch"] is not None and 0 < logged < case["batches"] // case["accumulate"])


def _divides_late(cases: list[Case], answers: list[Answer]) -> bool:
    """Whether the norm in the log is that of the sum, or divided as well."""
    names = ("divides after clipping", "divides after clipping, and the norm as well")
    right = _trained("")
    return any(until_it_fails(right, _trained(name), **_TRAINED_ALIKE)(cases, answers) for name in names)


def _held(name: str, message: Say, hint: str, matches: Matches | None = None) -> Misconception:
    matches = matches or until_it_fails(_trained(""), _trained(name), **_TRAINED_ALIKE)
    return Misconception(name, {"train": _training(name)}, message, hint, matches)


JUDGED = Judged(
    name="train",
    dear="trains a network",
    reference={"train": _training()},
    rtol=_TRAINED_ALIKE["rtol"],
    atol=_TRAINED_ALIKE["atol"],
    misconceptions=(
        Misconception(
            "as it came",
            {"train": _as_it_came},
            "This is the loop as it came; all five mistakes are still in it.",
            "Start with the order inside one step: backward makes the gradients, clip shortens them, step uses them.",
            matches=_untouched,
        ),
        _held(
            "clips before backward",
            _say_norms(
                "Clipping comes before backward here: at that moment the gradients of this batch do not exist yet, and "
                "your log says {norms}. What backward then makes goes into the step unclipped."
            ),
            "backward, then clip, then step.",
        ),
        _held(
            "clears before clipping",
            _say_norms(
                "The gradients are cleared between backward and clip: your log says {norms}, and the weights have not "
                "moved at all."
            ),
            "zero_grad belongs after the step, or before the first backward of the next one.",
        ),
        _held(
            "never clears",
            "The gradients are never cleared: backward adds to what is there, so the second step still carries the "
            "gradient of the first.",
            "Call optimizer.zero_grad() once a step, after it.",
        ),
        _held(
            "clips after the step",
            _say_norms(
                "You log the right thing, but the step was taken before the gradient was clipped: a gradient longer "
                "than {max_norm} went into the weights as it was, and from then on weights and norms are other ones. "
                "This is the most common place for this line to be wrong."
            ),
            "In which order does your loop clip and step? Which of the two uses the gradient?",
        ),
        _held(
            "logs the norm after",
            _say_norms(
                "Your log says {norms}: the norms after clipping. A log of those can never exceed {max_norm}, so it "
                "hides the very explosion that you want to see. clip_grad_norm_ returns the norm before."
            ),
            "Log what clip_grad_norm_ returns.",
        ),
        _held(
            "one norm a batch",
            lambda case, answer: (
                f"Your log has {len(answer.value['norms'])} norms for {case['batches'] // case['accumulate']} steps. "
                f"A step takes {case['accumulate']} batches together, and it is the step that is clipped and logged."
            ),
            "Clip and log inside the `if` that takes the step.",
            matches=_logs_every_batch,
        ),
        _held(
            "only the last batch counts",
            "zero_grad is called for every batch, so when the step comes only the last batch's gradient is left, and "
            "the others were computed for nothing.",
            "Clear once a step, not once a batch.",
        ),
        _held(
            "the sum instead of the mean",
            lambda case, answer: (
                f"The gradients of {case['accumulate']} batches were added up, so the step (and the norm) is "
                f"{case['accumulate']} times too large. Asked is the mean over the batches of a step."
            ),
            "Divide each loss by `accumulate` before backward.",
        ),
        _held(
            "divides after clipping",
            lambda case, answer: (
                f"You divide by accumulate = {case['accumulate']} after clipping. Then it is the sum of the gradients "
                "that is measured against max_norm, not their mean, and a step that was clipped is only max_norm / "
                f"{case['accumulate']} long."
            ),
            "What is clipped is the mean: the division comes before, at the latest when the last backward is done.",
            matches=_divides_late,
        ),
        _held(
            "clips every batch",
            "You clip after every backward. Then the parts are clipped before they are added up: the step no longer "
            "has the direction of the whole gradient, and the norm in the log is that of a mixture.",
            "Clip once a step: after the last backward, before step.",
        ),
        _held(
            "takes the nan step",
            "One missing number (nan) made a gradient nan, clipping made all of it nan, and the step put it into every "
            "weight: from there on the model is lost. No clipping repairs a nan.",
            "Take the step only where math.isfinite(norm); clear the gradients either way.",
        ),
        _held(
            "skips the batch only",
            _say_norms(
                "You skip the batch with the nan, but not its step: the other batch of that step moves the weights "
                "alone, at half its weight, and your log says {norms}, where the skipped step's nan should stand."
            ),
            "Let backward run in any case, and ask of the norm, once a step, whether it is finite.",
        ),
        _held(
            "forgets the skipped step in the log",
            "The step with the nan is missing from your log: whoever reads it later cannot see that it happened, or "
            "when. Its norm, nan, belongs in its place.",
            "Append the norm in any case; skip nothing but the step itself.",
            matches=_log_is_short,
        ),
        _held(
            "keeps the nan",
            _say_norms(
                "You skip the step with the nan, which is right, but do not clear its gradient: nan plus anything is "
                "nan, so every later step is skipped as well, and your log says {norms}."
            ),
            "zero_grad comes after every step, taken or skipped.",
        ),
    ),
    hints=(
        "Say in words what one step needs: the mean gradient of its batches, then clipping, then the update, then a "
        "clean slate.",
        "In every batch: loss / accumulate, backward. In every `accumulate`-th batch also: clip, log what it returns, "
        "step if that is finite, zero_grad. Nothing else, and in this order.",
        "One weight, two batches a step, max_norm 1: gradients 3 and 5 come in as 1.5 and 2.5 and add up to 4. The log "
        "gets 4, the step uses 1, then the gradient is 0 again. Gradients nan and 5: the log gets nan, the weight "
        "stays, and the gradient is 0 again all the same.",
    ),
)
