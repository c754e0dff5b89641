"""``air-envs models``: what the shipped models play and how well."""

import contextlib
import itertools
import re
from pathlib import Path

import pytest

from agents.cli import main
from agents.config.model import AIRConfig, Mixer, Position
from agents.hub.cards import evaluation_of, model_card
from agents.models.air import AIR
from agents.pretrained import shipped_models
from agents.pretrained.listing import Measured, _measured, shipped


def test_every_shipped_model_is_listed_with_its_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    main(["models"])
    out = capsys.readouterr().out
    assert all(len(line) <= 120 for line in out.splitlines())
    for name in shipped_models():
        assert re.search(rf"^{name} .* [\d.]+% +[\d.]+% to [\d.]+%  [\d,]+ of \S+ +\d+$", out, re.MULTILINE), name
    found = {model.name: model for model in shipped()}
    assert found["sudoku-6x6"].plays == "sudoku-6x6, clues 14"
    assert found["maze-hard"].plays == "maze-30x30, percolation, any shape"
    assert found["sudoku-extreme"].plays == "sudoku-9x9, extreme, any shape"
    assert found["sudoku-6x6"].measured == (Measured("99.9%", "99.4% to 100.0%", "1,000 of sudoku-6x6", 16),)
    measured = {one.puzzles.partition(" of ")[2] for one in found["sudoku-any"].measured}
    assert {"sudoku-10x10", "sudoku-12x12", "sudoku-16x16"} < measured


def test_a_line_of_a_card_is_read_back(run: Path) -> None:
    results = evaluation_of(run)
    assert results is not None
    (found,) = _measured(str(model_card(AIRConfig(family="sudoku-4x4"), run)))
    low, high = results["exact_accuracy_interval_95"]
    assert found == Measured(
        f"{results['exact_accuracy']:.1%}", f"{low:.1%} to {high:.1%}", "16 of sudoku-4x4", results["act_steps"]
    )


@pytest.mark.parametrize(
    ("mixer", "position"),
    [*itertools.product(("attention", "units", "mlp"), ("rope", "learned", "none")), ("candidates", "none")],
)
def test_any_shape_is_what_can_be_resized(mixer: Mixer, position: Position) -> None:
    for family, other in (("sudoku-4x4", "sudoku-6x6"), ("maze-5x5", "maze-6x4")):
        if mixer == "candidates" and family == "maze-5x5":
            continue  # mazes have none
        model = AIR(AIRConfig(family, hidden=24, heads=6, layers=1, mixer=mixer, position=position))
        with contextlib.nullcontext() if model.config.any_shape else pytest.raises(ValueError, match="fit"):
            model.resized(other)


def test_a_position_per_unit_is_of_one_shape() -> None:
    model = AIR(AIRConfig("sudoku-4x4", hidden=16, heads=2, layers=1, position="structured"))
    assert not model.config.any_shape
    with pytest.raises(ValueError, match="fit sudoku-4x4 alone"):
        model.resized("sudoku-6x6")
