"""Training: a transparent loop with a report, a gradient monitor, and many small networks side by side.

Everything here needs torch, and is loaded when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_lib.training.gans import (
        EarlyGradients,
        GanRuns,
        GanSetting,
        RealDigits,
        Ring,
        early_gradients,
        gans_after,
        train_gans,
    )
    from course_lib.training.loop import Divergence, TrainingReport, predicts_a_constant, train
    from course_lib.training.monitor import GradientMonitor, StepRecord
    from course_lib.training.own_clip import TrainingError
    from course_lib.training.recurrent import (
        Forecast,
        RecurrentRuns,
        RecurrentSetting,
        forecast,
        train_recurrent,
    )
    from course_lib.training.side_by_side import (
        Setting,
        SideBySide,
        by_value,
        globally,
        one_by_one,
        per_layer,
        per_parameter,
        train_side_by_side,
    )
    from course_lib.training.suggestion import Suggestion, suggest_threshold

__all__ = [
    "Divergence",
    "EarlyGradients",
    "Forecast",
    "GanRuns",
    "GanSetting",
    "GradientMonitor",
    "RealDigits",
    "RecurrentRuns",
    "RecurrentSetting",
    "Ring",
    "Setting",
    "SideBySide",
    "StepRecord",
    "Suggestion",
    "TrainingError",
    "TrainingReport",
    "by_value",
    "early_gradients",
    "forecast",
    "gans_after",
    "globally",
    "one_by_one",
    "per_layer",
    "per_parameter",
    "predicts_a_constant",
    "suggest_threshold",
    "train",
    "train_gans",
    "train_recurrent",
    "train_side_by_side",
]

_ROOMS = {
    "gans": (
        "EarlyGradients",
        "GanRuns",
        "GanSetting",
        "RealDigits",
        "Ring",
        "early_gradients",
        "gans_after",
        "train_gans",
    ),
    "loop": ("Divergence", "TrainingReport", "predicts_a_constant", "train"),
    "monitor": ("GradientMonitor", "StepRecord"),
    "own_clip": ("TrainingError",),
    "suggestion": ("Suggestion", "suggest_threshold"),
    "recurrent": ("Forecast", "RecurrentRuns", "RecurrentSetting", "forecast", "train_recurrent"),
}


def __getattr__(name: str) -> Any:
    """A public name, imported from its module when it is first asked for."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = next((m for m, names in _ROOMS.items() if name in names), "side_by_side")
    return getattr(import_module(f"course_lib.training.{module}"), name)
