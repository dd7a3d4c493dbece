"""The half of a question that never runs beside learner code: reference, misconceptions, verdict.

Reference and misconceptions are written as a learner would write them, as names in a namespace, and go through
the very probe that the learner's code goes through. So an answer equals "what this misunderstanding would have
answered" in every detail, exceptions included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from course_lib.checks.asking import Asked, Namespace, ask_ours, settled
from course_lib.checks.case import Answer, Case, Plain, size
from course_lib.checks.compare import difference, same, shortened, show

Outcome = Literal[
    "right", "wrong", "misconception", "error", "not attempted", "refused", "timed out", "missing"
]


LARGEST_PICTURE = 1 << 16
"""Letters of a picture; half of one would be none, so a larger one is left away."""


class _Unstated:
    """What was expected is not stated: a question with many right answers has no single one to show."""

    def __repr__(self) -> str:
        return "UNSTATED"


UNSTATED = _Unstated()


@dataclass(frozen=True)
class Finding:
    """What a judge found in one answer: right or not, why not in one sentence, and what was expected."""

    right: bool
    message: str = ""
    expected: Plain = UNSTATED


Say: TypeAlias = str | Callable[[Case, Answer], str]
"""What is said to an answer: one text for all, or a function of the failing case and the answer it got."""


@dataclass(frozen=True)
class Misconception:
    """A named way to be wrong, and what a good teaching assistant would say to it.

    - `wrong`: the names a learner who thinks so would have defined.
    - `message`: one or two sentences; a function of the failing case and the answer where it quotes them.
    - `matches`: decides from all cases and answers, where equality with `wrong` is too narrow
      (a number chosen too small, say).
    """

    name: str
    wrong: Namespace
    message: Say
    hint: str
    matches: Callable[[list[Case], list[Answer]], bool] | None = None

    def says(self, case: Case, answer: Answer) -> str:
        """The message for one failing case."""
        return self.message if isinstance(self.message, str) else self.message(case, answer)


@dataclass(frozen=True)
class Judged:
    """How a question is judged.

    - `reference`: the names of a right solution.
    - `judge(case, value)`: for questions with many right answers; by default the value is compared with the
      reference's, within `rtol` and `atol`.
    - `hints`: a nudge, a strategy, a worked step.
    - `parts`: the names of the numbers in an answer of several, to say which of them is wrong.
    - `picture(case, answer, expected)`: the failing case as an SVG string, drawn only when an answer was given;
      `expected` is `None` where no single answer is.
    - `dear`: why a set of cases takes a second or more, if it does; the tests then draw fewer of them.
    """

    name: str
    reference: Namespace
    misconceptions: tuple[Misconception, ...]
    hints: tuple[str, str, str]
    judge: Callable[[Case, Plain], Finding] | None = None
    rtol: float = 1e-6
    atol: float = 1e-9
    parts: tuple[str, ...] = ()
    picture: Callable[[Case, Plain, Plain], str] | None = None
    dear: str = ""


@dataclass(frozen=True)
class Question:
    """Both halves of one question."""

    asked: Asked
    judged: Judged

    def __post_init__(self) -> None:
        if self.asked.name != self.judged.name:
            raise ValueError(f"{self.asked.name} is asked, but {self.judged.name} is judged.")

    @property
    def name(self) -> str:
        """The question's one word."""
        return self.asked.name

    @property
    def points(self) -> int:
        """What a right answer earns."""
        return self.asked.points


@dataclass(frozen=True)
class Verdict:
    """What the learner is told. `text()` is its stable plain form; `checks.card` draws it."""

    question: str
    title: str
    status: Outcome
    points: int
    out_of: int
    message: str
    hints: tuple[str, ...] = ()
    misconception: str = ""
    case: Case | None = None
    expected: Plain = UNSTATED
    got: Answer | None = None
    picture: str = ""

    @property
    def right(self) -> bool:
        """Whether the answer earned its points."""
        return self.status == "right"

    def text(self) -> str:
        """The verdict in plain lines: what, why, the smallest failing case, the first hint."""
        lines = [f"{self.question}: {self.status} ({self.points} of {self.out_of} points)", self.message]
        lines += [f"  {name}: {value}" for name, value in self.evidence()]
        if self.hints and self.status != "not attempted":
            lines.append(f"Hint: {self.hints[0]}")
        return "\n".join(lines)

    def evidence(self) -> list[tuple[str, str]]:
        """The failing case in rows: each input, what was expected, what came."""
        if self.case is None:
            return []
        rows = [("case", self.case.label)]
        rows += [(name, show(value)) for name, value in self.case.inputs.items()]
        if self.expected is not UNSTATED:
            rows.append(("expected", show(self.expected)))
        if self.got is not None and self.got.status == "given":
            rows.append(("got", show(self.got.value)))
        return rows


def decide(question: Question, cases: list[Case], answers: list[Answer]) -> Verdict:
    """The verdict on a whole set of answers, one a case.

    Right when every answer is. Otherwise the first misconception that explains all answers, or failing that
    all wrong answers, speaks; otherwise the smallest failing case does.
    """
    if len(answers) != len(cases):
        raise ValueError(f"{question.name}: {len(cases)} cases but {len(answers)} answers.")
    answers = [settled(question.asked, case, answer) for case, answer in zip(cases, answers, strict=True)]
    for answer in answers:
        if answer.status in ("missing", "blank", "refused"):
            return _without_judging(question, answer)
    findings = [_find(question, case, answer) for case, answer in zip(cases, answers, strict=True)]
    failing = [index for index, finding in enumerate(findings) if not finding.right]
    if not failing:
        return _verdict(question, "right", "Right on every case, the edges included.")
    smallest = min(failing, key=lambda index: size(cases[index].inputs))
    case, answer, finding = cases[smallest], answers[smallest], findings[smallest]
    late = next((a for a in answers if a.status == "timed out"), None)
    if late is not None:
        return _verdict(
            question, "timed out", late.detail or "The answer took too long; is there a loop without an end?"
        )
    held = _explains(question, cases, answers, failing)
    if held is not None:
        return _verdict(
            question,
            "misconception",
            held.says(case, answer),
            hints=(held.hint, *question.judged.hints),
            misconception=held.name,
            case=case,
            finding=finding,
            got=answer,
        )
    status: Outcome = "error" if answer.status == "raised" else "wrong"
    return _verdict(
        question, status, finding.message, hints=question.judged.hints, case=case, finding=finding, got=answer
    )


def _without_judging(question: Question, answer: Answer) -> Verdict:
    if answer.status == "blank":
        return _verdict(question, "not attempted", "Not attempted yet.", hints=question.judged.hints)
    if answer.status == "missing":
        message = (
            f"The name {answer.detail} is not defined. Run the cell that defines it, "
            "and keep the name as the exercise gives it."
        )
        return _verdict(question, "missing", message)
    message = f"Your answer calls {answer.detail}, which is what this question asks you to write yourself."
    return _verdict(question, "refused", message)


def _find(question: Question, case: Case, answer: Answer) -> Finding:
    judged = question.judged
    if answer.status == "raised":
        detail = f": {answer.detail}" if answer.detail else ""
        return Finding(False, f"Your code stopped with {answer.error}{detail}", _expected(question, case))
    if answer.status != "given":
        return Finding(False, answer.detail or "No answer came.")
    if judged.judge is not None:
        return judged.judge(case, answer.value)
    expected = _expected(question, case)
    why = difference(answer.value, expected, judged.rtol, judged.atol, judged.parts)
    return Finding(not why, f"For {case.label}: {why}." if why else "", expected)


def _expected(question: Question, case: Case) -> Plain:
    if question.judged.judge is not None:
        return UNSTATED
    [reference] = _would(question, question.judged.reference, [case])
    if reference.status != "given":
        raise RuntimeError(
            f"The reference of {question.name} gave no answer on {case.label}: "
            f"{reference.status} {reference.error} {reference.detail}"
        )
    return reference.value


def _would(question: Question, names: Namespace, cases: list[Case]) -> list[Answer]:
    """What these names would have answered, settled as the learner's answers are."""
    answers = ask_ours(question.asked, names, cases)
    return [settled(question.asked, case, answer) for case, answer in zip(cases, answers, strict=True)]


def _explains(
    question: Question, cases: list[Case], answers: list[Answer], failing: list[int]
) -> Misconception | None:
    """The first misconception that explains all answers, or failing that the first that explains all wrong ones.

    What a misconception would have answered is asked case by case, the smallest failing one first, and no further
    than the first that differs: most misconceptions end there.
    """
    smallest_first = sorted(failing, key=lambda index: size(cases[index].inputs))
    right = [index for index in range(len(cases)) if index not in failing]
    partly: Misconception | None = None
    for held in question.judged.misconceptions:

        def alike(index: int, wrong: Namespace = held.wrong) -> bool:
            [would] = _would(question, wrong, [cases[index]])
            return same(answers[index], would, question.judged.rtol, question.judged.atol)

        if held.matches is not None:
            if held.matches(cases, answers):
                return held
        elif all(map(alike, smallest_first)):
            if all(map(alike, right)):
                return held
            partly = partly or held
    return partly


def _verdict(
    question: Question,
    status: Outcome,
    message: str,
    hints: tuple[str, ...] = (),
    misconception: str = "",
    case: Case | None = None,
    finding: Finding | None = None,
    got: Answer | None = None,
) -> Verdict:
    picture = ""
    draw = question.judged.picture
    if (
        draw is not None
        and case is not None
        and got is not None
        and got.status == "given"
        and finding is not None
    ):
        picture = draw(case, got.value, None if finding.expected is UNSTATED else finding.expected)
    return Verdict(
        question=question.name,
        title=question.asked.title,
        status=status,
        points=question.points if status == "right" else 0,
        out_of=question.points,
        message=shortened(message),
        hints=hints,
        misconception=misconception,
        case=case,
        expected=finding.expected if finding else UNSTATED,
        got=got,
        picture=picture if len(picture) <= LARGEST_PICTURE else "",
    )


def examples(question: Question) -> Mapping[str, Namespace]:
    """Every named way of answering that the question knows: the reference, and each misconception."""
    return {"reference": question.judged.reference} | {
        held.name: held.wrong for held in question.judged.misconceptions
    }
