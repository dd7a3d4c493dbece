# ---
# jupyter:
#   course:
#     kind: exercise
#     name: 01_explosion
# ---

# %% [markdown]
# # Exercise 01: Explosion
#
# {questions}, {total}, about an hour. Write your answer into the cell below each question and run the cell
# with `check(...)`: it answers within a second, says what went wrong in *your* answer, and unfolds hints one by one.
# You may check as often as you like. Grading asks the same questions with fresh numbers.
#
# Everything you need is in lesson `01_explosion`, and the chain rule for a layer `W @ h`. Leave the check cells as they are, and
# keep the names.

# %%
import math
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from course_lib.data import digits, standardise
from course_lib.teach import check

Array = NDArray[Any]  # a NumPy array of numbers

# %% [markdown]
# ## 1. A ladder of gradients ({points}, 2 minutes)
#
# In the simplest deep network each layer multiplies one number by its own gain: `y_l = a_l * y_(l-1)`.
# Carry the gradient from the output back to the input, and note it at every rung.
#
# **Given** `gains`: an array of L numbers, the gain of layer 1 first. Gains may be negative or 0.
#
# **Return** L + 1 numbers, as a list or an array: entry `l` is the gradient of the output with respect to `y_l`,
# from `y_0`, the input, to `y_L`, the output itself.
#
# **Example** `gradient_ladder(np.array([2.0, 3.0]))` is `[6, 3, 1]`.


# %% answer="gradient_ladder"
def gradient_ladder(gains: Array) -> ArrayLike:
    """The gradient of the output with respect to y_0, y_1, ..., y_L."""
    ### BEGIN SOLUTION
    ladder = [1.0]
    for gain in reversed(gains):
        ladder.append(gain * ladder[-1])
    return ladder[::-1]
    ### END SOLUTION


# %% check="gradient_ladder"
check("gradient_ladder")

# %% [markdown]
# ## 2. Where does the format give up? ({points}, 5 minutes)
#
# A run in float16 died. "Take bfloat16", says one colleague; "that has 16<!--plain--> bits as well, it will not help", says
# another. Settle it: how deep may the chain be in each number format?
#
# **Given** `gain`, by which every layer multiplies (it may be negative); `layers`, how many layers the network has;
# `number_format`, one of
# `"float16"`, `"bfloat16"`, `"float32"`, `"float64"`. The input is `1.0`.
# The largest number of a format is `torch.finfo(getattr(torch, number_format)).max`.
#
# **Return** the number of the first layer whose output is larger in size than that, counting from 1; `None` if the
# outputs of all `layers` layers fit. Take the products as exact; rounding on the way plays no part here. A gain of
# size 1 or less never gets there, so make sure that your loop ends.
#
# **Example** `overflow_layer(300.0, 10, "float16")` is `2`, and `overflow_layer(0.5, 10, "float16")` is `None`.


# %% answer="overflow_layer"
def overflow_layer(gain: float, layers: int, number_format: str) -> int | None:
    """The first layer, counted from 1, whose output does not fit; None if all of them do."""
    ### BEGIN SOLUTION
    largest = torch.finfo(getattr(torch, number_format)).max
    signal = 1.0
    for layer in range(1, layers + 1):
        signal *= gain
        if abs(signal) > largest:
            return layer
    return None
    ### END SOLUTION


# %% check="overflow_layer"
check("overflow_layer")

# %% [markdown]
# ## 3. The gradient of what? ({points}, 8 minutes)
#
# "In a chain of L layers the gradient is a to the power L", you read somewhere. That is one of three gradients
# that one can ask for; the other two decide how far the weights move.
#
# **Given** numbers `a`, `layers` (L, at least 1) and `x0`. The output of the chain is `y = a * a * ... * a * x0`, with
# L factors `a`. Any of the numbers may be negative, and `a` may be 0.
#
# **Return** a dict of three numbers:
#
# - `"input"`: the gradient of `y` with respect to `x0`;
# - `"one_weight"`: every layer has its own weight, and all of them happen to equal `a`; the gradient of `y` with respect
#   to **one** of them;
# - `"shared_weight"`: all layers use the **same** weight `a`, as a recurrent network does; the gradient of `y` with
#   respect to it.
#
# **Example** `shared_weight(2.0, 1, 5.0)` is `{"input": 2.0, "one_weight": 5.0, "shared_weight": 5.0}`.


# %% answer="shared_weight"
def shared_weight(a: float, layers: int, x0: float) -> dict[str, float]:
    """Three gradients of y = a^L x0, under the keys input, one_weight and shared_weight."""
    ### BEGIN SOLUTION
    one_weight = a ** (layers - 1) * x0
    return {"input": a**layers, "one_weight": one_weight, "shared_weight": layers * one_weight}
    ### END SOLUTION


# %% check="shared_weight"
check("shared_weight")

# %% [markdown]
# ## 4. Mend a backward pass ({points}, 12 minutes)
#
# A colleague wrote the backward pass of a tanh network by hand. With square layers it runs without complaint, and every
# gradient is wrong: **three faults** hide in the loop.
#
# **Given** `weights`, L arrays, the one of layer `l` of shape `(n_l, n_(l-1))`; `activations`, the L + 1 vectors that
# `forward` returns; `output_gradient`, the gradient of the error E with respect to the last activation, shape `(n_L,)`.
#
# **Return** a list of L arrays in the order of `weights`: the gradient of E with respect to each of them, of its shape.
#
# Copy the body of `broken_backward` into the answer cell and mend it there. PyTorch's own backward pass is switched off
# for this question. A finite difference is your best friend: raise one weight a little, and see how `E` changes.


# %%
def forward(weights: list[Array], x: Array) -> list[Array]:
    """The activations h_0 = x, h_1, ..., h_L, with h_l = tanh(W_l h_(l-1))."""
    activations = [x]
    for W in weights:
        activations.append(np.tanh(W @ activations[-1]))
    return activations


def broken_backward(weights: list[Array], activations: list[Array], output_gradient: Array) -> list[Array]:
    """Three faults in the loop; the lines around it are right."""
    gradient, gradients = output_gradient, []
    for layer in reversed(range(len(weights))):
        gradient = gradient * (1 - activations[layer] ** 2)  # back through the tanh
        gradients.append(np.outer(activations[layer], gradient))  # into the weights
        gradient = weights[layer] @ gradient  # down to the layer below
    return gradients[::-1]


# %% answer="backward"
def backward(weights: list[Array], activations: list[Array], output_gradient: Array) -> list[Array]:
    """The gradient of E with respect to each weight matrix, in the order of `weights`."""
    ### BEGIN SOLUTION
    gradient, gradients = output_gradient, []
    for layer in reversed(range(len(weights))):
        # The slope is taken at what leaves the tanh; row i of each gradient belongs to unit i of that output;
        # and each unit below collects from all units above.
        gradient = gradient * (1 - activations[layer + 1] ** 2)
        gradients.append(np.outer(gradient, activations[layer]))
        gradient = weights[layer].T @ gradient
    return gradients[::-1]
    ### END SOLUTION


# %% check="backward"
check("backward")

# %% [markdown]
# ## 5. Where did it break first? ({points}, 6 minutes)
#
# At noon the loss reads `nan`. The logger has kept every tensor, in the order in which they were computed, and only the
# first that broke is worth looking at: all that comes after it is infected.
#
# **Given** `record`: a list of `(step, name, tensor)`, where `tensor` is a NumPy array of float16 or float32 numbers,
# of any shape (a loss has the shape `()`).
#
# **Return** the pair `(step, name)` of the first tensor with an entry that is not finite, that is, `inf`, `-inf` or
# `nan`; `None` if there is none. A number is finite however large it is, as long as its format can hold it.
#
# **Example** for `[(3, "hidden", np.array([1.0, np.inf])), (3, "loss", np.array(np.nan))]` it is `(3, "hidden")`.


# %% answer="first_nonfinite"
def first_nonfinite(record: list[tuple[int, str, Array]]) -> tuple[int, str] | None:
    """(step, name) of the first tensor that is not finite everywhere; None if all are."""
    ### BEGIN SOLUTION
    for step, name, tensor in record:
        if not np.isfinite(tensor).all():
            return step, name
    return None
    ### END SOLUTION


# %% check="first_nonfinite"
check("first_nonfinite")

# %% [markdown]
# ## 6. Fifty layers, one number ({points}, 12 minutes)
#
# A tanh network of 50<!--plain--> layers is to read handwritten digits. Its weights start as `gain * normal / sqrt(64)`: too small
# a gain, and the input's gradient is lost; too large, and it explodes. Books offer several gains. Believe an experiment.
#
# **Given** `gradient_norms(gain, seed)`, which builds the network afresh from `seed`, feeds it 32<!--plain--> digits, and returns the
# norms of the gradient of the loss with respect to `h_0` (the pixels), `h_1`, ..., `h_50` (the last layer's output): an
# array of 51<!--plain--> numbers.
#
# **Set** `initial_gain`, one number above 0, such that over many seeds the first of these norms is typically between
# `0.5` and `2` times the last. Typically means the geometric mean over the networks: `exp` of the mean of the `log`
# of the ratio. The check draws 16<!--plain--> seeds that you have not seen.

# %%
data = digits()
(scaled,) = standardise(data)


@cache  # drawn once, since every gain is tried on the same networks
def network(seed: int) -> tuple[Array, Array, list[Array], Array]:
    """32 digits as rows, their labels as rows of 10, fifty weights at a gain of 1, and a readout."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(len(data), size=32)
    weights = [rng.normal(size=(64, 64)) / np.sqrt(64) for _ in range(50)]
    return scaled.X[rows], np.eye(10)[data.y[rows]], weights, rng.normal(size=(10, 64)) / np.sqrt(64)


def gradient_norms(gain: float, seed: int) -> Array:
    """Norms of dE/dh_0 ... dE/dh_50 in a fresh tanh network on a batch of digits: shape (51,)."""
    x, labels, weights, readout = network(seed)
    weights = [gain * W for W in weights]

    activations = [x]
    for W in weights:
        activations.append(np.tanh(activations[-1] @ W.T))
    logits = activations[-1] @ readout.T
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)

    gradient = (p - labels) @ readout / 32  # of the mean cross-entropy
    norms = [np.linalg.norm(gradient)]
    for W, after in zip(reversed(weights), reversed(activations[1:]), strict=True):
        gradient = (gradient * (1 - after**2)) @ W
        norms.append(np.linalg.norm(gradient))
    return np.array(norms[::-1])


# %% answer="initial_gain"
### STUB # Your experiment goes here; write what it tells you into the last line.
### STUB initial_gain = None
### BEGIN SOLUTION
for gain in (0.9, 1.0, 1.1, 1.2, math.sqrt(2), 5 / 3):
    runs = [gradient_norms(gain, seed) for seed in range(5)]
    ratio = np.exp(np.mean([np.log(norms[0] / norms[-1]) for norms in runs]))
    print(f"gain {gain:.2f}: the gradient at the input is {ratio:.3g} times the one at the output")

initial_gain = 1.15  # between the two gains with ratios around 1
### END SOLUTION

# %% check="initial_gain"
check("initial_gain")

# %% [markdown]
# ## 7. It grows before it dies ({points}, 15 minutes)
#
# "All eigenvalues are below 1, so the gradient can only vanish", says the reviewer of your recurrent network. Prove by
# construction that the reviewer is wrong: build a matrix whose powers rise to any height you like before they die.
#
# **Given** `radius`, between 0.8<!--plain--> and 0.95<!--plain-->, and `peak`, above 1.
#
# **Return** a square matrix `A` (at most 8<!--plain--> by 8<!--plain-->) whose spectral radius, the largest size of an eigenvalue, is `radius`,
# while the largest spectral norm among its powers `A^0, A^1, A^2, ...` is `peak`. Both within 1 percent.
#
# The spectral norm of a matrix `M` is `np.linalg.norm(M, 2)`.


# %% answer="transient"
def transient(radius: float, peak: float) -> Array:
    """A square matrix with this spectral radius, the norms of whose powers rise to `peak` and then die."""
    ### BEGIN SOLUTION
    k = np.arange(1, 100)

    def powers(corner: float) -> Array:
        """A, A^2, ..., A^99: the diagonal of A^k is r^k, and its corner k r^(k-1) times that of A."""
        A = np.zeros((len(k), 2, 2))
        A[:, 0, 0] = A[:, 1, 1] = radius**k
        A[:, 0, 1] = corner * k * radius ** (k - 1)
        return A

    # The corner changes no eigenvalue, and the peak grows with it: halve the interval that holds the right one.
    low, high = 0.0, peak
    for _ in range(30):
        corner = (low + high) / 2
        if np.linalg.norm(powers(corner), 2, axis=(1, 2)).max() < peak:
            low = corner
        else:
            high = corner
    return np.array([[radius, corner], [0.0, radius]])
    ### END SOLUTION


# %% check="transient"
check("transient")

# %% [markdown]
# ## What you can do now
#
# Follow a gradient down a chain, name the layer at which a format gives up, tell the gradient of an input from that of a
# weight, mend a backward pass, find the first broken tensor of a run, choose a gain by experiment, and say why small
# eigenvalues promise nothing about the first steps. What to do about an explosion that you cannot design away is the
# subject of lesson `03_clipping_mechanics`.
