"""What an exercise says of its points: written by the build from `course_lib.checks`, where alone they are stated.

The heading of a question reads `## 3. Mend a backward pass ({points}, 12 minutes)`, and the exercise begins with
`{questions}, {total}, about an hour.`; the built notebooks say `2 points`, `Seven questions`, `10 points`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from course_lib.build.source import Source

_HEADING = re.compile(r"^## (?P<place>\d+)\. \S.* \(\{points\}, \d+ minutes\)$", re.MULTILINE)
_WORDS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def told(source: Source, points: Mapping[str, float]) -> Source:
    """The exercise with its points filled in, given those of each question.

    Raises `SourceError` where it does not say how many there are, and for a question without a heading of its own.
    """
    said = {"{questions}": _counted(len(points), "question"), "{total}": _points(sum(points.values()))}
    prose = "\n".join(cell.text for cell in source.cells if cell.kind == "markdown")
    for placeholder in said:
        if placeholder not in prose:
            raise source.error(
                1, f"the exercise does not say {placeholder}; begin it {{questions}}, {{total}}, ..."
            )
    names = [cell.answer for cell in source.cells if cell.answer]
    cells, place, answered = [], 0, 0
    for cell in source.cells:
        text = cell.text
        if cell.kind == "markdown":
            if heading := _HEADING.search(text):
                place += 1
                said["{points}"] = _points(points[names[place - 1]]) if place <= len(names) else ""
            if (heading and heading["place"] != str(place)) or place > len(names):
                raise source.error(cell.line + 1, f"this is not the heading of question {place}")
            for placeholder, words in said.items():
                text = text.replace(placeholder, words)
        elif cell.answer:
            answered += 1
            if answered != place:
                heading_wanted = f"## {answered}. TITLE ({{points}}, MINUTES minutes)"
                raise source.error(
                    cell.line,
                    f'the question "{cell.answer}" has no heading of its own; write {heading_wanted}',
                )
        cells.append(replace(cell, text=text))
    return replace(source, cells=tuple(cells))


def _points(number: float) -> str:
    return f"{number:g} point{'' if number == 1 else 's'}"


def _counted(number: int, thing: str) -> str:
    return f"{_WORDS[number] if number < len(_WORDS) else number} {thing}{'' if number == 1 else 's'}"
