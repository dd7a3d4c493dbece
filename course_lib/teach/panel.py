"""The base of every widget of the course: readable without a kernel, alive with one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from course_lib.teach.telling import Telling

_HERE = Path(__file__).parent
_SHARED_SCRIPT = (_HERE / "panel.js").read_text(encoding="utf-8")
_SHARED_SHEET = (_HERE / "panel.css").read_text(encoding="utf-8")

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Panel(Telling, anywidget.AnyWidget):
    """A widget with a fixed plain text, an HTML fallback, the shared style and the shared script.

    A subclass names its ES module in `script` (and its own style in `sheet`, when it needs one) and says
    `text()` and `html()`. The functions of `panel.js` (`make`, `control`, `frame`, `tell`, `live`, `watch`) stand
    before the module, so it needs no import and no build step. What the front end sends arrives in
    `receive`; a failure there is shown in the panel and raised.
    """

    script: ClassVar[Path]
    sheet: ClassVar[Path | None] = None

    _css = _SHARED_SHEET
    trouble = traitlets.Unicode("").tag(sync=True)

    alive: ClassVar[dict[str, Panel]] = {}
    """The newest panel of each kind, for a journal entry that points at its state."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        Panel.alive[self._anywidget_id] = self

    def __init_subclass__(cls, **kwargs: Any) -> None:
        own_script: Path | None = cls.__dict__.get("script")
        own_sheet: Path | None = cls.__dict__.get("sheet")
        if own_script is not None:
            cls._esm = _SHARED_SCRIPT + own_script.read_text(encoding="utf-8")
        if own_sheet is not None:
            cls._css = _SHARED_SHEET + own_sheet.read_text(encoding="utf-8")
        super().__init_subclass__(**kwargs)

    def receive(self, message: dict[str, Any]) -> None:
        """Answer one message of the front end; raises `ValueError` for one it does not know."""
        raise ValueError(f"{type(self).__name__} got a message it does not know: {message!r}.")

    def pin(self) -> str | None:
        """The state in one line, for a journal entry that points at it; `None` where there is none."""
        return None

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None, **_: Any) -> Any:
        words = Telling._repr_mimebundle_(self)
        shown = anywidget.AnyWidget._repr_mimebundle_(self)
        if shown is None:  # closed: nothing is left to show but the words
            return words
        data, metadata = shown
        return {WIDGET_VIEW: data[WIDGET_VIEW], **words}, metadata

    def _handle_custom_msg(self, content: Any, buffers: Any) -> None:
        # ipywidgets prints what a callback raises into a log nobody reads; the panel says it where it happened.
        try:
            self.receive(content)
        except Exception as error:
            self.trouble = f"{error}"
            raise
        self.trouble = ""
        self.send({"heard": True})
