# ---
# jupyter:
#   course:
#     kind: exercise
#     name: 09_gans
# ---

# %% [markdown]
# # Exercise 09: GANs
#
# {questions}, {total}, about an hour and ten minutes. Write your answer into the cell below each question and run the
# cell with `check(...)`: it answers within a second, says what went wrong in *your* answer, and unfolds hints one by one.
# You may check as often as you like. Grading asks the same questions with fresh numbers.
#
# What you need is in lesson `09_gans`; question 7 adds noise to it, and a look ahead that is clipped. Leave the check cells as they are, and keep the names. What you are asked to
# write is switched off in the libraries while your answer is checked.
#
# The game of questions 1 to 4 is the smallest there is: the generator moves $x$ to make $xy$ small, the discriminator moves
# $y$ to make it large, each by gradient descent on its own loss. The equilibrium is $(0, 0)$.

# %%
import math

import numpy as np
from torch.nn.functional import softplus
from torch.nn.utils import clip_grad_norm_
from torch.optim import SGD

from course_lib.checks.probes.e09_gans import noisy_distances, tiny_gan
from course_lib.data import digits
from course_lib.teach import check

# %% [markdown]
# ## 1. One step of the game ({points}, 5 minutes)
#
# Both players step at the same time, and the gradients of both together are clipped by norm.
#
# **Given** `x` and `y`, numbers: the weights of the generator and of the discriminator; `lr` and `max_norm`, numbers above
# 0.
#
# **Return** `return x, y`: both weights after one simultaneous step.
#
# **Example** `game_step(3.0, 4.0, 0.1, 1.0)` is `(2.92, 4.06)`.


# %% answer="game_step"
def game_step(x, y, lr, max_norm):
    """Both weights after one simultaneous step, clipped jointly."""
    ### BEGIN SOLUTION
    gx, gy = y, -x  # x descends xy, y descends -xy
    norm = math.hypot(gx, gy)
    share = max_norm / norm if norm > max_norm else 1.0
    return x - lr * share * gx, y - lr * share * gy
    ### END SOLUTION


# %% check="game_step"
check("game_step")

# %% [markdown]
# ## 2. "Clipping has stopped it" ({points}, 12 minutes)
#
# A colleague has clipped the game of question 1 and watched it for a while. "It used to explode. Now the distance from the
# equilibrium hardly changes: a limit cycle." Say when it will pass whatever distance the colleague names.
#
# **Given** `r0`, the distance from the equilibrium at the start, above 0; `lr` and `max_norm`, numbers above 0; `radius`,
# the distance named, above 0.
#
# **Return** a whole number: after how many simultaneous steps, clipped jointly, the distance is at least `radius` for the
# first time. `0` if it is at the start.
#
# **Example** `steps_to_radius(2.0, 0.3, 1.0, 3.0)` is `56`. A start may lie inside the threshold, where nothing is clipped
# yet.


# %% answer="steps_to_radius"
def steps_to_radius(r0, lr, max_norm, radius):
    """Steps until the distance from the equilibrium is at least radius."""
    ### BEGIN SOLUTION
    steps, r = 0, r0
    while r < radius:  # each step stands at a right angle to the radius: Pythagoras
        r = math.sqrt(r**2 + (lr * min(r, max_norm)) ** 2)
        steps += 1
    return steps
    ### END SOLUTION


# %% check="steps_to_radius"
check("steps_to_radius")

# %% [markdown]
# ## 3. A circle made to measure ({points}, 8 minutes)
#
# With decoupled weight decay there is a limit cycle. Both weights are multiplied by `1 - lr * decay` and then move by the
# clipped step, whose gradient was taken before.
#
# **Given** `lr`, a number between 0 and 1; `decay`, a number of at least 0, with `lr * decay` below 1; `radius`, a number
# above 0.
#
# **Return** the threshold with which simultaneous play, clipped jointly, ends on a circle of this radius from wherever it
# starts; `None` where no threshold does that.
#
# **Example** `cycle_threshold(0.1, 0.01, 5.0)` is `2.236`.


# %% answer="cycle_threshold"
def cycle_threshold(lr, decay, radius):
    """The threshold for a limit cycle of this radius, or None."""
    ### BEGIN SOLUTION
    if decay == 0:
        return None
    threshold = radius * math.sqrt(1 - (1 - lr * decay) ** 2) / lr
    return threshold if threshold < radius else None  # on the circle the gradient is as long as the radius
    ### END SOLUTION


# %% check="cycle_threshold"
check("cycle_threshold")

# %% [markdown]
# ## 4. Clipping cannot hurt? ({points}, 8 minutes)
#
# "At worst clipping does nothing", says the colleague. "With the same start, learning rate and number of steps, the clipped
# game never ends further from the equilibrium than the unclipped one." Prove the contrary, without decay.
#
# **Given** `lr`, a number between 0.1<!--plain--> and 0.3<!--plain-->; `steps`, a whole number such that `lr**2 * steps` is above 8<!--plain-->.
#
# **Return** `return scheme, start, max_norm`: `"simultaneous"`, `"alternating"` (the players step in turn) or
# `"extragradient"` (both look ahead first); the pair `(x, y)` at which both runs start; and a threshold, for both players'
# gradients together, with which the clipped run ends **at least ten times as far** from the equilibrium as the unclipped one.


# %% answer="worse_when_clipped"
def worse_when_clipped(lr, steps):
    """A scheme, a start and a threshold with which clipping does harm."""
    ### BEGIN SOLUTION
    return "extragradient", (3.0, 4.0), 0.01  # it comes home by itself; clipped, it cannot get there in time
    ### END SOLUTION


# %% check="worse_when_clipped"
check("worse_when_clipped")

# %% [markdown]
# ## 5. Count the modes ({points}, 12 minutes)
#
# Whether a generator has collapsed depends on how you count. A sample takes the label of its nearest known example
# (distance: the Euclidean norm), and is **good** if that one is no further away than `allowed`. A mode, which is one of the
# labels, is **covered** when at least `share` of **all** samples are good and have its label.
#
# **Given** `samples`, an array of shape `(n, d)`, with rows of `nan` where the generator overflowed; `known`, shape
# `(m, d)`, and `labels`, shape `(m,)`, whole numbers: the known examples and their modes; `allowed` and `share`, numbers
# above 0.
#
# **Return** `return modes, quality`: how many modes are covered, and the share of all samples that are good.
#
# You are asked about eight points on a ring, and about 150<!--plain--> real digits of 64<!--plain--> pixels, where one label has many examples.

# %%
data = digits()
known, labels = data.X[:150], data.y[:150]
print("known digits:", known.shape, "with", len(set(labels.tolist())), "labels")
print("two of one label are this far apart:", np.linalg.norm(known[0] - known[10]).round(2))
print("two of different labels:", np.linalg.norm(known[0] - known[1]).round(2))


# %% answer="modes_and_quality"
def modes_and_quality(samples, known, labels, allowed, share):
    """How many modes are covered, and the share of good samples."""
    ### BEGIN SOLUTION
    distances = np.linalg.norm(samples[:, None] - known[None], axis=2)
    good = distances.min(axis=1) <= allowed  # nan is not
    label = labels[distances.argmin(axis=1)]
    modes = sum(np.mean(good & (label == mode)) >= share for mode in set(labels.tolist()))
    return modes, np.mean(good)
    ### END SOLUTION


# %% check="modes_and_quality"
check("modes_and_quality")

# %% [markdown]
# ## 6. Mend a training step ({points}, 15 minutes)
#
# One training step of a small GAN on real digits. It has **four mistakes**. What it should do, in this order:
#
# 1. the discriminator's gradient of $-\log D(\text{real}) - \log(1 - D(\text{fake}))$, each a mean over the batch, and
#    nothing else in it;
# 2. clip it by its own norm at `max_norm`;
# 3. the discriminator's step;
# 4. the generator's gradient of $-\log D(\text{fake})$, by the discriminator as it is **now**, and nothing else in it;
# 5. clip it by its own norm at `max_norm`;
# 6. the generator's step.
#
# **Given** `generator`, from noise of shape `(16, 4)` to digits of shape `(16, 64)`; `discriminator`, from digits to logits
# $s$ of shape `(16, 1)`, with $D = 1 / (1 + e^{-s})$; the `optimizer` of each; `real` and `noise`, a batch of each;
# `max_norm`.
#
# **Return** `return d_norm, g_norm`: two numbers, the norms of both gradients before clipping.
#
# Copy the body of `broken_gan_step` into the answer cell and mend it there. `softplus(s)` is $\log(1 + e^s)$, so
# $-\log D$ is `softplus(-s)`. PyTorch's `clip_grad_norm_` is allowed; it returns the norm before clipping.


# %%
def broken_gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm):
    """Four mistakes."""
    fake = generator(noise)
    d_loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()
    d_loss.backward()
    d_optimizer.step()
    d_norm = clip_grad_norm_(discriminator.parameters(), max_norm)

    g_optimizer.zero_grad()
    g_loss = -softplus(discriminator(fake)).mean()
    g_loss.backward()
    g_norm = clip_grad_norm_([*generator.parameters(), *discriminator.parameters()], max_norm)
    g_optimizer.step()
    return d_norm.item(), g_norm.item()


generator, discriminator, batches = tiny_gan(seed=1)
g_optimizer, d_optimizer = SGD(generator.parameters(), lr=0.5), SGD(discriminator.parameters(), lr=0.5)
for real, noise in batches:
    norms = broken_gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, 0.05)
    print("norms of discriminator and generator:", [round(norm, 2) for norm in norms])


# %% answer="gan_step"
def gan_step(generator, discriminator, g_optimizer, d_optimizer, real, noise, max_norm):
    """One step of the discriminator, then one of the generator; both norms before clipping."""
    ### BEGIN SOLUTION
    fake = generator(noise)
    d_optimizer.zero_grad()  # the generator's last backward left gradients here
    d_loss = softplus(-discriminator(real)).mean() + softplus(discriminator(fake.detach())).mean()
    d_loss.backward()
    d_norm = clip_grad_norm_(discriminator.parameters(), max_norm)
    d_optimizer.step()

    g_optimizer.zero_grad()
    g_loss = softplus(-discriminator(fake)).mean()
    g_loss.backward()
    g_norm = clip_grad_norm_(generator.parameters(), max_norm)
    g_optimizer.step()
    return d_norm.item(), g_norm.item()
    ### END SOLUTION


# %% check="gan_step"
check("gan_step")

# %% [markdown]
# ## 7. Bring it home ({points}, 12 minutes)
#
# Now with noise, as in training: games $(x - a)(y - b)$, each with an equilibrium $(a, b)$ of its own. Every gradient is
# noisy, and one batch in fifty is 300<!--plain--> times noisier than the others. There are 400<!--plain--> steps, from a distance of 4<!--plain-->.
#
# **Given** `noisy_distances(scheme, lr, max_norm)`, the distances of ten such games from their equilibria, shape
# `(401, 10)`: at the start and after each step. `scheme` is one of the three of question 4. Clipping is joint, acts on each gradient
# that a player reads (with a look ahead, on the trial gradient too), and `math.inf` means none. With `seeds=range(50)` it plays fifty games.
#
# **Set** `my_scheme`, `my_lr` and `my_max_norm` such that ten games that nobody has seen are at most `0.3` away from their
# equilibria, on average over the last 100<!--plain--> steps. Leave a margin.

# %%
distances = noisy_distances("simultaneous", 0.1, math.inf)
print(f"simultaneous, lr 0.1, no clipping: {distances[-100:].mean():.1f}")

# %% answer="game_choice" tags=["nbval-ignore-output"]
### STUB # Your experiment goes here; write what it tells you into the last three lines.
### STUB my_scheme = None
### STUB my_lr = None
### STUB my_max_norm = None
### BEGIN SOLUTION
for scheme in ("simultaneous", "alternating", "extragradient"):
    for lr in (0.1, 0.35):
        found = [noisy_distances(scheme, lr, c)[-100:].mean() for c in (math.inf, 10, 1, 0.3)]
        print(f"{scheme:13s} lr {lr:<4}  thresholds inf, 10, 1, 0.3:", *(f"{mean:8.3g}" for mean in found))

my_scheme = "extragradient"  # the only one that comes home at all
my_lr = 0.35  # large enough to arrive in 400 steps
my_max_norm = 1.0  # above ordinary gradients near home, far below those of a bad batch
### END SOLUTION

# %% check="game_choice"
check("game_choice")

# %% [markdown]
# ## What you can do now
#
# Play the smallest adversarial game by hand, say how fast it runs away when it is clipped and on which circle it ends with
# decay, name a case in which clipping does harm, count modes so that rubbish, luck and overflow do not count, keep the
# gradients of two networks apart in a training step, and tell what clipping can cure in a game from what it cannot.
