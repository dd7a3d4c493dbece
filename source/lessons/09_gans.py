# ---
# jupyter:
#   course:
#     kind: lesson
#     name: 09_gans
# ---

# %% [markdown]
# # 9 · Generative adversarial networks
#
# **Say what clipping does to two players who learn against each other, and what it cannot do for them.**
#
# After this lesson you can
#
# - derive how fast the smallest game leaves its equilibrium, without clipping, with both players clipped, and with one;
# - say why no clipping of gradients makes a limit cycle, what does, and compute its radius;
# - bring the game to rest without clipping, by the way the players step;
# - predict what a generator gets from a discriminator that has become too good;
# - tell mode collapse from a generator that has not learned, and gradient clipping from weight clipping.
#
# *You need:* [Optimizers](05_optimizers.ipynb). *Difficulty:* medium.

# %%
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course_lib.demos import phase_demo
from course_lib.dynamics.games import clipped_radius, cycle_radius, free_radius, generator_energy, play
from course_lib.figures.game_walks import game_walks
from course_lib.teach import (
    Claim,
    ExitCheck,
    Frame,
    Hint,
    Inquiry,
    Journal,
    LearningMap,
    Predict,
    Quiz,
    Storyboard,
    measured_minutes,
)

Array = np.ndarray[Any, np.dtype[np.float64]]

LearningMap("09_gans")

# %% [markdown]
# ## Play first
#
# A generative adversarial network (GAN; Goodfellow et al. 2014) is a game. The *generator* makes examples, the
# *discriminator* tells them from real ones, and each learns from the other. What one gains, the other loses. The
# smallest game of this kind has one weight on each side: the generator wants $xy$ small and moves $x$, the
# discriminator wants $xy$ large and moves $y$. At $(0, 0)$ neither can gain: the equilibrium.

# %%
spiral_guess = Predict(
    "spiral-clipped",
    "Both players take gradient steps at the same time, learning rate 0.1, starting at distance 3 from the equilibrium. "
    "Without clipping they spiral away from it. Now their gradient is clipped by norm at 1. Where is the game after a "
    "very long time?",
    options=[
        "at the equilibrium",
        "on a circle around it, which it never leaves",
        "further and further away, only more slowly",
    ],
)
spiral_guess

# %%
phase_demo()

# %% [markdown]
# The marks are where two walks start; what is drawn strongly are their last steps. The green disc is where gradients
# are shorter than the threshold. Change what is clipped, then the damping, then the way the players step. The same,
# one thing at a time:

# %%
one_step = play((3.0, 0.0), lr=0.5, steps=3)
free = play((1.0, 0.0), steps=320)
clipped = play((1.0, 0.0), steps=2000, clip=1.0)
damped = play((1.0, 0.0), steps=2000, clip=1.0, decay=0.01)
turns = play((3.0, 0.0), steps=300, scheme="alternating")
looks = play((4.0, 0.0), steps=300, scheme="extragradient")
Storyboard(
    "Two players, one plane",
    [
        Frame(
            "Each step (here a large one, of 0.5) is at right angles to the line home. So it ends further out.",
            game_walks({"three steps": one_step.points}, arrows=True),
        ),
        Frame("Further out the steps are longer: a spiral.", game_walks({"no clipping": free.points})),
        Frame(
            "Clipped at 1, the steps keep their length. They are still at right angles to the line home.",
            game_walks({"clipped at 1": clipped.points}, threshold=1),
        ),
        Frame(
            "With a little weight decay something pulls home, and the walk ends on a circle.",
            game_walks({"clipped, decay 0.01": damped.points}, circle=cycle_radius(0.1, 1.0, 0.01)),
        ),
        Frame(
            "Without any clipping: players who move in turn stay where they are, players who look ahead come home.",
            game_walks({"in turn": turns.points, "with a look ahead": looks.points}),
        ),
    ],
)

# %%
Inquiry(
    "which-pull",
    "The clipped walk moves out ever more slowly. Which visible cue tells you that it will not settle on a circle?",
    game_walks({"clipped at 1": clipped.points}, threshold=1),
    options=[
        "A turn takes ever more steps towards the outside.",
        "The turns stay equally far apart, all the way out.",
        "The walk has left the green disc.",
    ],
    answer=1,
    because="The turns stay equally far apart, by pi times the length of a step. A walk that settles would crowd them, as the one with "
    "decay did. And a longer turn only says that the circle has become longer.",
)

# %% [markdown]
# ## Intuition
#
# Walk around a pole in straight steps, each at right angles to the line to the pole. Every step ends a little further out.
# With shorter strides you get away from it more slowly, and still away. To stay at a fixed distance something must pull you in, as hard as
# the walking carries you out. That is all the picture has to give; now the formulas.
#
# ## The mathematics
#
# | symbol | in code | meaning |
# |---|---|---|
# | $x$, $y$ | `x`, `y` | the weight of the generator, of the discriminator |
# | $\eta$, $c$, $\lambda$ | `lr`, `clip`, `decay` | step, threshold, decoupled weight decay |
# | $r$ | `radii` | distance from the equilibrium, $\sqrt{x^2 + y^2}$ |
# | $g$ | `g` | what both players subtract, $(y, -x)$ |
#
# The generator descends $f = xy$: its gradient is $y$. The discriminator descends $-xy$: its gradient is $-x$. So
#
# $$(x, y) \leftarrow (x, y) - \eta g, \qquad g = (y, -x), \qquad \langle g, (x, y) \rangle = yx - xy = 0, \qquad
#   \lVert g \rVert = r .$$
#
# **The gradient is at right angles to the line home**, everywhere. By Pythagoras, for *any* length of the step,
#
# $$r_{t+1}^2 = r_t^2 + \eta^2 \lVert g_{\text{used}} \rVert^2 .$$
#
# - **No clipping:** the length is $r$, so $r_{t+1}^2 = (1 + \eta^2)\, r_t^2$ and $r_t = r_0 (1 + \eta^2)^{t/2}$. Exponential.
# - **Both clipped by their joint norm:** outside of $r = c$ the length is $c$, so $r_{t+1}^2 = r_t^2 + \eta^2 c^2$ and
#   $r_t = \sqrt{r_0^2 + t\,\eta^2 c^2}$. It grows like the root of the number of steps, and has no bound.
#
# Nothing in this depends on how the threshold is chosen: *whatever* shortens $g$ and keeps its direction, an adaptive threshold
# included, never makes $r$ smaller. (This is about plain steps taken at the same time; momentum and Adam turn them.) And the turns of
# the clipped walk lie evenly: one of them takes $2\pi r / \eta c$ steps, each of which adds $\eta^2 c^2 / 2r$ to $r$, together
# $\pi\eta c$, wherever you are.
#
# **Only the generator clipped.** Let $s$ be $y$ clipped to $[-c, c]$. Then $x \leftarrow x - \eta s$ and $y \leftarrow y + \eta x$. Infinitely
# small steps of this kind keep whatever has the slopes $x$ by $x$ and $s$ by $y$. So this is the right measure of distance:
# $H = x^2/2 + h(y)$ with $h(y) = y^2/2$ for $|y| \le c$ and $c|y| - c^2/2$ beyond, which makes $h'(y) = s$. The first part changes by $-\eta x s + \eta^2 s^2/2$. The second, since $h$ is convex, by at least
# $h'(y) \cdot \eta x = \eta x s$. Together:
#
# $$H_{t+1} - H_t \;\ge\; \tfrac12 \eta^2 s^2 ,$$
#
# which is $\tfrac12 \eta^2 c^2$ whenever $|y| > c$. So $H$ never falls, and grows in proportion to $t$. (The bound counts only half of
# it: the crossings of the strip $|y| < c$ add as much again, $\eta^2 c^2$ a step in the long run, as you will measure.) On the
# $x$-axis $H$ is $x^2/2$, on the $y$-axis about $c|y|$: the generator's weight grows like a root, the discriminator's **in
# proportion to $t$**. The player that is *not* clipped runs away.
#
# **Decay.** Shrink both weights by $1 - \eta\lambda$ before the step. The two parts of the move are at right angles, so
#
# $$r_{t+1}^2 = (1 - \eta\lambda)^2 r_t^2 + \eta^2 c^2 \quad\text{outside of } c, \qquad
#   r_{t+1}^2 = \big((1 - \eta\lambda)^2 + \eta^2\big) r_t^2 \quad\text{inside.}$$
#
# The first has the fixed point
#
# $$r^* = c \sqrt{\frac{\eta}{2\lambda - \eta\lambda^2}} ,$$
#
# and the distance of $r^2$ from it is multiplied by $(1 - \eta\lambda)^2$ at each step outside of $c$. If $r^* > c$, which is the same as
# $(1-\eta\lambda)^2 + \eta^2 > 1$, that is $\lambda$ below about $\eta/2$, the walk from inside grows and the walk from outside
# shrinks: a true **limit cycle**. If decay is stronger than that (which takes $\eta < 1$; and $\eta\lambda < 1$, or the
# decay itself overshoots), both shrink, with or without clipping, and the game comes home.

# %% [markdown]
# ## The code
#
# The game in six lines, with your own clipping, and the same with PyTorch's optimizer. The cell fails if the two
# do not walk the same path. (`SGD(weight_decay=...)` adds $\lambda w$ to the gradient inside `step()`: after the clipping, and there is no
# momentum to remember it. So here it is the same as decoupled decay.)


# %% id="the-game"
def step(x: float, y: float, lr: float, clip: Callable[[Array], Array], decay: float) -> Array:
    g = clip(np.array([y, -x]))
    moved: Array = (1 - lr * decay) * np.array([x, y]) - lr * g
    return moved


def clip_by_norm(g: Array, c: float = 1.0) -> Array:
    return g * min(1.0, c / float(np.linalg.norm(g)))


ours = np.array([3.0, 0.0])
x, y = (torch.nn.Parameter(torch.tensor(w, dtype=torch.float64)) for w in (3.0, 0.0))
optimizer = torch.optim.SGD([x, y], lr=0.1, weight_decay=0.01)
for _ in range(500):
    ours = step(ours[0], ours[1], lr=0.1, clip=clip_by_norm, decay=0.01)
    optimizer.zero_grad()
    (x * y).backward()
    assert y.grad is not None
    y.grad.neg_()  # the discriminator climbs
    torch.nn.utils.clip_grad_norm_([x, y], 1.0)
    optimizer.step()
theirs = np.array([x.item(), y.item()])
library = play((3.0, 0.0), lr=0.1, steps=500, clip=clip_by_norm, decay=0.01).points[-1]
assert np.abs(ours - theirs).max() < 1e-4  # PyTorch divides by norm + 0.000001
assert np.abs(ours - library).max() < 1e-12
print(f"after 500 steps: ours {ours.round(3)}, PyTorch's {theirs.round(3)}")

# %% [markdown]
# ## Experiment 1: how fast?
#
# A hundred thousand steps from $(1, 1)$, learning rate `0.1`, threshold 1, against the formulas.

# %% id="growth"
from course_lib.figures.radius_growth import radius_growth

T = 100_000
times = np.arange(T + 1)
walks = {
    "no clipping": play(steps=2000),
    "generator only": play(steps=T, clip=1.0, scope="generator"),
    "both, by joint norm": play(steps=T, clip=1.0),
}
radii = {name: walk.radii for name, walk in walks.items()}
laws = {
    "no clipping": free_radius(times[:2001]),
    "generator only": 0.1**2 * 1.0 * times,
    "both, by joint norm": clipped_radius(times),
}
assert np.allclose(radii["no clipping"], laws["no clipping"], rtol=1e-12)
assert np.allclose(radii["both, by joint norm"], laws["both, by joint norm"], rtol=1e-12)
by_own_norms = play(steps=T, clip=1.0, scope="separately").radii
apart, apart_early = float(by_own_norms.max()), float(by_own_norms[: T // 4].max())
ran_away = walks["generator only"].points
energy = generator_energy(ran_away[:, 0], ran_away[:, 1], 1.0)
assert np.diff(energy).min() > 0
per_step = float(energy[-1] / T)
drift = float(np.abs(ran_away[T // 2 :, 1]).max() / (0.01 * T))
print(f"generator only: H grew by {per_step:.4f} a step (lr² c² is 0.01), and never fell")
print(
    f"the discriminator's weight came to {drift:.2f} times lr² c t; both clipped: r = {radii['both, by joint norm'][-1]:.2f}"
)
radius_growth(radii, laws)

# %%
spiral_guess.reveal(
    answer=2,
    because="Clipping shortens the step and keeps its direction, which is at right angles to the line home. Every "
    "clipped step adds the same 0.01 to the squared distance.",
)

# %% [markdown]
# Without clipping the distance is 204.7<!--= radii["no clipping"][1000] --> after a thousand steps. Clipped jointly it is
# 31.65<!--= radii["both, by joint norm"][-1] --> after a hundred thousand, to the last digit what the formula says.
#
# **You may have read that** clipping "tames the oscillations" of a GAN and "turns the divergent spiral into a stable limit
# cycle". It slows the divergence down, enormously; that is worth a lot. But a limit cycle is an orbit that attracts its
# neighbours, and here nothing attracts.
#
# Where might the sentence come from? Let the step become infinitely small and play for the time $\tau = \eta t$. Then
# $r^2 = r_0^2 + \tau\,\eta c^2$ tends to $r_0^2$: the walk closes to a circle. But so does the unclipped one, and every start
# has a circle of its own. Push such a walk a little, and it stays where you pushed it.

# %% [markdown]
# ### One player clipped
#
# The sentence speaks of *the generator's* step. Before you look at the figure again:

# %%
runaway_guess = Predict(
    "who-runs-away",
    "Only the generator's gradient is clipped, at 1. Whose weight runs away the fastest in the long run?",
    options=["the generator's", "the discriminator's", "neither: both stay bounded"],
)
runaway_guess

# %%
runaway_guess.reveal(
    answer=1,
    because="The clipped generator needs long to turn around, and all that time the discriminator, whose own gradient "
    "nobody limits, climbs. Its weight grows in proportion to the number of steps, the generator's like a root.",
)

# %% [markdown]
# The band under the dashed line is $\eta^2 c\, t$; the discriminator's weight at its turning points comes to
# 0.98<!--= drift --> times that. Clipping one player only is
# far better than clipping none, and far worse than clipping both: a distance of
# 1,000<!--= round(float(radii["generator only"].max()), -2) --> against 32<!--= radii["both, by joint norm"][-1] -->.
#
# (In real code two optimizers clip each network by its *own* norm. Then a single step can point inward, but $h(x) + h(y)$ never
# falls, by the same two lines, and as measured the distance grows like a root: it has been up to 44<!--= apart --> here, and
# 2.0<!--= apart / apart_early --> times as far as in the first quarter of the steps.)

# %% [markdown]
# ## Experiment 2: what does make a cycle
#
# Decoupled weight decay of `0.01`, three thresholds, starts far inside and far outside.

# %% id="decay-circle"
ends = {}
for c in (0.1, 1.0, 10.0):
    theory = cycle_radius(0.1, c, 0.01)
    ends[c] = [play((r0, 0.0), steps=20_000, clip=c, decay=0.01).radii[-1] for r0 in (0.01 * c, 30.0)]
    assert theory is not None and np.allclose(ends[c], theory, rtol=1e-9)
    print(
        f"threshold {c:4g}: from inside {ends[c][0]:.4f}, from outside {ends[c][1]:.4f}, formula {theory:.4f}"
    )
unclipped_end = play(steps=20_000, decay=0.01).radii[-1]
print(f"no clipping, decay 0.01: {unclipped_end:.1e}")
strong = [play((3.0, 0.0), steps=20_000, clip=c, decay=0.06).radii[-1] for c in (1.0, math.inf)]
print(f"decay 0.06, more than lr / 2: {strong[0]:.0e} clipped, {strong[1]:.0e} without clipping")

# %% [markdown]
# So a limit cycle exists, at 2.2366<!--= ends[1.0][0] --> for a threshold of 1, and takes both: decay that pulls in, and
# clipping that keeps the push from growing with the distance. Decay alone, this weak, is not enough: without clipping the walk is
# beyond $10^{30}$<!--< unclipped_end -->. Decay a little stronger, above $\eta/2$, needs no clipping and ends not on a cycle but at
# home.

# %% [markdown]
# ## Experiment 3: and what needs no clipping at all
#
# The trouble is that both step at once, from the same place. Let them move **in turn**: $y$ answers the $x$ that has just moved.
# Multiply out, and you find that
#
# $$Q = x^2 - \eta x y + y^2$$
#
# is the same after the step as before. For $\eta < 2$ its level lines are ellipses, so the walk can leave neither inward nor
# outward.
# Or let both **look ahead** (extragradient, Korpelevich 1976): make a trial step, read the gradient *there*, go back and
# step by that one. The trial $g$ has turned a little, so the step against it points a little inward:
# $r^2$ is multiplied by $(1 - \eta^2)^2 + \eta^2 = 1 - \eta^2 + \eta^4$, which is below 1 for $\eta < 1$.

# %% id="no-clipping-needed"
in_turn = play(steps=T, scheme="alternating")
Q = in_turn.points[:, 0] ** 2 - 0.1 * in_turn.points.prod(axis=1) + in_turn.points[:, 1] ** 2
assert np.allclose(Q, Q[0], rtol=1e-9)
ahead = play(steps=10_000, scheme="extragradient")
assert math.isclose(ahead.radii[-1], math.sqrt(2) * (1 - 0.1**2 + 0.1**4) ** 5000, rel_tol=1e-9)
print(f"in turn: distance from {in_turn.radii.min():.3f} to {in_turn.radii.max():.3f} over {T:,} steps")
print(f"with a look ahead: {ahead.radii[-1]:.1e} after 10,000 steps")
in_turn_clipped = {
    scope: play(steps=T, scheme="alternating", clip=1.0, scope=scope).radii
    for scope in ("separately", "generator", "jointly")
}
for scope, distance in in_turn_clipped.items():
    print(f"in turn, clipped at 1, {scope}: at most {distance.max():.3f}, at the end {distance[-1]:.3f}")
assert math.isclose(in_turn_clipped["jointly"][-1], math.sqrt(2 + T * 0.1**2 / 4), rel_tol=1e-3)

# %% [markdown]
# In turn, the distance stays between 1.345<!--= in_turn.radii.min() --> and 1.414<!--= in_turn.radii.max() -->. With a look ahead it is
# practically zero. GANs are trained in turn (Goodfellow et al. 2014, Algorithm 1). So this game's spiral, which you may have
# read as an argument for clipping, is gone before anybody clips.
#
# And clipping can bring it back. Unclipped, or each clipped by its own norm, or the generator alone, play in turn stays: no further than
# 1.455<!--= max(in_turn_clipped["separately"].max(), in_turn_clipped["generator"].max()) --> here. Clipped by the
# **joint** norm it drifts out like a root, to 15.88<!--= in_turn_clipped["jointly"][-1] --> after a hundred thousand steps, as measured like
# $\sqrt{r_0^2 + t\,\eta^2c^2/4}$: the two half-steps of one move are then cut by different factors (the first by the norm at the old
# $x$, the second by the norm at the new one), and $Q$ is no longer kept.
#
# (The game is a caricature: it has no curvature of its own. Real games have some, which can pull in or push out, and noise. What
# carries over is what a clipped step can and cannot do.)

# %% [markdown]
# ## Weight clipping is another thing
#
# The Wasserstein GAN (Arjovsky, Chintala & Bottou 2017) "clips" too. After each step its *weights* are clamped to $[-0.01, 0.01]$, so that the
# discriminator cannot become steep. That bounds **where the discriminator can be**; clipping a gradient bounds **how far it moves at
# once**. Put both into the same game, with the same threshold; the weight that is clamped is the discriminator's, $y$, alone.

# %% id="weight-clipping"
by_weight = [play((r0, 0.0), steps=T, weight_limit=1.0) for r0 in (0.1, 30.0)]
late = np.concatenate([walk.radii[-10_000:] for walk in by_weight])
by_gradient = play((0.1, 0.0), steps=T, clip=1.0)
far = float(np.abs(by_gradient.points[:, 1]).max())
print(
    f"weight clipped at 1: from inside and from outside, the last distances are {late.min():.2f} to {late.max():.2f}"
)
print(f"gradient clipped at 1: the discriminator's weight has been as far as {far:.1f}, and will go further")
game_walks(
    {
        "weight y clamped": play((5.0, 0.0), steps=400, weight_limit=1.0).points,
        "gradient clipped": by_gradient.points[:3000],
    },
    reach=6,
)

# %% [markdown]
# The clamped weight has its bounded cycle, between 1.00<!--= late.min() --> and 1.14<!--= late.max() -->, from wherever it starts:
# whatever would grow is cut off at the wall. So in this game the sentence about the limit cycle is true of a clipping, and it is not the clipping of
# gradients. (Weight clipping has a price of its own: it makes discriminators simple. Gulrajani et al. 2017 replaced it by a penalty.)

# %% [markdown]
# ## Experiment 4: when the fakes are easy to spot
#
# **You may have read that** early in training, when the discriminator easily spots the fakes, it "sends back massive gradients". Now
# for real networks: eight Gaussians on a ring are to be imitated, both networks have two hidden layers of 32<!--plain--> units. The generator stays
# untrained, and only the discriminator learns.

# %%
early_guess = Predict(
    "too-good",
    "The discriminator has become nearly perfect. The generator minimises log(1 - D), as in the game's definition. How large "
    "is its gradient?",
    options=["massive", "about what it was at the beginning", "almost zero"],
)
early_guess

# %% id="early"
from course_lib.figures.early_gradient import early_gradient
from course_lib.training import Ring, early_gradients

counts = [0, 30, 100, 300, 500]
early = early_gradients(Ring(), range(10), counts)
fooled, saturating, other = (
    part.mean(axis=1) for part in (early.fooled, early.saturating, early.non_saturating)
)
early_gradient(counts, early)

# %%
early_guess.reveal(
    answer=2,
    because="The gradient of log(1 - D) carries a factor D, and D is what has become almost zero.",
)

# %% [markdown]
# Write $\ell$ for the discriminator's output before the sigmoid, $D = \sigma(\ell)$. Then
#
# $$\nabla \log(1 - D) = -D\, \nabla \ell, \qquad \nabla (-\log D) = -(1 - D)\, \nabla \ell .$$
#
# The first is the loss of the game's definition, and it **vanishes** with $D$: from 1.5<!--= saturating[0] --> to
# 0.04<!--= saturating[-1] --> here. For this reason Goodfellow et al. (2014, section 3) use the second in practice, called
# *non-saturating* (with it the game is no longer zero-sum). Its factor goes to 1, so what is left is the slope of the discriminator itself, and that does grow as it learns: from
# 1.7<!--= other[0] --> to 9.1<!--= other[-1] -->. Large gradients come from a *steep* discriminator, and of these
# two losses only under this one. That the fakes are easy to spot makes only a small part of it: a factor of about two, from $1 - D$, which
# goes from 0.51<!--= 1 - fooled[0] --> to 1.00<!--= 1 - fooled[-1] -->.

# %% [markdown]
# ## Experiment 5: does limiting the generator cost modes?
#
# **You may have read that** limiting the generator's step slows its exploration, and may lead to *mode collapse*: a generator that makes only
# a few kinds of what it should make. Count it. A sample is *good* within four standard deviations of one of the eight Gaussians; **quality** is the share of good
# samples; a **mode** is covered if at least one sample in a hundred is good and belongs to it. Read the two together: few modes
# at high quality is collapse, few modes at low quality is a generator that has not learned. (The count has no floor of its own: samples
# that are strewn about hit a mode or two as well. So the untrained generator is counted too.)
#
# SGD for both networks, in turn, the non-saturating loss, 1200<!--plain--> steps, ten seeds. Only the *generator* is clipped. First at one learning rate, `0.1`.

# %%
modes_guess = Predict(
    "fewer-modes",
    "Without clipping these runs cover one or two of the eight modes. Now the generator's gradient is clipped at 1. How "
    "many modes are covered?",
    options=["fewer", "about as many", "more"],
)
modes_guess

# %% id="ring" tags=["nbval-ignore-output"]
from course_lib.figures.modes_and_quality import modes_and_quality
from course_lib.figures.ring_samples import ring_samples
from course_lib.training import GanRuns, GanSetting, globally, train_gans

SEEDS = range(10)
Scores = dict[tuple[float, float], tuple[np.ndarray[Any, np.dtype[np.int64]], Array]]


def settings(pairs: list[tuple[float, float]]) -> list[GanSetting]:
    """One for each (learning rate, threshold on the generator)."""
    return [GanSetting(f"lr {lr:g}, c {c:g}", lr, None if math.isinf(c) else globally(c)) for lr, c in pairs]


def scores(pairs: list[tuple[float, float]], runs: GanRuns) -> Scores:
    """For each pair: modes and quality, one number a seed."""
    return {pair: (runs.modes[i], runs.quality[i]) for i, pair in enumerate(pairs)}


def best(found: Scores, c: float) -> tuple[float, float]:
    """The pair with threshold c that covers the most modes on average."""
    return max((pair for pair in found if pair[1] == c), key=lambda pair: float(found[pair][0].mean()))


off = math.inf
pairs = [(0.02, off), (0.05, off), (0.1, off), (0.05, 1.0), (0.1, 1.0), (0.2, 1.0), (0.1, 0.01)]
runs = train_gans(Ring(), settings(pairs), SEEDS, steps=1200)
untrained = train_gans(Ring(), [GanSetting("untrained", lr=0.1)], SEEDS, steps=0)
sgd = scores(pairs, runs)
# Of the ten seeds, the one in the middle and the last one, by quality without clipping.
middle, purest = (int(seed) for seed in np.argsort(sgd[0.1, off][1])[[5, -1]])
shown = {
    "no clipping": (0.1, off, middle),
    "no clipping, purest": (0.1, off, purest),
    "clipped at 1": (0.1, 1.0, middle),
    "clipped at 0.01": (0.1, 0.01, middle),
}
ring_samples(
    {name: runs.samples[pairs.index((lr, c)), seed] for name, (lr, c, seed) in shown.items()},
    {name: (int(sgd[lr, c][0][seed]), float(sgd[lr, c][1][seed])) for name, (lr, c, seed) in shown.items()},
)

# %%
modes_guess.reveal(
    answer=2,
    because="At this learning rate the unclipped generator's large steps throw it onto one mode or off the ring. Clipped, it "
    "covers more of them, and their samples are no better.",
)

# %% id="best-rates" tags=["nbval-ignore-output"]
same_rate = sgd[0.1, 1.0][0] - sgd[0.1, off][0]
bare, held = best(sgd, off), best(sgd, 1.0)
gain = sgd[held][0] - sgd[bare][0]
gain_error = float(gain.std(ddof=1)) / math.sqrt(10)
print(
    f"untrained               modes {untrained.modes.mean():.1f} ± {untrained.modes.std(ddof=1):.1f}, "
    f"quality {untrained.quality.mean():.2f} ± {untrained.quality.std(ddof=1):.2f}"
)
for pair, (modes, quality) in sgd.items():
    print(
        f"lr {pair[0]:<5g} threshold {pair[1]:<5g} modes {modes.mean():.1f} ± {modes.std(ddof=1):.1f}, "
        f"quality {quality.mean():.2f} ± {quality.std(ddof=1):.2f}"
    )
same_error = float(same_rate.std(ddof=1)) / math.sqrt(10)
collapsed = int(np.sum((sgd[0.1, off][0] <= 2) & (sgd[0.1, off][1] > 0.5)))
print(f"without clipping at 0.1, {collapsed} of 10 runs cover at most two modes with most samples good")
print(
    f"both at 0.1: {same_rate.mean():+.1f} ± {same_error:.1f} modes by clipping, "
    f"more in {np.sum(same_rate > 0)} of 10 seeds, quality {sgd[0.1, off][1].mean():.2f} without, "
    f"{sgd[0.1, 1.0][1].mean():.2f} with"
)
print(
    f"each at its best ({bare[0]:g} and {held[0]:g}): {gain.mean():+.1f} ± {gain_error:.1f} (standard error)"
)

# %% [markdown]
# At this learning rate clipping the generator gives about 1.7<!--~1.2 same_rate.mean() --> modes **more** on average, more than
# 1.5<!--< same_rate.mean() / same_error --> standard errors; the mean quality is no better for it. The unclipped runs are thrown about: a few
# put most of their samples on one mode or two, which is collapse (the second panel shows the purest), and others lie beside the ring. A tiny threshold of
# `0.01` covers few modes too, but more than 90%<!--< 1 - sgd[0.1, 0.01][1].mean() --> of its samples are bad, nearly as with no
# training at all: that generator has not collapsed, it has hardly learned.
#
# Now the honest comparison, each side at its own best learning rate (here: the one with the most modes, chosen on the seeds that are shown): the last
# line. More than 30%<!--< 1 - gain.mean() / same_rate.mean() --> of the gain is gone, and the standard error is more than
# 30%<!--< gain_error / max(abs(gain.mean()), 1e-9) --> of what is left. Much of what clipping seemed to do
# for the modes was to repair a learning rate that was too large.
#
# (Training two networks against each other is chaotic: the last bit of a sum, which another processor may round differently, changes
# which modes a seed finds. So the digits of the lines above need not be yours.)
#
# ### Does it carry over?
#
# What is left could belong to this corner. So change the setting (the steps with it): Adam ($\beta_1 = 0.5$, as is usual with GANs,
# and $\beta_2 = 0.999$) for 800<!--plain--> steps. Three learning rates for each side again.

# %% id="elsewhere" tags=["nbval-ignore-output"]
pairs = [(lr, c) for lr in (0.002, 0.004, 0.008) for c in (off, 1.0)] + [(0.004, 1e-4)]
adam = scores(pairs, train_gans(Ring(), settings(pairs), SEEDS, steps=800, optimizer="adam"))
cases = {"ring, SGD": sgd, "ring, Adam": adam}
chosen: dict[str, tuple[int, dict[str, Any]]] = {}
gained_modes = {}
for name, found in cases.items():
    free_pair, held_pair = best(found, off), best(found, 1.0)
    gained = found[held_pair][0] - found[free_pair][0]
    error = float(gained.std(ddof=1)) / math.sqrt(10)
    gained_modes[name] = float(gained.mean())
    print(
        f"{name:10s} best rates {free_pair[0]:g} and {held_pair[0]:g}; modes by clipping at 1: "
        f"{gained.mean():+.1f} ± {error:.1f} (standard error); "
        f"quality {found[free_pair][1].mean():.2f} without, {found[held_pair][1].mean():.2f} with"
    )
    chosen[name] = 8, {"no clipping": found[free_pair], "clipped at 1": found[held_pair]}
modes_and_quality(chosen)

# %% [markdown]
# Read signs and errors, and read them on a friend's machine as well. On four kinds of processor the same seeds gave with SGD changes from
# −0.5<!--plain--> to +0.6<!--plain--> modes and with Adam from +0.1<!--plain--> to +0.8<!--plain-->, with standard errors of
# 0.3<!--plain--> to 0.7<!--plain-->. By modes Adam's best rate was now `0.004`, now `0.008`. By
# quality `0.008` is Adam's best on both sides (next cell), and it is the edge of what was tried. So, on the ring:
#
# - with SGD at `0.1`, clipping the generator gave about 1.7<!--~1.2 same_rate.mean() --> modes more
#   (more than 1.5<!--< same_rate.mean() / same_error --> standard errors), at a quality that is no better;
# - at each side's best learning rate the effect on the modes is smaller, about 0<!--~1.3 gained_modes["ring, SGD"] --> with SGD and
#   0.5<!--~1.3 gained_modes["ring, Adam"] --> with Adam, and its sign is not to be relied on;
# - a threshold that is far too small leaves an SGD generator untrained (lesson 04's stall), and with Adam does next to nothing (lesson
#   05's indifference).
#
# No run on the ring shows a moderate threshold that turns many modes into few at *high* quality, which is what collapse means; nor could
# these runs: none has many modes and high quality even without clipping. The digits below do.

# %% id="adam-ring" tags=["nbval-ignore-output"]
for (lr, c), (modes, quality) in adam.items():
    print(
        f"Adam, lr {lr:g}, threshold {c:<7g} modes {modes.mean():.1f} ± {modes.std(ddof=1):.1f}, "
        f"quality {quality.mean():.2f} ± {quality.std(ddof=1):.2f}"
    )

# %% [markdown]
# And is clipping *indispensable* for GANs? With SGD no setting learned the ring well here, clipped or not: in each, more than
# 30%<!--< 1 - max(float(quality.mean()) for _, quality in sgd.values()) --> of the samples are bad. With Adam, without any clipping, the ring's generators cover more than
# 2<!--< adam[0.008, off][0].mean() --> modes on average, at a quality above
# 0.2<!--< adam[0.008, off][1].mean() -->. A threshold ten thousand times smaller than 1 changes little: Adam divides
# the size out again. So "capping the generator's step" by clipping its gradient is something that clipping does, of these two optimizers, for SGD only.

# %% [markdown]
# ### And real digits?
#
# The ring is a toy. So the same game with handwritten digits, of 8<!--plain--> by 8<!--plain--> pixels. A sample takes the label of the nearest real
# digit (right for 99%<!--= digit_target.accuracy --> of those held out), and is good if that lies no further away, in pixels, than for nineteen
# of twenty held-out digits: so real digits would score a quality of `0.95`. A mode counts as on the ring. The rule has its limits: a *copy* of a digit counts as perfect, so it measures neither novelty nor variety
# among the threes.
#
# Digits take longer to learn than you want to wait. So these runs were **recorded**: both networks with two hidden layers of 64<!--plain-->
# units, noise of 8<!--plain--> dimensions, in turn, the non-saturating loss, batches of 32<!--plain-->, 3,000<!--= digits_by["SGD"].counts[-1] --> steps, ten seeds, SGD and Adam, the generator unclipped or clipped at 1, four or
# five learning rates for each. `python tools/record_digit_gans.py` records them again, in some minutes. The function `record`, from
# the same module as `recorded` below, trains seeds that are not there yet: `record("adam", seeds=[11])`.

# %% id="digit-rates"
from course_lib.figures.digit_samples import digit_samples
from course_lib.figures.rates_on_digits import rates_on_digits
from course_lib.training import RealDigits
from course_lib.training.digit_gans import recorded

digit_target = RealDigits()
digits_by = {"SGD": recorded("sgd"), "Adam": recorded("adam")}
sides = {off: "no clipping", 1.0: "clipped at 1"}
rates_on_digits(digits_by, sides)

# %% [markdown]
# Each side has its best rate (ringed: here the highest *quality*, since most rates find all ten kinds) inside the range that was tried. The runs there, and the first ten samples of the
# first seed, nothing picked:


# %% id="digits"
def mean_and_error(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    return float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))


rows: dict[str, tuple[str, Any]] = {"real digits": ("", digit_target.known[:10].numpy())}
# What clipping changed over the ten seeds: the mean and its standard error.
by_clipping: dict[tuple[str | float, str], tuple[float, float]] = {}
worst = min(
    float(kept.quality[i, kept.best(c), -1].min()) for kept in digits_by.values() for i, c in enumerate(sides)
)
untrained_digits = max(float(kept.quality[..., 0, :].max()) for kept in digits_by.values())
for name, kept in digits_by.items():
    at_best = []
    for place, (c, side) in enumerate(sides.items()):
        rate = kept.best(c)
        assert 0 < rate < len(kept.rates) - 1, "the best rate lies at the edge of those that were tried"
        modes, quality = kept.modes[place, rate, -1], kept.quality[place, rate, -1]
        assert quality.mean() > kept.quality[place, rate, -2].mean()  # and would still rise
        at_best.append((modes, quality))
        rows[f"{name}, {side}"] = (
            f"{modes[0]} of 10 modes, quality {quality[0]:.2f}",
            kept.samples[place, rate],
        )
        print(
            f"{name:4s} {side:12s} lr {kept.rates[rate]:<6g} modes {modes.mean():.1f} ± {modes.std(ddof=1):.1f}, "
            f"quality {quality.mean():.2f} ± {quality.std(ddof=1):.2f}, "
            f"clipped in {kept.clipped[place, rate].mean():.0%} of the steps"
        )
    for what, bare_score, held_score in zip(("modes", "quality"), *at_best, strict=True):
        change, error = by_clipping[name, what] = mean_and_error(held_score - bare_score)
        assert abs(change) < 2 * error
        print(
            f"{name:4s} {what} by clipping, each side at its best: {change:+.3f} ± {error:.3f} (standard error)"
        )
of_sgd, of_adam = digits_by.values()
for lr in (0.05, 0.1):
    place = of_sgd.rates.index(lr)
    bare_modes, held_modes = of_sgd.modes[:, place, -1]
    assert of_sgd.quality[1, place, -1].mean() < of_sgd.quality[0, place, -1].mean()
    change, error = by_clipping[lr, "modes"] = mean_and_error(held_modes - bare_modes)
    print(
        f"SGD, both at {lr:g}: {bare_modes.mean():.1f} modes, {change:+.1f} ± {error:.1f} by clipping, "
        f"which cuts {of_sgd.clipped[1, place].mean():.0%} of the steps"
    )
earlier = of_sgd.counts.index(
    2000
)  # when the unclipped runs are no better yet than the clipped ones at their end
for place in (0, 1):
    assert of_sgd.quality[0, place, earlier].mean() < of_sgd.quality[1, place, -1].mean()
assert (of_adam.modes[:, -1, -1] == 0).sum(axis=1).tolist() == [2, 0]  # Adam at 0.008: who lost every mode
digit_samples(rows)

# %% [markdown]
# The worst of these forty runs has a quality of 0.56<!--= worst -->, and no untrained generator is above 0.00<!--= untrained_digits -->. So these
# modes mean something.
#
# - **At each side's best rate clipping does nothing that ten seeds can show.** It changes the modes by -0.1<!--= by_clipping["SGD", "modes"][0] -->
#   with SGD and by 0.1<!--= by_clipping["Adam", "modes"][0] --> with Adam, the quality by -0.001<!--= by_clipping["SGD", "quality"][0] --> and
#   by -0.018<!--= by_clipping["Adam", "quality"][0] -->. No change is much
#   larger than its standard error. And the clip was not idle: it cut 80%<!--= of_sgd.clipped[1, of_sgd.best(1.0)].mean() --> of the steps of SGD and
#   18%<!--= of_adam.clipped[1, of_adam.best(1.0)].mean() --> of those of Adam.
# - **At one and the same small rate of SGD it costs modes.** At `0.1`, the unclipped runs' best, clipped generators cover
#   1.1<!--= -by_clipping[0.1, "modes"][0] --> ± 0.2<!--= by_clipping[0.1, "modes"][1] --> fewer of the ten modes (± its standard error), at `0.05`
#   2.1<!--= -by_clipping[0.05, "modes"][0] --> ± 0.3<!--= by_clipping[0.05, "modes"][1] --> fewer, at a quality that is no higher. On the ring
#   at `0.1` it was the other way round. So there is something in the statement: a generator that is held back can miss kinds. (That it has simply
#   not come as far does not explain it: at an earlier time, after 2,000<!--= of_sgd.counts[earlier] --> steps, when their quality is still lower than the clipped
#   runs' at the end, the unclipped ones cover 9.6<!--= of_sgd.modes[0, 1, earlier].mean() --> modes at `0.1` and
#   8.9<!--= of_sgd.modes[0, 0, earlier].mean() --> at `0.05`, against 8.7<!--= of_sgd.modes[1, 1, -1].mean() --> and
#   7.5<!--= of_sgd.modes[1, 0, -1].mean() -->.) At `0.2` the modes are back.
# - **A rescue that may be chance.** With Adam at `0.008`, two of ten unclipped runs lost every mode and no clipped run did. Two of ten against none
#   is too few to build on.
#
# The quality still rises when the runs end, these are small networks and small pictures, and each best rate was chosen on the seeds that are shown. A run of your own deserves the same two
# numbers, modes *and* quality, over several seeds, beside the untrained generator's.

# %%
Hint(
    "Your GAN's samples have become all alike. How do you tell whether the threshold did it?",
    "Two numbers, not one: how many kinds, and how good are they? And two runs, not one.",
    "High quality and few kinds is collapse; look at the learning rate first, since too large a one collapses without any "
    "clipping, and try the run without the threshold: on the digits a generator held back missed a kind or two. Low quality and few kinds is a generator that has not learned: then look at learning rate times threshold. "
    "Compare with a run without the threshold, at *its* best learning rate, and with the untrained generator.",
)

# %% [markdown]
# ## Claim review
#
# Give your own verdict before you open ours.

# %%
Claim(
    id="rotation",
    statement="GAN training has rotational dynamics around its equilibrium.",
    source="Mescheder, Nowozin & Geiger 2017, 'The numerics of GANs'; Balduzzi et al. 2018, 'The mechanics of n-player "
    "differentiable games'",
    witness="growth",
    verdict="conditional",
    popular="You may have read it of GANs in general.",
    corrected="The bilinear game has nothing but rotation, as measured. In a real GAN it is a part, beside curvature that can pull in or push "
    "out; how large a part we did not measure.",
)

# %%
Claim(
    id="diverge-or-cycle",
    statement="Unchecked, the generator diverges or cycles.",
    source="Gidel et al. 2019; Daskalakis, Ilyas, Syrgkanis & Zeng 2018, 'Training GANs with optimism'",
    witness="no-clipping-needed",
    verdict="conditional",
    popular="You may have read it as the reason to clip.",
    corrected="In the bilinear game simultaneous steps diverge; steps in turn stay bounded and extragradient steps converge, both "
    "without clipping.",
)

# %%
Claim(
    id="limit-cycle",
    statement="Clipping turns the divergent spiral into a stable limit cycle.",
    source="Derived above; weight clipping: Arjovsky, Chintala & Bottou 2017, Algorithm 1",
    witness="growth",
    verdict="false",
    popular="You may have read that clipping the generator's step does this.",
    corrected="Clipped jointly, the squared distance grows by lr² c² a step for ever; with the generator clipped alone, the "
    "discriminator leaves in proportion to time. A cycle needs something that pulls in: decay, or a wall for the weights.",
)

# %%
Claim(
    id="ensures-stability",
    statement="Clipping ensures that training is stable.",
    source="Derived above; compare Mescheder, Geiger & Nowozin 2018, 'Which training methods for GANs do actually converge?'",
    witness="growth",
    verdict="false",
    popular="You may have read the word 'ensures'.",
    corrected="It bounds the length of a step. It does not make steps point home.",
)

# %%
Claim(
    id="capped-step",
    statement="Clipping caps the generator's step at learning rate times threshold and keeps its direction.",
    source="Elementary for SGD; Kingma & Ba 2015, section 2.1, for Adam",
    witness="adam-ring",
    verdict="conditional",
    popular="You may have read it of generators in general.",
    corrected="For plain SGD, clipped by norm. Most GANs are trained by Adam, whose step does not contain the threshold (lesson 05).",
)

# %%
Claim(
    id="massive-gradients",
    statement="Early in training, when the discriminator easily spots the fakes, the generator gets massive gradients.",
    source="Goodfellow et al. 2014, section 3; Arjovsky & Bottou 2017, 'Towards principled methods for training GANs'",
    witness="early",
    verdict="conditional",
    popular="You may have read it without naming the loss.",
    corrected="With log(1 - D) they vanish. With -log D they grow, mostly with the slope of the discriminator.",
)

# %%
Claim(
    id="mode-collapse",
    statement="Limiting the generator's step may cause mode collapse.",
    source="No primary source known to us; measured above",
    witness="digits",
    verdict="conditional",
    popular="You may have read it as the price of stability.",
    corrected="The condition here: SGD, and one shared small learning rate. Then a moderate threshold cost one or two of ten kinds of "
    "digits (on the ring, at 0.1, it gave a mode). At each side's best rate nothing showed beyond two standard errors. A tiny threshold "
    "leaves an SGD generator untrained, which is not collapse.",
)

# %%
Claim(
    id="no-free-lunch",
    statement="Clipping is not a free lunch.",
    source="Pascanu, Mikolov & Bengio 2013, section 3.2, on its additional hyper-parameter; lessons 03 and 04 of this course",
    witness="no-clipping-needed",
    verdict="true",
)

# %%
Claim(
    id="indispensable",
    statement="Clipping is indispensable for training GANs.",
    source="Radford, Metz & Chintala 2016 train without it; see 'In practice'",
    witness="digits",
    verdict="false",
    popular="You may have read it in a list of things that clipping makes possible.",
    corrected="Unclipped generators learned real digits here, with SGD and with Adam, and the first two systems below do not clip. On the "
    "ring, with SGD at 0.1, clipping the generator gave a mode; over which range of learning rates, we did not measure.",
)

# %% [markdown]
# ## In practice
#
# - **No clipping.** PyTorch's own DCGAN example trains both networks with Adam at $\beta_1 = 0.5$ and never clips
#   (pytorch/examples, `dcgan/main.py`).
# - **A repair of last resort.** StyleGAN2-ADA replaces `nan` by 0 and infinities by $\pm 10^5$ in every gradient, and clips nothing
#   (NVlabs/stylegan2-ada-pytorch, `training/training_loop.py`).
# - **A clip that clips nothing.** VITS calls a function `clip_grad_value_` with the limit `None`, for both networks: it only returns the norm, which
#   is logged (jaywalnut310/vits, `train.py` and `commons.py`). Whoever counts projects that "use clipping" by searching for the
#   name counts this one.
# - **A discriminator clipped, not the generator.** DRIT clips the gradient of its content discriminator alone, at 5<!--plain-->. A user
#   asked whether that made it a Wasserstein GAN (HsinYingLee/DRIT, issue 27). It does not.
# - **Weight clipping taken for gradient clipping.** A reader reports as a bug that a Wasserstein GAN clips *after* the optimizer's
#   step; the line clamps weights, and belongs there (znxlwm/pytorch-generative-model-collections, issue 31).
# - **Far too tight.** Gradients clamped to one hundredth, a loss that does not move, and progress once the limit was 1
#   (lksshw/SRNet, issue 18).
#
# What to do with your own: let the players move in turn; find the learning rate first; log both networks' gradient norms; clip both if
# norms spike, each by its own norm (by the joint one, play in turn drifts out); and if the pair goes round in circles, look for something that pulls in (a gradient penalty, decay, averaging the
# weights), because clipping is not that.

# %% [markdown]
# ## Check yourself

# %%
Quiz(
    "quiz-add",
    "Both players clipped jointly at 2, learning rate 0.1, distance 10, steps at the same time. The distance after 100 steps?",
    {
        "10": "That would be a circle. Each step is at right angles to the line home and ends a little further out.",
        "10.2": "Right: the square grows by 0.1² · 2² = 0.04 a step, from 100 to 104, and the root of 104 is 10.2.",
        "30": "That is 100 steps of 0.2 straight out. The steps go around.",
    },
    answer="10.2",
)

# %%
Quiz(
    "quiz-threshold-and-circle",
    "Clipped play with weak decay ends on a circle. You halve the threshold. What happens to the circle?",
    {
        "It stays: decay made it.": "Decay pulls in proportion to the distance, clipping sets the push. Both are in its radius.",
        "Its radius halves.": "Right: the radius is c times a number made of learning rate and decay.",
        "It vanishes, and the game comes home.": "That needs decay above about half the learning rate; the threshold is not in it.",
    },
    answer="Its radius halves.",
)

# %%
Quiz(
    "quiz-collapse",
    "Quality 0.95, modes 1 of 8. And: quality 0.03, modes 1 of 8. Which one would a larger threshold help, with SGD?",
    {
        "the first": "It makes perfect samples of one kind: it has learned. What it lacks is kinds, and a larger threshold is not the first thing to try.",
        "the second": "Right: hardly anything it makes is any good, so it may simply not have got far.",
        "both": "Only one of the two has not learned.",
    },
    answer="the second",
)

# %%
ExitCheck(
    "exit-gans",
    mechanism=[
        "In the simplest game the gradient of both players is at right angles to the line home, so that a step of any length "
        "ends further out.",
        "Clipping changes the length of the step, and so the speed of the divergence: a root instead of an exponential. A "
        "cycle needs something that pulls in.",
        "Few modes alone say little: with quality they are collapse, without it a generator that has not learned.",
    ],
    prerequisite="If it is unclear why clipping leaves the direction alone, go back to Clipping mechanics; if it is unclear why the "
    "threshold means nothing to Adam, to Optimizers.",
    perturbation=(
        "Clipped play with decay 0.01 circles at 2.24, at learning rate 0.1. You lower the learning rate to 0.01. Where does it end?",
        "At home. The circle exists while decay is below about half the learning rate, which is now 0.005: the pull has become "
        "stronger than the push, and the threshold no longer matters.",
    ),
)

# %%
assert cycle_radius(0.01, 1.0, 0.01) is None  # the answer of the exit check
print(
    f"learning rate 0.01, decay 0.01: {play((3.0, 0.0), lr=0.01, steps=200_000, clip=1.0, decay=0.01).radii[-1]:.0e}"
)

# %% [markdown]
# ## In five lines
#
# 1. The gradient of the bilinear game is at right angles to the line home: $r^2$ grows by $\eta^2 \lVert g \rVert^2$ a step.
# 2. Unclipped: exponential. Clipped jointly, from $r_0 \ge c$: $\sqrt{r_0^2 + t\eta^2c^2}$. Generator only: the discriminator leaves like $\eta^2 c\,t$.
# 3. A cycle needs a pull: with decay its radius is $c\sqrt{\eta/(2\lambda - \eta\lambda^2)}$. A clipped *weight* has one too.
# 4. Steps in turn stay, unless their joint norm is clipped; steps with a look ahead come home. Neither needs clipping.
# 5. Modes and quality together, each side at its best learning rate: then clipping the generator did nothing beyond two standard errors (on the ring
#    we compared modes). At one shared small rate of SGD it cost the digits one or two kinds.
#
# **Now do it yourself:** open the exercise from the map above, or with `course open 09_gans`.
#
# **Further reading.** Goodfellow et al. 2014, *Generative adversarial nets*, section 3. Mescheder, Geiger & Nowozin 2018, *Which training methods
# for GANs do actually converge?* Gidel et al. 2019, *A variational inequality perspective on generative adversarial networks*. Arjovsky,
# Chintala & Bottou 2017, *Wasserstein generative adversarial networks*. Gulrajani et al. 2017, *Improved training of Wasserstein GANs*.

# %%
Journal("09_gans")

# %%
measured_minutes("09_gans")
