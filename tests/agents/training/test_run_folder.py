"""Runs begun in new folders only, resumed as they were, extended by a number of steps."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch

from agents.checkpoints.errors import CheckpointError, OccupiedError
from agents.checkpoints.folder import load_model, load_training
from agents.checkpoints.kinds import checkpoint_steps
from agents.cli import main
from agents.config.training import read_train_config
from agents.hub.packing import pack
from agents.training.runs.folder import schedule_note
from agents.training.runs.log import read_metrics
from agents.training.trainer import Trainer
from tests.agents.conftest import tiny_config
from tests.agents.training.runs import same, timeless


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("kept", "held"),
    [
        (("config.json", "model.safetensors", "manifest.json", "best"), "a checkpoint"),
        (("config.json", "model.safetensors", "generator.json"), "a packed model"),
        (("best",), "a checkpoint"),
        (("training.pt",), "a run"),
        (("checkpoints",), "a run"),
        (("train.json", "metrics.jsonl"), "a run without a checkpoint"),
    ],
)
def test_a_new_run_replaces_nothing_unasked(
    run: Path, dataset: Path, tmp_path: Path, kept: tuple[str, ...], held: str
) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    (folder / "generator.json").write_text("{}")
    (folder / "notes.txt").write_text("mine")
    for path in folder.iterdir():
        if path.name not in (*kept, "notes.txt"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    before = contents(folder)
    config = tiny_config(dataset, folder, steps=3, keep=1)
    with pytest.raises(OccupiedError, match=f"^{folder}: holds {held} already; .* with --overwrite$"):
        Trainer(config).train(progress=False)
    assert contents(folder) == before
    Trainer(config).train(progress=False, overwrite=True)
    assert checkpoint_steps(folder) == [3], "nothing is left of the run before"
    assert not (folder / "generator.json").exists()
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_folder_of_other_files_may_hold_a_run_too(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "curve.png").write_text("mine too")
    Trainer(tiny_config(dataset, tmp_path, steps=1)).train(progress=False, overwrite=True)
    assert (tmp_path / "README.md").read_text() == "mine"
    assert (tmp_path / "curve.png").read_text() == "mine too"


def test_a_dataset_is_no_folder_for_a_run(dataset: Path) -> None:
    before = dataset.read_bytes()
    for overwrite in (False, True):
        with pytest.raises(OccupiedError, match=f"^{dataset}: holds a dataset already; expected a new folder$"):
            Trainer(tiny_config(dataset, dataset)).train(progress=False, overwrite=overwrite)
    assert dataset.read_bytes() == before


def test_training_may_be_taken_up_again_in_the_same_process(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run"))
    step, stops = trainer.train_step, [5]

    def stop() -> None:
        step()
        if [trainer.step] == stops:
            stops.clear()
            raise KeyboardInterrupt

    trainer.train_step = stop  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        trainer.train(progress=False)
    trainer.train(progress=False)
    assert trainer.step == 12


@pytest.mark.parametrize("kind", ["pack", "best", "moved"])
def test_what_is_no_run_is_not_resumed_from_its_first_step(run: Path, dataset: Path, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "folder"
    if kind == "pack":
        pack(run, folder, dataset)
    elif kind == "best":
        shutil.copytree(run / "best", folder)
    else:
        shutil.copytree(run, folder, ignore=shutil.ignore_patterns("training.pt", "checkpoints"))
    shutil.copy(run / "train.json", folder)
    before = contents(folder)
    with pytest.raises(CheckpointError, match=r"holds a .* without training\.pt: nothing to resume from$"):
        Trainer.resume(folder)
    assert contents(folder) == before


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_run_is_extended_by_more_steps(dataset: Path, tmp_path: Path, schedule: str) -> None:
    """With a constant learning rate to the run that had the number of steps from its beginning, bit for bit."""
    config = tiny_config(dataset, tmp_path / "whole", schedule=schedule)
    whole = Trainer(config)
    whole.train(progress=False)
    part = dataclasses.replace(config, output=tmp_path / "part", steps=6)
    Trainer(part).train(progress=False)
    extended = Trainer.resume(part.output, steps=12)
    assert extended.config.steps == 12
    extended.train(progress=False)
    assert same(timeless(whole.state()), timeless(extended.state())) == (schedule == "constant")
    assert read_train_config(part.output).steps == 12
    assert [line["step"] for line in read_metrics(part.output, "train")] == [3, 6, 9, 12]
    note = schedule_note(part, extended.config, 6)
    if schedule == "constant":
        assert note is None
    else:
        assert note == (
            "schedule cosine depends on the number of steps: from step 6 on the learning rate follows that of 12 steps,"
            " 0.000854 where that of 6 had 0; a run of 12 steps from its beginning would differ"
        )


def test_an_extension_that_is_killed_goes_on_as_extended(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    trainer = Trainer.resume(folder, steps=20, checkpoint_every=100, keep=5)

    def die() -> None:
        raise SystemExit("killed")

    trainer.train_step = die  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        trainer.train(progress=False)
    again = Trainer.resume(folder)
    assert (again.step, again.config.steps, again.config.keep) == (12, 20, 5)


def test_what_may_change_changes_nothing_of_the_weights(run: Path, dataset: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    moved = Path(shutil.copy(dataset, tmp_path / "moved.h5"))
    changes = {"dataset": moved, "log_every": 5, "eval_every": 4, "checkpoint_every": 7, "checkpoint_minutes": None}
    trainer = Trainer.resume(folder, **changes, steps=14, keep=1, device="cpu", compile="off", wandb=None)
    assert trainer.config == dataclasses.replace(Trainer.resume(run).config, output=folder, **changes, steps=14, keep=1)
    trainer.train(progress=False)
    other = Trainer.resume(Path(shutil.copytree(run, tmp_path / "other")), steps=14)
    other.train(progress=False)
    assert same(dict(trainer.model.state_dict()), dict(other.model.state_dict()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"batch": 16},
            "^batch 16, but the run is trained with 8; a resumed run may change dataset, also, steps, .* only",
        ),
        ({"seed": 3}, "^seed 3, but the run is trained with 0"),
        ({"loss": "softmax"}, "^loss 'softmax', but the run is trained with 'stablemax'"),
        ({"eval_puzzles": 8}, "^eval_puzzles 8, but the run is trained with 16"),
        ({"also": ((Path("x.h5"), 4),)}, r"^also .*x\.h5.*, but the run is trained with \(\);"),
        ({"steps": 5}, "^steps 5, expected at least the 12 that the run has taken$"),
        ({"steps": 0}, "^steps 0, expected at least 1$"),
        ({"device": "abacus"}, "device 'abacus' is not available"),
    ],
)
def test_what_a_resumed_run_may_not_change(run: Path, tmp_path: Path, changes: dict, message: str) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    before = contents(folder)
    with pytest.raises(ValueError, match=message):
        Trainer.resume(folder, **changes)
    assert contents(folder) == before


def test_an_edited_configuration_is_said_to_be(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    path = folder / "train.json"
    written = json.loads(path.read_text())
    path.write_text(json.dumps(written | {"batch": 16}))
    message = r"train\.json: batch 16, but the run was trained with 8; remove the file to continue with that$"
    with pytest.raises(CheckpointError, match=message):
        Trainer.resume(folder)
    path.write_text(json.dumps(written | {"log_every": 7}))
    message = r" 7, but the run was trained with 3; remove the file and give --log-every to continue with that$"
    with pytest.raises(CheckpointError, match=message):
        Trainer.resume(folder)
    path.write_text(json.dumps(written))
    assert Trainer.resume(folder).config.batch == 8, "written otherwise, it says the same"
    path.unlink()
    trainer = Trainer.resume(folder, log_every=7)
    assert (trainer.step, trainer.config.batch, trainer.config.log_every) == (12, 8, 7)
    trainer.train(progress=False)
    assert read_train_config(folder).log_every == 7


def test_an_edited_configuration_of_a_run_without_a_checkpoint_is_refused(run: Path, tmp_path: Path) -> None:
    written = json.loads((run / "train.json").read_text())
    (tmp_path / "train.json").write_text(json.dumps(written | {"batch": 16}))
    with pytest.raises(CheckpointError, match=r"train\.json: edited or damaged, its checksum is another$"):
        Trainer.resume(tmp_path)
    with pytest.raises(ValueError, match=r"train\.json: edited or damaged, its checksum is another$"):
        read_train_config(tmp_path)


def test_a_checkpoint_keeps_the_configuration_without_its_folder(run: Path) -> None:
    config = load_training(run, "cpu")["config"]
    assert "output" not in config
    assert config["batch"] == 8
    assert config["model"]["hidden"] == 32


def test_the_command_extends_a_run(
    run: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    main(["train", "--resume", str(folder), "--steps", "15", "--log-every", "5"])
    assert "schedule" not in capsys.readouterr().out.splitlines()[0]
    assert load_training(folder, "cpu")["step"] == 15
    for flags, message in [
        (["--batch", "16"], "error: batch 16, but the run is trained with 8; a resumed run may change dataset"),
        (["--model.hidden", "64"], "error: model.hidden 64, but the run is trained with 32"),
        (["--steps", "2"], "error: steps 2, expected at least the 15 that the run has taken"),
        (["--overwrite"], "error: --resume takes the run's own configuration, found also --overwrite"),
    ]:
        with pytest.raises(SystemExit, match="2"):
            main(["train", "--resume", str(folder), *flags])
        assert message in capsys.readouterr().err
    cosine = tmp_path / "cosine"
    Trainer(tiny_config(dataset, cosine, schedule="cosine", steps=5)).train(progress=False)
    main(["train", "--resume", str(cosine), "--steps", "8"])
    assert "schedule cosine depends on the number of steps: from step 5 on" in capsys.readouterr().out
    assert torch.isfinite(load_model(cosine).embedding).all()
