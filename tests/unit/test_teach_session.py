"""What a kernel knows of itself: the lesson it runs, its cells, their time."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from course_lib.teach import measured_minutes, session
from course_lib.teach.session import RanCell, Session, current_lesson, first_line


@pytest.mark.parametrize(
    ("notebook", "lesson"),
    [
        ("/home/ada/course/notebooks/01_explosion.ipynb", "01_explosion"),
        ("notebooks/03_clipping_mechanics-Copy1.ipynb", "03_clipping_mechanics"),
        ("C:\\Users\\ada\\01_explosion.ipynb", "01_explosion"),
        ("Untitled.ipynb", ""),
        ("", ""),
    ],
)
def test_the_notebooks_name_tells_the_lesson(
    notebook: str, lesson: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", notebook)
    monkeypatch.setattr(session.SESSION, "lesson", "")
    assert current_lesson() == lesson


def test_where_no_name_tells_the_notebook_itself_has_said_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.setattr(session.SESSION, "lesson", "01_explosion")
    assert current_lesson() == "01_explosion"


def test_only_running_cells_count_as_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "perf_counter", lambda: now)
    running = Session()
    now = 102.0
    running.end()
    now = 500.0  # the reader reads
    running.begin(SimpleNamespace(raw_cell="x = 1", cell_id="a"))
    now = 503.0
    assert running.measured() == 5.0
    running.end()
    now = 600.0
    assert running.measured() == 5.0


def test_cells_are_remembered_once_by_id_and_first_line() -> None:
    running = Session()
    for code, cell in [
        ("# title\n\nx = 1", "a"),
        ("x = 1", "a"),
        ("", "b"),
        ("# only words", "c"),
        ("y", None),
    ]:
        running.begin(SimpleNamespace(raw_cell=code, cell_id=cell))
    assert running.cells == [RanCell("a", "x = 1"), RanCell("", "y")]


def test_a_long_first_line_is_cut() -> None:
    assert first_line("x" * 100) == "x" * 59 + "…"


def test_both_times_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.SESSION, "measured", lambda: 3.24)
    assert measured_minutes("01_explosion").text() == (
        "Stated: 50 minutes to read and think. "
        "Measured: the cells of this notebook have run for 3.2 s so far."
    )
