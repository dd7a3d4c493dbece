"""A figure as a lesson shows it: with words for those who do not see it, and numbers for those who check."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

from course_lib.figures.style import DOTS_PER_INCH, SMALLEST_LETTERS, look

_SCREEN_DOTS_PER_INCH = 96


class Picture:
    """A drawn figure with its alternative text and its numeric line.

    - `alt`: what the figure shows, in a sentence, for a reader who cannot see it.
    - `numbers`: the measured numbers the figure stands on, rounded; it appears beneath the figure and is what
      a test compares, since two machines may draw the same figure with other bytes.

    Letters below `style.SMALLEST_LETTERS` points are raised to it, so that a figure reads at half its size.
    Raises `ValueError` where `alt` or `numbers` is empty, `TypeError` where `figure` is no matplotlib figure.
    """

    def __init__(self, figure: Figure, alt: str, numbers: str) -> None:
        if not isinstance(figure, Figure):
            raise TypeError(f"A Picture is made of a matplotlib Figure, not of {type(figure).__name__}.")
        if not alt.strip():
            raise ValueError("A Picture needs `alt`: one sentence that says what the figure shows.")
        if not numbers.strip():
            raise ValueError("A Picture needs `numbers`: the rounded numbers that the figure stands on.")
        self.alt = " ".join(alt.split())
        self.numbers = " ".join(numbers.split())
        self.width = round(figure.get_figwidth() * _SCREEN_DOTS_PER_INCH)
        self.png = _drawn(figure)

    def text(self) -> str:
        """`[figure]` with the alternative text, and the numeric line beneath."""
        return f"[figure] {self.alt}\n{self.numbers}"

    def html(self) -> str:
        """A `<figure>` that holds its PNG, so that it needs no file and no network."""
        source = base64.b64encode(self.png).decode("ascii")
        return (
            f'<figure style="margin:0"><img alt="{escape(self.alt)}" width="{self.width}" style="max-width:100%"'
            f' src="data:image/png;base64,{source}"><figcaption>{escape(self.numbers)}</figcaption></figure>'
        )

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}


def _drawn(figure: Figure) -> bytes:
    """The PNG, with nothing in it of the machine, the time or the version that drew it."""
    for letters in figure.findobj(Text):
        assert isinstance(letters, Text)
        letters.set_fontsize(max(SMALLEST_LETTERS, float(letters.get_fontsize())))
    drawn = io.BytesIO()
    with look():
        figure.savefig(drawn, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return drawn.getvalue()
