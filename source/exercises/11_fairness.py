# ---
# jupyter:
#   course:
#     kind: exercise
#     name: 11_fairness
# ---

# %% [markdown]
# # Exercise 11: Fairness
#
# {questions}, {total}, about an hour. Write your answer into the cell below each question and run the cell with
# `check(...)`: it answers within a second, says what went wrong in *your* answer, and unfolds hints one by one. You may
# check as often as you like. Grading asks the same questions with fresh numbers.
#
# Everything you need is in lesson `11_fairness`. Leave the check cells as they are, and keep the names. What you are
# asked to write is switched off in the libraries while your answer is checked.
#
# Two questions use real mortgage applications from Boston. Behind every row stands a household. `y` is what the *lender
# decided*, not whether anybody repaid: a model that agrees with `y` agrees with the lender, no more.

# %%
import math

import numpy as np
from scipy.special import expit

from course_lib.checks.probes.e11_fairness import (
    decided_applications,
    group_accuracies,
    mortgage_applications,
)
from course_lib.teach import check

# %% [markdown]
# ## 1. Three rates ({points}, 6 minutes)
#
# How does a model serve one group of applicants?
#
# **Given** `y`, `said` and `group`, arrays of shape `(n,)`: the lender's decisions and the model's (`1` for approval, `0` for
# denial), and a number for everybody's group; `k`, the group to look at.
#
# **Return** three numbers for group `k`: the **approval rate** of the model; its **true positive rate**, $P(\text{said} = 1
# \mid y = 1)$; its **false positive rate**, $P(\text{said} = 1 \mid y = 0)$. A rate that nobody is there to measure on is
# `math.nan`.
#
# **Example** for `y = [1, 1, 0, 1]`, `said = [1, 0, 1, 1]`, `group = [0, 0, 0, 1]` and `k = 0` they are `0.667, 0.5, 1`.


# %% answer="group_rates"
def group_rates(y, said, group, k):
    """Approval rate, true positive rate and false positive rate of group k."""
    ### BEGIN SOLUTION
    here = group == k
    rates = []
    for among in (here, here & (y == 1), here & (y == 0)):
        rates.append(np.mean(said[among]) if among.any() else math.nan)
    return rates
    ### END SOLUTION


# %% check="group_rates"
check("group_rates")

# %% [markdown]
# ## 2. How sure is the gap? ({points}, 12 minutes)
#
# The true positive rates of two groups differ. The smaller group is small: how much of the gap could be chance?
#
# **Given** `y`, `said` and `group` as above, with groups `0` and `1`; `rng`, a NumPy random generator.
#
# **Return** the low and the high end of the interval that holds the middle 95 %<!--plain--> of the gap, *group 0 minus group 1*, in
# bootstrap samples: draw each group anew from itself, with replacement, as many people as it has; compute the gap; do
# that at least 4,000<!--plain--> times. (Drawing from everybody at once passes too: here it is nearly the same.) Your ends may differ from ours by what the luck of 4,000<!--plain--> draws explains.

# %%
applications = decided_applications(seed=3)
for k, name in enumerate(("recorded as white", "recorded as black or Hispanic")):
    among = (applications["group"] == k) & (applications["y"] == 1)
    print(
        f"{name}: the model approves {applications['said'][among].sum()} of {among.sum()} whom the lender approved"
    )


# %% answer="gap_interval"
def gap_interval(y, said, group, rng):
    """The percentile bootstrap interval, at 95 %, of the gap in true positive rates."""
    ### BEGIN SOLUTION
    rates = []
    for k in (0, 1):
        approved = (group == k) & (y == 1)
        n, hit, missed = np.sum(group == k), np.sum(approved & (said == 1)), np.sum(approved & (said == 0))
        # Whole people: how many of each kind there are among n who are drawn with replacement.
        drawn = rng.multinomial(n, np.array([hit, missed, n - hit - missed]) / n, size=4000)
        rates.append(drawn[:, 0] / (drawn[:, 0] + drawn[:, 1]))
    return np.quantile(rates[0] - rates[1], [0.025, 0.975])
    ### END SOLUTION


# %% check="gap_interval"
check("gap_interval")

# %% [markdown]
# ## 3. Mend a fair training ({points}, 15 minutes)
#
# This loop trains a logistic regression on real mortgage applications, with "fair clipping": before every step, the
# contribution of group 0, the larger one, to the gradient is clipped at `ratio` times the length of group 1's. It has
# **four mistakes**.
#
# **Given** `X` of shape `(n, d)`, `y` and `group` of shape `(n,)`; `w` of shape `(d,)`; the numbers `ratio` and `lr`;
# `steps`, how many to take, each on all people. The loss is the mean over all `n` people.
#
# **Return** `return w, ratios`: the weights after the last step, and a list with the length of group 0's contribution over
# that of group 1's at each step, **before** clipping. The array `w` that was given stays as it is.
#
# Copy the body of `broken_fair_training` into the answer cell and mend it there.


# %%
def broken_fair_training(X, y, group, w, ratio, lr, steps):
    """Four mistakes."""
    ratios = []
    for _ in range(steps):
        error = expit(X @ w) - y
        larger = X[group == 0].T @ error[group == 0] / np.sum(group == 0)
        smaller = X[group == 1].T @ error[group == 1] / np.sum(group == 1)
        allowed = ratio * np.linalg.norm(larger)
        smaller = smaller * min(1, allowed / np.linalg.norm(smaller))
        ratios.append(np.linalg.norm(larger) / np.linalg.norm(smaller))
        w -= lr * (larger + smaller)
    return w, ratios


X, y, group = mortgage_applications(seed=1)
start = np.zeros(X.shape[1])
ratios = broken_fair_training(X, y, group, start, 2.0, 0.5, 4)[1]
print(f"{np.sum(group == 0)} people in group 0, {np.sum(group == 1)} in group 1")
print("ratios of the broken loop:", np.round(ratios, 2).tolist())
print("the start, which should still be all zeros:", start[:3].round(2), "...")


# %% answer="fair_training"
def fair_training(X, y, group, w, ratio, lr, steps):
    """`steps` steps of fair clipping; the ratios of the two contributions before it."""
    ### BEGIN SOLUTION
    ratios = []
    for _ in range(steps):
        error = expit(X @ w) - y
        larger = (
            X[group == 0].T @ error[group == 0] / len(y)
        )  # the two add up to the gradient of the mean loss
        smaller = X[group == 1].T @ error[group == 1] / len(y)
        ratios.append(np.linalg.norm(larger) / np.linalg.norm(smaller))
        larger = larger * min(1, ratio / ratios[-1])
        w = w - lr * (larger + smaller)
    return w, ratios
    ### END SOLUTION


# %% check="fair_training"
check("fair_training")

# %% [markdown]
# ## 4. Where does it end? ({points}, 15 minutes)
#
# The smallest model there is: one number `w` for everybody. The loss of a person whose number is `x` is
# $\tfrac12 (w - x)^2$, and the loss of all is the mean over all people of both groups. It is trained with fair clipping, as in
# question 3, on everybody at once, with very small steps, for as long as you like.
#
# **Given** `larger` and `smaller`, arrays with the numbers of both groups; `ratio`, above 0 and not 1, the most that the larger
# group's contribution may be of the smaller one's; `start`, where `w` begins.
#
# **Return** one number: where `w` ends. (Within 1 %<!--plain--> of the distance between the groups' means.) Think, simulate, or both;
# try every kind of start.
#
# **Example** for `larger = [3, 4, 4, 5]`, `smaller = [0, 0]`, `ratio = 2` and `start = 9` it is `2.667`.


# %% answer="where_it_ends"
def where_it_ends(larger, smaller, ratio, start):
    """The w at which fair clipping with very small steps comes to rest."""
    ### BEGIN SOLUTION
    apart = np.mean(larger) - np.mean(smaller)
    ahead = (start - np.mean(smaller)) * apart > 0  # the start is on the larger group's side
    if ratio < 1 or not ahead:
        # Below 1 the smaller group always decides; and nothing gets past the point where its contribution is 0.
        return np.mean(smaller)
    return np.mean(np.concatenate([larger, smaller]))  # the contributions cancel: nothing to clip
    ### END SOLUTION


# %% check="where_it_ends"
check("where_it_ends")

# %% [markdown]
# ## 5. Who pays for privacy? ({points}, 8 minutes)
#
# Private training clips the gradient of **each person** by norm, before they are added up. Those whom the model does not yet
# serve well have the longer gradients.
#
# **Given** `G` of shape `(n, d)`, a gradient for each person; `group`, shape `(n,)`, each person's group, `0` or `1`; `max_norm`.
#
# **Return** an array of shape `(2,)`: for each group the length of the sum of its people's clipped gradients, divided by the
# length of the sum of its people's gradients as they were.
#
# **Example** for `G = [[3, 4], [0, 1]]`, `group = [0, 1]` and `max_norm = 1` it is `[0.2, 1]`.


# %% answer="surviving_shares"
def surviving_shares(G, group, max_norm):
    """What clipping each person's gradient leaves of the gradient of groups 0 and 1."""
    ### BEGIN SOLUTION
    norms = np.linalg.norm(G, axis=1, keepdims=True)
    clipped = G * np.minimum(1, max_norm / norms)
    return np.array(
        [
            np.linalg.norm(clipped[group == k].sum(axis=0)) / np.linalg.norm(G[group == k].sum(axis=0))
            for k in (0, 1)
        ]
    )
    ### END SOLUTION


# %% check="surviving_shares"
check("surviving_shares")

# %% [markdown]
# ## 6. Choose a rule ({points}, 10 minutes)
#
# Small networks learn to read real digits, one in twenty of them shown as negatives, white and black exchanged. Without a rule
# they read the digits as scanned and hardly any of the inverted ones. Two rules are offered, each with the learning rate
# that suits it best:
#
# - `"cap"`: the contribution of the digits as scanned is clipped at `value` times that of the inverted ones;
# - `"weigh"`: inverted digits weigh more. At a `value` of 0 all weigh alike, at 1 both groups have half of the loss.
#
# **Given** `group_accuracies(rule, value)`, the test accuracies on digits as scanned and on inverted ones, a mean over three
# networks. With `seeds=range(10)` it averages over ten.
#
# **Set** `my_rule` and `my_value` such that six networks that nobody has seen reach `0.94` on digits as scanned **and** `0.62` on
# inverted ones, on average. Leave a margin: equal shares, or a ratio that sounds fair, need not be what serves both.

# %% tags=["nbval-ignore-output"]
as_scanned, inverted = group_accuracies("weigh", 0.0)
print(f"without a rule: as scanned {as_scanned:.2f}, inverted {inverted:.2f}")

# %% answer="rule_and_value" tags=["nbval-ignore-output"]
### STUB # Your experiment goes here; write what it tells you into the last two lines.
### STUB my_rule = None
### STUB my_value = None
### BEGIN SOLUTION
for rule, values in (("cap", (2.0, 0.65)), ("weigh", (0.5, 1.0))):
    for value in values:
        as_scanned, inverted = group_accuracies(rule, value)
        print(f"{rule:5s} {value:g}: as scanned {as_scanned:.2f}, inverted {inverted:.2f}")

my_rule = "weigh"  # a cap at 0.65 does as well; at 2 it does not, nor does weighing both alike
my_value = 0.75  # half way: one group lacks at 0.5, the other at 1
### END SOLUTION

# %% check="rule_and_value"
check("rule_and_value")

# %% [markdown]
# ## What you can do now
#
# Measure how a model serves a group without mixing up the condition and the event, say how sure a gap is, train with a
# cap on one group's gradient and predict where that ends, tell whose gradient private clipping shortens most, and choose
# a rule by an experiment that looks at both groups. What none of this can tell is whether the decisions in the data were
# right.
