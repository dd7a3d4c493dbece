"""What an answer may not lean on: the named functions refuse, however the learner's code came by them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

ALWAYS_REFUSED = ("course_lib.checks.judges", "course_lib.checks.judging", "course_lib.checks.exercises")
"""The answers themselves, wherever they can be reached: in a learner's own kernel they lie beside the check."""


class Leant(BaseException):
    """Raised inside a refused call. A `BaseException`, so that a learner's `except Exception` lets it pass."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is what this question asks you to write; do it with your own lines.")
        self.name = name


class Guard:
    """What was leant on while the guard stood, or `None`; it is remembered even where the code swallowed it."""

    def __init__(self) -> None:
        self.leant_on: str | None = None


class _Suspects(dict[str, bool]):
    """Whether a module can hold one of the refused names, found out once for each module that is called into."""

    def __init__(self, refused: tuple[str, ...]) -> None:
        super().__init__()
        self._refused = [f"{name}." for name in refused]

    def __missing__(self, module: str) -> bool:
        inside = f"{module}."
        self[module] = any(name.startswith(inside) or inside.startswith(name) for name in self._refused)
        return self[module]


@contextmanager
def refusing(names: tuple[str, ...]) -> Iterator[Guard]:
    """While this holds, a call of a function defined at one of the dotted `names`, or below it, raises `Leant`.

    A name is the place of definition (`torch.nn.utils.clip_grad.clip_grad_norm_`), so that an alias, a
    `from ... import` done earlier or a partial refuse as well, and no module need be imported to be refused.
    Threads that start meanwhile are watched too, and taking the watch away counts as leaning on what it guards.
    """
    guard = Guard()
    refused = names + ALWAYS_REFUSED
    suspect = _Suspects(refused)

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        if event != "call":  # this runs at every call that an answer makes, so the common case comes first
            return
        module = frame.f_globals.get("__name__")
        if type(module) is not str or not suspect[module]:
            return
        called = f"{module}.{frame.f_code.co_qualname}"
        for name in refused:
            if called == name or called.startswith(f"{name}."):
                guard.leant_on = name
                raise Leant(name)

    previous, of_threads = sys.getprofile(), threading.getprofile()
    sys.setprofile(watch)
    threading.setprofile(watch)
    try:
        yield guard
        # A refusal unsets the watch by itself; otherwise it stands, unless the learner's code removed it.
        if guard.leant_on is None and sys.getprofile() is not watch:
            guard.leant_on = "sys.setprofile"
    finally:
        threading.setprofile(of_threads)
        sys.setprofile(previous)
