"""The check at the end of a lesson: the mechanism in own words, what would repair a confusion, one perturbation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import traitlets

from course_lib.teach import session, store
from course_lib.teach.choice import checked_id
from course_lib.teach.panel import Panel
from course_lib.teach.telling import folded, inline, plain

_WORDS = "Say the mechanism in your own words, as you would to a colleague."
_REPAIR = "If one part of it is still unclear: which earlier idea would repair that?"
_PARTS = ("mechanism", "prerequisite", "perturbation")


class ExitCheck(Panel):
    """Three parts; each is written first, then compared.

    - `mechanism`: the rubric, one line each, to tick against one's own words.
    - `prerequisite`: which earlier idea repairs which confusion.
    - `perturbation`: a question that changes one thing, and its answer.

    What the reader writes stays in the learner's events. Raises `ValueError` where a part is empty.
    """

    script = Path(__file__).parent / "exit_check.js"

    parts = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(
        self, identity: str, mechanism: Sequence[str], prerequisite: str, perturbation: tuple[str, str]
    ) -> None:
        self.id = checked_id(identity)
        self.rubric = list(mechanism)
        self.prerequisite = prerequisite
        self.question, self.answer = perturbation
        for name, said in {
            "mechanism": " ".join(self.rubric),
            "prerequisite": prerequisite,
            "perturbation": self.question if self.answer.strip() else "",
        }.items():
            if not said.strip():
                raise ValueError(f"{identity}: `{name}` is empty or lacks a part.")
        super().__init__()
        self._show()

    def receive(self, message: dict[str, Any]) -> None:
        """What the reader wrote for one part, or which rubric lines it met; raises `ValueError` otherwise."""
        match message:
            case {"do": "write", "part": str(part), "text": str(text)} if part in _PARTS and text.strip():
                self._record(part=part, text=text.strip())
            case {"do": "tick", "met": list(met)} if all(
                type(line) is int and 0 <= line < len(self.rubric) for line in met
            ):
                self._record(part="mechanism", met=sorted(set(met)), of=len(self.rubric))
            case _:
                super().receive(message)
        self._show()

    def _record(self, **facts: Any) -> None:
        lesson = session.current_lesson()
        store.append("events", {"kind": "exit", "lesson": lesson, "id": self.id, **facts})

    def _show(self) -> None:
        texts: dict[str, str] = {}
        met: list[int] = []
        for record in store.events("exit", self.id):
            if "text" in record:
                texts[str(record.get("part"))] = str(record["text"])
            if "met" in record:
                met = list(record["met"])
        self.parts = [
            self._part("mechanism", _WORDS, texts, rubric=[inline(line) for line in self.rubric], met=met),
            self._part("prerequisite", _REPAIR, texts, answer=inline(self.prerequisite)),
            self._part("perturbation", inline(self.question), texts, answer=inline(self.answer)),
        ]

    def _part(self, name: str, question: str, texts: dict[str, str], **shown: Any) -> dict[str, Any]:
        """What the page may know of one part: the answer only once the reader has written something."""
        written = texts.get(name, "")
        return {"name": name, "question": question, "text": written, **(shown if written else {})}

    def text(self) -> str:
        """The three questions."""
        return f"Exit check\n1. {_WORDS}\n2. {_REPAIR}\n3. {plain(self.question)}"

    def html(self) -> str:
        """The three questions, each with what to compare with folded up."""
        rubric = "".join(f"<li>{inline(line)}</li>" for line in self.rubric)
        rows = (
            (_WORDS, "What your words should hold", f"<ul>{rubric}</ul>"),
            (_REPAIR, "Compare", f"<p>{inline(self.prerequisite)}</p>"),
            (inline(self.question), "What happens", f"<p>{inline(self.answer)}</p>"),
        )
        listed = "".join(f"<li>{question}{folded(summary, body)}</li>" for question, summary, body in rows)
        return f"<p><strong>Exit check.</strong> Write first, then compare.</p><ol>{listed}</ol>"
