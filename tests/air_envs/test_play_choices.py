import dataclasses
from typing import Literal

import puzzles
from air_envs.play.choices import choices, describe, named_options
from air_envs.play.sudoku import SudokuGame
from air_envs.sources import DatasetPuzzles, GeneratedPuzzles


def test_puzzles_of_a_dataset(sudoku_dataset):
    source = DatasetPuzzles(sudoku_dataset, "test")
    game = SudokuGame(source, 0)
    assert choices(source) == {}
    assert describe(source) == "from a dataset"
    while not game.solved:
        game.hint()


def test_choices_are_the_sizes_and_every_named_option():
    found = choices(GeneratedPuzzles("maze-9x9", generator="percolation", min_path=12))
    assert found["Generator"][0].label == "perfect"
    assert [c.label for c in found["Generator"] if c.chosen] == ["percolation"]
    assert found["Generator"][0].source.options.generator == "perfect"
    assert found["Generator"][0].source.options.min_path == 12
    assert [c.label for c in found["Size"] if c.chosen] == ["9x9"]
    thirty = found["Size"][3].source
    assert (thirty.family.name, thirty.options.generator, thirty.options.min_path) == (
        "maze-30x30",
        "percolation",
        None,
    )
    assert set(named_options(puzzles.family("maze-9x9").Options)) >= {"generator"}
    assert describe(thirty).startswith("percolation")


def test_options_with_names_are_found():
    @dataclasses.dataclass(frozen=True)
    class Options:
        level: Literal["easy", "hard"] | None = None
        clues: int | None = None
        name: str = ""

    assert named_options(Options) == {"level": ("easy", "hard", None)}
