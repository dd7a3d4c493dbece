r"""Products of Jacobians: what backpropagation through many layers multiplies a gradient by.

One factor with $\lVert J \rVert_2 > 1$ is necessary for the product to grow, and not sufficient: what
counts is the growth rate of the product. Pascanu, Mikolov & Bengio 2013, section 2; for random matrices
Newman 1986, "The distribution of Lyapunov exponents: exact results for random matrices".
Taught in lesson 01_explosion.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.dynamics.formats import DynamicsError

Matrix = NDArray[np.float64]


def spectral_norm(J: ArrayLike) -> float:
    r"""The largest singular value, $\lVert J \rVert_2$: the most that J stretches any vector in one step."""
    return float(np.linalg.norm(_square(J), 2))


def spectral_radius(J: ArrayLike) -> float:
    r"""The largest magnitude of an eigenvalue: $\lVert J^k \rVert_2^{1/k}$ tends to it as k grows."""
    return float(np.abs(np.linalg.eigvals(_square(J))).max())


def power_norms(J: ArrayLike, steps: int) -> NDArray[np.float64]:
    r"""$\lVert J^k \rVert_2$ for k = 0, ..., steps: shape (steps + 1,).

    A non-normal J may grow for many steps although its spectral radius is below 1: the eigenvalues rule
    the end, the singular values the beginning.
    """
    J = _square(J)
    power, norms = np.eye(len(J)), np.empty(steps + 1)
    for k in range(steps + 1):
        norms[k] = np.linalg.norm(power, 2)
        power = J @ power
    return norms


def ginibre(n: int, gain: float, rng: np.random.Generator) -> Matrix:
    r"""A random Jacobian, n by n, its entries normal with standard deviation gain / sqrt(n).

    Its largest singular value is close to 2 * gain, its spectral radius close to gain (Ginibre 1965).
    """
    return np.asarray(gain * rng.standard_normal((n, n)) / math.sqrt(n))


def log_norms_of_product(jacobians: Iterable[ArrayLike]) -> NDArray[np.float64]:
    r"""$\ln \lVert J_k \cdots J_2 J_1 \rVert_2$ after each factor, k = 1, ..., L: shape (L,).

    The product is brought back to norm 1 after each factor, so that it neither overflows nor underflows.
    A product that is exactly zero gives -inf from there on.
    """
    logs: list[float] = []
    product: Matrix | None = None
    total = 0.0
    for J in jacobians:
        product = np.asarray(J, np.float64) if product is None else np.asarray(J, np.float64) @ product
        norm = float(np.linalg.norm(product, 2))
        total += math.log(norm) if norm > 0 else -math.inf
        product = product / norm if norm > 0 else product
        logs.append(total)
    if not logs:
        raise DynamicsError("A product of Jacobians needs at least one factor; there is none.")
    return np.array(logs)


def random_product_log_norms(
    n: int, depth: int, gain: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    r"""$\ln \lVert J_k \cdots J_1 \rVert_2$ of `depth` independent `ginibre` matrices: shape (depth,)."""
    return log_norms_of_product(ginibre(n, gain, rng) for _ in range(depth))


def ginibre_growth_rate(n: int, gain: float) -> float:
    r"""The growth of $\ln \lVert J_k \cdots J_1 \rVert$ a layer, for many layers of `ginibre` matrices.

    $$\lambda = \ln g + \tfrac12 \left( \psi(n/2) - \ln(n/2) \right)$$

    with the digamma function psi (Newman 1986). For large n it is $\ln g - 1/(2n)$.
    """
    if n < 1 or gain <= 0:
        raise DynamicsError(f"A random Jacobian needs n of at least 1 and gain above 0, not {n} and {gain}.")
    return math.log(gain) + 0.5 * (_digamma_of_half(n) - math.log(n / 2))


def critical_gain(n: int) -> float:
    r"""The gain at which products of `ginibre` matrices neither grow nor shrink: a little above 1.

    $$g_c = \exp\left(\tfrac12 (\ln(n/2) - \psi(n/2))\right) \approx 1 + \frac{1}{2n}$$
    """
    return math.exp(-ginibre_growth_rate(n, 1.0))


def _digamma_of_half(n: int) -> float:
    """psi(n / 2), from psi(1) and psi(1/2) by psi(x + 1) = psi(x) + 1 / x."""
    start = -np.euler_gamma if n % 2 == 0 else -np.euler_gamma - 2 * math.log(2)
    below = np.arange(2 - n % 2, n, 2)
    return float(start + np.sum(2.0 / below))


def _square(J: ArrayLike) -> Matrix:
    matrix = np.asarray(J, np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise DynamicsError(f"A power needs a square matrix; this one has the shape {matrix.shape}.")
    return matrix
