"""The demos: one folder each, one line to show each. They load when first asked for, for their widgets are heavy."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_lib.demos.chain import chain_demo
    from course_lib.demos.groups import groups_demo
    from course_lib.demos.monitor import monitor_demo
    from course_lib.demos.phase import phase_demo
    from course_lib.demos.plane import plane_demo
    from course_lib.demos.spike import spike_demo

__all__ = ["chain_demo", "groups_demo", "monitor_demo", "phase_demo", "plane_demo", "spike_demo"]


def __getattr__(name: str) -> Any:
    """`chain_demo` from `chain/`, `plane_demo` from `plane/`, ..."""
    if name in __all__:
        return getattr(import_module(f"course_lib.demos.{name.removesuffix('_demo')}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
