"""A mechanism in four to six captioned frames, stepped through before the text explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import traitlets

from course_lib.teach.panel import Panel
from course_lib.teach.telling import Shown, inline, picture_html, picture_text, plain


@dataclass(frozen=True)
class Frame:
    """One picture and what to notice in it; raises `ValueError` without a caption or words for the picture."""

    caption: str
    picture: Shown | str

    def __post_init__(self) -> None:
        if not self.caption.strip():
            raise ValueError("A frame needs a caption: one sentence that says what to notice.")
        picture_html(self.picture)


class Storyboard(Panel):
    """Four to six frames, one at a time; raises `ValueError` for fewer or more."""

    script = Path(__file__).parent / "storyboard.js"

    title = traitlets.Unicode().tag(sync=True)
    frames = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, title: str, frames: Sequence[Frame]) -> None:
        if not 4 <= len(frames) <= 6:
            raise ValueError(f"A storyboard has four to six frames, but {title!r} has {len(frames)}.")
        self.told = tuple(frames)
        super().__init__(
            title=title,
            frames=[
                {"caption": inline(each.caption), "picture": picture_html(each.picture)} for each in frames
            ],
        )

    def text(self) -> str:
        """The captions in order, each with its picture in words."""
        lines = [f"Storyboard: {plain(self.title)}"]
        for place, frame in enumerate(self.told, start=1):
            words = picture_text(frame.picture).replace("\n", "\n   ")
            lines.append(f"{place}. {plain(frame.caption)}\n   {words}")
        return "\n".join(lines)

    def html(self) -> str:
        """All frames below one another."""
        rows = "".join(f"<li><p>{frame['caption']}</p>{frame['picture']}</li>" for frame in self.frames)
        return f"<p><strong>{inline(self.title)}</strong></p><ol>{rows}</ol>"
