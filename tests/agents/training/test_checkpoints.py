"""What a run keeps: the last checkpoints, the best model; and what a kill at any moment leaves."""

import dataclasses
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
import types
from pathlib import Path

import pytest
import torch

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_model, load_training, rewind, save_model
from agents.checkpoints.kinds import WEIGHTS, checkpoint_folder, checkpoint_steps
from agents.checkpoints.manifest import record
from agents.config.training import TrainConfig
from agents.evaluation import Evaluation
from agents.thinking.agent import AIRAgent
from agents.training.runs.log import read_metrics
from agents.training.tasks import Task
from agents.training.trainer import Trainer
from tests.agents.conftest import tiny_config
from tests.agents.training.runs import same, timeless


def rewrite(state: dict, run: Path) -> None:
    """Let a run go on from another state."""
    shutil.rmtree(run / "checkpoints")
    torch.save(state, run / "training.pt")
    record(run, "config.json", "model.safetensors", "training.pt")


def train_or_go_on(config: TrainConfig) -> None:
    """What a killed process is started again with."""
    torch.set_num_threads(1)
    begun = (config.output / "train.json").exists()
    (Trainer.resume(config.output) if begun else Trainer(config)).train(progress=False)


def test_kills_at_random_moments_change_nothing(dataset: Path, tmp_path: Path) -> None:
    """A process killed over and over, while it steps, evaluates, writes metrics or saves, ends where one alone does."""
    changes = {"steps": 120, "log_every": 2, "eval_every": 10, "checkpoint_every": 3}
    whole = Trainer(tiny_config(dataset, tmp_path / "whole", **changes))
    whole.train(progress=False)

    config = tiny_config(dataset, tmp_path / "killed", **changes)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    moments, kills = random.Random(), 0
    while True:
        process = context.Process(target=train_or_go_on, args=(config,))
        process.start()
        if kills < 4:
            seen, deadline = len(list(read_metrics(config.output))), time.monotonic() + 60
            while process.is_alive() and len(list(read_metrics(config.output))) == seen and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(moments.uniform(0, 0.1))
            process.kill()
        process.join(120)
        if process.exitcode != -signal.SIGKILL:
            break
        kills += 1
    assert process.exitcode == 0
    assert kills >= 3

    resumed = Trainer.resume(config.output)
    assert same(timeless(whole.state()), timeless(resumed.state()))
    runs = [[timeless(line) for line in read_metrics(run)] for run in (tmp_path / "whole", config.output)]
    assert runs[0] == runs[1]
    for name in (".", "best"):
        assert same(*(dict(load_model(run / name).state_dict()) for run in (tmp_path / "whole", config.output)))


def test_the_last_checkpoints_are_kept_whole(dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    Trainer(tiny_config(dataset, output, checkpoint_every=2, keep=3)).train(progress=False)
    assert checkpoint_steps(output) == [8, 10, 12]
    for step in (8, 10, 12):
        load_model(checkpoint_folder(output, step))
        assert load_training(checkpoint_folder(output, step), "cpu")["step"] == step
    assert load_training(output, "cpu")["step"] == 12
    assert (output / "training.pt").samefile(checkpoint_folder(output, 12) / "training.pt"), "stored once"


def test_checkpoints_that_were_not_planned_go_first(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run", checkpoint_every=4, checkpoint_minutes=1.0, keep=3)
    trainer = Trainer(config)
    step, seen = trainer.train_step, []

    def slow_step() -> None:
        seen.append(checkpoint_steps(config.output))
        step()
        trainer.seconds += 25.0  # so that the clock asks for steps 3, 7 and 11

    trainer.train_step = slow_step
    trainer.train(progress=False)
    assert seen[3:] == [[3], [3, 4], [3, 4], [3, 4], [3, 4, 7], [4, 7, 8], [4, 7, 8], [4, 7, 8], [4, 8, 11]]
    assert checkpoint_steps(config.output) == [4, 8, 12]


def test_a_run_rewound_to_an_earlier_checkpoint_comes_to_the_same_end(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run", checkpoint_every=4, keep=2)
    whole = Trainer(config)
    whole.train(progress=False)
    before = [timeless(line) for line in read_metrics(config.output)]
    with pytest.raises(CheckpointError, match=r"run: no checkpoint of step 5, expected one of \[8, 12\]"):
        rewind(config.output, 5)
    rewind(config.output, 8)
    assert checkpoint_steps(config.output) == [8]
    again = Trainer.resume(config.output)
    assert again.step == 8
    again.train(progress=False)
    assert same(timeless(whole.state()), timeless(again.state()))
    assert [timeless(line) for line in read_metrics(config.output)] == before


def test_rewinding_to_the_newest_checkpoint_leaves_no_file_behind(run: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(run, tmp_path / "run"))
    newest = checkpoint_steps(copy)[-1]
    for _ in range(2):  # the second time every file is a link to the checkpoint's already
        rewind(copy, newest)
    assert (copy / WEIGHTS).samefile(checkpoint_folder(copy, newest) / WEIGHTS)
    assert not [path.name for path in copy.iterdir() if path.name.endswith(".tmp")]


def test_the_best_model_is_kept_by_exact_accuracy_then_cells(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", steps=5, eval_every=1))
    evaluate, shown = trainer.evaluate, iter([(0.0, 0.3), (0.0, 0.4), (0.5, 0.2), (0.5, 0.1), (0.25, 0.9)])

    def rigged(task: Task) -> Evaluation:
        exact, cells = next(shown)
        found = evaluate(task)
        right = found.right.copy()
        right[:, -1] = round(cells * 10)
        right[: int(exact * len(right)), -1] = 16
        return dataclasses.replace(found, right=right)

    weights = {}

    def remember(task: Task) -> Evaluation:
        weights[trainer.step] = trainer.trained_model.lm_head.weight.detach().clone()
        return rigged(task)

    trainer.evaluate = remember
    trainer.train(progress=False)
    best = tmp_path / "run" / "best"
    assert json.loads((best / "evaluation.json").read_text())["step"] == 3
    assert json.loads((best / "evaluation.json").read_text())["exact_accuracy"] == 0.5
    assert torch.equal(load_model(best).lm_head.weight, weights[3])
    assert Trainer.resume(tmp_path / "run").best == trainer.best


def test_checkpoints_go_by_the_clock_too(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "run", checkpoint_every=100, checkpoint_minutes=1.0, keep=9)
    trainer = Trainer(config)
    step = trainer.train_step

    def slow_step() -> None:
        step()
        trainer.seconds += 25.0

    trainer.train_step = slow_step
    trainer.train(progress=False)
    assert checkpoint_steps(config.output) == [3, 6, 9, 12]


def test_a_run_killed_before_its_first_checkpoint_begins_again(run: Path, tmp_path: Path) -> None:
    for name in ("train.json", "metrics.jsonl"):
        shutil.copy(run / name, tmp_path)
    trainer = Trainer.resume(tmp_path)
    assert trainer.step == 0
    trainer.train(progress=False)
    assert same(timeless(load_training(run, "cpu")), timeless(load_training(tmp_path, "cpu")))
    lines = [[timeless(line) for line in read_metrics(folder)] for folder in (run, tmp_path)]
    assert lines[0] == lines[1]


def test_a_kill_before_a_checkpoint_is_published_loses_nothing(dataset: Path, tmp_path: Path) -> None:
    """The first checkpoint, and a later one that took the first one's place in part."""
    config = tiny_config(dataset, tmp_path / "run", steps=6, checkpoint_every=2, eval_every=6)
    trainer = Trainer(config)
    trainer.train(progress=False)
    newest, before = (config.output / "checkpoints" / f"step-{step}" for step in (6, 4))
    os.replace(shutil.copy(before / "training.pt", tmp_path / "old.pt"), config.output / "training.pt")
    assert Trainer.resume(config.output).step == 6
    for name in ("config.json", "model.safetensors", "training.pt"):
        (config.output / name).unlink()
    assert Trainer.resume(config.output).step == 6
    assert (config.output / "model.safetensors").samefile(newest / "model.safetensors")


def test_another_kind_of_device_has_random_numbers_of_its_own(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    state = load_training(folder, "cpu")
    state |= {"device": "cuda", "generator": torch.zeros(16, dtype=torch.uint8)}  # as CUDA's is
    rewrite(state, folder)
    one, two = (Trainer.resume(folder) for _ in range(2))
    one.train_step()
    two.train_step()
    assert torch.equal(one.model.embedding, two.model.embedding)


def test_a_run_of_an_earlier_version_says_so(run: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    state = load_training(folder, "cpu")
    state["dataset"] = state.pop("datasets")[0]
    rewrite(state, folder)
    with pytest.raises(CheckpointError, match="an earlier version of air-envs began this run"):
        Trainer.resume(folder)


class FakeWandb(types.ModuleType):
    """Takes what a run logs."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.inits: list[dict] = []
        self.logged: list[tuple[int, dict]] = []
        self.finished = 0

    def init(self, **values: object) -> "FakeWandb":
        self.inits.append(values)
        return self

    def log(self, values: dict, step: int) -> None:
        self.logged.append((step, values))

    def finish(self) -> None:
        self.finished += 1


def test_wandb_gets_every_line_and_goes_on_under_its_id(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wandb = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", wandb)
    config = tiny_config(dataset, tmp_path / "run", wandb="puzzles")
    Trainer(config).train(progress=False)
    Trainer.resume(config.output).train(progress=False)
    first, second = wandb.inits
    assert first == second
    assert (first["project"], first["name"], first["resume"]) == ("puzzles", "run", "allow")
    assert first["config"]["model"]["hidden"] == 32
    assert [step for step, _ in wandb.logged] == [line["step"] for line in read_metrics(config.output)]
    assert all(isinstance(value, int | float) for _, values in wandb.logged for value in values.values())
    assert {"train/loss", "train/lr"} <= wandb.logged[0][1].keys()
    assert wandb.finished == 2


def test_wandb_missing_is_said_before_training(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", wandb="puzzles"))
    with pytest.raises(ModuleNotFoundError, match=r"wandb is not installed: pip install 'air-envs\[wandb\]'"):
        trainer.train(progress=False)
    assert trainer.step == 0


def test_weights_saved_in_bfloat16_load_as_float32(run: Path, tmp_path: Path) -> None:
    model = load_model(run)
    save_model(model, tmp_path / "small", torch.bfloat16)
    assert (tmp_path / "small" / WEIGHTS).stat().st_size < 0.6 * (run / WEIGHTS).stat().st_size
    small = AIRAgent.from_pretrained(tmp_path / "small").model
    for name, value in model.state_dict().items():
        found = small.state_dict()[name]
        assert found.dtype == value.dtype == torch.float32, "the model that was saved is left as it was"
        assert torch.equal(found, value.bfloat16().float())
