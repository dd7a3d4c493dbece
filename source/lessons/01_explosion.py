# ---
# jupyter:
#   course:
#     kind: lesson
#     name: 01_explosion
# ---

# %% [markdown]
# # 1 · Explosion
#
# **Say when, why and how fast a gradient explodes, and what the explosion destroys.**
#
# After this lesson you can
#
# - derive how fast a signal and a gradient grow through a chain of layers, and at which depth a number format ends;
# - predict from its growth rate, not from the norm of one factor, whether a product of Jacobians grows;
# - say what the size of the first random weights does to a deep network's signals and gradients;
# - follow one infinite loss through a network until every weight is `nan`;
# - name an explosion that has nothing to do with depth.
#
# *You need:* Python, the chain rule, what backpropagation computes, and what a matrix does to a vector (singular values and
# eigenvalues are recalled where they are needed). [Start here](00_start_here.ipynb) shows how the course works. *Difficulty:*
# medium.

# %%
import math

import numpy as np
import torch

from course_lib.demos import chain_demo
from course_lib.figures.chain_growth import chain_growth
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

LearningMap("01_explosion")

# %% [markdown]
# ## Play first
#
# Fifty layers stand in a row. Each one multiplies what it gets by the same number, 1.2<!--= 1.2 -->: a harmless
# twenty per cent more. Before you look, commit to a number. The prediction is kept on your machine, and compared with
# what happens.

# %%
growth_guess = Predict(
    "fifty-layers",
    "A signal of size 1 passes 50 layers, each multiplies it by 1.2. How large is it at the end?",
    options=["about 60", "about 900", "about 9,000", "about 90,000"],
)
growth_guess

# %%
growth_guess.reveal(
    answer=2,
    because="1.2 multiplied by itself 50 times is 9,100. Adding 20 per cent fifty times would give 11; "
    "multiplying makes the difference.",
)

# %%
chain_demo()

# %% [markdown]
# Move the sliders (the arrow keys work), and try what the demo suggests. The *gain* is the factor of one layer; the
# dashed lines are the largest numbers that formats can hold (`float16` and its kin, explained below). Watch two things above
# all: how narrow the range of gains is that leaves fifty layers "about right", and where the signal meets each of those lines.

# %%
Storyboard(
    "What fifty layers do",
    [
        Frame(
            "Forward: each layer multiplies the signal by 1.2. On a log axis that is a straight line.",
            chain_growth(1.2, 50, show=("forward",)),
        ),
        Frame(
            "Backward: the gradient starts at the output as 1, and meets the same factors on its way back.",
            chain_growth(1.2, 50, show=("backward",)),
        ),
        Frame(
            "Both at once: where one is small the other is large. Their product is the same everywhere.",
            chain_growth(1.2, 50, show=("forward", "backward", "product")),
        ),
        Frame(
            "With 0.8 instead of 1.2 each shrinks on its own way, the signal forward and the gradient back: it vanishes.",
            chain_growth(0.8, 50, show=("forward", "backward", "product")),
        ),
    ],
)

# %%
Inquiry(
    "which-cue-chain",
    "The signal and the gradient of one chain, on a log axis. Which visible cue tells you the gain of each layer?",
    chain_growth(1.2, 50, show=("forward", "backward")),
    options=["the height of the line at the end", "the slope of the line", "where the two lines cross"],
    answer=1,
    because="Each layer adds log(gain) to the height, so the slope is log(gain). The height at the end also depends "
    "on the depth; the crossing lies in the middle for every gain but 1, where the lines coincide.",
)

# %% [markdown]
# ## Intuition
#
# Money at 20<!--plain--> per cent interest does not grow by the same sum each year; it grows by the same *factor*, and after
# fifty years the first coin has become nine thousand. Layers are years. So much for the metaphor: nobody invests in
# a gradient.
#
# ## The mathematics of the chain
#
# | symbol | in code | meaning |
# |---|---|---|
# | $a$ | `a` | the factor of each layer, its *gain* |
# | $L$ | `depth` | the number of layers |
# | $y_l$ | `signals[l]` | the signal after $l$ layers, $y_0 = x_0$ |
# | $\delta_l$ | `gradients[l]` | the gradient $\partial y_L / \partial y_l$ |
#
# Forward, $y_l = a\, y_{l-1}$, hence $y_L = a^L x_0$.
#
# Backward, the chain rule multiplies by the derivative of each layer, which is $a$ again: $\delta_{l-1} = a\,\delta_l$
# with $\delta_L = 1$, hence $\delta_0 = a^L$. **The gradient that reaches the input has been multiplied by $a$ once
# for every layer.**
#
# The *weights* see something else. A layer's own weight $a_l$ gets "signal in, times gradient out":
#
# $$\frac{\partial y_L}{\partial a_l} = y_{l-1}\, \delta_l = a^{l-1} x_0 \cdot a^{L-l} = a^{L-1} x_0 ,$$
#
# the same for every layer. (The dotted line in the frames above is $y_l\, \delta_l$, signal and gradient at the *same* place:
# one factor $a$ more.) If all layers *share* one weight, as the steps of a recurrent network do, the contributions add up to
# $L\, a^{L-1} x_0$. Three different numbers, often confused:


# %% id="chain-growth"
def chain(a: float, depth: int, x0: float = 1.0) -> tuple[Array, Array]:
    """Signals forward and gradients backward through a chain of `depth` layers."""
    signals, gradients = np.empty(depth + 1), np.empty(depth + 1)
    signals[0], gradients[depth] = x0, 1.0
    for layer in range(1, depth + 1):
        signals[layer] = a * signals[layer - 1]
    for layer in range(depth, 0, -1):
        gradients[layer - 1] = a * gradients[layer]
    return signals, gradients


signals, gradients = chain(1.2, 50)
growth = float(gradients[0])
per_layer = signals[:-1] * gradients[1:]
print(f"gradient at the input:    {growth:12,.1f}   a^L")
print(f"gradient of one weight:   {per_layer[0]:12,.1f}   a^(L-1) x0, the same for every layer")
assert np.allclose(per_layer, per_layer[0])
print(f"gradient, weight shared:  {per_layer.sum():12,.1f}   L a^(L-1) x0")

# %% [markdown]
# $1.2^{50}$ is more than 9,000<!--< growth -->. One weight in the row gets
# 7,584<!--= per_layer[0] -->, a shared weight 379,185<!--= per_layer.sum() -->.
#
# The same as practitioners write it, and the same numbers:

# %% id="autograd-agrees"
weight = torch.tensor(1.2, dtype=torch.float64, requires_grad=True)
x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
y = x
for _ in range(50):
    y = weight * y
y.backward()
assert x.grad is not None and weight.grad is not None
assert math.isclose(x.grad.item(), growth) and math.isclose(weight.grad.item(), per_layer.sum())
print(f"autograd: input {x.grad.item():,.1f}, shared weight {weight.grad.item():,.1f}")

# %% [markdown]
# ## Where the numbers end
#
# A computer's number is a few digits times a power of two, and has a largest value $M$. How large $M$ is depends on how many
# bits are spent on the exponent: `float16` has 5<!--plain-->, `bfloat16` (also 16<!--plain--> bits, but fewer of them for the digits) and `float32`
# have 8<!--plain-->. A chain with $|a| > 1$ exceeds $M$ once $|a|^L |x_0| > M$, so at every depth
#
# $$L > \frac{\log M - \log |x_0|}{\log |a|} .$$
#
# The first such depth is the **overflow horizon** of the chain in that format:

# %% id="overflow-horizon"
from course_lib.dynamics import FORMATS, overflow_depth, overflow_depth_by_running

print(f"{'format':9s} {'largest':>10s}   first infinite layer at gain 1.2: by formula, by running")
horizon: dict[str, int] = {}
for name, kind in FORMATS.items():
    by_formula, by_running = overflow_depth(1.2, name), overflow_depth_by_running(1.2, name)
    assert by_formula is not None
    horizon[name] = by_formula
    print(f"{name:9s} {kind.largest:10.3g}   {by_formula:6d} {by_running!s:>6s}")

half = torch.tensor(1.0, dtype=torch.float16)
layers = 0
while torch.isfinite(half):
    half, layers = half * 1.2, layers + 1
print("PyTorch, float16, layer by layer: infinite at layer", layers)

# %% [markdown]
# `float16` ends at layer 61<!--= horizon["float16"] -->, `float32` at layer 487<!--= horizon["float32"] -->.
# `bfloat16` has fewer digits than `float16` but the exponent of `float32`, and so the same horizon to within the
# rounding of its coarse steps. Formula and run may differ
# by a few layers for exactly this reason: the run keeps the gain in the format too, a coarse format does not hold
# 1.2<!--= 1.2 -->, and it rounds after every layer.

# %% [markdown]
# ## From numbers to matrices
#
# A real layer is a function of many numbers, and its derivative is a matrix: the Jacobian $J_l$. Backpropagation
# multiplies by all of them,
#
# $$\delta_0 = J_1^\top J_2^\top \cdots J_L^\top\, \delta_L .$$
#
# How much can one matrix stretch a vector? A matrix turns the unit sphere into an ellipsoid; the longest half-axis is its
# largest **singular value**, also called the spectral norm $\lVert J \rVert_2$. (An **eigenvalue** says something else: by how
# much a vector is stretched that keeps its direction.) It is tempting to conclude: norms above 1 explode, norms below 1 vanish.
# Is either half true?
#
# Take random matrices, $n \times n$, every entry drawn from a normal distribution with standard deviation $\gamma / \sqrt n$. The
# number $\gamma$ plays the part of the gain $a$: such a matrix (in the code a `ginibre`, after who studied them first) stretches
# a *random* vector by about $\gamma$, and the luckiest one by about $2\gamma$.

# %%
product_guess = Predict(
    "random-product",
    "100 random 64 x 64 matrices of gain 0.9: each can stretch some vector by about 1.76. All are multiplied. "
    "By how much can the product stretch a vector?",
    options=[
        "by about 1.76^100, that is 4 times 10^24",
        "by about 100",
        "by about 1",
        "not at all: it shrinks to about 0.0001",
    ],
)
product_guess

# %% id="random-products"
from course_lib.dynamics import ginibre, ginibre_growth_rate, random_product_log_norms, spectral_norm
from course_lib.figures.random_products import random_products

gains = [0.9, 1.0, 1.1]
log_norms = {
    g: np.array([random_product_log_norms(64, 100, g, np.random.default_rng(seed)) for seed in range(10)])
    for g in gains
}
single = float(np.mean([spectral_norm(ginibre(64, 0.9, np.random.default_rng(seed))) for seed in range(10)]))
product = {g: float(np.exp(log_norms[g][:, -1].mean())) for g in gains}
spread = {g: float(np.exp(log_norms[g][:, -1].std(ddof=1))) for g in gains}
print(f"one matrix at gain 0.9 stretches by up to {single:.2f}; the product of 100 by {product[0.9]:.1e}")
random_products(log_norms, {g: ginibre_growth_rate(64, g) for g in gains})

# %%
product_guess.reveal(
    answer=3,
    because="The direction that one matrix stretches most is a random direction for the next. What counts is the "
    "average stretch along the way, and at gain 0.9 that is below 1.",
)

# %% [markdown]
# Each factor alone can stretch by 1.76<!--= single -->, and yet the product of a hundred shrinks even the vector it stretches
# most to $8.8 \times 10^{-5}$<!--= product[0.9] --> (geometric mean of ten seeds; one standard deviation is a factor of
# 1.4<!--= spread[0.9] -->). So a norm above 1 does not make a product explode. The other half holds: since
# $\lVert J_1 \cdots J_L \rVert \le \lVert J_1 \rVert \cdots \lVert J_L \rVert$, norms that stay below some $q < 1$ leave at
# most $q^L$. A norm above 1 is **necessary** for an explosion, not sufficient (Pascanu, Mikolov & Bengio 2013, section 2.1).
# What decides is the growth rate of the *product*. For these matrices it is known: per factor, the natural logarithm of the
# norm grows by
#
# $$\log \gamma + \tfrac12 \left( \psi(n/2) - \log (n/2) \right) \approx \log \gamma - \frac{1}{2n} ,$$
#
# where $\psi$, the derivative of $\log \Gamma$, is close to the logarithm itself (Newman 1986). For $n = 64$ the correction to
# $\log \gamma$ is -0.0079<!--= ginibre_growth_rate(64, 1.0) --> per factor, a third of a power of ten in a hundred. The dashed grey
# lines have this slope; only their height at the 20th factor is taken from the data. (The first few factors grow faster than
# that, since the norm follows the luckiest vector; so the product can end above the slope times a hundred.) The critical gain is close to 1, and the
# step from
# 0.9<!--= gains[0] --> to 1.1<!--= gains[2] --> is the step from vanishing to an explosion by
# 46,000<!--= round(product[1.1], -3) -->.
#
# ### A growth that ends, and eigenvalues that do not tell
#
# If all layers share one matrix $A$, the eigenvalues rule in the long run: $\lVert A^k \rVert^{1/k}$ tends to the
# largest $|\lambda|$, the spectral radius. But "in the long run" may be too late.

# %% id="transient"
from course_lib.dynamics import power_norms, spectral_radius
from course_lib.figures.transient_growth import transient_growth

A = np.array([[0.9, 20.0], [0.0, 0.9]])
norms = power_norms(A, 200)
peak, at = float(norms.max()), int(norms.argmax())
stretched = np.linalg.norm(np.linalg.matrix_power(A.T, at), axis=0)  # of a gradient along each coordinate
transient_growth(norms, spectral_radius(A))

# %% [markdown]
# Both eigenvalues are 0.9<!--= spectral_radius(A) -->, so $A^k$ must vanish, and it does: after 200<!--plain--> steps its norm is
# $3 \times 10^{-6}$<!--= norms[200] -->. But first it grows to 77<!--= peak --> at step 9<!--= at -->. Multiply it out: the
# diagonal of $A^k$ is $0.9^k$, and the corner is $k \cdot 20 \cdot 0.9^{k-1}$. The factor $k$ wins first, the power wins in the
# end. A recurrent network that is unrolled for nine steps can see an explosion, whatever its eigenvalues say: a gradient along
# the first coordinate is stretched by 77<!--= stretched[0] -->, one along the second is not
# (0.39<!--= stretched[1] -->). Such a matrix is called non-normal: its eigenvectors are not at right angles. This one has only
# a single eigenvector direction.

# %% [markdown]
# ## Why the first random weights matter
#
# A deep network before training *is* a product of random matrices, with an activation in between. ReLU switches off
# about half of the coordinates, and with them half of the squared length of a vector; for the length to stay, $\gamma^2$ must
# be 2, so the critical gain is $\sqrt 2$ instead of 1 (He, Zhang, Ren & Sun 2015, section 2.2).
# Watch the gradient on its way back through 50<!--plain--> layers of 64<!--plain--> units, for three gains, ten networks each.

# %% id="initialisation"
from course_lib.dynamics import layer_norms
from course_lib.figures.layer_gradients import layer_gradients

init_gains = {"1": 1.0, "sqrt 2": math.sqrt(2), "2": 2.0}
networks = {
    label: [layer_norms(50, 64, gain, "relu", np.random.default_rng(seed)) for seed in range(10)]
    for label, gain in init_gains.items()
}
backward = {label: np.array([network.gradient for network in found]) for label, found in networks.items()}
reached = {label: float(np.exp(np.log(values[:, 0]).mean())) for label, values in backward.items()}

# What the weights get, layer by layer: signal in, times gradient out. Their mean over the layers, and how far they differ.
heard = {
    label: np.log10([network.signal[:-1] * network.gradient[1:] for network in found])
    for label, found in networks.items()
}
common = {label: float(10 ** values.mean()) for label, values in heard.items()}
for label, values in heard.items():
    first_to_last = values[:, 0] - values[:, -1]
    print(
        f"gain {label:6s}: a layer's weights get 10^{values.mean():.1f}; "
        f"first layer over last 10^{first_to_last.mean():.1f} ± {first_to_last.std(ddof=1):.1f}"
    )
narrow = np.array(
    [layer_norms(50, 8, math.sqrt(2), "relu", np.random.default_rng(seed)).gradient[0] for seed in range(10)]
)
dead = int((narrow == 0).sum())
typical_narrow = float(np.median(narrow[narrow > 0]))
layer_gradients(backward)

# %% [markdown]
# At gain 1 the gradient at the input is $2 \times 10^{-8}$<!--= reached["1"] --> of the one at the output, at gain 2 it is
# $2 \times 10^{7}$<!--= reached["2"] --> times as long, and at $\sqrt 2$ both are of the same order. The middle line is the whole
# idea of He's initialisation. It needs layers that are wide for their number: of ten such networks with layers of 8<!--plain-->
# units instead of 64<!--plain-->, at the same gain, 1<!--= dead --> passes nothing at all, and the others, typically,
# $6 \times 10^{-5}$<!--= typical_narrow --> of the gradient at the output.
#
# And the *weights*? They get "signal in, times gradient out", as in the chain, and as in the chain all layers get about
# the same (within a factor of two or so): on the way to the output the signal grows as the gradient does on its way to the input. At gain 1 every layer's
# gradient is shorter than at $\sqrt 2$ by the same $2 \times 10^{7}$<!--= common["sqrt 2"] / common["1"] -->, at gain 2 longer by
# $2 \times 10^{7}$<!--= common["2"] / common["sqrt 2"] -->. (For the same gradient at the output: a loss that saturates would
# change that one as well.) Two remarks that save hours:
#
# - Vanishing is the mirror image, and **clipping does nothing for it**: it only ever shortens. (Where another layer
#   sets off a clip of the whole gradient, the vanished one is shortened further.)
# - Clipping does not mend a start that is too large either. It brings the gradient back to a length you can step with; the
#   signal, $10^{7}$ times too large as well, stays, and so does all that it does to the loss. Initialisation is the
#   cure that you have just seen; residual connections and normalisation can be others, each under conditions of its own.

# %% [markdown]
# ## The price
#
# ### One step from a wall
#
# Gradient descent moves by the learning rate times the gradient. Where the loss has a steep wall, one step can throw
# the parameters far away. The classical picture (Pascanu, Mikolov & Bengio 2013, section 2.3) needs one recurrent unit,
# $x_t = w\,\sigma(x_{t-1}) + b$ with the logistic function $\sigma$, run for 50<!--plain--> steps from $x_0 = 0.5$; two parameters, $w$ and
# $b$; and the loss $(\sigma(x_{50}) - 0.7)^2$. The learning rate is 0.2<!--= walk_lr -->. Two walks start at the same place. The second is
# *clipped*: a gradient longer than 1 is shortened to length 1 before the step.


# %% id="cliff"
from course_lib.dynamics import descend
from course_lib.figures.cliff_walks import cliff_walks


def shorten(g: Array) -> Array:
    """Clip to length 1: the subject of lesson 3."""
    length = float(np.linalg.norm(g))
    return g if length <= 1 else g / length


walk_lr = 0.2
free, clipped = descend(lr=walk_lr), descend(lr=walk_lr, clip=shorten)
jump = float(np.linalg.norm(np.diff(free.points, axis=0), axis=1).max())
cliff_walks(free, clipped)

# %% [markdown]
# Along the valley the gradient has a length of about 0.09<!--= np.median(free.norms[:25]) -->; at the wall, in step
# 27<!--= int(free.norms.argmax()) + 1 -->, it has 67<!--= free.norms.max() -->. The free walk jumps by
# 13<!--= jump --> in a picture that is less than one unit wide, lands on a plateau whose gradient is
# $10^{-9}$<!--= free.norms[-1] --> long, and stays there: its loss is 0.09<!--= free.losses[-1] --> for ever. The clipped walk meets the same wall
# more than once, is set back by one learning rate each time, and keeps its loss below
# 0.01<!--= math.ceil(100 * clipped.losses[-10:].max()) / 100 --> in its last ten steps. The steep gradient is not mended; it is kept from doing harm.
#
# ### From inf to nan, and then everywhere
#
# Now a network with three layers that reads handwritten digits, plain gradient descent in `float32`, eight batches. In
# the third batch one label of one image was mistyped: $10^{10}$ instead of 5<!--plain-->.

# %% id="nan-spreads"
from course_lib.data import digits
from course_lib.dynamics import spread_of_nonfinite
from course_lib.figures.nan_spread import nan_spread

images = torch.tensor(digits().X, dtype=torch.float32)
labels = torch.tensor(digits().y, dtype=torch.float32)[:, None]
batches = [(images[i : i + 32], labels[i : i + 32]) for i in range(0, 256, 32)]
batches[2][1][0] = 1e10  # one label of one image, mistyped

torch.manual_seed(0)
model = torch.nn.Sequential(
    torch.nn.Linear(64, 32), torch.nn.Tanh(), torch.nn.Linear(32, 32), torch.nn.ReLU(), torch.nn.Linear(32, 1)
)
spread_of_nan = spread_of_nonfinite(model, torch.nn.functional.mse_loss, batches, lr=0.01)
nan_spread(spread_of_nan)

# %% [markdown]
# Read it row by row. The third step computes a loss of $3.1 \times 10^{18}$<!--= spread_of_nan.losses[2] -->, which is
# finite, and so are all weights after it. The data is healthy again in the fourth step, but the weights are not: the
# loss is $2.3 \times 10^{27}$<!--= spread_of_nan.losses[3] -->. Only the fifth loss is infinite. Its gradient contains
# $\infty \cdot 0$ (what came down from above has overflowed, and the slope of a saturated tanh is exactly 0), which is `nan`,
# and it reaches the *first* layer first. After one more step every weight of the
# network is `nan`, and nothing will ever change that: `nan` times anything is `nan`.
#
# A watch that looks for `nan` in gradients or weights rings two steps after the damage was done, one on the loss three. A watch on *sizes* rings in the third step: the loss,
# and with it the norm of the gradient, is up by many powers of ten *before* that step is taken, when there is still time
# to skip or shorten it. Nothing halts by itself: the loop runs on, on `nan`. (And not every death ends in `nan`: many networks
# end in a constant prediction, silently. The free walk on the cliff was such a death.)

# %% [markdown]
# ## Explosion without depth
#
# Depth is not the only way to a large factor. Take a *linear* model and the exponential loss $e^{-m}$ of the margin
# $m = y\,\langle w, x \rangle$, with labels $y = \pm 1$. Its slope is $-e^{-m}$: an example that is wrong by a margin of
# $m = -10$ pulls with a factor of 22,026<!--= math.exp(10) -->. The logistic loss $\ln(1 + e^{-m})$ never pulls with more than 1.
#
# The Wisconsin breast cancer data, 400<!--plain--> tumours to learn from, 8<!--plain--> of them with a flipped label; batches of 64<!--plain-->, 300<!--plain--> steps,
# 20<!--= len(splits) --> splits, three learning rates each.

# %% id="without-depth"
from course_lib.data import breast_cancer, split, standardise
from course_lib.dynamics import train_linear
from course_lib.figures.loss_without_depth import loss_without_depth


def tumours(seed: int) -> tuple[Array, Array, Array, Array]:
    """Standardised features with a column of ones, labels -1 and 1; 8 of 400 training labels flipped."""
    rng = np.random.default_rng(seed)
    train, test = standardise(*split(breast_cancer(), 169, rng))
    y = 2.0 * train.y - 1
    y[rng.choice(len(y), 8, replace=False)] *= -1
    return np.c_[train.X, np.ones(len(train))], y, np.c_[test.X, np.ones(len(test))], 2.0 * test.y - 1


def shorten_to_a_tenth(g: Array) -> Array:
    return g * min(1.0, 0.1 / float(np.linalg.norm(g)))


splits = [tumours(seed) for seed in range(20)]
rates = [0.01, 0.1, 1.0]
outcomes: dict[str, Array] = {}  # test accuracy (learning rate, split); nan where the run diverged
for label, loss, clip in (
    ("exponential", "exponential", None),
    ("exponential, clipped at 0.1", "exponential", shorten_to_a_tenth),
    ("logistic", "logistic", None),
):
    outcomes[label] = np.full((len(rates), len(splits)), np.nan)
    for row, lr in enumerate(rates):
        for column, (cells, kinds, new_cells, new_kinds) in enumerate(splits):
            rng = np.random.default_rng(column)
            run = train_linear(cells, kinds, loss=loss, lr=lr, steps=300, batch_size=64, rng=rng, clip=clip)
            if run.diverged_at is None:
                outcomes[label][row, column] = np.mean((new_cells @ run.weights > 0) == (new_kinds > 0))
diverged = {label: np.isnan(values).sum(axis=1) for label, values in outcomes.items()}
best = {label: values[np.nan_to_num(values).mean(axis=1).argmax()] for label, values in outcomes.items()}
ahead = best["logistic"] - best["exponential, clipped at 0.1"]
loss_without_depth(rates, outcomes)

# %% [markdown]
# At a learning rate of 1 the exponential loss diverges in 20<!--= int(diverged["exponential"][2]) --> of 20<!--= len(splits) --> splits,
# and clipping saves all of them, with an accuracy of
# 96%<!--= np.nanmean(outcomes["exponential, clipped at 0.1"][2]) -->. So far the popular story.
# Two honest additions. At its own best learning rate the unclipped exponential loss does as well,
# 96%<!--= np.nanmean(outcomes["exponential"][0]) -->. And a loss with a bounded slope is a little better still, with no
# threshold to choose: the logistic loss at its best against the clipped exponential at its best is ahead by
# 0.8<!--= 100 * ahead.mean() --> points, with a standard deviation over splits of 1.0<!--= 100 * ahead.std(ddof=1) -->.
# (One data set; each best rate of three was chosen on the accuracy that is reported, and the threshold was not tuned.)
# AdaBoost, often named here, is not in danger: it renormalises its weights in every round.

# %% [markdown]
# ## Claim review
#
# Each claim of this lesson, where it comes from, and the cell that bears it out. Give your own verdict before you open
# ours.

# %%
Claim(
    id="chain-scales",
    statement="Through L layers of gain a, the gradient that reaches the input is scaled by |a| to the power L; "
    "1.2 to the power 50 is over 9,000.",
    source="Hochreiter 1991; Bengio, Simard & Frasconi 1994 (for recurrent networks; for the chain it is arithmetic)",
    witness="chain-growth",
    verdict="true",
)

# %%
Claim(
    id="norm-above-one",
    statement="Gradients explode as soon as each Jacobian can amplify norms.",
    source="Pascanu, Mikolov & Bengio 2013, section 2.1 (necessary, not sufficient); Newman 1986 for random products",
    witness="random-products",
    verdict="conditional",
    popular="You may have read that explosion is the direct consequence of Jacobians that each amplify norms.",
    corrected="A norm above 1 is necessary. What decides is the growth rate of the product, which can still be negative.",
)

# %%
Claim(
    id="eigenvalues-decide",
    statement="If all eigenvalues of a shared weight matrix are below 1 in magnitude, nothing explodes.",
    source="Trefethen & Embree 2005, 'Spectra and Pseudospectra', part IV (transient growth, powers of matrices)",
    witness="transient",
    verdict="conditional",
    corrected="In the end the powers vanish. A non-normal matrix can grow for many steps first.",
)

# %%
Claim(
    id="he-gain",
    statement="For a ReLU network the gain sqrt(2) keeps gradients of one order through 50 layers.",
    source="He, Zhang, Ren & Sun 2015, section 2.2",
    witness="initialisation",
    verdict="conditional",
    corrected="It does where layers are wide for their number: 64 units do for 50 layers, 8 do not.",
)

# %%
Claim(
    id="large-step-ruins",
    statement="One step on an exploding gradient can undo the training.",
    source="Pascanu, Mikolov & Bengio 2013, section 2.3",
    witness="cliff",
    verdict="true",
)

# %%
Claim(
    id="ends-in-nan",
    statement="An explosion ends in inf or nan, and training halts.",
    source="IEEE 754-2019, section 6 (arithmetic with infinities and nan)",
    witness="nan-spreads",
    verdict="conditional",
    popular="You may have read that nan is how you notice.",
    corrected="It can end in nan, steps after the damage, and the loop runs on; it can also end on a plateau, in silence. "
    "Watch the norm.",
)

# %%
Claim(
    id="exponential-loss",
    statement="The exponential loss makes gradients explode in a linear model, so clipping is needed there.",
    source="Friedman, Hastie & Tibshirani 2000, section 4; Freund & Schapire 1997 (AdaBoost's weights)",
    witness="without-depth",
    verdict="conditional",
    corrected="The slope is exponential, true. A smaller learning rate also works, and here a loss with a bounded slope "
    "did a little better.",
)

# %% [markdown]
# ## In practice
#
# - **A real explosion, layer by layer.** A user of MaxText trained a deep model and saw the gradient grow about a
#   hundredfold per layer until it was infinite near layer 18<!--plain--> (AI-Hypercomputer/maxtext, issue 614). The horizon above
#   says 20<!--= math.ceil(math.log(FORMATS["float32"].largest) / math.log(100)) --> layers for a gain of 100<!--plain--> in
#   `float32`: the arithmetic fits. According to the reporter the large factor came from a mask value close to the largest
#   float, not from the weights.
# - **Defaults are not critical gains.** PyTorch's `Linear` starts with a uniform distribution that amounts to a gain of
#   $1/\sqrt 3$, well below the critical one for ReLU; the cell below measures it, and the lowest line of the figure of the fifty
#   layers says what a gain below the critical one does. People have wondered for years (pytorch/pytorch, issue 15314).
# - **What to log.** The norm of the gradient at every step, per layer when something is wrong; `nan` alone is too late.
#   `torch.autograd.set_detect_anomaly(True)` names the operation whose *backward* pass returned the first `nan`, at a price in
#   speed; a `nan` that arose in the forward pass it may miss, or blame on a later operation, and an `inf` it does not report.

# %% id="default-gain"
default = torch.nn.Linear(1000, 1000).weight.detach()
default_gain = default.std().item() * math.sqrt(1000)
print(f"gain of PyTorch's default Linear: {default_gain:.3f}; 1/sqrt(3) = {1 / math.sqrt(3):.3f}")

# %% [markdown]
# ## Check yourself

# %%
Quiz(
    "quiz-shared",
    "A recurrent network applies the same weight w = 1 for 10 steps to a state of 1. What is the gradient of the "
    "last state with respect to w?",
    {
        "1": "That is the gradient with respect to the first state, w to the power 10.",
        "10": "Right: L times w to the power (L - 1), times the state: ten contributions of 1.",
        "0.1": "That would be an average. Contributions of a shared weight add up.",
    },
    answer="10",
)

# %%
Quiz(
    "quiz-formats",
    "A chain overflows in float16 after about 60 layers. What does bfloat16 change?",
    {
        "Nothing: both have 16 bits.": "The 16 bits are divided differently: bfloat16 spends more of them on the exponent.",
        "The horizon moves out to about that of float32.": "Right: bfloat16 has float32's exponent, and fewer digits.",
        "The chain no longer grows.": "A format does not change the gain; it changes where the numbers end.",
    },
    answer="The horizon moves out to about that of float32.",
)

# %%
Quiz(
    "quiz-clip-vanish",
    "The gradient of your whole 50-layer network has length 1e-8. What does clipping its norm at 1 do?",
    {
        "It lifts it to 1.": "Clipping has a factor of at most 1: it never lengthens.",
        "Nothing.": "Right: below the threshold nothing happens. The cure begins with the initialisation.",
        "It makes it vanish faster.": "Below the threshold the factor is exactly 1.",
    },
    answer="Nothing.",
)

# %%
Hint(
    "Stuck on the second question? Count the bits of each format that are not digits.",
    "The largest number is about 2 to the power 2^(exponent bits - 1).",
    "float16 has 5 exponent bits: 2^16, so 65,504. bfloat16 has 8, like float32: 2^128, about 3.4e38.",
)

# %%
ExitCheck(
    "exit-explosion",
    mechanism=[
        "Backpropagation multiplies by one derivative (Jacobian) per layer.",
        "What decides is the growth rate of the product, not the norm of one factor.",
        "The step is proportional to the gradient, so one exploding gradient can throw the weights away; inf turns to "
        "nan and spreads.",
    ],
    prerequisite="If 'one factor per layer' is not clear, do the chain rule for three layers on paper; if singular "
    "values are foggy, ask by how much a matrix stretches a circle.",
    perturbation=(
        "You double the depth of a chain with gain 1.2. What happens to the gradient at the input?",
        "It is squared: a^(2L) = (a^L)^2, from nine thousand to over eighty million. Not doubled.",
    ),
)

# %% [markdown]
# ## In five lines
#
# 1. One factor per layer: $a^L$, so $1.2^{50} > 9000$.
# 2. Singular values bound a product; its growth rate decides. Eigenvalues rule the far future of the powers of one matrix.
# 3. The first random weights set the gain; the critical one is $\sqrt 2$ for ReLU.
# 4. One step from a wall ruins a run; `inf` becomes `nan`, and `nan` spreads, late.
# 5. A steep loss explodes without depth. Clipping bounds the step; it lengthens nothing, and mends no bad start.
#
# **Now do it yourself:** open the exercise from the map above, or with `course open 01_explosion`.
#
# **Further reading.** Pascanu, Mikolov & Bengio 2013, *On the difficulty of training recurrent neural networks*. He,
# Zhang, Ren & Sun 2015, *Delving deep into rectifiers*. Goodfellow, Bengio & Courville 2016, *Deep Learning*, section 8.2.4
# on cliffs.
#
# **What comes next.** [Clipping mechanics](03_clipping_mechanics.ipynb): what exactly "set back by one learning rate"
# means, and what can go wrong with it.

# %%
Journal("01_explosion")

# %%
measured_minutes("01_explosion")
