"""Behaviour cloning from a Minari dataset; skipped where Minari, an optional extra, is not installed."""

import re

import numpy as np
import pytest

from air_envs.minari import export_minari
from puzzles.build import build_dataset
from puzzles.sudoku.generator import SudokuOptions

pytest.importorskip("minari")
pytest.importorskip("jax")  # Minari collects with it


def test_the_example_imitates_the_expert(tmp_path, monkeypatch, capsys):
    from examples.rl import clone_minari

    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    dataset = build_dataset(tmp_path / "a.h5", "sudoku-4x4", SudokuOptions(clues=10), train=20, test=2, progress=False)
    export_minari(dataset, "sudoku-4x4/expert-v0", 20, progress=False)
    grids, actions = clone_minari.moves(clone_minari.minari.load_dataset("sudoku-4x4/expert-v0"))
    assert grids.shape == (20 * 6, 4, 4)
    cells = grids.flatten(1).numpy()
    assert (cells[np.arange(120), actions.numpy() // 4] == 0).all()  # the expert fills what is blank
    solved = clone_minari.main("sudoku-4x4/expert-v0", epochs=30, puzzles=5)
    printed = capsys.readouterr().out
    losses = [float(loss) for loss in re.findall(r"loss (\S+)", printed)]
    assert len(losses) == 30
    assert losses[-1] < 0.7 * losses[0]
    assert f"solved {round(5 * solved)} of 5" in printed
