# ---
# jupyter:
#   course:
#     kind: lesson
#     name: 03_clipping_mechanics
# ---

# %% [markdown]
# # 3 · Clipping mechanics
#
# **Clip a gradient by norm and by value, for a model or a layer, and say what each keeps and what it breaks.**
#
# After this lesson you can
#
# - derive why clipping by norm keeps the direction, and how far clipping by value can turn it;
# - predict what each rule returns for a gradient you have not seen;
# - choose a scope (whole model, layer, parameter) and say which relative sizes survive it;
# - put clipping in the right place of a training step, and say what it does to `nan` and `inf`;
# - recognise a widely published formula that is wrong, break it with one input, and repair it.
#
# *You need:* [Explosion](01_explosion.ipynb). *Difficulty:* medium.

# %%
import math
from collections.abc import Callable

import numpy as np
import torch

from course_lib.demos import plane_demo
from course_lib.figures.plane_rules import plane_rules
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

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

LearningMap("03_clipping_mechanics")

# %% [markdown]
# ## Play first
#
# A gradient is an arrow: it has a length and a direction. There are two popular ways to cut one that is too
# long. *By norm* shortens the whole arrow. *By value* cuts every coordinate on its own. Before you see them
# move, commit to a prediction. Being wrong here is worth more than being right.

# %%
turn_guess = Predict(
    "value-turn",
    "The gradient (10, 1) is clipped by value at 2: each coordinate is cut to the range from -2 to 2. "
    "By how many degrees does its direction turn?",
    options=["0 degrees: clipping only shortens", "about 6 degrees", "about 21 degrees", "about 45 degrees"],
)
turn_guess

# %%
turn_guess.reveal(
    answer=2,
    because="(10, 1) becomes (2, 1). The first points 5.7 degrees above the axis, the second 26.6.",
)

# %%
plane_demo()

# %% [markdown]
# Move the tip of the gradient with the arrow keys, or drag it, and try what the demo suggests. One of its rules
# will be taken apart near the end of this lesson.

# %% [markdown]
# The same in pictures, one step at a time:

# %%
spike = np.array([10.0, 1.0])
Storyboard(
    "One gradient, two rules",
    [
        Frame(
            "A gradient (10, 1). Ten times more slope along the first axis.", plane_rules(spike, 2, show=())
        ),
        Frame(
            "A limit of 2 on the length: every arrow inside the circle may pass as it is.",
            plane_rules(spike, 2, show=("ball",)),
        ),
        Frame(
            "By norm: one factor shrinks both coordinates. The tip slides along the line to the origin.",
            plane_rules(spike, 2, show=("ball", "norm")),
        ),
        Frame(
            "A limit of 2 on each coordinate: now the arrows that may pass fill a square.",
            plane_rules(spike, 2, show=("box",)),
        ),
        Frame(
            "By value: the first coordinate is cut, the second is not. The arrow turns.",
            plane_rules(spike, 2, show=("box", "value")),
        ),
    ],
)

# %%
Inquiry(
    "which-cue",
    "You are shown a gradient of unequal entries and a clipped version of it, and nothing else. "
    "Which visible cue speaks for clipping by norm, and against clipping by value?",
    plane_rules(spike, 2, show=("ball", "box", "norm", "value")),
    options=[
        "The clipped arrow is shorter.",
        "The clipped arrow lies on the line from the origin to the tip of the gradient.",
        "The tip of the clipped arrow touches a side of the square.",
    ],
    answer=1,
    because="Both rules shorten, and a tip can touch the square by chance. Clipping by norm multiplies an arrow by "
    "one number, and the multiples of an arrow are exactly the points on its line; clipping by value leaves that "
    "line, except where all entries that are not zero have one size.",
)

# %% [markdown]
# ## Intuition
#
# Think of a photograph that is too large for its frame. You can scale it down, or you can take scissors and
# cut off what sticks out. Scaling keeps every proportion and loses size everywhere. Scissors keep the size of
# whatever fits and change the proportions. Clipping by norm scales; clipping by value cuts. That is all the
# metaphor has to give; from here on, formulas.
#
# ## The mathematics
#
# | symbol | in code | meaning |
# |---|---|---|
# | $g$ | `g` | the gradient, all its entries laid end to end |
# | $c$ | `max_norm` | the largest length that may pass |
# | $v$ | `limit` | the largest magnitude a coordinate may have |
# | $\lVert g \rVert$ | `norm` | its length, $\sqrt{\sum_i g_i^2}$ |
# | $\hat g$ | `clipped` | what the optimizer gets |
#
# **By norm.** One factor for the whole vector:
#
# $$\hat g = s\, g, \qquad s = \min\left(1, \frac{c}{\lVert g \rVert}\right).$$
#
# Three consequences, each in one line:
#
# - *Direction:* $\hat g$ is $g$ times a positive number, so it points the same way.
# - *Length:* $\lVert \hat g \rVert = s \lVert g \rVert = \min(\lVert g \rVert, c)$.
# - *Silence:* if $\lVert g \rVert \le c$ then $s = 1$ and nothing happens, not even a rounding error.
#
# You will also meet it as $g / \max(1, \lVert g \rVert / c)$. Both are the same rule, because for positive
# $a, b$ the reciprocal turns a maximum into a minimum: $1/\max(a, b) = \min(1/a, 1/b)$. One difference hides at
# $g = 0$: the first form divides by zero, the second does not.
#
# **By value.** Each coordinate on its own, cut to the range from $-v$ to $v$:
#
# $$\hat g_i = \max(-v, \min(v, g_i)).$$
#
# How far can this turn the gradient? Write $a_i = |g_i|$ and $b_i = \min(a_i, v)$, and let at least one
# coordinate be cut. Then
#
# $$\langle g, \hat g \rangle = \sum_i a_i b_i = v \sum_{\text{cut}} a_i + \sum_{\text{uncut}} a_i^2 .$$
#
# 1. Call the two parts $P = v \sum_{\text{cut}} a_i$ and $Q = \sum_{\text{uncut}} a_i^2$. Neither is negative, so
#    $\langle g, \hat g \rangle^2 = (P + Q)^2 \ge P^2 + 2PQ$ (what is left out is $Q^2$).
# 2. The square of a sum of non-negative numbers is at least the sum of their squares: $P^2 \ge v^2 \sum_{\text{cut}} a_i^2$. And
#    the cut magnitudes add up to more than $v$, so $P > v^2$ and $2PQ \ge v^2 \sum_{\text{uncut}} a_i^2$. Together,
#    $\langle g, \hat g \rangle^2 \ge v^2 \lVert g \rVert^2$.
# 3. No coordinate of $\hat g$ exceeds $v$, so $\lVert \hat g \rVert \le \sqrt d\, v$.
# 4. Divide: $\cos\theta = \dfrac{\langle g, \hat g \rangle}{\lVert g \rVert \lVert \hat g \rVert} \ge
#    \dfrac{v \lVert g \rVert}{\lVert g \rVert \sqrt d\, v} = \dfrac{1}{\sqrt d}$.
#
# So the angle is at most $\arccos(1/\sqrt d)$, and for $d \ge 2$ it only comes near it: the worst gradient is
# $(M, v, \dots, v)$ with $M$ far above $v$. In the plane that is 45<!--= np.degrees(np.arccos(1 / np.sqrt(2))) --> degrees; with a million parameters it is next to 90<!--plain-->. It
# never reaches 90<!--plain-->: $\hat g$ may be turned, but a small step against it never climbs. To first order, a step of given length
# against $\hat g$ lowers the loss by $\cos\theta$ times what the same length against $g$ would.

# %% [markdown]
# ## The code
#
# Each rule is a function of a few lines; a third measures the angle.


# %% id="two-rules"
def clip_by_norm(g: Array, max_norm: float) -> Array:
    norm = math.sqrt(np.sum(g**2))
    if norm <= max_norm:
        return g
    return g * (max_norm / norm)


def clip_by_value(g: Array, limit: float) -> Array:
    return np.clip(g, -limit, limit)


def angle(u: Array, v: Array) -> float:
    """The angle between two vectors, in degrees."""
    cosine = np.dot(u, v) / (np.linalg.norm(u) * np.linalg.norm(v))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


scaled, cut = clip_by_norm(spike, 2), clip_by_value(spike, 2)
turned = angle(spike, cut)
print(
    "by norm: ",
    scaled.round(3),
    f"length {np.linalg.norm(scaled):.3f}, turned {angle(spike, scaled):.1f} degrees",
)
print("by value:", cut.round(3), f"length {np.linalg.norm(cut):.3f}, turned {turned:.1f} degrees")
print(
    f"a step against the value-clipped arrow lowers the loss by {math.cos(math.radians(turned)):.3f} of what it could"
)

# %% [markdown]
# By value, $(10, 1)$ turns by 20.9<!--= turned --> degrees, and a step of the same length loses
# 6.6%<!--= 1 - math.cos(math.radians(turned)) --> of its first-order effect. That is not dramatic, and it
# is the honest size of the matter in two dimensions. Whether it stays small in a real network is measured below.
#
# A second example, small enough for a calculator: $g = (6, 8, 0)$ has length 10<!--= np.hypot(6, 8) -->. With $c = 5$ the factor is one
# half, and at a learning rate of `0.01` the step shrinks from `0.1` to `0.05`.

# %% id="six-eight"
g, max_norm, lr = np.array([6.0, 8.0, 0.0]), 5.0, 0.01
raw_step, clipped_step = (float(np.linalg.norm(lr * a)) for a in (g, clip_by_norm(g, max_norm)))
print(
    f"length {np.linalg.norm(g):g} -> {np.linalg.norm(clip_by_norm(g, max_norm)):g}, step {raw_step:g} -> {clipped_step:g}"
)

# %% [markdown]
# The same as practitioners write it. PyTorch clips the `.grad` of all parameters **in place**, with one common
# factor, and **returns the norm before** clipping. Read that twice: the returned number is the one to log, and it
# may be as large as it likes. People have reported working clipping as broken because their log showed norms
# above the limit (for instance in the issue tracker of LLaMA-Factory, number 3996).

# %% id="torch-equals-numpy"
parameter = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
parameter.grad = torch.tensor([6.0, 8.0, 0.0], dtype=torch.float64)
before = torch.nn.utils.clip_grad_norm_([parameter], max_norm=5.0)
after = parameter.grad.numpy()
difference = float(np.abs(after - clip_by_norm(g, 5.0)).max())
assert difference < 1e-6
print(
    f"returned {before.item():g} (before), left {np.linalg.norm(after):.7f} (after); largest difference to ours {difference:.1e}"
)

parameter.grad = torch.tensor([10.0, 1.0, -3.0], dtype=torch.float64)
torch.nn.utils.clip_grad_value_([parameter], clip_value=2.0)
assert np.array_equal(parameter.grad.numpy(), clip_by_value(np.array([10.0, 1.0, -3.0]), 2.0))

# %% [markdown]
# Not quite 5<!--plain-->: PyTorch divides by $\lVert g \rVert + 10^{-6}$, which also makes the zero gradient safe. The
# difference is harmless while norms are far above $10^{-6}$, and it is the reason why a test that asks for *exactly* the
# threshold fails.

# %% [markdown]
# ## Which norm?
#
# Length is not the only size a vector has. The $\ell_\infty$ norm is the largest magnitude,
# $\lVert g \rVert_\infty = \max_i |g_i|$, and for every $g$
#
# $$\lVert g \rVert_\infty \le \lVert g \rVert_2 \le \sqrt d\, \lVert g \rVert_\infty .$$
#
# The left side is tight when one coordinate carries everything, the right side when all are equal. Here is the
# second extreme.

# %% id="hundred-tenths"
tenths = np.full(100, 0.1)
largest, length = float(np.abs(tenths).max()), float(np.linalg.norm(tenths))
factor_2, factor_inf = min(1, 0.2 / length), min(1, 0.2 / largest)
print(f"largest entry {largest:g}, length {length:g}")
print(f"at a threshold of 0.2: factor {factor_inf:g} by the largest entry, {factor_2:g} by the length")
print(f"at a threshold of 0.2 * sqrt(100) = 2, the length gives {min(1, 2 / length):g}")

# %% [markdown]
# **You may have read that** the $\ell_2$ norm at 0.2<!--= 0.2 --> would cut this gradient five-fold and
# *dramatically slow down learning*. The factor is right. The conclusion compares one number across two different
# scales: with the threshold that means the same size here, $\sqrt d \cdot 0.2 = 2$, nothing is cut. And in plain gradient
# descent a factor that stays 5<!--plain--> is undone exactly by a learning rate five times as large. What remains true is the
# reading: $\ell_2$ feels many small entries adding up, $\ell_\infty$ feels the single outlier.
#
# One trap: *clipping by the $\ell_\infty$ norm* is not *clipping by value*. The first scales, the second cuts.

# %% id="infinity-norm"
scaled = spike * min(1, 2 / np.abs(spike).max())
print("by the largest entry:", scaled, f"turned {angle(spike, scaled):.1f} degrees")
print("by value:            ", clip_by_value(spike, 2), f"turned {turned:.1f} degrees")

# %% [markdown]
# ## Experiment 1: how far does value clipping turn a real gradient?
#
# In the plane the worst case is 45<!--= np.degrees(np.arccos(1 / np.sqrt(2))) --> degrees; a network has thousands of coordinates. So take a real one: a small
# network (64<!--plain--> pixels, 32<!--plain--> tanh units, 10<!--plain--> classes) on the handwritten digits of scikit-learn, trained for a hundred
# steps, ten times from different starts. Then cut its minibatch gradient at several quantiles of its own entries.
# The gradient is written out, so that nothing is hidden.

# %% id="digits-gradient"
from course_lib.data import digits

images, labels = digits().X, digits().y


def digit_gradient(weights: list[Array], x: Array, y: Array) -> list[Array]:
    """The gradient of the mean cross-entropy of a 64-32-10 tanh network."""
    w1, b1, w2, b2 = weights
    h = np.tanh(x @ w1 + b1)
    logits = h @ w2 + b2
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1  # d loss / d logits: what we said minus what was true
    p /= len(y)
    back = (p @ w2.T) * (1 - h**2)
    return [x.T @ back, back.sum(axis=0), h.T @ p, p.sum(axis=0)]


def trained_gradient(seed: int) -> Array:
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, 1 / 8, (64, 32)), np.zeros(32), rng.normal(0, 32**-0.5, (32, 10)), np.zeros(10)]
    for _ in range(101):
        batch = rng.integers(0, len(labels), 64)
        grads = digit_gradient(weights, images[batch], labels[batch])
        weights = [w - 0.5 * g for w, g in zip(weights, grads, strict=True)]
    return np.concatenate([g.ravel() for g in grads])


quantiles = [0.5, 0.9, 0.99, 0.999]
gradients = [trained_gradient(seed) for seed in range(10)]
degrees = np.array(
    [[angle(g, clip_by_value(g, float(np.quantile(np.abs(g), q)))) for q in quantiles] for g in gradients]
)
sign_degrees = np.array([angle(g, np.sign(g)) for g in gradients])
one_spike = np.array([100.0] + [1.0] * 9)
spike_degrees, spike_bound = (
    angle(one_spike, clip_by_value(one_spike, 1.0)),
    math.degrees(math.acos(10**-0.5)),
)

from course_lib.figures.turned_angles import turned_angles

turned_angles(quantiles, degrees, sign_degrees)

# %% [markdown]
# Cutting the top tenth of the entries turns the gradient by
# 16<!--= degrees[:, 1].mean() --> degrees (standard deviation over ten networks
# 1.7<!--= degrees[:, 1].std(ddof=1) -->). As the limit shrinks, every entry that is not zero ends at plus or minus the limit: only
# the **signs** are left, and the angle goes to 48<!--= sign_degrees.mean() --> degrees, far from the worst case
# of 89<!--= math.degrees(math.acos(len(gradients[0]) ** -0.5)) --> that the bound would allow with so many
# coordinates. Value clipping does turn real gradients, and the frightening bound is not what happens to these healthy
# ones. It is what happens to a spike: one entry of 100<!--plain--> among nine of 1, cut at 1, turns by
# 69.8<!--= spike_degrees --> of the 71.6<!--= spike_bound --> degrees that ten coordinates allow.

# %% [markdown]
# ## Experiment 2: which rule when one feature is sick?
#
# You will read that norm clipping is *the more principled choice*. Take the
# diabetes data (442<!--plain--> patients, 10<!--plain--> measurements, linear regression by minibatch gradient descent) and let somebody
# enter the body-mass index in a wrong unit: a hundred times too large. Now one **coordinate** of the gradient is
# sick, and by norm everybody is shrunk because of it.
#
# Each rule gets 400<!--plain--> steps, and its own best learning rate and threshold from the same grid, chosen on the mean over 20<!--plain--> splits
# (the same splits that are reported: a small optimism, and the rule without a threshold has fewer settings to choose from).
# Then the same data once more in a
# rotated basis: the sick direction is still there, but it no longer is an axis.

# %%
unit_guess = Predict(
    "wrong-unit",
    "One of ten features is a hundred times too large. Each rule may use its best learning rate and threshold. "
    "Which clipping gives the smaller test error?",
    options=["by norm", "by value", "no difference"],
)
unit_guess

# %% id="wrong-unit" tags=["nbval-ignore-output"]
from course_lib.data import diabetes, standardise
from course_lib.figures.wrong_unit import wrong_unit
from course_lib.training.linear import Split, random_rotation, sweep

[table] = standardise(diabetes())
patients, progression = table.X, (table.y - table.y.mean()) / table.y.std()


def sick_split(seed: int, rotate: bool) -> Split:
    """300 patients to learn from, 142 to test on; feature 2 (body-mass index) is a hundred times too large."""
    order = np.random.default_rng(seed).permutation(len(patients))
    x = patients.copy()
    x[:, 2] *= 100
    if rotate:
        x = x @ random_rotation(10, np.random.default_rng(1000 + seed))
    return Split(x[order[:300]], progression[order[:300]], x[order[300:]], progression[order[300:]])


rules = {  # each takes gradients in rows (one row a setting) and one threshold a row
    "none": lambda G, c: G,
    "by norm": lambda G, c: (
        G * np.minimum(1, c / np.maximum(np.linalg.norm(G, axis=1, keepdims=True), 1e-300))
    ),
    "by value": lambda G, c: np.clip(G, -c, c),
}
lrs, thresholds = np.logspace(-6, 1, 15), np.logspace(-2, 3, 11)
best = {
    basis: {
        name: sweep(
            [sick_split(s, rotate) for s in range(20)],
            rule,
            lrs,
            thresholds if name != "none" else np.ones(1),
        )
        for name, rule in rules.items()
    }
    for basis, rotate in (("as measured", False), ("rotated", True))
}
ahead = {basis: found["by norm"].errors - found["by value"].errors for basis, found in best.items()}
limit_error = float(
    np.mean(
        [
            np.mean((s.x_test @ np.linalg.lstsq(s.x_train, s.y_train, rcond=None)[0] - s.y_test) ** 2)
            for s in (sick_split(seed, rotate=False) for seed in range(20))
        ]
    )
)
print(f"least squares: {limit_error:.3f}")
wrong_unit(best)

# %%
unit_guess.reveal(
    answer=1,
    because="The sick coordinate is cut alone; the healthy nine keep their size. In a rotated basis that "
    "advantage is gone, because no single coordinate is sick any more.",
)

# %% [markdown]
# With the wrong unit, value clipping reaches a test error of
# 0.54<!--= best["as measured"]["by value"].errors.mean() --> (in units of the variance; 1 is the error of always
# predicting the mean), norm clipping about 0.67<!--~0.02 best["as measured"]["by norm"].errors.mean() -->, no clipping
# 0.70<!--= best["as measured"]["none"].errors.mean() -->. Split by split, value clipping is better by about
# 0.12<!--~0.02 ahead["as measured"].mean() -->, with a standard deviation of
# 0.05<!--~0.02 ahead["as measured"].std(ddof=1) -->. Rotate the same data and the difference is about
# -0.01<!--~0.02 ahead["rotated"].mean() --> with a standard deviation of 0.06<!--~0.02 ahead["rotated"].std(ddof=1) -->: gone. It is a
# matter of speed: least squares, the minimum of the loss that all three share, has an error of 0.52<!--= limit_error -->, and
# value clipping is nearly there after 400<!--plain--> steps.
#
# This case was built for value clipping, and so is its moral: **norm clipping does not care how the axes are rotated; value
# clipping does, and it won here, where the trouble sat in one coordinate; after a rotation the advantage was gone.** (Neither
# is safe from a wrong *unit*: that is what hurt norm clipping here.) A better cure is to standardise your features.

# %% [markdown]
# ## Scope: who shares one norm?
#
# "The gradient" of a network is a list of arrays. The *scope* says which of them share one norm and one factor.
#
# | scope | one factor for | keeps | price |
# |---|---|---|---|
# | global | the whole model | the direction of the whole gradient | a sick layer shrinks all others |
# | per layer | weight and bias of a layer | the direction inside each layer | relative sizes between clipped layers |
# | per parameter | each array | the direction inside each array | ... also between weight and bias |
# | per example | each example's gradient, before averaging | each example has a bounded share | the mean of clipped gradients can point elsewhere |

# %% id="scopes-by-hand"
layers = {"first.weight": np.array([3.0, 4.0]), "last.weight": np.array([300.0, 400.0])}
whole = math.sqrt(sum(float(np.sum(g**2)) for g in layers.values()))
for scope in ("global", "per layer"):
    clipped = {
        name: g * min(1, 1 / (whole if scope == "global" else float(np.linalg.norm(g))))
        for name, g in layers.items()
    }
    sizes = {name: round(float(np.linalg.norm(g)), 4) for name, g in clipped.items()}
    print(f"{scope:9s} at 1: lengths {sizes}")

# %% [markdown]
# Globally, the healthy first layer is left with a hundredth of what it could have; per layer both end at 1, and the
# fact that one was a hundred times steeper is forgotten. Which loss hurts more?
#
# ### Experiment 3: one sick layer
#
# A three-layer network on the digits, with its middle layer written as $s \cdot V$ and $V$ trained: the function is
# the same, but the gradient with respect to $V$ is $s$ times too large, and the layer moves $s$ times as far for a step of
# $V$: $s^2$ in all. Ten seeds, 300<!--plain--> steps. Each rule gets a threshold from a wider sweep, which is not repeated here, and the
# best of three learning rates around its best there (chosen on the seeds that are shown).

# %% id="sick-layer" tags=["nbval-ignore-output"]
from course_lib.figures.scope_accuracy import scope_accuracy
from course_lib.training import Setting, by_value, globally, per_layer, train_side_by_side

candidates = {  # for each scale and rule: the clipping, and the learning rates to choose from
    1.0: {
        "global": (globally(1.0), [0.1, 0.3, 1.0]),
        "per layer": (per_layer(1.0), [0.1, 0.3, 1.0]),
        "by value": (by_value(0.1), [0.1, 0.3, 1.0]),
    },
    300.0: {
        "global": (globally(1.0), [0.001, 0.003, 0.01]),
        "per layer": (per_layer(0.1), [0.03, 0.1, 0.3]),
        "by value": (by_value(0.1), [0.01, 0.03, 0.1]),
    },
}
accuracy: dict[float, dict[str, Array]] = {}
for scale, rules_here in candidates.items():
    settings = [
        Setting(rule, lr, clip, multipliers=(1.0, scale, 1.0))
        for rule, (clip, lrs) in rules_here.items()
        for lr in lrs
    ]
    runs = train_side_by_side(digits(), settings, range(10), hidden=(32, 32), steps=300, n_test=397)
    of_rule = {rule: runs.accuracy[[name == rule for name in runs.names]] for rule in rules_here}
    accuracy[scale] = {rule: values[values.mean(axis=1).argmax()] for rule, values in of_rule.items()}
ahead_per_layer = {
    scale: 100 * (values["per layer"] - values["global"]) for scale, values in accuracy.items()
}
scope_accuracy(accuracy)

# %% [markdown]
# With a healthy middle layer the two scopes differ little: per layer minus global is about
# 1<!--~2 ahead_per_layer[1.0].mean() --> point of accuracy, with a standard deviation over seeds of about
# 3<!--~2 ahead_per_layer[1.0].std(ddof=1) -->. (How much, the last bit of a sum decides: at the largest learning rate it leads single
# runs elsewhere.) With the layer 300<!--plain--> times too steep, global clipping reaches
# about 85%<!--~0.03 accuracy[300.0]["global"].mean() -->, per-layer
# 90%<!--~0.03 accuracy[300.0]["per layer"].mean() -->, and value clipping
# 93%<!--~0.03 accuracy[300.0]["by value"].mean() -->; per layer is ahead of global by
# about 5<!--~2 ahead_per_layer[300.0].mean() --> points, with a standard deviation over seeds of
# about 4<!--~1.5 ahead_per_layer[300.0].std(ddof=1) -->, and wins on
# 8<!--~1.5 int((ahead_per_layer[300.0] > 0).sum()) --> or so of ten seeds.
#
# So here, with one sick layer, per-layer clipping beats global clipping, and value clipping beats both. **You may have read that**
# local clipping is generally *more effective* than global. Tuned on a healthy network little difference shows. The price it pays, the
# forgotten sizes between layers, did not show here either; it is real in the formula, and nobody should call it
# *crucial* without a measurement.

# %% [markdown]
# ## How long can a step be?
#
# Plain gradient descent moves by $\eta\, \hat g$ (learning rate $\eta$, in code `lr`), so
# $\lVert \text{step} \rVert = \eta \lVert \hat g \rVert \le \eta c$. The promise is often repeated for every optimizer. It
# is false for the two most used others:
#
# - **Heavy ball** (gradient descent with momentum) keeps a velocity $u_t = \beta u_{t-1} + \hat g_t$. Each term is at most $c$ long, so
#   $\lVert u_t \rVert \le c\,(1 + \beta + \beta^2 + \dots) = c / (1 - \beta)$: ten times the promise at
#   $\beta = 0.9$, reached when the gradient keeps pointing the same way. The direction is not the last gradient's
#   either.
# - **Adam** keeps two running means, $m$ of the gradients and $v$ of their squares, and steps by $\eta\, m / \sqrt v$ in each
#   coordinate (a tiny $\epsilon$ and a correction for the first steps left out). Multiply all gradients by the same number:
#   $m$ and $\sqrt v$ are both multiplied by it, and it cancels. Where every step is clipped, the threshold is not in the
#   length of the step at all.

# %% id="step-bound"
from course_lib.figures.step_lengths import step_lengths

steady = [np.array([100.0, 0.0])] * 200


def longest_step(make: Callable[..., torch.optim.Optimizer], max_norm: float, **settings: float) -> float:
    """The longest step, in units of lr * max_norm, on a steady gradient clipped by norm."""
    w = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    optimizer, longest = make([w], lr=0.1, **settings), 0.0
    for g in steady:
        was = w.detach().clone()
        w.grad = torch.from_numpy(clip_by_norm(g, max_norm))
        optimizer.step()
        longest = max(longest, (w.detach() - was).norm().item() / (0.1 * max_norm))
    return longest


limits = [1e-3, 1e-2, 1e-1, 1.0, 10.0]
steps = {
    "SGD": [longest_step(torch.optim.SGD, c) for c in limits],
    "heavy ball, 0.9": [longest_step(torch.optim.SGD, c, momentum=0.9) for c in limits],
    "Adam": [longest_step(torch.optim.Adam, c) for c in limits],
}
step_lengths(limits, steps)

# %% [markdown]
# At every threshold SGD stays at 1 and heavy ball ends at 10<!--plain-->. On this steady gradient in one coordinate
# Adam's step is $\eta$, so in units of $\eta c$ it is 1,000<!--= steps["Adam"][0] --> at the smallest threshold and
# 0.1<!--= steps["Adam"][-1] --> at the largest. (With $d$ such coordinates it is $\sqrt d\, \eta$. After a quiet time, in which
# nothing was clipped, a clipped spike can make a longer step, and that one does depend on $c$.) Clipping still matters for Adam, but for another reason: *varying* norms,
# a spike between ordinary steps.

# %% [markdown]
# ## Where in the step?
#
# ```python
# optimizer.zero_grad()
# loss = model_loss(batch)
# loss.backward()                                                   # the gradients exist from here on ...
# norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)   # ... so clip here, ...
# optimizer.step()                                                  # ... before they are used
# ```
#
# There is one right place, and moving the line by one is a silent bug: no error, a plausible loss curve, and no
# clipping. Try both wrong places on one step with a steep gradient.


# %% id="wrong-places"
def distance_moved(place: str) -> float:
    """How far one step of SGD (lr = 1) moves a weight whose gradient is 1000, with clipping at 1 in some place."""
    w = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([w], lr=1.0)
    optimizer.zero_grad()
    loss = 1000 * w.sum()
    for name in place.split():
        if name == "backward":
            loss.backward()
        elif name == "clip":
            torch.nn.utils.clip_grad_norm_([w], max_norm=1.0)
        else:
            optimizer.step()
    return abs(w.item())


for order in ("backward clip step", "clip backward step", "backward step clip"):
    print(f"{order:19s} moves {distance_moved(order):g}")

# %% [markdown]
# Two more places where the order matters, both taken from real projects below. With **gradient accumulation** (several
# `backward` calls, whose gradients add up, before one step), clip once, after the last `backward` and before `step`;
# clipping after every part is another rule. With **mixed precision** (16<!--plain-->-bit numbers where they suffice), the loss is
# multiplied by a *loss scale* (often 65,536<!--= 2**16 -->) so that small gradients do not vanish, and so are the gradients: call
# `scaler.unscale_(optimizer)` first, or the threshold is that much smaller than you think.

# %% [markdown]
# ## What clipping cannot mend
#
# A gradient with `inf` or `nan` in it has no length to scale. See what the framework does with one; the second
# column is what the optimizer would get.

# %% id="non-finite"
nan, inf = float("nan"), float("inf")


def left_by(clip: str, gradient: list[float], dtype: torch.dtype = torch.float64) -> list[float]:
    w = torch.nn.Parameter(torch.zeros(len(gradient), dtype=dtype))
    w.grad = torch.tensor(gradient, dtype=dtype)
    if clip == "norm":
        torch.nn.utils.clip_grad_norm_([w], max_norm=5.0)
    else:
        torch.nn.utils.clip_grad_value_([w], clip_value=5.0)
    values: list[float] = w.grad.tolist()
    return values


for rule, gradient in (
    ("norm", [6.0, inf, 0.0]),
    ("norm", [6.0, nan, 0.0]),
    ("value", [6.0, inf, 0.0]),
    ("value", [6.0, nan, 0.0]),
):
    print(f"by {rule:5s} {gradient!s:18s} -> {left_by(rule, gradient)}")
print(f"float32, by norm: [1e+20, 1e+20] -> {left_by('norm', [1e20, 1e20], torch.float32)}")
print(f"float64, by norm: [1e+20, 1e+20] -> {np.round(left_by('norm', [1e20, 1e20]), 4).tolist()}")

# %% [markdown]
# By norm, one `nan` poisons **every** entry: the norm is `nan`, and so is the factor. One `inf` turns into `nan`
# itself and silences all others. By value, an `inf` becomes an innocent-looking 5<!--plain-->. And a perfectly finite float32
# gradient of $10^{20}$ has an infinite *norm*, because its square does not fit: the factor is 0 and the whole step
# is silently lost. None of these is a repair. `clip_grad_norm_(..., error_if_nonfinite=True)` makes every case
# by norm loud, the one of $10^{20}$ included; `clip_grad_value_` has no such switch. Then skip the step and find out who
# made the `nan`. (The library of this course can name the culprit and
# measure the norm without overflow: see `course_lib.clipping`.)

# %% [markdown]
# ## The formula that is wrong
#
# A popular guide gives this line for clipping:
#
# ```python
# clipped_gradients = gradients / max(1, gradients / clip_threshold)
# ```
#
# Before you run it: what will it do to the gradient $(-1000, -0.5, 0.5, 3, 1000)$ at a threshold of 1?

# %%
formula_guess = Predict(
    "published-formula",
    "Read max coordinate by coordinate (np.maximum). What happens to the entry -1000 at a threshold of 1?",
    options=["it becomes -1", "it becomes 1", "it stays -1000", "it becomes 0"],
)
formula_guess

# %% id="published-formula"
wild = np.array([-1000.0, -0.5, 0.5, 3.0, 1000.0])
try:
    wild / max(1, wild / 1.0)
except ValueError as error:
    print("to the letter, on an array:", str(error)[:58])


def published(g: Array, c: float) -> Array:
    """The formula read coordinate by coordinate."""
    return g / np.maximum(1, g / c)


left = published(wild, 1.0)
noise = np.random.default_rng(0).normal(0, 10, 1_000_000)
drift, drift_noise = float(published(noise, 1.0).mean()), float(published(noise, 1.0).std() / 1000)
print("coordinate by coordinate:  ", left)
print(f"length before {np.linalg.norm(wild):.1f}, after {np.linalg.norm(left):.1f}; the threshold was 1")
print(f"mean on symmetric noise (should be 0): {drift:.2f} +- {drift_noise:.3f}")

# %%
formula_guess.reveal(
    answer=2,
    because="For a negative entry g / c is negative, the maximum is 1, and the entry is divided by 1.",
)

# %%
from course_lib.figures.one_sided import one_sided

one_sided(published, clip_by_value)

# %% [markdown]
# Three things are wrong, in rising order of damage.
#
# 1. On an array the line does not run at all: Python's `max` asks whether an *array* is larger than 1.
# 2. Read coordinate by coordinate it runs, and is value clipping with one half missing: positive entries are cut at
#    $c$, negative entries escape however large they are. (And where all are positive it is value clipping, so $(c, c, \dots)$
#    is longer than $c$ by far.)
# 3. On noise that is symmetric around zero (standard deviation 10<!--plain-->, threshold 1) it has a mean of -3.5<!--= drift --> instead
#    of 0: it pushes the weights in one direction for no reason in the data.
#
# A rule of this very form stands in Abadi et al. (2016, Algorithm 1), with the **norm** in the denominator:
# $g / \max(1, \lVert g \rVert_2 / c)$. One symbol makes the formula right.

# %% id="repaired"
repaired = wild / max(1, float(np.linalg.norm(wild)) / 1.0)
assert np.allclose(repaired, clip_by_norm(wild, 1.0))
print(
    "repaired:",
    repaired.round(4),
    f"length {np.linalg.norm(repaired):.4f}, turned {angle(wild, repaired):.1f} degrees",
)

# %%
Hint(
    "Why does nobody notice? Think of which gradients a quick test would use.",
    "Try the formula on all-positive numbers, then flip one sign.",
    "On positive entries it equals min(g, c), which is clipping by value: a test with [0.5, 3, 1000] passes. A "
    "negative entry larger than c in magnitude shows the hole. So test clipping on both signs, and on the length.",
)

# %% [markdown]
# ## Claim review
#
# Each claim of this lesson, where it comes from, and the cell that bears it out. Give your own verdict before you
# open ours.

# %%
Claim(
    id="norm-keeps-direction",
    statement="Clipping by norm keeps the direction of the gradient and leaves a length of min(norm, threshold).",
    source="Pascanu, Mikolov & Bengio 2013, section 3.2, Algorithm 1",
    witness="two-rules",
    verdict="true",
)

# %%
Claim(
    id="value-turns",
    statement="Clipping by value can turn the gradient, by less than arccos(1/sqrt(d)), and never uphill.",
    source="Derived above; value clipping: Mikolov 2012 (thesis), section 3.2.2",
    witness="digits-gradient",
    verdict="true",
)

# %%
Claim(
    id="norm-is-better",
    statement="Clipping by norm is better than clipping by value.",
    source="No primary source found; compare Zhang et al. 2020, 'Why are adaptive methods good for attention models?'",
    witness="wrong-unit",
    verdict="conditional",
    popular="You may have read that norm clipping is the preferred and more principled choice.",
    corrected="Norm clipping does not depend on a rotation of the axes. Value clipping does, and was faster where one "
    "coordinate was sick.",
)

# %%
Claim(
    id="l2-slows-learning",
    statement="On 100 entries of 0.1, l2 clipping at 0.2 dramatically slows learning where l-infinity does not.",
    source="The arithmetic: elementary (norm equivalence)",
    witness="hundred-tenths",
    verdict="conditional",
    popular="You may have read this as a reason to prefer one norm.",
    corrected="The factor 5 is right; the comparison uses one number on two scales. At the matching threshold of 2 "
    "nothing is cut, and a constant factor is undone by the learning rate.",
)

# %%
Claim(
    id="local-is-better",
    statement="Local (per-layer) clipping is generally more effective than global clipping.",
    source="No primary source found; per-layer scaling: You, Gitman & Ginsburg 2017 (LARS)",
    witness="sick-layer",
    verdict="false",
    popular="You may have read that global clipping is too restrictive.",
    corrected="Not in general: tuned on a healthy network, the two differ by little more than chance. With one layer 300 times too "
    "steep, per-layer beats global, and value clipping beats both.",
)

# %%
Claim(
    id="step-at-most-lr-c",
    statement="After clipping at c, a step is at most lr * c long.",
    source="Elementary for SGD; Adam: Kingma & Ba 2015, section 2.1",
    witness="step-bound",
    verdict="conditional",
    popular="You may have read it as a property of clipping.",
    corrected="It holds for SGD without momentum and weight decay. Heavy ball reaches lr * c / (1 - beta); where every step "
    "is clipped, Adam's step does not contain c.",
)

# %%
Claim(
    id="safety-valve",
    statement="Clipping is a safety valve between the backward pass and the update.",
    source="PyTorch documentation of clip_grad_norm_ (error_if_nonfinite)",
    witness="non-finite",
    verdict="conditional",
    corrected="For large finite gradients, yes. It cannot repair inf or nan, and by norm one nan poisons every entry.",
)

# %%
Claim(
    id="published-formula",
    statement="Gradients are clipped by gradients / max(1, gradients / threshold).",
    source="In its right form: Abadi et al. 2016, Algorithm 1",
    witness="published-formula",
    verdict="false",
    popular="You may have read exactly this line in a guide.",
    corrected="The norm is missing: g / max(1, norm(g) / c).",
)

# %% [markdown]
# ## In practice
#
# - **Defaults.** BERT's published optimizer clips by global norm at 1.0<!--= 1.0 --> (google-research/bert,
#   `optimization.py`). PyTorch Lightning's `Trainer` clips only when you set `gradient_clip_val`. PyTorch itself
#   never clips unless you call it.
# - **Clip after step.** The line stood one too low, and did nothing: jongwook/onsets-and-frames, issue 24;
#   VGraphRNN/VGRNN, issue 4; and in five trainers at once, awslabs/graphstorm, issue 1366.
# - **Clip before unscale.** With mixed precision the threshold met gradients that were still multiplied by the loss
#   scale, and learning became very slow: Lightning-AI/pytorch-lightning, issue 9599.
# - **Clip inside accumulation.** After every partial `backward` instead of once per step:
#   huggingface/transformers, issue 1563.
# - **The norm before, read as the norm after**: hiyouga/LLaMA-Factory, issue 3996.
#
# What to log: the norm before clipping, and the share of steps on which it exceeded the threshold.

# %% [markdown]
# ## Check yourself

# %%
Quiz(
    "quiz-value-norm",
    "g = (3, 4), clipped by norm at 10. What comes out?",
    {
        "(3, 4)": "Right: the length is 5, below 10. Below the threshold clipping does nothing.",
        "(6, 8)": "That is g scaled up to length 10. Clipping only ever shortens: the factor is min(1, 10/5) = 1.",
        "(0.6, 0.8)": "That is the unit vector: normalising, not clipping. It would be the answer at a threshold of 1.",
    },
    answer="(3, 4)",
)

# %%
Quiz(
    "quiz-scope",
    "Two layers have gradients of length 3 and 4. You clip globally at 1. What is the first layer's length now?",
    {
        "1": "That would be per-layer clipping. Globally both share one factor.",
        "0.6": "Right: the whole has length 5, the factor is 1/5, and 3/5 = 0.6.",
        "3": "The first layer alone is not what is measured: the whole gradient has length 5, above 1.",
    },
    answer="0.6",
)

# %%
Quiz(
    "quiz-logged",
    "max_norm is 1, and the log shows norms of 7. What do you conclude?",
    {
        "Clipping is broken.": "Not from this: clip_grad_norm_ returns the norm before clipping, and that is what is logged.",
        "The gradients were longer than 1, and have been cut if clipping stands before the step.": "Right: the logged norm "
        "is the one before. It proves nothing about what the step was taken with.",
        "The learning rate is 7.": "The norm of a gradient does not contain the learning rate.",
    },
    answer="The gradients were longer than 1, and have been cut if clipping stands before the step.",
)

# %%
ExitCheck(
    "exit-clipping",
    mechanism=[
        "Clipping by norm multiplies the whole gradient by one factor, so its direction stays.",
        "Clipping by value cuts each coordinate, so the direction turns, by less than 90 degrees.",
        "Clipping happens after backward (and unscale) and before step, and cannot repair nan.",
    ],
    prerequisite="If 'direction' and 'length' of a gradient blur, go back to the arrow in the first demo; if norms "
    "blur, to the chain of inequalities under 'Which norm?'.",
    perturbation=(
        "You multiply the loss by 100 and leave the threshold as it is. Every gradient was already above the "
        "threshold. What changes in a step of SGD clipped by norm?",
        "Nothing: the direction is the same and the length is still the threshold. (Clipping by value changes: more "
        "coordinates hit the limit.)",
    ),
)

# %% [markdown]
# ## In five lines
#
# 1. By norm: one factor, direction kept, length at most $c$.
# 2. By value: each coordinate alone; turns by less than $\arccos(1/\sqrt d)$; depends on the basis.
# 3. Scope decides who is shrunk because of whom.
# 4. $\eta c$ bounds a step of SGD, not of heavy ball or Adam; `nan` is beyond repair.
# 5. $g / \max(1, g/c)$ has lost its norm and lets every negative entry through.
#
# **Now do it yourself:** open the exercise from the map above, or with `course open 03_clipping_mechanics`.
#
# **Further reading.** Pascanu, Mikolov & Bengio 2013, *On the difficulty of training recurrent neural networks*,
# section 3.2. Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 10.11.1 (section 8.2.4 introduces clipping, this one
# treats it). Zhang, He, Sra & Jadbabaie 2020, *Why gradient clipping accelerates training*.

# %%
Journal("03_clipping_mechanics")

# %%
measured_minutes("03_clipping_mechanics")
