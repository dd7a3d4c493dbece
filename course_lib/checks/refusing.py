"""What an answer may not lean on: the named functions refuse, however the learner's code came by them.

A profile function sees every call that Python code makes, of Python and of C. It compares code objects, so that
neither an alias nor a function put together anew from another's code gets by; names for what is imported only while
the answer runs; and for C functions, which have no code to compare, their own name and the package they come from.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import CodeType, FrameType, FunctionType
from typing import Any

ALWAYS_REFUSED = ("course_lib.checks.judges", "course_lib.checks.judging", "course_lib.checks.exercises")
"""The answers themselves, wherever they can be reached: in a learner's own kernel they lie beside the check."""

_Hook = Callable[[FrameType, str, Any], Any]


class Leant(BaseException):
    """Raised inside a refused call. A `BaseException`, so that a learner's `except Exception` lets it pass."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is what this question asks you to write; do it with your own lines.")
        self.name = name


class Guard:
    """What was leant on while the guard stood, or `None`; it is remembered even where the code swallowed it."""

    def __init__(self, refused: tuple[str, ...]) -> None:
        self.leant_on: str | None = None
        self._over = False
        self._followed = False
        self.watch = self._watching(refused)

    def stands(self) -> bool:
        """Whether the watch is where it was put, or has come back to where it was taken from."""
        hook = sys.getprofile()
        beside = isinstance(hook, _Both)
        return hook is self.watch or beside or (self._followed and sys.gettrace() == self._trace)

    def end(self) -> None:
        """From here on nothing is followed: the next to take the watch's place is who put it there."""
        self._over = True

    def _watching(self, refused: tuple[str, ...]) -> _Hook:
        suspect = _suspects(refused)
        by_code = _by_code(refused, len(sys.modules))
        by_c_name = {name.rpartition(".")[2]: name for name in reversed(refused)}

        def watch(frame: FrameType, event: str, argument: Any) -> None:
            # This runs at every call that an answer makes, so the common cases come first.
            if event == "call":
                code = frame.f_code
                if id(code) in by_code:
                    self._refuse(by_code[id(code)][1])
                module = frame.f_globals.get("__name__")
                if type(module) is str and suspect[module]:
                    called = f"{module}.{code.co_qualname}"
                    for name in refused:
                        if called == name or called.startswith(f"{name}."):
                            self._refuse(name)
            elif event == "c_call":
                c_name = argument.__name__
                if c_name in by_c_name and _is_of(argument, by_c_name[c_name].partition(".")[0]):
                    self._refuse(by_c_name[c_name])
                if c_name in _TAKERS and _takes(argument) and not self._over:
                    self._follow(frame)

        return watch

    def _refuse(self, name: str) -> None:
        self.leant_on = name
        raise Leant(name)

    def _follow(self, frame: FrameType) -> None:
        """Somebody is about to take the place of the watch, to measure or to hide: it will come back from behind."""
        self._followed = True
        frame.f_trace, frame.f_trace_opcodes = self._trace, True
        sys.settrace(self._trace)

    def _trace(self, frame: FrameType, event: str, argument: Any) -> _Hook | None:
        """Stands for the watch at calls of Python functions, and puts it back, alone or beside a learner's own."""
        hook: Any = sys.getprofile()
        if hook is None:
            sys.setprofile(self.watch)
        elif callable(hook) and hook is not self.watch and not isinstance(hook, _Both):
            sys.setprofile(_Both(self.watch, hook))
        if event != "call":
            return self._trace
        self.watch(frame, event, argument)
        return None


class _Both:
    """Two profile functions in one place, the watch first."""

    def __init__(self, watch: _Hook, other: _Hook) -> None:
        self._watch = watch
        self._other = other

    def __call__(self, frame: FrameType, event: str, argument: Any) -> None:
        """Let both see the event."""
        self._watch(frame, event, argument)
        self._other(frame, event, argument)


_TAKERS = frozenset(("setprofile", "settrace", "enable"))
_SETTERS = (sys.setprofile, sys.settrace)


def _takes(function: Any) -> bool:
    """Whether this C function puts something in the place of a profile or a trace function."""
    return function in _SETTERS or isinstance(function.__self__, _profiler())


def _profiler() -> Any:
    """The class behind cProfile; nothing is one where it is not loaded."""
    return getattr(sys.modules.get("_lsprof"), "Profiler", ())


class _Suspects(dict[str, bool]):
    """Whether a module can hold one of the refused names, found out once for each module that is called into."""

    def __init__(self, refused: tuple[str, ...]) -> None:
        super().__init__()
        self._refused = [f"{name}." for name in refused]

    def __missing__(self, module: str) -> bool:
        inside = f"{module}."
        self[module] = any(name.startswith(inside) or inside.startswith(name) for name in self._refused)
        return self[module]


@lru_cache(maxsize=64)
def _suspects(refused: tuple[str, ...]) -> _Suspects:
    return _Suspects(refused)


@lru_cache(maxsize=64)
def _by_code(refused: tuple[str, ...], loaded: int) -> dict[int, tuple[CodeType, str]]:
    """The code of every function at one of the names or below it, and that name, by its id.

    It depends on what is imported, and on that by the number of `loaded` modules alone; what is missed is still
    refused by its name.
    """
    suspect = _suspects(refused)
    found = {}
    for place in [place for place in sys.modules if suspect[place]]:
        for code in _codes_in(place):
            called = f"{place}.{code.co_qualname}"
            for name in refused:
                if called == name or called.startswith(f"{name}."):
                    found[id(code)] = code, name
    return found


@lru_cache(maxsize=512)
def _codes_in(place: str) -> tuple[CodeType, ...]:
    """The code of each function and method that a module defines, and of the functions inside them.

    What a decorator of another module has wrapped around them is not theirs: everybody's functions run it.
    """
    file = getattr(sys.modules[place], "__file__", None)
    codes: dict[int, CodeType] = {}
    waiting: list[object] = list(vars(sys.modules[place]).values())
    while waiting:
        part = waiting.pop()
        if isinstance(part, CodeType):
            if part.co_filename == file:
                codes[id(part)] = part
                waiting += part.co_consts
        elif isinstance(part, FunctionType):
            if part.__module__ == place:
                waiting += [part.__code__, getattr(part, "__wrapped__", None)]
        elif isinstance(part, staticmethod | classmethod):
            waiting.append(part.__func__)
        elif isinstance(part, property):
            waiting += [part.fget, part.fset]
        elif isinstance(part, type) and part.__module__ == place:
            waiting += vars(part).values()
    return tuple(codes.values())


def _is_of(function: Any, package: str) -> bool:
    """Whether a C function, or the object whose method it is, comes from a package."""
    owner = function.__self__
    kinds = type.mro(owner if isinstance(owner, type) else type(owner))
    places = [function.__module__, getattr(owner, "__name__", None), *(kind.__module__ for kind in kinds)]
    return any(isinstance(place, str) and place.partition(".")[0] == package for place in places)


@contextmanager
def refusing(names: tuple[str, ...]) -> Iterator[Guard]:
    """While this holds, a call of a function defined at one of the dotted `names`, or below it, raises `Leant`.

    A name is the place of definition (`torch.nn.utils.clip_grad.clip_grad_norm_`), so that an alias, a
    `from ... import` done earlier or a partial refuse as well, and no module need be imported to be refused. The
    last part of a name also refuses C functions of that name in the same package (`torch.renorm`), methods included;
    not where C code itself calls them (`map(torch.renorm, ...)`). Threads that start meanwhile are watched too, those
    that ran before are not. An answer may profile itself: the watch stays beside its profiler.
    """
    guard = Guard(names + ALWAYS_REFUSED)
    previous: Any = sys.getprofile()
    tracing, of_threads = sys.gettrace(), threading.getprofile()
    threading.setprofile(guard.watch)
    sys.setprofile(guard.watch)
    try:
        yield guard
        # A refusal unsets the watch by itself; otherwise it stands, unless the learner's code removed it.
        if guard.leant_on is None and not guard.stands():
            guard.leant_on = "sys.setprofile"
    finally:
        guard.end()
        threading.setprofile(of_threads)
        if sys.gettrace() is not tracing:
            sys.settrace(tracing)
        left: Any = sys.getprofile()
        if left is not previous and isinstance(left, _profiler()):
            left.disable()  # or it would take down whatever stands here when it is destroyed
        if previous is None or callable(previous):
            sys.setprofile(previous)
        else:  # cProfile's own, which `sys.setprofile` cannot put back in its place
            previous.enable()
