"""Mixtures by shares: who is in, in which order, and what limits them."""

from collections import Counter

import numpy as np
import pytest

import puzzles
from puzzles import PuzzleError, shares
from puzzles.dataset import Dataset, DatasetWriter, Provenance, split_keys, verify, write_dataset
from puzzles.published import SUDOKU_EXTREME_MIX, mix_sudoku_extreme
from puzzles.shares import from_dataset, from_generator, from_list, mix_by_shares, quotas
from tests.puzzles.dataset_helpers import generate, same, symmetric
from tests.puzzles.importer_helpers import write_text


@pytest.fixture(scope="module")
def family():
    return puzzles.family("sudoku-6x6")


@pytest.fixture(scope="module")
def rows(family):
    return generate(family, 100)


def stored(path, family, rows):
    provenance = Provenance("a test", rating_source="imported")
    write_dataset(path, family, rows.take(slice(0)), rows, provenance=provenance, allow_empty=True)
    return Dataset(path)


def keys(family, rows):
    return [key.tobytes() for key in split_keys(family, rows.puzzle, rows.solution)]


@pytest.fixture
def sources(tmp_path, family, rows):
    """60 puzzles with a share of 3, 30 with 1; ratings of other orders than the mixture's."""
    wrong = rows._replace(rating=rows.rating + 100)
    return [
        from_dataset("many", 3, stored(tmp_path / "a.h5", family, wrong.take(slice(60)))),
        from_dataset("few", 1, stored(tmp_path / "b.h5", family, wrong.take(slice(60, 90)))),
    ]


def test_rows_by_share_each_with_its_source(tmp_path, family, rows, sources):
    dataset, shortage = mix_by_shares(tmp_path / "out.h5", sources, 40, seed=3, command="a command", progress=False)
    assert shortage == ""
    assert dataset.counts == {"train": 0, "validation": 0, "test": 40}
    assert dataset.source_names == ("many", "few")
    mixed, numbers = dataset.split("test"), dataset.source("test")
    assert np.bincount(numbers).tolist() == [30, 10]
    place = {key: row for row, key in enumerate(keys(family, rows))}
    found = np.array([place[key] for key in keys(family, mixed)])
    assert ((found >= 60) == (numbers == 1)).all()
    assert len(set(found.tolist())) == 40
    assert np.count_nonzero(numbers[1:] != numbers[:-1]) > 5  # mixed up: the first rows are a sample of all
    assert (mixed.puzzle != rows.puzzle[found]).any(axis=(1, 2)).all()  # shuffled by a symmetry each
    assert np.array_equal(mixed.rating, family.rate(mixed.puzzle))
    report = verify(dataset.path, progress=False)
    assert report.ratings_computed
    assert dataset.provenance.generator == "air_envs mixture by shares"
    assert dataset.provenance.seed == 3
    assert dataset.provenance.command == "a command"
    parameters = dataset.provenance.parameters
    checksum = Dataset(tmp_path / "b.h5").attributes["checksum"]
    assert parameters["sources"][1] == {
        "name": "few", "share": 1, "rows": 10, "file": "b.h5", "split": "test", "checksum": checksum
    }  # fmt: skip
    assert parameters["asked"] == 40


def test_the_seed_decides_every_row(tmp_path, sources):
    def mixed(name, seed):
        return mix_by_shares(tmp_path / name, sources, 40, seed=seed, progress=False).dataset

    one, again, other = mixed("1.h5", 1), mixed("2.h5", 1), mixed("3.h5", 2)
    assert one.path.read_bytes() == again.path.read_bytes()
    assert not same(one.split("test"), other.split("test"))
    assert one.provenance.command == "mix_by_shares({'many': 3, 'few': 1}, count=40, exclude=[], seed=1)"


def test_a_short_source_limits_the_whole(tmp_path, sources):
    dataset, shortage = mix_by_shares(tmp_path / "out.h5", sources, 1_000, progress=False)
    assert np.bincount(dataset.source("test")).tolist() == [60, 20]
    assert shortage == "many: 60 puzzles for a share of 75.0 %, so 80 rows in all, not 1,000"


def test_nothing_that_was_trained_or_selected_on_is_in(tmp_path, family, rows, sources):
    unwanted = symmetric(family, rows.take(np.r_[0:20, 60:85]))
    held_out = symmetric(family, rows.take(slice(20, 40)))
    with DatasetWriter(tmp_path / "used.h5", family, provenance=Provenance("a test")) as writer:
        for split, part in (
            ("train", unwanted.take(slice(20))),
            ("validation", unwanted.take(slice(20, 45))),
            ("test", held_out),
        ):
            writer.append(split, part)
    exclude = [Dataset(tmp_path / "used.h5")]
    dataset, shortage = mix_by_shares(tmp_path / "out.h5", sources, 60, exclude, progress=False)
    assert shortage == "few: 5 puzzles for a share of 25.0 %, so 22 rows in all, not 60"
    assert np.bincount(dataset.source("test")).tolist() == [17, 5]  # as near to the shares as 5 of the few allow
    found = set(keys(family, dataset.split("test")))
    assert not found & set(keys(family, unwanted))
    assert found & set(keys(family, held_out))
    checksum = exclude[0].attributes["checksum"]
    assert dataset.provenance.parameters["excluded"] == [{"file": "used.h5", "checksum": checksum}]
    with pytest.raises(
        PuzzleError, match="many: no puzzle is left, expected one that no other dataset or source holds"
    ):
        mix_by_shares(tmp_path / "new.h5", sources, 60, [Dataset(tmp_path / "a.h5")], progress=False)
    assert not (tmp_path / "new.h5").exists()


def test_what_two_sources_have_counts_for_the_first(tmp_path, family, rows):
    one = from_dataset("one", 1, stored(tmp_path / "a.h5", family, rows.take(slice(20))))
    two = from_dataset("two", 1, stored(tmp_path / "b.h5", family, symmetric(family, rows.take(slice(10, 40)))))
    dataset, _ = mix_by_shares(tmp_path / "out.h5", [one, two], 40, progress=False)
    mixed = dataset.split("test").take(dataset.source("test") == 1)
    assert set(keys(family, mixed)) == set(keys(family, rows.take(slice(20, 40))))


def test_lists_are_solved_and_proved(tmp_path, family, rows):
    batch = rows.take(slice(30))
    path = write_text(tmp_path / "list.txt", family, batch, head="# a list\n\n")
    source = from_list("list", 1, path, family, ["another"])
    dataset, _ = mix_by_shares(tmp_path / "out.h5", [source], 20, progress=False)
    assert set(keys(family, dataset.split("test"))) < set(keys(family, batch))
    (origin,) = dataset.provenance.parameters["sources"]
    assert (origin["list"], origin["stands_for"], len(origin["sha256"])) == ("list.txt", ["another"], 64)
    path.write_text(f"{family.format(batch.puzzle[0])}\n{'.' * 36}\n")
    with pytest.raises(PuzzleError, match=r"list\.txt line 2: several solutions"):
        mix_by_shares(tmp_path / "new.h5", [source], 2, progress=False)


def test_generated_puzzles_have_no_end(tmp_path, family, rows):
    made = from_generator("made", 2, family, family.Options(clues=14))
    few = from_dataset("few", 1, stored(tmp_path / "a.h5", family, rows))
    dataset, shortage = mix_by_shares(tmp_path / "out.h5", [made, few], 300, progress=False)
    assert shortage == ""
    clues = np.count_nonzero(dataset.split("test").puzzle, axis=(1, 2))
    assert (clues[dataset.source("test") == 0] == 14).all()
    assert np.bincount(dataset.source("test")).tolist() == [200, 100]


def test_a_generator_that_makes_nothing_new_is_short(tmp_path, monkeypatch):
    monkeypatch.setattr(shares, "PATIENCE", 2_000)
    family = puzzles.family("maze-2x3")  # six puzzles up to symmetry
    source = from_generator("made", 1, family, family.Options())
    dataset, shortage = mix_by_shares(tmp_path / "out.h5", [source], 10, progress=False)
    assert dataset.counts["test"] == 6
    assert shortage == "made: 6 puzzles for a share of 100.0 %, so 6 rows in all, not 10"


def test_mazes_are_labelled_by_the_rule(tmp_path):
    family = puzzles.family("maze-6x6")
    options = family.Options(generator="percolation", min_path=5)
    dataset, _ = mix_by_shares(tmp_path / "out.h5", [from_generator("made", 1, family, options)], 50, progress=False)
    rows = dataset.split("test")
    assert np.array_equal(rows.solution, family.solve(rows.puzzle))
    verify(dataset.path, progress=False)


@pytest.mark.parametrize(
    ("parts", "count", "expected"),
    [
        ([1], 7, [7]),
        ([3, 1], 40, [30, 10]),
        ([1, 1, 1], 10, [4, 3, 3]),
        ([48.4, 23.9, 23.1, 2.3, 1.2, 1.1], 1000, [484, 239, 231, 23, 12, 11]),
        ([48.4, 23.9, 23.1, 2.3, 1.2, 1.1], 10, [5, 3, 2, 0, 0, 0]),
        ([0.001, 1], 1, [0, 1]),
    ],
)
def test_quotas(parts, count, expected):
    assert quotas(parts, count) == expected


def test_quotas_add_up_and_are_off_by_less_than_one():
    rng = np.random.default_rng(0)
    for _ in range(200):
        parts, count = rng.random(rng.integers(1, 9)) + 1e-6, int(rng.integers(1, 5000))
        rows = quotas(parts, count)
        assert sum(rows) == count
        assert (np.abs(rows - parts / parts.sum() * count) < 1).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 0}, "count 0, expected 1 or more"),
        ({"sources": []}, "no source, expected one or more"),
        ({"share": 0}, "made: share 0, expected more than 0"),
        ({"share": float("nan")}, "made: share nan, expected more than 0"),
        ({"share": float("inf")}, "made: share inf, expected more than 0"),
        ({"seed": -1}, "seed -1, expected 0 <= seed"),
        ({"name": "other"}, "expected at most 256 different names"),
        ({"family": puzzles.family("sudoku-4x4")}, "made: holds sudoku-4x4, expected sudoku-6x6, as other does"),
    ],
)
def test_arguments_that_cannot_be(tmp_path, family, change, message):
    made = {"name": "made", "share": 1, "family": family} | {
        name: change.pop(name) for name in ("name", "share", "family") if name in change
    }
    others = [
        from_generator("other", 1, family, family.Options()),
        from_generator(**made, options=made["family"].Options()),
    ]
    arguments = {"sources": others, "count": 2, "seed": 0} | change
    with pytest.raises(PuzzleError) as caught:
        mix_by_shares(tmp_path / "out.h5", **arguments, progress=False)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_one_family_with_what_is_excluded(tmp_path, family):
    other = puzzles.family("sudoku-4x4")
    exclude = [stored(tmp_path / "a.h5", other, generate(other, 3))]
    with pytest.raises(PuzzleError, match=r"a\.h5: holds sudoku-4x4, expected sudoku-6x6, as made does"):
        mix_by_shares(
            tmp_path / "out.h5", [from_generator("made", 1, family, family.Options())], 2, exclude, progress=False
        )


# -- the stand-in for Sudoku-Extreme's test set ------------------------------------------------------------------------


def test_the_shares_are_the_published_ones():
    assert sum(part.share for part in SUDOKU_EXTREME_MIX) == pytest.approx(100)
    by_name = {part.name: part.share for part in SUDOKU_EXTREME_MIX}
    assert by_name["ph_1910_sample"] == pytest.approx(48.4 + 23.9)
    assert by_name["puzzles1_unbiased_sample"] == 23.1


def test_the_stand_in(tmp_path, real_data):
    family = puzzles.family("sudoku-9x9")
    dataset, shortage = mix_sudoku_extreme(tmp_path / "a.h5", real_data, 200, progress=False)
    assert shortage == ""
    assert Counter(np.array(dataset.source_names)[dataset.source("test")].tolist()) == {
        "ph_1910_sample": 145,
        "puzzles1_unbiased_sample": 46,
        "generated_easy": 5,
        "17_clue": 2,
        "forum_hardest_1905_11+": 2,
    }
    rows, names = dataset.split("test"), np.array(dataset.source_names)[dataset.source("test")]
    assert (np.count_nonzero(rows.puzzle[names == "17_clue"], axis=(1, 2)) == 17).all()
    assert not rows.rating[names == "generated_easy"].any()
    assert 18 < rows.rating.mean() < 30  # published: about 22
    again, _ = mix_sudoku_extreme(tmp_path / "b.h5", real_data / "sudoku", 200, [dataset], progress=False)
    assert not set(keys(family, rows)) & set(keys(family, again.split("test")))
    stands_for = [source["stands_for"] for source in dataset.provenance.parameters["sources"]]
    assert stands_for == [["puzzles4_forum_hardest_1905", "01_file1 (ph_2010)"], [], ["puzzles0_kaggle"], [], []]
    _, shortage = mix_sudoku_extreme(tmp_path / "c.h5", real_data, 10_000, progress=False)
    assert shortage == "ph_1910_sample: 500 puzzles for a share of 72.3 %, so 692 rows in all, not 10,000"


def test_a_list_that_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no such list of puzzles: .*ph_1910_sample\.txt"):
        mix_sudoku_extreme(tmp_path / "a.h5", tmp_path, 10, progress=False)
