"""One transparent training loop, and a report that says how a run died.

Its reports name the deaths that lessons 01_explosion and 04_threshold teach.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from course_lib.clipping import ClippingError
from course_lib.training.monitor import GradientMonitor
from course_lib.training.own_clip import ArrayClip, TrainingError, clipped_by

InPlaceClip = Callable[[list[nn.Parameter]], object]

FLAT = 1e-3  # predictions that vary less than this share of what they should are one constant


@dataclass(frozen=True)
class Divergence:
    """The first number of a run that was nan or inf: when, where, and in which parameter.

    `what` is "loss", "gradient" or "weight"; `parameter` is the one where it showed first: in the order of
    the backward pass for gradients, of the forward pass for weights; None where only the loss was hit.
    """

    step: int
    what: Literal["loss", "gradient", "weight"]
    parameter: str | None

    def __str__(self) -> str:
        if self.what == "loss":
            met = f"; the backward pass met nan or inf first in {self.parameter}" if self.parameter else ""
            return f"At step {self.step} the loss was no longer finite{met}."
        return f"At step {self.step} the {self.what} of {self.parameter} was no longer finite."


@dataclass(frozen=True)
class TrainingReport:
    """What happened in a run of S steps.

    `losses` (S,) of the batches; `norms` and `used_norms` (S,) of the gradient before and after clipping, one
    less where clipping refused the last gradient, so that its step was never taken;
    `divergence` the first non-finite number, or None; `final_loss` on all the data after the last step;
    `constant` whether the model then predicts one and the same for every example (the silent death);
    `monitor` the norms by parameter and by layer.
    """

    losses: NDArray[np.float64]
    norms: NDArray[np.float64]
    used_norms: NDArray[np.float64]
    divergence: Divergence | None
    final_loss: float
    constant: bool
    monitor: GradientMonitor

    @property
    def clip_rate(self) -> float:
        """The share of steps whose gradient was changed by clipping."""
        return self.monitor.clip_rate

    def __str__(self) -> str:
        steps = f"{len(self.losses)} step{'s' if len(self.losses) != 1 else ''}"
        clipped = f", {100 * self.clip_rate:.0f}% of the steps clipped" if len(self.norms) else ""
        lines = [f"{steps}, final loss {self.final_loss:.4g}{clipped}."]
        if self.divergence:
            lines.append(str(self.divergence))
        if self.constant:
            lines.append("A silent death: the model predicts the same for every example.")
        return "\n".join(lines)


def train(
    model: nn.Module,
    X: Tensor,
    y: Tensor,
    *,
    loss: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    steps: int,
    batch_size: int | None = None,
    generator: torch.Generator | None = None,
    clip: ArrayClip | None = None,
    clip_in_place: InPlaceClip | None = None,
) -> TrainingReport:
    """`steps` steps of `optimizer` on `loss(model(X), y)`; the run ends early when a weight is nan or inf.

    `X` and `y` have a leading axis of examples. Each step sees `batch_size` of them, drawn with replacement
    by `generator`; without a batch size it sees all.

    `clip` is your own function: it is given the list of gradients as NumPy arrays, in the order of
    `model.parameters()`, and returns the list to be used (or a pair of that list and the norm before).
    `clip_in_place` is clipping the PyTorch way: it is given the parameters and changes their `.grad`, as in
    `clip_in_place=lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, 1.0)`.

    Raises `TrainingError` where the arguments do not fit together, or `clip` gives back something else.
    A `ClippingError` over a gradient that is not finite ends the run, and the report tells it.
    """
    _check(X, y, steps, batch_size, generator)
    if clip is not None and clip_in_place is not None:
        raise TrainingError("Give either clip (on NumPy arrays) or clip_in_place (on parameters), not both.")
    losses: list[float] = []
    divergence: Divergence | None = None
    with GradientMonitor(model, optimizer, keep=steps, weights_every=1) as monitor:
        for step in range(steps):
            batch = _batch(len(X), batch_size, generator)
            optimizer.zero_grad()
            value = loss(model(X[batch]), y[batch])
            value.backward()
            losses.append(value.item())
            divergence = divergence or _in_gradients(step, losses[-1], monitor.nonfinite_now)
            try:
                if clip is not None:
                    _clip_arrays(clip, model)
                if clip_in_place is not None:
                    clip_in_place([p for p in model.parameters() if p.grad is not None])
            except ClippingError:
                if not monitor.nonfinite_now:
                    raise
                break
            optimizer.step()
            broken = next((n for n, p in model.named_parameters() if not torch.isfinite(p).all()), None)
            if broken is not None:
                divergence = divergence or Divergence(step, "weight", broken)
                break
    with torch.no_grad():
        predictions = model(X)
        final_loss = loss(predictions, y).item()
    return TrainingReport(
        np.array(losses),
        monitor.global_norms,
        monitor.used_norms,
        divergence,
        final_loss,
        predicts_a_constant(predictions, y),
        monitor,
    )


def predicts_a_constant(predictions: Tensor, y: Tensor) -> bool:
    """Whether predictions for different examples hardly differ, though their targets do.

    Their standard deviation over the examples is below a thousandth of that of the targets; where the targets
    are classes (integers), below a thousandth of a nat in every logit. Non-finite predictions are not constant.
    """
    if not torch.isfinite(predictions).all():
        return False
    spread = predictions.double().std(dim=0, correction=0).max().item()
    wanted = y.double().std(dim=0, correction=0).max().item()
    if wanted == 0:
        return False
    return spread < FLAT * (wanted if y.is_floating_point() else 1.0)


def _check(
    X: Tensor, y: Tensor, steps: int, batch_size: int | None, generator: torch.Generator | None
) -> None:
    if len(X) != len(y) or len(X) == 0:
        raise TrainingError(f"X and y must hold the same examples, but there are {len(X)} and {len(y)}.")
    if steps < 1:
        raise TrainingError(f"A run takes at least 1 step, not {steps}.")
    if batch_size is not None and generator is None:
        raise TrainingError(
            "Batches are drawn by a generator, so that a run can be repeated: "
            "give generator=torch.Generator().manual_seed(0)."
        )
    if batch_size is not None and batch_size < 1:
        raise TrainingError(f"A batch has at least 1 example, not {batch_size}.")


def _batch(examples: int, batch_size: int | None, generator: torch.Generator | None) -> Tensor | slice:
    if batch_size is None:
        return slice(None)
    return torch.randint(examples, (batch_size,), generator=generator)


def _in_gradients(step: int, loss: float, nonfinite: Sequence[str]) -> Divergence | None:
    first = nonfinite[0] if nonfinite else None
    if not math.isfinite(loss):
        return Divergence(step, "loss", first)
    return Divergence(step, "gradient", first) if first else None


def _clip_arrays(clip: ArrayClip, model: nn.Module) -> None:
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    clipped = clipped_by(clip, [g.numpy(force=True) for g in grads])
    for grad, new in zip(grads, clipped, strict=True):
        grad.copy_(torch.from_numpy(np.array(new)))
