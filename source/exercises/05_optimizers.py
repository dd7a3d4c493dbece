# ---
# jupyter:
#   course:
#     kind: exercise
#     name: 05_optimizers
# ---

# %% [markdown]
# # Exercise 05: Optimizers
#
# {questions}, {total}, about an hour. Write your answer into the cell below each question and run the cell with
# `check(...)`: it answers within a second, says what went wrong in *your* answer, and unfolds hints one by one. You may
# check as often as you like. Grading asks the same questions with fresh numbers.
#
# Everything you need is in lesson `05_optimizers`. Leave the check cells as they are, and keep the names. What you are
# asked to write is switched off in the libraries while your answer is checked.

# %%
import math

import numpy as np

from course_lib.checks.probes.e05_optimizers import glitch_accuracy, patients_gradient
from course_lib.teach import check

# %% [markdown]
# ## 1. One step of Adam ({points}, 8 minutes)
#
# **Given** `w`, `g`, `m`, `v`, arrays of one shape: weights, their gradient, and the two averages as the last step left
# them; `t`, the number of this step, `1` for the first; the numbers `lr`, `beta1`, `beta2`, `eps`.
#
# **Return** `return w, m, v`: the new weights, and both averages as the next step will need them (before the bias
# correction). Leave the arrays you were given unchanged.
#
# **Example** In the first step every entry of `w` moves by `lr` against the sign of its gradient.


# %% answer="adam_step"
def adam_step(w, g, m, v, t, lr, beta1, beta2, eps):
    """The weights and both averages after step t of Adam."""
    ### BEGIN SOLUTION
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v
    ### END SOLUTION


# %% check="adam_step"
check("adam_step")

# %% [markdown]
# ## 2. How long does it remember? ({points}, 8 minutes)
#
# Adam has seen gradients of size 1 for a very long time; one gradient of size `spike` arrives, and then only gradients
# of size 1 again. Its effective step, $1/\sqrt{\hat v}$, was 1 before.
#
# **Given** `spike`, a number above 1; `beta2` and `share`, numbers between 0 and 1.
#
# **Return** a whole number: how many ordinary gradients after the spike the effective step is at least `share` for the
# first time. `0` if it never falls below.
#
# **Example** `steps_to_recover(100.0, 0.999, 0.9)` is `3751`.


# %% answer="steps_to_recover"
def steps_to_recover(spike, beta2, share):
    """Ordinary gradients after the spike until the effective step is back at share."""
    ### BEGIN SOLUTION
    excess = (1 - beta2) * (spike**2 - 1)  # of v over 1, right after the spike; it shrinks by beta2 a step
    allowed = 1 / share**2 - 1
    return max(0, math.ceil(math.log(excess / allowed) / -math.log(beta2)))
    ### END SOLUTION


# %% check="steps_to_recover"
check("steps_to_recover")

# %% [markdown]
# ## 3. The longest step ({points}, 12 minutes)
#
# "No step of Adam is longer than `lr * (1 - beta1) / sqrt(1 - beta2)`, 3.162<!--= (1 - 0.9) / np.sqrt(1 - 0.999) --> learning rates", says a colleague. Prove
# the contrary with a stream of gradients.
#
# **Given** `beta1` and `beta2`.
#
# **Return** a stream, an array of at most 50,000<!--plain--> finite numbers, after which the **last** step of Adam (bias-corrected,
# with `eps = 0`, on one weight) is at least 99 %<!--plain--> of the longest that any stream can cause. The scale of the numbers does
# not matter.


# %% answer="longest_push"
def longest_push(beta1, beta2):
    """A stream of gradients whose last step is almost as long as any."""
    ### BEGIN SOLUTION
    silence = np.zeros(12_000)  # until the bias correction is forgotten
    growing = (beta2 / beta1) ** np.arange(-100.0, 1.0)  # equality in the inequality of Cauchy and Schwarz
    return np.concatenate([silence, growing])
    ### END SOLUTION


# %% check="longest_push"
check("longest_push")

# %% [markdown]
# ## 4. Tug of war ({points}, 8 minutes)
#
# Plain SGD with decoupled weight decay: `w - lr * decay * w - lr * clipped`, where `clipped` is `g` clipped by norm.
#
# **Given** `w` and `g`, arrays of shape `(d,)`; `decay`, a number above 0.
#
# **Return** the threshold at which the two movements cancel **along** `w` (the scalar product of the step with `w` is 0),
# or `None` where no threshold does that: where the gradient step does not lengthen `w`, or where `g` is too short for
# clipping at that threshold to do anything.
#
# **Example** for `w = [3, 4]`, `g = [-50, 0]` and `decay = 0.01` it is `0.0833`.


# %% answer="balance_threshold"
def balance_threshold(w, g, decay):
    """The clipping threshold at which decay and gradient step cancel along w, or None."""
    ### BEGIN SOLUTION
    along, norm = np.dot(g, w), np.linalg.norm(g)
    if along >= 0:
        return None
    threshold = decay * np.dot(w, w) * norm / -along
    return threshold if threshold <= norm else None
    ### END SOLUTION


# %% check="balance_threshold"
check("balance_threshold")

# %% [markdown]
# ## 5. Mend an AdamW ({points}, 15 minutes)
#
# This loop fits a linear regression to real diabetes patients, one of whom was typed in with two zeros too many. It calls
# itself AdamW with clipping. It has **four mistakes**.
#
# **Given** `gradient`, a function: `gradient(w, step)` is the gradient at `w` in step `step` (the first is `0`); `w`, an
# array of shape `(10,)`; `steps`, how many to take; the numbers `lr`, `decay`, `max_norm`.
#
# **Return** `return w, norms`: the weights after `steps` steps of AdamW (betas `0.9` and `0.999`, epsilon `1e-8`, as in
# `torch.optim.AdamW`) on gradients clipped by norm at `max_norm`, and a list with the norm of every gradient before
# clipping. The array `w` that was given stays as it is.
#
# Copy the body of `broken_adamw` into the answer cell and mend it there.


# %%
def broken_adamw(gradient, w, steps, lr, decay, max_norm):
    """Four mistakes."""
    m, v, norms = np.zeros_like(w), np.zeros_like(w), []
    for t in range(1, steps + 1):
        g = gradient(w, t - 1) + decay * w
        norm = np.linalg.norm(g)
        norms.append(norm)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        m_hat = m / (1 - 0.9**t)
        update = m_hat / (np.sqrt(v) + 1e-8)
        update = update * min(1, max_norm / norm)
        w -= lr * update
    return w, norms


gradient = patients_gradient(seed=1, wrong_step=2)
start = np.ones(10)
print("norms:", [round(float(norm), 1) for norm in broken_adamw(gradient, start, 5, 0.05, 0.5, 2.0)[1]])
print("the start, which should still be all ones:", start[:3].round(2), "...")


# %% answer="train_adamw"
def train_adamw(gradient, w, steps, lr, decay, max_norm):
    """`steps` steps of AdamW on clipped gradients; the norms before clipping."""
    ### BEGIN SOLUTION
    m, v, norms = np.zeros_like(w), np.zeros_like(w), []
    for t in range(1, steps + 1):
        g = gradient(w, t - 1)
        norm = np.linalg.norm(g)
        norms.append(norm)
        g = g * min(1, max_norm / norm)  # before the averages see it
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
        w = (1 - lr * decay) * w - lr * m_hat / (np.sqrt(v_hat) + 1e-8)
    return w, norms
    ### END SOLUTION


# %% check="train_adamw"
check("train_adamw")

# %% [markdown]
# ## 6. Choose a cure ({points}, 10 minutes)
#
# Digit networks, 150<!--plain--> steps of Adam at a learning rate of `0.002`. Batch 40<!--plain--> comes from a broken sensor, ten thousand times
# too bright. You cannot mend the sensor. Three cures are offered; each has a strength.
#
# **Given** `glitch_accuracy(cure, strength)`, the mean test accuracy of three such networks. `cure` is `"clip"` (by norm at
# `strength`), `"warm-up"` (the learning rate rises over the first `strength` steps) or `"smaller lr"` (the learning rate is
# divided by `strength`, at least 1). With `seeds=range(10)` it averages over ten networks.
#
# **Set** `my_cure` and `my_strength` such that six networks that nobody has seen reach an accuracy of `0.86` on average.
# Leave a margin.

# %%
print(f"without a cure: {glitch_accuracy('smaller lr', 1):.2f}")

# %% answer="cure_and_strength" tags=["nbval-ignore-output"]
### STUB # Your experiment goes here; write what it tells you into the last two lines.
### STUB my_cure = None
### STUB my_strength = None
### BEGIN SOLUTION
for cure, strengths in (("clip", (1000, 1, 1e-8)), ("warm-up", (60,)), ("smaller lr", (5,))):
    for strength in strengths:
        print(f"{cure:10s} at {strength:g}: {glitch_accuracy(cure, strength):.2f}")

my_cure = "clip"  # the only one that keeps the glitch out of v
my_strength = 1.0
### END SOLUTION

# %% check="cure_and_strength"
check("cure_and_strength")

# %% [markdown]
# ## What you can do now
#
# Write Adam from memory, say how deep and how long a spike brakes it, push it to its longest step, balance clipping against
# decay where that is possible, put clipping in front of the averages, and tell which cure acts on what a glitch leaves behind.
