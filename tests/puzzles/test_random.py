"""The generator behind every puzzle: published values, and uniform draws."""

import math
from collections import Counter

import numpy as np

from puzzles.random import (
    ahead,
    below,
    drawn_order,
    next_uint64,
    seeded,
    shuffle,
    skip,
    uniform,
    uniform_rows,
    uniforms,
    words,
)


def assert_uniform(counts, values):
    counts = np.array([counts[value] for value in values])
    mean = counts.mean()
    statistic = ((counts - mean) ** 2 / mean).sum()
    assert abs(statistic - len(counts) + 1) < 5 * math.sqrt(2 * len(counts))  # chi-square, mean and 5 deviations


def test_it_is_splitmix64():
    state = np.zeros(1, np.uint64)  # its published first outputs from state 0
    assert [next_uint64(state) for _ in range(3)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_looking_ahead_sees_what_comes():
    state, other = seeded(np.uint64(7)), seeded(np.uint64(7))
    words = [next_uint64(state) for _ in range(10)]
    assert [ahead(other[0], count) for count in range(10)] == words
    skip(other, 9)
    assert next_uint64(other) == words[9]


def test_words_are_those_of_the_stream():
    state = seeded(np.uint64(7))
    stream = [next_uint64(state) for _ in range(10)]
    assert words(np.uint64(7), 0, 10).tolist() == stream
    assert words(np.uint64(7), 6, 3).tolist() == stream[6:9]


def test_seeds_make_streams_of_their_own():
    firsts = {int(next_uint64(seeded(np.uint64(seed)))) for seed in (*range(1000), *range(2**64 - 1000, 2**64))}
    assert len(firsts) == 2000
    state, again = seeded(np.uint64(5)), seeded(np.uint64(5))
    assert [next_uint64(state) for _ in range(5)] == [next_uint64(again) for _ in range(5)]


def test_draws_are_uniform():
    state = seeded(np.uint64(0))
    for bound in (1, 2, 7, 900):
        draws = Counter(int(below(state, bound)) for _ in range(30 * bound + 100))
        assert set(draws) <= set(range(bound))
        if bound > 1:
            assert_uniform(draws, range(bound))
    numbers = np.array([uniform(state) for _ in range(5000)])
    assert ((numbers >= 0) & (numbers < 1)).all()
    assert_uniform(Counter((numbers * 50).astype(int).tolist()), range(50))


def test_uniform_numbers_of_many_seeds_are_those_of_each_stream():
    found = uniforms(np.array([5, 2**64 - 1], np.uint64), 3)
    for row, seed in zip(found, (5, 2**64 - 1), strict=True):
        state = seeded(np.uint64(seed))
        assert row.tolist() == [uniform(state) for _ in range(3)]


def test_every_order_is_equally_likely():
    state = seeded(np.uint64(1))
    orders = Counter()
    for _ in range(120 * 40):
        values = np.arange(5)
        shuffle(state, values)
        orders[tuple(values.tolist())] += 1
    assert len(orders) == 120
    assert_uniform(orders, list(orders))


def test_orders_and_rows_are_those_of_the_stream():
    state = seeded(np.uint64(3))
    skip(state, 5 << 40)
    stream = [next_uint64(state) for _ in range(12)]
    assert drawn_order(12, 3, stream=5).tolist() == sorted(range(12), key=stream.__getitem__)
    assert uniform_rows(4, 3, 3, stream=5).ravel().tolist() == [(word >> 11) / 2**53 for word in stream]
    assert uniform_rows(2, 3, 3, stream=5).ravel().tolist() == [(word >> 11) / 2**53 for word in stream[:6]]
    assert sorted(drawn_order(1000, 2**64 - 1).tolist()) == list(range(1000))
