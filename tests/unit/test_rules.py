"""The course keeps its own rules, and what breaks one is told in a sentence before a test fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from course_lib.build import command, readme, rules, source
from course_lib.build.source import SourceError
from course_lib.checks.exercises import Exercise, OutOfOrder, load
from course_lib.curriculum import LESSONS, Lesson
from course_lib.curriculum import lesson as find_lesson

ROOT = Path(__file__).resolve().parents[2]
NAME = "04_threshold"
LESSON_FILE, EXERCISE_FILE = f"source/lessons/{NAME}.py", f"source/exercises/{NAME}.py"
SOURCES = [
    path.relative_to(ROOT).as_posix() for kind in source.FOLDERS for path in source.source_paths(ROOT, kind)
]
JUDGE = f"course_lib/checks/judges/e{NAME}/update_lengths.py"


@pytest.mark.parametrize("path", SOURCES)
def test_every_source_keeps_the_rules(path: str) -> None:
    assert rules.broken(source.read(ROOT / path, ROOT)) == []


def test_the_course_keeps_the_rules_and_nobody_owes_anything() -> None:
    assert rules.broken_by_course(ROOT) == []
    assert rules.owed(ROOT) == []


# ---- lessons


def changed(tmp_path: Path, old: str, new: str, count: int = 1, kind: source.Kind = "lesson") -> list[str]:
    """What is said of a real source with some of its text changed."""
    folder = source.FOLDERS[kind]
    text = (ROOT / folder / f"{NAME}.py").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / folder / f"{NAME}.py"
    path.parent.mkdir(parents=True)
    path.write_text(text.replace(old, new, count), encoding="utf-8")
    return rules.broken(source.read(path, tmp_path))


@pytest.mark.parametrize(
    ("old", "new", "count", "sentence"),
    [
        ("# ## Intuition", "# ## Intuitions", 1, "the section `## Intuition` is missing."),
        ("Quiz(", "quiz(", -1, "it shows 0 Quiz; a lesson shows 3 or more."),
        ("ExitCheck(\n", "exit_check(\n", 1, "it shows 0 ExitCheck; a lesson shows one."),
        ("Journal(", "journal(", 1, "it shows 0 Journal; a lesson shows 1 or more."),
        ("placebo_guess.reveal(", "placebo_guess.hide(", 1, "predictions and reveals"),
        ('"placebo-threshold"', '"other"', 1, 'no Predict is called "placebo-threshold"'),
        (
            'verdict="conditional"',
            'verdict="wrong"',
            1,
            "has the verdict 'wrong'; say one of true, conditional",
        ),
        ("corrected=", "correct=", 1, "is not true as stated; say what is, in `corrected`."),
        ('witness="', 'witness="no-', 1, "which is the id of no code cell."),
        ("(03_clipping_mechanics.ipynb)", "(02_jacobian.ipynb)", 1, "it speaks of lesson 02_jacobian, and"),
        ("# ## Intuition", "# As lesson 77 says.\n#\n# ## Intuition", 1, "it speaks of lesson 77, and there"),
    ],
)
def test_a_lesson_that_breaks_a_rule_is_told(
    tmp_path: Path, old: str, new: str, count: int, sentence: str
) -> None:
    found = changed(tmp_path, old, new, count)
    assert any(sentence in line for line in found), found
    assert all(line.startswith(LESSON_FILE) and "\n" not in line for line in found)


def test_panels_are_found_however_they_were_imported(tmp_path: Path) -> None:
    assert changed(tmp_path, "Quiz(\n", "teach.Quiz(\n", -1) == []


def test_a_tour_needs_none_of_the_parts_where_the_curriculum_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tour = [replace(entry, tour=entry.name == NAME) for entry in LESSONS]
    monkeypatch.setattr(rules, "LESSONS", tour)
    assert changed(tmp_path, "# ## Intuition", "# ## Intuitions") == []


def test_a_source_without_a_lesson_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "LESSONS", [entry for entry in LESSONS if entry.name != NAME])
    with pytest.raises(SourceError, match=f"^{LESSON_FILE}:1: .*knows no lesson {NAME}; add it there"):
        changed(tmp_path, "Intuition", "Intuition")


# ---- exercises


def asked(monkeypatch: pytest.MonkeyPatch, exercise: Exercise, lesson: Lesson | None = None) -> list[str]:
    """What is said of an exercise with these questions."""
    monkeypatch.setattr(rules, "load", lambda name: exercise)
    if lesson is not None:
        monkeypatch.setattr(rules, "LESSONS", [lesson])
    return rules.broken(source.read(ROOT / EXERCISE_FILE, ROOT))


def judged(exercise: Exercise, **changes: object) -> Exercise:
    """The exercise with its first question judged otherwise."""
    first, *others = exercise.questions
    return replace(exercise, questions=(replace(first, judged=replace(first.judged, **changes)), *others))


def test_too_few_questions_and_points_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise = load(NAME)
    found = asked(monkeypatch, replace(exercise, questions=exercise.questions[:4]))
    assert f"{EXERCISE_FILE}: it has 4 questions; an exercise has 5 to 7." in found
    assert f"{EXERCISE_FILE}: its questions are worth 6 points; an exercise is worth 10." in found


def test_a_small_exercise_has_rules_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    small, exercise = replace(find_lesson(NAME), exercise="small"), load(NAME)
    found = asked(monkeypatch, exercise, small)
    assert found[0].endswith("are worth 10 points; a small exercise is worth 5.")
    assert found[1].endswith("it has 6 questions; a small exercise has 2 to 4.")
    three = [
        replace(q, asked=replace(q.asked, points=n))
        for q, n in zip(exercise.questions[:3], (1, 2, 2), strict=True)
    ]
    pictured = replace(three[0], judged=replace(three[0].judged, picture=lambda case, answer, expected: ""))
    assert asked(monkeypatch, replace(exercise, questions=(pictured, *three[1:])), small) == []


def test_an_exercise_that_the_curriculum_denies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match=f"^{EXERCISE_FILE}:1: .* says exercise=None of this lesson"):
        asked(monkeypatch, load(NAME), replace(find_lesson(NAME), exercise=None))


def test_too_few_pictures_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise = load(NAME)
    plain = tuple(replace(q, judged=replace(q.judged, picture=None)) for q in exercise.questions)
    [sentence] = asked(monkeypatch, replace(exercise, questions=plain))
    assert sentence.startswith(f"{EXERCISE_FILE}: 0 of its questions draw the failing case; in an exercise 2")


def test_misconceptions_and_hints_are_counted_and_each_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    exercise = load(NAME)
    held, hints = exercise.questions[0].judged.misconceptions, exercise.questions[0].judged.hints
    assert asked(monkeypatch, judged(exercise, misconceptions=held[:3])) == [
        f"{JUDGE}: it names 3 misconceptions; a question has 4 or more."
    ]
    twice = (*held, replace(held[0], hint="Another hint than before."))
    assert asked(monkeypatch, judged(exercise, misconceptions=twice)) == [
        f"{JUDGE}: 2 misconceptions are called {held[0].name!r}; give each a name of its own."
    ]
    assert asked(monkeypatch, judged(exercise, hints=(hints[0], hints[0], hints[2]))) == [
        f"{JUDGE}: the hint {hints[0]!r} is given 2 times; give each place a hint of its own."
    ]
    assert asked(monkeypatch, judged(exercise, hints=(*hints[:2], "Think."))) == [
        f"{JUDGE}: the hint 'Think.' says nothing; write a sentence."
    ]


def test_an_exercise_without_questions_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("course_lib.checks.exercises.EXERCISES", ("77_new",))
    with pytest.raises(OutOfOrder, match=r"^checks/probes/e77_new/ is missing; `course new question NAME"):
        load("77_new")


# ---- the course


def test_a_lesson_without_a_source_and_one_that_needs_what_comes_later_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new = replace(find_lesson(NAME), number=2, slug="new", needs=(LESSONS[-1].name,))
    monkeypatch.setattr(rules, "LESSONS", [new, *LESSONS])
    where = "course_lib/curriculum.py: lesson 02_new"
    assert rules.broken_by_course(ROOT) == [
        f"{where} has no source; write source/lessons/02_new.py.",
        f"{where} has no exercise; write source/exercises/02_new.py, or say exercise=None.",
        f"{where} needs {LESSONS[-1].name}, which is no lesson before it.",
    ]


def test_what_is_owed_is_told_with_its_place(tmp_path: Path) -> None:
    for path, text in (
        ("course_lib/curriculum.py", 'x = 1\npromise="TODO: say what a reader will be able to do",\n'),
        ("source/lessons/02_new.py", "# %% [markdown]\n# ## Intuition\n# TODO: two sentences.\n"),
        ("course_lib/demos/new/demo.js", "/* TODO: draw it */\n"),
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    lesson = "source/lessons/02_new.py:3: still to do: two sentences."
    assert rules.owed(tmp_path) == [
        lesson,
        "course_lib/curriculum.py:2: still to do: say what a reader will be able to do",
        "course_lib/demos/new/demo.js:1: still to do: draw it",
    ]
    assert rules.owed(tmp_path, "02_new") == [lesson]


def test_the_build_says_what_breaks_a_rule_and_builds_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "broken", lambda read: [f"{read.path}: a rule."])
    assert command.check(ROOT, [NAME]) == [f"{LESSON_FILE}: a rule.", f"{EXERCISE_FILE}: a rule."]
    planned, _ = command._plan(ROOT, [NAME])
    assert [product.path for product in planned] == [
        f"{folder}/{NAME}.ipynb" for folder in ("notebooks", "solutions", "exercises")
    ]


def test_the_readmes_list_of_lessons_is_written_by_the_build(tmp_path: Path) -> None:
    assert readme.problems(ROOT) == []
    assert readme.problems(tmp_path) == []
    stored = (ROOT / "README.md").read_text(encoding="utf-8")
    file = tmp_path / "README.md"
    file.write_text(stored.replace("| 50 | 01 |", "| 40 | 01 |"), encoding="utf-8")
    assert readme.problems(tmp_path) == [
        "README.md: its list of lessons is not what course_lib/curriculum.py says; `course build` writes it."
    ]
    readme.write(tmp_path)
    assert file.read_text(encoding="utf-8") == stored
    file.write_text("no list")
    assert readme.problems(tmp_path)[0].startswith("README.md: there is no list of lessons")
