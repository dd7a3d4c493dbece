"""The demos: one folder each, one line to show each. They load when first asked for, for their widgets are heavy."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # for type checkers alone; tests/unit/test_demo_panels.py says which line is missing
    from course_lib.demos.chain import chain_demo as chain_demo
    from course_lib.demos.groups import groups_demo as groups_demo
    from course_lib.demos.monitor import monitor_demo as monitor_demo
    from course_lib.demos.phase import phase_demo as phase_demo
    from course_lib.demos.plane import plane_demo as plane_demo
    from course_lib.demos.spike import spike_demo as spike_demo

NAMES = tuple(sorted(script.parent.name for script in Path(__file__).parent.glob("*/demo.js")))
"""Every demo: each folder beside this file that holds one."""


def __getattr__(name: str) -> Any:
    """`chain_demo` from `chain/`, `plane_demo` from `plane/`, ..."""
    demo = name.removesuffix("_demo")
    if name.endswith("_demo") and demo in NAMES:
        return getattr(import_module(f"course_lib.demos.{demo}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
