"""The learner's record: nothing in it is ever lost, and a damaged line harms only itself."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from course_lib.errors import CourseError
from course_lib.teach import store


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_WORK", str(tmp_path / "work"))
    return tmp_path / "work"


def test_what_is_appended_is_read_in_order(work: Path) -> None:
    for number in range(3):
        store.append("events", {"kind": "quiz", "id": "a", "number": number})
    assert [record["number"] for record in store.events("quiz", "a")] == [0, 1, 2]
    assert store.events("quiz", "b") == []
    assert store.events("claim", "a") == []
    assert (work / "events.jsonl").read_text().count("\n") == 3


def test_an_empty_folder_holds_nothing() -> None:
    assert store.read("events") == store.Pages()


def test_text_comes_back_as_it_was_typed() -> None:
    typed = 'a "quote",\na new line,   ü, 梯度, <b>'
    store.append("journal", {"question": typed})
    assert store.read("journal").records[0]["question"] == typed


@pytest.mark.parametrize(
    "damage",
    [b"{not json}\n", b"[1, 2]\n", b'"text"\n', b'{"kind": "quiz"}\n', b"\xff\xfe\n", b"[" * 100_000 + b"\n"],
)
def test_a_damaged_line_is_passed_over_with_one_sentence_and_stays(work: Path, damage: bytes) -> None:
    store.append("events", {"kind": "quiz", "id": "before"})
    with (work / "events.jsonl").open("ab") as book:
        book.write(damage)
    store.append("events", {"kind": "quiz", "id": "after"})
    pages = store.read("events")
    assert [record["id"] for record in pages.records] == ["before", "after"]
    assert pages.damaged == ["Line 2 of events.jsonl is damaged and was passed over."]
    assert damage in (work / "events.jsonl").read_bytes()


def test_a_line_that_a_crash_tore_does_not_take_the_next_one_with_it(work: Path) -> None:
    store.append("events", {"kind": "quiz", "id": "whole"})
    path = work / "events.jsonl"
    path.write_bytes(path.read_bytes() + b'{"at": "2026", "kind": "qu')
    store.append("events", {"kind": "quiz", "id": "next"})
    pages = store.read("events")
    assert [record["id"] for record in pages.records] == ["whole", "next"]
    assert len(pages.damaged) == 1


def _write_many(folder: str, writer: int) -> None:
    os.environ["COURSE_WORK"] = folder
    for number in range(100):
        store.append("events", {"kind": "quiz", "id": f"{writer}", "text": "x" * 500, "number": number})


def test_two_notebooks_do_not_tear_each_others_lines(work: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(str(work), writer)) for writer in range(2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    pages = store.read("events")
    assert not pages.damaged
    for name in ("0", "1"):
        assert [record["number"] for record in store.events("quiz", name)] == list(range(100))


def test_a_record_that_cannot_be_written_is_one_sentence(work: Path) -> None:
    (work / "events.jsonl").mkdir(parents=True)
    with pytest.raises(CourseError, match=r"events\.jsonl cannot be") as said:
        store.append("events", {"kind": "quiz"})
    assert "\n" not in str(said.value)
    with pytest.raises(CourseError, match=r"events\.jsonl cannot be read"):
        store.read("events")
