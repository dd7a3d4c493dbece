"""A quick question with an explanation for every option."""

from __future__ import annotations

from collections.abc import Mapping

from course_lib.teach.choice import Choice
from course_lib.teach.telling import folded, inline, plain


class Quiz(Choice):
    """`options` maps each option to what is right or wrong about it; every attempt is kept.

    Raises `ValueError` where `answer` is no option or an explanation is missing.
    """

    kind = "quiz"

    def __init__(self, identity: str, question: str, options: Mapping[str, str], answer: str) -> None:
        self.explanations = dict(options)
        self.answer = answer
        if answer not in options:
            raise ValueError(f"{identity}: the answer {answer!r} is none of the options.")
        for option, explanation in options.items():
            if not explanation.strip():
                raise ValueError(f"{identity}: the option {option!r} has no explanation.")
        super().__init__(identity, "Check yourself", question, list(options), "Answer")
        self._show(self.last_choice())

    def choose(self, index: int) -> None:
        """Keep the attempt, and explain it."""
        self.record(choice=self.choices[index], right=self.choices[index] == self.answer)
        self._show(index)

    def _show(self, index: int) -> None:
        if index < 0:
            return
        self.chosen = index
        option = self.choices[index]
        explained = inline(self.explanations[option])
        if option != self.answer:
            self.say(("wrong", f"Not this one. {explained}"), ("note", "You can try another."))
            return
        opening = "" if explained.startswith("Right") else "Right. "
        others = folded("What is wrong with the others", self._explained(but=option))
        self.say(("right", opening + explained), ("note", others))

    def _explained(self, but: str = "") -> str:
        rows = (
            f"<li><strong>{inline(option)}</strong> {inline(explanation)}</li>"
            for option, explanation in self.explanations.items()
            if option != but
        )
        return f"<ul>{''.join(rows)}</ul>"

    def text(self) -> str:
        """The question and its options."""
        return f"Check yourself: {plain(self.asked)}\n{plain(self.listed())}"

    def html(self) -> str:
        """The question and its options, with every explanation folded up."""
        answers = f"<p>The answer: <strong>{inline(self.answer)}</strong></p>{self._explained()}"
        return (
            f"<p><strong>Check yourself.</strong> {self.question}</p>{self.listed_html()}"
            f"{folded('The answer, and why not the others', answers)}"
        )
