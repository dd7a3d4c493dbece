"""Every panel: readable without a kernel, the same on every machine, safe with any text, and it keeps its word."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from course_lib.curriculum import LESSONS
from course_lib.teach import (
    Claim,
    ExitCheck,
    Frame,
    Hint,
    Inquiry,
    Journal,
    LearningMap,
    Predict,
    Progress,
    Quiz,
    Storyboard,
    measured_minutes,
    store,
)
from course_lib.teach.panel import WIDGET_VIEW, Panel
from course_lib.teach.telling import Telling

ATTACK = '<img src=x onerror="alert(1)">'
SVG = '<svg viewBox="0 0 1 1"><title>A dot</title></svg>'


def predict(text: str = "How large?") -> Predict:
    return Predict("growth", text, options=["about 60", f"about 900 {text}", "about 9,000"])


def reveal(text: str = "so") -> Telling:
    return predict(text).reveal(answer=2, because=text)


def inquiry(text: str = "Which cue?") -> Inquiry:
    return Inquiry("cue", text, SVG, options=["length", f"line {text}"], answer=1, because=text)


def quiz(text: str = "How long?") -> Quiz:
    return Quiz(
        "quiz", text, {f"1 {text}": f"That is {text}", "0.6": "Right: 3/5.", "3": "Too long."}, answer="0.6"
    )


def claim(text: str = "It helps.") -> Claim:
    return Claim(
        id="helps",
        statement=text,
        source=text,
        witness="cell-1",
        verdict="false",
        popular=text,
        corrected=text,
    )


def storyboard(text: str = "A step") -> Storyboard:
    return Storyboard(text, [Frame(f"{text} {place}", SVG) for place in range(4)])


def exit_check(text: str = "It scales.") -> ExitCheck:
    return ExitCheck("exit", mechanism=[text, "It keeps."], prerequisite=text, perturbation=(text, text))


def hint(text: str = "Look") -> Hint:
    return Hint(text, f"{text} closer", f"{text} there")


def journal(_: str = "") -> Journal:
    return Journal("01_explosion")


def learning_map(_: str = "") -> LearningMap:
    return LearningMap("01_explosion")


def progress(_: str = "") -> Progress:
    return Progress()


MAKERS: dict[str, Callable[..., Telling]] = {
    maker.__name__: maker
    for maker in (
        predict,
        reveal,
        inquiry,
        quiz,
        claim,
        storyboard,
        exit_check,
        hint,
        journal,
        learning_map,
        progress,
    )
}


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course whose exercises are two words, and a learner who has done nothing yet."""
    root = tmp_path / "course"
    (root / "source").mkdir(parents=True)
    (root / "exercises").mkdir()
    for lesson in LESSONS:
        (root / "exercises" / f"{lesson.name}.ipynb").write_text("the exercise")
    monkeypatch.setenv("COURSE_ROOT", str(root))
    monkeypatch.setenv("COURSE_WORK", str(root / "work"))
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    return root / "work"


def bundle(shown: Telling) -> dict[str, Any]:
    data = shown._repr_mimebundle_()
    return dict(data[0] if isinstance(data, tuple) else data)


def said(panel: Any) -> str:
    """What a panel says to the reader, tags left out."""
    return re.sub(r"<[^>]*>", "", " ".join(part["html"] for part in panel.feedback))


@pytest.mark.parametrize("maker", MAKERS)
def test_words_are_the_same_every_time(maker: str) -> None:
    first, second = bundle(MAKERS[maker]()), bundle(MAKERS[maker]())
    for mime in ("text/plain", "text/html"):
        assert first[mime] == second[mime]
        assert first[mime].strip()
        assert "object at" not in first[mime]
    assert repr(MAKERS[maker]()) == first["text/plain"]


@pytest.mark.parametrize("maker", MAKERS)
def test_the_words_need_no_script_and_no_network(maker: str) -> None:
    html = bundle(MAKERS[maker]())["text/html"]
    for forbidden in ("<script", "http://", "https://", "<style", "<input", "<form"):
        assert forbidden not in html
    for summary in re.findall(r"<summary[^>]*>", html):
        assert "data-lm-suppress-shortcuts" in summary, "JupyterLab would take Enter from it"


@pytest.mark.parametrize("maker", MAKERS)
def test_a_widget_view_stands_beside_the_words(maker: str) -> None:
    shown = MAKERS[maker]()
    assert (WIDGET_VIEW in bundle(shown)) == isinstance(shown, Panel)


@pytest.mark.parametrize("maker", MAKERS)
def test_whatever_is_written_is_shown_and_never_obeyed(maker: str) -> None:
    shown = MAKERS[maker](ATTACK)
    assert "<img src=x" not in bundle(shown)["text/html"]
    if isinstance(shown, Panel):
        state = {name: value for name, value in shown.get_state().items() if not name.startswith("_")}
        prepared = re.findall(r"<img src=x", json.dumps(state))
        assert maker == "storyboard" or not prepared
    if maker == "storyboard":
        assert isinstance(shown, Storyboard)
        assert shown.title == ATTACK, "the title goes to the page as text"
        assert "<img src=x" not in json.dumps(shown.frames)


def test_what_the_learner_wrote_comes_back_as_text() -> None:
    written = exit_check()
    written.receive({"do": "write", "part": "mechanism", "text": ATTACK})
    assert written.parts[0]["text"] == ATTACK  # a textarea's value, not markup
    store.append("events", {"kind": "prediction", "id": "growth", "choice": "about 60"})
    store.append("events", {"kind": "prediction", "id": "growth", "choice": ATTACK})
    again = predict()
    assert "<img src=x" not in json.dumps(again.feedback)
    assert "<img src=x" not in again.reveal(answer=2, because="so").html()


@pytest.mark.parametrize("maker", [name for name in MAKERS if name not in ("hint", "progress", "storyboard")])
def test_a_message_that_makes_no_sense_is_shown_and_raised(maker: str) -> None:
    panel = MAKERS[maker]()
    assert isinstance(panel, Panel)
    for message in ({"do": "nothing"}, {}, {"do": "choose", "index": 99}, {"do": "choose", "index": "0"}):
        with pytest.raises(ValueError, match="message it does not know"):
            panel._handle_custom_msg(message, [])
        assert "message it does not know" in panel.trouble


def test_trouble_is_taken_back_when_the_next_message_is_answered() -> None:
    panel = predict()
    with pytest.raises(ValueError, match="does not know"):
        panel._handle_custom_msg({"do": "nothing"}, [])
    panel._handle_custom_msg({"do": "choose", "index": 0}, [])
    assert panel.trouble == ""


def test_a_record_that_cannot_be_kept_is_trouble_in_the_panel(work: Path) -> None:
    panel = predict()
    (work / "events.jsonl").mkdir()
    with pytest.raises(store.StoreError):
        panel._handle_custom_msg({"do": "choose", "index": 0}, [])
    assert "events.jsonl" in panel.trouble
    assert not panel.locked, "what was not kept must not look committed"


# Predict


def test_a_prediction_is_kept_and_found_again() -> None:
    predict().receive({"do": "choose", "index": 1})
    again = predict()
    assert again.locked
    assert again.chosen == 1
    assert "You committed to about 900" in said(again)


def test_a_committed_prediction_cannot_silently_be_changed() -> None:
    guess = predict()
    guess.receive({"do": "choose", "index": 1})
    with pytest.raises(ValueError, match="does not know"):
        guess.receive({"do": "choose", "index": 2})


def test_a_revision_keeps_both() -> None:
    guess = predict()
    guess.receive({"do": "choose", "index": 0})
    guess.receive({"do": "again"})
    guess.receive({"do": "choose", "index": 2})
    assert [record["choice"] for record in store.events("prediction", "growth")] == [
        "about 60",
        "about 9,000",
    ]
    assert "committed to about 9,000. Before that: about 60." in said(predict())


def test_committing_to_the_same_again_is_no_revision() -> None:
    guess = predict()
    guess.receive({"do": "choose", "index": 0})
    guess.receive({"do": "again"})
    guess.receive({"do": "choose", "index": 0})
    assert len(store.events("prediction", "growth")) == 1


def test_without_a_commitment_the_answer_is_said_but_folded() -> None:
    shown = predict().reveal(answer=2, because="1.2 to the 50th is 9,100.")
    assert shown.text() == "What happens: about 9,000. 1.2 to the 50th is 9,100."
    assert shown.html().startswith("<details>")
    assert not shown.committed


@pytest.mark.parametrize(("index", "score"), [(2, "As you predicted."), (1, "Not as you predicted.")])
def test_a_commitment_is_scored_when_it_is_made_after_the_reveal_was_run(index: int, score: str) -> None:
    guess = predict()
    shown = guess.reveal(answer=2, because="so")
    guess.receive({"do": "choose", "index": index})
    assert shown.committed
    assert said(shown).startswith(score)
    shown.receive({"do": "see"})
    assert store.events("prediction", "growth")[-1]["right"] is (index == 2)


def test_until_the_answer_was_seen_a_prediction_can_be_revised_and_then_no_more() -> None:
    guess = predict()
    shown = guess.reveal(answer=2, because="so")
    guess.receive({"do": "choose", "index": 0})
    assert guess.again == "Revise"
    shown.receive({"do": "see"})
    assert guess.again == ""
    with pytest.raises(ValueError, match="does not know"):
        guess.receive({"do": "again"})


def test_a_prediction_made_after_looking_is_not_scored() -> None:
    guess = predict()
    shown = guess.reveal(answer=2, because="so")
    shown.receive({"do": "see"})
    guess.receive({"do": "choose", "index": 2})
    assert not shown.committed
    assert shown.text().startswith("What happens:")
    assert [record["right"] for record in store.events("prediction", "growth") if "seen" in record] == [None]


def test_a_choice_that_is_no_longer_offered_leaves_the_question_open() -> None:
    store.append("events", {"kind": "prediction", "id": "growth", "choice": "about a million"})
    assert not predict().locked


# Inquiry, Quiz, Claim


def test_an_inquiry_gives_the_answer_only_after_a_pick() -> None:
    shown = inquiry()
    assert shown.feedback == []
    shown.receive({"do": "choose", "index": 0})
    assert "Not that one." in said(shown)
    assert "The cue: line" in said(shown)
    assert inquiry().chosen == 0
    assert store.events("inquiry", "cue")[0]["right"] is False


def test_every_option_of_a_quiz_is_explained_and_every_attempt_kept() -> None:
    shown = quiz()
    shown.receive({"do": "choose", "index": 2})
    assert "Not this one. Too long." in said(shown)
    shown.receive({"do": "choose", "index": 1})
    assert said(shown).startswith("Right: 3/5.")
    assert "Too long." in said(shown)
    assert [record["right"] for record in store.events("quiz", "quiz")] == [False, True]


def test_an_explanation_that_does_not_say_right_gets_it_said() -> None:
    shown = Quiz("q", "Why?", {"a": "Because.", "b": "No."}, answer="a")
    shown.receive({"do": "choose", "index": 0})
    assert said(shown).startswith("Right. Because.")


def test_a_claim_is_judged_by_the_reader_first() -> None:
    shown = claim()
    assert "false as stated" not in said(shown)
    shown.receive({"do": "choose", "index": 2})
    assert "You and the evidence agree: false as stated." in said(shown)
    shown.receive({"do": "again"})
    shown.receive({"do": "choose", "index": 0})
    assert "You say true; the evidence says otherwise: false as stated." in said(shown)
    assert [record["choice"] for record in store.events("claim", "helps")] == ["false as stated", "true"]


def test_a_claim_names_its_parts_for_a_machine() -> None:
    shown = claim("It helps.")
    assert (shown.id, shown.statement, shown.witness, shown.verdict) == (
        "helps",
        "It helps.",
        "cell-1",
        "false",
    )


# ExitCheck


def test_the_rubric_arrives_only_after_own_words() -> None:
    shown = exit_check()
    assert "rubric" not in shown.parts[0]
    assert "answer" not in shown.parts[2]
    shown.receive({"do": "write", "part": "mechanism", "text": "  It shrinks.  "})
    assert shown.parts[0]["rubric"] == ["It scales.", "It keeps."]
    assert "answer" not in shown.parts[2]
    shown.receive({"do": "tick", "met": [1]})
    again = exit_check()
    assert again.parts[0]["text"] == "It shrinks."
    assert again.parts[0]["met"] == [1]


@pytest.mark.parametrize(
    "message",
    [
        {"do": "write", "part": "mechanism", "text": "  "},
        {"do": "write", "part": "other", "text": "a"},
        {"do": "tick", "met": [7]},
        {"do": "tick", "met": ["0"]},
    ],
)
def test_an_exit_check_keeps_nothing_that_makes_no_sense(message: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not know"):
        exit_check().receive(message)
    assert store.events("exit", "exit") == []


# Journal


def question(**changes: Any) -> dict[str, Any]:
    pin = {"kind": "equation", "label": "the second line"}
    return {"do": "keep", "pin": pin, "question": "Why?", "evidence": "cell 3", "settles": "a run"} | changes


def test_a_question_is_pinned_kept_and_settled(work: Path) -> None:
    shown = journal()
    shown.receive(question())
    shown.receive(question(pin={"kind": "cell", "id": "abc", "label": "print(1)"}, question="And\nthis?"))
    shown.receive({"do": "settle", "id": 1, "text": "A run said so."})
    again = journal()
    assert [(entry["id"], entry["question"], entry["settled"]) for entry in again.entries] == [
        (1, "Why?", ["A run said so."]),
        (2, "And\nthis?", []),
    ]
    shown.receive({"do": "export"})
    written = (work / "journal.md").read_text(encoding="utf-8")
    assert "## Explosion" in written
    assert "### 1. Why?" in written
    assert "### 2. And this?" in written
    assert "- Pinned to the cell `print(1)` (cell id abc)" in written
    assert "- Settled: A run said so." in written


@pytest.mark.parametrize(
    "changes",
    [
        {"question": " "},
        {"evidence": ""},
        {"settles": None},
        {"pin": {"kind": "mood", "label": "x"}},
        {"pin": {"kind": "cell", "label": " "}},
        {"pin": "the second line"},
    ],
)
def test_a_question_without_a_pin_evidence_or_end_is_not_kept(changes: dict[str, Any]) -> None:
    shown = journal()
    with pytest.raises(ValueError, match="does not know"):
        shown.receive(question(**changes))
    assert store.read("journal").records == []


def test_the_newest_demo_of_a_kind_can_be_pinned_in_its_state() -> None:
    class Slider(Panel):
        script = Path(__file__).parents[2] / "course_lib" / "teach" / "reveal.js"
        at = 0

        def text(self) -> str:
            return "A slider"

        def html(self) -> str:
            return "<p>A slider</p>"

        def pin(self) -> str:
            return f"slider at {self.at}"

    try:
        Slider()
        newest = Slider()
        newest.at = 3
        assert {"kind": "demo", "id": "", "label": "slider at 3"} in journal().pins
        assert "slider at 0" not in json.dumps(journal().pins)
    finally:
        Panel.alive = {name: panel for name, panel in Panel.alive.items() if "Slider" not in name}


def test_entries_of_another_lesson_stay_with_it() -> None:
    Journal("03_clipping_mechanics").receive(question())
    assert journal().entries == []


# LearningMap


def test_an_edge_opens_when_its_prediction_was_made() -> None:
    before = learning_map()
    assert "course-open" not in before.picture
    Predict("fifty-layers", "How large?", ["a", "b"]).receive({"do": "choose", "index": 0})
    before.receive({"do": "refresh"})
    for shown in (before, learning_map()):
        assert shown.picture.count("course-open") == 1
        assert "opened the way to 3 Clipping mechanics" in shown.lessons[1]["facts"]


def test_the_map_shows_the_lessons_that_exist_and_no_others() -> None:
    shown = learning_map()
    assert [entry["name"] for entry in shown.lessons] == [lesson.name for lesson in LESSONS]
    assert LearningMap(LESSONS[0].name).text().count("\n") == len(LESSONS)


def test_a_lesson_stores_what_it_needs_and_where_the_whole_map_is(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = LearningMap("04_threshold")
    assert shown.text().splitlines() == [
        "Map of lessons",
        "   3 Clipping mechanics: 50 minutes; needs 1 Explosion",
        "-> 4 Choosing the threshold: 50 minutes; needs 3 Clipping mechanics",
        "The whole map is in 0 Start here.",
    ]
    assert '<a href="00_start_here.ipynb">0 Start here</a>' in shown.html()
    new = replace(LESSONS[-1], number=99, slug="new", needs=("04_threshold",))
    before = shown.html()
    for room in ("course_lib.curriculum", "course_lib.teach.learning_map"):
        monkeypatch.setattr(f"{room}.LESSONS", (*LESSONS, new))
    assert LearningMap("04_threshold").html() == before
    assert "99 Fairness" in LearningMap("00_start_here").html()


def test_every_edge_names_a_prediction_that_its_lesson_asks() -> None:
    lessons = Path(__file__).parents[2] / "source" / "lessons"
    for lesson in LESSONS:
        text = (lessons / f"{lesson.name}.py").read_text(encoding="utf-8")
        assert re.search(rf'Predict\(\s*"{re.escape(lesson.opens_with)}"', text), (
            f"{lesson.name} asks no such"
        )


def test_an_exercise_is_copied_on_first_opening_and_kept_afterwards(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (work.parent / "notebooks").mkdir()
    monkeypatch.chdir(work.parent / "notebooks")
    shown = learning_map()
    shown.receive({"do": "open", "exercise": "01_explosion"})
    assert shown.opening["path"] == "../work/01_explosion.ipynb"
    (work / "01_explosion.ipynb").write_text("my answer")
    shown.receive({"do": "open", "exercise": "01_explosion"})
    assert (work / "01_explosion.ipynb").read_text() == "my answer"
    assert shown.opening["times"] == 2


def test_an_exercise_that_is_not_there_is_trouble_in_the_map() -> None:
    shown = learning_map()
    with pytest.raises(Exception, match="no exercise"):
        shown._handle_custom_msg({"do": "open", "exercise": "../../etc/passwd"}, [])
    assert "no exercise" in shown.trouble


@pytest.mark.parametrize("maker", [Journal, LearningMap, measured_minutes])
def test_a_lesson_that_is_not_there_is_named_with_those_that_are(maker: Callable[[str], Any]) -> None:
    with pytest.raises(KeyError, match="01_explosion"):
        maker("99_nothing")


# What an author may not leave out


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Predict("a b", "Why?", ["x", "y"]), "an id is made of|An id is made of"),
        (lambda: Predict("a", " ", ["x", "y"]), "question is empty"),
        (lambda: Predict("a", "Why?", ["x"]), "at least two options"),
        (lambda: Predict("a", "Why?", ["x", "x"]), "all different"),
        (lambda: predict().reveal(answer=3, because="so"), "none of the 3 options"),
        (lambda: predict().reveal(answer=1, because=" "), "because"),
        (lambda: Inquiry("a", "Why?", SVG, ["x", "y"], 2, "so"), "none of the 2 options"),
        (lambda: Inquiry("a", "Why?", "<svg></svg>", ["x", "y"], 1, "so"), "<title>"),
        (lambda: Quiz("a", "Why?", {"x": "1", "y": "2"}, answer="z"), "none of the options"),
        (lambda: Quiz("a", "Why?", {"x": "1", "y": ""}, answer="x"), "no explanation"),
        (lambda: Claim(id="a", statement="s", source="x", witness="w", verdict="maybe"), "must be"),  # type: ignore[arg-type]
        (lambda: Claim(id="a", statement="s", source="", witness="w", verdict="true"), "source"),
        (lambda: Claim(id="a", statement="s", source="x", witness="w", verdict="false"), "corrected"),
        (lambda: Claim(id="a", statement="s", source="x", witness="", verdict="true"), "An id is made of"),
        (lambda: Hint("a", "", "c"), "A strategy is empty"),
        (lambda: Storyboard("t", [Frame("a", SVG)] * 3), "four to six frames"),
        (lambda: Storyboard("t", [Frame("a", SVG)] * 7), "four to six frames"),
        (lambda: Frame(" ", SVG), "caption"),
        (lambda: ExitCheck("a", [], "p", ("q", "a")), "mechanism"),
        (lambda: ExitCheck("a", ["m"], "p", ("q", " ")), "perturbation"),
    ],
)
def test_what_is_left_out_is_named(make: Callable[[], Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        make()


def test_a_picture_that_is_none_is_refused() -> None:
    with pytest.raises(TypeError, match="must be an SVG"):
        Frame("a", "picture.png")
    with pytest.raises(TypeError, match="not int"):
        Frame("a", 3)  # type: ignore[arg-type]
