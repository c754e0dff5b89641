"""Models on grids of another shape than they were trained on."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import puzzles
from agents import AIR, AIRAgent
from agents.checkpoints.folder import save_model
from agents.cli import main
from agents.config.model import AIRConfig
from puzzles.build import build_dataset
from tests.agents.precision import assert_exact, start

LOCAL = AIRConfig(
    "maze-9x9", hidden=32, heads=2, layers=1, h_cycles=1, l_cycles=1, position="none", convolution=3, max_steps=2
)


def build(**changes: object) -> AIR:
    torch.manual_seed(0)
    return AIR(dataclasses.replace(LOCAL, **changes))


@pytest.mark.parametrize("mixer", ["attention", "units"])
@pytest.mark.parametrize("position", ["none", "rope"])
def test_the_weights_stay(position: str, mixer: str) -> None:
    model = build(position=position, mixer=mixer)
    larger = model.resized("maze-15x11")
    assert larger.config == dataclasses.replace(model.config, family="maze-15x11")
    for name, weight in model.state_dict().items():
        assert torch.equal(larger.state_dict()[name], weight), name


def test_far_from_the_border_cells_are_read_alike() -> None:
    """Without attention a cell sees what is around it: the middle of a maze answers as it does within walls."""
    model = build().double()
    torch.nn.init.zeros_(model.f[0].mixer.out.weight)
    middle = torch.from_numpy(puzzles.family("maze-9x9").generate(np.arange(4, dtype=np.uint64)).puzzle + 1)
    maze = torch.nn.functional.pad(middle, (3, 3, 2, 2), value=1)
    small = model(middle.flatten(1), start(model, 4))[1].logits.unflatten(1, (9, 9))
    larger = model.resized("maze-13x15").double()
    large = larger(maze.flatten(1), start(larger, 4))[1].logits.unflatten(1, (13, 15))
    # Two blocks, one cell each: nearer to the border it is felt.
    assert_exact(large[:, 4:9, 5:10], small[:, 2:7, 2:7])


@pytest.mark.parametrize(
    ("changes", "family", "message"),
    [
        ({"mixer": "mlp"}, "maze-5x5", r"family maze-5x5: these weights fit maze-9x9 alone: f\.0\.mixer\.mlp"),
        ({"position": "structured"}, "maze-5x5", r"maze-9x9 alone: position\.vectors$"),
        # As many weights, of other places.
        ({"position": "structured", "family": "maze-10x10"}, "maze-5x15", r"maze-10x10 alone: position\.vectors$"),
        ({"position": "learned", "family": "maze-10x10"}, "maze-5x20", r"maze-10x10 alone: position\.vectors$"),
        ({"mixer": "mlp", "family": "maze-10x10"}, "maze-5x20", r"maze-10x10 alone: f\.0\.mixer\.mlp"),
        ({"family": "sudoku-4x4"}, "sudoku-6x6", r"sudoku-4x4 alone: embedding, lm_head\.weight$"),
        ({"family": "sudoku-4x4"}, "maze-4x4", "family maze-4x4, expected another shape of sudoku-4x4"),
    ],
)
def test_weights_that_belong_to_places_are_refused(changes: dict, family: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**changes).resized(family)


def test_the_commands_play_another_shape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run, data = tmp_path / "run", tmp_path / "maze-5x7.h5"
    save_model(build(), run)
    build_dataset(data, puzzles.family("maze-5x7"), None, train=1, test=6, progress=False)
    main(["eval", str(run), str(data), "--halt-at", "0.5"])
    assert "6 test puzzles" in capsys.readouterr().out
    assert (run / "eval-maze-5x7.json").is_file()
    assert not (run / "README.md").exists(), "a card tells of the shape that was trained"
    main(["watch", str(run), "--family", "maze-5x7", "--output", str(tmp_path / "fresh")])
    main(["watch", str(run), "--dataset", str(data), "--output", str(tmp_path / "shown")])
    assert (tmp_path / "fresh.gif").is_file()
    assert (tmp_path / "shown.gif").is_file()
    assert AIRAgent.from_pretrained(run, family="maze-5x7").family.shape == (5, 7)
