"""The base of every demo: one state that Python and the page share, in words, as a picture, and alive."""

from __future__ import annotations

import html
import inspect
import re
from collections.abc import Callable, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Protocol

import traitlets

from course_lib.demos import svg
from course_lib.errors import CourseError
from course_lib.teach.panel import Panel

_HERE = Path(__file__).parent
_STAGE_SCRIPT = re.sub(r"^export ", "", (_HERE / "stage.js").read_text(encoding="utf-8"), flags=re.M)
_STAGE_SHEET = (_HERE / "stage.css").read_text(encoding="utf-8")
_STAGE_IMPORT = re.compile(r'^import \{[^}]*\} from "\.\./stage\.js";$', re.M)


class DemoError(CourseError, traitlets.TraitError):
    """A demo was asked for a state it cannot show; the message says what it takes instead."""


class Between(traitlets.TraitType[Any, Any]):
    """A number that one of the demo's controls can reach, shared with the page.

    Raises `DemoError` for anything else, nan included.
    """

    def __init__(self, low: float, high: float, default: float) -> None:
        self.low, self.high = low, high
        self.whole = isinstance(default, int)
        super().__init__(default)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> float:
        """`value` as the number it is, an `int` where the control counts."""
        number = isinstance(value, Integral if self.whole else Real) and not isinstance(value, bool)
        if not number or not self.low <= value <= self.high:
            kind = "a whole number" if self.whole else "a number"
            raise DemoError(
                f"{self.name} must be {kind} from {self.low:g} to {self.high:g}, but it is {value!r}."
            )
        return int(value) if self.whole else float(value)


class OneOf(traitlets.TraitType[Any, Any]):
    """One of the names that a demo's radio buttons stand for, shared with the page.

    Raises `DemoError` for anything else.
    """

    def __init__(self, *names: str) -> None:
        self.names = names
        super().__init__(names[0])
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> str:
        """`value` as it is."""
        if value not in self.names:
            raise DemoError(
                f"{self.name} must be one of {', '.join(map(repr, self.names))}, but it is {value!r}."
            )
        return str(value)


class Drawing(Protocol):
    """A demo's module `picture`: its state in words, and as marks on a page of fixed size."""

    WIDTH: int
    HEIGHT: int

    def words(self, state: Any) -> list[str]:
        """What the state shows, in sentences; the first is the headline."""

    def marks(self, state: Any) -> Sequence[svg.Mark]:
        """The state as marks."""


class Demo(Panel):
    """A picture with controls. A subclass has one trait, `Between` or `OneOf`, for each part of its state.

    It has a `title`, and a `drawing` that says and draws the state for a page without a kernel. `demo.js` beside
    it imports `stage.js`; a browser gets `panel.js`, `stage.js` and `demo.js` as one module, and the
    style sheets likewise.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    parts: ClassVar[tuple[str, ...]]
    drawing: Drawing
    marks_sheet: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if "drawing" not in cls.__dict__:  # anywidget derives a class for each instance; its base has it all
            super().__init_subclass__(**kwargs)
            return
        folder = Path(inspect.getfile(cls)).parent
        cls.name = folder.name
        cls.script, cls.sheet = folder / "demo.js", folder / "demo.css"
        super().__init_subclass__(**kwargs)
        own_sheet = cls.sheet.read_text(encoding="utf-8")
        cls.marks_sheet = _STAGE_SHEET + own_sheet
        cls._esm = _STAGE_IMPORT.sub(lambda _: _STAGE_SCRIPT, cls._esm)
        cls._css = cls._css.removesuffix(own_sheet) + cls.marks_sheet

    def words(self) -> list[str]:
        """What the state shows, in sentences; the first is the headline."""
        return self.drawing.words(self.in_view())

    def picture(self) -> str:
        """The state as an SVG that stands on its own."""
        drawn = self.drawing
        return svg.document(
            drawn.marks(self.in_view()), drawn.WIDTH, drawn.HEIGHT, self.name, self.marks_sheet
        )

    def state(self) -> dict[str, Any]:
        """Every part of the state by name."""
        return {part: getattr(self, part) for part in self.parts}

    def in_view(self) -> dict[str, Any]:
        """The state as the drawing and `compute` take it."""
        return self.state()

    def text(self) -> str:
        """The headline and the rest in words, and how to bring the picture to life."""
        return f"{self.title}\n{' '.join(self.words())}\nRun this cell to move it."

    def html(self) -> str:
        """The static picture with the words below it."""
        headline, *others = self.words()
        return (
            f"<figure>{svg.image(self.picture(), f'{self.title}. {headline}')}"
            f"<figcaption><strong>{html.escape(headline)}</strong> {html.escape(' '.join(others))} "
            "<em>Run this cell to move it.</em></figcaption></figure>"
        )

    def pin(self) -> str:
        """The state in one line, for a journal entry that points at it."""
        return f"{self.title}: " + ", ".join(f"{part} = {value}" for part, value in self.state().items())


class RecordedDemo(Demo):
    """A demo of runs that were really trained: `recorded()` gives their numbers, which a page gets once."""

    recorded: Callable[[], dict[str, Any]]
    runs = traitlets.Dict().tag(sync=True)

    @traitlets.default("runs")
    def _recorded(self) -> dict[str, Any]:
        return self.recorded()

    def in_view(self) -> dict[str, Any]:
        """The state with all runs beside it."""
        return {**self.state(), "runs": self.runs}
