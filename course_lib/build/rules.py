"""What a lesson, an exercise and a question must have, as data, and what a source lacks of it, a sentence each.

The build says these sentences beside what it builds, since a rule that is broken keeps no notebook from being looked
at; the tests ask the same functions. The curriculum says which exercise is small, which lesson has none, and which
lesson is a tour that teaches nothing yet. What is not written yet stands as `TODO: what to do` in its file.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from course_lib.build.source import FOLDERS, Cell, Source, source_paths
from course_lib.checks.exercises import Exercise, load
from course_lib.checks.judging import Question
from course_lib.curriculum import LESSONS, ExerciseSize, Lesson


@dataclass(frozen=True)
class ExerciseRule:
    """Of one exercise: all its points, how few and how many questions, and how many of them draw their failing case."""

    points: int
    fewest: int
    most: int
    pictures: int


EXERCISE: Mapping[ExerciseSize, ExerciseRule] = MappingProxyType(
    {"full": ExerciseRule(10, fewest=5, most=7, pictures=2), "small": ExerciseRule(5, 2, 4, pictures=1)}
)

MISCONCEPTIONS = 4
"""At least as many a question, each with a name and a hint of its own."""

SHORTEST_HINT = 10
"""Letters; every question has three hints, which the type of `Judged.hints` sees to."""

PARTS = ("Play first", "Intuition", "Claim review", "In practice", "Check yourself", "In five lines")
"""The sections that every lesson has, among those of its own."""

AT_LEAST: Mapping[str, int] = MappingProxyType(
    {
        "Predict": 1,
        "Storyboard": 1,
        "Inquiry": 1,
        "Claim": 5,
        "Quiz": 3,
        "Journal": 1,
        "LearningMap": 1,
        "measured_minutes": 1,
    }
)
ONE = ("ExitCheck",)
"""How many panels of each kind a lesson shows at least, and of which it shows one."""

VERDICTS = ("true", "conditional", "false")

_OWED = re.compile(r"\bTODO: *(.+)$")
_CLOSING = " '\"),;*/"
_WHERE_OWED = (
    *FOLDERS.values(),
    *(f"course_lib/{room}" for room in ("curriculum.py", "figures", "demos", "checks")),
    "tests/exercises",
)


def broken(source: Source) -> list[str]:
    """What a source lacks, a sentence each.

    Raises `SourceError` where the curriculum knows no such lesson or exercise, and `OutOfOrder` where the two halves of
    an exercise's questions do not match.
    """
    lesson = next((entry for entry in LESSONS if entry.name == source.name), None)
    if lesson is None:
        raise source.error(1, f"course_lib/curriculum.py knows no lesson {source.name}; add it there")
    if source.kind == "lesson":
        return list(_of_lesson(source, lesson))
    if lesson.exercise is None:
        said = 'says exercise=None of this lesson; say exercise="full" or "small", or delete this file'
        raise source.error(1, f"course_lib/curriculum.py {said}")
    return list(_of_exercise(source, lesson.exercise, load(source.name)))


def broken_by_course(root: Path) -> list[str]:
    """Where the curriculum and the sources in `root` do not name the same lessons and exercises."""
    found = []
    lessons = {path.stem for path in source_paths(root, "lesson")}
    exercises = {path.stem for path in source_paths(root, "exercise")}
    names = [lesson.name for lesson in LESSONS]
    for place, lesson in enumerate(LESSONS):
        where = f"course_lib/curriculum.py: lesson {lesson.name}"
        if lesson.name not in lessons:
            found.append(f"{where} has no source; write source/lessons/{lesson.name}.py.")
        if lesson.exercise and lesson.name not in exercises:
            found.append(
                f"{where} has no exercise; write source/exercises/{lesson.name}.py, or say exercise=None."
            )
        for need in lesson.needs:
            if need not in names[:place]:
                found.append(f"{where} needs {need}, which is no lesson before it.")
    return found


def owed(root: Path, name: str = "") -> list[str]:
    """What authors have left to do: each `TODO: ...` of the sources, questions, figures, demos and their tests.

    With a `name`, of the files and folders alone that carry it.
    """
    found = []
    for place in _WHERE_OWED:
        files = sorted((root / place).rglob("*")) if (root / place).is_dir() else [root / place]
        for file in files:
            path = file.relative_to(root).as_posix()
            if name not in path or file.suffix not in (".py", ".js", ".css") or not file.is_file():
                continue
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                if match := _OWED.search(line):
                    found.append(f"{path}:{number}: still to do: {match[1].rstrip(_CLOSING)}")
    return found


def _of_exercise(source: Source, size: ExerciseSize, exercise: Exercise) -> Iterator[str]:
    rule, what = EXERCISE[size], "an exercise" if size == "full" else "a small exercise"
    questions = exercise.questions
    if exercise.points != rule.points:
        yield f"{source.path}: its questions are worth {exercise.points} points; {what} is worth {rule.points}."
    if not rule.fewest <= len(questions) <= rule.most:
        yield f"{source.path}: it has {len(questions)} questions; {what} has {rule.fewest} to {rule.most}."
    drawn = sum(question.judged.picture is not None for question in questions)
    if drawn < rule.pictures:
        yield (
            f"{source.path}: {drawn} of its questions draw the failing case; "
            f"in {what} {rule.pictures} or more do (`picture` of `Judged`)."
        )
    for question in questions:
        where = f"course_lib/checks/judges/e{source.name}/{question.name}.py"
        yield from (f"{where}: {sentence}" for sentence in of_question(question))


def of_question(question: Question) -> list[str]:
    """What a question lacks: points, misconceptions, hints of their own."""
    found = []
    held, hints = question.judged.misconceptions, question.judged.hints
    if question.points < 1:
        found.append(f"it is worth {question.points} points; a question is worth 1 or more.")
    if len(held) < MISCONCEPTIONS:
        found.append(f"it names {len(held)} misconceptions; a question has {MISCONCEPTIONS} or more.")
    for name, count in Counter(entry.name for entry in held).items():
        if count > 1:
            found.append(f"{count} misconceptions are called {name!r}; give each a name of its own.")
    for hint, count in Counter([*hints, *(entry.hint for entry in held)]).items():
        if len(hint.strip()) <= SHORTEST_HINT:
            found.append(f"the hint {hint!r} says nothing; write a sentence.")
        if count > 1:
            found.append(f"the hint {hint!r} is given {count} times; give each place a hint of its own.")
    return found


def _of_lesson(source: Source, lesson: Lesson) -> Iterator[str]:
    yield from _unknown_lessons(source)
    if lesson.tour:
        return
    headings = {
        line.removeprefix("## ").strip()
        for cell in source.cells
        if cell.kind == "markdown"
        for line in cell.text.splitlines()
        if line.startswith("## ")
    }
    for part in PARTS:
        if part not in headings:
            yield f"{source.path}: the section `## {part}` is missing."
    panels = list(_panels(source))
    shown = Counter(panel.kind for panel in panels)
    for kind, least in AT_LEAST.items():
        if shown[kind] < least:
            yield f"{source.path}: it shows {shown[kind]} {kind}; a lesson shows {least} or more."
    for kind in ONE:
        if shown[kind] != 1:
            yield f"{source.path}: it shows {shown[kind]} {kind}; a lesson shows one."
    if shown["reveal"] != shown["Predict"]:
        yield (
            f"{source.path}: it asks for {shown['Predict']} predictions and reveals {shown['reveal']}; "
            "each is revealed once."
        )
    if lesson.opens_with not in [panel.first for panel in panels if panel.kind == "Predict"]:
        yield (
            f'{source.path}: no Predict is called "{lesson.opens_with}", '
            "with which course_lib/curriculum.py says that the lesson opens."
        )
    yield from _claims(source, [panel for panel in panels if panel.kind == "Claim"])


def _claims(source: Source, claims: list[_Panel]) -> Iterator[str]:
    """Each claim has a name, a source, a verdict and a witness, and is corrected where it is not true as stated."""
    cells = {cell.id for cell in source.cells if cell.kind == "code" and cell.id}
    named = Counter(claim.words.get("id") for claim in claims)
    for claim in claims:
        where, words = f"{source.path}:{claim.line}: the claim {claim.words.get('id')!r}", claim.words
        if named[words.get("id")] > 1:
            yield f"{where} has a name that another has; rename one."
        if words.get("verdict") not in VERDICTS:
            yield f"{where} has the verdict {words.get('verdict')!r}; say one of {', '.join(VERDICTS)}."
        if words.get("witness") not in cells:
            yield f"{where} has the witness {words.get('witness')!r}, which is the id of no code cell."
        for part in ("statement", "source"):
            if not words.get(part, "").strip():
                yield f"{where} has no {part}."
        if words.get("verdict") != "true" and not words.get("corrected", "").strip():
            yield f"{where} is not true as stated; say what is, in `corrected`."


def _unknown_lessons(source: Source) -> Iterator[str]:
    """Links to lessons there are not, and words about them."""
    names, numbers = {lesson.name for lesson in LESSONS}, {lesson.number for lesson in LESSONS}
    for cell in source.cells:
        for match in re.finditer(r"\]\((\d\d_\w+)\.ipynb\)|\b[Ll]esson (\d+)\b", cell.text):
            name, number = match.groups()
            if (name and name not in names) or (number and int(number) not in numbers):
                line = cell.line + cell.text.count("\n", 0, match.start()) + 1
                yield f"{source.path}:{line}: it speaks of lesson {name or number}, and there is none."


@dataclass(frozen=True)
class _Panel:
    """One call that makes a panel or reveals one: what was called, the line, and what was given as literals."""

    kind: str
    line: int
    first: str
    words: Mapping[str, str]


def _panels(source: Source) -> Iterator[_Panel]:
    for cell in source.cells:
        if cell.kind != "code":
            continue
        for node in ast.walk(_parsed(cell, source)):
            match node:
                case ast.Call(
                    func=ast.Name(id=kind) | ast.Attribute(attr=kind), args=args, keywords=keywords
                ):
                    words = {word.arg: _said(word.value) for word in keywords if word.arg}
                    yield _Panel(kind, cell.line + node.lineno, _said(args[0]) if args else "", words)


def _said(value: ast.expr) -> str:
    """A string as it is, and anything else as it is written."""
    try:
        return str(ast.literal_eval(value))
    except ValueError:
        return ast.unparse(value)


def _parsed(cell: Cell, source: Source) -> ast.Module:
    """The cell's code; its magics left away, and nothing where it is no Python, which running it will say."""
    lines = ["" if line.startswith(("%", "!")) else line for line in cell.text.split("\n")]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError as error:
        raise source.error(cell.line + (error.lineno or 1), f"this is not Python ({error.msg})") from None
