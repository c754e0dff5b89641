"""One run on several datasets: a step on each in turn, one set of weights."""

import dataclasses
from collections.abc import Callable
from functools import partialmethod
from pathlib import Path

import pytest
import torch

import puzzles
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_model
from agents.cli import main
from agents.config.model import AIRConfig, to_json
from agents.config.training import TrainConfig, train_config_from_json
from agents.figures.training_curve import draw_training_curve
from agents.hub.cards import training_command
from agents.models.air import AIR
from agents.models.compiling import compiled
from agents.training.runs.best import score
from agents.training.runs.log import read_metrics
from agents.training.trainer import Trainer
from puzzles.build import build_dataset
from tests.agents.conftest import TINY, small_dataset, tiny_config
from tests.agents.training.runs import same, timeless, trained_in_two

CANDIDATES = dataclasses.replace(TINY, mixer="candidates", position="none", hidden=16, heads=1, q_continue=False)
LOCAL = AIRConfig("maze-7x5", hidden=32, heads=2, layers=1, max_steps=4, position="none", convolution=3)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_dataset(tmp_path_factory.mktemp("data") / "larger.h5", "sudoku-6x6")


@pytest.fixture(scope="module")
def wider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_dataset(tmp_path_factory.mktemp("data") / "wider.h5", "maze-5x9")


@pytest.fixture
def config(dataset: Path, larger: Path, tmp_path: Path) -> TrainConfig:
    return tiny_config(dataset, tmp_path / "run", model=CANDIDATES, also=((larger, 6),))


def test_the_datasets_take_turns(config: TrainConfig, larger: Path) -> None:
    trainer = Trainer(config)
    small, large = trainer.tasks
    assert large.config.model == dataclasses.replace(CANDIDATES, family="sudoku-6x6", hidden=24)
    assert large.dataset.path == larger
    for steps in range(1, 5):
        before = trainer.model.lm_head.weight.clone()
        trainer.train_step()
        assert not torch.equal(trainer.model.lm_head.weight, before)
        taken = [int(task.carry.tokens.count_nonzero(dim=1).gt(0).sum()) for task in trainer.tasks]
        assert taken == [8, 0 if steps == 1 else 6], "a batch waits for its turn"
    assert small.carry.tokens.shape == (8, 16)
    assert large.carry.tokens.shape == (6, 36)


def test_the_weights_are_the_same(config: TrainConfig) -> None:
    trainer = Trainer(config)
    trainer.train(progress=False)
    assert len(list(trainer.model.parameters())) == len(trainer.optimizers[0].param_groups[0]["params"]) + 1
    for models in ([task.model for task in trainer.tasks], [task.average for task in trainer.tasks]):
        for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True):
            assert a is b
    saved = load_model(config.output)
    assert saved.config == CANDIDATES
    assert all(torch.equal(a, b) for a, b in zip(saved.parameters(), trainer.average.parameters(), strict=True))


def test_mazes_of_two_shapes(maze_dataset: Path, wider: Path, tmp_path: Path) -> None:
    config = tiny_config(maze_dataset, tmp_path / "run", model=LOCAL, also=((wider, 4),), symmetry=False)
    trainer = Trainer(config)
    trainer.train(progress=False)
    assert trainer.tasks[1].model.f[0].mixer.qkv.weight is trainer.model.f[0].mixer.qkv.weight
    assert trainer.tasks[1].carry.tokens.shape == (4, 45)


def test_all_are_measured(config: TrainConfig) -> None:
    evaluation = Trainer(config).train(progress=False)
    run = config.output
    assert [line["split"] for line in read_metrics(run) if line["step"] == 6] == [
        "train",
        "validation",
        "validation-larger",
    ]
    *_, own = read_metrics(run, "validation")
    *_, other = read_metrics(run, "validation-larger")
    assert own["cell_accuracy"] == evaluation.cells[-1] != other["cell_accuracy"]
    assert draw_training_curve(run).stat().st_size > 10_000


def test_weights_are_scored_by_the_mean_over_datasets(config: TrainConfig) -> None:
    trainer = Trainer(config)
    found = [trainer.evaluate(task) for task in trainer.tasks]
    cells = sum(float(each.cells[-1]) for each in found) / 2
    assert score(found) == pytest.approx((sum(each.accuracy for each in found) / 2, cells))
    right, wrong = (dataclasses.replace(found[0], right=found[0].right * 0 + count) for count in (16, 0))
    assert score([right, wrong]) == (0.5, 0.5) > score(found)


def test_a_resume_is_bit_for_bit(config: TrainConfig, tmp_path: Path) -> None:
    whole = Trainer(config)
    whole.train(progress=False)
    second = trained_in_two(config, tmp_path / "parts", stop=5)  # the other dataset's turn comes next
    assert same(timeless(whole.state()), timeless(second.state()))


def test_another_dataset_than_it_was_trained_on_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    changed = tmp_path / "larger.h5"
    changed.write_bytes(config.also[0][0].read_bytes())
    config = dataclasses.replace(config, also=((changed, 6),))
    Trainer(config).train(progress=False)
    changed.unlink()
    build_dataset(changed, puzzles.family("sudoku-6x6"), train=30, test=20, seed=1, progress=False)
    with pytest.raises(CheckpointError, match=r"trained on another dataset than .*larger\.h5 holds now"):
        Trainer.resume(config.output)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (TINY, r"larger\.h5: family sudoku-6x6: these weights fit sudoku-4x4 alone: embedding, position\.vectors"),
        (dataclasses.replace(TINY, position="rope"), r"sudoku-4x4 alone: embedding, lm_head\.weight$"),
    ],
)
def test_weights_that_do_not_go_with_all_are_refused(config: TrainConfig, model: AIRConfig, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Trainer(dataclasses.replace(config, model=model))


def test_another_kind_of_puzzle_is_refused(config: TrainConfig, maze_dataset: Path) -> None:
    with pytest.raises(ValueError, match=r"maze-7x5\.h5: family maze-7x5, expected another shape of sudoku-4x4"):
        Trainer(dataclasses.replace(config, also=((maze_dataset, 6),)))


def test_empty_batches_and_repeated_names_are_refused(config: TrainConfig) -> None:
    with pytest.raises(ValueError, match="with batch 0, expected at least 1"):
        dataclasses.replace(config, also=((Path("a.h5"), 0),))
    with pytest.raises(ValueError, match="also a twice, expected different names"):
        dataclasses.replace(config, also=((Path("x/a.h5"), 2), (Path("y/a.h5"), 2)))


def test_every_shape_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: torch by itself would run those after the eighth as they are."""
    seen: list[int] = []

    def backend(graph: torch.fx.GraphModule, inputs: list[torch.Tensor]) -> Callable:
        seen.append(1)
        return graph.forward

    monkeypatch.setattr(torch.nn.Module, "compile", partialmethod(torch.nn.Module.compile, backend=backend))
    torch.compiler.reset()
    with torch._dynamo.config.patch(recompile_limit=8):  # which is put back at the end
        models = [compiled(AIR(dataclasses.replace(LOCAL, family=f"maze-5x{side}")), "blocks") for side in range(5, 16)]
        for model in models:
            model(torch.ones(1, model.cells, dtype=torch.uint8), model.initial_state(1))
    torch.compiler.reset()
    assert len(seen) == 2 * len(models), "with gradient and without"


def test_the_command_line_takes_them(config: TrainConfig, larger: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train_config_from_json(to_json(config)) == config
    command = training_command(config)
    assert f"--also {larger} 6" in command
    main(command.removeprefix("air-envs ").split())
    printed = capsys.readouterr().out
    assert train_config_from_json(printed[printed.index("{") : printed.rindex("}") + 1]) == config
    card = (config.output / "README.md").read_text()
    assert "Datasets `sudoku-4x4.h5`, `larger.h5`, seed 0" in card
    assert "of 16 validation puzzles of `larger`" in card
