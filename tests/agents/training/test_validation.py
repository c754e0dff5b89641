"""Training chooses on validation alone, and every run knows what it and those before it were trained on."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

import puzzles
from agents.checkpoints.chain import CHAIN, read_chain
from agents.cli import main
from agents.training.runs.log import read_metrics
from agents.training.trainer import Trainer
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from tests.agents.conftest import TINY, small_dataset, tiny_config
from tests.agents.training.runs import same, timeless

OLD = Path(__file__).parents[1] / "data"


def test_the_test_split_is_never_read(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shutil.copy(dataset, tmp_path / "copy.h5")  # arrays of an open dataset are read once
    read, arrays = [], Dataset._read
    monkeypatch.setattr(
        Dataset, "_read", lambda self, file, split, name: (read.append(split), arrays(self, file, split, name))[1]
    )
    Trainer(tiny_config(path, tmp_path / "run")).train(progress=False)
    assert set(read) == {"train", "validation"}


def test_a_file_without_validation_sets_train_rows_aside(tmp_path: Path) -> None:
    path = small_dataset(tmp_path / "old.h5", "sudoku-4x4", validation=0)
    trainer = Trainer(tiny_config(path, tmp_path / "run", seed=3))
    trainer.train(progress=False)
    data = trainer.tasks[0].dataset
    assert (data.counts["train"], data.counts["validation"]) == (27, 3)
    trained, measured = ({grid.tobytes() for grid in data.split(name).puzzle} for name in ("train", "validation"))
    assert len(trained) == 27
    assert not trained & measured
    assert [line["puzzles"] for line in read_metrics(tmp_path / "run", "validation")] == [3, 3]
    (only,) = read_chain(tmp_path / "run", "")
    assert only["datasets"][0]["set_aside"].endswith("3 of 30 train puzzles are set aside for it (seed 3)")
    resumed = Trainer.resume(tmp_path / "run").tasks[0].dataset
    assert (resumed.split("validation").puzzle == data.split("validation").puzzle).all()


def test_the_chain_goes_back_to_the_first_run(dataset: Path, tmp_path: Path) -> None:
    Trainer(tiny_config(dataset, tmp_path / "first", steps=2)).train(progress=False)
    other = build_dataset(
        tmp_path / "other.h5", puzzles.family("sudoku-4x4"), train=20, test=5, validation=5, seed=1, progress=False
    )
    config = tiny_config(other.path, tmp_path / "second", steps=2, init_from=str(tmp_path / "first"))
    Trainer(config).train(progress=False)
    chain = json.loads((tmp_path / "second" / CHAIN).read_text())
    assert [link["run"] for link in chain] == ["first", "second"]
    assert [link["datasets"][0]["name"] for link in chain] == ["sudoku-4x4", "other"]
    checksums = [Dataset(path).attributes["checksum"] for path in (dataset, other.path)]
    assert [link["datasets"][0]["checksum"] for link in chain] == checksums
    assert chain[1]["datasets"][0]["splits"] == ["train", "validation"]


def test_an_unknown_origin_is_said(dataset: Path, tmp_path: Path) -> None:
    Trainer(tiny_config(dataset, tmp_path / "first", steps=2)).train(progress=False)
    (tmp_path / "first" / CHAIN).unlink()
    config = tiny_config(dataset, tmp_path / "second", steps=2, init_from=str(tmp_path / "first"))
    Trainer(dataclasses.replace(config, model=TINY)).train(progress=False)
    assert read_chain(tmp_path / "second", "")[0] == {"run": str(tmp_path / "first"), "datasets": None}


def test_a_run_from_before_validation_splits_goes_on_with_every_train_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that an earlier version began and interrupted at step 4 of 8."""
    run = Path(shutil.copytree(OLD / "run-of-version-0", tmp_path / "run"))
    dataset = OLD / "dataset-of-version-0.h5"
    rows = Dataset(dataset).counts["train"]
    for step, more in ((4, ["--steps", "6"]), (6, ["--steps", "8"])):  # resumed again, it still is such a run
        trainer = Trainer.resume(run, dataset=dataset)
        assert (trainer.step, len(trainer.tasks[0].batches)) == (step, rows)
        assert trainer.tasks[0].dataset.counts["train"] < rows, "those set aside are measured"
        main(["train", "--resume", str(run), "--dataset", str(dataset), *more])
        note = f"the run is from before there were any and continues with all {rows} train puzzles"
        assert capsys.readouterr().out.count(note) == 1


def test_such_a_run_is_resumed_bit_for_bit(tmp_path: Path) -> None:
    path = small_dataset(tmp_path / "old.h5", "sudoku-4x4", validation=0)
    config = tiny_config(path, tmp_path / "whole")
    whole = Trainer(config, former=True)
    whole.train(progress=False)
    assert len(whole.tasks[0].batches) == 30

    first = Trainer(dataclasses.replace(config, output=tmp_path / "parts", steps=6), former=True)
    first.train(progress=False)
    (tmp_path / "parts" / CHAIN).unlink()  # which no run of that time has
    second = Trainer.resume(tmp_path / "parts", steps=12)
    second.train(progress=False)
    assert same(timeless(whole.state()), timeless(second.state()))

    today = Trainer(dataclasses.replace(config, output=tmp_path / "today"))
    assert len(today.tasks[0].batches) == 27
    assert today.tasks[0].note.endswith("3 of 30 train puzzles are set aside for it (seed 0)")


def test_a_file_with_its_own_validation_has_nothing_to_note(dataset: Path, tmp_path: Path) -> None:
    for former in (False, True):
        (task,) = Trainer(tiny_config(dataset, tmp_path / str(former)), former=former).tasks
        assert (task.note, len(task.batches)) == ("", 60)
