"""Norms of many tensors at the price of reading them once, and right where a quick norm is not.

The monitor takes three of them of every parameter in every step, so they must cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib.clipping import scaled_global_norm

PIECE = 1024  # PyTorch sums float32 squares in float32: a million at once lose 3e-5, a thousand nothing
LARGE = 64 * PIECE  # entries from which pieces are worth their trouble
SAFE = (1e-12, 1e18)  # norms between these are made of float32 squares that neither vanish nor overflow
PRECISE = (torch.float32, torch.float64)


@torch.no_grad()
def norms(tensors: Sequence[Tensor]) -> list[float]:
    """The 2-norm of each tensor, to 1e-6 of itself, whatever its shape, layout and number format.

    Entries whose squares would overflow or vanish are scaled first; nan and inf make the norm nan or inf.
    """
    plain = [_plain(tensor) for tensor in tensors]
    small = [tensor for tensor in plain if tensor.numel() < LARGE]
    quick = iter([norm.item() for norm in torch._foreach_norm(small)] if small else [])
    found = [next(quick) if tensor.numel() < LARGE else _in_pieces(tensor.reshape(-1)) for tensor in plain]
    return [
        norm if SAFE[0] < norm < SAFE[1] else scaled_global_norm([tensor]).item()
        for norm, tensor in zip(found, plain, strict=True)
    ]


def _in_pieces(row: Tensor) -> float:
    whole = len(row) - len(row) % PIECE
    pieces = torch.linalg.vector_norm(row[:whole].view(-1, PIECE), dim=1)
    rest = torch.linalg.vector_norm(row[whole:])
    return float(torch.linalg.vector_norm(torch.cat([pieces, rest[None]]), dtype=torch.float64))


def _plain(tensor: Tensor) -> Tensor:
    """The stored entries, in a format with at least the range and precision of float32."""
    if tensor.dtype in PRECISE and not tensor.is_sparse:
        return tensor
    values = tensor.coalesce().values() if tensor.is_sparse else tensor
    real = torch.view_as_real(values.resolve_conj()) if values.is_complex() else values
    return real if real.dtype in PRECISE else real.float()
