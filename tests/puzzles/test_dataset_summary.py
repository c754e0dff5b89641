import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import puzzles
from puzzles.dataset import Dataset, Provenance, write_dataset
from puzzles.dataset.summary import Distribution, bins, summarize, summary_json
from tests.puzzles.dataset_helpers import generate


def distribution_of(values, blocks=1):
    found = Distribution()
    for block in np.array_split(np.array(values), blocks):
        found.add(block)
    return found


@given(st.lists(st.integers(-5, 2**31 - 1), min_size=1, max_size=60), st.integers(1, 7))
def test_a_distribution_is_that_of_its_values(values, blocks):
    found = distribution_of(values, blocks)
    expected, counts = np.unique(values, return_counts=True)
    assert found.values.tolist() == expected.tolist()
    assert found.counts.tolist() == counts.tolist()
    assert found.mean == pytest.approx(np.mean(values))
    for share in (0, 0.05, 0.3, 0.5, 0.95, 1):
        assert found.quantile(share) == np.quantile(values, share, method="inverted_cdf")
    edges = bins([found], 10)
    assert 1 <= len(edges) - 1 <= 11
    assert edges[0] < min(values)
    assert found.shares(edges).sum() == pytest.approx(1)
    assert str(found).startswith("mean ")


def test_the_text_of_a_histogram():
    lines = str(distribution_of([3] * 90 + [4] * 45 + [5] * 14 + [900])).splitlines()
    assert lines[0] == "mean 9.5, min 3, p5 3, median 3, p95 5, max 900"
    assert [line.split()[0] for line in lines[1:]] == ["3", "4", "5"]
    assert lines[3].split()[1] == "+"
    assert [line.count("█") for line in lines[1:]] == [40, 20, 7]
    assert [line.split()[-2] for line in lines[1:]] == ["60.0", "30.0", "10.0"]


def test_every_value_has_a_bar_where_the_bars_suffice():
    rare = distribution_of([0] * 999 + [1])
    assert bins([rare], 10).tolist() == [-0.5, 0.5, 1.5]
    assert rare.shares(bins([rare], 10)).tolist() == [0.999, 0.001]
    assert bins([distribution_of([0] * 999 + [10])], 10)[-1] == 0.5


@pytest.mark.parametrize(("name", "measure"), [("sudoku-6x6", "clues"), ("maze-6x6", "walls")])
def test_a_summary_counts_what_the_family_measures(tmp_path, name, measure):
    family = puzzles.family(name)
    batch = generate(family, 60)
    train, test = batch.take(slice(40)), batch.take(slice(40, 60))
    write_dataset(tmp_path / "a.h5", family, train, test, provenance=Provenance("a test"))
    summary = summarize(Dataset(tmp_path / "a.h5"))
    for split, rows in (("train", train), ("test", test)):
        own = np.count_nonzero(rows.puzzle if measure == "clues" else rows.puzzle == 0, axis=(1, 2))
        assert set(summary[split]) == {"rating", measure}
        for key, values in (("rating", rows.rating), (measure, own)):
            assert summary[split][key].mean == pytest.approx(values.mean())
            assert summary[split][key].counts.sum() == len(values)
    content = json.loads(json.dumps(summary_json(Dataset(tmp_path / "a.h5"), summary)))
    assert content["attributes"]["family"] == name
    assert content["splits"]["test"]["rating"]["max"] == test.rating.max()
    assert sum(content["splits"]["train"][measure]["histogram"].values()) == 40


def test_a_family_measures_by_default_the_cells_to_fill():
    family = puzzles.family("sudoku-4x4")
    batch = generate(family, 5)
    blanks = np.count_nonzero(batch.puzzle == 0, axis=(1, 2))
    assert super(type(family), family).measures(*batch[:2])["cells to fill"].tolist() == blanks.tolist()
