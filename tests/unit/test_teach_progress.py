"""Progress: read from the record, told in a table, in Markdown, and in a terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_lib import cli
from course_lib.curriculum import LESSONS
from course_lib.teach import Progress, store
from course_lib.teach.journal import markdown
from course_lib.teach.standing import POINTS, standings, what_next


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_WORK", str(tmp_path))
    return tmp_path


def event(kind: str, lesson: str, identity: str, **facts: object) -> None:
    store.append("events", {"kind": kind, "lesson": lesson, "id": identity, **facts})


def solve(lesson: str, opens_with: str) -> None:
    event("prediction", lesson, opens_with, choice="a")
    event("exit", lesson, "exit", part="mechanism", text="It scales.")
    event("check", lesson, "one", status="right", points=POINTS, misconception="")


def row(number: int) -> tuple[str, ...]:
    return Progress().rows()[number]


def test_a_fresh_start_says_what_comes_first() -> None:
    assert row(1) == ("1 Explosion", "none yet", "0 right", "0", "not yet", "0 of 10 points")
    assert Progress().text().endswith("Next: open lesson 0 Start here and commit to its prediction.")


def test_only_the_last_check_of_a_question_counts() -> None:
    event("check", "01_explosion", "one", status="right", points=2, misconception="")
    event("check", "01_explosion", "two", status="right", points=3, misconception="")
    event("check", "01_explosion", "one", status="wrong", points=0, misconception="")
    assert row(1)[-1] == "3 of 10 points"
    assert standings(store.read("events").records)[1].solved == 1


def test_predictions_are_counted_once_and_scored() -> None:
    for identity, held in (("fifty-layers", True), ("other", False)):
        event("prediction", "01_explosion", identity, choice="a")
        event("prediction", "01_explosion", identity, choice="b")
        event("prediction", "01_explosion", identity, seen="b", right=held)
    event("prediction", "01_explosion", "only-looked", seen="b", right=None)
    assert row(1)[1] == "2 made, 1 held"


def test_what_comes_next_follows_the_lessons() -> None:
    told = []
    event("prediction", "00_start_here", "halving-the-step", choice="a")
    told.append(what_next(Progress().stands))
    event("prediction", "01_explosion", "fifty-layers", choice="a")
    told.append(what_next(Progress().stands))
    event("exit", "01_explosion", "exit", part="mechanism", text="It scales.")
    event("check", "01_explosion", "one", status="right", points=4, misconception="")
    told.append(what_next(Progress().stands))
    event("check", "01_explosion", "two", status="right", points=6, misconception="")
    told.append(what_next(Progress().stands))
    assert told == [
        "Next: open lesson 1 Explosion and commit to its prediction.",
        "Next: read lesson 1 Explosion to its exit check.",
        "Next: the exercise of lesson 1 Explosion (4 of 10 points so far).",
        "Next: open lesson 3 Clipping mechanics and commit to its prediction.",
    ]


def test_when_all_is_done_it_says_so() -> None:
    for lesson in LESSONS:
        solve(lesson.name, lesson.opens_with)
    assert all(stand.done for stand in Progress().stands)
    assert "You have done all there is." in Progress().text()
    assert "1 Explosion (done)" in Progress().html()


def test_records_of_odd_shapes_do_not_stop_the_table(work: Path) -> None:
    for record in (
        {"kind": "check"},
        {"kind": "check", "lesson": "01_explosion", "id": ["x"], "points": "9", "status": 3},
        {"kind": "prediction", "lesson": 7, "id": None, "choice": {}},
        {"kind": "exit", "lesson": "01_explosion", "id": "e", "text": 5},
    ):
        store.append("events", record)
    assert row(1)[-1] == "0 of 10 points"


def test_the_terminal_shows_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["progress"]) == 0
    assert capsys.readouterr().out.strip() == Progress().text()


def test_everything_is_exported_as_markdown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event("prediction", "01_explosion", "fifty-layers", choice="about 60")
    event("prediction", "01_explosion", "fifty-layers", choice="about 900")
    event("prediction", "01_explosion", "fifty-layers", seen="about 9,000", right=False)
    assert cli.main(["progress", "--export", str(tmp_path / "me.md")]) == 0
    written = (tmp_path / "me.md").read_text(encoding="utf-8")
    assert "| 1 Explosion | 1 made, 0 held |" in written
    assert "predicted about 60" in written
    assert "predicted about 900" in written
    assert "what happens is about 9,000 (not as predicted)" in written
    assert "No question has been kept yet." in written
    assert "me.md" in capsys.readouterr().out


def test_the_journal_is_exported_by_itself(tmp_path: Path) -> None:
    assert cli.main(["progress", "--journal", str(tmp_path / "journal.md")]) == 0
    assert (tmp_path / "journal.md").read_text(encoding="utf-8") == markdown()


@pytest.mark.parametrize("option", ["--export", "--journal"])
def test_a_file_that_cannot_be_written_is_one_sentence(
    option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["progress", option, str(tmp_path / "no" / "such.md")]) == 1
    said = capsys.readouterr().err.strip()
    assert "such.md cannot be written" in said
    assert "\n" not in said


def test_a_damaged_line_is_named_and_the_rest_is_told(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event("prediction", "01_explosion", "fifty-layers", choice="a")
    with (work / "events.jsonl").open("a") as book:
        book.write("{torn\n")
    assert "Line 2 of events.jsonl is damaged" in Progress().text()
    assert cli.main(["progress"]) == 1
    told = capsys.readouterr()
    assert told.err.strip() == "Line 2 of events.jsonl is damaged and was passed over."
    assert "1 made, 0 held" in told.out
