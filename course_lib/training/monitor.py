"""A monitor that watches the gradients of any model while it trains.

Hooks on the parameters see each gradient as the backward pass leaves it; hooks on the optimizer see what is
left of it when the step is taken, and what the step then does to the weights. So the monitor knows how much
was clipped without being told by whom. Used in lesson 01_explosion and by `train`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from course_lib.clipping import layer_of, scaled_global_norm
from course_lib.training.own_clip import TrainingError


@dataclass(frozen=True)
class StepRecord:
    """One optimizer step; every dictionary maps the names of the trained parameters to numbers.

    `raw` holds the gradient norms as the backward pass left them, `used` those at the optimizer's step (0
    where the gradient had been removed), `weight` the weight norms before the step, `update` the norms of
    what the step added. `nonfinite` names the parameters whose raw gradient held nan or inf, in the order
    in which the backward pass met them.
    """

    raw: dict[str, float]
    used: dict[str, float]
    weight: dict[str, float]
    update: dict[str, float]
    nonfinite: tuple[str, ...]


@dataclass
class GradientMonitor:
    """Watches `model` and `optimizer` until `close()`, or within a `with` block.

    Raises `TrainingError` when the optimizer does not train a single parameter of the model. The norms are
    taken in float64, so they do not overflow before the gradients do. Watching copies every weight once a
    step: for small models.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    records: list[StepRecord] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        trained = {id(p) for group in self.optimizer.param_groups for p in group["params"]}
        self._parameters = {name: p for name, p in self.model.named_parameters() if id(p) in trained}
        if not self._parameters:
            raise TrainingError(
                "The optimizer trains no parameter of this model, so there is nothing to watch; "
                "make it with model.parameters()."
            )
        self._raw: dict[str, float] = {}
        self._nonfinite: list[str] = []
        self._used: dict[str, float] = {}
        self._before: dict[str, Tensor] = {}
        self._handles: list[RemovableHandle] = [
            p.register_post_accumulate_grad_hook(self._after_backward(name))
            for name, p in self._parameters.items()
            if p.requires_grad
        ]
        self._handles.append(self.optimizer.register_step_pre_hook(self._before_step))
        self._handles.append(self.optimizer.register_step_post_hook(self._after_step))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the hooks away; the records stay."""
        for handle in self._handles:
            handle.remove()

    @property
    def global_norms(self) -> NDArray[np.float64]:
        """The norm of the whole gradient before clipping, one a step."""
        return np.array([math.hypot(*record.raw.values()) for record in self.records])

    @property
    def used_norms(self) -> NDArray[np.float64]:
        """The norm of the whole gradient that the optimizer was given, one a step."""
        return np.array([math.hypot(*record.used.values()) for record in self.records])

    @property
    def parameter_norms(self) -> dict[str, NDArray[np.float64]]:
        """The norm of each parameter's gradient before clipping, one a step."""
        return {name: np.array([r.raw[name] for r in self.records]) for name in self._parameters}

    @property
    def layer_norms(self) -> dict[str, NDArray[np.float64]]:
        """The norm of each layer's gradient (its weight and bias together) before clipping, one a step."""
        squares: dict[str, NDArray[np.float64]] = {}
        for name, norms in self.parameter_norms.items():
            layer = layer_of(name)
            squares[layer] = np.hypot(squares.get(layer, np.zeros(len(norms))), norms)
        return squares

    @property
    def update_ratios(self) -> dict[str, NDArray[np.float64]]:
        """The norm of each parameter's update over that of its weights before it, one a step.

        A weight that is exactly zero, as biases often are at first, gives inf (or nan where it did not move).
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return {
                name: np.array([np.divide(r.update[name], r.weight[name]) for r in self.records])
                for name in self._parameters
            }

    @property
    def clip_rate(self) -> float:
        """The share of steps in which the gradient was changed between backward pass and step; nan before one."""
        changed = [
            any(not _same(record.raw[name], record.used[name]) for name in record.raw)
            for record in self.records
        ]
        return float(np.mean(changed)) if changed else math.nan

    @property
    def first_nonfinite(self) -> tuple[int, str] | None:
        """The first step with nan or inf in a gradient, and the parameter where the backward pass met it."""
        for step, record in enumerate(self.records):
            if record.nonfinite:
                return step, record.nonfinite[0]
        return None

    def __repr__(self) -> str:
        if not self.records:
            return "GradientMonitor: no step yet."
        met = self.first_nonfinite
        health = f"first nan or inf at step {met[0]} in {met[1]}" if met else "every gradient finite"
        norms = self.global_norms
        return (
            f"GradientMonitor: {len(norms)} steps, norm median {np.median(norms):.3g} and largest "
            f"{norms.max():.3g}, {100 * self.clip_rate:.0f}% of the steps clipped, {health}."
        )

    @property
    def nonfinite_now(self) -> tuple[str, ...]:
        """The parameters whose gradient held nan or inf in the backward pass that no step has followed yet."""
        return tuple(self._nonfinite)

    def _after_backward(self, name: str) -> Any:
        def see(parameter: Tensor) -> None:
            assert parameter.grad is not None
            self._raw[name] = _norm(parameter.grad)
            finite = math.isfinite(self._raw[name]) or bool(torch.isfinite(parameter.grad).all())
            if not finite and name not in self._nonfinite:
                self._nonfinite.append(name)

        return see

    def _before_step(self, *_: Any) -> None:
        self._before = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._used = {name: 0.0 if p.grad is None else _norm(p.grad) for name, p in self._parameters.items()}

    def _after_step(self, *_: Any) -> None:
        raw = {name: self._raw.get(name, 0.0) for name in self._parameters}
        weight = {name: _norm(before) for name, before in self._before.items()}
        update = {name: _norm(p.detach() - self._before[name]) for name, p in self._parameters.items()}
        self.records.append(StepRecord(raw, self._used, weight, update, tuple(self._nonfinite)))
        self._raw, self._nonfinite, self._before = {}, [], {}


def _same(a: float, b: float) -> bool:
    return a == b or (math.isnan(a) and math.isnan(b))


def _norm(tensor: Tensor) -> float:
    """The norm in float64; entries so large that even there their squares overflow are scaled first."""
    norm = tensor.double().norm().item()
    return norm if math.isfinite(norm) else scaled_global_norm([tensor]).item()
