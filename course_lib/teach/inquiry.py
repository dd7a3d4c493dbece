"""One picture, and the question which visible cue carries the idea: picked before the answer is given."""

from __future__ import annotations

from collections.abc import Sequence

from course_lib.teach.choice import Choice
from course_lib.teach.telling import Shown, folded, inline, picture_html, picture_text, plain


class Inquiry(Choice):
    """A picture with options; the first pick is kept, and then the answer is said.

    Raises `ValueError` where `answer` is no option, or the picture says nothing in words.
    """

    kind = "inquiry"

    def __init__(
        self,
        identity: str,
        question: str,
        picture: Shown | str,
        options: Sequence[str],
        answer: int,
        because: str,
    ) -> None:
        self.seen = picture
        self.answer = answer
        self.because = because
        if not 0 <= answer < len(options):
            raise ValueError(
                f"{identity}: answer={answer} is none of the {len(options)} options (0 is the first)."
            )
        super().__init__(identity, "Look closely", question, options, "Pick", aside=picture_html(picture))
        self._show(self.last_choice())

    def choose(self, index: int) -> None:
        """Keep the pick, and give the answer."""
        self.record(choice=self.choices[index], right=index == self.answer)
        self._show(index)

    def _show(self, index: int) -> None:
        if index < 0:
            return
        self.chosen, self.locked = index, True
        if index == self.answer:
            self.say(("right", f"That is the cue. {inline(self.because)}"))
        else:
            self.say(("wrong", "Not that one."), ("note", self._answer()))

    def _answer(self) -> str:
        return f"The cue: <strong>{self.options[self.answer]}</strong> {inline(self.because)}"

    def text(self) -> str:
        """The picture in words, the question and its options."""
        return f"Look closely: {plain(self.asked)}\n{picture_text(self.seen)}\n{plain(self.listed())}"

    def html(self) -> str:
        """Question, picture and options, with the answer folded up."""
        return (
            f"<p><strong>Look closely.</strong> {self.question}</p>{self.aside}{self.listed_html()}"
            f"{folded('The answer', f'<p>{self._answer()}</p>')}"
        )
