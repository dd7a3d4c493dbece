"""What people read: one feedback page for each learner and exercise, and one report on the class."""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from statistics import median
from typing import IO

from course_lib.clean import clean
from course_lib.grading.explaining import costs, missing_modules
from course_lib.grading.ledger import Entry
from course_lib.grading.likeness import Alike
from course_lib.grading.page import bar, grid, grid_lines, histogram, page, page_lines
from course_lib.grading.runner import Result
from course_lib.grading.whole import write_whole

FEEDBACK = "feedback"
REPORT = "report.html"

_MANY = 12
_MOST_PAIRS = 100


def feedback_name(learner: str, exercise: str) -> str:
    """The feedback page's file name: readable, letters of every script kept, and nobody else's on any system.

    What is not small letters, digits, `.`, `_` and single `-` as it is stands for more than one name on some disk
    (`Ann` and `ann`, two spellings of one accent), so 128 bits of the name's hash follow it.
    """
    parts = [_part_of_a_name(part) for part in (learner, exercise)]
    if parts != [learner, exercise]:
        digest = hashlib.sha256(f"{len(learner)} {learner}{exercise}".encode("utf-8", "replace")).digest()
        parts.append(base64.b32encode(digest[:16]).decode("ascii").rstrip("=").lower())
    return "--".join(parts) + ".html"


def _part_of_a_name(text: str) -> str:
    """At most 80 bytes, since a file's name may have 255, and other scripts take up to four for a letter."""
    folded = unicodedata.normalize("NFC", clean(text)).casefold()
    letters = (sign if sign in "._" or unicodedata.category(sign)[0] in "LMN" else "-" for sign in folded)
    plain = re.sub("-+", "-", "".join(letters)).strip("-.")
    return plain.encode("utf-8")[:80].decode("utf-8", "ignore") or "_"


def write_feedback(entry: Entry, folder: Path) -> None:
    """One learner's page: what was earned, what was left out and why, and every question's card."""
    title = f"{entry.exercise or entry.path}: {entry.learner}"
    body = [
        f"<h1>{_text(entry.exercise or entry.path)}</h1>",
        f'<p class="lead">Feedback for {_text(entry.learner)}</p>',
        ""
        if entry.outdated
        else f'<p class="score">{entry.points} <small>of {entry.out_of} points</small></p>',
    ]
    circumstances = [f"attempt {entry.attempt}"] if entry.attempt > 1 else []
    circumstances += ["handed in late"] if entry.late else []
    if circumstances:
        body.append(f"<p>{', '.join(circumstances).capitalize()}.</p>")
    if entry.withdrawn or entry.outdated or entry.status == "unreadable":
        word = "Not graded" if entry.status == "unreadable" else "Not counted"
        body.append(f'<p class="box"><strong>{word}.</strong> {_text(entry.path)} {_text(entry.reason)}</p>')
    else:
        if entry.graded.reason:
            body.append(f'<p class="box">{_text(entry.graded.reason)}</p>')
        body += [f'<p class="box">{_text(told)}</p>' for told in _costs(entry)]
        body.append("<h2>Questions</h2>")
        body += [f"<h3>{_text(result.title)}</h3>{result.card}" for result in entry.graded.results]
    told = costs(entry.graded.notes)
    noticed = [note for note in entry.graded.notes if not costs([note])]
    if noticed:
        lead = "" if told else "<p>As far as the grader can tell, none of this changed a point.</p>"
        notes = "".join(f"<li>{_text(note)}</li>" for note in noticed)
        body.append(f"<h2>Also noticed</h2>{lead}<ul>{notes}</ul>")
    _write_page(folder / feedback_name(entry.learner, entry.exercise), page(clean(title), "\n".join(body)))


def _costs(entry: Entry) -> list[str]:
    """A sentence for each failure of a cell that cost points: what failed, and which questions it cost."""
    return [f"{why} This cost {', '.join(lost)}." for why, lost in costs(entry.graded.notes).items()]


def missing_from_grading(entries: Iterable[Entry]) -> Iterator[str]:
    """A sentence for each module that learners import and that grading does not have."""
    using = Counter(
        module for entry in entries if entry.counts for module in set(missing_modules(entry.graded.notes))
    )
    for module, count in sorted(using.items()):
        learners = "1 submission imports" if count == 1 else f"{count} submissions import"
        yield (
            f"{learners} {module}, which grading does not have: what needs it could not run. Install it into the "
            "environment that grades and grade again with another --out, or tell the class to do without it."
        )


def _write_page(path: Path, text: str) -> None:
    """Leave a page alone that says this already; there may be 100,000 of them, and every call comes by."""
    content = text.encode("utf-8", "backslashreplace")
    with suppress(OSError):
        if path.read_bytes() == content:
            return
    half = path.with_name(path.name + ".part")
    half.write_bytes(content)  # not forced to the disk: a page that a power cut tore is told by the next call
    half.replace(path)


def _text(text: str) -> str:
    return escape(clean(text))


@dataclass
class _Question:
    """How a class did on one question."""

    title: str
    statuses: Counter[str] = field(default_factory=Counter)
    held: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> int:
        return sum(self.statuses.values())

    @property
    def right(self) -> float:
        return self.statuses["right"] / max(self.asked, 1)


@dataclass
class _Class:
    """How a class did on one exercise."""

    points: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    out_of: int = 0
    questions: dict[str, _Question] = field(default_factory=dict)
    same_bytes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    handed_in: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, entry: Entry) -> None:
        self.handed_in[entry.digest].append(entry.learner)
        self.points.append(entry.points)
        self.seconds.append(entry.graded.seconds)
        self.out_of = entry.out_of
        if entry.points:
            self.same_bytes[entry.digest].append(entry.learner)
        for result in entry.graded.results:
            self._add_result(entry.learner, result)

    def _add_result(self, learner: str, result: Result) -> None:
        question = self.questions.setdefault(result.question, _Question(result.title))
        question.statuses[result.status] += 1
        if result.misconception:
            question.held[result.misconception].append(learner)
            question.told.setdefault(result.misconception, result.message)


def write_report(
    entries: Callable[[], Iterable[Entry]],
    folder: Path,
    warnings: Sequence[str],
    alike: Callable[[str], Sequence[Alike]],
) -> None:
    """The class report: scores, time, where the class is stuck, which misconceptions it holds, who needs a person.

    `entries` is gone through for each part of it, so that a large class is never held as a whole.
    `alike(exercise)` gives the pairs of submissions whose answers are nearly the same.
    """

    def write(file: IO[str]) -> None:
        file.writelines(page_lines("Class report", _report(entries, warnings, alike)))

    write_whole(folder / REPORT, write)


def _report(
    entries: Callable[[], Iterable[Entry]], warnings: Sequence[str], alike: Callable[[str], Sequence[Alike]]
) -> Iterator[str]:
    classes: dict[str, _Class] = defaultdict(_Class)
    statuses: Counter[str] = Counter()
    cost = False
    for entry in entries():
        statuses[entry.status] += 1
        cost = cost or bool(_costs(entry))
        if entry.counts:
            classes[entry.exercise].add(entry)
    yield f'<h1>Class report</h1>\n<p class="lead">{statuses.total()} submissions</p>'
    for warning in (*warnings, *missing_from_grading(entries())):
        yield f'\n<p class="box"><strong>Note.</strong> {_text(warning)}</p>'
    for exercise in sorted(classes):
        group = classes.pop(exercise)
        for section in [*_exercise_sections(exercise, group), _nearly_the_same(group, alike(exercise))]:
            yield f"\n{section}"
    if cost or statuses.total() > statuses["graded"]:
        yield "\n<h2>Look at these yourself</h2>\n"
        trouble = (_trouble(entry) for entry in entries() if entry.status != "graded" or _costs(entry))
        yield from grid_lines(["Learner", "Exercise", "Points", "What happened"], trouble, numbers=(2,))
    yield "\n<h2>Every submission</h2>\n"
    everyone = (_row(entry) for entry in entries())
    yield from grid_lines(
        ["Learner", "Exercise", "Points", "Status", "Late", "Attempt"], everyone, numbers=(2,)
    )


def _who(entry: Entry) -> list[str]:
    """The columns that say whose submission it is, and what it earned."""
    link = f"{FEEDBACK}/{feedback_name(entry.learner, entry.exercise)}"
    name = f'<a href="{escape(link)}">{_text(entry.learner)}</a>'
    points = "" if entry.outdated else f"{entry.points} of {entry.out_of}"
    return [name, _text(entry.exercise), points]


def _trouble(entry: Entry) -> list[str]:
    told = entry.reason if entry.status in ("graded", "stopped") else f"{entry.path} {entry.reason}"
    return [*_who(entry), _text(" ".join([told, *_costs(entry)]).strip())]


def _row(entry: Entry) -> list[str]:
    return [*_who(entry), entry.status, "late" if entry.late else "", f"{entry.attempt or ''}"]


def _exercise_sections(exercise: str, group: _Class) -> list[str]:
    sections = [f"<h2>{_text(exercise)}</h2>", _figures(group), _distribution(group), _stuck(group)]
    return [*sections, _held(group), _same(group)]


def _figures(group: _Class) -> str:
    figures = [
        (f"{len(group.points)}", "submissions"),
        (f"{median(group.points):g} of {group.out_of}", "median points"),
        (f"{sum(group.points) / len(group.points):.1f}", "mean points"),
        (f"{median(group.seconds):.2f} s", "median time to grade one"),
        (f"{max(group.seconds):.1f} s", "longest"),
    ]
    return '<ul class="figures">' + "".join(f"<li><strong>{a}</strong>{b}</li>" for a, b in figures) + "</ul>"


def _distribution(group: _Class) -> str:
    width = max(1, -(-(group.out_of + 1) // 21))
    starts = range(0, group.out_of + 1, width)
    tally = Counter(points // width for points in group.points)
    counts = [tally[place] for place in range(len(starts))]
    labels = [f"{a}" if width == 1 else f"{a}-{min(a + width - 1, group.out_of)}" for a in starts]
    said = ", ".join(f"{count} with {label}" for count, label in zip(counts, labels, strict=True) if count)
    return f"<h3>Points</h3>{histogram(counts, labels, f'Submissions by points: {said}.')}"


def _stuck(group: _Class) -> str:
    """Questions from the hardest to the easiest."""
    rows = []
    for name, question in sorted(group.questions.items(), key=lambda item: item[1].right):
        statuses = question.statuses
        others = question.asked - sum(statuses[s] for s in ("right", "misconception", "not attempted"))
        rows.append(
            [
                *(f"<code>{_text(name)}</code><br>{_text(question.title)}", bar(question.right)),
                *(f"{question.right:.0%}", f"{statuses['right']}", f"{statuses['misconception']}"),
                *(f"{others}", f"{statuses['not attempted']}"),
            ]
        )
    head = ["Question", "", "Share right", "Right", "Misconception", "Other mistake", "Not attempted"]
    return "<h3>Where the class is stuck</h3>" + grid(head, rows, numbers=(2, 3, 4, 5, 6))


def _held(group: _Class) -> str:
    """Misconceptions from the most to the least common, each as it was told to the first who holds it."""
    held = [
        (learners, name, misconception, question)
        for name, question in group.questions.items()
        for misconception, learners in question.held.items()
    ]
    if not held:
        return ""
    rows = [
        [
            *(_text(misconception), f"<code>{_text(name)}</code>"),
            *(f"{len(learners)} ({len(learners) / question.asked:.0%})", _text(question.told[misconception])),
            _names(learners),
        ]
        for learners, name, misconception, question in sorted(held, key=lambda row: -len(row[0]))
    ]
    head = ["Misconception", "Question", "Held by", "What one of them was told", "Who"]
    return "<h3>Misconceptions</h3>" + grid(head, rows, numbers=(2,))


def _names(learners: list[str]) -> str:
    names = ", ".join(_text(learner) for learner in learners)
    if len(learners) <= _MANY:
        return names
    return f"<details><summary>{len(learners)} learners</summary>{names}</details>"


def _same(group: _Class) -> str:
    alike = [learners for learners in group.same_bytes.values() if len(learners) > 1]
    if not alike:
        return ""
    rows = "".join(f"<li>{_names(learners)}</li>" for learners in alike)
    return f"<h3>The same file, byte for byte</h3><ul>{rows}</ul>"


def _nearly_the_same(group: _Class, pairs: Sequence[Alike]) -> str:
    if not pairs:
        return ""
    rows = [
        [
            *(_names(group.handed_in[pair.one]), _names(group.handed_in[pair.other])),
            "<br>".join(f"<code>{_text(name)}</code> ({share:.0%})" for name, share in pair.shares.items()),
        ]
        for pair in pairs[:_MOST_PAIRS]
    ]
    more = f" The {_MOST_PAIRS} most alike of {len(pairs):,} pairs." if len(pairs) > _MOST_PAIRS else ""
    return (
        "<h3>Nearly the same, for a person to look at</h3><p>In these answers the code is nearly the same when names, "
        "comments and spacing are left aside, in a way that few others' is. That has many reasons, working together "
        "and reading the same page among them. It changed no point, and it proves nothing: read both before you ask "
        f"anyone.{more}</p>"
        + grid(["One", "The other", "Questions, and how much of the shorter answer"], rows)
    )
