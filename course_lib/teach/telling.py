"""What every teaching object can say without a widget: one plain text, one HTML that needs no script."""

from __future__ import annotations

import html
import re
from typing import Any, Protocol, runtime_checkable

_CODE = re.compile(r"`([^`]+)`")


class Telling:
    """An object that shows itself as fixed plain text and as HTML that reads without a script.

    The plain text is the `repr`, what nbval compares and what a screen without a kernel falls back to;
    the HTML is what GitHub and the static site show.
    """

    def text(self) -> str:
        """The plain form; the same for the same learner state on every machine."""
        raise NotImplementedError

    def html(self) -> str:
        """The form for a page without a kernel: headings, lists and `<details>`, no script, no style."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return {"text/plain": self.text(), "text/html": self.html()}


@runtime_checkable
class Shown(Protocol):
    """Anything with a MIME bundle, such as `course_lib.figures.picture.Picture`."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any: ...


def inline(text: str) -> str:
    """Escape `text` for HTML, then set what stands between backticks as code."""
    return _CODE.sub(r"<code>\1</code>", html.escape(text, quote=True))


def plain(text: str) -> str:
    """`text` without its backticks, for the plain form."""
    return text.replace("`", "")


def folded(summary: str, body: str, *, opened: bool = False) -> str:
    """A `<details>` whose summary keeps its own keys: JupyterLab would take Enter and the arrows from it."""
    state = " open" if opened else ""
    return f'<details{state}><summary data-lm-suppress-shortcuts="true">{summary}</summary>{body}</details>'


def picture_html(picture: Shown | str) -> str:
    """The HTML of a picture: a `Picture`, or an SVG text that names itself.

    Raises `ValueError` where an SVG has neither `<title>` nor `aria-label`, and `TypeError` for anything else.
    """
    if isinstance(picture, str):
        if not picture.lstrip().startswith("<svg"):
            raise TypeError("A picture given as text must be an SVG that starts with <svg.")
        if "<title" not in picture and "aria-label" not in picture:
            raise ValueError("The SVG needs a <title> or an aria-label: say in words what it shows.")
        return picture
    if isinstance(picture, Shown):
        bundle = picture._repr_mimebundle_()
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        return str(data["text/html"])
    raise TypeError(f"A picture is a Picture or an SVG text, not {type(picture).__name__}.")


def picture_text(picture: Shown | str) -> str:
    """The words of a picture for the plain form."""
    if isinstance(picture, str):
        found = re.search(r"<title[^>]*>(.*?)</title>", picture, re.S) or re.search(
            r'aria-label="(.*?)"', picture
        )
        return f"[picture] {html.unescape(found.group(1)).strip()}" if found else "[picture]"
    bundle = picture._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return str(data["text/plain"])
