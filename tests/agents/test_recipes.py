"""Recipes of the datasets that presets train on."""

from pathlib import Path

import numpy as np
import pytest

from agents.presets import PRESETS
from agents.recipes import RECIPES, Recipe
from puzzles.dataset import Dataset, verify

MIXED = Recipe(6, 4, {"clues": 14}, also=({"clues": 20}, {"clues": 26}))


def clues(dataset: Dataset, split: str) -> list[int]:
    return np.count_nonzero(dataset.split(split).puzzle, axis=(1, 2)).tolist()


def test_a_recipe_of_several_generators(tmp_path: Path) -> None:
    dataset = MIXED.build("sudoku-6x6", tmp_path / "mixed.h5")
    assert clues(dataset, "train") == [14] * 6 + [20] * 6 + [26] * 6
    assert clues(dataset, "test") == [14] * 4
    verify(dataset.path)
    assert [path.name for path in tmp_path.iterdir()] == ["mixed.h5"]


def test_it_goes_on_after_an_interruption(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import agents.recipes

    generate, built = agents.recipes._generate, []

    def fail_once(*args: object) -> Dataset:
        built.append(args[1])
        if len(built) == 2:
            raise KeyboardInterrupt
        return generate(*args)

    monkeypatch.setattr(agents.recipes, "_generate", fail_once)
    with pytest.raises(KeyboardInterrupt):
        MIXED.build("sudoku-6x6", tmp_path / "mixed.h5")
    assert not (tmp_path / "mixed.h5").exists()
    MIXED.build("sudoku-6x6", tmp_path / "mixed.h5")
    assert built == [{"clues": 14}, {"clues": 20}, {"clues": 20}, {"clues": 26}]


def test_what_another_recipe_has_left_is_not_taken(tmp_path: Path) -> None:
    other = Recipe(6, 4, {"clues": 30}).build("sudoku-6x6", tmp_path / ".mixed-0.h5")
    fewer = Recipe(5, options={"clues": 20}, test=0).build("sudoku-6x6", tmp_path / ".mixed-1.h5")
    assert other.path.exists()
    assert fewer.path.exists()
    dataset = MIXED.build("sudoku-6x6", tmp_path / "mixed.h5")
    assert clues(dataset, "train") == [14] * 6 + [20] * 6 + [26] * 6


def test_a_test_split_alone_is_that_of_the_first_generator(tmp_path: Path) -> None:
    dataset = Recipe(0, 4, MIXED.options, MIXED.also).build("sudoku-6x6", tmp_path / "test.h5")
    assert clues(dataset, "test") == [14] * 4
    assert dataset.counts == {"train": 0, "test": 4}


def test_every_preset_has_a_recipe() -> None:
    assert RECIPES.keys() == PRESETS.keys()
