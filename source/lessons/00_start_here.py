# ---
# jupyter:
#   course:
#     kind: lesson
#     name: 00_start_here
# ---

# %% [markdown]
# # Start here
#
# **Know in ten minutes how this course works, and that it works on your machine.**
#
# After this page you can
#
# - run a cell, commit to a prediction, and read what a check tells you;
# - find your own work, your progress and your questions;
# - say what is wrong with an installation, or that nothing is.
#
# *You need:* Python (functions, lists, NumPy arrays), derivatives and the chain rule, matrices and vectors, and a rough idea
# of how a neural network is trained. *Difficulty:* easy.
#
# ## What this course is about
#
# When a neural network is trained, each step moves its weights along a *gradient*. Now and then that gradient becomes
# enormous, and one step ruins hours of work. There is a guard against this, one line of
# code called *gradient clipping*. The line is easy to copy. What it does, when it helps, when it does nothing and when it
# harms is what you will find out here: by prediction, by experiment and by solving.
#
# Popular explanations of the subject contain errors, some of them repeated very often. This course does not repeat
# them. It shows them to you, lets you break them, and says what is true instead.
#
# ## First: does everything work?
#
# A cell is run with **Shift + Enter**. Run the next one: the doctor looks at your installation.

# %%
import numpy as np

from course_lib import doctor
from course_lib.teach import (
    Hint,
    Journal,
    LearningMap,
    Predict,
    Progress,
    Quiz,
    measured_minutes,
)

doctor.report()

# %% [markdown]
# If a line says that something is wrong, it also says what to do. Nothing you do here leaves your machine.
#
# ## The map
#
# The lessons build on one another. Predict in a lesson to light the path to the next one; nothing is locked, the map only
# remembers. (The numbers leave room for lessons in between.) Each exercise is copied into your own folder `work/` when you first open
# it. Updating the course never touches that folder.

# %%
LearningMap("00_start_here")

# %% [markdown]
# ## A first prediction
#
# Every lesson begins with a guess. It costs nothing, nobody sees it, and it makes you remember: you will know exactly
# which of your ideas was right. Choose an answer with the arrow keys and commit.

# %%
first_guess = Predict(
    "halving-the-step",
    "f(x) = x * x has the derivative 2x. You stand at x = 1 and walk against the derivative with step size 0.25: "
    "new x = x - 0.25 * 2x. Where are you after one step?",
    options=["at 0", "at 0.5", "at 0.75"],
)
first_guess

# %% [markdown]
# Now let the machine do it.

# %% id="one-step"
x = 1.0
x_new = x - 0.25 * 2 * x
print("after one step:", x_new)

# %%
first_guess.reveal(
    answer=1, because="The derivative at 1 is 2, a quarter of it is one half, and 1 - 0.5 = 0.5."
)

# %% [markdown]
# And with a step size that is too large? Then something is multiplied again and again by more than 1 in size. That is a
# relative of what this course is about, and it fits into one loop. The last line limits each move.

# %% id="too-large"
for step_size in (0.25, 0.9, 1.1):
    x, path = 1.0, [1.0]
    for _ in range(8):
        x = x - step_size * 2 * x
        path.append(x)
    print(f"step size {step_size}: ", np.round(path, 2).tolist())

careful, limited = 1.0, [1.0]
for _ in range(8):
    move = -1.1 * 2 * careful
    careful = careful + max(-0.4, min(0.4, move))
    limited.append(careful)
print("step size 1.1, no move above 0.4:", np.round(limited, 2).tolist())

# %% [markdown]
# At 1.1<!--= step_size --> each step lands farther away than the one before: after 8<!--plain--> steps you are at
# 4.3<!--= x --> instead of 0. With moves of at most `0.4` you are not thrown out. You do not arrive
# either: you hop between 0.2<!--= abs(careful) --> and -0.2<!--= -abs(careful) -->. Both can happen with gradient clipping, and the course shows when each does.
#
# ## Checks, hints and mistakes
#
# Exercises ask you to write a function or choose a number, and `check("name")` answers about *your* code: not just right
# or wrong, but, whenever it recognises a misunderstanding, which one. It also shows the smallest case that fails. The
# very same check grades your work, on other numbers of the same kind. There are no hidden tests.
#
# Lessons also review their *claims*. Each is **true**, **true only under a condition** (or only in part), or **false as
# stated**; you give your verdict first, and a *witness* cell bears out ours. An **exit check** at the end asks you to say the
# mechanism in your own words.
#
# Hints unfold one after another, from a nudge to a worked step. Opening them costs no points.

# %%
Hint(
    "This is the nudge: it points in a direction.",
    "This is the strategy: it names the way.",
    "This is the worked step: it goes a part of the way with you.",
)

# %% [markdown]
# Lessons end with three quick questions. Every option has an explanation, the wrong ones too.

# %%
Quiz(
    "first-quiz",
    "Your prediction in a lesson turns out to be wrong. What has happened?",
    {
        "I lost points.": "Predictions carry no points. They are kept on your machine and shown to nobody.",
        "I found an idea of mine that needs repair.": "Right, and the rest of the lesson repairs it.",
        "I should skip the lesson.": "On the contrary: this is the lesson that has something for you.",
    },
    answer="I found an idea of mine that needs repair.",
)

# %% [markdown]
# ## Your questions and your progress
#
# A good question is pinned to something: an equation, a cell, the state of a demo. The journal keeps such questions,
# with what evidence would settle them. It is a local file, `work/journal.jsonl`, and can be exported as text.

# %%
Journal("00_start_here")

# %%
Progress()

# %% [markdown]
# In a terminal, `course progress` prints the same table, `course open NAME` opens an exercise, `course reset NAME` gives
# you a fresh copy and keeps the old one, and `course doctor` looks at the installation again.
#
# ## What comes next
#
# [Explosion](01_explosion.ipynb): fifty layers, each a little too generous, and what becomes of a gradient.

# %%
measured_minutes("00_start_here")
