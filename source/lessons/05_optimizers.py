# ---
# jupyter:
#   course:
#     kind: lesson
#     name: 05_optimizers
# ---

# %% [markdown]
# # 5 · Optimizers
#
# **Say what a clipped gradient becomes inside momentum, Adam and AdamW, and when clipping matters there.**
#
# After this lesson you can
#
# - write SGD, heavy ball, Adam and AdamW in a few lines each, equal to PyTorch's to rounding;
# - compute how hard one large gradient brakes Adam, and for exactly how many steps;
# - explain why Adam does not notice a constant rescaling, and therefore what clipping can and cannot do for it;
# - bound the length of a step for each optimizer, and reach the bound;
# - say what clipping the update instead of the gradient bounds, and what it leaves as it was;
# - find the threshold at which clipping and weight decay cancel, and say why AdamW has none.
#
# *You need:* [Clipping mechanics](03_clipping_mechanics.ipynb). *Difficulty:* medium.

# %%
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from course_lib.demos import spike_demo
from course_lib.figures.spike_brake import spike_brake
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
from course_lib.training.optimizers import braked_share, recovery_steps

Array = np.ndarray[Any, np.dtype[Any]]

LearningMap("05_optimizers")

# %% [markdown]
# ## Play first
#
# An optimizer with a memory does not only use this gradient. It also uses what it remembers of all the others, so
# a single bad gradient can be felt long after it is gone. How long?

# %%
recovery_guess = Predict(
    "adam-recovery",
    "Adam, at its usual settings, has long seen gradients of size 1. One gradient of size 100 arrives, and then again "
    "only gradients of size 1. After how many of them is its step back at nine tenths of what it was?",
    options=["about 10", "about 100", "about 1,000", "about 4,000"],
)
recovery_guess

# %%
recovery_guess.reveal(
    answer=3,
    because="It takes 3,751 steps. Adam divides by the root of an average of squares with a memory of about a "
    "thousand steps, and a single square of 10,000 is ten times all the others in it together.",
)

# %%
spike_demo()

# %% [markdown]
# Move the size of the spike, then the threshold. The step that the spike itself makes is short, whatever its size.
# What hurts comes afterwards. The same, one line at a time:

# %%
spikes = [10.0, 100.0, 1000.0]
brake = np.array([[braked_share(k, after=n) for k in spikes] for n in range(9001)])
back = [recovery_steps(k) for k in spikes]
Storyboard(
    "One large gradient, and what Adam does afterwards",
    [
        Frame(
            "Gradients of size 1, then one of 10. The effective step dips a little.",
            spike_brake(spikes[:1], brake[:, :1], back, show=()),
        ),
        Frame(
            "One of 100: from one step to the next, less than a third is left.",
            spike_brake(spikes[:2], brake[:, :2], back, show=()),
        ),
        Frame("One of 1,000: a thirtieth is left.", spike_brake(spikes, brake, back, show=())),
        Frame(
            "The stars: back at nine tenths, thousands of steps later.",
            spike_brake(spikes, brake, back, show=("recovery",)),
        ),
        Frame(
            "Had the spike been clipped to 1, none of this would have happened.",
            spike_brake(spikes, brake, back),
        ),
    ],
)

# %%
Inquiry(
    "which-scar",
    "Someone shows you only the effective step over time, as below. Which cue tells you how large the spike was?",
    spike_brake(spikes, brake, back, show=("recovery",)),
    options=[
        "How steeply the line rises where it is steepest.",
        "How far the line falls at the moment of the spike.",
        "How often the line crosses nine tenths.",
    ],
    answer=1,
    because="The fall is 1/sqrt(1 + (K^2 - 1)/1000), a different depth for every K. The way back is the same curve for "
    "every spike: a larger one only starts further to the left on it.",
)

# %% [markdown]
# ## Intuition
#
# Adam listens to each weight's gradient like an ear to a room: it sets its own volume so that ordinary talk sounds
# equally loud everywhere. After a shout the ear turns itself down, and for a long time ordinary talk is too faint to
# act on. Clipping covers the ear for the moment of the shout. That is all the metaphor has to give; from here on,
# formulas.
#
# ## The mathematics
#
# | symbol | in code | meaning |
# |---|---|---|
# | $w, g$ | `w`, `g` | weights and their gradient (after clipping, if there is any) |
# | $\eta$ | `lr` | learning rate |
# | $\beta$, $u$ | `beta`, `u` | momentum of heavy ball, and its velocity |
# | $\beta_1$, $m$ | `beta1`, `m` | how long Adam remembers gradients ($0.9$: about 10<!--= 1 / (1 - 0.9) --> steps), and their average |
# | $\beta_2$, $v$ | `beta2`, `v` | how long it remembers their squares ($0.999$: about 1000<!--= 1 / (1 - 0.999) --> steps), and their average |
# | $\lambda$ | `decay` | decoupled weight decay |
#
# **SGD** has no memory: $w \leftarrow w - \eta g$.
#
# **Heavy ball** keeps a velocity: $u \leftarrow \beta u + g$, then $w \leftarrow w - \eta u$.
#
# **Adam** keeps two averages, entry by entry, both of which start at zero:
#
# $$m \leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2 .$$
#
# After $t$ steps the weights in these averages add up to $1 - \beta_1^t$ and $1 - \beta_2^t$, not to 1. Dividing by
# that is the **bias correction**, $\hat m = m / (1 - \beta_1^t)$ and $\hat v = v / (1 - \beta_2^t)$, and the step is
#
# $$w \leftarrow w - \eta\, \frac{\hat m}{\sqrt{\hat v} + \epsilon} .$$
#
# We call $1/\sqrt{\hat v}$, in units of what it was, the **effective step**.
#
# **AdamW** first shrinks the weights, $w \leftarrow (1 - \eta\lambda) w$, and then takes Adam's step. The shrinking
# never passes through $m$ and $v$; that is what *decoupled* means.

# %% [markdown]
# ## The code
#
# All four, with their memory where you can see it. They must walk the same path as `torch.optim`; the cell fails if
# they do not.


# %% id="four-optimizers"
@dataclass
class Memory:
    t: int = 0
    u: Array | float = 0.0
    m: Array | float = 0.0
    v: Array | float = 0.0


def sgd(w: Array, g: Array, memory: Memory, lr: float) -> Array:
    return w - lr * g


def heavy_ball(w: Array, g: Array, memory: Memory, lr: float, beta: float = 0.9) -> Array:
    memory.u = beta * memory.u + g
    return w - lr * memory.u


def adam(
    w: Array,
    g: Array,
    memory: Memory,
    lr: float | Array,
    beta1: float | Array = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> Array:
    memory.t += 1
    memory.m = beta1 * memory.m + (1 - beta1) * g
    memory.v = beta2 * memory.v + (1 - beta2) * g**2
    m_hat = memory.m / (1 - beta1**memory.t)
    v_hat = memory.v / (1 - beta2**memory.t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps)


def adamw(w: Array, g: Array, memory: Memory, lr: float, decay: float = 0.01) -> Array:
    return adam((1 - lr * decay) * w, g, memory, lr)


rng = np.random.default_rng(0)
noise = rng.normal(size=(500, 4)) * 10 ** rng.uniform(-2, 2, size=(500, 1))
pairs = {
    "SGD": (sgd, lambda p: torch.optim.SGD(p, lr=0.1)),
    "heavy ball": (heavy_ball, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)),
    "Adam": (adam, lambda p: torch.optim.Adam(p, lr=0.1)),
    "AdamW": (adamw, lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.01)),
}
for name, (ours, theirs) in pairs.items():
    w, memory, apart = np.ones(4), Memory(), 0.0
    parameter = torch.nn.Parameter(torch.ones(4, dtype=torch.float64))
    optimizer = theirs([parameter])
    for g in noise:
        w = ours(w, g, memory, 0.1)
        parameter.grad = torch.from_numpy(g.copy())
        optimizer.step()
        apart = max(apart, float(np.abs(w - parameter.detach().numpy()).max() / np.abs(w).max()))
    assert apart < 1e-10
    print(f"{name:10s} equal to torch.optim over 500 steps, to less than one part in ten billion")

# %% [markdown]
# ## One spike, exactly
#
# Let all gradients be 1 for a long time, so that $\hat v = 1$. Then one gradient of size $K$ arrives, and $n$ ordinary
# ones follow. Only one term of the average differs from 1: it is $K^2$ instead, and its weight is
# $(1 - \beta_2)\beta_2^n$. So
#
# $$\hat v = 1 + (1 - \beta_2)\,(K^2 - 1)\,\beta_2^n .$$
#
# At once ($n = 0$) the effective step falls to $1/\sqrt{1 + (1-\beta_2)(K^2-1)}$. It is back at a share $q$ of what it
# was when $\hat v = 1/q^2$, that is after
#
# $$n = \frac{\ln\dfrac{(1-\beta_2)(K^2-1)}{1/q^2 - 1}}{-\ln\beta_2}$$
#
# steps, rounded up. The size $K$ sits inside a logarithm: ten times the spike costs
# 4,603<!--= -math.log(100) / math.log(0.999) --> steps more, not ten times as many. Does the code agree?


# %% id="spike"
def effective_steps(K: Array, at: int, steps: int, beta2: float = 0.999) -> Array:
    """1 / sqrt(v_hat) after each step, one column for each spike in K, which is gradient number `at`."""
    w, memory, shares = np.zeros_like(K), Memory(), []
    for t in range(1, steps + 1):
        w = adam(w, K if t == at else np.ones_like(K), memory, 1e-3, beta2=beta2)
        shares.append(1 / np.sqrt(memory.v / (1 - beta2**t)))
    return np.array(shares)


K = np.array(spikes)
shares = effective_steps(K, at=8000, steps=17_000)[7999:]
floors = shares[0]
waits = [int(np.argmax(column >= 0.9)) for column in shares.T]
lost = (1 - shares).sum(axis=0)
for k, floor, wait, cost in zip(spikes, floors, waits, lost, strict=True):
    predicted = 1 / math.sqrt(1 + 0.001 * (k**2 - 1))
    assert abs(floor - predicted) < 1e-3
    print(
        f"K = {k:5,.0f}: effective step falls to {floor:.3f} (formula {predicted:.3f}), back at 0.9 after {wait:,} steps; progress lost: {cost:,.0f} ordinary steps"
    )
assert all(abs(wait - formula) <= 1 for wait, formula in zip(waits, back, strict=True))

# %% [markdown]
# A spike of 100<!--plain--> leaves 0.30<!--= floors[1] --> of the step and costs as much progress as
# 1,538<!--= lost[1] --> lost steps (each step counted by what is missing from it). A spike of 10<!--plain--> is hardly felt: up to
# $K = \sqrt{1 + (1/0.81 - 1)/0.001}$, about 15.3<!--= math.sqrt(1 + (1 / 0.81 - 1) / 0.001) -->, the effective step
# never falls below nine tenths. Clip at the ordinary size, and $K$ is 1: nothing happens at all.
#
# ### Early is worse
#
# At the beginning the average has few terms, so one of them weighs more: in $\hat v$ after $s$ steps the newest has the
# weight $(1-\beta_2)/(1-\beta_2^s)$, which is 1 for $s = 1$. A spike in the very first gradient is the whole memory.

# %% id="early-spike"
from course_lib.figures.early_spike import early_spike

strikes = [1, 3, 10, 30, 100, 300, 1000, 3000]
struck = [float(effective_steps(np.array([100.0]), at=s, steps=s)[-1, 0]) for s in strikes]
weights = (1 - 0.999) / (1 - 0.999 ** np.arange(1, 3001))
first_wait = recovery_steps(100, at=1)
early_spike(100, strikes, struck, 1 / np.sqrt(1 + (100**2 - 1) * weights))

# %% [markdown]
# A first gradient of 100<!--plain--> leaves 0.01<!--= struck[0] --> of the step, where the same spike late leaves
# 0.30<!--= floors[1] -->. The recovery takes hardly longer, 3,774<!--= first_wait --> steps: a short average also
# forgets quickly, so most of the deep fall is mended soon. First gradients are often the largest of a run, and no rule that learns
# its threshold from earlier norms can have a threshold for them yet.

# %% [markdown]
# ## Experiment 1: one glitch in a real training run
#
# Formulas with gradients of 1 are one thing. Now a network (64<!--plain--> pixels, 32<!--plain--> relu units, 10<!--plain--> classes) on the handwritten
# digits, Adam, ten seeds. At step 100<!--plain-->, **one** batch comes from a broken sensor: its pixels are $10^4$ times too
# bright. Everything else is healthy, before and after.

# %%
glitch_guess = Predict(
    "one-glitch",
    "One glitch batch at step 100 of 600, Adam at its default learning rate. What does it do to the test accuracy at "
    "the end, 500 steps later, if nothing is clipped?",
    options=[
        "nothing that can be seen: Adam normalises",
        "about a point",
        "more than ten points",
        "the run ends in nan",
    ],
)
glitch_guess

# %% [markdown]
# Each row of `W` below is one network; `clip_rows` clips each row by its own norm. Your `adam` from above takes care of
# all rows at once, since it works entry by entry.

# %% id="glitch"
from course_lib.figures.glitch_accuracy import glitch_accuracy
from course_lib.training.digit_networks import DigitNetworks


def clip_rows(G: Array, c: Array) -> Array:
    """Each row of G clipped by norm at its own threshold."""
    norms = np.linalg.norm(G, axis=1, keepdims=True)
    clipped: Array = G * np.minimum(1, c / np.maximum(norms, 1e-30))
    return clipped


@dataclass
class Runs:
    accuracy: Array  # (measurements, settings, seeds)
    norms: Array  # (steps, settings, seeds), before clipping
    root_v: Array  # (steps, settings, seeds): the median over weights of sqrt(v_hat)


def train(
    lrs: list[float],
    c: list[float],
    steps: int,
    glitch: list[bool],
    warm: int | list[int] = 0,
    every: int = 20,
) -> Runs:
    """Adam on ten digit networks for each setting; a glitch, where there is one, comes in batch 100."""
    networks = DigitNetworks(range(10), copies=len(lrs))
    rows = [
        np.repeat(np.asarray(part, dtype=np.float32), 10)[:, None]
        for part in (lrs, c, np.broadcast_to(warm, len(lrs)))
    ]
    lr, threshold, ramp = rows
    sick = np.repeat(glitch, 10)
    W, memory, accuracy, norms, root_v = networks.start, Memory(), [], [], []
    for t in range(1, steps + 1):
        x, y = networks.batch()
        G = networks.gradient(W, x, y)
        if t == 100 and sick.any():
            G[sick] = networks.gradient(W, np.float32(1e4) * x, y)[sick]
        norms.append(np.linalg.norm(G, axis=1))
        G = clip_rows(G, threshold)
        W = adam(W, G, memory, lr * np.minimum(1, t / np.maximum(ramp, 1))).astype(np.float32)
        if t % every == 0:
            accuracy.append(networks.accuracy(W))
            root_v.append(np.median(np.sqrt(memory.v / (1 - 0.999**t)), axis=1))
    shape = (-1, len(lrs), 10)
    return Runs(np.array(accuracy), np.array(norms).reshape(shape), np.array(root_v).reshape(shape))


names = ["no glitch", "glitch", "glitch, clipped at 1"]
run = train([1e-3] * 3, [np.inf, np.inf, 1.0], 600, [False, True, True])
accuracy = {name: run.accuracy[:, place] for place, name in enumerate(names)}
ends = {name: values[-1] for name, values in accuracy.items()}
jump = float(np.median(run.norms[99, 1]) / np.median(run.norms[50:99, 1]))
swollen = float(np.median(run.root_v[5, 1] / run.root_v[4, 1]))
swollen_clipped = float(np.median(run.root_v[5, 2] / run.root_v[4, 2]))
print(
    f"gradient norm in the glitch: {jump:,.0f} times the usual; root of v of the median weight: {swollen:.0f} times before, clipped {swollen_clipped:.2f}"
)
glitch_accuracy(list(range(20, 601, 20)), accuracy, 100)

# %%
glitch_guess.reveal(
    answer=2,
    because="The broken batch swells the root of v by a factor of hundreds. The five hundred steps that follow are "
    "hundreds of times too short.",
)

# %% [markdown]
# One batch out of six hundred, and the network ends at 81%<!--= ends["glitch"].mean() --> instead of
# 94%<!--= ends["no glitch"].mean() -->. Clipped at 1 it ends at
# 94%<!--= ends["glitch, clipped at 1"].mean() -->, seed by seed
# 0.03<!--= 100 * np.abs((ends["glitch, clipped at 1"] - ends["no glitch"]).mean()) --> points from the run without a glitch
# on average. The paired loss without clipping is
# 12.7<!--= 100 * (ends["no glitch"] - ends["glitch"]).mean() --> points, with a standard deviation over seeds of
# 3.4<!--= 100 * (ends["no glitch"] - ends["glitch"]).std(ddof=1) -->.
#
# Is that the fault of a timid learning rate? Give each side its best of four.

# %% id="glitch-tuned" tags=["nbval-ignore-output"]
lrs = [1e-3, 3e-3, 1e-2, 3e-2]
cases = {"no glitch": (np.inf, False), "glitch": (np.inf, True), "glitch, clipped at 1": (1.0, True)}
tuned = train(
    lrs * 3,
    [c for c, _ in cases.values() for _ in lrs],
    400,
    [g for _, g in cases.values() for _ in lrs],
    every=200,
)
best = {}
for measured, step in ((0, 200), (1, 400)):
    for place, name in enumerate(cases):
        of_lr = tuned.accuracy[measured, 4 * place : 4 * place + 4]
        chosen = int(of_lr.mean(axis=1).argmax())
        best[name, step] = of_lr[chosen]
        print(
            f"step {step}, {name:21s} best lr {lrs[chosen]:g}: accuracy {of_lr[chosen].mean():.3f} ± {of_lr[chosen].std(ddof=1):.3f}"
        )
behind = {step: 100 * (best["no glitch", step] - best["glitch", step]) for step in (200, 400)}

# %% [markdown]
# At its best learning rate (chosen on the seeds that are shown) the unclipped run is
# 3.3<!--= behind[200].mean() --> points behind after 200<!--plain--> steps (standard deviation over seeds
# 3.4<!--= behind[200].std(ddof=1) -->) and about 1.6<!--~0.4 behind[400].mean() --> after 400<!--plain-->
# (1.5<!--~0.4 behind[400].std(ddof=1) -->): no more than seeds differ among themselves, and shrinking. So the damage is a **delay**, not a death: more steps or a larger learning
# rate buy it back, as long as there are steps left. Whoever reads that a spike *destroys* Adam has read too much.

# %% [markdown]
# ## What Adam does not notice
#
# Multiply **every** gradient by the same $a > 0$. Then $m$ is multiplied by $a$, $v$ by $a^2$, and
# $\hat m / \sqrt{\hat v}$ by 1. Only $\epsilon$ notices. With $\epsilon = 0$ and a power of two the path is the same to
# the last bit.


# %% id="blind-to-scale"
def adam_path(gradients: Array, eps: float) -> Array:
    w, memory, places = np.zeros(gradients.shape[1]), Memory(), []
    for g in gradients:
        w = adam(w, g, memory, 0.1, eps=eps)
        places.append(w)
    return np.array(places)


plain = adam_path(noise, eps=0.0)
assert np.array_equal(plain, adam_path(2.0**20 * noise, eps=0.0))
reference = adam_path(noise, eps=1e-8)
for a in (1e6, 1e3, 1e-3, 1e-6):
    change = float(np.abs(adam_path(a * noise, eps=1e-8) - reference).max() / np.abs(reference).max())
    print(f"all gradients times {a:g}: the path changes by {change:.0e} of its length")

# %% [markdown]
# What does this say about clipping? If *every* gradient is longer than the threshold, clipping makes them all exactly
# $c$ long. The choice of $c$ is then a constant factor, and Adam does not notice it. (The *normalising* it can notice:
# long and short gradients now count alike.) Measure it: thresholds over ten decades, Adam against SGD.

# %% id="indifference"
from course_lib.figures.indifference import indifference

thresholds = [10.0, 1.0, 1e-1, 1e-2, 1e-4, 1e-6, 1e-8, 1e-9]
of_adam = train([1e-3] * len(thresholds), thresholds, 300, [False] * len(thresholds), every=300).accuracy[0]


def train_sgd(lrs: list[float]) -> Array:
    networks = DigitNetworks(range(10), copies=len(thresholds))
    lr, c = (
        np.repeat(part, 10)[:, None].astype(np.float32) for part in (np.array(lrs), np.array(thresholds))
    )
    W = networks.start
    for _ in range(300):
        W = W - lr * clip_rows(networks.gradient(W, *networks.batch()), c)
    return networks.accuracy(W)


accuracies = {
    "SGD, lr 0.3": train_sgd([0.3] * len(thresholds)),
    "SGD, lr = 0.3 max(1, 1 / c)": train_sgd([0.3 * max(1, 1 / c) for c in thresholds]),
    "Adam, lr 0.001": of_adam,
}
indifference(thresholds, accuracies)

# %% [markdown]
# SGD at a fixed learning rate falls from 95%<!--= accuracies["SGD, lr 0.3"][0].mean() --> to guessing: its step is at most
# $\eta c$. Give the factor back to the learning rate and the fall is gone:
# 95%<!--= accuracies["SGD, lr = 0.3 max(1, 1 / c)"][4].mean() --> at a threshold of one ten-thousandth. Adam needs no such
# help: between 10<!--plain--> and $10^{-4}$ its accuracy moves by
# 0.2<!--= 100 * np.ptp(of_adam[:5].mean(axis=1)) --> points, far less than the
# 2.7<!--= 100 * of_adam[0].std(ddof=1) --> by which seeds differ. Then it falls as well, and not because of clipping: a
# gradient of length $10^{-6}$ has entries of about $2 \cdot 10^{-8}$, which is where $\epsilon = 10^{-8}$ takes over.
#
# So for Adam the threshold as a *number* hardly matters over many decades. What matters is whether some norms stand
# out from the others, because only then does clipping change the ratio between gradients.

# %%
Hint(
    "Adam with a threshold that cuts every step, or without clipping: is that the same run?",
    "Compare two gradients, one ten times longer than the other, before and after clipping both.",
    "Not the same. Unclipped, the long one has ten times the weight in m. Clipped, both have the same. A different "
    "threshold changes nothing more; clipping at all changes the mixture.",
)

# %% [markdown]
# ## How long can a step be?
#
# For SGD clipped at $c$: at most $\eta c$. With a memory it is a different question.
#
# **Heavy ball.** $\lVert u \rVert \le c(1 + \beta + \beta^2 + \dots) = c / (1 - \beta)$, so a step is at most
# $\eta c / (1 - \beta)$ long, ten times $\eta c$ at $\beta = 0.9$. A steady gradient gets there.
#
# **Adam, one isolated spike.** After a long silence, a gradient $g$ gives $m = (1-\beta_1) g$ and
# $v = (1 - \beta_2) g^2$. The size of $g$ cancels:
#
# $$\frac{|m|}{\sqrt v} = \frac{1 - \beta_1}{\sqrt{1 - \beta_2}} = \frac{0.1}{\sqrt{0.001}} \approx 3.162 .$$
#
# Kingma & Ba (2015, section 2.1) give this as the bound on a step in the sparsest case. Is it the longest possible?
#
# **Adam, any stream.** Write $g_k$ for the gradient $k$ steps ago. By the inequality of Cauchy and Schwarz,
#
# $$|m| \le (1-\beta_1) \sum_k \frac{\beta_1^k}{\beta_2^{k/2}} \cdot \beta_2^{k/2} |g_k|
#  \le (1-\beta_1) \sqrt{\sum_k \Big(\frac{\beta_1^2}{\beta_2}\Big)^k} \sqrt{\sum_k \beta_2^k g_k^2}
#  = \frac{1-\beta_1}{\sqrt{1 - \beta_1^2/\beta_2}} \sqrt{\frac{v}{1-\beta_2}} ,$$
#
# so $|m| / \sqrt v \le (1-\beta_1) / \sqrt{(1-\beta_2)(1-\beta_1^2/\beta_2)}$, which is
# $7.270$ at the defaults. Equality needs $\beta_2^{k/2} g_k \propto (\beta_1 / \sqrt{\beta_2})^k$, that is
# $g_k \propto (\beta_1/\beta_2)^k$: after a silence, gradients that **grow** by the factor $0.999 / 0.9 = 1.11$ at every step.

# %% id="longest-step"
from course_lib.figures.longest_push import longest_push


def steps_of_adam(gradients: Array) -> Array:
    """Every step of Adam on one weight, in units of the learning rate."""
    memory, w, taken = Memory(), np.zeros(1), []
    for g in gradients:
        moved = adam(w, np.array([g]), memory, 1.0, eps=0.0)
        taken.append((w - moved).item())
        w = moved
    return np.array(taken)


isolated = 0.1 / math.sqrt(0.001)
supremum = 0.1 / math.sqrt(0.001 * (1 - 0.81 / 0.999))
silence = np.full(12_000, 1e-30)
streams = {
    "steady": np.ones(12_000),
    "one spike": np.concatenate([silence, [1e12], np.full(20, 1e-30)]),
    "growing 11 % a step": np.concatenate([silence, (0.999 / 0.9) ** np.arange(-45.0, 1)]),
}
taken = {name: steps_of_adam(stream) for name, stream in streams.items()}
longest = {name: float(np.abs(t[-300:]).max()) for name, t in taken.items()}
assert longest["growing 11 % a step"] <= supremum

velocity, clipped_at = 0.0, 1.0
for _ in range(200):
    velocity = 0.9 * velocity + min(100.0, clipped_at)
print(f"heavy ball, steady gradient of 100 clipped at 1: a step of {velocity:.3f} lr c")
longest_push(taken, isolated, supremum)

# %% [markdown]
# The spike of $10^{12}$ makes a step of 3.162<!--= longest["one spike"] --> learning rates, and harmless-looking growth
# makes one of 7.270<!--= longest["growing 11 % a step"] -->. So **$3.162$ is not the longest step of Adam**; the paper's
# bound is for the isolated gradient, and a growing loss makes streams that are not isolated. None of these lengths
# contains $c$.

# %% [markdown]
# ## Clipping the update instead
#
# If spikes make long steps, why not clip the step itself, *after* Adam's division? Call $U = \hat m / (\sqrt{\hat v} + \epsilon)$
# the update; its root mean square over all $P$ entries is what gets clipped:
#
# $$\mathrm{RMS}(U) = \Big(\tfrac{1}{P} \sum_i U_i^2\Big)^{1/2}, \qquad
#   U \leftarrow \frac{U}{\max(1, \mathrm{RMS}(U) / d)} .$$
#
# Shazeer & Stern (2018, section 6) do this in Adafactor, with $d = 1$. Before you run anything, read off what it promises:
#
# - *The step is bounded*, for every stream of gradients: $\mathrm{RMS}(U) \le d$, so
#   $\lVert \Delta w \rVert \le \eta\, d \sqrt P$. And $d$ has no unit; it does not depend on how long your gradients are.
# - *The memory is not protected.* $m$ and $v$ took in the whole spike before $U$ was formed, so the brake is the same.
# - *With momentum, a spike is not one step.* Without $m$, which is Adafactor's own setting ($\beta_1 = 0$), it pushes once, by
#   up to $1/\sqrt{1-\beta_2} \approx 31.6$ learning rates. With $m$ it pushes a tenth as hard, again and again, each time by
#   $0.9$ of the time before: $3.162\,(1 + 0.9 + 0.9^2 + \dots) \approx 31.6$ as well.

# %%
update_guess = Predict(
    "clip-the-update",
    "Adam with its usual settings (beta1 = 0.9). A spike pushes a weight about 31.6 learning rates away in all. Every update is "
    "clipped at 1. How much of the push is left?",
    options=["1 learning rate", "about 3", "about 21", "all of it"],
)
update_guess

# %% [markdown]
# One weight with a quiet history of gradients of size 1 and alternating sign, then a spike of 1,000<!--= SPIKE -->, then the quiet again.
# (PyTorch's Adafactor clips by the same formula; the last lines assert it.)


# %% id="update-bounded"
def clip_update(U: Array, d: float | Array = 1.0) -> Array:
    """Each row of U with a root mean square of at most d."""
    rms = np.sqrt(np.mean(U**2, axis=-1, keepdims=True))
    clipped: Array = U / np.maximum(1, rms / d)
    return clipped


SPIKE = 1000.0
clipped_at_one = ["nothing", "the gradient", "the update", "no spike at all"]  # a row each
g_at, u_at = np.array([[np.inf, 1, np.inf, np.inf], [np.inf, np.inf, 1, np.inf]])[..., None]
reach, push, share_left = {}, {}, {}
for beta1 in (0.0, 0.9):
    memory, walked = Memory(), []
    for t in range(1, 6201):
        g = np.full((4, 1), (-1.0) ** t)
        if t == 6000:
            g[:3] = np.minimum(SPIKE, g_at[:3])
        U = -adam(np.zeros((4, 1)), g, memory, 1.0, beta1=beta1)
        walked.append(clip_update(U, u_at)[:, 0])
        if t == 6000:
            share = 1 / np.sqrt(np.asarray(memory.v)[:, 0] / (1 - 0.999**t))
    steps = np.array(walked)[5999:]
    reach[beta1], push[beta1] = np.abs(steps).max(axis=0), (steps - steps[:, 3:]).sum(axis=0)
    share_left[beta1] = share
    for place, name in enumerate(clipped_at_one[:3]):
        print(
            f"beta1 = {beta1:g}, clipped: {name:12s} longest step {reach[beta1][place]:5.2f} lr, "
            f"pushed away by {push[beta1][place]:5.1f} lr, effective step then {share[place]:.3f}"
        )

spiked = []
for d in (1.0, 1e9):
    p = torch.nn.Parameter(torch.ones(3))
    adafactor = torch.optim.Adafactor([p], lr=0.1, d=d)
    for size in (1.0, 100.0):
        before, p.grad = p.detach().clone(), torch.full((3,), size)
        adafactor.step()
    spiked.append(((p.detach() - before) / before.norm()).numpy())
old = 1 - 2**-0.8  # Adafactor's beta2 at its second step
u = np.full((1, 3), 100 / math.sqrt(old + (1 - old) * 100**2))
assert np.allclose(spiked[0] / spiked[1], clip_update(u) / u, rtol=1e-5)

# %%
update_guess.reveal(
    answer=2,
    because="The spike is still in m when the next steps are made. Eleven of them are longer than 1 and are cut to 1; the rest "
    "pass as they are.",
)

# %% [markdown]
# The longest step is 1 in both cases, as promised. Without momentum the push (beyond what an ordinary gradient would have
# done) falls from 30.6<!--= push[0.0][0] --> to 0.0<!--= push[0.0][2] -->. With momentum
# 20.9<!--= push[0.9][2] --> of 31.6<!--= push[0.9][0] --> remain: the spike gets through in slices. And in both the effective step is
# 0.032<!--= share_left[0.9][2] --> afterwards, exactly as if nothing had been clipped. Only clipping the *gradient* keeps the
# spike out of $m$ and $v$.
#
# ### On the digits
#
# The glitch again, in batch 300<!--plain--> of 600<!--plain-->, when $v$ is no longer young. Ten seeds, with and without momentum, and for each of the
# eight the better of two learning rates.

# %% id="update-clipped"
from course_lib.figures.update_clipping import update_clipping

GLITCH, tried = 300, [1e-3, 1e-2]
ways_to_clip = {
    "no glitch": (np.inf, np.inf),
    "nothing clipped": (np.inf, np.inf),
    "update clipped at 1": (np.inf, 1.0),
    "gradient clipped at 1": (1.0, np.inf),
}
plan = [(b, way, lr) for b in (0.0, 0.9) for way in ways_to_clip for lr in tried]
networks = DigitNetworks(range(10), copies=len(plan))
b, g_at, u_at, rates_of = (
    np.repeat(np.array(column, dtype=np.float32), 10)[:, None]
    for column in zip(*((b, *ways_to_clip[way], lr) for b, way, lr in plan), strict=True)
)
healthy = np.repeat([way == "no glitch" for _, way, _ in plan], 10)
moments = {"before": 299, "at once": 300, "10": 310, "20": 320, "100": 400, "300": 600}
W, memory, seen = networks.start, Memory(), []
for t in range(1, 601):
    x, y = networks.batch()
    G = networks.gradient(W, x, y)
    if t == GLITCH:
        G[~healthy] = networks.gradient(W, np.float32(1e4) * x, y)[~healthy]
    U = -adam(np.zeros_like(W), clip_rows(G, g_at), memory, 1.0, beta1=b)
    W = (W - rates_of * clip_update(U, u_at)).astype(np.float32)
    if t in moments.values():
        seen.append(networks.accuracy(W))
of_plan = np.array(seen).reshape(len(moments), 2, len(ways_to_clip), len(tried), 10)
panels = {}
for i, panel in enumerate(("without momentum (beta1 = 0)", "with momentum (beta1 = 0.9)")):
    better = of_plan[-1, i].mean(axis=-1).argmax(axis=-1)
    panels[panel] = {way: of_plan[:, i, k, better[k]] for k, way in enumerate(ways_to_clip)}
    print(
        f"{panel}: better learning rate",
        ", ".join(f"{way} {tried[better[k]]:g}" for k, way in enumerate(ways_to_clip)),
    )
kinds = ["without", "with"]
clipped_ways = list(ways_to_clip)[1:]
lost_at_once, lost_by_ten = (
    {
        (kind, way): 100 * (panel[way][0] - panel[way][moment])
        for kind, panel in zip(kinds, panels.values(), strict=True)
        for way in clipped_ways
    }
    for moment in (1, 2)
)
at_default = of_plan[
    -1, :, :, 0
]  # at the end, at a learning rate of 0.001: (without and with momentum, way, seed)
behind_slow = 100 * (at_default[:, :1] - at_default[:, 1:])
for kind, ways in zip(kinds, behind_slow, strict=True):
    said = ", ".join(
        f"{way} {v.mean():.1f} ± {v.std(ddof=1):.1f}" for way, v in zip(clipped_ways, ways, strict=True)
    )
    print(f"{kind} momentum, lr 0.001, points behind the run without a glitch at the end: {said}")
update_clipping(list(moments), panels)

# %% [markdown]
# Without momentum, clipping the update does what it is for. Unclipped, accuracy falls at once, by
# 39<!--= lost_at_once["without", "nothing clipped"].mean() --> points on average (and with a standard deviation over seeds of
# 42<!--= lost_at_once["without", "nothing clipped"].std(ddof=1) -->: some networks are hardly hit, some all but erased). With the update
# clipped it loses 0.5<!--= lost_at_once["without", "update clipped at 1"].mean() -->, which is less than the healthy run's own change in
# that step.
#
# With momentum it does nothing: ten steps after the glitch 12.8<!--= lost_by_ten["with", "update clipped at 1"].mean() --> points are gone
# with it and 12.8<!--= lost_by_ten["with", "nothing clipped"].mean() --> without (standard deviation over seeds
# 13.4<!--= lost_by_ten["with", "nothing clipped"].std(ddof=1) -->, and the same runs suffer in both). At step 300<!--plain--> the isolated spike moves no weight by more than
# 1.6<!--= 0.1 / math.sqrt(0.001 / (1 - 0.999**300)) --> learning rates, most move less, and so the root mean square stays below 1 or just
# above it, while the slices add up.
#
# And the brake is there in both. At the default learning rate the update-clipped runs end
# 2.1<!--= behind_slow[0, 1].mean() --> and 2.6<!--= behind_slow[1, 1].mean() --> points behind (standard deviation over seeds
# 0.9<!--= behind_slow[0, 1].std(ddof=1) --> and 1.1<!--= behind_slow[1, 1].std(ddof=1) -->), no better than with nothing clipped. A ten times larger
# learning rate buys most of it back here too.
#
# So the two are tools for two troubles. Clip the **gradient** against spikes that poison $v$. Clip the **update** against steps that are
# too long because $v$ lags behind growing gradients, which is what Shazeer & Stern (2018, section 5) made it for: where Adam's
# longest step is 7.270<!--= supremum --> learning rates, it is $d$. (That trouble we have derived, not met on the digits.)


# %% [markdown]
# ## Clipping against weight decay
#
# Decay shrinks the weights a little at every step. If the gradient step makes them longer, there is a tug of war, and
# clipping weakens one side. **You may have read that** there is an exact threshold at which the two cancel, *in AdamW*.
# Let us see for whom that is true.
#
# **SGD with decoupled decay.** Let the gradient be long enough to be clipped. One step moves $w$ by
# $-\eta\lambda w - \eta c\, g / \lVert g \rVert$. Its part along $w$ is zero when
#
# $$-\lambda \lVert w \rVert^2 - c\, \frac{\langle g, w \rangle}{\lVert g \rVert} = 0
#   \quad\Longleftrightarrow\quad c^* = \frac{\lambda \lVert w \rVert^2 \lVert g \rVert}{-\langle g, w \rangle} .$$
#
# There is such a threshold only if $\langle g, w \rangle < 0$ (otherwise both sides shrink) and $c^* \le \lVert g \rVert$
# (otherwise nothing is clipped at $c^*$). The learning rate is not in it. Below $c^*$ the weights shrink, above they grow.
# (This keeps $\lVert w \rVert$ to first order in $\eta$; the part across $w$ still lengthens it by a term in $\eta^2$.)

# %% id="cancel-sgd"
from course_lib.training.optimizers import cancelling_threshold

w0, g0, decay = np.array([3.0, 4.0]), np.array([-50.0, 0.0]), 0.01
c_star = decay * float(w0 @ w0) * float(np.linalg.norm(g0)) / -float(g0 @ w0)
moved = (1 - 0.1 * decay) * w0 - 0.1 * c_star * g0 / np.linalg.norm(g0) - w0
print(
    f"w = (3, 4), g = (-50, 0), decay 0.01: c* = {c_star:.4f}; the step is {moved.round(6)}, its part along w {abs(moved @ w0):.0e}"
)

parameter = torch.nn.Parameter(torch.tensor(w0))
parameter.grad = torch.tensor(g0)
torch.nn.utils.clip_grad_norm_([parameter], c_star)
torch.optim.SGD([parameter], lr=0.1, weight_decay=decay).step()
assert np.abs(parameter.detach().numpy() - (w0 + moved)).max() < 1e-8

rng = np.random.default_rng(0)
found = [
    cancelling_threshold(rng.normal(size=5), 10 * rng.normal(size=5), 10 ** rng.uniform(-3, -0.5))
    for _ in range(10_000)
]
reachable = sum(c is not None for c in found) / len(found)
print(f"of ten thousand random pairs of weights and gradient, {reachable:.1%} have such a threshold")

# %% [markdown]
# Just under half have one: for the other half the gradient already helps the decay, or nearly so. PyTorch's plain
# `SGD(weight_decay=...)` agrees, because it adds the decay to the gradient *after* you have clipped it. (Put the decay
# into the *loss* instead, and it is clipped with everything else: another rule.)
#
# **AdamW.** Look at its first step: $\hat m = g$ and $\hat v = g^2$, so the step is $\eta\,\mathrm{sign}(g)$, whatever
# was clipped. The threshold has vanished, and with it the equation for it.

# %% id="cancel-adamw"
from course_lib.figures.decay_balance import decay_balance


def first_step(c: float) -> Array:
    g = g0 * min(1, c / float(np.linalg.norm(g0)))
    return adamw(w0, g, Memory(), lr=0.1, decay=decay)


grid = np.logspace(-3, 0, 61)
length = float(np.linalg.norm(w0))
along_sgd = np.array([(-decay * w0 - c * g0 / np.linalg.norm(g0)) @ w0 / length for c in grid])
along_adamw = np.array([(first_step(c) - w0) @ w0 / length / 0.1 for c in grid])

ends_after = []
for c in (1e-3, 0.1, 10.0):  # every gradient is longer than the largest of these
    rng, w, memory = np.random.default_rng(0), np.full(4, 5.0), Memory()
    for _ in range(2000):
        g = -100 + 30 * rng.normal(size=4)
        w = adamw(w, g * min(1, c / float(np.linalg.norm(g))), memory, lr=0.01, decay=0.1)
    ends_after.append(float(w.mean()))
print(
    "AdamW, always clipped, at c = 0.001, 0.1, 10: mean weight after 2,000 steps",
    ", ".join(f"{end:.3f}" for end in ends_after),
)
decay_balance(grid, along_sgd, along_adamw, c_star)

# %% [markdown]
# After two thousand steps with every gradient clipped, the weights are at 9.035<!--= ends_after[0] -->,
# 9.035<!--= ends_after[1] --> and 9.035<!--= ends_after[2] --> for thresholds four decades apart. What is left of the
# claim is a special case: a single spike into a long, quiet history. There its size does not cancel, since it meets a
# $v$ that it did not make.

# %% id="cancel-spike"
candidates = np.logspace(-1, 4, 2001)  # one column for each threshold at which the spike might be clipped


def net_move(pull: float) -> Array:
    """Move / lr of a weight that decay pulls back by `pull`, when a spike clipped at each candidate pushes it on."""
    memory, w = Memory(), np.zeros_like(candidates)
    for t in range(6000):  # a quiet history: gradients of size 1 and alternating sign
        w = adam(w, np.full_like(candidates, (-1.0) ** t), memory, 1.0)
    return adam(w, -candidates, memory, 1.0) - w - pull


weak, strong = net_move(0.5), net_move(4.0)
crossing = float(candidates[np.argmax(weak > 0)])
print(f"decay pulls with 0.5 lr: cancelled by a spike clipped at {crossing:.2f} times the ordinary gradient")
print(
    f"decay pulls with 4 lr: the largest net move over all thresholds is {strong.max():.2f} lr, so none cancels"
)
assert strong.max() < 0

# %% [markdown]
# Here a threshold exists, 4.6<!--= crossing --> times the ordinary gradient, but it is made of the history: another
# history, another number. And where decay pulls with more than 3.162<!--= isolated --> learning rates there is none,
# because no isolated spike pushes harder than that.

# %% [markdown]
# ## Experiment 2: clipping or warm-up?
#
# Both are offered as a cure for trouble in the first steps. Warm-up raises the learning rate from near 0 over the
# first steps, here 50<!--plain--> of 200<!--plain-->. Adam on the digits again, ten seeds, learning rates from good to far too large.

# %% id="warm-up" tags=["nbval-ignore-output"]
from course_lib.figures.warm_up import warm_up

rates = [0.01, 0.03, 0.1, 0.3]
ways = {"neither": (np.inf, 0), "clipped at 0.1": (0.1, 0), "warm-up": (np.inf, 50), "both": (0.1, 50)}
warmed = train(
    rates * 4,
    [c for c, _ in ways.values() for _ in rates],
    200,
    [False] * 16,
    warm=[steps for _, steps in ways.values() for _ in rates],
    every=200,
).accuracy[0]
by_way = {name: warmed[4 * place : 4 * place + 4] for place, name in enumerate(ways)}
tops = {name: float(values.mean(axis=1).max()) for name, values in by_way.items()}
warm_up(rates, by_way)

# %% [markdown]
# At its best learning rate each of the four reaches 95%<!--= min(tops.values()) -->, to half a point: where nothing is wrong, neither cures anything. At a learning rate of
# 0.3<!--= rates[3] -->, far too large, Adam alone is at about 21%<!--~0.05 by_way["neither"][3].mean() -->, clipped at
# about 50%<!--~0.1 by_way["clipped at 0.1"][3].mean() --> with a standard deviation of
# about 17%<!--~0.07 by_way["clipped at 0.1"][3].std(ddof=1) -->, and with warm-up at about 79%<!--~0.06 by_way["warm-up"][3].mean() -->. Clipping
# cannot shorten Adam's first step, which is $\eta$ in every entry whatever the gradient was; warm-up does exactly that.
# It is one small network and one corner of the settings: read it as the mechanism at work, not as a law.

# %% [markdown]
# ## Claim review
#
# Each claim of this lesson, where it comes from, and the cell that bears it out. Give your own verdict before you
# open ours.

# %%
Claim(
    id="v-lowers-the-step",
    statement="A large v lowers Adam's effective learning rate.",
    source="Kingma & Ba 2015, Algorithm 1",
    witness="spike",
    verdict="true",
)

# %%
Claim(
    id="clipping-keeps-v-small",
    statement="Clipping keeps v from inflating, so that Adam does not brake.",
    source="The formula follows from Kingma & Ba 2015, Algorithm 1; derived above",
    witness="glitch",
    verdict="conditional",
    popular="You may have read it without a condition.",
    corrected="True for spikes, and the brake lasts thousands of steps. A constant rescaling has no effect at all.",
)

# %%
Claim(
    id="clipping-and-scale",
    statement="With a threshold that is too low, training stalls.",
    source="Invariance: Kingma & Ba 2015, section 2.1; clipped SGD: Pascanu, Mikolov & Bengio 2013",
    witness="indifference",
    verdict="conditional",
    popular="You may have read it as a property of clipping.",
    corrected="It holds for SGD at a fixed learning rate. Adam does not notice, until the threshold meets its epsilon.",
)

# %%
Claim(
    id="step-proportional",
    statement="The size of the update is proportional to the size of the gradient.",
    source="Kingma & Ba 2015, section 2.1",
    witness="longest-step",
    verdict="conditional",
    corrected="For SGD, yes. For Adam an isolated gradient of any size moves 3.162 learning rates.",
)

# %%
Claim(
    id="adam-step-bound",
    statement="A step of Adam is at most (1 - beta1) / sqrt(1 - beta2), 3.162, learning rates long.",
    source="Kingma & Ba 2015, section 2.1; the supremum is derived above",
    witness="longest-step",
    verdict="false",
    popular="You may have read this as the upper bound on Adam's step.",
    corrected="That is the isolated spike. Gradients that grow by 11 % a step after a silence reach 7.270.",
)

# %%
Claim(
    id="bounded-step",
    statement="After clipping at c, a step is at most lr * c long and keeps the gradient's direction.",
    source="Elementary for SGD; heavy ball: Polyak 1964",
    witness="longest-step",
    verdict="conditional",
    popular="You may have read it for any optimizer.",
    corrected="It holds for SGD without momentum and decay. Heavy ball reaches lr * c / (1 - beta) and turns; Adam's length "
    "does not contain c.",
)

# %%
Claim(
    id="update-clipping",
    statement="Clipping the update after Adam's division, instead of the gradient before it, is enough against spikes.",
    source="Shazeer & Stern 2018, section 6 (they use it without momentum, against a v that lags behind)",
    witness="update-clipped",
    verdict="conditional",
    corrected="It bounds every step, whatever the gradients. But v has taken in the spike and brakes as before, and with momentum "
    "the spike gets through in slices.",
)

# %%
Claim(
    id="decoupled-decay",
    statement="Decoupled decay shrinks the weights by the factor 1 - lr * decay at each step, and a clipped gradient step "
    "may oppose it.",
    source="Loshchilov & Hutter 2019, Algorithm 2",
    witness="cancel-sgd",
    verdict="true",
)

# %%
Claim(
    id="adamw-cancellation",
    statement="In AdamW there is an exact clipping threshold at which gradient step and weight decay cancel.",
    source="Loshchilov & Hutter 2019; the threshold for SGD is derived above",
    witness="cancel-adamw",
    verdict="conditional",
    popular="You may have read it with a formula.",
    corrected="The formula is that of SGD with decoupled decay. AdamW's first step, and every run that is always clipped, "
    "is the same for every threshold; only a spike into a quiet history leaves one, which depends on that history.",
)

# %% [markdown]
# ## In practice
#
# - **Adam frozen by its first gradient.** A pharmacokinetics package fitted by Adam started with one gigantic gradient;
#   $v$ absorbed it, and the fit stood still for thousands of iterations and was reported as converged. The repair was
#   to clip the gradient *before* it reaches $v$: FeRx-NLME/ferx-core, pull request 1112<!--plain-->.
# - **Clipping dropped, because Adam handles scale.** Jongchan/tensorflow-vdsr, issue 28; huangzehao/caffe-vdsr, issue 31.
#   Right for a constant scale, wrong for spikes.
# - **A tiny threshold with Adam.** `clipnorm=0.001`, and a user who asks why: fizyr/keras-retinanet, issue 942. It
#   normalises every gradient and does not stall.
# - **Spikes in one parameter** can hide inside a global norm until $v$ has taken them in: allenai/OLMo, issue 266.
#
# What to log with Adam: the norm before clipping *relative to its usual size*, and the length of the update itself.

# %% [markdown]
# ## Check yourself

# %%
Quiz(
    "quiz-all-times-ten",
    "You multiply the loss by 10 and train with Adam, without clipping. What changes?",
    {
        "Steps are ten times longer.": "That is SGD. In Adam the factor is in m and in the root of v, and cancels.",
        "Next to nothing.": "Right: only epsilon sees the difference.",
        "Steps are ten times shorter.": "v grows a hundredfold and its root tenfold, but m grows tenfold as well.",
    },
    answer="Next to nothing.",
)

# %%
Quiz(
    "quiz-which-memory",
    "After a spike, which of Adam's settings decides how long the brake lasts?",
    {
        "beta1": "beta1 = 0.9 forgets in tens of steps: it shapes the push, not the brake.",
        "beta2": "Right: v forgets by a factor beta2 a step, and the recovery is a logarithm divided by -ln(beta2).",
        "the learning rate": "It scales all steps alike; neither m nor v contains it.",
    },
    answer="beta2",
)

# %%
Quiz(
    "quiz-decay",
    "SGD with decoupled decay, and the gradient points along w: <g, w> > 0. Which threshold cancels the decay?",
    {
        "decay * |w|": "That is the value for a gradient exactly against w. Here both forces shrink w.",
        "none": "Right: the gradient step shrinks w as the decay does, so nothing can cancel.",
        "any": "Changing c changes how fast w shrinks, but never turns it into growth.",
    },
    answer="none",
)

# %%
ExitCheck(
    "exit-optimizers",
    mechanism=[
        "A spike enters v with its square, and v forgets by a factor beta2 a step: a deep and long brake.",
        "A constant factor on all gradients cancels between m and the root of v.",
        "So clipping helps Adam only where norms stand out; its threshold is not in the length of the step.",
    ],
    prerequisite="If the averages m and v blur, go back to the demo and watch them while you move the spike; if clipping "
    "by norm blurs, to lesson 03.",
    perturbation=(
        "You lower beta2 from 0.999 to 0.99 and leave the rest. A spike of 100 arrives late in training. Is the brake "
        "deeper or shallower, and does it last longer or shorter?",
        "Deeper: the spike's weight in v is ten times larger, so 0.10 of the step is left instead of 0.30. Shorter: back at "
        "nine tenths after 603 steps instead of 3,751.",
    ),
)

# %% [markdown]
# ## In five lines
#
# 1. A spike $K$ leaves Adam $1/\sqrt{1 + (1-\beta_2)(K^2-1)}$ of its step; $\beta_2$ decides for how long.
# 2. Early spikes weigh most: the first gradient is the whole memory.
# 3. Adam does not notice a constant factor, so its threshold matters only where norms stand out.
# 4. Longest steps: SGD $\eta c$; heavy ball $\eta c/(1-\beta)$; Adam $3.162\,\eta$ for a spike, $7.270\,\eta$ at the worst.
#    Clipping the update bounds it by $d$ in root mean square, and leaves the brake as it was.
# 5. Clipping and decay cancel at $c^* = \lambda\lVert w\rVert^2\lVert g\rVert / (-\langle g, w\rangle)$ for SGD; for AdamW at
#    no fixed threshold.
#
# **Now do it yourself:** open the exercise from the map above, or with `course open 05_optimizers`.
#
# **Further reading.** Kingma & Ba 2015, *Adam: a method for stochastic optimization*. Loshchilov & Hutter 2019, *Decoupled
# weight decay regularization*. Shazeer & Stern 2018, *Adafactor: adaptive learning rates with sublinear memory cost*. Zhang et al. 2020, *Why are adaptive methods good for attention models?*

# %%
Journal("05_optimizers")

# %%
measured_minutes("05_optimizers")
