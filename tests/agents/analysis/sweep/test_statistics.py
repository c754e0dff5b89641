"""Student's t and the sign-flipping test against tables and counts by hand."""

import math

import pytest

from agents.analysis.sweep.statistics import paired, permutation_p, t_quantile, t_within


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.7062), (2, 4.30265), (3, 3.18245), (4, 2.77645), (5, 2.57058), (9, 2.26216), (30, 2.04227)],
)
def test_quantiles_of_the_tables(freedom: int, quantile: float) -> None:
    assert t_quantile(0.95, freedom) == pytest.approx(quantile, abs=1e-4)
    assert t_within(quantile, freedom) == pytest.approx(0.95, abs=1e-6)


def test_a_paired_test() -> None:
    """Sleep of ten patients under two drugs (Student 1908): t = 4.0621, p = 0.002833, interval 0.700 to 2.460."""
    gained = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    found = paired(gained)
    assert found.mean == pytest.approx(1.58)
    assert found.half == pytest.approx(0.87989, abs=1e-4)
    assert found.p_t == pytest.approx(0.002833, abs=1e-6)
    assert found.count == 10
    assert str(found) == "+1.580 ± 0.880 (n = 10, t p = 0.003, permutation p = 0.004)"
    flipped = paired([-value for value in gained])
    assert (flipped.mean, flipped.p_t) == (pytest.approx(-1.58), pytest.approx(found.p_t))


def test_permutations_by_hand() -> None:
    """Of the 8 sign patterns of 1, 2, 4 the sum 7 comes once and -7 once; 1 + 2 - 4 = -1 is reached by all."""
    assert permutation_p([1.0, 2.0, 4.0]) == 2 / 8
    assert permutation_p([1.0, 2.0, -4.0]) == 1.0
    assert permutation_p([1.0, -2.0, 4.0]) == 6 / 8  # |sum| at least 3: not 1 + 2 - 4 and its mirror
    assert permutation_p([0.1] * 5) == 2 / 32


def test_few_and_equal_differences() -> None:
    one = paired([0.25])
    assert (one.mean, one.half, one.p_t, one.p_permutation, str(one)) == (0.25, None, None, None, "+0.250 (n = 1)")
    same = paired([0.5, 0.5, 0.5])
    assert (same.half, same.p_t, same.p_permutation) == (0.0, 0.0, 0.25)
    assert paired([0.0, 0.0]).p_t == 1.0
    assert paired([1.0, 2.0] * 10).p_permutation is None
    assert math.isclose(paired([1.0, 2.0] * 10).mean, 1.5)
    with pytest.raises(ValueError, match="no differences, expected at least 1"):
        paired([])
