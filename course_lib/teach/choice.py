"""One question with options to choose from: what Predict, Inquiry, Quiz and Claim have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import traitlets

from course_lib.teach import session, store
from course_lib.teach.panel import Panel
from course_lib.teach.telling import inline

Tone = Literal["right", "wrong", "note"]


def checked_id(identity: str) -> str:
    """`identity`, when it can stand in a record and a link; raises `ValueError` otherwise."""
    if not identity or not all(sign.isalnum() or sign in "-_" for sign in identity):
        raise ValueError(f"An id is made of letters, digits, - and _, but this one is {identity!r}.")
    return identity


class Choice(Panel):
    """Radio buttons in a fieldset, a button, and a place where the answer is spoken to.

    A subclass decides in `choose(index)` what a choice means, and speaks with `say`. `aside` is prepared HTML
    between question and options; `witness` the id of a cell to look at.
    """

    script = Path(__file__).parent / "choice.js"
    kind: str

    heading = traitlets.Unicode().tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    aside = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    button = traitlets.Unicode().tag(sync=True)
    chosen = traitlets.Int(-1).tag(sync=True)
    locked = traitlets.Bool(False).tag(sync=True)
    again = traitlets.Unicode("").tag(sync=True)
    witness = traitlets.Unicode("").tag(sync=True)
    feedback = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(
        self, identity: str, heading: str, question: str, options: Sequence[str], button: str, **more: Any
    ) -> None:
        self.id = checked_id(identity)
        self.asked = question
        self.choices = [str(option) for option in options]
        if not question.strip():
            raise ValueError(f"{identity}: the question is empty.")
        if len(self.choices) < 2 or len(set(self.choices)) != len(self.choices):
            raise ValueError(f"{identity}: give at least two options, all different.")
        super().__init__(
            heading=heading,
            question=inline(question),
            options=[inline(option) for option in self.choices],
            button=button,
            **more,
        )

    def choose(self, index: int) -> None:
        """The reader has chosen the option at `index`."""
        raise NotImplementedError

    def receive(self, message: dict[str, Any]) -> None:
        """A choice, or the wish to choose again; raises `ValueError` for anything else."""
        match message:
            case {"do": "choose", "index": int(index)} if 0 <= index < len(self.choices) and not self.locked:
                with (
                    self.hold_sync()
                ):  # the page changes once, or the keyboard would lose its place on the way
                    self.choose(index)
            case {"do": "again"} if self.again:
                with self.hold_sync():
                    self.locked = False
                    self.again = ""
            case _:
                super().receive(message)

    def record(self, **facts: Any) -> store.Record:
        """Keep what happened in the learner's events."""
        return store.append(
            "events", {"kind": self.kind, "lesson": session.current_lesson(), "id": self.id, **facts}
        )

    def past(self) -> list[store.Record]:
        """What the learner's events hold about this question, oldest first."""
        return store.events(self.kind, self.id)

    def say(self, *paragraphs: tuple[Tone, str]) -> None:
        """Speak to the choice: each paragraph is a tone and prepared HTML."""
        self.feedback = [{"tone": tone, "html": words} for tone, words in paragraphs]

    def last_choice(self) -> int:
        """The option that the reader chose last, or -1: none, or one that is no longer offered."""
        chosen = [record["choice"] for record in self.past() if "choice" in record]
        return self.choices.index(chosen[-1]) if chosen and chosen[-1] in self.choices else -1

    def listed(self) -> str:
        """The options as plain lines, lettered."""
        return "\n".join(f"  ({_letter(place)}) {option}" for place, option in enumerate(self.choices))

    def listed_html(self) -> str:
        """The options as an HTML list, lettered."""
        rows = "".join(f"<li>{option}</li>" for option in self.options)
        return f'<ol type="a">{rows}</ol>'


def _letter(place: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[place]
