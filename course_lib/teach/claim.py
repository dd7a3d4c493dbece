"""A claim of the lesson, with its source and the cell that bears it out, and the reader's own verdict on it."""

from __future__ import annotations

from typing import Literal, get_args

from course_lib.teach.choice import Choice, Tone, checked_id
from course_lib.teach.telling import folded, inline, plain

Standing = Literal["true", "conditional", "false"]

_IN_WORDS: dict[Standing, str] = {
    "true": "true",
    "conditional": "true only under a condition",
    "false": "false as stated",
}


class Claim(Choice):
    """A statement, who says it, and what this lesson measured; the reader judges before the lesson does.

    - `witness`: the id of the cell that bears the verdict out.
    - `verdict`: `"true"`, `"conditional"` or `"false"`.
    - `popular`: what the reader may have read; `corrected`: what is true. A claim that is not true needs `corrected`.

    Raises `ValueError` where a part is missing or the verdict is none of the three.
    """

    kind = "claim"

    def __init__(
        self,
        *,
        id: str,
        statement: str,
        source: str,
        witness: str,
        verdict: Standing,
        popular: str = "",
        corrected: str = "",
    ) -> None:
        if verdict not in get_args(Standing):
            raise ValueError(
                f"{id}: the verdict is {verdict!r}, but it must be 'true', 'conditional' or 'false'."
            )
        if not source.strip():
            raise ValueError(f"{id}: name the source (author, year, section), or say that none was found.")
        if verdict != "true" and not corrected.strip():
            raise ValueError(
                f"{id}: a claim that is {_IN_WORDS[verdict]} needs `corrected`: what is true instead."
            )
        self.statement = statement
        self.source = source
        self.verdict: Standing = verdict
        self.popular = popular
        self.corrected = corrected
        super().__init__(
            id,
            "Claim",
            statement,
            list(_IN_WORDS.values()),
            "My verdict",
            aside=f"<p>Source: {inline(source)}</p>",
            witness=checked_id(witness),
        )
        self._show(self.last_choice())

    def choose(self, index: int) -> None:
        """Keep the reader's verdict, and give the lesson's."""
        self.record(choice=self.choices[index], right=index == self._place())
        self._show(index)

    def _place(self) -> int:
        return list(_IN_WORDS).index(self.verdict)

    def _show(self, index: int) -> None:
        if index < 0:
            return
        self.chosen, self.locked, self.again = index, True, "Judge again"
        agreed = index == self._place()
        tone: Tone = "right" if agreed else "wrong"
        opening = (
            "You and the evidence agree"
            if agreed
            else f"You say {self.choices[index]}; the evidence says otherwise"
        )
        self.say((tone, f"{opening}: {self._verdict()}"), *(("note", part) for part in self._correction()))

    def _verdict(self) -> str:
        return f"<strong>{_IN_WORDS[self.verdict]}</strong>."

    def _correction(self) -> list[str]:
        return [inline(part) for part in (self.popular, self.corrected) if part]

    def text(self) -> str:
        """Statement, source, witness and verdict in lines of their own."""
        lines = [
            f"Claim: {plain(self.statement)}",
            f"Source: {plain(self.source)}",
            f"Witness: cell {self.witness}",
            f"Verdict: {_IN_WORDS[self.verdict]}",
            *(plain(part) for part in (self.popular, self.corrected) if part),
        ]
        return "\n".join(lines)

    def html(self) -> str:
        """The claim and its source, with the verdict folded up so that the reader judges first."""
        verdict = "".join(f"<p>{part}</p>" for part in [f"Verdict: {self._verdict()}", *self._correction()])
        return (
            f"<p><strong>Claim.</strong> {self.question}</p>{self.aside}"
            f"<p>Witness: the cell <code>{self.witness}</code></p>"
            f"{folded('True, conditional or false? Decide, then open', verdict)}"
        )
