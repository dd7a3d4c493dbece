"""What an answer of several questions may not lean on."""

from __future__ import annotations

READY_RULES = (
    "course_lib.clipping.adaptive.AutoClipThreshold",
    "course_lib.clipping.adaptive.ZClipThreshold",
)
