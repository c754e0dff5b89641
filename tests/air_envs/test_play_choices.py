import dataclasses
from typing import Literal

import numpy as np
import pytest

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
    assert describe(thirty) == "percolation"


@pytest.mark.parametrize(
    "source",
    [
        GeneratedPuzzles("sudoku-9x9", clues=30),
        GeneratedPuzzles("sudoku-9x9", level="hard"),
        GeneratedPuzzles("sudoku-6x6", clues=14),
        GeneratedPuzzles("maze-9x9", generator="percolation", algorithm="prim", min_path=20),
        GeneratedPuzzles("maze-9x9", generator="braided", algorithm="prim", braid=0.2),
    ],
)
def test_every_choice_can_be_made(source):
    for group in choices(source).values():
        assert sum(choice.chosen for choice in group) == 1
        for choice in group:
            assert len(choice.source.load(np.zeros(1, np.uint64)).puzzle) == 1


def test_a_level_can_be_chosen_where_there_are_levels():
    found = choices(GeneratedPuzzles("sudoku-9x9", clues=30))
    assert [c.label for c in found["Level"]] == ["easy", "medium", "hard", "expert", "extreme", "any"]
    hard = found["Level"][2].source
    assert (hard.options.level, hard.options.clues) == ("hard", None)
    assert found["Level"][5].source.options.clues == 30
    sizes = choices(hard)["Size"]
    assert [(c.label, c.source.options.level) for c in sizes] == [
        ("4x4", None),
        ("6x6", None),
        ("9x9", "hard"),
        ("12x12", None),
        ("16x16", None),
    ]
    assert list(choices(sizes[1].source)) == ["Size"]


def test_an_algorithm_can_be_chosen_where_it_plays_a_part():
    percolation = choices(GeneratedPuzzles("maze-9x9", generator="percolation", algorithm="prim"))
    assert list(percolation) == ["Size", "Generator"]
    assert [c.source.options.algorithm for c in percolation["Size"]] == ["depth-first"] * 5
    braided = GeneratedPuzzles("maze-9x9", generator="braided", algorithm="prim")
    assert list(choices(braided)) == ["Size", "Generator", "Algorithm"]
    assert describe(braided) == "braided, prim"


def test_what_the_generator_refuses_is_not_offered():
    found = choices(GeneratedPuzzles("maze-9x9", generator="percolation", min_path=60))  # perfect ones have 48 at most
    assert [c.label for c in found["Generator"]] == ["percolation"]


def test_options_with_names_are_found():
    @dataclasses.dataclass(frozen=True)
    class Options:
        level: Literal["easy", "hard"] | None = None
        clues: int | None = None
        name: str = ""

    assert named_options(Options) == {"level": ("easy", "hard", None)}
