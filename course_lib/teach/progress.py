"""Progress: what is done, the points, and what comes next."""

from __future__ import annotations

from html import escape

from course_lib.teach import store
from course_lib.teach.standing import POINTS, Standing, standings, what_next
from course_lib.teach.telling import Telling

_COLUMNS = ("Lesson", "Predictions", "Quick questions", "Claims judged", "Exit check", "Exercise")


class Progress(Telling):
    """A table with a row a lesson, read from the learner's own record when it is shown."""

    def __init__(self) -> None:
        pages = store.read("events")
        self.damaged = pages.damaged
        self.stands = standings(pages.records)

    def rows(self) -> list[tuple[str, ...]]:
        """The cells of the table, below its heads."""
        return [_row(stand) for stand in self.stands]

    def text(self) -> str:
        """The table in columns, what comes next, and which lines of the record could not be read."""
        table = [_COLUMNS, *self.rows()]
        widths = [max(len(row[column]) for row in table) for column in range(len(_COLUMNS))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([*lines, what_next(self.stands), *self.damaged])

    def html(self) -> str:
        """The same as a table."""
        head = "".join(f'<th scope="col" style="text-align:left">{name}</th>' for name in _COLUMNS)
        body = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(first)}</th>'
            + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in rest)
            + "</tr>"
            for first, *rest in self.rows()
        )
        said = "".join(f"<p>{escape(line)}</p>" for line in [what_next(self.stands), *self.damaged])
        table = f"<caption>Your progress</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        return f"<table>{table}</table>{said}"

    def markdown(self) -> str:
        """The same as Markdown."""
        rows = ["| " + " | ".join(row) + " |" for row in [_COLUMNS, ("---",) * len(_COLUMNS), *self.rows()]]
        return "\n".join(["# Progress", "", *rows, "", what_next(self.stands), ""])


def _row(stand: Standing) -> tuple[str, ...]:
    lesson = stand.lesson
    done = " (done)" if stand.done else ""
    predictions = f"{stand.predictions} made, {stand.held} held" if stand.predictions else "none yet"
    exercise = f"{stand.points} of {POINTS} points" if lesson.exercise else "-"
    written = ("written" if stand.exit else "not yet") if lesson.exercise else "-"
    return (
        f"{lesson.number} {lesson.title}{done}",
        predictions,
        f"{stand.quizzes} right",
        str(stand.claims),
        written,
        exercise,
    )
