"""A program that grows while training."""

import dataclasses
from pathlib import Path

import pytest

from agents.checkpoints.folder import load_model
from agents.config.model import to_json
from agents.config.training import TrainConfig, train_config_from_json
from agents.training.trainer import Trainer
from tests.agents.conftest import TINY, tiny_config
from tests.agents.training.test_trainer import same, timeless, trained_in_two

GROWTH = ((4, "LH"), (9, "LLH"))


def test_the_program_grows_at_its_steps(dataset: Path, tmp_path: Path) -> None:
    trainer = Trainer(tiny_config(dataset, tmp_path / "run", growth=GROWTH, ema=0.9))
    ran, update = [], trainer.model.update
    trainer.model.update = lambda letter, state, x: (ran.append(letter), update(letter, state, x))[1]
    programs = []
    for _ in range(12):
        ran.clear()
        trainer.train_step()
        programs.append("".join(ran))
    # Each program runs twice: once to learn, once more for the continue target.
    assert programs == ["LHLH"] * 4 + ["LLHLLH"] * 5 + ["LLHLLHLLHLLH"] * 3


def test_a_model_is_saved_with_the_program_it_was_trained_with(dataset: Path, tmp_path: Path) -> None:
    for steps, program in ((4, "LH"), (5, "LLH"), (10, "LLHLLH")):
        output = tmp_path / str(steps)
        Trainer(tiny_config(dataset, output, growth=GROWTH, steps=steps)).train(progress=False)
        assert load_model(output).config.program == program
        assert Trainer.resume(output).trained_model.config.program == program


@pytest.mark.parametrize("stop", [4, 6, 9])
def test_growth_resumes_bit_for_bit(dataset: Path, tmp_path: Path, stop: int) -> None:
    config = tiny_config(dataset, tmp_path / "whole", growth=GROWTH, random_act_steps=1)
    whole = Trainer(config)
    whole.train(progress=False)
    second = trained_in_two(config, tmp_path / "parts", stop)
    assert same(timeless(whole.state()), timeless(second.state()))


@pytest.mark.parametrize(("gradient", "grown"), [("LH", "LH"), ("LLHLLH", "LLH"), ("LLH", "LLH"), ("H", "H")])
def test_the_gradient_goes_through_as_many_last_updates_as_there_are(
    dataset: Path, tmp_path: Path, gradient: str, grown: str
) -> None:
    model = dataclasses.replace(TINY, gradient=gradient)
    config = tiny_config(dataset, tmp_path, model=model, growth=((9, "LLH"),))
    assert config.model_at(8).gradient == grown
    assert config.model_at(9) == model


@pytest.mark.parametrize(
    ("growth", "message"),
    [
        (((5, "LLHL"),), "growth program 'LLHL', expected equal cycles"),
        (((5, ""),), "growth program '', expected equal cycles"),
        (((5, "HH"),), "growth program 'HH', expected equal cycles"),
        (((5, "LXH"),), "growth program 'LXH', expected equal cycles"),
        (((5, "LH"), (5, "LLH")), r"growth at steps \[5, 5\], expected each later"),
        (((0, "LH"),), r"growth at steps \[0\], expected each later"),
    ],
)
def test_what_can_not_grow_is_refused(growth: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainConfig(dataset=Path("x"), output=Path("y"), growth=growth)


def test_growth_survives_json(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path, growth=GROWTH)
    assert train_config_from_json(to_json(config)) == config
