"""What the gradient monitor adds to a training step of a one-million-parameter model: `python benchmarks/monitor.py`.

One model, one thread. Blocks of steps with the monitor and without it take turns, so that whatever else the machine
does meets both. A block has ten timed steps after one to warm up, and so holds each kind of step that the monitor
makes: it measures the weights in every tenth. `step` is the time by the clock, `cpu` what the process was given of
the processor, which a busy machine changes less; all are medians over blocks, and the ratios compare them. A fully
connected network does the fewest operations for each of its weights, and so pays the most. The aim, at most 5 % more
processor time, is for the rows marked with it; a smaller batch makes the step shorter and the monitor no cheaper.
At batches of 32 and 64 the fully connected network cannot be expected to meet it: the gradient must be read before
clipping and after it, and a step of 5 ms leaves 0.25 ms for both, for Python, and for the weights.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.training import GradientMonitor

AIM = 1.05
BLOCK = 10  # timed steps with or without the monitor before the other has its turn
BATCHES = (32, 64, 128, 256)
Step = Callable[[], None]


class Times(NamedTuple):
    """Seconds a step, one number a block."""

    clock: list[float]
    cpu: list[float]


class Transformer(nn.Module):
    """Five layers, 128 wide, on 32 tokens; one class for each sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 128)
        layer = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 5, enable_nested_tensor=False)
        self.readout = nn.Linear(128, 10)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits (B, 10) for tokens (B, 32)."""
        logits: Tensor = self.readout(self.encoder(self.embedding(tokens)).mean(dim=1))
        return logits


def main() -> int:
    """Print one line a model, optimizer and batch size; 1 where a row that counts misses the aim."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=400, help="timed steps of either kind, a row (400)")
    steps = parser.parse_args().steps
    torch.set_num_threads(1)
    print(
        f"torch {torch.__version__}, one thread, {steps} steps with the monitor and {steps} without, medians in ms"
    )
    print(f"{'model':12} {'weights':>9} {'optimizer':>9} {'batch':>5} {'step':>7} {'with':>7} {'ratio':>6} "
          f"{'cpu':>7} {'with':>7} {'ratio':>6}")  # fmt: skip
    missed = 0
    for make in (fully_connected, transformer):
        for optimizer in ("SGD", "AdamW"):
            for batch in BATCHES if make is fully_connected else BATCHES[:1]:
                missed += row(make, optimizer, batch, steps)
    if hasattr(os, "getloadavg"):
        print(f"load of the machine meanwhile: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return 1 if missed else 0


def fully_connected(batch: int) -> tuple[nn.Module, Tensor]:
    """784, 768, 512 and 10 units, and a batch of pictures."""
    layers = [nn.Linear(784, 768), nn.ReLU(), nn.Linear(768, 512), nn.ReLU(), nn.Linear(512, 10)]
    return nn.Sequential(*layers), torch.randn(batch, 784)


def transformer(batch: int) -> tuple[nn.Module, Tensor]:
    """The transformer, and a batch of sequences."""
    return Transformer(), torch.randint(100, (batch, 32))


def row(make: Callable[[int], tuple[nn.Module, Tensor]], name: str, batch: int, steps: int) -> bool:
    """Measure and print one row; whether it counts and misses the aim."""
    torch.manual_seed(0)
    model, x = make(batch)
    y = torch.randint(10, (batch,))
    kind = {
        "SGD": lambda p: torch.optim.SGD(p, 1e-3, momentum=0.9),
        "AdamW": lambda p: torch.optim.AdamW(p, 1e-4),
    }
    optimizer = kind[name](model.parameters())

    def step() -> None:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    bare, watched = Times([], []), Times([], [])
    for _ in range(math.ceil(steps / BLOCK)):
        block(step, bare)
        with GradientMonitor(model, optimizer):
            block(step, watched)
    (clock, cpu), (clock_with, cpu_with) = (1000 * np.median(times, axis=1) for times in (bare, watched))
    counts = batch >= 128 or make is transformer
    verdict = "" if not counts else "  within 5 %" if cpu_with <= AIM * cpu else "  MISSES 5 %"
    weights = sum(p.numel() for p in model.parameters())
    print(
        f"{make.__name__.replace('_', ' '):15.12} {weights:9,} {name:>9} {batch:5} {clock:7.2f} {clock_with:7.2f} "
        f"{clock_with / clock:6.3f} {cpu:7.2f} {cpu_with:7.2f} {cpu_with / cpu:6.3f}{verdict}", flush=True,
    )  # fmt: skip
    return bool(counts and cpu_with > AIM * cpu)


def block(step: Step, times: Times) -> None:
    """One step to warm up, and ten that are timed."""
    step()
    clock, cpu = time.perf_counter(), time.process_time()
    for _ in range(BLOCK):
        step()
    times.clock.append((time.perf_counter() - clock) / BLOCK)
    times.cpu.append((time.process_time() - cpu) / BLOCK)


if __name__ == "__main__":
    sys.exit(main())
