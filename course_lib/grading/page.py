"""One HTML page that stands alone: no script, no network, readable without colour and from the keyboard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""The page's content-security policy: whatever slipped into it could neither run nor call home."""

_STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #595959; --line: #d0d0d0; --blue: #0072b2; --wash: #f4f6f8;
  --page: #fff; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e8; --soft: #b0b0b0; --line: #4a4a4a; --blue: #6cb8ea; --wash: #24292e; --page: #16181a; }
  .course-card svg { background: #fff; color: #1a1a1a; --ink: #1a1a1a; }
}
* { box-sizing: border-box; }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page);
  max-width: 66rem; margin: 2rem auto; padding: 0 1.2rem; overflow-wrap: break-word; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.2rem 0 .6rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
a { color: var(--blue); }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
table { border-collapse: collapse; }
.wide { width: 100%; }
.scroll { overflow-x: auto; }
caption { text-align: left; color: var(--soft); padding-bottom: .3rem; }
.grid th, .grid td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0;
  border-bottom: 1px solid var(--line); }
.grid td { overflow-wrap: break-word; }
.grid th[scope=row] { overflow-wrap: anywhere; min-width: 7rem; }
.grid td.number, .grid th.number { text-align: right; font-variant-numeric: tabular-nums; min-width: 0;
  overflow-wrap: normal; }
.grid td.number, .grid code { white-space: nowrap; }
.lead { color: var(--soft); margin: 0 0 1rem; }
.score { font-size: 2.4rem; font-weight: 650; line-height: 1.1; margin: .6rem 0; }
.score small { font-size: 1.1rem; font-weight: 400; color: var(--soft); }
.box { background: var(--wash); border-left: 4px solid var(--ink); padding: .6rem 1rem; margin: 1rem 0; }
.figures { display: flex; flex-wrap: wrap; gap: .4rem 2.2rem; margin: .6rem 0 1rem; padding: 0; list-style: none; }
.figures strong { display: block; font-size: 1.45rem; line-height: 1.2; }
.bar { display: block; width: 100%; min-width: 9rem; height: .9rem; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
.bar rect { fill: var(--blue); }
.bar rect:first-child { fill: var(--page); stroke: var(--soft); }
.chart rect { fill: var(--blue); }
.chart line { stroke: var(--ink); }
@media screen and (max-width: 40rem) {
  /* Each row becomes a small card: its cells below one another, each with its column's name. */
  .grid, .grid tbody, .grid tr, .grid th, .grid td { display: block; }
  .grid thead { display: none; }
  .grid tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  .grid th[scope=row], .grid td, .grid td.number { border: 0; padding: .1rem 0; text-align: left; min-width: 0; }
  .grid td { display: inline-block; margin-right: 1.2rem; }
  .grid td:has(.bar) { display: block; margin: 0; }
  .grid td:empty { display: none; }
  .grid td[data-column]::before { content: attr(data-column) ": "; color: var(--soft); }
}
@media print {
  body { margin: 0; max-width: none; font-size: 9.5pt; }
  .scroll { overflow: visible; }
  .grid th, .grid td { padding-right: .4rem; }
  .grid td, .grid td.number, .bar { min-width: 0; }
  .grid code { white-space: normal; overflow-wrap: anywhere; }
  .course-card, .grid tr, figure { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
}
"""


def page(title: str, body: str) -> str:
    """The whole page; `title` is escaped here, `body` is HTML already."""
    return "".join(page_lines(title, [body]))


def page_lines(title: str, body: Iterable[str]) -> Iterator[str]:
    """The same, piece by piece, for a page that is too long to be held."""
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
    )
    yield from body
    yield "\n</main>\n</body>\n</html>\n"


def grid(head: list[str], rows: Iterable[list[str]], numbers: tuple[int, ...] = ()) -> str:
    """A table of HTML cells; the first of each row is its header, the columns in `numbers` are aligned right."""
    return "".join(grid_lines(head, rows, numbers))


def grid_lines(head: list[str], rows: Iterable[list[str]], numbers: tuple[int, ...] = ()) -> Iterator[str]:
    """The same, row by row."""

    def kind(column: int) -> str:
        return ' class="number"' if column in numbers else ""

    def named(column: int) -> str:
        return f' data-column="{head[column]}"' if head[column] else ""

    # A column without a heading (a picture of the number beside it) has a plain cell there, not an empty header.
    top = "".join(
        f'<th scope="col"{kind(column)}>{text}</th>' if text else "<td></td>"
        for column, text in enumerate(head)
    )
    # What may be scrolled sideways can be reached by the keyboard, and says what it is.
    yield (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Table: {head[0]}"><table class="grid wide">'
        f"<thead><tr>{top}</tr></thead>\n<tbody>"
    )
    for row in rows:
        cells = "".join(
            f"<td{kind(column)}{named(column)}>{text}</td>" for column, text in enumerate(row[1:], 1)
        )
        yield f'<tr><th scope="row">{row[0]}</th>{cells}</tr>\n'
    yield "</tbody></table></div>"


def bar(share: float) -> str:
    """A share between 0 and 1 as a bar with a frame; the number itself stands beside it, in the table."""
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        '<rect x=".5" y=".5" width="99" height="7"/>'
        f'<rect x=".5" y=".5" width="{99 * share:.1f}" height="7"/></svg>'
    )


def histogram(counts: list[int], labels: list[str], alt: str) -> str:
    """Bars with their counts above and their labels below; `alt` says the same in words."""
    step, height, tallest = 44, 120, max([*counts, 1])
    width = step * len(counts) + 8
    bars = []
    for place, (count, label) in enumerate(zip(counts, labels, strict=True)):
        x, tall = 4 + place * step, round(height * count / tallest)
        middle = x + step / 2
        bars.append(
            f'<rect x="{x + 4}" y="{20 + height - tall}" width="{step - 8}" height="{tall}"/>'
            f'<text x="{middle:g}" y="{14 + height - tall}" text-anchor="middle">{count or ""}</text>'
            f'<text x="{middle:g}" y="{height + 36}" text-anchor="middle">{escape(label)}</text>'
        )
    return (
        f'<svg class="chart" role="img" aria-label="{escape(alt)}" viewBox="0 0 {width} {height + 44}" '
        f'style="max-width:{width}px;width:100%">'
        f'<line x1="4" x2="{width - 4}" y1="{20 + height}" y2="{20 + height}"/>{"".join(bars)}</svg>'
    )
