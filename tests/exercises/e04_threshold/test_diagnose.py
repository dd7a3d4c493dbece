"""Question diagnose: right answers in other styles, near misses, and what is said to each."""

from __future__ import annotations

import pytest
import torch
from verdicts import verdict


def healthy_or_not(losses, norms, max_norm, predictions, targets):
    """The rule in one expression, over tensors."""
    every = torch.cat([torch.tensor(losses), torch.tensor(norms)])
    half, quarter = len(norms) // 2, len(losses) // 4
    return (
        "broken"
        if not bool(torch.isfinite(every).all())
        else "silent"
        if torch.tensor(predictions).std() < torch.tensor(targets).std() / 100
        else "stalled"
        if sum(n > max_norm for n in norms[half:]) > 0.95 * half
        and sum(losses[-quarter:]) > 0.9 * sum(losses[:quarter])
        else "healthy"
    )


@pytest.mark.parametrize("seed", range(10))
def test_diagnose_in_another_style(seed):
    got = verdict("diagnose", seed, diagnose=healthy_or_not)
    assert got.right, got.text()
