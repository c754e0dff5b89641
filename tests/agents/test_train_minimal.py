"""``examples/train_minimal.py`` computes what the library computes, and learns."""

import dataclasses
import functools
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from agents import AIR, AIRAgent, AIRConfig, TrainConfig, Trainer, evaluate
from agents.evaluation import wilson_interval
from agents.training.act import initial_carry
from examples import train_minimal
from tests.agents.precision import assert_exact

SMALL = train_minimal.Config(hidden=32, layers=1, max_steps=4, steps=20, batch=8, warmup=5, exploration=0.5)


def trainer_of(config: train_minimal.Config, dataset: Path, output: Path) -> Trainer:
    """The library's trainer of the same model and rule, in float64, which halts as soon as exploration lets it."""
    model = AIRConfig(
        family="sudoku-4x4",
        hidden=config.hidden,
        heads=config.heads,
        layers=config.layers,
        gradient=config.gradient,
        max_steps=config.max_steps,
        position="structured",
    )
    assert (model.program, config.inner) == (config.program, 256)
    same = {
        field: getattr(config, field) for field in ("steps", "batch", "lr", "warmup", "weight_decay", "exploration")
    }
    trainer = Trainer(
        TrainConfig(dataset, output, model, optimizer="adamw", schedule="cosine", device="cpu", dtype="float32", **same)
    )
    trainer.model.double()
    torch.nn.init.normal_(trainer.model.q_head.weight, std=0.1)
    trainer.model.q_head.bias.data.copy_(torch.tensor([1.0, -1.0]))
    trainer.tasks[0].carry = initial_carry(trainer.model, config.batch, torch.float64)
    return trainer


def minimal_weights(model: AIR) -> dict[str, torch.Tensor]:
    """A copy of the library's weights under the names of the minimal file."""
    weights = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
    start = torch.stack((weights.pop("H_init"), weights.pop("L_init")))[:, None, None]
    renamed = {re.sub(r"mixer\.|mlp\.|position\.|(?<!q_head)\.weight$", "", name): w for name, w in weights.items()}
    return renamed | {"start": start}


def minimal_copy(model: AIR, config: train_minimal.Config) -> train_minimal.AIR:
    """The minimal file's model with the library's weights."""
    minimal = train_minimal.AIR(config).double()
    minimal.load_state_dict(minimal_weights(model) | {"units": minimal.units})
    return minimal


@pytest.mark.parametrize("gradient", ["LH", "LLHLLH"])
def test_losses_weights_and_accuracy_are_the_trainers(dataset: Path, tmp_path: Path, gradient: str) -> None:
    """Twenty steps in float64 from the same weights and the same random numbers, with sequences that halt early."""
    config = dataclasses.replace(SMALL, gradient=gradient)
    trainer = trainer_of(config, dataset, tmp_path / "run")
    model = minimal_copy(trainer.model, config)
    splits = [trainer.tasks[0].dataset.split(name) for name in ("train", "test")]
    data, test = (
        torch.from_numpy(np.stack((split.puzzle, split.solution), axis=1)).flatten(2).long() for split in splits
    )
    generator = torch.Generator().manual_seed(trainer.config.seed)
    early = full = 0
    for loss in train_minimal.train(model, data, config, generator):
        trainer.train_step()
        window, carry = trainer.meter.window, trainer.tasks[0].carry
        trainer.meter.window = None
        assert_exact(torch.tensor(loss, dtype=torch.float64), window.loss / window.sequences)
        early += int((carry.halted & (carry.steps < config.max_steps)).sum())
        full += int((carry.steps == config.max_steps).sum())
    assert trainer.step == config.steps
    assert early > config.batch
    assert full > config.batch
    found = model.state_dict()
    for name, weight in minimal_weights(trainer.model).items():
        assert_exact(found[name], weight)

    evaluation = evaluate(AIRAgent(trainer.model, torch.float64), trainer.tasks[0].dataset, progress=False)
    exact, cells = train_minimal.accuracy(model, test)
    assert (exact, cells) == pytest.approx((evaluation.accuracy, evaluation.cells[-1]), abs=1e-12)
    assert 0.2 < cells < 1


def forms(data: torch.Tensor) -> set[bytes]:
    """The canonical forms of puzzles with right solutions, (N, 2, 16)."""
    grids = data.reshape(-1, 2, 4, 4).numpy().astype(np.uint8)
    puzzle, solution = np.ascontiguousarray(grids[:, 0]), np.ascontiguousarray(grids[:, 1])
    return {form.tobytes() for form in train_minimal.SUDOKU.canonical(puzzle, solution)}


def test_held_out_puzzles_equal_no_other_up_to_symmetry() -> None:
    training, validation, test = train_minimal.splits()
    assert (len(validation), len(test)) == (250, 1_000)
    held_out = forms(torch.cat((validation, test)))
    assert len(held_out) == 1_250
    assert len(training) > 5_000
    assert not held_out & forms(training)


LINE = r"step (\d+), \d+ s: loss ([\d.]+), validation: puzzles ([\d.]+)%, cells ([\d.]+)%"
LAST = r"exact accuracy ([\d.]+)% \(95 % interval ([\d.]+)% to ([\d.]+)%\) on (\d+) unseen test puzzles"


def assert_interval(last: str) -> float:
    """Assert that the last line printed holds Wilson's interval of its accuracy, and return that."""
    match = re.fullmatch(LAST, last)
    assert match
    exact, low, high, count = (float(number) for number in match.groups())
    expected = wilson_interval(round(exact / 100 * count), int(count))
    assert [low, high] == [float(f"{100 * end:.1f}") for end in expected]
    return exact / 100


def test_a_small_run_learns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Sixty steps of a small model bring the loss below that of a guess among the four digits.

    Six seeds ended at 0.99 to 1.09; a guess has ln 4 = 1.386.
    """
    small = functools.partial(train_minimal.Config, hidden=32, layers=1, max_steps=2, batch=32, warmup=10)
    monkeypatch.setattr(train_minimal, "Config", small)
    train_minimal.main(steps=60, seed=0, device="cpu")
    line, last = capsys.readouterr().out.splitlines()
    match = re.fullmatch(LINE, line)
    assert match
    assert match[1] == "60"
    assert float(match[2]) < 0.9 * math.log(4)
    assert float(match[4]) > 55
    assert_interval(last)


@pytest.mark.slow
def test_it_solves_unseen_puzzles(capsys: pytest.CaptureFixture[str]) -> None:
    train_minimal.main(steps=train_minimal.Config.steps, seed=0, device="cpu")
    assert assert_interval(capsys.readouterr().out.splitlines()[-1]) >= 0.95
