"""Where a lesson stands: what it needs, which edge it opens, and the door to each exercise."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path, PurePath
from typing import Any

import traitlets

from course_lib.curriculum import LESSONS, Lesson
from course_lib.curriculum import lesson as find_lesson
from course_lib.teach import session, store
from course_lib.teach.map_drawing import drawing
from course_lib.teach.panel import Panel
from course_lib.work import open_exercise


def opened(records: list[store.Record]) -> set[str]:
    """The lessons whose prediction was made, and whose edges are therefore open."""
    made = {str(record.get("id")) for record in store.only(records, "prediction") if "choice" in record}
    return {lesson.name for lesson in LESSONS if lesson.opens_with in made}


class LearningMap(Panel):
    """The lessons that exist, the edges between them, and where the reader stands.

    An edge opens when the prediction of the lesson it comes from was made; a closed edge locks nothing.
    Raises `KeyError` for a lesson there is not.
    """

    script = Path(__file__).parent / "learning_map.js"

    picture = traitlets.Unicode().tag(sync=True)
    lessons = traitlets.List(traitlets.Dict()).tag(sync=True)
    opening = traitlets.Dict().tag(sync=True)

    def __init__(self, lesson: str) -> None:
        self.here = find_lesson(lesson)
        session.SESSION.lesson = lesson
        super().__init__()
        self._show()

    def receive(self, message: dict[str, Any]) -> None:
        """Draw anew, or copy an exercise into the work folder on its first opening and say where it is."""
        match message:
            case {"do": "refresh"}:
                pass
            case {"do": "open", "exercise": str(name)}:
                copy = open_exercise(name)
                relative = PurePath(os.path.relpath(copy, Path.cwd())).as_posix()
                times = int(self.opening.get("times", 0)) + 1
                self.opening = {"path": relative, "shown": str(copy), "times": times}
            case _:
                super().receive(message)
        self._show()

    def _show(self) -> None:
        open_from = opened(store.read("events").records)
        self.picture = drawing(LESSONS, self.here.name, open_from)
        self.lessons = _entries(self.here, open_from)

    def text(self) -> str:
        """One line a lesson, with a mark at this one."""
        return stored_map(self.here.name)["text/plain"]

    def html(self) -> str:
        """The lessons as a list of links, this one marked; how an exercise is opened without a kernel."""
        return stored_map(self.here.name)["text/html"]


def stored_map(lesson: str) -> dict[str, str]:
    """The map as the notebook of `lesson` stores it, where nobody has predicted yet: its text and its HTML by kind.

    The first lesson stores the whole map. Every other one stores itself, the lessons that it needs and where the whole
    map is, so that a new lesson changes no notebook but the first. Raises `KeyError` for a lesson there is not.
    """
    here, first = find_lesson(lesson), LESSONS[0]
    if here == first:
        entries = _entries(here, set())
        return {"text/plain": _as_text(entries), "text/html": _as_html(entries)}
    entries = [
        _entry(entry, here, _needs(entry)) for entry in LESSONS if entry == here or entry.name in here.needs
    ]
    return {
        "text/plain": f"{_as_text(entries)}\nThe whole map is in {_title(first)}.",
        "text/html": f'{_as_html(entries)}<p>The whole map is in <a href="{first.name}.ipynb">'
        f"{escape(_title(first))}</a>.</p>",
    }


def _entries(here: Lesson, open_from: set[str]) -> list[dict[str, Any]]:
    return [_entry(lesson, here, _needs(lesson) + _edges(lesson, open_from)) for lesson in LESSONS]


def _entry(lesson: Lesson, here: Lesson, facts: list[str]) -> dict[str, Any]:
    return {
        "name": lesson.name,
        "title": _title(lesson),
        "promise": lesson.promise,
        "exercise": lesson.exercise is not None,
        "here": lesson == here,
        "facts": facts,
    }


def _needs(lesson: Lesson) -> list[str]:
    """What a lesson says of itself, whatever comes after it."""
    return [f"{lesson.minutes} minutes", *(["needs " + _titles(lesson.needs)] if lesson.needs else [])]


def _edges(lesson: Lesson, open_from: set[str]) -> list[str]:
    """To which lessons it opens the way, and whether it has."""
    edges = [later.name for later in LESSONS if lesson.name in later.needs]
    if not edges:
        return []
    state = "opened" if lesson.name in open_from else "opens, once you have made its prediction,"
    return [f"{state} the way to {_titles(edges)}"]


def _as_text(entries: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        f"{'->' if entry['here'] else '  '} {entry['title']}: {'; '.join(entry['facts'])}"
        for entry in entries
    ]
    return "\n".join(["Map of lessons", *lines])


def _as_html(entries: Sequence[Mapping[str, Any]]) -> str:
    return (
        f"<p><strong>Map of lessons</strong></p><ul>{''.join(_row(entry) for entry in entries)}</ul>"
        "<p>Run this cell to open an exercise from here, or type <code>course open NAME</code> in a terminal.</p>"
    )


def _row(entry: Mapping[str, Any]) -> str:
    title = escape(entry["title"])
    link = (
        f"<strong>{title} (you are here)</strong>"
        if entry["here"]
        else f'<a href="{entry["name"]}.ipynb">{title}</a>'
    )
    exercise = f"; exercise <code>{entry['name']}</code>" if entry["exercise"] else ""
    return (
        f"<li>{link}: {escape(entry['promise'])} <em>{escape('; '.join(entry['facts']))}{exercise}</em></li>"
    )


def _title(lesson: Lesson) -> str:
    return f"{lesson.number} {lesson.title}"


def _titles(names: tuple[str, ...] | list[str]) -> str:
    titles = [_title(find_lesson(name)) for name in names]
    return titles[0] if len(titles) == 1 else ", ".join(titles[:-1]) + " and " + titles[-1]
