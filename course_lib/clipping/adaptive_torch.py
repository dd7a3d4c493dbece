"""Clippers with a moving threshold for any PyTorch loop: one object a run, called between backward and step.

```python
clip = AutoClip(percentile=10)
...
loss.backward()
norm = clip(model)          # in place; returns the norm before, as `clip_grad_norm_` does
optimizer.step()
```

What each takes as `parameters`, and what happens to nan and inf, is as in `torch_front`; a step whose
gradients are not finite leaves no trace in the history. Taught in lesson 04_threshold.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from course_lib.clipping.adaptive import AutoClipThreshold, ThresholdRule, ZClipThreshold
from course_lib.clipping.inputs import threshold
from course_lib.clipping.torch_front import NonFinite, Parameters, clip_by_global_norm_


class _ByHistory:
    """Clips by the global norm at whatever a rule makes of the norms so far."""

    def __init__(self, rule: ThresholdRule, nonfinite: NonFinite) -> None:
        self._rule = rule
        self._nonfinite = nonfinite
        self.thresholds: list[float] = []
        """The threshold of every step so far (inf where there was none)."""

    def __call__(self, parameters: Parameters) -> Tensor:
        """Clip the gradients in place; the global norm before, a 0-dimensional tensor."""
        kept = parameters if isinstance(parameters, nn.Module | Tensor) else _kept_for_later(parameters)
        norm = clip_by_global_norm_(kept, math.inf, nonfinite=self._nonfinite)
        if torch.isfinite(norm):
            limit = float(self._rule(norm.item()))
            self.thresholds.append(limit)
            if norm > limit:
                clip_by_global_norm_(kept, limit, nonfinite=self._nonfinite)
        return norm


class AutoClip(_ByHistory):
    """Clipping at a percentile of all norms so far: `AutoClipThreshold` for a PyTorch loop.

    `clip(parameters)` clips in place and returns the norm before; `clip.thresholds` keeps what it clipped at.
    Raises `ClippingError` for a percentile outside (0, 100], and when called as `clip_by_global_norm_` does.
    """

    def __init__(self, percentile: float = 10.0, nonfinite: NonFinite = "error") -> None:
        super().__init__(AutoClipThreshold(percentile), nonfinite)


class ZClip(_ByHistory):
    """Clipping of norms far above their running mean: `ZClipThreshold` for a PyTorch loop.

    `ceiling` is a fixed threshold that also holds during the warm-up, where there is no other.
    `clip(parameters)` clips in place and returns the norm before; `clip.thresholds` keeps what it clipped at.
    Raises `ClippingError` as `ZClipThreshold` does, and when called as `clip_by_global_norm_` does.
    """

    def __init__(
        self,
        z_max: float = 2.5,
        decay: float = 0.97,
        warmup: int = 25,
        ceiling: float = math.inf,
        nonfinite: NonFinite = "error",
    ) -> None:
        super().__init__(ZClipThreshold(z_max, decay, warmup, ceiling), nonfinite)


class AGC:
    """Adaptive gradient clipping, unit by unit: `clip_by_unit` for a PyTorch loop.

    `clip(parameters)` clips in place and returns the global norm before. The authors leave the last layer out: give
    the parameters of the others. Raises `ClippingError` when `ratio` or `floor` is not above 0, and when called
    as `clip_by_global_norm_` does.
    """

    def __init__(self, ratio: float = 0.01, floor: float = 1e-3, nonfinite: NonFinite = "error") -> None:
        self.ratio, self.floor = threshold(ratio, "ratio"), threshold(floor, "floor")
        self._nonfinite = nonfinite

    @torch.no_grad()
    def __call__(self, parameters: Parameters) -> Tensor:
        """Clip the gradients in place; the global norm before, a 0-dimensional tensor."""
        kept = list(parameters.parameters()) if isinstance(parameters, nn.Module) else parameters
        kept = kept if isinstance(kept, Tensor) else _kept_for_later(kept)
        norm = clip_by_global_norm_(kept, math.inf, nonfinite=self._nonfinite)
        if torch.isfinite(norm):
            for parameter in [kept] if isinstance(kept, Tensor) else kept.values():
                if parameter.grad is not None:
                    allowed = self.ratio * _unit_norms(parameter).clamp_min(self.floor)
                    norms = _unit_norms(parameter.grad)
                    parameter.grad.mul_(torch.where(norms > allowed, allowed / norms, 1.0))
        return norm


def _kept_for_later(parameters: object) -> dict[str, Tensor]:
    """Parameters that may come from a generator, which can be read once, by name or by place."""
    entries = parameters.items() if isinstance(parameters, dict) else parameters
    named: dict[str, Tensor] = {}
    for place, entry in enumerate(entries):  # type: ignore[var-annotated, arg-type]
        name, parameter = entry if isinstance(entry, tuple) else (f"parameter {place}", entry)
        named[name] = parameter
    return named


def _unit_norms(tensor: Tensor) -> Tensor:
    """The length of each unit, in a shape that broadcasts against the tensor."""
    axes = tuple(range(1, tensor.ndim)) if tensor.ndim > 1 else None
    length: Tensor = torch.linalg.vector_norm(tensor, dim=axes, keepdim=tensor.ndim > 1)
    return length
