"""A monitor that watches the gradients of any model while it trains.

```python
monitor = GradientMonitor(model, optimizer)
...                                  # the training loop, as it is
print(monitor, monitor.suggestion())
monitor.close()
```

Hooks on the parameters tell which gradients a backward pass makes, and in which order. At its end they are all
measured together, which is far cheaper than each on its own. Hooks on the optimizer see what is left of them when
the step is taken, and what the step then does to the weights. So the monitor knows how much was clipped without
being told by whom. Used by `train`; `suggestion` is the rule of lesson 04_threshold.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.autograd import Variable
from torch.utils.hooks import RemovableHandle

from course_lib.clipping import layer_of
from course_lib.training.norms import norms
from course_lib.training.own_clip import TrainingError
from course_lib.training.suggestion import Suggestion, suggest_threshold


@dataclass(frozen=True)
class StepRecord:
    """One optimizer step; every dictionary maps the names of the trained parameters to numbers.

    `raw` holds the gradient norms as the backward pass left them, `used` those at the optimizer's step (0
    where there was no gradient, or it had been removed), `weight` the weight norms before the step, `update`
    the norms of what the step added (both nan where they were not measured). `nonfinite` names the parameters
    whose raw gradient held nan or inf since the step before, in the order in which the backward pass met them.
    """

    raw: dict[str, float]
    used: dict[str, float]
    weight: dict[str, float]
    update: dict[str, float]
    nonfinite: tuple[str, ...]


class _Row(NamedTuple):
    """One step as it is kept: four rows of numbers, a column for each parameter watched by then."""

    numbers: NDArray[np.float64]
    nonfinite: tuple[str, ...]


RAW, USED, WEIGHT, UPDATE = range(4)


@dataclass
class GradientMonitor:
    """Watches `model` and `optimizer` from now on, until `close()` or the end of a `with` block.

    Everything can be read at any time. What is read covers the last `keep` steps (32 bytes a parameter tensor
    and step); `steps` and `first_nonfinite` know about all. Gradients may be dense or sparse, missing or set by
    hand; parameters may be frozen, tied (they count once, under their first name) or handed to the optimizer
    later. Where `step` is given a closure, a step's gradient is that of the closure's last call.

    Raw norms are measured when the backward pass has ended: what its own hooks do to a gradient belongs to it.
    The gradients are measured in every step; weights and updates, which cost three times as much, in the first step
    and then in every `weights_every`-th. Norms are right to 1e-6 and do not overflow before the gradients do.
    Watching holds one copy of the weights.
    What it costs is measured by `benchmarks/monitor.py`, on a processor; a GPU would wait for each norm.
    A `GradScaler` unscales between backward pass and step: then `raw` is scaled, and every step counts as clipped.

    Raises `TrainingError` when the optimizer does not train a single parameter of the model, or `keep` or
    `weights_every` is below 1.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    keep: int = 10_000
    weights_every: int = 10

    def __post_init__(self) -> None:
        if self.keep < 1:
            raise TrainingError(f"A monitor keeps at least the last step, but keep is {self.keep}.")
        if self.weights_every < 1:
            raise TrainingError(
                f"Weights are measured in every step (1) or every few, but weights_every is {self.weights_every}."
            )
        self.steps = 0
        """Optimizer steps seen so far."""
        self.first_nonfinite: tuple[int, str] | None = None
        """The first step with nan or inf in a gradient, and the parameter where the backward pass met it."""
        self._log: deque[_Row] = deque(maxlen=self.keep)
        self._parameters: dict[str, nn.Parameter] = {}
        self._hooked: set[str] = set()
        self._met: list[bool] = []
        self._arrived: dict[str, None] = {}
        self._pass = -1
        self._raw: dict[str, float] = {}
        self._nonfinite: list[str] = []
        self._used: dict[str, float] | None = None
        self._weight: list[float] = []
        self._before: list[Tensor] = []
        self._handles: list[RemovableHandle] = []
        self._meet()
        if not self._parameters:
            raise TrainingError(
                "The optimizer trains no parameter of this model, so there is nothing to watch; "
                "make it with model.parameters()."
            )
        self._handles.append(self.optimizer.register_step_pre_hook(self._before_step))
        self._handles.append(self.optimizer.register_step_post_hook(self._after_step))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take the hooks away and let go of the copy of the weights; what was seen stays."""
        for handle in self._handles:
            handle.remove()
        self._before = []

    @property
    def records(self) -> list[StepRecord]:
        """The kept steps, oldest first."""
        records = []
        for numbers, row in zip(self._table().tolist(), self._log, strict=True):
            raw, used, weight, update = (dict(zip(self._parameters, kind, strict=True)) for kind in numbers)
            records.append(StepRecord(raw, used, weight, update, row.nonfinite))
        return records

    @property
    def global_norms(self) -> NDArray[np.float64]:
        """The norm of the whole gradient before clipping, one a step."""
        return _together(self._table()[:, RAW])

    @property
    def used_norms(self) -> NDArray[np.float64]:
        """The norm of the whole gradient that the optimizer was given, one a step."""
        return _together(self._table()[:, USED])

    @property
    def parameter_norms(self) -> dict[str, NDArray[np.float64]]:
        """The norm of each parameter's gradient before clipping, one a step."""
        return dict(zip(self._parameters, self._table()[:, RAW].T, strict=True))

    @property
    def layer_norms(self) -> dict[str, NDArray[np.float64]]:
        """The norm of each layer's gradient (its weight and bias together) before clipping, one a step."""
        layers: dict[str, list[NDArray[np.float64]]] = {}
        for name, series in self.parameter_norms.items():
            layers.setdefault(layer_of(name), []).append(series)
        return {layer: _together(np.stack(members, axis=1)) for layer, members in layers.items()}

    @property
    def update_ratios(self) -> dict[str, NDArray[np.float64]]:
        """The norm of each parameter's update over that of its weights before it, one a step; nan where not measured.

        A weight that is exactly zero, as biases often are at first, gives inf (or nan where it did not move).
        """
        table = self._table()
        with np.errstate(divide="ignore", invalid="ignore"):
            return dict(zip(self._parameters, (table[:, UPDATE] / table[:, WEIGHT]).T, strict=True))

    @property
    def clip_rate(self) -> float:
        """The share of steps in which the gradient was changed between backward pass and step; nan before one."""
        table = self._table()
        raw, used = table[:, RAW], table[:, USED]
        changed = (raw != used) & ~(np.isnan(raw) & np.isnan(used))
        return float(changed.any(axis=1).mean()) if len(table) else math.nan

    @property
    def nonfinite_now(self) -> tuple[str, ...]:
        """The parameters whose gradient held nan or inf in the backward pass that no step has followed yet."""
        self._read_raw()  # where the backward pass still runs, or has failed
        return tuple(self._nonfinite)

    def suggestion(self, percentile: float = 90.0) -> Suggestion:
        """A threshold for the global norm, and its reason, by `suggest_threshold` from the kept steps."""
        return suggest_threshold(self.global_norms, self.used_norms, percentile)

    def __repr__(self) -> str:
        if not self._log:
            return "GradientMonitor: no step yet."
        met = self.first_nonfinite
        health = f"first nan or inf at step {met[0]} in {met[1]}" if met else "every gradient finite"
        seen = self.global_norms
        kept = f" (the last {len(seen)} kept)" if self.steps > len(seen) else ""
        return (
            f"GradientMonitor: {self.steps} steps{kept}, norm median {np.median(seen):.3g} and largest "
            f"{seen.max():.3g}, {100 * self.clip_rate:.0f}% of the steps clipped, {health}."
        )

    def _table(self) -> NDArray[np.float64]:
        """The kept steps, shape (steps, 4, parameters); 0 before a parameter was first watched."""
        table = np.zeros((len(self._log), 4, len(self._parameters)))
        for place, row in zip(table, self._log, strict=True):
            place[:, : row.numbers.shape[1]] = row.numbers
        return table

    def _meet(self) -> None:
        """Watch the parameters that the optimizer has been given, or that have been thawed, since the last time."""
        groups = self.optimizer.param_groups
        met, self._met = self._met, [p.requires_grad for group in groups for p in group["params"]]
        if met == self._met:
            return
        trained = {id(p) for group in groups for p in group["params"]}
        for name, parameter in self.model.named_parameters():
            if id(parameter) not in trained:
                continue
            self._parameters.setdefault(name, parameter)
            if parameter.requires_grad and name not in self._hooked:
                self._hooked.add(name)
                hook = parameter.register_post_accumulate_grad_hook(self._after_backward(name))
                self._handles.append(hook)

    def _after_backward(self, name: str) -> Callable[[Tensor], None]:
        def arrive(_: Tensor) -> None:
            self._arrived[name] = None
            backward_pass = torch._C._current_graph_task_id()
            if backward_pass != self._pass:
                self._pass = backward_pass
                Variable._execution_engine.queue_callback(self._read_raw)

        return arrive

    def _read_raw(self) -> None:
        """Measure, in the order in which they arrived, the gradients of the backward pass that has just ended."""
        raw = self._gradient_norms(self._arrived)
        self._arrived = {}
        self._raw |= raw
        for name, norm in raw.items():
            if not math.isfinite(norm) and name not in self._nonfinite and not self._finite(name):
                self._nonfinite.append(name)

    def _finite(self, name: str) -> bool:
        gradient = self._parameters[name].grad
        return gradient is None or bool(torch.isfinite(gradient).all())

    def _gradient_norms(self, names: Iterable[str]) -> dict[str, float]:
        gradients = {name: g for name in names if (g := self._parameters[name].grad) is not None}
        return dict(zip(gradients, norms(list(gradients.values())), strict=True))

    def _before_step(
        self, _: torch.optim.Optimizer, arguments: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        self._read_raw()  # where the optimizer steps in the middle of a backward pass
        self._meet()
        self._weight = []
        if self.steps % self.weights_every == 0:
            parameters = [p.detach() for p in self._parameters.values()]
            if [_kind(p) for p in parameters] != [_kind(b) for b in self._before]:
                self._before = [torch.empty_like(p) for p in parameters]
            torch._foreach_copy_(self._before, parameters)
            self._weight = norms(self._before)
        closure = named.get("closure", arguments[1] if len(arguments) > 1 else None)
        self._used = self._gradient_norms(self._parameters) if closure is None else None

    def _after_step(self, *_: Any) -> None:
        # a closure makes its gradients during the step
        at_step = self._gradient_norms(self._parameters) if self._used is None else self._used
        used = [at_step.get(name, 0.0) for name in self._parameters]
        raw = [self._raw.get(name, norm) for name, norm in zip(self._parameters, used, strict=True)]
        for name, norm in at_step.items():
            if name not in self._raw and not math.isfinite(norm):  # set by hand, without a backward pass
                self._nonfinite.append(name)
        weight, update = self._weight, [math.nan] * len(raw)
        if weight:
            torch._foreach_sub_(self._before, [p.detach() for p in self._parameters.values()])
            update = norms(self._before)
        self._log.append(_Row(np.array([raw, used, weight or update, update]), tuple(self._nonfinite)))
        if self._nonfinite and self.first_nonfinite is None:
            self.first_nonfinite = self.steps, self._nonfinite[0]
        self.steps += 1
        self._raw, self._nonfinite = {}, []


def _kind(tensor: Tensor) -> tuple[torch.Size, torch.dtype, torch.device]:
    return tensor.shape, tensor.dtype, tensor.device


def _together(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """The norm of rows of norms, without squares that overflow."""
    largest = columns.max(axis=1, initial=0.0)
    scale = np.where(np.isfinite(largest) & (largest > 0), largest, 1.0)
    return np.asarray(scale * np.linalg.norm(columns / scale[:, None], axis=1))
