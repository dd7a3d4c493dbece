"""Questions pinned to exact objects, kept with what would settle them."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import traitlets

from course_lib.curriculum import lesson as find_lesson
from course_lib.errors import CourseError
from course_lib.teach import session, store
from course_lib.teach.panel import Panel
from course_lib.work import work_folder

_ASKED = ("question", "evidence", "settles")


class Journal(Panel):
    """A form for one question at a time, and the questions of this lesson so far.

    A question is pinned to an equation (named by the reader), a cell that has run, or the state of a demo; it
    says what evidence to look at and what would settle it. It stays in `work/journal.jsonl`; `journal.md` beside
    it is the same for reading. Raises `KeyError` for a lesson there is not.
    """

    script = Path(__file__).parent / "journal.js"

    pins = traitlets.List(traitlets.Dict()).tag(sync=True)
    entries = traitlets.List(traitlets.Dict()).tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)

    def __init__(self, lesson: str) -> None:
        self.lesson = find_lesson(lesson)
        session.SESSION.lesson = lesson
        super().__init__()
        self._show()

    def receive(self, message: dict[str, Any]) -> None:
        """Keep a question, settle one, list what can be pinned, or write the Markdown file."""
        match message:
            case {"do": "refresh"}:
                pass
            case {"do": "keep", "pin": dict(pin), **parts} if _is_pin(pin) and _complete(parts):
                kept = {name: str(parts[name]).strip() for name in _ASKED}
                entry = {"lesson": self.lesson.name, "id": _next_id(), "pin": pin, **kept}
                store.append("journal", entry)
                self.said = "Kept in your journal."
            case {"do": "settle", "id": int(entry), "text": str(text)} if text.strip():
                store.append("journal", {"lesson": self.lesson.name, "settled": entry, "text": text.strip()})
                self.said = "Kept what settled it."
            case {"do": "export"}:
                self.said = f"Written to {export(work_folder() / 'journal.md')}."
            case _:
                super().receive(message)
        self._show()

    def _show(self) -> None:
        self.pins = pins()
        self.entries = [entry for entry in entries() if entry["lesson"] == self.lesson.name]

    def text(self) -> str:
        """What the journal asks for; the questions themselves stay with the reader."""
        return (
            f"Journal for {self.lesson.title}: pin a question to an equation, a cell or a demo state, "
            "say what evidence to look at and what would settle it. Run this cell to write one."
        )

    def html(self) -> str:
        """The same, as a paragraph."""
        return f"<p><strong>Journal.</strong> {escape(self.text())}</p>"


def _is_pin(pin: dict[str, Any]) -> bool:
    return (
        pin.get("kind") in ("equation", "cell", "demo")
        and isinstance(pin.get("label"), str)
        and bool(pin["label"].strip())
        and isinstance(pin.get("id", ""), str)
    )


def _complete(parts: dict[str, Any]) -> bool:
    return all(isinstance(parts.get(name), str) and parts[name].strip() for name in _ASKED)


def _is_entry(record: dict[str, Any]) -> bool:
    pin = record.get("pin")
    return (
        isinstance(pin, dict)
        and _is_pin(pin)
        and _complete(record)
        and isinstance(record.get("lesson"), str)
        and isinstance(record.get("id"), int)
    )


def _next_id() -> int:
    return 1 + max((int(entry["id"]) for entry in entries()), default=0)


def pins() -> list[dict[str, str]]:
    """What a question can be pinned to by now: the demos that are alive, in their state, and the cells that ran."""
    states = [panel.pin() for panel in Panel.alive.values()]
    demos = [{"kind": "demo", "id": "", "label": state} for state in states if state]
    cells = [{"kind": "cell", "id": cell.id, "label": cell.label} for cell in session.SESSION.cells.values()]
    return demos + cells


def entries() -> list[dict[str, Any]]:
    """Every question in the journal with what settled it, oldest first."""
    kept: dict[int, dict[str, Any]] = {}
    for record in store.read("journal").records:
        if _is_entry(record):
            kept[record["id"]] = {**record, "settled": []}
        elif isinstance(record.get("settled"), int) and record["settled"] in kept:
            kept[record["settled"]]["settled"].append(str(record.get("text", "")))
    return list(kept.values())


def markdown() -> str:
    """The journal as Markdown, lesson by lesson."""
    lines = ["# Journal", ""]
    lesson = None
    for entry in sorted(entries(), key=lambda entry: (str(entry["lesson"]), entry["id"])):
        if entry["lesson"] != lesson:
            lesson = entry["lesson"]
            lines += [f"## {_title(str(lesson))}", ""]
        lines += _entry_lines(entry)
    if lesson is None:
        lines += ["No question has been kept yet.", ""]
    return "\n".join(lines)


def _title(name: str) -> str:
    try:
        return find_lesson(name).title
    except KeyError:
        return name


def _entry_lines(entry: dict[str, Any]) -> list[str]:
    pin = entry["pin"]
    where = f" (cell id {pin['id']})" if pin.get("id") else ""
    lines = [
        f"### {entry['id']}. {_flat(entry['question'])}",
        "",
        f"- Pinned to the {_KINDS[pin['kind']]} `{_flat(pin['label'])}`{where}",
        f"- Evidence to look at: {_flat(entry['evidence'])}",
        f"- What would settle it: {_flat(entry['settles'])}",
    ]
    lines += [f"- Settled: {_flat(answer)}" for answer in entry["settled"]]
    return [*lines, f"- Written: {entry['at']}", ""]


_KINDS = {"equation": "equation", "cell": "cell", "demo": "demo state"}


def _flat(text: object) -> str:
    """One line, whatever was typed."""
    return " ".join(str(text).split())


def export(path: Path) -> Path:
    """Write the journal as Markdown; raises `CourseError` where the file cannot be written."""
    try:
        path.write_text(markdown(), encoding="utf-8")
    except OSError as error:
        raise CourseError(f"{path} cannot be written ({error.strerror}); name another file.") from None
    return path
