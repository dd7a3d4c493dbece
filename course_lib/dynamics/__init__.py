"""Dynamics: why gradients explode, and what an explosion does.

NumPy throughout, except `overflow`, which trains a real network and loads torch when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from course_lib.dynamics.chain import (
    backward_gradients,
    forward_signals,
    overflow_depth,
    overflow_depth_by_running,
    shared_weight_gradient,
    underflow_depth,
    underflow_depth_by_running,
    weight_gradients,
)
from course_lib.dynamics.cliff import Descent, cliff_gradient, cliff_loss, descend
from course_lib.dynamics.formats import FORMATS, DynamicsError, FloatFormat, float_format, rounded
from course_lib.dynamics.initialisation import LayerNorms, layer_norms
from course_lib.dynamics.jacobian import (
    critical_gain,
    ginibre,
    ginibre_growth_rate,
    log_norms_of_product,
    power_norms,
    random_product_log_norms,
    spectral_norm,
    spectral_radius,
)
from course_lib.dynamics.landscapes import (
    LinearRun,
    exponential_loss,
    exponential_slope,
    logistic_loss,
    logistic_slope,
    train_linear,
)

if TYPE_CHECKING:
    from course_lib.dynamics.overflow import Spread, spread_of_nonfinite

__all__ = [
    "FORMATS",
    "Descent",
    "DynamicsError",
    "FloatFormat",
    "LayerNorms",
    "LinearRun",
    "Spread",
    "backward_gradients",
    "cliff_gradient",
    "cliff_loss",
    "critical_gain",
    "descend",
    "exponential_loss",
    "exponential_slope",
    "float_format",
    "forward_signals",
    "ginibre",
    "ginibre_growth_rate",
    "layer_norms",
    "log_norms_of_product",
    "logistic_loss",
    "logistic_slope",
    "overflow_depth",
    "overflow_depth_by_running",
    "power_norms",
    "random_product_log_norms",
    "rounded",
    "shared_weight_gradient",
    "spectral_norm",
    "spectral_radius",
    "spread_of_nonfinite",
    "train_linear",
    "underflow_depth",
    "underflow_depth_by_running",
    "weight_gradients",
]


def __getattr__(name: str) -> Any:
    """The part that needs torch, imported only when it is asked for."""
    if name in ("Spread", "spread_of_nonfinite"):
        return getattr(import_module("course_lib.dynamics.overflow"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
