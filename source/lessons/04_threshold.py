# ---
# jupyter:
#   course:
#     kind: lesson
#     name: 04_threshold
# ---

# %% [markdown]
# # 4 · Choosing the threshold
#
# **Choose a clipping threshold from what your run tells you, and know when the number hardly matters.**
#
# After this lesson you can
#
# - read a log of gradient norms, and say which run may give you a threshold and which may not;
# - recognise a threshold that is a placebo, one that is safe and one that stalls, and measure where they lie;
# - explain why with SGD only the product of learning rate and threshold counts once every step is clipped, and why
#   Adam does not care over eight decades;
# - say what AutoClip, ZClip and AGC compute, and which explosion each of them cannot stop;
# - tell a run that died silently from one that learns.
#
# *You need:* [Clipping mechanics](03_clipping_mechanics.ipynb). *Difficulty:* medium.

# %%
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from course_lib.clipping import AutoClipThreshold, ZClipThreshold
from course_lib.data import sunspots
from course_lib.demos import monitor_demo
from course_lib.figures.norm_log import norm_log
from course_lib.figures.threshold_curves import threshold_curves
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
from course_lib.training import RecurrentSetting, forecast, train_recurrent

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

LearningMap("04_threshold")

# %% [markdown]
# ## Play first
#
# A small recurrent network reads thirty years of sunspot numbers and predicts the next. Without clipping every training
# run of it breaks. With clipping you have to write down a number. The first gradient of such a run is typically
# several hundred long, so somebody suggests a threshold of 1,000<!--= 1000 -->: "it stops the disasters and leaves
# everything ordinary alone".

# %%
placebo_guess = Predict(
    "placebo-threshold",
    "Ten runs from ten random starts, clipped by norm at 1000, learning rate 0.03. How many end worse than the "
    "forecast 'next year is like this year'?",
    options=["none: the disasters are cut", "about half", "all ten"],
)
placebo_guess

# %% [markdown]
# Now sit down at the monitor. Every position of its two controls is a training run that really took place: the log of
# gradient norms, the update each step took, and the loss.

# %%
monitor_demo()

# %% [markdown]
# Move the threshold with the arrow keys, from far too high to far too low, and watch all three curves. Somewhere on
# the way the loss falls, and somewhere later it stops falling, for two different reasons.

# %% [markdown]
# ## The task
#
# Data: the yearly sunspot numbers since 1700<!--plain--> (NOAA, in statsmodels). The first 230<!--plain--> years are for training and set mean
# and standard deviation. The network is an "IRNN" (Le, Jaitly & Hinton 2015): rectified linear units whose recurrent
# matrix starts as the identity, so that it remembers, and so that its gradient can grow over thirty years. Two
# yardsticks need no network at all: always predicting the mean, and persistence, "next year is like this year".

# %%
task = forecast(sunspots())
SEEDS = range(10)
STEPS, LR = 200, 0.03
print(f"{len(task.y_train)} windows to learn from, {len(task.y_test)} later years to be tested on")
print(f"error of always predicting the mean: {task.mean_guess:.2f}; of persistence: {task.persistence:.2f}")

# %% [markdown]
# From here on, a run *fails* when its error on the later years is not below that of persistence,
# 0.88<!--= task.persistence -->.

# %% [markdown]
# ## First of all: log the norm
#
# Eleven thresholds, ten random starts each, everything else equal: plain SGD, learning rate `0.03`, 200<!--= STEPS --> steps. The 110<!--= len(thresholds) * len(SEEDS) -->
# networks are trained side by side. Before any statistics, look into the log of one start at four of the thresholds, and
# look at the norms before you look at the loss.

# %% id="raw-norms" tags=["nbval-ignore-output"]
thresholds = [math.inf, 1e4, 1e3, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1]
zones = train_recurrent(task, [RecurrentSetting(f"{c:g}", LR, c) for c in thresholds], SEEDS, steps=STEPS)
logged = [math.inf, 1000.0, 10.0, 0.1]
rows = [thresholds.index(c) for c in logged]
norms, losses = zones.norms[:, rows, 2], zones.losses[:, rows, 2]
captions = [
    "No threshold: the first steps are catastrophes, and soon every number is nan. The log ends before it begins.",
    "Threshold 1000: the step that is cut is still 0.03 * 1000 = 30 long. The run creeps out of a crater, to an error of 1.1.",
    "Threshold 10: the spikes come, are cut, and stop coming. After that almost nothing is clipped. The error is about 0.2.",
    "Threshold 0.1: every single step is clipped, to a length of 0.003. Nothing breaks and nothing is learned.",
]
pictures = [norm_log(norms[:, i], losses[:, i], c, STEPS) for i, c in enumerate(logged)]
Storyboard("One start, four thresholds", [Frame(*frame) for frame in zip(captions, pictures, strict=True)])

# %%
Inquiry(
    "which-curve",
    "Two runs have the same loss after 200 steps: high. Which visible cue tells you whether the threshold is too high or too low?",
    pictures[3],
    options=[
        "The height of the loss.",
        "The largest norm of the run.",
        "Whether the norms lie above the threshold always, or only now and then.",
    ],
    answer=2,
    because="A threshold that is too low clips every step; one that is too high clips hardly any. Height of loss and "
    "largest norm are much the same in both.",
)

# %% [markdown]
# ## Intuition
#
# A threshold is a speed limit. A limit of 500<!--plain--> on a country road is a placebo: it binds nobody who matters. A limit
# of 1 stops the traffic. In between lies a wide range of sensible limits, and nobody can feel the difference between
# 80<!--plain--> and 90<!--plain-->. But if everybody always drives at the limit, the limit *is* the speed, and there is a second dial that
# does the same thing: the clock.
#
# ## The mathematics
#
# | symbol | in code | meaning |
# |---|---|---|
# | $n_t$ | `norms` | length of the gradient at step $t$, before clipping |
# | $c$ | `threshold` | the threshold |
# | $\eta$ | `lr` | the learning rate |
#
# Clipped gradient descent steps along the gradient by
#
# $$\lVert w_{t+1} - w_t \rVert = \eta \min(n_t, c).$$
#
# - **Nothing is clipped** ($n_t \le c$ always): the step is $\eta n_t$, and $c$ is not in it. A *placebo*, or a luxury.
# - **Only spikes are clipped:** ordinary steps are $\eta n_t$, spikes are $\eta c$. This is what $c$ is for. It must be
#   small enough that one step of $\eta c$ does no harm: too high a threshold is one with $\eta c$ too long.
# - **Everything is clipped** ($n_t > c$ always): every step is $\eta c$ long, whatever the gradient says. With
#   $u_t = g_t / n_t$, the unit vector,
#
# $$w_{t+1} = w_t - (\eta c)\, u_t ,$$
#
#   and $\eta$ and $c$ appear only as a product. This is *normalised* gradient descent with step length $\eta c$: halve $c$,
#   double $\eta$, and not a single weight changes. A run stalls because $\eta c$ is too short, not because $c$ is small.
#
# **Adam** divides by the root of a running mean of squares, so multiplying all gradients by $s$ changes nothing:
#
# $$\frac{s\, m}{\sqrt{s^2 v} + \epsilon} = \frac{m}{\sqrt v + \epsilon / s} .$$
#
# Only $\epsilon$ (usually $10^{-8}$) notices, once the clipped gradients' entries have become as small as it is.

# %% [markdown]
# ## Experiment 1: three zones
#
# Now all ten starts, and all eleven thresholds.


# %% id="zones" tags=["nbval-ignore-output"]
def failures(errors: Array) -> Array:
    """The share of seeds that do not beat persistence, for each setting (last axis: seeds)."""
    share: Array = np.mean(~(errors < task.persistence), axis=-1)
    return share


failed = dict(zip(thresholds, failures(zones.errors), strict=True))
error = dict(zip(thresholds, np.median(zones.errors, axis=1), strict=True))
clip_rate = {
    c: float(np.mean(zones.norms[:, i] > c))
    for i, c in enumerate(thresholds)
    if np.isfinite(zones.norms[:, i]).all()
}
largest_at_30 = float(zones.norms[:, thresholds.index(30.0)].max())
threshold_curves({"SGD": (thresholds[1:], zones.errors[1:])}, task.persistence, zones=True)

# %%
placebo_guess.reveal(
    answer=1,
    because="One step of 0.03 * 1000 = 30 is longer than the whole weight vector. A threshold only helps if a step of "
    "learning rate times threshold is harmless.",
)

# %% [markdown]
# Without clipping 100%<!--= failed[math.inf] --> of the runs fail. At 10,000<!--= 1e4 --> still
# 100%<!--= failed[1e4] -->, at 1,000<!--= 1e3 --> about 60%<!--~0.25 failed[1e3] -->: **placebo**. From 300<!--plain--> down to 3<!--plain--> none
# fails, and the median error is about 0.33<!--~0.06 error[30.0] --> to 0.41<!--~0.08 error[300.0] -->: **safe**, two decades
# wide. At 1 it is about 0.66<!--~0.1 error[1.0] -->, at 0.3<!--= 0.3 --> all runs fail: **stall**. They did not explode. They did not move.
#
# Look also at what clipping does *not* do. At a threshold of 30<!--plain--> all ten runs succeed, and the largest gradient they met on
# the way was more than $10^8$<!--< largest_at_30 --> long. The explosions are all still there; the steps are not.

# %% [markdown]
# ### Is it only a matter of the learning rate?
#
# An honest comparison gives the unclipped run its best learning rate.

# %% id="no-rate" tags=["nbval-ignore-output"]
rates = [1e-4, 3e-4, 1e-3, 3e-3]
bare = train_recurrent(task, [RecurrentSetting(f"{lr:g}", lr) for lr in rates], SEEDS, steps=STEPS)
for lr, errors in zip(rates, bare.errors, strict=True):
    print(
        f"no clipping, lr {lr:g}: median error {np.median(errors):.2f}, best {errors.min():.2f}, {failures(errors):.0%} fail"
    )
best_bare = float(bare.errors.min())

# %% [markdown]
# None of them gets below persistence with any of ten starts; the best single run of all forty reaches
# about 1.6<!--~0.4 best_bare -->. What is small enough for the first gradients is too small for the later ones, which are a hundred
# times shorter. That is what clipping is for: one learning rate that suits both. (In 200<!--= STEPS --> steps. Much longer runs at a tiny rate
# would come further; nobody waits for them.)

# %% [markdown]
# ## Experiment 2: the one knob
#
# At a threshold of 1 every step was clipped, and the runs were slow. A common rule of thumb says: *if more than half of your
# steps are clipped, lower the learning rate.*

# %%
knob_guess = Predict(
    "one-knob",
    "SGD with threshold 0.1 and learning rate 0.03 stalls: every run fails. You leave the threshold and multiply the "
    "learning rate by 33, to 1. What happens?",
    options=["everything explodes", "nothing: it still stalls", "it learns as well as at any threshold"],
)
knob_guess

# %% id="one-knob" tags=["nbval-ignore-output"]
products = [0.01, 0.03, 0.1, 0.3, 1.0]
knob: dict[float, Array] = {}
knob_rates: list[float] = []
for c in (0.1, 0.001):
    settings = [RecurrentSetting(f"{product:g}", product / c, c) for product in products]
    found = train_recurrent(task, settings, SEEDS, steps=STEPS)
    knob[c] = found.errors
    knob_rates.append(float(np.mean(found.norms > c)))
threshold_curves(
    {f"c = {c:g}": (products, errors) for c, errors in knob.items()},
    task.persistence,
    of="learning rate times threshold",
)

# %%
knob_guess.reveal(
    answer=2,
    because="Every step is clipped, so its length is 0.1 either way it is written: 1 * 0.1. That is a good step length here.",
)

# %% [markdown]
# A hundred-fold difference in the threshold, and the curves lie on each other. At $\eta c$ = 0.1<!--= products[2] --> the median
# error is about 0.28<!--~0.09 np.median(knob[0.1][2]) --> with 100%<!--= knob_rates[0] --> of all steps clipped: as good as at the best thresholds of
# the first experiment. There is no stall zone, only steps that are too short; and there is no danger in a
# high clip rate as such.
#
# So what does the **clip rate** tell? It is a health signal, but not a verdict. Here is what the runs that worked or stalled in the first
# experiment looked like:

# %% id="clip-rate" tags=["nbval-ignore-output"]
for c, rate in clip_rate.items():
    print(
        f"threshold {c:5g}: {rate:6.1%} of the steps clipped, median error {error[c]:.2f}, {failed[c]:.0%} fail"
    )

# %% [markdown]
# - *A few percent, in bursts:* the threshold works as intended.
# - *Nearly all, all the time:* the threshold has taken over the job of the learning rate. Look at $\eta c$. Here it was too
#   small, and the rule of thumb would have made it worse: with every step clipped, $\eta c$ = 0.01<!--= products[0] --> fails in
#   100%<!--= failures(knob[0.1][0]) --> of the runs and $\eta c$ = 0.1<!--= products[2] --> in 0%<!--= failures(knob[0.1][2]) -->.
# - *Rising from few to many:* gradients grow. That is when lowering the learning rate is the right first thought.
# - *Never:* you may delete the line, or keep it as insurance. Then check that $\eta c$ would be harmless.

# %% [markdown]
# ## Experiment 3: Adam does not care
#
# The same networks, the same thresholds and far smaller ones, with Adam at a learning rate of `0.01`.

# %%
adam_guess = Predict(
    "adam-tiny",
    "Adam at learning rate 0.01, all gradients clipped to a length of 0.000001. What happens?",
    options=[
        "it stalls: the steps are a million times too short",
        "it learns as well as with a threshold of 100",
    ],
)
adam_guess

# %% id="adam" tags=["nbval-ignore-output"]
adam_thresholds = [100.0, 1.0, 1e-2, 1e-4, 1e-6, 1e-8]
settings = [RecurrentSetting(f"{c:g}", 0.01, c) for c in [math.inf, *adam_thresholds]]
adam = train_recurrent(task, settings, SEEDS, steps=STEPS, optimizer="adam").errors
adam_failed = failures(adam)
threshold_curves(
    {"Adam, lr 0.01": (adam_thresholds, adam[1:]), "SGD, lr 0.03": (thresholds[1:], zones.errors[1:])},
    task.persistence,
)

# %%
adam_guess.reveal(
    answer=1,
    because="Adam divides by the size of the gradients, so their common size cancels, until it is as small as epsilon.",
)

# %% [markdown]
# From 100<!--plain--> down to $10^{-6}$, eight decades, the median error stays between about 0.25<!--~0.07 np.median(adam[1:6], axis=1).min() --> and
# 0.33<!--~0.07 np.median(adam[1:6], axis=1).max() -->, and hardly a run of the 50<!--= 5 * len(SEEDS) --> fails (1<!--~2.5 int((adam[1:6] >= task.persistence).sum()) --> or so). At $10^{-8}$ the
# gradients meet Adam's $\epsilon$, and all ten fail. Without clipping about 80%<!--~0.25 adam_failed[0] --> fail: at this learning rate Adam needs
# clipping, but hardly asks *where*. What matters for Adam is that spikes do not stand out, not how long the rest is.

# %% [markdown]
# ## Experiment 4: a percentile, but of which run?
#
# Pascanu, Mikolov & Bengio (2013, section 3.2) advise to look at the average norm over many updates, and found half to ten times
# that value to work. Popular guides turn this into: *run a few steps without clipping and take a high percentile.* Four ways to
# do that, each giving each seed its own threshold, the 90th percentile of the norms it saw:

# %% id="which-run" tags=["nbval-ignore-output"]


def logged_norms(lr: float, c: float, steps: int) -> Array:
    """The norms (steps, seeds) of a short run."""
    found: Array = train_recurrent(task, [RecurrentSetting("log", lr, c)], SEEDS, steps=steps).norms[:, 0]
    return found


def fixed(c: Array) -> Callable[[ArrayLike], Array]:
    """A rule that gives each seed its own threshold, whatever the norms."""
    return lambda norms: c


logs = {
    "20 steps, no clipping": logged_norms(LR, math.inf, 20),
    "20 batches, no step at all": logged_norms(0.0, math.inf, 20),
    "100 steps at a tiny lr, no clipping": logged_norms(1e-4, math.inf, 100),
    "100 steps, clipped at a guess of 10": logged_norms(LR, 10.0, 100),
}
chosen: dict[str, Array] = {}
for name, seen in logs.items():
    whole = np.isfinite(seen).all(axis=0)
    chosen[name] = np.where(whole, np.quantile(np.where(whole, seen, 1.0), 0.9, axis=0), math.inf)
settings = [RecurrentSetting(name, LR, fixed(c)) for name, c in chosen.items()]
by_percentile = train_recurrent(task, settings, SEEDS, steps=STEPS).errors
percentile_failed = dict(zip(chosen, failures(by_percentile), strict=True))
for name, share in percentile_failed.items():
    survived = np.isfinite(chosen[name])
    typical = (
        f"threshold typically {np.median(chosen[name]):.3g}"
        if survived.any()
        else "no run survived to give one"
    )
    print(f"{name:36s} {typical:27s} -> {share:.0%} fail")

# %% [markdown]
# The rule is good, and its small print decides. The unclipped run at the real learning rate is dead before step 20<!--plain-->, so it
# gives no percentile. The norms of the very first batches are those of the explosion itself: a percentile of *them* is
# a threshold near or beyond the upper edge of the safe zone, and about half of the runs (50%<!--~0.25 percentile_failed["20 batches, no step at all"] -->) fail.
# The norms of a run that *survives* give a threshold in the middle of it. So: **clip at a cautious guess, log the norms
# before clipping, then choose.** "Somewhat above the typical norm" means the typical norm of a run that works.

# %% [markdown]
# ## Experiment 5: thresholds that learn
#
# Why choose at all? Three published rules move the threshold with the run.
#
# - **AutoClip** (Seetharaman et al. 2020): the $p$-th percentile of all norms so far; they use $p = 10$.
#   $c_t = \operatorname{percentile}_p(n_1, \dots, n_t)$.
# - **ZClip** (Kumar et al. 2025): keep a running mean $\mu$ and deviation $\sigma$ of the norms. If $z = (n_t - \mu)/\sigma$ exceeds
#   $z_{\max} = 2.5$<!--= 2.5 -->, clip at $\mu + z_{\max}^2\, \sigma / z$: the wilder the norm, the lower the threshold. The first 25<!--plain--> steps only
#   measure.
# - **AGC** (Brock et al. 2021, section 4): no history at all. For each unit, the gradient may be at most $\lambda$ times as long as the
#   unit's incoming weights; they use $\lambda = 0.01$<!--= 0.01 --> on large image models.
#
# First the two that learn from history, on the norms of a run that survived, with one more spike put in at step 150<!--plain-->.

# %% id="history" tags=["nbval-ignore-output"]


def autoclip(norms: Sequence[float], percentile: float) -> float:
    """The threshold for the newest of the norms."""
    return float(np.percentile(norms, percentile))


survivor = zones.norms[:, thresholds.index(10.0), 2].copy()
SPIKE = 150
survivor[SPIKE] *= 1000
limits = {
    f"AutoClip {p}": np.array([autoclip(survivor[: t + 1].tolist(), p) for t in range(STEPS)])
    for p in (10, 90)
}
rule = AutoClipThreshold(10)  # the library's, for comparison
assert np.allclose([float(rule(n)) for n in survivor], limits["AutoClip 10"])
zclip, later = ZClipThreshold(), ZClipThreshold()
limits["ZClip"] = np.array([float(zclip(n)) for n in survivor])
limits["ZClip, started at step 51"] = np.array([math.inf] * 50 + [float(later(n)) for n in survivor[50:]])

from course_lib.figures.moving_thresholds import moving_thresholds

moving_thresholds(survivor, limits, SPIKE)

# %% [markdown]
# The late spike is what these rules were made for. AutoClip cuts it: a percentile does not care how wild the wildest norms of the past
# were. (At the 10th percentile it also cuts about 80%<!--~0.1 np.mean(limits["AutoClip 10"] < survivor) --> of *all* steps.) ZClip leaves it a length of
# some 300<!--~200 limits["ZClip"][SPIKE] -->: its warm-up fell into the explosion, and a mean and a deviation remember a norm of thousands for a long
# time. Started at step 51<!--plain-->, in calm weather, it cuts the same spike to about 1.7<!--~0.6 limits["ZClip, started at step 51"][SPIKE] -->.
#
# Now look at the left edge. At the first step AutoClip knows one norm, the present one, and every percentile of one number is that
# number. ZClip is still measuring. **A rule that learns from the history has none when the first step explodes.**

# %%
history_guess = Predict(
    "history",
    "Our runs explode at the first steps. Which rule lets at least nine of ten runs survive at learning rate 0.03?",
    options=["AutoClip at the 10th percentile", "ZClip", "both", "neither"],
)
history_guess

# %% id="moving" tags=["nbval-ignore-output"]
moving = [
    RecurrentSetting("AutoClip, 10th percentile", LR, AutoClipThreshold(10)),
    RecurrentSetting("AutoClip, 90th percentile", LR, AutoClipThreshold(90)),
    RecurrentSetting("ZClip", LR, ZClipThreshold()),
    RecurrentSetting("ZClip, ceiling 10", LR, ZClipThreshold(ceiling=10)),
    *(RecurrentSetting(f"AGC, ratio {ratio:g}", LR, unit_ratio=ratio) for ratio in (0.01, 1.0, 3.0)),
]
moved = train_recurrent(task, moving, SEEDS, steps=STEPS).errors
moved_failed = {setting.name: share for setting, share in zip(moving, failures(moved), strict=True)}
moved_error = {setting.name: float(np.median(errors)) for setting, errors in zip(moving, moved, strict=True)}
for name, share in moved_failed.items():
    print(f"{name:26s} median error {moved_error[name]:.2f}, {share:.0%} fail")

# %%
history_guess.reveal(
    answer=3,
    because="At the first step AutoClip's percentile is the norm itself, and ZClip is warming up: the explosion passes.",
)

# %% [markdown]
# AutoClip and ZClip fail in 100%<!--= moved_failed["ZClip"] --> of the runs. With a fixed ceiling of 10<!--plain--> in addition (the authors' code has one)
# ZClip succeeds, but then the ceiling did the work: the error is that of the fixed threshold. AGC has no history to
# wait for, and survives the first step. But it did not remove the number to choose either: the published ratio of
# 0.01<!--= 0.01 --> stalls here, like any other threshold that is too small, and at a ratio of 1 it is as good as the
# best. It is a ratio instead of a length, so it travels better between layers and models; that is its virtue.
#
# In your own loop, each is one object and one line (`from course_lib.clipping import AGC, AutoClip, ZClip`; then
# `norm = clip(model)` between `backward` and `step`).

# %% [markdown]
# ## The silent death
#
# What does a ruined run look like? You may expect `nan`, and a crash. There is another way to die. Take the same networks but start the
# readout parallel to the input weights, so that all units push the first prediction the same way. (It takes one line of careless code:
# the same random numbers used twice.) Twenty seeds, beside the ten of before:

# %% id="ways-to-die" tags=["nbval-ignore-output"]
from course_lib.figures.ways_to_die import ways_to_die

tied = train_recurrent(
    task, [RecurrentSetting(f"{c:g}", LR, c) for c in logged[:3]], range(20), steps=STEPS, tied=True
)


def endings(errors: Array, spread: Array) -> dict[str, float]:
    """The share of each way to end, over seeds."""
    broken = ~np.isfinite(errors)
    constant = ~broken & (spread < 0.1 * task.y_test.std())
    useful = errors < task.persistence
    shares = [broken, constant, ~broken & ~constant & ~useful, useful]
    names = ["nan", "a constant", "worse than last year's value", "useful"]
    return {name: float(share.mean()) for name, share in zip(names, shares, strict=True)}


ends = {}
for i, clipping in enumerate(("no clipping", "threshold 1000", "threshold 10")):
    ends[f"independent, {clipping}"] = endings(zones.errors[rows[i]], zones.spread[rows[i]])
    ends[f"tied, {clipping}"] = endings(tied.errors[i], tied.spread[i])
ends = {name: ends[name] for name in sorted(ends, key=lambda name: name.startswith("tied"))}
ways_to_die(ends, "10 seeds independent, 20 tied")

# %% [markdown]
# With independent weights the unclipped runs end in `nan`. With tied ones about half (45%<!--~0.2 ends["tied, no clipping"]["a constant"] -->) of
# them end as a **constant**: one giant step has pushed every rectified unit below zero for every input; a dead unit has no
# gradient, so it never comes back; and the bias of the output settles at the mean. No `nan`, a calm log, small gradients, and a loss
# that even falls a little. And see what the placebo does: a threshold of 1,000<!--= 1000 --> prevents every
# `nan`, and about 80%<!--~0.15 ends["tied, threshold 1000"]["a constant"] --> of the runs die silently instead. **A clipped run that does not crash is not
# thereby a healthy run.**
#
# The test is one line: do the predictions vary? Compare their standard deviation with that of the targets, and the loss with the loss of
# a constant. How common each death is depends on the start: do not take a share from one network to another.

# %%
Hint(
    "What would you look for in a log of norms, if a run had died silently?",
    "Compare the norms after the first few steps with those of a run that works.",
    "Dead units have no gradient, so only the output's bias is left to move: norms far *below* those of a working run, "
    "and a clip rate of zero. A monitor that only warns of large norms is content.",
)

# %% [markdown]
# ## Claim review
#
# Give your own verdict before you open ours.

# %%
Claim(
    id="one-step-ruins",
    statement="A single exploding step can wipe out the learning.",
    source="Pascanu, Mikolov & Bengio 2013, section 2.3 (the geometric picture) and 3.2",
    witness="raw-norms",
    verdict="true",
)

# %%
Claim(
    id="three-zones",
    statement="Too low a threshold stalls, too high is a placebo, in between it is safe.",
    source="Pascanu, Mikolov & Bengio 2013, section 3.2; normalised steps: Zhang, He, Sra & Jadbabaie 2020",
    witness="one-knob",
    verdict="conditional",
    popular="You may have read it as a law.",
    corrected="For SGD at a fixed learning rate, yes. If the learning rate grows as the threshold shrinks there is no "
    "stall, and with Adam there is none until the gradients are as small as epsilon.",
)

# %%
Claim(
    id="too-high-destabilises",
    statement="If the threshold is too high, the clipped step may still destabilise the run.",
    source="Elementary: the step is learning rate times threshold",
    witness="zones",
    verdict="true",
)

# %%
Claim(
    id="short-run",
    statement="Choose the threshold from the norms of a short unclipped run, somewhat above the typical value.",
    source="Compare Pascanu, Mikolov & Bengio 2013, section 3.2: the average over many updates",
    witness="which-run",
    verdict="conditional",
    popular="You may have read: monitor a few steps without clipping.",
    corrected="It works if the run that you monitor survives and its norms are typical. Here the unclipped run is dead "
    "before step 20; clip at a guess, log the norms before clipping, then choose.",
)

# %%
Claim(
    id="critical",
    statement="The threshold is a critical hyper-parameter that must be tuned with care.",
    source="Against it: Pascanu, Mikolov & Bengio 2013, section 3.2 (not very sensitive); Kingma & Ba 2015, section 2.1",
    witness="adam",
    verdict="conditional",
    popular="You may have read that it needs careful tuning.",
    corrected="Two decades of slack with SGD at a fixed learning rate here, about eight with Adam. What is critical is "
    "that there is a threshold at all.",
)

# %%
Claim(
    id="leave-normal-alone",
    statement="Normal gradients should pass untouched; only a few batches are extreme.",
    source="Zhang, He, Sra & Jadbabaie 2020, 'Why gradient clipping accelerates training'",
    witness="one-knob",
    verdict="conditional",
    popular="You may have read that more than half of the steps clipped is a bad sign.",
    corrected="One regime that works. Clipping every step works as well, if learning rate times threshold is right.",
)

# %%
Claim(
    id="outliers-only",
    statement="Clipping does not repair what makes gradients explode; it stops the explosion from reaching the weights.",
    source="Pascanu, Mikolov & Bengio 2013, section 3",
    witness="zones",
    verdict="true",
)

# %%
Claim(
    id="nan-is-the-end",
    statement="The outcome of an explosion is inf or nan, and training halts.",
    source="Silent deaths of rectified units: Maas, Hannun & Ng 2013, 'Rectifier nonlinearities'",
    witness="ways-to-die",
    verdict="conditional",
    corrected="Often. But a run can also end as a constant prediction with small, calm gradients; how often depends on "
    "the start.",
)

# %%
Claim(
    id="adaptive-frees-you",
    statement="Adaptive thresholds free you from choosing one, and stop explosions.",
    source="Seetharaman et al. 2020; Brock et al. 2021, section 4; Kumar et al. 2025",
    witness="moving",
    verdict="conditional",
    popular="You may have read that no tuning is needed.",
    corrected="They adapt to slow drift and cut late spikes. AutoClip and ZClip have no history at the first step, where "
    "an explosion passes; AGC has none to wait for, but its ratio must be chosen.",
)

# %% [markdown]
# ## In practice
#
# - **The clip rate nobody had looked at.** A log showed that 100%<!--= 1.0 --> of all batches were clipped, at a mean norm twenty times
#   the threshold; the thresholds 2, 3<!--plain-->, 5<!--plain--> and 10<!--plain--> were then tried in turn (wandb/senpai, pull requests 978<!--plain--> and 983<!--plain-->).
# - **A threshold of `0.1`, norms of 10<!--plain--> to 100<!--plain-->.** A user of DETR asked why (facebookresearch/detr, issue 198). Its optimizer
#   is AdamW: with every step clipped, the threshold hardly matters.
# - **Log first.** Leela Chess Zero's trainer got clipping together with a log of the norm, so that a value slightly
#   above the typical could be chosen (LeelaChessZero/lczero-training, pull request 55<!--plain-->).
#
# A procedure that follows from this lesson:
#
# 1. Clip from the first step, at a cautious guess. Log the norm before clipping, the clip rate, and whether predictions vary.
# 2. With SGD: choose a threshold somewhat above the typical norm of *that* run, and check that $\eta c$ is harmless. With Adam: take 1
#    and turn to other things.
# 3. If nearly all steps are clipped, you are tuning $\eta c$, whichever of the two you turn.
# 4. If you use a rule that learns from history, give it a fixed ceiling for the time when it has none.
#
# In a PyTorch loop of your own, `GradientMonitor(model, optimizer)` from `course_lib.training` keeps this log, and its
# `suggestion()` gives step 2 with its reason, or says why your log cannot give one.

# %% [markdown]
# ## Check yourself

# %%
Quiz(
    "quiz-product",
    "SGD, every step clipped at 2, learning rate 0.1. You change the threshold to 0.5. Which learning rate gives exactly the same run?",
    {
        "0.1": "The steps would be 0.05 long instead of 0.2.",
        "0.4": "Right: 0.4 * 0.5 = 0.1 * 2, and with every step clipped only the product counts.",
        "0.025": "The wrong way round: a smaller threshold needs a larger learning rate.",
    },
    answer="0.4",
)

# %%
Quiz(
    "quiz-autoclip",
    "AutoClip at the 10th percentile, long after the start, with norms that do not drift. What share of the steps is clipped?",
    {
        "about 10%": "The threshold is the 10th percentile: 10% of the norms lie below it.",
        "about 90%": "Right: nine of ten norms lie above their own 10th percentile. It is nearly normalised descent.",
        "none": "A percentile below 100 always has norms above it.",
    },
    answer="about 90%",
)

# %%
Quiz(
    "quiz-silent",
    "After a bad start your gradient norms have become tiny, nothing is clipped, and the loss is flat and finite. What do you check first?",
    {
        "Whether the threshold is too low.": "Nothing is clipped, so the threshold is not what holds the run back.",
        "Whether the predictions differ from example to example.": "Right: one and the same prediction for all is a silent death.",
        "Whether there is a nan.": "The loss is finite, so there is none; that is what makes this death silent.",
    },
    answer="Whether the predictions differ from example to example.",
)

# %%
ExitCheck(
    "exit-threshold",
    mechanism=[
        "With SGD a clipped step is learning rate times threshold long: too high a threshold is a step too long, too low "
        "one too short.",
        "When every step is clipped only the product counts; Adam divides the common size out.",
        "A rule that learns from the history has none at the first step; and a run can die without a nan.",
    ],
    prerequisite="If it is unclear why a clipped step is learning rate times threshold long, go back to 'How long can a "
    "step be?' in Clipping mechanics.",
    perturbation=(
        "Your SGD run clips 2% of its steps and learns well. You halve the threshold and double the learning rate. Same run?",
        "No. Only the clipped steps keep their length; the other 98% become twice as long. The product is the knob only "
        "where every step is clipped.",
    ),
)

# %% [markdown]
# ## In five lines
#
# 1. Log the norm before clipping, from the first step, in a run that survives.
# 2. Placebo: $\eta c$ too long. Stall: $\eta c$ too short. Between them lay two decades.
# 3. With every step clipped only $\eta c$ counts; for Adam not even that.
# 4. AutoClip and ZClip need a history, and a ceiling until they have one; AGC needs a ratio.
# 5. No `nan` is not yet health: look whether the predictions vary.
#
# **Now do it yourself:** open the exercise from the map above, or with `course open 04_threshold`.
#
# **Further reading.** Pascanu, Mikolov & Bengio 2013, section 3.2. Seetharaman, Wichern, Pardo & Le Roux 2020, *AutoClip*.
# Brock, De, Smith & Simonyan 2021, *High-performance large-scale image recognition without normalization*. Kumar, Owen,
# Chowdhury & Güra 2025, *ZClip*. Zhang, He, Sra & Jadbabaie 2020, *Why gradient clipping accelerates training*.

# %%
Journal("04_threshold")

# %%
measured_minutes("04_threshold")
