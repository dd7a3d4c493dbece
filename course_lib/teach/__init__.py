"""The learner's loop: predict, look, take a hint, judge a claim, ask, check, and see where one stands."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from course_lib.teach.threads import use_one_thread

if TYPE_CHECKING:
    from course_lib.teach.checking import check
    from course_lib.teach.claim import Claim
    from course_lib.teach.exit_check import ExitCheck
    from course_lib.teach.hint import Hint
    from course_lib.teach.inquiry import Inquiry
    from course_lib.teach.journal import Journal
    from course_lib.teach.learning_map import LearningMap
    from course_lib.teach.measured import measured_minutes
    from course_lib.teach.predict import Predict
    from course_lib.teach.progress import Progress
    from course_lib.teach.quiz import Quiz
    from course_lib.teach.storyboard import Frame, Storyboard

_PLACES = {
    "check": "checking",
    "Claim": "claim",
    "ExitCheck": "exit_check",
    "Frame": "storyboard",
    "Hint": "hint",
    "Inquiry": "inquiry",
    "Journal": "journal",
    "LearningMap": "learning_map",
    "Predict": "predict",
    "Progress": "progress",
    "Quiz": "quiz",
    "Storyboard": "storyboard",
    "measured_minutes": "measured",
}

__all__ = [
    "Claim",
    "ExitCheck",
    "Frame",
    "Hint",
    "Inquiry",
    "Journal",
    "LearningMap",
    "Predict",
    "Progress",
    "Quiz",
    "Storyboard",
    "check",
    "measured_minutes",
]


def __getattr__(name: str) -> object:
    """Load a name when it is first asked for: the widgets bring ipywidgets with them, a check does not need it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)


use_one_thread()
