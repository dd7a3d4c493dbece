"""A prediction: commit, then see, then score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import traitlets

from course_lib.teach.choice import Choice
from course_lib.teach.panel import Panel
from course_lib.teach.store import Record
from course_lib.teach.telling import folded, inline, plain


class Predict(Choice):
    """A question to commit to before the answer is shown; what was committed is kept, revisions included.

        guess = Predict("growth-50", "How large is it at the end?", options=["about 60", "about 9,000"])
        guess
        guess.reveal(answer=1, because="1.2 to the 50th is 9,100.")

    Raises `ValueError` for an id, a question or options that cannot be asked.
    """

    kind = "prediction"

    def __init__(self, identity: str, question: str, options: Sequence[str]) -> None:
        super().__init__(identity, "Prediction", question, options, "Commit")
        self._reveals: list[Reveal] = []
        self._show()

    def choose(self, index: int) -> None:
        """Commit to an option. What was committed before stays in the record."""
        if index != self.last_choice():
            self.record(choice=self.choices[index])
        self._show()
        for reveal in self._reveals:
            reveal.update()

    def reveal(self, answer: int, because: str) -> Reveal:
        """What happens, beside what was predicted; folded up until a prediction was made.

        Raises `ValueError` where `answer` is no option or `because` is empty.
        """
        if not 0 <= answer < len(self.choices):
            raise ValueError(
                f"{self.id}: answer={answer} is none of the {len(self.choices)} options (0 is the first)."
            )
        if not because.strip():
            raise ValueError(f"{self.id}: say in `because` why it happens.")
        shown = Reveal(self, answer, because)
        self._reveals.append(shown)
        return shown

    def see(self, answer: int) -> None:
        """Note that the reader has seen what happens, and whether the prediction held; only the first time counts."""
        if not any("seen" in record for record in self.past()):
            predicted = self.last_choice()
            right = predicted == answer if predicted >= 0 else None
            self.record(seen=self.choices[answer], right=right)
        self._show()

    def _show(self) -> None:
        chosen = self.last_choice()
        if chosen < 0:
            return
        past = self.past()
        earlier = [inline(record["choice"]) for record in past if "choice" in record][:-1]
        seen = any("seen" in record for record in past)
        self.chosen, self.locked, self.again = chosen, True, "" if seen else "Revise"
        before = f" Before that: {', then '.join(earlier)}." if earlier else ""
        onward = "" if seen else " It is kept; read on to see what happens."
        self.say(("note", f"You committed to <strong>{self.options[chosen]}</strong>.{before}{onward}"))

    def text(self) -> str:
        """The question and its options."""
        return f"Prediction: {plain(self.asked)}\n{plain(self.listed())}"

    def html(self) -> str:
        """The question and its options, with the request to choose before reading on."""
        return (
            f"<p><strong>Prediction.</strong> {self.question}</p>{self.listed_html()}"
            "<p><em>Commit to one before you read on.</em></p>"
        )


class Reveal(Panel):
    """What happens, beside what was predicted. Made by `Predict.reveal`."""

    script = Path(__file__).parent / "reveal.js"

    committed = traitlets.Bool(False).tag(sync=True)
    feedback = traitlets.List(traitlets.Dict()).tag(sync=True)

    def __init__(self, predict: Predict, answer: int, because: str) -> None:
        self.predict = predict
        self.answer = answer
        self.because = because
        super().__init__()
        self.update()

    def update(self) -> None:
        """Show what the reader's record says by now."""
        predicted = self._predicted()
        self.committed = predicted is not None
        self.feedback = self._paragraphs(predicted)

    def receive(self, message: dict[str, Any]) -> None:
        """The answer came into view, or was unfolded without a prediction: from now on it counts as seen."""
        if message == {"do": "see"}:
            self.predict.see(self.answer)
        else:
            super().receive(message)

    def _predicted(self) -> str | None:
        """What was committed before the answer was first seen."""
        before: Record | None = None
        for record in self.predict.past():
            if "seen" in record:
                break
            if "choice" in record:
                before = record
        return None if before is None else str(before["choice"])

    def _paragraphs(self, predicted: str | None) -> list[dict[str, str]]:
        what = f"What happens: <strong>{inline(self._happens())}</strong>. {inline(self.because)}"
        if predicted is None:
            return [{"tone": "note", "html": what}]
        right = predicted == self._happens()
        score = "As you predicted." if right else "Not as you predicted."
        return [
            {"tone": "right" if right else "wrong", "html": f"{score} You predicted: {inline(predicted)}."},
            {"tone": "note", "html": what},
        ]

    def _happens(self) -> str:
        return self.predict.choices[self.answer]

    def text(self) -> str:
        """What was predicted, when anything was, and what happens."""
        predicted = self._predicted()
        first = f"You predicted: {plain(predicted)}. " if predicted is not None else ""
        return f"{first}What happens: {plain(self._happens())}. {plain(self.because)}"

    def html(self) -> str:
        """The same; folded up where nothing was predicted."""
        paragraphs = "".join(f"<p>{part['html']}</p>" for part in self._paragraphs(self._predicted()))
        return paragraphs if self.committed else folded("What happens", paragraphs)
