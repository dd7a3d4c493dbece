"""A verdict as an accessible card: text first, the picture of the failing case second."""

from __future__ import annotations

from html import escape

from course_lib.checks.judging import Verdict

_SIGNS = {
    "right": ("Right", "✓", "#007a5a"),
    "not attempted": ("Not attempted yet", "○", "#5c5c5c"),
}
_OTHERWISE = ("Not yet", "✗", "#b04a00")


def html(verdict: Verdict) -> str:
    """The card as HTML with its own styles; every word of the learner's is escaped.

    The state is said in words and by a sign, never by colour alone; hints unfold one after another with the
    keyboard (`<details>`), and nothing in it runs code or asks the network.
    """
    word, sign, colour = _SIGNS.get(verdict.status, _OTHERWISE)
    parts = [
        f'<div role="status" class="course-card" style="border-left:4px solid {colour};padding:.5em 1em;'
        'margin:.3em 0;max-width:46em;line-height:1.45">',
        f'<p style="margin:0"><strong><span aria-hidden="true">{sign}</span> {word}</strong>'
        f" &middot; <code>{escape(verdict.question)}</code>"
        f" &middot; {verdict.points} of {verdict.out_of} points</p>",
        f'<p style="margin:.35em 0">{escape(verdict.message)}</p>',
        _table(verdict),
        verdict.picture,
        _hints(verdict.hints),
        "</div>",
    ]
    return "".join(parts)


def _table(verdict: Verdict) -> str:
    rows = verdict.evidence()
    if not rows:
        return ""
    head = "text-align:left;padding:.1em 1em .1em 0;font-weight:600;vertical-align:baseline"
    body = "text-align:left;font-family:monospace;white-space:pre-wrap;vertical-align:baseline"
    cells = "".join(
        f'<tr><th scope="row" style="{head}">{escape(name)}</th><td style="{body}">{escape(value)}</td></tr>'
        for name, value in rows
    )
    return (
        '<table style="border-collapse:collapse;margin:.2em 0 .4em">'
        f'<caption style="text-align:left">The smallest case that fails</caption>{cells}</table>'
    )


def _hints(hints: tuple[str, ...]) -> str:
    """Hints nested in one another: the next is offered only where the one before was opened."""
    nested = ""
    for number in range(len(hints), 0, -1):
        title = "A hint" if number == 1 else "One more hint"
        nested = (
            f'<details style="margin:.2em 0"><summary>{title}</summary>'
            f'<p style="margin:.2em 0 .4em 1em">{escape(hints[number - 1])}</p>{nested}</details>'
        )
    return nested
