"""Adam for many networks at once, on weights with a leading axis of networks. Lessons 04_threshold and 09_gans."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


class BatchedAdam:
    """Kingma & Ba 2015, Algorithm 1, with beta2 = 0.999 and epsilon = 1e-8; entry by entry, so networks never mix."""

    def __init__(self, weights: Sequence[Tensor], beta1: float = 0.9) -> None:
        self.m = [torch.zeros_like(w) for w in weights]
        self.v = [torch.zeros_like(w) for w in weights]
        self.beta1, self.t = beta1, 0

    def updates(self, grads: Sequence[Tensor]) -> list[Tensor]:
        """What is subtracted, before the learning rate."""
        self.t += 1
        for m, v, g in zip(self.m, self.v, grads, strict=True):
            m.mul_(self.beta1).add_(g, alpha=1 - self.beta1)
            v.mul_(0.999).addcmul_(g, g, value=0.001)
        first, second = 1 - self.beta1**self.t, 1 - 0.999**self.t
        return [(m / first) / ((v / second).sqrt() + 1e-8) for m, v in zip(self.m, self.v, strict=True)]
