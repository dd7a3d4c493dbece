"""How nan spreads: from one loss that overflows to every weight of the network, step by step.

Taught in lesson 01_explosion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from course_lib.dynamics.formats import DynamicsError


@dataclass(frozen=True)
class Spread:
    """The health of a network, before the first step and after each: S steps, P parameters (arrays).

    `names` are the P parameter names in forward order; `losses` (S,) the loss of each step's batch;
    `infinite` and `nan` (S + 1, P) the share of each parameter's entries that are infinite and nan.
    """

    names: tuple[str, ...]
    losses: NDArray[np.float64]
    infinite: NDArray[np.float64]
    nan: NDArray[np.float64]

    @property
    def first_nonfinite_loss(self) -> int | None:
        """The step whose loss was the first to be infinite or nan."""
        broken = np.flatnonzero(~np.isfinite(self.losses))
        return int(broken[0]) if len(broken) else None

    def nonfinite_after(self, steps: int) -> float:
        """The mean share over the parameters of entries that are infinite or nan after so many steps."""
        return float((self.infinite + self.nan)[steps].mean())


def spread_of_nonfinite(
    model: nn.Module,
    loss: Callable[[Tensor, Tensor], Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
    lr: float,
) -> Spread:
    """Plain gradient descent on `batches` of (inputs, targets), one step each, that nothing stops.

    The model is trained in place; a batch with one absurd target shows how the damage travels.
    Raises `DynamicsError` when there is no batch.
    """
    named = dict(model.named_parameters())
    optimizer = torch.optim.SGD(named.values(), lr=lr)
    losses: list[float] = []
    infinite, nan = [_shares(named, torch.isinf)], [_shares(named, torch.isnan)]
    for inputs, targets in batches:
        optimizer.zero_grad()
        value = loss(model(inputs), targets)
        value.backward()
        optimizer.step()
        losses.append(value.item())
        infinite.append(_shares(named, torch.isinf))
        nan.append(_shares(named, torch.isnan))
    if not losses:
        raise DynamicsError("There is no batch, so nothing can spread; give at least one.")
    return Spread(tuple(named), np.array(losses), np.array(infinite), np.array(nan))


def _shares(named: dict[str, nn.Parameter], broken: Callable[[Tensor], Tensor]) -> list[float]:
    return [broken(parameter.detach()).double().mean().item() for parameter in named.values()]
