"""Which shipped model answers a puzzle where none is named."""

import pytest

import puzzles
from agents.config.model import CONFIG, config_of
from agents.config.reading import parse_json
from agents.pretrained import FOLDER, choosing
from agents.pretrained.choosing import GENERALISTS, best_for, fitting
from tests.agents.cli.test_commands import fails


@pytest.mark.parametrize(
    ("family", "model"),
    [
        ("sudoku-9x9", "sudoku-extreme"),
        ("sudoku-16x16", "sudoku-16x16"),
        ("maze-30x30", "maze-hard"),
        *((f"sudoku-{side}x{side}", "sudoku-any") for side in (4, 6, 8, 10, 12, 15)),
        ("maze-9x9", "maze-any"),
        ("maze-7x41", "maze-any"),
    ],
)
def test_a_specialist_comes_before_a_generalist(family: str, model: str) -> None:
    assert best_for(puzzles.family(family)) == model
    config = config_of(parse_json((FOLDER / model / CONFIG).read_bytes()))
    assert config.family == family or config.any_shape


def test_without_a_model_of_its_kind_a_puzzle_needs_one_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(choosing, "GENERALISTS", ("sudoku-any",))
    assert best_for(puzzles.family("maze-9x9")) is None
    assert "no shipped model for maze-3x3, expected --model" in fails(["solve", "S##\n  #\n# G"], capsys)


def test_there_is_one_generalist_of_each_kind_of_puzzle() -> None:
    kinds = [
        puzzles.family(config_of(parse_json((FOLDER / name / CONFIG).read_bytes())).family).kind for name in GENERALISTS
    ]
    assert sorted(kinds) == ["maze", "sudoku"]


def test_all_that_fit_are_listed_those_of_the_shape_first() -> None:
    found = fitting(puzzles.family("sudoku-9x9"))
    assert set(found) == {
        *("sudoku-9x9-easy", "sudoku-9x9-minimal", "sudoku-any", "sudoku-candidates-1k", "sudoku-extreme"),
        "sudoku-16x16",
    }
    assert found[-1] == "sudoku-16x16"
    assert "maze-9x9" in fitting(puzzles.family("maze-7x7"))
    assert "sudoku-6x6" not in fitting(puzzles.family("sudoku-4x4"))
