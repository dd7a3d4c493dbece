"""Scope: which gradients share one norm and one factor.

A scope is a function from a parameter's name to the name of its group; each group is clipped on its own.
One group for the whole model is global clipping, the only scope that keeps the direction of the whole
gradient. The smaller the groups, the less one exploding layer can shrink the others, and the more the
direction may turn. Taught in lesson 03_clipping_mechanics.

With G groups the whole norm is at most sqrt(G) * max_norm (p = 2); a threshold of c / sqrt(G) for each
group bounds it by c (McMahan, Ramage, Talwar & Zhang 2018, "Learning differentially private recurrent
language models", per-layer clipping).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.clipping.inputs import Array, ClippingError, gradient, norm_order, threshold
from course_lib.clipping.norm import clip_by_global_norm

Scope = Callable[[str], str]


def layer_of(name: str) -> str:
    """The layer a parameter belongs to, by PyTorch's way of naming: `blocks.0.weight` -> `blocks.0`.

    A name without a dot is a layer of its own.
    """
    return name.rpartition(".")[0] or name


def clip_per_group(
    grads: Mapping[str, ArrayLike], max_norm: float, group_of: Scope, p: float = 2
) -> tuple[dict[str, Array], dict[str, float]]:
    r"""Each group clipped by its own norm; and the norm each group had *before*.

    $$g_k \leftarrow g_k \cdot \min\left(1, \frac{c}{n_{G(k)}}\right), \qquad
    n_G = \lVert (g_k)_{k \in G} \rVert_p$$

    `grads` maps names to gradients; `group_of(name)` names the group. Groups come in the order in which
    they are first met. Raises `ClippingError` as `clip_by_global_norm` does.
    """
    arrays = _named(grads)
    groups: dict[str, list[str]] = {}
    for name in arrays:
        groups.setdefault(group_of(name), []).append(name)
    clipped: dict[str, Array] = {}
    norms: dict[str, float] = {}
    for group, names in groups.items():
        members, norms[group] = clip_by_global_norm([arrays[name] for name in names], max_norm, p)
        clipped.update(zip(names, members, strict=True))
    return {name: clipped[name] for name in arrays}, norms


def clip_globally(
    grads: Mapping[str, ArrayLike], max_norm: float, p: float = 2
) -> tuple[dict[str, Array], dict[str, float]]:
    """One group, `"all"`: `clip_by_global_norm` over named gradients."""
    return clip_per_group(grads, max_norm, lambda name: "all", p)


def clip_per_layer(
    grads: Mapping[str, ArrayLike], max_norm: float, p: float = 2
) -> tuple[dict[str, Array], dict[str, float]]:
    """One group a layer: a layer's weight and bias share one norm (`layer_of`)."""
    return clip_per_group(grads, max_norm, layer_of, p)


def clip_per_parameter(
    grads: Mapping[str, ArrayLike], max_norm: float, p: float = 2
) -> tuple[dict[str, Array], dict[str, float]]:
    """One group a parameter: every weight matrix and every bias has its own norm."""
    return clip_per_group(grads, max_norm, lambda name: name, p)


def clip_per_example(
    grads: Mapping[str, ArrayLike], max_norm: float, p: float = 2
) -> tuple[dict[str, Array], NDArray[np.float64]]:
    r"""Each example's gradient clipped by its own norm over *all* parameters; and those norms.

    $$g_k^{(i)} \leftarrow g_k^{(i)} \cdot \min\left(1, \frac{c}{n_i}\right), \qquad
    n_i = \lVert (g_1^{(i)}, \dots, g_K^{(i)}) \rVert_p$$

    Every gradient has a leading axis of B examples; the norms before have shape (B,). Averaging over that
    axis afterwards is the caller's: it is the step in which one example can move the mean by at most
    2 * max_norm / B (Abadi et al. 2016, "Deep learning with differential privacy", Algorithm 1).
    Raises `ClippingError` as `clip_by_global_norm` does, and when the leading axes differ.
    """
    arrays, c, order = _named(grads), threshold(max_norm), norm_order(p)
    if any(g.ndim == 0 for g in arrays.values()) or len({len(g) for g in arrays.values()}) > 1:
        shapes = ", ".join(f"{name} {g.shape}" for name, g in arrays.items())
        raise ClippingError(f"Per-example gradients need one leading axis of examples; these have {shapes}.")
    rows = np.concatenate(
        [np.abs(g.astype(np.float64)).reshape(len(g), math.prod(g.shape[1:])) for g in arrays.values()],
        axis=1,
    )
    largest = rows.max(axis=1, initial=0.0)
    unit = np.where(largest > 0, largest, 1.0)  # a zero gradient is divided by 1 and stays zero
    relative = (
        np.ones_like(unit)
        if order == math.inf
        else np.sum((rows / unit[:, None]) ** order, axis=1) ** (1 / order)
    )
    with np.errstate(over="ignore"):
        norms = largest * relative
    above = norms > c

    def scaled(g: Array) -> Array:
        result = g.copy()
        along = (slice(None), *[None] * (g.ndim - 1))
        cut = g[above].astype(np.float64) / unit[above][along] * (c / relative[above])[along]
        result[above] = cut.astype(g.dtype)
        return result

    return {name: scaled(g) for name, g in arrays.items()}, norms


def _named(grads: Mapping[str, ArrayLike]) -> dict[str, Array]:
    if not isinstance(grads, Mapping):
        raise ClippingError(
            f"A scope needs the names of the gradients: give a dictionary of name -> array, "
            f"not a {type(grads).__name__}."
        )
    if not grads:
        raise ClippingError("There is no gradient to clip: the dictionary is empty.")
    return {name: gradient(g, f"The gradient of {name}") for name, g in grads.items()}
