"""What the presets train on."""

import dataclasses
from pathlib import Path

import pytest

import puzzles
from agents.config import recipes
from agents.config.model import AIRConfig
from agents.config.presets import PRESETS
from agents.config.recipes import RECIPES, Recipe, generate_missing
from benchmarks import gpu_data
from puzzles.mixing import sources


def test_every_preset_has_a_recipe() -> None:
    for config in PRESETS.values():
        family = RECIPES[config.dataset.stem].family
        assert config.dataset == Path(f"data/{config.dataset.stem}.h5")
        assert family == config.model.family
        for path, _ in config.also:
            assert path == Path(f"data/{path.stem}.h5")
            assert puzzles.family(RECIPES[path.stem].family).kind == puzzles.family(family).kind


def test_nothing_else_is_generated_under_a_presets_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = PRESETS["sudoku-4x4"]
    generate_missing("sudoku-4x4", dataclasses.replace(config, model=AIRConfig(family="sudoku-6x6")))
    generate_missing("sudoku-4x4", dataclasses.replace(config, dataset=Path("other.h5")))
    assert not list(tmp_path.iterdir())


def test_all_the_datasets_of_a_preset_are_generated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = {name: dataclasses.replace(recipe, train=3, test=2, more=()) for name, recipe in RECIPES.items()}
    monkeypatch.setattr(recipes, "RECIPES", small)
    config = PRESETS["maze-any"]
    left = dataclasses.replace(config, also=(*config.also[:-1], (Path("mine.h5"), 4)))
    generate_missing("maze-any", left)
    names = {"maze-hard", "maze-9x9", "maze-15x15"}
    assert {path.stem for path in (tmp_path / "data").glob("*.h5")} == names
    generate_missing("maze-any", config)
    assert {path.stem for path in (tmp_path / "data").glob("*.h5")} == names | {"maze-21x21"}


def test_a_recipe_is_a_dataset_of_the_generator(tmp_path: Path) -> None:
    built = Recipe("sudoku-4x4", 20, test=5, options={"clues": 8}).build(tmp_path / "a.h5")
    assert built.counts == {"train": 20, "validation": 5, "test": 5}
    assert ((built.split("train").puzzle > 0).sum((1, 2)) == 8).all()


def test_test_puzzles_of_another_kind(tmp_path: Path) -> None:
    recipe = Recipe("sudoku-6x6", 20, test=5, options={"clues": 16}, test_options={"clues": 12})
    built = recipe.build(tmp_path / "a.h5")
    for split, count, clues in (("train", 20, 16), ("test", 5, 12)):
        found = built.split(split)
        assert ((found.puzzle > 0).sum((1, 2)) == clues).all()
        assert len(found.puzzle) == count
        assert [source["generator_parameters"]["clues"] for source in sources(built, split)] == [clues]
    assert recipe.evaluation_options == {"clues": 12}


def test_a_mixture_to_train_on(tmp_path: Path) -> None:
    recipe = Recipe(
        "sudoku-6x6", 20, test=5, options={"clues": 16}, test_options={"clues": 12}, more=((10, {"clues": 12}),)
    )
    built = recipe.build(tmp_path / "a.h5")
    assert sorted((built.split("train").puzzle > 0).sum((1, 2))) == [12] * 10 + [16] * 20
    assert built.counts == {"train": 30, "validation": 5, "test": 5}
    assert {source["seed"] for source in sources(built, "train")} == {1, 2}
    assert [source["seed"] for source in sources(built, "test")] == [0]


def test_the_test_puzzles_alone_are_the_same(tmp_path: Path) -> None:
    test = {"clues": 12}
    mixed, alone = (
        Recipe("sudoku-6x6", train, test=5, options={"clues": 16}, test_options=test).build(tmp_path / f"{train}.h5")
        for train in (20, 0)
    )
    assert (mixed.split("test").puzzle == alone.split("test").puzzle).all()
    assert alone.splits == ("test",)


def test_the_gpu_runs_take_the_same_recipes() -> None:
    for name in ("sudoku-extreme-1k", "sudoku-extreme", "maze-hard-1k", "maze-hard"):
        assert gpu_data.recipe(name, tiny=False) == RECIPES[name]
        tiny = gpu_data.recipe(name, tiny=True)
        assert (tiny.train, tiny.test, {count for count, _ in tiny.more}) in ((8, 8, {8}), (8, 8, set()))
        assert [options for _, options in tiny.more] == [options for _, options in RECIPES[name].more]
