r"""Optimizers that show their inner state, in NumPy, and what theory says about the length of their steps.

Each takes weights and a gradient of any one shape and returns the new weights; it never changes either. Its
buffers are attributes (`u`, `m`, `v`, `t`), so that every one of them can be watched. The arithmetic is that of
`torch.optim`, and agrees with it to rounding. Taught in lesson 05_optimizers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from course_lib.errors import CourseError

Array: TypeAlias = NDArray[np.floating[Any]]


class OptimizerError(CourseError, ValueError):
    """An optimizer or one of its formulas was asked for something without meaning; the message says what."""


@dataclass
class SGD:
    r"""$w \leftarrow (1 - \eta\lambda)\, w - \eta\, g$.

    Without momentum, decoupled decay and an L2 penalty on the loss are the same; `torch.optim.SGD` with
    `weight_decay` is this rule, and so is its clipping: the decay is added after the gradient was clipped.
    """

    lr: float
    decay: float = 0.0

    def __post_init__(self) -> None:
        _above_zero("lr", self.lr)
        _at_least_zero("decay", self.decay)

    def step(self, w: Array, g: Array) -> Array:
        """The weights after one step."""
        _same_shape(w, g)
        return (1 - self.lr * self.decay) * w - self.lr * g


@dataclass
class HeavyBall:
    r"""$u \leftarrow \beta u + g$, $w \leftarrow w - \eta\, u$; `u` is the velocity, 0 before the first step.

    If every $\lVert g \rVert \le c$, every step is at most $\eta c / (1 - \beta)$ long. Polyak 1964.
    """

    lr: float
    beta: float = 0.9
    u: Array | float = 0.0

    def __post_init__(self) -> None:
        _above_zero("lr", self.lr)
        _below_one("beta", self.beta)

    def step(self, w: Array, g: Array) -> Array:
        """The weights after one step."""
        _same_shape(w, g)
        self.u = self.beta * self.u + g
        return w - self.lr * self.u


@dataclass
class Adam:
    r"""$w \leftarrow w - \eta\, \hat m / (\sqrt{\hat v} + \epsilon)$ with, entry by entry,

    $m \leftarrow \beta_1 m + (1 - \beta_1) g$, $v \leftarrow \beta_2 v + (1 - \beta_2) g^2$,
    $\hat m = m / (1 - \beta_1^t)$, $\hat v = v / (1 - \beta_2^t)$. Kingma & Ba 2015, Algorithm 1.
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    decay: float = field(default=0.0, kw_only=True)
    t: int = 0
    m: Array | float = 0.0
    v: Array | float = 0.0

    def __post_init__(self) -> None:
        _above_zero("lr", self.lr)
        _below_one("beta1", self.beta1)
        _below_one("beta2", self.beta2)
        _at_least_zero("eps", self.eps)
        _at_least_zero("decay", self.decay)

    def step(self, w: Array, g: Array) -> Array:
        """The weights after one step."""
        _same_shape(w, g)
        self.t += 1
        self.m = self.beta1 * self.m + (1 - self.beta1) * g
        self.v = self.beta2 * self.v + (1 - self.beta2) * g**2
        m_hat = self.m / (1 - self.beta1**self.t)
        return (1 - self.lr * self.decay) * w - self.lr * m_hat / (np.sqrt(self.v_hat) + self.eps)

    @property
    def v_hat(self) -> Array | float:
        r"""$v / (1 - \beta_2^t)$: the running mean of squares, free of its start at 0; 0 before the first step."""
        return self.v / (1 - self.beta2**self.t) if self.t else 0.0


class AdamW(Adam):
    r"""Adam with decoupled decay $\lambda$ = `decay`: $w$ is multiplied by $1 - \eta\lambda$ before Adam's step.

    Loshchilov & Hutter 2019, Algorithm 2, as in `torch.optim.AdamW`.
    """


def braked_share(spike: float, beta2: float = 0.999, at: float = math.inf, after: int = 0) -> float:
    r"""Adam's effective step $1/\sqrt{\hat v}$ behind one gradient of size K in a stream of size 1, as a share.

    $1/\sqrt{1 + (K^2 - 1)(1 - \beta_2)\, \beta_2^n / (1 - \beta_2^{s+n})}$, where the spike is gradient number
    s = `at` (`math.inf`: long after the start) and n = `after` more have come. Raises `OptimizerError`.
    """
    _above_zero("spike", spike)
    _below_one("beta2", beta2)
    if at < 1 or after < 0:
        raise OptimizerError(f"Gradients are counted from 1, and `after` from 0; got at={at}, after={after}.")
    weight = (1 - beta2) * beta2**after / (1 - beta2 ** (at + after))
    return 1 / math.sqrt(1 + (spike**2 - 1) * weight)


def recovery_steps(spike: float, beta2: float = 0.999, share: float = 0.9, at: float = math.inf) -> int:
    r"""How many ordinary gradients after the spike `braked_share` is back at `share`, a number between 0 and 1.

    The smallest whole $n \ge \ln\big[((1 - \beta_2)(K^2 - 1) + \theta \beta_2^s) / \theta\big] / (-\ln \beta_2)$
    with $\theta = 1/\text{share}^2 - 1$. Raises `OptimizerError`.
    """
    _above_zero("spike", spike)
    if not 0 < share < 1 or not 0 < beta2 < 1:
        raise OptimizerError(f"share and beta2 must lie between 0 and 1; got {share} and {beta2}.")
    theta = 1 / share**2 - 1
    excess = (1 - beta2) * (spike**2 - 1) + theta * beta2**at
    return max(0, math.ceil(math.log(excess / theta) / -math.log(beta2))) if excess > theta else 0


def isolated_adam_step(beta1: float = 0.9, beta2: float = 0.999) -> float:
    r"""Adam's step in units of the learning rate when a gradient comes after a long silence.

    $(1 - \beta_1)/\sqrt{1 - \beta_2}$, whatever the gradient's size. Kingma & Ba 2015, section 2.1.
    """
    _below_one("beta1", beta1)
    _below_one("beta2", beta2)
    return (1 - beta1) / math.sqrt(1 - beta2)


def largest_adam_step(beta1: float = 0.9, beta2: float = 0.999) -> float:
    r"""The supremum of Adam's step over all gradient sequences, in units of the learning rate.

    $(1 - \beta_1)/\sqrt{(1 - \beta_2)(1 - \beta_1^2/\beta_2)}$, by Cauchy and Schwarz; approached by gradients that
    grow by $\beta_2/\beta_1$ a step after a long silence. Needs $\beta_1^2 < \beta_2$; raises `OptimizerError`.
    """
    _below_one("beta1", beta1)
    _below_one("beta2", beta2)
    if beta1**2 >= beta2:
        raise OptimizerError(f"The step is bounded only where beta1^2 < beta2; got {beta1} and {beta2}.")
    return (1 - beta1) / math.sqrt((1 - beta2) * (1 - beta1**2 / beta2))


def cancelling_threshold(w: Array, g: Array, decay: float) -> float | None:
    r"""The clipping threshold at which a step of SGD undoes decoupled decay along w; `None` where there is none.

    $c^* = \lambda \lVert w \rVert^2 \lVert g \rVert / (-\langle g, w \rangle)$. There is one where the gradient
    step makes w longer ($\langle g, w \rangle < 0$) and the gradient is long enough to be cut to it
    ($c^* \le \lVert g \rVert$). It does not depend on the learning rate, and holds for no adaptive optimizer.
    """
    _same_shape(w, g)
    _above_zero("decay", decay)
    along = float(np.sum(g * w))
    if along >= 0:
        return None
    norm = float(np.linalg.norm(g))
    threshold = decay * float(np.sum(w**2)) * norm / -along
    return threshold if threshold <= norm else None


def _above_zero(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise OptimizerError(f"{name} must be a number above 0, but it is {value!r}.")


def _at_least_zero(name: str, value: float) -> None:
    if not 0 <= value < math.inf:
        raise OptimizerError(f"{name} must be 0 or a number above 0, but it is {value!r}.")


def _below_one(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise OptimizerError(f"{name} must be at least 0 and below 1, but it is {value!r}.")


def _same_shape(w: Array, g: Array) -> None:
    if np.shape(w) != np.shape(g):
        raise OptimizerError(f"The weights have the shape {np.shape(w)}, their gradient {np.shape(g)}.")
