"""``--agent AGENT`` and ``watch AGENT``: baselines, runs of reinforcement learning and models, by name."""

from pathlib import Path

import imageio.v3 as imageio
import numpy as np
import pytest

import puzzles
from agents.cli import main
from agents.cli.agents import find_agent, is_agent
from agents.config.rl import RLConfig, TaskConfig
from agents.rl.baselines import BASELINES as POLICIES
from air_envs.given import GivenPuzzle
from air_envs.play import App
from air_envs.play.agent import Player
from air_envs.play.game import game_type
from air_envs.sources import GeneratedPuzzles
from puzzles import build_dataset
from puzzles.dataset import Dataset
from puzzles.sudoku import rules
from tests.agents.cli.test_commands import fails

RUN = "runs/rl/mine"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run on 4x4 Sudokus that has learned nothing yet, in the working directory."""
    from agents.rl.building import build_model
    from agents.rl.learning.runs import begin
    from agents.rl.saved import save_weights
    from air_envs.sb3 import SB3VecEnv

    monkeypatch.chdir(tmp_path)
    task = TaskConfig(size=4, clues=6, action_mask="candidates", end_on_contradiction=True, max_episode_steps=16)
    config = RLConfig(Path(RUN), task, hidden=4, layers=1, num_envs=2, n_steps=4, batch=8)
    begin(config)
    save_weights(build_model(config, SB3VecEnv(config.make_envs())), config.output)
    return config.output


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[App]:
    """The windows that a command opens; none is run."""
    opened: list[App] = []
    monkeypatch.setattr(App, "run", lambda app: opened.append(app))
    return opened


def test_baselines_are_known_without_loading_them() -> None:
    from agents.cli.agents import BASELINES

    assert set(BASELINES) == POLICIES.keys()
    assert all(map(is_agent, BASELINES))
    assert not is_agent("sudoku-6x6")


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("family", ["sudoku-4x4", "maze-5x5"])
def test_a_baseline_plays_every_family(name: str, family: str) -> None:
    kind = family.partition("-")[0]
    agent = find_agent(name, kind)
    player = Player(agent, game_type(kind)(GeneratedPuzzles(family), 1))
    assert agent.max_moves == {"sudoku": 500, "maze": 1000}[kind]
    assert np.isclose(player.probabilities.sum(), 1)
    if kind == "sudoku":
        board = player.game.puzzle.copy()
        for cell, digit in zip(*np.nonzero(player.probabilities.reshape(16, 4)), strict=True):
            board.flat[cell] = digit + 1  # only what stands in no conflict is played
            assert not rules.conflicts(board[None], 2).any()
            board.flat[cell] = 0


def test_a_run_plays_in_its_own_environment(run: Path) -> None:
    agent = find_agent(str(run), "sudoku")
    assert is_agent(str(run))
    assert agent.name == "mine"
    assert agent.max_moves == 16
    assert agent.environment["action_mask"] == "candidates"
    assert agent.environment["end_on_contradiction"] is True
    assert agent.source is not None
    assert agent.source.family.name == "sudoku-4x4"
    player = Player(agent, game_type("sudoku")(agent.source, 3))
    assert player.probabilities.shape == (64,)
    assert np.isclose(player.probabilities.sum(), 1)
    assert not player.probabilities.reshape(4, 4, 4)[player.game.puzzle > 0].any()
    assert (player.game.puzzle > 0).sum() <= 7
    with pytest.raises(ValueError, match=r"mine: an agent of sudoku-4x4, found sudoku-6x6$"):
        agent.policy(puzzles.family("sudoku-6x6"))


def test_a_model_plays_moves() -> None:
    agent = find_agent("sudoku-6x6", "sudoku")
    player = Player(agent, game_type("sudoku")(GeneratedPuzzles("sudoku-6x6", clues=20), 3))
    while not player.ending():
        player.move()
    assert player.game.solved
    right, made = player.record()
    assert right >= made - 2


def test_play_shows_an_agent(tmp_path: Path, shown: list[App]) -> None:
    main(["play", "maze", "--size", "5", "--agent", "greedy", "--seed", "1"])
    (app,) = shown
    assert app.controls is not None
    assert app.controls.player.agent.name == "greedy"
    assert not app.controls.running
    assert app.game.family.name == "maze-5x5"
    for theme in ("light", "dark"):
        path = tmp_path / f"{theme}.png"
        main(["play", "sudoku", "--size", "4", "--agent", "solver", "--theme", theme, "--screenshot", str(path)])
        assert imageio.imread(path).shape == (700, 960, 3)


def test_watch_opens_the_window_on_an_agents_own_puzzles(run: Path, shown: list[App]) -> None:
    main(["watch", str(run), "--seed", "3", "--theme", "dark", "--size", "1000x700", "--ms-per-update", "100"])
    (app,) = shown
    assert app.controls is not None
    assert app.controls.running
    assert not app.controls.drawn
    assert app.controls.interval == 0.1
    assert app.game.family.name == "sudoku-4x4"
    assert app.game.seed == 3
    assert app.size == (1000, 700)
    assert app.theme.name == "dark"


def test_watch_takes_a_puzzle_a_family_or_a_dataset(shown: list[App], tmp_path: Path) -> None:
    dataset = tmp_path / "a.h5"
    build_dataset(dataset, "sudoku-4x4", train=0, test=4, progress=False)
    main(["watch", "solver", "--family", "maze-5x5", "--sample"])
    main(["watch", "solver", "--puzzle", "12..34...143432."])
    main(["watch", "greedy", "--dataset", str(dataset), "--index", "2"])
    assert [app.game.family.name for app in shown][:2] == ["maze-5x5", "sudoku-4x4"]
    assert shown[0].controls is not None
    assert shown[0].controls.drawn
    assert isinstance(shown[2].game.source, GivenPuzzle)
    assert np.array_equal(shown[2].game.puzzle, Dataset(dataset).split("test").puzzle[2])


def test_watch_writes_films(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["watch", str(run), "--seed", "3", "--output", "watched/film"])
    assert capsys.readouterr().out.split() == [str(Path("watched/film.gif")), str(Path("watched/film.png"))]
    frames = imageio.imread("watched/film.gif", index=None)
    assert 2 <= len(frames) <= 17
    main(["watch", "greedy", "--family", "maze-5x5", "--record", "a.png"])
    assert "a.png: a file is there" in fails(["watch", "greedy", "--family", "maze-5x5", "--record", "a.png"], capsys)
    main(["watch", "greedy", "--family", "maze-5x5", "--record", "a.png", "--overwrite"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["play", "sudoku", "--agent", "nobody"],
            "no agent 'nobody', expected one of greedy, random, solver, the folder",
        ),
        (["watch", "solver"], "solver: an agent without puzzles of its own, expected --family, --puzzle or --dataset"),
        (["watch", "solver", "--family", "chess-8x8"], "unknown family 'chess-8x8'"),
        (["watch", "solver", "--family", "maze-5x5", "--record", "a.h5"], "a.h5: suffix '.h5', expected one of .gif"),
        (["watch", "solver", "--family", "maze-5x5", "--act-steps", "3"], "--act-steps with the agent solver"),
        (["watch", "solver", "--family", "maze-5x5", "--program", "LH"], "--program with the agent solver"),
        (["watch", "sudoku-6x6", "--sample"], "--sample with sudoku-6x6, expected an agent"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in fails(words, capsys)


def test_a_run_without_weights_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "model.safetensors").unlink()
    assert "no model.safetensors" in fails(["watch", str(run)], capsys)


def test_a_run_is_played_on_its_own_puzzles(run: Path, shown: list[App], capsys: pytest.CaptureFixture[str]) -> None:
    main(["play", "sudoku", "--agent", str(run)])
    (app,) = shown
    assert app.game.family.name == "sudoku-4x4"
    assert (app.game.puzzle > 0).sum() <= 7  # as in training, where the default is another
    for words in (["sudoku", "--size", "6"], ["sudoku", "--clues", "30"], ["maze"]):
        assert "mine: an agent of sudoku-4x4, found " in fails(["play", *words, "--agent", str(run)], capsys)
