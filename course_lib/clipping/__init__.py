"""Clipping: the subject itself.

A NumPy reference that reads like the formulas (`norm`, `value`, `scope`, `angle`), PyTorch front ends
over the framework's own kernels (`torch_front`, names with a trailing underscore, loaded when first
used), thresholds that move with the run (`adaptive`, and `adaptive_torch` for a PyTorch loop), and the popular
formula that is wrong (`published`).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from course_lib.clipping.adaptive import AutoClipThreshold, ZClipThreshold, clip_by_unit
from course_lib.clipping.angle import angle_between, worst_value_angle
from course_lib.clipping.inputs import ClippingError
from course_lib.clipping.norm import clip_by_global_norm, clip_by_norm, global_norm
from course_lib.clipping.published import published_elementwise, published_formula
from course_lib.clipping.scope import (
    clip_globally,
    clip_per_example,
    clip_per_group,
    clip_per_layer,
    clip_per_parameter,
    layer_of,
)
from course_lib.clipping.value import clip_by_value

if TYPE_CHECKING:
    from course_lib.clipping.adaptive_torch import AGC, AutoClip, ZClip
    from course_lib.clipping.torch_front import (
        clip_by_global_norm_,
        clip_by_value_,
        clip_per_example_,
        clip_per_group_,
        clip_per_layer_,
        clip_per_parameter_,
        scaled_global_norm,
    )

__all__ = [
    "AGC",
    "AutoClip",
    "AutoClipThreshold",
    "ClippingError",
    "ZClip",
    "ZClipThreshold",
    "angle_between",
    "clip_by_global_norm",
    "clip_by_global_norm_",
    "clip_by_norm",
    "clip_by_unit",
    "clip_by_value",
    "clip_by_value_",
    "clip_globally",
    "clip_per_example",
    "clip_per_example_",
    "clip_per_group",
    "clip_per_group_",
    "clip_per_layer",
    "clip_per_layer_",
    "clip_per_parameter",
    "clip_per_parameter_",
    "global_norm",
    "layer_of",
    "published_elementwise",
    "published_formula",
    "scaled_global_norm",
    "worst_value_angle",
]


def __getattr__(name: str) -> Any:
    """The PyTorch front ends, imported with torch only when one of them is asked for."""
    if name in __all__:
        file = "adaptive_torch" if name in ("AGC", "AutoClip", "ZClip") else "torch_front"
        return getattr(import_module(f"course_lib.clipping.{file}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
