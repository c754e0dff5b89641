"""Importing from the Hugging Face hub, which is out of reach here: its cache on disk is laid out as it would be."""

import pytest

from puzzles import DatasetError
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles
from puzzles.importers.hub import download
from tests.puzzles.dataset_helpers import same
from tests.puzzles.importer_helpers import puzzles_of, write_csv

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub, and no network."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def publish(cache, repository):
    """Return the folder in which the cache holds a data set's files."""
    place = cache / f"datasets--{repository.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    (place / "snapshots" / COMMIT).mkdir(parents=True)
    return place / "snapshots" / COMMIT


@pytest.mark.parametrize(
    ("repository", "name"),
    [("sapientinc/sudoku-extreme", "sudoku-9x9"), ("sapientinc/maze-30x30-hard-1k", "maze-30x30")],
)
def test_a_published_data_set(tmp_path, cache, repository, name):
    family, batch = puzzles_of(name, 30)
    folder = publish(cache, repository)
    write_csv(folder / "train.csv", family, batch.take(slice(20)))
    write_csv(folder / "test.csv", family, batch.take(slice(20, 30)))
    folder, notes = download(repository)
    assert notes == {"hub": repository, "commit": COMMIT}
    report = import_puzzles(folder, tmp_path / "a.h5", train=12, seed=4, notes=notes, progress=False)
    assert (report.family, report.counts) == (name, {"train": 12, "test": 10})
    dataset = Dataset(tmp_path / "a.h5")
    assert dataset.provenance.parameters["hub"] == repository
    assert dataset.provenance.parameters["commit"] == COMMIT
    assert list(dataset.provenance.parameters["files"]) == [f"{COMMIT}/test.csv", f"{COMMIT}/train.csv"]
    assert dataset.provenance.rating_source == "imported"
    assert same(dataset.split("test"), batch.take(slice(20, 30)))
    import_puzzles(folder, tmp_path / "b.h5", train=12, seed=4, notes=notes, progress=False)
    assert same(Dataset(tmp_path / "b.h5").split("train"), dataset.split("train"))
    import_puzzles(folder, tmp_path / "c.h5", train=12, seed=5, notes=notes, progress=False)
    assert not same(Dataset(tmp_path / "c.h5").split("train"), dataset.split("train"))


def test_what_is_fetched(monkeypatch, tmp_path):
    hub = pytest.importorskip("huggingface_hub")
    asked = []
    (tmp_path / COMMIT).mkdir()
    (tmp_path / COMMIT / "train.csv").touch()

    def fake(repository, **arguments):
        asked.append((repository, arguments))
        return str(tmp_path / COMMIT)

    monkeypatch.setattr(hub, "snapshot_download", fake)
    assert download("someone/puzzles", revision="v2").folder == tmp_path / COMMIT
    [(repository, arguments)] = asked
    assert repository == "someone/puzzles"
    assert (arguments["repo_type"], arguments["revision"]) == ("dataset", "v2")
    assert {"train.csv", "test.csv", "train/all__*"} <= set(arguments["allow_patterns"])


def test_a_data_set_out_of_reach(cache):
    with pytest.raises(
        DatasetError, match=r"^sapientinc/sudoku-extreme: cannot be fetched from the Hugging Face hub: [^\n]+$"
    ):
        download("sapientinc/sudoku-extreme")
    publish(cache, "someone/else")
    with pytest.raises(DatasetError, match=r"^someone/else: "):
        download("someone/else")
    with pytest.raises(DatasetError, match=r"^not a name: cannot be fetched"):
        download("not a name")
