"""What the tests of all demos share: every demo there is, found by its folder, and the corners of what it reaches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import course_lib.demos
from course_lib.demos.stage import Between, Demo, OneOf

Factory = Callable[..., Demo]
FACTORIES: dict[str, Factory] = {
    name: getattr(course_lib.demos, f"{name}_demo") for name in course_lib.demos.NAMES
}


def corners(factory: Factory) -> Iterator[dict[str, Any]]:
    """Every state with each part at its least, its most or where it starts, and at each of its names."""
    demo = factory()
    reached: list[tuple[Any, ...]] = []
    for part in demo.parts:
        match demo.traits()[part]:
            case OneOf(names=names):
                reached.append(names)
            case Between(low=low, high=high, whole=whole):
                kind = int if whole else float
                reached.append(tuple(dict.fromkeys((kind(low), getattr(demo, part), kind(high)))))
    yield from (dict(zip(demo.parts, state, strict=True)) for state in product(*reached))
