import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from puzzles.dataset.keys import KeySet


def keys_of(numbers):
    """Return keys of 16 bytes that collide in the table as often as can be: their first bytes are alike."""
    return np.array([number.to_bytes(16, "big") for number in numbers], "V16")


@given(st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=12))
def test_a_key_set_numbers_distinct_keys_in_their_order(blocks):
    keys, expected = KeySet(), {}
    for block in blocks:
        new = []
        for number in block:
            new.append(number not in expected)
            expected.setdefault(number, len(expected))
        added = keys.add(keys_of(block)) if block else keys.add(np.empty(0, "V16"))
        assert added.new.tolist() == new
        assert added.number.tolist() == [expected[number] for number in block]
        assert len(keys) == len(expected)


def test_a_key_set_that_grows():
    raw = np.random.default_rng(0).bytes(16 * 50_000)
    distinct = np.frombuffer(raw, "V16")
    keys = KeySet()
    for start in range(0, 50_000, 700):
        assert keys.add(distinct[start : start + 700]).new.all()
    again = keys.add(distinct[::-1])
    assert not again.new.any()
    assert again.number.tolist() == list(range(50_000))[::-1]
    assert len(keys) == 50_000
