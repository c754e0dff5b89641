"""Paired differences of few runs: Student's t interval and test, and an exact permutation test. Needs no torch."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

MOST_PERMUTED = 16
"""Differences at most for the exact permutation test, which looks at two to the power of them."""


@dataclass(frozen=True)
class Paired:
    """The mean of n paired differences and what is known of it."""

    mean: float
    half: float | None
    """Half of the 95 % interval by Student's t; None of one difference."""
    p_t: float | None
    """Two-sided p value of the paired t test that the mean is 0; None of one difference."""
    p_permutation: float | None
    """Two-sided p value of the exact test that flips signs: the share of sign patterns whose mean is as far from 0.
    Of n differences it is at least 2 / 2^n. None of more than ``MOST_PERMUTED``."""
    count: int

    def __str__(self) -> str:
        if self.half is None:
            return f"{self.mean:+.3f} (n = 1)"
        permuted = "" if self.p_permutation is None else f", permutation p = {self.p_permutation:.3f}"
        return f"{self.mean:+.3f} ± {self.half:.3f} (n = {self.count}, t p = {self.p_t:.3f}{permuted})"


def paired(differences: Sequence[float]) -> Paired:
    """Test whether the mean of paired differences is 0.

    Args:
        differences: one per pair, of runs with the same seed.

    Raises:
        ValueError: there is none.
    """
    n = len(differences)
    if not n:
        raise ValueError("no differences, expected at least 1")
    mean = math.fsum(differences) / n
    permutation = permutation_p(differences) if n <= MOST_PERMUTED else None
    if n == 1:
        return Paired(mean, None, None, None, 1)
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in differences) / (n - 1) / n)
    if error == 0:
        return Paired(mean, 0.0, float(mean == 0), permutation, n)
    return Paired(mean, t_quantile(0.95, n - 1) * error, 1 - t_within(abs(mean) / error, n - 1), permutation, n)


def t_within(t: float, freedom: int) -> float:
    """Return the probability that Student's t lies between -t and t (Abramowitz and Stegun, 26.7.3 and 26.7.4).

    Args:
        t: at least 0.
        freedom: degrees of freedom, at least 1.
    """
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    term = total = 1.0 if freedom % 2 == 0 else cosine
    for k in range(2 if freedom % 2 == 0 else 3, freedom - 1, 2):
        term *= cosine**2 * (k - 1) / k
        total += term
    if freedom % 2 == 0:
        return sine * total
    return 2 / math.pi * (angle + (sine * total if freedom > 1 else 0.0))


def t_quantile(within: float, freedom: int) -> float:
    """Return the t for which ``t_within`` is ``within``, by bisection."""
    low, high = 0.0, 1.0
    while t_within(high, freedom) < within:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if t_within(middle, freedom) < within else (low, middle)
    return (low + high) / 2


def permutation_p(differences: Sequence[float]) -> float:
    """Return the two-sided p value of the exact sign-flipping test."""
    found = abs(math.fsum(differences)) * (1 - 1e-12)
    patterns = list(itertools.product((1, -1), repeat=len(differences)))
    as_far = sum(
        abs(math.fsum(sign * value for sign, value in zip(signs, differences, strict=True))) >= found
        for signs in patterns
    )
    return as_far / len(patterns)
