# ---
# jupyter:
#   course:
#     kind: exercise
#     name: 04_threshold
# ---

# %% [markdown]
# # Exercise 04: Choosing the threshold
#
# {questions}, {total}, about an hour. Write your answer into the cell below each question and run the cell with
# `check(...)`: it answers within a second, says what went wrong in *your* answer, and unfolds hints one by one. You may
# check as often as you like. Grading asks the same questions with fresh numbers.
#
# Everything you need is in lesson `04_threshold`. Leave the check cells as they are, and keep the names. The moving
# thresholds of `course_lib` are switched off while you are asked to write them yourself.

# %%
import math

import numpy as np

from course_lib.checks.probes.e04_threshold import sunspot_runs
from course_lib.teach import check

# %% [markdown]
# ## 1. How long is each update? ({points}, 5 minutes)
#
# You have a log of gradient norms from **before** clipping, and you know the two settings. How far did each step of
# plain SGD move the weights?
#
# **Given** `norms`, an array of shape `(T,)`, none negative; `lr` and `max_norm`, numbers above 0.
#
# **Return** an array of shape `(T,)`: the length of each update.
#
# **Example** `update_lengths(np.array([0.5, 300.0]), 0.1, 2.0)` is `[0.05, 0.2]`.


# %% answer="update_lengths"
def update_lengths(norms, lr, max_norm):
    """The length of each update of SGD, clipped by norm."""
    ### BEGIN SOLUTION
    return lr * np.minimum(norms, max_norm)
    ### END SOLUTION


# %% check="update_lengths"
check("update_lengths")

# %% [markdown]
# ## 2. The other half of the knob ({points}, 5 minutes)
#
# Every step of your SGD run is clipped, and it learns well. A colleague insists on another threshold. Which learning
# rate makes it exactly the same run? (Every step will be clipped at the new threshold, too.)
#
# **Given** `lr`, `max_norm`, `new_max_norm`, numbers above 0.
#
# **Return** one number, the new learning rate.


# %% answer="matching_lr"
def matching_lr(lr, max_norm, new_max_norm):
    """The learning rate that keeps every step as long as it was."""
    ### BEGIN SOLUTION
    return lr * max_norm / new_max_norm
    ### END SOLUTION


# %% check="matching_lr"
check("matching_lr")

# %% [markdown]
# ## 3. AutoClip, from its formula ({points}, 10 minutes)
#
# AutoClip clips each step at a percentile of all norms so far, measured before clipping:
#
# $$c_t = \operatorname{percentile}_p(n_1, \dots, n_t).$$
#
# **Given** `norms`, an array of shape `(T,)`, all above 0; `percentile`, a number above 0 and at most 100<!--plain-->.
#
# **Return** an array of shape `(T,)`: the threshold of each step. Between two norms interpolate as `np.percentile` does.
#
# **Example** `autoclip_thresholds(np.array([8.0, 2.0, 4.0]), 50.0)` is `[8, 5, 4]`. Look at the first number: what did
# it do against the norm of 8<!--plain-->?


# %% answer="autoclip_thresholds"
def autoclip_thresholds(norms, percentile):
    """The threshold of AutoClip at every step of a run with these norms."""
    ### BEGIN SOLUTION
    return np.array([np.percentile(norms[: t + 1], percentile) for t in range(len(norms))])
    ### END SOLUTION


# %% check="autoclip_thresholds"
check("autoclip_thresholds")

# %% [markdown]
# ## 4. Mend a ZClip ({points}, 15 minutes)
#
# ZClip keeps a running mean $\mu$ and variance $\sigma^2$ of the norms. Somebody has typed it from memory, with **three
# mistakes**. What it should do:
#
# - the first `warmup` norms are not clipped (threshold `math.inf`); their mean and variance are the start;
# - then, at every step, $z = (n - \mu) / \sigma$. Where $z > 2.5$ the threshold is $\mu + 2.5^2\, \sigma / z$, otherwise
#   `math.inf`;
# - after it, with what is left of the norm, $n' = \min(n, c)$: first
#   $\mu \leftarrow 0.97 \mu + 0.03\, n'$, then $\sigma^2 \leftarrow 0.97 \sigma^2 + 0.03\, (n' - \mu)^2$ with the new mean.
#
# **Given** `norms`, an array of shape `(T,)`, all above 0; `warmup`, a whole number of at least 2 and below `T`.
#
# **Return** an array of shape `(T,)`: the threshold of each step.
#
# Copy the body of `broken_zclip` into the answer cell and mend it there.

# %%
Z_MAX, DECAY = 2.5, 0.97


def broken_zclip(norms, warmup):
    """Three mistakes."""
    mean, variance = np.mean(norms[:warmup]), np.var(norms[:warmup])
    limits = [math.inf] * warmup
    for norm in norms[warmup:]:
        deviation = variance
        z = (norm - mean) / deviation
        limit = mean + deviation * z / Z_MAX if z > Z_MAX else math.inf
        limits.append(limit)
        kept = norm
        mean = DECAY * mean + (1 - DECAY) * kept
        variance = DECAY * variance + (1 - DECAY) * (kept - mean) ** 2
    return np.array(limits)


broken_zclip(np.array([1.0, 1.4, 0.8, 1.2, 1.1, 80.0, 1.0, 300.0]), warmup=5).round(2)


# %% answer="zclip_thresholds"
def zclip_thresholds(norms, warmup):
    """The threshold of ZClip at every step of a run with these norms."""
    ### BEGIN SOLUTION
    mean, variance = np.mean(norms[:warmup]), np.var(norms[:warmup])
    limits = [math.inf] * warmup
    for norm in norms[warmup:]:
        deviation = math.sqrt(variance)  # z counts standard deviations
        z = (norm - mean) / deviation
        limit = mean + Z_MAX**2 * deviation / z if z > Z_MAX else math.inf  # the wilder, the lower
        limits.append(limit)
        kept = min(norm, limit)  # the spike itself must not become normal
        mean = DECAY * mean + (1 - DECAY) * kept
        variance = DECAY * variance + (1 - DECAY) * (kept - mean) ** 2
    return np.array(limits)
    ### END SOLUTION


# %% check="zclip_thresholds"
check("zclip_thresholds")

# %% [markdown]
# ## 5. How did it end? ({points}, 12 minutes)
#
# You supervise hundreds of runs and cannot look at each. Write the rule that names how a run ended.
#
# **Given** `losses` and `norms` (before clipping), arrays of shape `(T,)`, `T` a multiple of 4<!--plain-->; `max_norm`, the threshold;
# `predictions` and `targets`, arrays of shape `(n,)`, of the trained model on data it should tell apart.
#
# **Return** the first word of this list whose condition holds:
#
# 1. `"broken"`: some loss or some norm is `nan` or `inf`;
# 2. `"silent"`: the standard deviation of the predictions is below one hundredth of that of the targets;
# 3. `"stalled"`: in the second half of the run more than 95 %<!--plain--> of the norms are above `max_norm`, **and** the mean loss of
#    the last quarter is above 0.9<!--plain--> times that of the first quarter;
# 4. `"healthy"`: none of these.


# %% answer="diagnose"
def diagnose(losses, norms, max_norm, predictions, targets):
    """One word for how a run ended."""
    ### BEGIN SOLUTION
    if not (np.isfinite(losses).all() and np.isfinite(norms).all()):
        return "broken"
    if np.std(predictions) < 0.01 * np.std(targets):
        return "silent"
    clip_rate = np.mean(norms[len(norms) // 2 :] > max_norm)
    quarter = len(losses) // 4
    level = np.mean(losses[-quarter:]) > 0.9 * np.mean(losses[:quarter])
    return "stalled" if clip_rate > 0.95 and level else "healthy"
    ### END SOLUTION


# %% check="diagnose"
check("diagnose")

# %% [markdown]
# ## 6. Choose, and be able to say why ({points}, 12 minutes)
#
# Recurrent networks again, on the yearly sunspot numbers: 16<!--plain--> rectified linear units read 20<!--plain--> years and predict the next. The
# learning rate is given, `0.03`. Without clipping they break.
#
# **Given** `sunspot_runs(threshold)`, which trains five networks from five starts in a fraction of a second and returns a dictionary:
# `"norms"`, shape `(100, 5)`, before clipping; `"errors"`, shape `(5,)`, on later years (`inf`: the run broke);
# `"persistence"`, the error of the forecast "next year is like this year". `sunspot_runs(threshold, seeds=range(20))` trains
# twenty.
#
# **Set** `my_threshold`, a number above 0, such that of ten runs from starts that nobody has seen at most one fails to
# beat persistence. Leave a margin on both sides.

# %%
without = sunspot_runs(math.inf)
print("errors without clipping:", without["errors"].round(1), f"; to beat: {without['persistence']:.3f}")

# %% answer="sunspot_threshold" tags=["nbval-ignore-output"]
### STUB # Your experiment goes here; write what it tells you into the last line.
### STUB my_threshold = None
### BEGIN SOLUTION
for threshold in (100, 10, 1):
    runs = sunspot_runs(threshold)
    beats = np.sum(runs["errors"] < runs["persistence"])
    typical = np.median(runs["norms"][50:])
    print(f"threshold {threshold:3}: {beats} of 5 beat persistence, typical norm {typical:.1f}")

my_threshold = 8.0  # near the one at which all do, and well above the typical norm of those runs
### END SOLUTION

# %% check="sunspot_threshold"
check("sunspot_threshold")

# %% [markdown]
# ## What you can do now
#
# Read a log of norms as lengths of steps, trade threshold against learning rate where that is exact, write the two moving
# thresholds that are published most and say what each remembers, tell four ends of a run apart by numbers, and choose
# a threshold by a small experiment with a margin instead of by a rule of thumb.
