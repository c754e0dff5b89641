"""A person's own puzzle on the command line: ``watch`` and ``play`` with ``--puzzle TEXT``."""

from pathlib import Path

import numpy as np
import pytest

import puzzles
from agents.cli import main
from air_envs.given import GivenPuzzle
from air_envs.play import App
from puzzles import PuzzleError
from tests.agents.cli.test_commands import fails

SUDOKU = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
MAZE = "S #  \n# # #\n    G"


@pytest.mark.parametrize(
    ("text", "family"), [(SUDOKU, "sudoku-9x9"), (SUDOKU.replace(".", "0"), "sudoku-9x9"), (MAZE, "maze-3x5")]
)
def test_a_given_puzzle_is_the_source_of_a_game(text: str, family: str) -> None:
    source = GivenPuzzle(text)
    assert source.family.name == family
    loaded = source.load(np.arange(3, dtype=np.uint64))
    assert len(loaded.puzzle) == len(loaded.rating) == 3
    assert source.family.is_solved(loaded.puzzle, loaded.solution).all()
    app = App(source)
    assert np.array_equal(app.game.puzzle, puzzles.parse(text)[1])
    assert app._page().subtitle.startswith("a given puzzle, rating ")
    assert "seed" not in app._page().subtitle
    app.close()


def test_a_given_puzzle_has_one_solution() -> None:
    for text, message in (
        ("5" + SUDOKU[1:5] + "....." + SUDOKU[10:].replace("6", "."), "several solutions"),
        ("55" + SUDOKU[2:], "5 stands twice in its row"),
    ):
        with pytest.raises(PuzzleError, match=message):
            GivenPuzzle(text)


def test_play_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr(App, "save_picture", lambda self, path: shown.append(self.game.puzzle))
    main(["play", "sudoku", "--puzzle", SUDOKU, "--screenshot", str(tmp_path / "a.png")])
    main(["play", "maze", "--puzzle", MAZE, "--rows", "3", "--columns", "5", "--screenshot", str(tmp_path / "a.png")])
    assert np.array_equal(shown[0], puzzles.parse(SUDOKU)[1])
    assert np.array_equal(shown[1], puzzles.parse(MAZE)[1])


def test_watch_shows_it(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    family = puzzles.family("sudoku-4x4")
    text = family.format(family.generate(np.array([3], np.uint64)).puzzle[0])
    shown = []
    monkeypatch.setattr(
        "agents.thinking.rollout.save_rollout", lambda agent, observation, *_: shown.append(observation["puzzle"]) or ()
    )
    main(["watch", str(run), "--puzzle", text, "--output", str(tmp_path / "film")])
    assert np.array_equal(shown[0], family.parse(text))


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (f"play sudoku --puzzle {SUDOKU}1", "82 cells, expected 81"),
        (f"play sudoku --puzzle {SUDOKU} --size 6", "81 cells, expected 36"),
        (f"play maze --puzzle {SUDOKU}", "--puzzle: found sudoku-9x9, expected one of maze"),
        (f"play sudoku --puzzle {SUDOKU} --clues 30", "--puzzle and --clues, expected one of them"),
        (f"play sudoku --puzzle {SUDOKU} --dataset a.h5", "--puzzle and --dataset, expected one of them"),
        (f"watch maze-9x9 --puzzle {SUDOKU}", "family sudoku-9x9, expected another shape of maze-9x9"),
        (f"watch sudoku-9x9-easy --puzzle 55{SUDOKU[2:]}", "row 1, column 1: 5 stands twice in its row"),
        (f"watch sudoku-9x9-easy --puzzle {SUDOKU} --dataset a.h5", "--puzzle with --dataset a.h5, expected one"),
    ],
)
def test_what_is_no_such_puzzle_is_one_line(command: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in fails(command.split(), capsys)
