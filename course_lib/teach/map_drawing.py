"""The map of lessons as a picture: columns of boxes, and edges that are open or closed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from html import escape

from course_lib.curriculum import Lesson

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 170, 44, 46, 18, 6


def columns(lessons: Sequence[Lesson]) -> dict[str, int]:
    """The column of each lesson: one to the right of the last lesson that it needs."""
    depth: dict[str, int] = {}
    for lesson in lessons:
        depth[lesson.name] = 1 + max((depth[need] for need in lesson.needs if need in depth), default=-1)
    return depth


def drawing(lessons: Sequence[Lesson], here: str, open_from: Collection[str]) -> str:
    """An SVG of the lessons; edges out of the lessons in `open_from` are whole, the others broken.

    It repeats what the list beside it says, so it is hidden from screen readers. Colours come from the page.
    """
    places = _places(lessons)
    right = max(x for x, _ in places.values()) + _WIDTH + _MARGIN
    bottom = max(y for _, y in places.values()) + _HEIGHT + _MARGIN
    edges = [
        _edge(places[need], places[lesson.name], need in open_from)
        for lesson in lessons
        for need in lesson.needs
        if need in places
    ]
    boxes = [_box(lesson, places[lesson.name], lesson.name == here) for lesson in lessons]
    return (
        f'<svg class="course-map-picture" viewBox="0 0 {right} {bottom}" width="{right}" height="{bottom}" '
        f'aria-hidden="true">{"".join(edges)}{"".join(boxes)}</svg>'
    )


def _places(lessons: Sequence[Lesson]) -> dict[str, tuple[int, int]]:
    filled: dict[int, int] = {}
    places = {}
    for name, column in columns(lessons).items():
        row = filled.get(column, 0)
        filled[column] = row + 1
        places[name] = (_MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y))
    return places


def _edge(start: tuple[int, int], end: tuple[int, int], is_open: bool) -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    x2, y2 = end[0], end[1] + _HEIGHT // 2
    middle = (x1 + x2) // 2
    state = "course-open" if is_open else "course-closed"
    tip = f"M{x2 - 9} {y2 - 5}L{x2} {y2}L{x2 - 9} {y2 + 5}"
    return (
        f'<path class="course-edge {state}" d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"/>'
        f'<path class="course-edge" d="{tip}"/>'
    )


def _box(lesson: Lesson, place: tuple[int, int], is_here: bool) -> str:
    x, y = place
    state = "course-box course-here" if is_here else "course-box"
    title = escape(f"{lesson.number} {lesson.title}")
    below = "you are here" if is_here else f"{lesson.minutes} min"
    return (
        f'<rect class="{state}" x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="4"/>'
        f'<text x="{x + 10}" y="{y + 19}" class="course-box-title">{title}</text>'
        f'<text x="{x + 10}" y="{y + 35}" class="course-box-note">{below}</text>'
    )
