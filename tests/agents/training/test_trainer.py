import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import puzzles
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_model, load_training
from agents.checkpoints.kinds import checkpoint_steps
from agents.checkpoints.manifest import record
from agents.config.model import to_json
from agents.config.presets import PRESETS
from agents.config.training import TrainConfig, train_config_from_json
from agents.evaluation import wilson_interval
from agents.figures.training_curve import draw_training_curve
from agents.training.runs.divergence import TrainingDiverged
from agents.training.runs.log import METRICS, read_metrics
from agents.training.trainer import Trainer
from puzzles.build import build_dataset
from puzzles.dataset import Provenance, write_dataset
from tests.agents.conftest import TINY, tiny_config
from tests.agents.training.runs import same, timeless


def test_a_run_leaves_a_model_metrics_and_curves(run: Path) -> None:
    assert {"config.json", "model.safetensors", "training.pt", "train.json", METRICS} <= {p.name for p in run.iterdir()}
    assert not list(run.glob(".*")), "no temporary files"
    assert list(run.glob("events.out.tfevents.*"))
    assert [line["step"] for line in read_metrics(run, "train")] == [3, 6, 9, 12]
    assert [line["step"] for line in read_metrics(run, "validation")] == [6, 12]
    *_, train = read_metrics(run, "train")
    assert {"loss", "answer_loss", "exact_accuracy", "cell_accuracy", "steps", "lr", "puzzles"} <= train.keys()
    assert train_config_from_json((run / "train.json").read_text()).model == TINY
    assert draw_training_curve(run).stat().st_size > 10_000


def test_the_saved_model_is_the_moving_average(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run"))
    trainer.train(progress=False)
    saved = load_model(tmp_path / "run")
    for name, value in trainer.average.state_dict().items():
        assert torch.equal(saved.state_dict()[name], value)
    assert not torch.equal(saved.embedding, trainer.model.embedding)


@pytest.mark.parametrize("optimizer", ["adam_atan2", "adamw"])
def test_one_seed_gives_one_run(dataset: Path, tmp_path: Path, optimizer: str) -> None:
    states = []
    for name in "ab":
        trainer = Trainer(tiny_config(dataset, tmp_path / name, optimizer=optimizer))
        trainer.train(progress=False)
        states.append(timeless(trainer.state()))
    assert same(*states)
    other = Trainer(tiny_config(dataset, tmp_path / "c", optimizer=optimizer, seed=1))
    other.train(progress=False)
    assert not same(states[0]["model"], other.state()["model"])


@pytest.mark.parametrize(("optimizer", "q_continue", "stop"), [("adam_atan2", True, 6), ("adamw", False, 7)])
def test_resume_is_bit_exact(dataset: Path, tmp_path: Path, optimizer: str, q_continue: bool, stop: int) -> None:
    """Stopping between two lines of metrics (7) must not lose what was counted towards the next."""
    model = dataclasses.replace(TINY, q_continue=q_continue)
    config = tiny_config(dataset, tmp_path / "whole", optimizer=optimizer, model=model)
    whole = Trainer(config)
    whole.train(progress=False)

    parts = dataclasses.replace(config, output=tmp_path / "parts", checkpoint_every=stop)
    first = Trainer(parts)
    save, calls = first.save, []

    def save_then_die() -> None:
        save()
        calls.append(first.step)
        raise SystemExit("killed")

    first.save = save_then_die
    with pytest.raises(SystemExit):
        first.train(progress=False)
    assert calls == [stop]
    second = Trainer.resume(tmp_path / "parts")
    assert second.step == stop
    second.train(progress=False)
    assert same(timeless(whole.state()), timeless(second.state()))
    lines = [[timeless(line) for line in read_metrics(run)] for run in (config.output, parts.output)]
    assert lines[0] == lines[1]


def test_a_killed_process_leaves_a_whole_checkpoint(dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    config = tiny_config(dataset, output, steps=100_000, checkpoint_every=1, eval_every=100_000)
    script = (
        "import sys; from agents.config.training import train_config_from_json as read;"
        "from agents.training.trainer import Trainer;"
        "Trainer(read(sys.stdin.read())).train(progress=False)"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, text=True)
    process.stdin.write(to_json(config))
    process.stdin.close()
    deadline = time.monotonic() + 60
    while not (output / "training.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    trainer = Trainer.resume(output)
    assert trainer.step >= 1
    trainer.train_step()
    load_model(output)


def test_ctrl_c_finishes_the_step_and_saves(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tiny_config(dataset, tmp_path / "whole")
    whole = Trainer(config)
    whole.train(progress=False)
    trainer = Trainer(dataclasses.replace(config, output=tmp_path / "run"))

    def press_ctrl_c(parameters: object, norm: object) -> None:
        if trainer.step == 4:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("agents.training.learner.clip_gradients", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(progress=False)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert load_training(tmp_path / "run", "cpu")["step"] == 5
    resumed = Trainer.resume(tmp_path / "run")
    resumed.train(progress=False)
    assert same(timeless(whole.state()), timeless(resumed.state()))


def test_ctrl_c_breaks_off_an_evaluation_which_the_resumed_run_makes(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = dataclasses.replace(tiny_config(dataset, tmp_path / "whole"), eval_every=3)
    whole = Trainer(config)
    whole.train(progress=False)
    trainer = Trainer(dataclasses.replace(config, output=tmp_path / "run"))
    beyond = []

    def press_ctrl_c(*args: object, **fields: object) -> None:
        signal.raise_signal(signal.SIGINT)
        beyond.append(args)

    monkeypatch.setattr("agents.training.trainer.evaluate", press_ctrl_c)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            trainer.train(progress=False)
        assert load_training(tmp_path / "run", "cpu")["step"] == 3
        trainer = Trainer.resume(tmp_path / "run")
    assert not beyond
    monkeypatch.undo()
    resumed = Trainer.resume(tmp_path / "run")
    resumed.train(progress=False)
    assert same(timeless(whole.state()), timeless(resumed.state()))
    lines = [
        [line["step"] for line in read_metrics(run, "validation")] for run in (tmp_path / "whole", tmp_path / "run")
    ]
    assert lines[0] == lines[1] != []


def test_a_diverging_loss_stops_the_run(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run"))
    trainer.model.lm_head.weight.data.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match=r"loss nan at step 3; no good checkpoint is left"):
        trainer.train(progress=False)


def test_weights_that_break_before_an_evaluation_are_said_to(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", log_every=100, eval_every=3))
    trainer.train_step()
    with torch.no_grad():
        for model in (trainer.model, trainer.average):
            model.lm_head.weight[:] = float("nan")
            model.q_head.weight[:] = float("nan")
    with pytest.raises(TrainingDiverged, match="not finite"):
        trainer.train(progress=False)


def test_a_loss_far_above_a_guess_stops_the_run_and_names_a_checkpoint_before(dataset: Path, tmp_path: Path) -> None:
    """Checkpoints at steps 4 and 8, metrics at 3, 6, 9; from step 7 on all is lost: the one at 8 is no good."""
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", checkpoint_every=4))
    step = trainer.train_step

    def thrown_off() -> None:
        if trainer.step == 6:
            trainer.model.lm_head.weight.data.mul_(1e12)
        step()

    trainer.train_step = thrown_off
    with pytest.raises(
        TrainingDiverged, match=r"loss \d\S*, where a guess has 1.79, at step 9; the last good .* is .*run/.*/step-4$"
    ):
        trainer.train(progress=False)
    assert checkpoint_steps(tmp_path / "run") == [4, 8]


def test_weights_that_are_no_numbers_are_never_saved(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", checkpoint_every=2, log_every=3))
    step = trainer.train_step

    def poisoned() -> None:
        step()
        if trainer.step == 4:
            trainer.model.lm_head.weight.data[0, 0] = float("inf")

    trainer.train_step = poisoned
    with pytest.raises(
        TrainingDiverged,
        match=r"a weight is not finite at step 4; the last good checkpoint is .*/step-2",
    ):
        trainer.train(progress=False)
    assert load_training(tmp_path / "run", "cpu")["step"] == 2
    assert torch.isfinite(load_model(tmp_path / "run").lm_head.weight).all()


def test_a_run_may_be_moved_and_then_goes_on_where_it_is(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "moved")
    assert Trainer.resume(tmp_path / "moved").config.output == tmp_path / "moved"


def test_resuming_on_another_dataset_is_refused(dataset: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.h5"
    shutil.copy(dataset, data)
    Trainer(tiny_config(data, tmp_path / "run")).train(progress=False)
    build_dataset(data, puzzles.family("sudoku-4x4"), train=60, test=40, seed=1, progress=False, overwrite=True)
    with pytest.raises(CheckpointError, match="another dataset"):
        Trainer.resume(tmp_path / "run")


def test_a_damaged_run_configuration_is_named(run: Path, tmp_path: Path) -> None:
    for text in ("{", "{}", '{"model": {"layers": 0}}'):
        (tmp_path / "train.json").write_text(text)
        with pytest.raises(CheckpointError, match=r"train\.json"):
            Trainer.resume(tmp_path)


def test_windows_in_which_nothing_halted_claim_no_accuracy(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", log_every=1))
    trainer.train(progress=False)
    first, *_ = read_metrics(tmp_path / "run", "train")
    assert first["puzzles"] == 0
    assert "exact_accuracy" not in first
    assert any("exact_accuracy" in line for line in read_metrics(tmp_path / "run", "train"))


def test_a_folder_with_a_run_is_not_overwritten(dataset: Path, run: Path) -> None:
    before = (run / METRICS).read_bytes()
    with pytest.raises(ValueError, match="holds a run already"):
        Trainer(tiny_config(dataset, run)).train(progress=False)
    assert (run / METRICS).read_bytes() == before


def test_the_model_must_be_for_the_datasets_family(maze_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"maze-7x5\.h5: holds maze-7x5, the model is for sudoku-4x4"):
        Trainer(tiny_config(maze_dataset, tmp_path / "run"))


def test_puzzles_to_measure_must_be_there(tmp_path: Path) -> None:
    path = build_dataset(tmp_path / "a.h5", puzzles.family("sudoku-4x4"), train=1, test=0, progress=False).path
    with pytest.raises(ValueError, match=r"a\.h5: 1 train puzzles, expected 2 or more to set one aside for validation"):
        Trainer(tiny_config(path, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_mazes_labelled_otherwise_train_without_copies(tmp_path: Path) -> None:
    family = puzzles.family("maze-2x2")
    puzzle, solution = (
        np.stack([family.parse(text) for text in texts]) for texts in (("S  G", "SG  "), ("So G", "SG  "))
    )
    data = puzzles.Puzzles(puzzle, solution, family.rate(puzzle))
    train, validation, none = data.take(slice(1)), data.take(slice(1, 2)), data.take(slice(0))
    options = {"provenance": Provenance("a test"), "allow_empty": True}
    write_dataset(tmp_path / "a.h5", family, train, none, validation=validation, **options)
    config = tiny_config(tmp_path / "a.h5", tmp_path / "run", model=dataclasses.replace(TINY, family="maze-2x2"))
    with pytest.raises(ValueError, match=r"a\.h5: puzzle 0: labelled with another .* without them, --no-symmetry"):
        Trainer(config)
    trainer = Trainer(dataclasses.replace(config, symmetry=False))
    trainer.train_step()
    assert len(trainer.tasks[0].batches) == 1


def test_mazes_train_too(maze_dataset: Path, tmp_path: Path) -> None:
    model = dataclasses.replace(TINY, family="maze-7x5")
    evaluation = Trainer(tiny_config(maze_dataset, tmp_path / "run", model=model)).train(progress=False)
    assert evaluation.exact.shape == (16, 4)


def test_bfloat16_softmax_clip_and_whole_gradient_train(dataset: Path, tmp_path: Path) -> None:
    model = dataclasses.replace(TINY, gradient="LLHLLH", position="rope")
    config = tiny_config(dataset, tmp_path / "run", model=model, dtype="bfloat16", loss="softmax", clip=1.0, ema=None)
    trainer = Trainer(config)
    trainer.train(progress=False)
    assert trainer.tasks[0].carry.state.z_H.dtype == torch.bfloat16
    assert all(p.dtype == torch.float32 for p in trainer.model.parameters())


def test_supervision_teaches(dataset: Path, tmp_path: Path) -> None:
    """A few seconds of training fit the cells far better than chance; with shuffled labels they can't."""
    config = tiny_config(
        dataset,
        tmp_path / "run",
        steps=150,
        batch=32,
        optimizer="adamw",
        lr=3e-3,
        weight_decay=0.0,
        model=dataclasses.replace(TINY, q_continue=False),
        ema=None,
        schedule="cosine",
        eval_every=150,
        checkpoint_every=150,
        loss="softmax",
        eval_puzzles=40,
    )
    learned = Trainer(config).train(progress=False)
    broken = Trainer(dataclasses.replace(config, output=tmp_path / "broken"))
    broken.tasks[0].batches.grids[:, 1] = broken.tasks[0].batches.grids[torch.randperm(60), 1]
    unlearned = broken.train(progress=False)
    assert learned.cells[-1] > 0.55
    assert unlearned.cells[-1] < 0.45


def test_training_says_nothing_of_the_test_split(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run"))
    assert len(trainer.tasks[0].batches) == 60
    train = {bytes(row.tolist()) for row in trainer.tasks[0].batches.grids[:, 0]}
    test = trainer.tasks[0].dataset.split("test").puzzle
    assert not train & {bytes((grid + 1).ravel().tolist()) for grid in test}


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_checkpoint_without_a_file_is_named(run: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(run, tmp_path / "copy")
    (tmp_path / "copy" / name).unlink()
    with pytest.raises(CheckpointError, match=rf"copy: no {name}"):
        load_model(tmp_path / "copy")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "training.pt"])
def test_a_truncated_checkpoint_is_named(run: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(run, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy" / "checkpoints")  # which would mend it
    path = tmp_path / "copy" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    load = Trainer.resume if name == "training.pt" else load_model
    with pytest.raises(CheckpointError, match=rf"copy/{name}"):
        load(tmp_path / "copy")


def test_weights_that_do_not_fit_are_refused(run: Path, tmp_path: Path) -> None:
    shutil.copytree(run, tmp_path / "copy")
    config = json.loads((run / "config.json").read_text())
    (tmp_path / "copy" / "config.json").write_text(json.dumps(config | {"layers": 2}))
    record(tmp_path / "copy", "config.json", "model.safetensors")
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        load_model(tmp_path / "copy")


def test_resuming_an_empty_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not the folder of a training run"):
        Trainer.resume(tmp_path)


def test_the_hub_mixin_reads_our_folders(run: Path) -> None:
    from agents import AIR

    model = AIR.from_pretrained(run, strict=True)
    assert model.config == TINY
    assert torch.equal(model.lm_head.weight, load_model(run).lm_head.weight)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_whole_and_survive_json(name: str) -> None:
    preset = PRESETS[name]
    assert train_config_from_json(to_json(preset)) == preset


def test_the_papers_preset_is_the_papers() -> None:
    preset = PRESETS["sudoku-extreme-1k"]
    assert preset == TrainConfig(dataset=preset.dataset, output=preset.output)
    assert (preset.steps, preset.batch, preset.lr, preset.weight_decay, preset.warmup) == (
        26_040,
        768,
        1e-4,
        1.0,
        2_000,
    )
    assert (preset.optimizer, preset.loss, preset.model.q_continue, preset.exploration) == (
        "adam_atan2",
        "stablemax",
        True,
        0.1,
    )


def test_wilson_interval_matches_published_values() -> None:
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson_interval(0, 10)[0] == 0
