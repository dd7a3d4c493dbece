"""Calling a clip function that somebody else wrote, and saying clearly what is wrong with its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.errors import CourseError

ArrayClip = Callable[[list[NDArray[Any]]], Any]


class TrainingError(CourseError, ValueError):
    """A training run was asked for in a way that cannot work; the message says what to change."""


def clipped_by(clip: ArrayClip, grads: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """What `clip` makes of copies of `grads`: it may return a list, or a pair of a list and the norm before.

    Raises `TrainingError` when it returns something else, or arrays of other shapes.
    """
    name = getattr(clip, "__name__", "clip")
    answer = clip([g.copy() for g in grads])
    if isinstance(answer, tuple) and len(answer) == 2 and np.ndim(answer[1]) == 0:
        answer = answer[0]
    if not isinstance(answer, Iterable):
        raise TrainingError(
            f"{name} must return the list of clipped gradients, but it returned a {type(answer).__name__}."
        )
    clipped = [np.asarray(g) for g in answer]
    given, got = [g.shape for g in grads], [g.shape for g in clipped]
    if given != got:
        raise TrainingError(
            f"{name} was given {len(given)} gradients of the shapes {given} and returned {len(got)} of the "
            f"shapes {got}; they must be the same."
        )
    return clipped
