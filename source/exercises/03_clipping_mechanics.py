# ---
# jupyter:
#   course:
#     kind: exercise
#     name: 03_clipping_mechanics
# ---

# %% [markdown]
# # Exercise 03: Clipping mechanics
#
# {questions}, {total}, about an hour. Write your answer into the cell below each question and run the cell
# with `check(...)`: it answers within a second, says what went wrong in *your* answer, and unfolds hints one by one.
# You may check as often as you like. Grading asks the same questions with fresh numbers.
#
# Everything you need is in lesson `03_clipping_mechanics`. Leave the check cells as they are, and keep the names.
# What you are asked to write is switched off in the libraries while your answer is checked.

# %%
import math

import numpy as np
import torch
from torch.nn.functional import mse_loss
from torch.nn.utils import clip_grad_norm_

from course_lib.checks.probes.e03_clipping_mechanics import pascal_error, small_run
from course_lib.teach import check

# %% [markdown]
# ## 1. Break it, twice ({points}, 5 minutes)
#
# A popular guide clips gradients with `gradients / max(1, gradients / clip_threshold)`, and promises that nothing large
# gets through. Below is its formula, read entry by entry so that it runs on arrays. Get something through.
#
# **Given** `c`, the threshold: any number above 0.
#
# **Return** two gradients, `return first, second`, each a NumPy array of finite numbers with as many entries as you like:
#
# - `first`: in `published_clip(first, c)` at least one **entry** is larger than `c` in size;
# - `second`: "but my gradients are never negative", says a colleague. So it has **no negative entries**, and still
#   `published_clip(second, c)` as a whole is **longer** than `c`. The length of a vector is its `np.linalg.norm`.


# %%
def published_clip(g, c):
    """The formula of the guide, entry by entry."""
    return g / np.maximum(1, g / c)


published_clip(np.array([0.5, 3.0, 1000.0]), 1.0)


# %% answer="breaking_gradients"
def breaking_gradients(c):
    """Two gradients that the published formula lets through: an entry of the first, the length of the second."""
    ### BEGIN SOLUTION
    first = np.array([-10 * c, c])  # below zero g / c is below 1, and the entry is divided by 1
    second = np.array([c, c])  # each entry keeps the promise, and the length is 1.41 c
    return first, second
    ### END SOLUTION


# %% check="breaking_gradients"
check("breaking_gradients")

# %% [markdown]
# ## 2. Repair it ({points}, 5 minutes)
#
# One symbol was lost on the way into that guide: the norm. Put it back, and the formula clips **by norm**:
# a gradient that is too long is shortened to the threshold, in its own direction.
#
# **Given** `g`, an array of shape `(d,)`, in float64 or float32; `max_norm`, a number above 0.
#
# **Return** the clipped gradient, an array of the same shape. A gradient no longer than `max_norm` comes back as it is,
# and so does the zero gradient. Leave the array `g` itself unchanged: its owner may need it.
#
# **Example** `clip_by_norm(np.array([6.0, 8.0, 0.0]), 5.0)` is `[3, 4, 0]`.


# %% answer="clip_by_norm"
def clip_by_norm(g, max_norm):
    """g, shortened to length max_norm where it is longer."""
    ### BEGIN SOLUTION
    norm = np.sqrt(np.sum(g**2))
    if norm <= max_norm:
        return g
    return g * (max_norm / norm)
    ### END SOLUTION


# %% check="clip_by_norm"
check("clip_by_norm")

# %% [markdown]
# ## 3. How far does it turn? ({points}, 5 minutes)
#
# Clipping **by value** cuts each entry on its own, to the range from `-limit` to `limit`. Simple, but it changes the
# direction. Measure by how much.
#
# **Given** `g`, an array of shape `(d,)` that is not zero; `limit`, a number above 0.
#
# **Return** one number: the angle between `g` and the same gradient clipped by value, in **degrees**, at least 0.
#
# **Example** `turned_by_value(np.array([10.0, 1.0]), 2.0)` is about `20.85`.


# %% answer="turned_by_value"
def turned_by_value(g, limit):
    """The angle in degrees between g and g clipped by value."""
    ### BEGIN SOLUTION
    clipped = np.clip(g, -limit, limit)
    cosine = np.dot(g, clipped) / (np.linalg.norm(g) * np.linalg.norm(clipped))
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))  # rounding may lift a cosine of 1 a little above it
    ### END SOLUTION


# %% check="turned_by_value"
check("turned_by_value")

# %% [markdown]
# ## 4. The gradient that turns the most ({points}, 12 minutes)
#
# In the plane, clipping by value turns every gradient by less than 45<!--= np.degrees(np.arccos(1 / np.sqrt(2))) --> degrees; with a hundred entries, by less than 84.3<!--= np.degrees(np.arccos(1 / np.sqrt(100))) -->.
# Is that only a bound, or does some gradient really come that near? Build one.
#
# **Given** `d`, the number of entries, at least 2; `limit`, a number above 0.
#
# **Return** a gradient, an array of shape `(d,)` of finite numbers, that clipping by value at `limit` turns by the most
# that is possible with `d` entries, to within one degree.
#
# Two entries first, with pencil and paper; your `turned_by_value` tells you how far you have come.


# %% answer="most_turned"
def most_turned(d, limit):
    """A gradient of d entries that clipping by value at limit turns as far as any."""
    ### BEGIN SOLUTION
    g = np.full(d, float(limit))  # clipped, all entries are equal: the vector lies on the diagonal
    g[0] = 1e6 * limit  # and before, it lies almost on an axis, as far from the diagonal as can be
    return g
    ### END SOLUTION


# %% check="most_turned"
check("most_turned")

# %% [markdown]
# ## 5. A whole model ({points}, 8 minutes)
#
# The gradient of a model is a list of arrays, one for each parameter: kernels, matrices, biases, single numbers. Clipped
# **globally**, they count as one long vector, with one length and one factor.
#
# **Given** `grads`, a list of NumPy arrays of any shapes, in which the entry of a frozen parameter is `None`; `max_norm`, a
# number above 0.
#
# **Return** the pair `clipped, norm`:
#
# - `clipped`: a list as long as `grads`, with the same shapes in the same places, and `None` where `None` was;
# - `norm`: one number, the length of the whole **before** clipping, which is what you would log.
#
# The arrays in `grads` stay unchanged.
#
# **Example** `clip_by_global_norm([np.array([3.0]), None, np.array([[4.0]])], 1.0)` is `([[0.6], None, [[0.8]]], 5.0)`.


# %% answer="clip_by_global_norm"
def clip_by_global_norm(grads, max_norm):
    """All gradients, scaled by one factor so that together they are at most max_norm long; the norm before."""
    ### BEGIN SOLUTION
    norm = math.sqrt(sum(float(np.sum(g**2)) for g in grads if g is not None))
    factor = max_norm / norm if norm > max_norm else 1.0
    return [None if g is None else g * factor for g in grads], norm
    ### END SOLUTION


# %% check="clip_by_global_norm"
check("clip_by_global_norm")

# %% [markdown]
# ## 6. Mend a training loop ({points}, 15 minutes)
#
# This loop came with the message "clipping does nothing, and look at that log". It learns to predict how diabetes
# progresses in real patients, one of whom was typed in with two zeros too many. It has **five mistakes**.
#
# **Given** `model`, a PyTorch model; `batches`, a list of pairs of tensors `(x, y)`; `max_norm` and `lr`, numbers above 0;
# `accumulate`, how many batches make one step (the number of batches is a multiple of it).
#
# **Do** one step of plain SGD for every `accumulate` batches in a row: along the **mean** of their gradients (every
# batch has the same size), clipped by norm to `max_norm`. A step whose norm is not finite is skipped: the weights stay
# as they are, and the run goes on.
#
# **Return** a list of numbers, the norm **before** clipping of every step; the norm of a skipped step (`nan` or `inf`)
# stands in its place.
#
# Copy the body of `broken_train` into the answer cell and mend it there. PyTorch's `clip_grad_norm_` is allowed.


# %%
def broken_train(model, batches, max_norm, lr, accumulate):
    """Five mistakes."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    norms = []
    for number, (x, y) in enumerate(batches, start=1):
        optimizer.zero_grad()
        loss = mse_loss(model(x), y)
        norm = clip_grad_norm_(model.parameters(), max_norm)
        loss.backward()
        norms.append(norm.item())
        if number % accumulate == 0:
            optimizer.step()
    return norms


model, batches = small_run(
    seed=1, batches=8, wrong_batch=3
)  # nan_batch=5 makes one patient's progression nan
x, y = batches[0]
before = mse_loss(model(x), y).item()
norms = broken_train(model, batches, max_norm=1.0, lr=0.05, accumulate=2)
print("norms:", [round(norm, 2) for norm in norms])
print(f"loss of the first batch: {before:.1f} before, {mse_loss(model(x), y).item():.1f} afterwards")


# %% answer="train"
def train(model, batches, max_norm, lr, accumulate):
    """One pass of clipped SGD, `accumulate` batches a step; the norm of every step before clipping."""
    ### BEGIN SOLUTION
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    norms = []
    for number, (x, y) in enumerate(batches, start=1):
        loss = mse_loss(model(x), y) / accumulate  # backward adds up; the sum of these is the mean
        loss.backward()
        if number % accumulate == 0:
            norm = clip_grad_norm_(model.parameters(), max_norm).item()
            norms.append(norm)
            if math.isfinite(norm):
                optimizer.step()
            optimizer.zero_grad()
    return norms
    ### END SOLUTION


# %% check="train"
check("train")

# %% [markdown]
# ## 7. The wrong unit ({points}, 12 minutes)
#
# A helpful script has converted the patients' blood pressure from millimetres of mercury to pascal, after everything had
# been standardised: that one column is now 133<!--plain--> times too large, and plain gradient descent diverges. You cannot mend
# the data today. You can clip.
#
# **Given** `pascal_error(clip, threshold)`, which trains a linear regression on these patients, 400<!--plain--> steps at a learning
# rate of `0.05`, and returns its test error, averaged over five random splits of the patients: `0` is perfect, `1` is as
# good as always predicting the mean, and a run that diverges counts as `1e9`. `clip(g, threshold)` is called on every
# gradient, an array of shape `(10,)`. With `splits=range(20)` it averages over twenty splits.
#
# **Set** `my_rule`, the word `"norm"` or the word `"value"`, and `my_threshold`, a number above 0, such that the error
# stays below `0.65` on ten splits that nobody has seen. Leave a margin.

# %%
print(f"without clipping: {pascal_error(lambda g, threshold: g, 1.0):.0e}")

# %% answer="rule_and_threshold" tags=["nbval-ignore-output"]
### STUB # Your experiment goes here; write what it tells you into the last two lines.
### STUB my_rule = None
### STUB my_threshold = None
### BEGIN SOLUTION
for threshold in (0.001, 0.01, 0.1, 1.0):
    by_norm = pascal_error(clip_by_norm, threshold)
    by_value = pascal_error(lambda g, limit: np.clip(g, -limit, limit), threshold)
    print(f"threshold {threshold:5}: by norm {by_norm:.2f}, by value {by_value:.2f}")

my_rule = "value"  # one entry is sick: cut that one, and leave the other nine alone
my_threshold = 0.03  # between the two best
### END SOLUTION

# %% check="rule_and_threshold"
check("rule_and_threshold")

# %% [markdown]
# ## What you can do now
#
# Break a formula with one input and repair it, say what clipping by norm keeps and what clipping by value turns (and by how
# much at worst), clip a whole model, put the line into the one right place of a training loop, and choose between the two
# rules by experiment. In the last question clipping treated a symptom: the cure is to put the unit right.
