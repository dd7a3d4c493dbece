"""What the warm parent does once, so that every fork of it costs less.

What a library does at its first call (kernels chosen, fonts read, caches filled) it would do anew in each child.
And a fork copies one entry for each page of memory that is in use: in pages of 2 MB instead of 4 kB there are
fewer of them, both to copy and, when the child ends, to take away.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_lib.checks import exercises
from course_lib.data import DataError

_MADV_COLLAPSE = 25
_LARGE_PAGE = 2 << 20
_PIECE = 16
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ 0 *(?:\[heap\])?")


def rehearse(shell: Any) -> None:
    """Call once what nearly every notebook calls first; nothing of it stays but the libraries' own caches."""
    import numpy as np
    import torch

    shell.run_cell("pass", silent=True, store_history=False)

    np.random.default_rng(0).normal(size=2)
    np.linalg.svd(np.eye(2))
    np.linalg.eigvals(np.eye(2))
    np.median(np.unique([1.0, 2.0]))

    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    for optimizer in (torch.optim.SGD(model.parameters(), lr=0.1), torch.optim.Adam(model.parameters())):
        torch.nn.functional.mse_loss(model(torch.ones(2, 2)), torch.zeros(2, 1)).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()


def rehearse_experiments(exercise: str) -> None:
    """Read and draw what the experiments of an exercise start from, so that no child does it anew."""
    for asked in exercises.load_asked(exercise):
        with contextlib.suppress(DataError):  # the package is missing; the notebook that needs it says so
            asked.prepare()


def rehearse_a_figure() -> None:
    """The same for figures, which bring a library of their own with them."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    axes.semilogy([1, 2], label="a label")
    axes.legend()
    axes.set_title("a title")
    figure.savefig(io.BytesIO())
    plt.close(figure)


def take_large_pages() -> Iterator[int]:
    """Gather this process's own memory into pages of 2 MB, a piece at each step; how many pages it asked for.

    All of it takes half a second, which the first result of a batch should not wait for. Linux since 6.1 does it on
    request (MADV_COLLAPSE), whatever its general setting is. It changes where data lie, never what they are, so where
    it is refused nothing is lost but time.
    """
    libc = ctypes.CDLL(None)
    for line in Path("/proc/self/maps").read_text().splitlines():
        if found := _MAPPING.fullmatch(line):
            start, end = (int(address, 16) for address in found.groups())
            for first in range(-(-start // _LARGE_PAGE), end // _LARGE_PAGE, _PIECE):
                pages = min(_PIECE, end // _LARGE_PAGE - first)
                place, size = ctypes.c_void_p(first * _LARGE_PAGE), ctypes.c_size_t(pages * _LARGE_PAGE)
                libc.madvise(place, size, ctypes.c_int(_MADV_COLLAPSE))
                yield pages
