"""What a kernel knows of itself: the lesson it runs, its cells, their time."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from course_lib.teach import measured_minutes, session
from course_lib.teach.session import Session, beginning, current_lesson


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


def test_a_cell_is_remembered_by_its_latest_run() -> None:
    running = Session()
    for code, cell in [
        ("# title\n\nx = 1", "a"),
        ("y", None),
        ("", "b"),
        ("# only words", "c"),
        ("x = 2", "a"),
    ]:
        running.begin(SimpleNamespace(raw_cell=code, cell_id=cell))
    assert [(ran.id, ran.beginning) for ran in running.cells.values()] == [("a", "x = 2"), ("", "y")]
    assert running.cells["y"].label == "[2] y"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("x" * 100, "x" * 59 + "…"),
        ('Claim(\n    id="growth",\n)', 'Claim(id="growth", )'),
        ("from a import b\n\nb()", "b()"),
        ("import a", "import a"),
        ("%matplotlib inline\n# words", ""),
    ],
)
def test_a_cell_is_known_by_how_it_begins(code: str, said: str) -> None:
    assert beginning(code) == said


def test_both_times_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.SESSION, "measured", lambda: 3.24)
    assert measured_minutes("01_explosion").text() == (
        "Stated: 70 minutes to read and think. "
        "Measured: the cells of this notebook have run for 3.2 s so far."
    )


def test_no_time_of_the_builder_is_stored_for_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_BUILD", "1")
    monkeypatch.setattr(session.SESSION, "measured", lambda: 3.24)
    said = measured_minutes("01_explosion").text()
    assert said.startswith("Stated: 70 minutes")
    assert "3.2" not in said and "on your machine" in said
