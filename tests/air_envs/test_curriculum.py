"""A source that moves to harder puzzles when enough of its puzzles are solved."""

import copy
import pickle
import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.vec_env import VecMonitor

import air_envs
import puzzles
from air_envs.sources import adapts
from puzzles.build import build_dataset
from puzzles.dataset import Dataset

CLUES = (14, 11, 8)


def levels(*clues):
    return [air_envs.GeneratedPuzzles("sudoku-4x4", clues=count) for count in clues or CLUES]


def make(source, **kwargs):
    return gym.make("air_envs/Sudoku4x4-v0", source=source, action_type="propose", solution_in_info=True, **kwargs)


def play(env, solve, **reset):
    """Play an episode of one proposal; return how many clues its puzzle has."""
    _, info = env.reset(**reset)
    clues = info["filled"]
    assert clues == CLUES[info["level"]]
    answer = info["solution"] if solve else np.zeros_like(info["solution"])
    assert env.step(answer)[4]["solved"] == solve
    return clues


def test_it_moves_up_when_enough_of_the_last_puzzles_are_solved():
    source = air_envs.CurriculumPuzzles(levels(), threshold=0.75, window=4, earlier=0)
    env = make(source)
    outcomes = [True, True, False, False, True, True, True, True]
    met = [play(env, solve, **({"seed": 0} if number == 0 else {})) for number, solve in enumerate(outcomes)]
    # Three of four: first after the outcomes 4 to 7, which the next reset brings.
    assert met == [14] * 7 + [11]
    assert (source.level, source.solve_rate) == (1, None)
    env.reset()
    assert source.solve_rate == 1.0
    for _ in range(4):
        play(env, True)
    assert source.level == 2
    for solve in [False] * 6 + [True] * 6:
        assert play(env, solve) == 8  # there is no harder level, and no way back
    env.reset()
    assert source.solve_rate == 1.0  # of the last four


def test_it_starts_over_with_the_outcomes_that_it_had():
    source = air_envs.CurriculumPuzzles(levels(), threshold=1.0, window=4, earlier=0)
    env = make(source)
    for number, solve in enumerate([False, True, False, True, True]):
        play(env, solve, **({"seed": 0} if number == 0 else {}))
    env.reset()
    assert source.outcomes == [True, False, True, True]
    for kept in (source.outcomes[1:], source.outcomes):
        source.start_from(0, kept)
        for _ in range(2):
            env.reset(seed=0)  # goes back to them
            assert (source.level, source.outcomes) == (0, kept)
    for _ in range(2):
        play(env, True)
    assert (source.level, source.outcomes) == (0, [False, True, True, True])
    env.reset()
    assert (source.level, source.outcomes) == (1, [])
    with pytest.raises(ValueError, match="outcomes: found 5, expected at most the window, 4"):
        source.start_from(0, [True] * 5)


def test_exactly_the_threshold_is_enough():
    source = air_envs.CurriculumPuzzles(levels(), threshold=0.55, window=100, earlier=0)  # 0.55 * 100 is above 55
    keys, rows = np.arange(1, dtype=np.uint64), np.zeros(1, np.int64)
    for number in range(100):
        assert source.level == 0
        source.load_after(keys, rows + number + 1, rows, np.array([number < 55]))
    assert source.level == 1


def test_fewer_puzzles_than_the_window_are_not_enough():
    source = air_envs.CurriculumPuzzles(levels(), threshold=0.1, window=30)
    env = make(source)
    for _ in range(30):
        play(env, True)
    assert source.level == 0
    env.reset()
    assert source.level == 1


def test_earlier_levels_are_mixed_in_and_do_not_count():
    source = air_envs.CurriculumPuzzles(levels(), threshold=1.0, window=500, earlier=0.4, start=2)
    env = make(source)
    met = [play(env, False, **({"seed": 3} if number == 0 else {})) for number in range(1000)]
    share = np.array([met.count(clues) for clues in CLUES]) / 1000
    np.testing.assert_allclose(share, [0.2, 0.2, 0.6], atol=0.05)
    env.reset()
    assert source._state[1] == met.count(8)


def test_what_does_not_count():
    source = air_envs.CurriculumPuzzles(levels(), window=100)
    env = make(source)
    env.reset(seed=0)
    env.reset()  # no step was taken
    assert source.solve_rate is None
    info = env.reset(options={"puzzle": "2....1....32.21."})[1]
    assert info["level"] == -1
    env.step(info["solution"])
    env.reset()  # the puzzle was not the source's
    assert source.solve_rate is None
    env.step(np.zeros((4, 4), np.uint8))
    env.reset()  # cut short, not solved
    assert source.solve_rate == 0.0


def test_a_seed_fixes_everything_and_starts_over():
    def met(env, seed):
        solve = np.random.default_rng(0).random(60) < 0.6
        return [
            (play(env, s, **({"seed": seed} if n == 0 else {})), env.unwrapped.source.level)
            for n, s in enumerate(solve)
        ]

    env = make(air_envs.CurriculumPuzzles(levels(), threshold=0.5, window=10))
    first = met(env, 1)
    assert first[-1][1] == 2
    assert met(env, 1) == first
    twin = make(air_envs.CurriculumPuzzles(levels(), threshold=0.5, window=10))
    assert met(twin, 1) == first
    assert met(twin, 2) != first


def test_gymnasium_checker():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(air_envs.CurriculumPuzzles(levels(), window=1)).unwrapped, skip_render_check=True)


def test_copies_and_pickles_go_on_alike():
    env = make(air_envs.CurriculumPuzzles(levels(), threshold=0.5, window=10))
    play(env, True, seed=0)
    for _ in range(14):
        play(env, True)
    twins = [copy.deepcopy(env), pickle.loads(pickle.dumps(env))]
    expected = [play(env, True) for _ in range(30)]
    assert len(set(expected)) == 3
    for twin in twins:
        assert [play(twin, True) for _ in range(30)] == expected


def test_a_vector_environment_shares_one_and_tells_levels_to_stable_baselines3():
    from air_envs.sb3 import SB3VecEnv

    source = air_envs.CurriculumPuzzles(levels(), threshold=0.9, window=64, earlier=0.1)
    envs = gym.make_vec(
        "air_envs/Sudoku4x4-v0", 32, source=source, action_type="propose", autoreset_mode="SameStep",
        max_episode_steps=1,
    )  # fmt: skip
    adapted = VecMonitor(SB3VecEnv(envs), info_keywords=("level",))
    adapted.seed(0)
    adapted.reset()
    seen = []
    for _ in range(12):
        *_, infos = adapted.step(envs.dynamics.solution.copy())
        seen += [info["episode"]["level"] for info in infos]
    assert source.level == 2
    assert set(seen) == {0, 1, 2}
    assert seen[:64] == [0] * 64


def test_levels_of_a_dataset_by_rating(tmp_path):
    path = build_dataset(tmp_path / "a.h5", "maze-7x7", train=60, test=5, progress=False).path
    ratings = np.sort(Dataset(path).split("train").rating)
    bounds = [int(ratings[20]), int(ratings[40])]
    source = air_envs.CurriculumPuzzles.by_rating(path, bounds, window=5, earlier=0)
    assert sum(len(level) for level in source.levels) == 60
    env = gym.make("air_envs/Maze-v0", source=source, action_type="propose", solution_in_info=True)
    for number in range(16):
        info = env.reset(seed=0 if number == 0 else None)[1]
        assert info["level"] == min(number // 5, 2) == np.searchsorted(bounds, info["rating"])
        env.step(info["solution"])
    with pytest.raises(ValueError, match=r"bounds: found \[9, 9\], expected ascending ratings"):
        air_envs.CurriculumPuzzles.by_rating(path, [9, 9])
    with pytest.raises(ValueError, match=r"bounds: \[9, 5000\] leave level 2 without puzzles"):
        air_envs.CurriculumPuzzles.by_rating(path, [9, 5000])


def test_without_environment_it_gives_puzzles_of_the_level_reached():
    source = air_envs.CurriculumPuzzles(levels(), start=1, earlier=0.5)
    keys = np.arange(400, dtype=np.uint64)
    data = source.load(keys)
    clues = (data.puzzle > 0).sum((1, 2))
    assert set(clues.tolist()) == {14, 11}
    assert abs((clues == 14).mean() - 0.5) < 0.1
    assert puzzles.family("sudoku-4x4").is_solved(data.puzzle, data.solution).all()
    assert repr(source) == "CurriculumPuzzles('sudoku-4x4', level 1 of 3)"
    assert adapts(source)
    assert not adapts(source.levels[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"levels": []}, "levels: found none"),
        ({"levels": [*levels(), air_envs.GeneratedPuzzles("maze-4x4")]}, r"found \['sudoku-4x4', 'maze-4x4'\]"),
        ({"threshold": 0}, "threshold: found 0"),
        ({"threshold": 1.5}, "threshold: found 1.5"),
        ({"window": 0}, "window: found 0"),
        ({"window": 2.5}, "window: found 2.5"),
        ({"earlier": 1}, "earlier: found 1"),
        ({"start": 3}, "start: found 3, expected an integer from 0 to 2"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        air_envs.CurriculumPuzzles(**{"levels": levels(), **arguments})
