"""Clipping for PyTorch models, in place, over the framework's own kernels.

Names carry a trailing underscore, as PyTorch's do, and the norm returned is the one *before*. Shape, dtype
and device stay. Parameters whose `.grad` is None (frozen ones) are passed over. Three things differ from
`torch.nn.utils.clip_grad_norm_`:

- a threshold that is not above 0, an empty list of parameters, and a model none of whose parameters has
  a gradient are errors: for 0 PyTorch erases the gradients, for a negative number it turns them round,
  and in the other cases it does nothing;
- `nonfinite` says what happens to nan and inf, and an error names the parameter. `"error"` (the default)
  raises; `"skip"` sets every gradient to None, so that `optimizer.step()` leaves these parameters and
  their momentum alone; `"propagate"` is what PyTorch does: [6, inf, 0] becomes [0, nan, 0];
- where the gradients are finite and only their norm overflows in their own precision (float32 entries
  beyond about 1e19, float16 norms beyond 65504), PyTorch multiplies by c / inf = 0 and silently erases
  the step. Here such a gradient is clipped by its `scaled_global_norm`, unless `"propagate"` is asked for.

In every other case the result is PyTorch's, bit for bit, with its factor c / (norm + 1e-6), computed in
the gradients' own precision; the NumPy reference in `clipping.norm` has no 1e-6, and computes in float64.
The check for nan and inf reads the norm, which makes a GPU wait.
Taught in lesson 03_clipping_mechanics.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_value_, clip_grads_with_norm_, get_total_norm

from course_lib.clipping.inputs import ClippingError, norm_order, threshold
from course_lib.clipping.scope import Scope, layer_of

NonFinite = Literal["error", "skip", "propagate"]
Parameters = nn.Module | Tensor | Mapping[str, Tensor] | Iterable[Tensor] | Iterable[tuple[str, Tensor]]


@torch.no_grad()
def clip_by_global_norm_(
    parameters: Parameters, max_norm: float, p: float = 2, nonfinite: NonFinite = "error"
) -> Tensor:
    r"""All gradients scaled in place by one factor, $\min(1, c / (n + 10^{-6}))$; returns the norm n before.

    `parameters` is a model, a parameter, or an iterable of parameters or of (name, parameter) pairs.
    Raises `ClippingError` as the module says.
    """
    c, order, policy = threshold(max_norm), norm_order(p), _policy(nonfinite)
    return _clip_group(_with_gradients(parameters), c, order, policy)


@torch.no_grad()
def clip_by_value_(parameters: Parameters, limit: float, nonfinite: NonFinite = "error") -> Tensor:
    r"""Each coordinate of each gradient clamped in place to [-limit, limit]; returns the largest |g_i| before.

    With `"propagate"` an infinite entry becomes `limit` and nan stays nan, as in PyTorch.
    Raises `ClippingError` as the module says.
    """
    v, policy = threshold(limit, "limit"), _policy(nonfinite)
    named = _with_gradients(parameters)
    largest = _total_norm(_gradients(named), math.inf)
    if _kept(named, largest, policy):
        clip_grad_value_(named.values(), v)
    return largest


@torch.no_grad()
def clip_per_group_(
    parameters: Parameters, max_norm: float, group_of: Scope, p: float = 2, nonfinite: NonFinite = "error"
) -> dict[str, Tensor]:
    """Each group of parameters scaled in place by its own factor; returns each group's norm before.

    `group_of(name)` names a parameter's group, so a model or named parameters are needed. A group with a
    non-finite gradient is an error, or skipped alone. Raises `ClippingError` as the module says.
    """
    c, order, policy = threshold(max_norm), norm_order(p), _policy(nonfinite)
    groups: dict[str, dict[str, Tensor]] = {}
    for name, parameter in _with_gradients(parameters, need_names=True).items():
        groups.setdefault(group_of(name), {})[name] = parameter
    if policy == "error":
        for members in groups.values():  # before the first group is changed
            _kept(members, _total_norm(_gradients(members), order), policy)
    return {group: _clip_group(members, c, order, policy) for group, members in groups.items()}


def clip_per_layer_(
    parameters: Parameters, max_norm: float, p: float = 2, nonfinite: NonFinite = "error"
) -> dict[str, Tensor]:
    """One group a layer: a layer's weight and bias share one norm (`layer_of`)."""
    return clip_per_group_(parameters, max_norm, layer_of, p, nonfinite)


def clip_per_parameter_(
    parameters: Parameters, max_norm: float, p: float = 2, nonfinite: NonFinite = "error"
) -> dict[str, Tensor]:
    """One group a parameter: every weight matrix and every bias has its own norm."""
    return clip_per_group_(parameters, max_norm, lambda name: name, p, nonfinite)


@torch.no_grad()
def clip_per_example_(
    grads: Mapping[str, Tensor], max_norm: float, p: float = 2, nonfinite: NonFinite = "error"
) -> Tensor:
    """Per-example gradients scaled in place, each example by its own norm over all parameters.

    `grads` maps names to tensors with a leading axis of B examples, as `torch.func.vmap(torch.func.grad)`
    gives them; returns the norms before, in float64, shape (B,). Each example's norm is taken relative to
    its largest entry, so it does not overflow. `"skip"` drops a non-finite example: its gradient becomes zero.
    Raises `ClippingError` as the module says, and when the leading axes differ.
    """
    c, order, policy = threshold(max_norm), norm_order(p), _policy(nonfinite)
    if not grads:
        raise ClippingError("There is no gradient to clip: the dictionary is empty.")
    if any(g.ndim == 0 for g in grads.values()) or len({len(g) for g in grads.values()}) > 1:
        shapes = ", ".join(f"{name} {tuple(g.shape)}" for name, g in grads.items())
        raise ClippingError(f"Per-example gradients need one leading axis of examples; these have {shapes}.")
    rows = {name: g.flatten(1).double() if g.ndim > 1 else g[:, None].double() for name, g in grads.items()}
    finite = torch.stack([torch.isfinite(r).all(dim=1) for r in rows.values()]).all(dim=0)
    if policy == "error" and not finite.all():
        example = int((~finite).nonzero()[0].item())
        name = next(name for name, r in rows.items() if not torch.isfinite(r[example]).all())
        raise ClippingError(
            f"The gradient of example {example} is not finite, first in {name}; "
            'find its cause, or drop such examples with nonfinite="skip".'
        )
    if policy == "skip":
        for name, g in grads.items():
            g[~finite] = 0
            rows[name] = rows[name].where(finite[:, None], 0.0)
    joined = torch.cat(list(rows.values()), dim=1)
    if joined.numel() == 0:
        return joined.new_zeros(len(joined))
    largest = joined.abs().amax(dim=1)
    unit = torch.where(torch.isfinite(largest) & (largest > 0), largest, 1.0)
    relative = torch.linalg.vector_norm(joined / unit[:, None], order, dim=1)
    norms: Tensor = unit * relative
    above = ~(norms <= c)
    for name, g in grads.items():
        cut = rows[name][above] / unit[above, None] * (c / relative[above])[:, None]
        g[above] = cut.reshape(g[above].shape).to(g.dtype)
    return norms


@torch.no_grad()
def scaled_global_norm(grads: Iterable[Tensor], p: float = 2) -> Tensor:
    r"""The p-norm of all tensors laid end to end, in float64: $m \lVert g / m \rVert_p$ with $m = \max |g_i|$.

    Squares of entries never appear, so the norm of the float32 vector (1e20, 1e20) is 1.414e20; PyTorch's
    `get_total_norm` says inf. A 0-dimensional tensor on the first tensor's device; nan and inf propagate.
    Raises `ClippingError` for an empty list.
    """
    tensors = list(grads)
    if not tensors:
        raise ClippingError("There is no gradient to measure: the list is empty.")
    largest, relative = _largest_and_relative_norm(tensors, norm_order(p))
    return largest * relative


def _largest_and_relative_norm(tensors: list[Tensor], p: float) -> tuple[Tensor, Tensor]:
    largest = _total_norm(tensors, math.inf).double()
    if not torch.isfinite(largest) or largest == 0:
        return largest, torch.ones_like(largest)
    return largest, _total_norm([t.double() / largest.to(t.device) for t in tensors], p)


def _clip_group(named: dict[str, Tensor], c: float, p: float, policy: NonFinite) -> Tensor:
    norm = _total_norm(_gradients(named), p)
    if not _kept(named, norm, policy):
        return norm
    if torch.isfinite(norm) or policy == "propagate":
        clip_grads_with_norm_(named.values(), c, norm)
        return norm
    largest, relative = _largest_and_relative_norm(_gradients(named), p)
    if largest * relative > c:
        for g in _gradients(named):
            g.copy_(g.double() / largest.to(g.device) * (c / relative).to(g.device))
    return largest * relative


def _kept(named: dict[str, Tensor], norm: Tensor, policy: NonFinite) -> bool:
    """Whether these gradients are to be clipped; where they are not finite, do what the policy says."""
    if policy == "propagate" or torch.isfinite(norm):
        return True
    culprits = [name for name, p in named.items() if p.grad is not None and not torch.isfinite(p.grad).all()]
    if not culprits:
        return True
    if policy == "error":
        others = f" (and of {len(culprits) - 1} more)" if len(culprits) > 1 else ""
        raise ClippingError(
            f"The gradient of {culprits[0]}{others} holds nan or inf, which no clipping can repair: "
            'find its cause, or leave out such steps with nonfinite="skip".'
        )
    for parameter in named.values():
        parameter.grad = None
    return False


def _gradients(named: dict[str, Tensor]) -> list[Tensor]:
    return [p.grad for p in named.values() if p.grad is not None]


def _total_norm(tensors: list[Tensor], p: float) -> Tensor:
    """PyTorch's norm; its kernels know no largest entry of an empty tensor, so that is left out."""
    return get_total_norm([t for t in tensors if t.numel() or p != math.inf], p)


def _with_gradients(parameters: Parameters, need_names: bool = False) -> dict[str, Tensor]:
    """The parameters that have a gradient, by name; those without a name are called by their place."""
    if isinstance(parameters, nn.Module):
        parameters = dict(parameters.named_parameters())
    elif isinstance(parameters, Tensor):
        parameters = [parameters]
    named: dict[str, Tensor] = {}
    for place, entry in enumerate(parameters.items() if isinstance(parameters, Mapping) else parameters):
        name, parameter = entry if isinstance(entry, tuple) else (None, entry)
        if not isinstance(parameter, Tensor):
            raise ClippingError(
                f"Entry {place} of the parameters is a {type(parameter).__name__}, not a tensor; "
                "give a model, or model.parameters()."
            )
        if name is None and need_names:
            raise ClippingError(
                "To group parameters their names are needed: give the model, or model.named_parameters()."
            )
        named[name or f"parameter {place} of shape {tuple(parameter.shape)}"] = parameter
    if not named:
        raise ClippingError(
            "The list of parameters is empty, so nothing would be clipped: "
            "a generator such as model.parameters() can be used only once."
        )
    ready = {name: parameter for name, parameter in named.items() if parameter.grad is not None}
    if not ready:
        raise ClippingError(
            f"None of the {len(named)} parameters has a gradient: call loss.backward() before clipping."
        )
    for name, parameter in ready.items():
        if parameter.grad is not None and parameter.grad.layout != torch.strided:
            raise ClippingError(
                f"The gradient of {name} is sparse, and PyTorch has no norm for it: "
                "make the layer with sparse=False."
            )
    return ready


def _policy(nonfinite: NonFinite) -> NonFinite:
    """The policy; raises `ClippingError` for an unknown one."""
    if nonfinite not in get_args(NonFinite):
        raise ClippingError(f'nonfinite must be "error", "skip" or "propagate", but it is {nonfinite!r}.')
    return nonfinite
