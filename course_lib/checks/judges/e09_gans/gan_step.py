"""How `gan_step` is judged: right solutions, misunderstandings, and what to say to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course_lib.checks.case import Answer, Case, Plain
from course_lib.checks.compare import difference
from course_lib.checks.judging import Judged, Misconception, Say
from course_lib.checks.matching import Matches, answering, fails_as
from course_lib.checks.probes.e09_gans.gan_step import ASKED

RTOL, ATOL = 1e-4, 1e-6
"""PyTorch clips by c / (norm + 1e-6), a hand-written line by c / norm: both are right."""


def _gan_step(*mistakes: str) -> Callable[..., Any]:
    """The training step as a learner would write it, with these mistakes, or as it came."""
    came = "as it came" in mistakes
    generator_first = "generator first" in mistakes or "generator first, new fakes" in mistakes

    def gan_step(
        generator: Any,
        discriminator: Any,
        g_optimizer: Any,
        d_optimizer: Any,
        real: Any,
        noise: Any,
        max_norm: float,
    ) -> tuple[float, float]:
        from torch.nn.functional import softplus
        from torch.nn.utils import clip_grad_norm_

        def clip(parameters: Any) -> float:
            norm = float(clip_grad_norm_(parameters, max_norm))
            return min(norm, max_norm) if "norms after clipping" in mistakes else norm

        def generators_loss(logits: Any) -> Any:
            if came or "saturating" in mistakes:
                return -softplus(logits).mean()
            if "climbs" in mistakes:
                return -softplus(-logits).mean()
            return softplus(logits if "helps the discriminator" in mistakes else -logits).mean()

        def generators_half(loss: Any) -> float:
            loss.backward()
            if "G clipped after its step" in mistakes:
                g_optimizer.step()
                return clip(generator.parameters())
            if came or "one norm for both" in mistakes:
                norm = clip([*generator.parameters(), *discriminator.parameters()])
            else:
                norm = clip((discriminator if "clips D again" in mistakes else generator).parameters())
            g_optimizer.step()
            return norm

        fake, g_norm = generator(noise), 0.0
        hanging = "leftovers in G" in mistakes or "no detach" in mistakes
        if generator_first:
            g_optimizer.zero_grad()
            g_norm = generators_half(generators_loss(discriminator(fake)))
            fake = generator(noise) if "generator first, new fakes" in mistakes else fake
        if not came and "leftovers in D" not in mistakes:
            d_optimizer.zero_grad()
        if "leftovers in G" in mistakes:
            g_optimizer.zero_grad()
        d_loss = softplus(-discriminator(real)).mean()
        d_loss = d_loss + softplus(discriminator(fake if hanging else fake.detach())).mean()
        old_loss = generators_loss(discriminator(fake))
        d_loss.backward()
        if "both backwards first" in mistakes:
            g_optimizer.zero_grad()
            old_loss.backward()
            norms = clip(discriminator.parameters()), clip(generator.parameters())
            d_optimizer.step()
            g_optimizer.step()
            return norms
        if came or "D clipped after its step" in mistakes:
            d_optimizer.step()
            d_norm = clip(discriminator.parameters())
        else:
            d_norm = clip(discriminator.parameters())
            d_optimizer.step()
        if generator_first:
            return d_norm, g_norm

        if "leftovers in G" not in mistakes:
            g_optimizer.zero_grad()
        if "the old logits" in mistakes:
            return d_norm, generators_half(old_loss)
        if "cut off" in mistakes:
            fake = fake.detach()
        elif "no detach" not in mistakes:
            fake = generator(noise)
        return d_norm, generators_half(generators_loss(discriminator(fake)))

    return gan_step


def _stopped_with(words: str) -> Matches:
    """PyTorch stopped the first step with an error that says these words."""

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        return answers[0].status == "raised" and words in answers[0].detail

    return matches


def _first_step_is_that_of(*variants: Callable[..., Any], of: str | None = None) -> Matches:
    """The first step, where nothing is clipped, came out as one of these; `of`: this part of its answer."""

    def part(value: Plain) -> Plain:
        return value if of is None or not isinstance(value, dict) else value.get(of)

    def matches(cases: list[Case], answers: list[Answer]) -> bool:
        if answers[0].status != "given":
            return False
        got = part(answers[0].value)
        would = (part(answering(ASKED, variant)(cases[0]).value) for variant in variants)
        return any(not difference(got, value, RTOL, ATOL) for value in would)

    return matches


def _held(name: str, message: Say, hint: str, matches: Matches | None = None) -> Misconception:
    wrong = _gan_step(name)
    # Two begin like others, and are told by all cases.
    if name not in ("as it came", "both backwards first"):
        matches = matches or fails_as(ASKED, _gan_step(""), wrong, rtol=RTOL, atol=ATOL)
    return Misconception(name, {"gan_step": wrong}, message, hint, matches)


def _steps_wrongly(name: str, message: Say, hint: str, *variants: tuple[str, ...]) -> Misconception:
    """A mistake that shows in where the first step ends, whatever norms are returned."""
    steps = (_gan_step(*mistakes) for mistakes in ((name,), *variants))
    return _held(name, message, hint, _first_step_is_that_of(*steps, of="weights"))


JUDGED = Judged(
    name="gan_step",
    dear="steps a GAN of digits",
    reference={"gan_step": _gan_step()},
    misconceptions=(
        _held(
            "as it came",
            "This is the step as it came; all four mistakes are still in it.",
            "Start with the loss: one step, with nothing to clip, already goes wrong.",
        ),
        _steps_wrongly(
            "saturating",
            "The generator still minimises log(1 - D). Where the discriminator is sure of itself that loss is "
            "flat, and the generator learns nothing. Asked is -log D.",
            "-log D of a logit s is softplus(-s).",
        ),
        _steps_wrongly(
            "helps the discriminator",
            "Your generator minimises -log(1 - D): it learns to be recognised. It has to raise D on its samples.",
            "-log D is softplus(-logit); softplus(logit) is the discriminator's own loss on fakes.",
        ),
        _steps_wrongly(
            "climbs",
            "Your generator climbs -log D: it has a sign too many. It has to make -log D small.",
            "softplus(-logit) is -log D already, the minus included. An optimizer descends what it is given.",
        ),
        _held(
            "cut off",
            "Your generator does not move: detach has cut it off from its loss.",
            "detach belongs into the discriminator's loss only. The generator learns through the fake samples.",
            _first_step_is_that_of(
                _gan_step("cut off"),
                _gan_step("cut off", "one norm for both"),
                _gan_step("cut off", "one norm for both", "saturating"),
            ),
        ),
        _held(
            "both backwards first",
            "You run both backwards before either step. So the generator's backward adds to the discriminator's "
            "gradient, and the generator answers the discriminator as it was.",
            "Finish the discriminator's step before you compute the generator's loss.",
        ),
        _steps_wrongly(
            "generator first",
            "Your generator takes its gradient before the discriminator has stepped. Asked is its gradient by the "
            "discriminator as it is now, so after that step.",
            "First all three steps of the discriminator, then the generator's.",
            *(
                (order, *more)
                for order in ("generator first", "generator first, new fakes")
                for more in ((), ("leftovers in D",), ("saturating",), ("leftovers in D", "saturating"))
            ),
        ),
        _held(
            "no detach",
            "The discriminator's backward ran on through the fake samples into the generator, and used that part of "
            "the graph up. The generator's own backward needs it.",
            "fake.detach() in the discriminator's loss: it is not the generator that learns from it.",
            _stopped_with("backward through the graph a second time"),
        ),
        _held(
            "the old logits",
            "You computed the generator's loss before the discriminator's step, and its backward comes after: PyTorch "
            "notices that the weights it needs have changed. Let the new discriminator judge the samples again.",
            "discriminator(fake) once more, after d_optimizer.step().",
            _stopped_with("modified by an inplace operation"),
        ),
        _held(
            "leftovers in G",
            "The generator's gradient holds a part that is not its own: the discriminator's loss was "
            "backpropagated through the fake samples as well, and nobody cleared that away before the "
            "generator's own backward.",
            "fake.detach() in the discriminator's loss, or g_optimizer.zero_grad() after it.",
        ),
        _held(
            "leftovers in D",
            "From the second step on, the discriminator's gradient is wrong: the generator's backward also "
            "left gradients in the discriminator, and they are added to.",
            "d_optimizer.zero_grad() before the discriminator's backward.",
        ),
        _held(
            "D clipped after its step",
            "You clip the discriminator's gradient after its step, when it has already moved by all of it.",
            "backward, clip, step: in this order.",
        ),
        _held(
            "G clipped after its step",
            "You clip the generator's gradient after its step, when it has already moved by all of it.",
            "backward, clip, step, for the generator too.",
        ),
        _held(
            "one norm for both",
            "You clip the generator by one norm of both networks' gradients. The discriminator's are leftovers "
            "by then: they cut the generator more than asked, and the norm you return is not its own.",
            "Give clip_grad_norm_ the generator's parameters only.",
        ),
        _held(
            "clips D again",
            "In the generator's half you clip the discriminator again. The norm you return is that of its leftovers, "
            "and the generator steps by its whole gradient.",
            "Whose parameters does the second clip_grad_norm_ get?",
        ),
        _held(
            "norms after clipping",
            "You return norms from after clipping. They never exceed the threshold, so a log of them says nothing.",
            "clip_grad_norm_ returns the norm from before.",
        ),
    ),
    hints=(
        "Read it line by line beside the six steps of the text, and for each ask: whose loss, whose gradient, whose "
        "norm?",
        "The first failing case tells which mistake is next: the generator's loss, then what is left in D, "
        "then the order of clip and step, then whose norm it is.",
        "One weight, gradient 3, threshold 1, lr 0.5. Clipped before the step it moves by 0.5; after the step it moves "
        "by 1.5. The next backward, without zero_grad, finds 3 + 1 = 4 in .grad: the clipped 1 is still there.",
    ),
    rtol=RTOL,
    atol=ATOL,
)
