"""What is the native vector environment's own: errors, seeds, copies, pictures, pickles."""

import copy
import pickle

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

import air_envs
from puzzles import PuzzleError
from puzzles.dataset import Dataset

SUDOKU, MAZE = "air_envs/Sudoku-v0", "air_envs/Maze-v0"


def make(id=SUDOKU, num_envs=4, **kwargs):
    small = {"size": 4} if id == SUDOKU else {"rows": 5, "columns": 6}
    return gym.make_vec(id, num_envs=num_envs, **(small if "dataset" not in kwargs else {}), **kwargs)


def test_every_id_has_a_native_vector_environment():
    for id, environment in air_envs.ENVIRONMENTS.items():
        spec = gym.spec(id)
        assert spec.vector_entry_point == environment.vector_entry_point
        assert issubclass(gym.envs.registration.load_env_creator(spec.vector_entry_point), air_envs.PuzzleVectorEnv)
    envs = gym.make_vec("air_envs/Sudoku6x6-v0", num_envs=2)
    assert isinstance(envs, air_envs.SudokuVectorEnv)
    assert envs.family.name == "sudoku-6x6"
    assert envs.max_episode_steps == 200
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_spec_survives_json():
    envs = make(num_envs=3, autoreset_mode="SameStep")
    again = gym.make_vec(gym.envs.registration.EnvSpec.from_json(envs.spec.to_json()))
    assert again.num_envs == 3
    assert again.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert data_equivalence(again.reset(seed=3), envs.reset(seed=3), exact=True)


@pytest.mark.parametrize(
    ("kwargs", "actions", "message"),
    [
        ({}, [0, 0, 64, 0], "sub-environment 2: action 64, expected 0 to 63"),
        ({}, [0, -1, 64, 0], "sub-environment 1: action -1, expected 0 to 63"),
        ({}, [0, 0, 0], "of type list, expected 4 integers 0 to 63"),
        ({}, np.zeros((4, 1), np.int64), "shape \\(4, 1\\) and dtype int64, expected 4 integers"),
        ({}, np.zeros(4), "dtype float64, expected 4 integers"),
        ({}, np.full(4, np.nan), "with NaN, expected 4 integers"),
        ({}, None, "None of type NoneType"),
        ({}, [0, [1], 0, 0], "expected 4 integers"),
        ({"action_type": "propose"}, np.zeros((4, 4), np.uint8), "shape \\(4, 4\\) .* expected 4 grids"),
        ({"action_type": "propose"}, np.full((4, 4, 4), 5), "sub-environment 0: action: row 1, column 1: 5, .* 0 to 4"),
        ({"action_type": "propose"}, np.full((4, 4, 4), np.nan), "with NaN"),
    ],
)
def test_what_is_no_action_is_refused_before_anything_changes(kwargs, actions, message):
    envs = make(**kwargs)
    envs.reset(seed=0)
    before = copy.deepcopy(envs.dynamics.info())
    with pytest.raises(air_envs.ActionError, match=message):
        envs.step(actions)
    assert data_equivalence(before, envs.dynamics.info(), exact=True)


def test_an_action_on_a_given_is_counted():
    envs = make()
    observations, infos = envs.reset(seed=0)
    cells = (observations["puzzle"].reshape(4, -1) > 0).argmax(axis=1)
    assert (infos["action_mask"][np.arange(4), cells * 4] == 0).all()
    after, _, _, _, infos = envs.step(cells * 4)
    assert infos["illegal"].tolist() == [1] * 4
    assert np.array_equal(after["grid"], observations["puzzle"])


def test_the_action_of_a_row_to_be_reset_is_not_looked_at():
    envs = make(max_episode_steps=1)
    envs.reset(seed=0)
    envs.step(np.zeros(4, int))
    _, rewards, terminations, truncations, infos = envs.step(np.full(4, 10**6))
    assert not rewards.any()
    assert not (terminations | truncations).any()
    assert not infos["steps"].any()


@pytest.mark.parametrize("limit", [None, -1])
def test_there_need_be_no_time_limit(limit):
    envs = make(max_episode_steps=limit)
    envs.reset(seed=0)
    for _ in range(120):  # longer than that of any id of this size
        assert not envs.step(np.zeros(4, int))[3].any()


@pytest.mark.parametrize("limit", [0, -2, 2.5, "9"])
def test_a_time_limit_that_is_none_is_refused(limit):
    with pytest.raises(ValueError, match=f"max_episode_steps: found {limit!r}, expected 1 or more"):
        make(max_episode_steps=limit)


def test_stepping_what_has_ended_or_not_begun():
    envs = make(MAZE, max_episode_steps=1, autoreset_mode="Disabled")
    with pytest.raises(ResetNeeded, match=r"sub-environments \[0, 1, 2, 3\]: step before"):
        envs.step(np.zeros(4, int))
    envs.reset(options={"reset_mask": np.array([True, True, False, True])})
    with pytest.raises(ResetNeeded, match=r"sub-environments \[2\]: step before"):
        envs.step(np.zeros(4, int))
    envs.reset()
    envs.step(np.zeros(4, int))
    envs.reset(options={"reset_mask": np.array([True, False, True, False])})
    with pytest.raises(ResetNeeded, match=r"sub-environments \[1, 3\] have ended"):
        envs.step(np.zeros(4, int))


def test_a_reset_mask_leaves_the_others_alone():
    envs = make(MAZE)
    before, _ = envs.reset(seed=1)
    after, infos = envs.reset(options={"reset_mask": np.array([False, True, False, False])})
    same = [np.array_equal(before["puzzle"][row], after["puzzle"][row]) for row in range(4)]
    assert same == [True, False, True, True]
    assert infos["_rating"].tolist() == [False, True, False, False]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": [1, 2]}, ValueError, "found 2 seeds, expected 4"),
        ({"options": {"reset_mask": [True] * 4}}, TypeError, "a list, expected an array of bool"),
        ({"options": {"reset_mask": np.ones(4)}}, TypeError, "dtype float64"),
        ({"options": {"reset_mask": np.ones(3, bool)}}, ValueError, "shape \\(3,\\)"),
        ({"options": {"reset_mask": np.zeros(4, bool)}}, ValueError, "with 0 True"),
        ({"options": {"index": 3}}, ValueError, "without a dataset"),
        ({"options": {"puzzle": "." * 16}}, PuzzleError, "several solutions"),
        ({"options": {"puzzle": ["." * 16] * 3}}, ValueError, "3 puzzles, expected 4"),
        ({"options": {"row": 3}}, ValueError, "options: found"),
    ],
)
def test_what_reset_refuses(arguments, error, message):
    envs = make()
    before, _ = envs.reset(seed=0)
    with pytest.raises(error, match=message):
        envs.reset(**arguments)
    assert np.array_equal(envs.dynamics.puzzle, before["puzzle"])


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"num_envs": 0}, "num_envs: found 0"),
        ({"render_rows": [4]}, "render_rows"),
        ({"autoreset_mode": "Never"}, "Never"),
        ({"reward": "rich"}, "reward: found 'rich'"),
        ({"size": 5}, "5x5"),
    ],
)
def test_bad_arguments_are_named(kwargs, message):
    with pytest.raises(ValueError, match=message):
        air_envs.SudokuVectorEnv(**({"num_envs": 4, "size": 4} | kwargs))


def test_what_was_never_made_can_be_closed():
    """Gymnasium 1.1 and 1.2 close an environment whose ``__init__`` has raised when it is collected."""
    object.__new__(air_envs.SudokuVectorEnv).close()


def test_each_row_can_be_posed_a_puzzle_of_its_own(sudoku_dataset):
    rows = Dataset(sudoku_dataset).split("train")
    envs = make(dataset=str(sudoku_dataset), action_type="propose", solution_in_info=True)
    observations, infos = envs.reset(options={"index": np.array([3, 1, 4, 15])})
    assert np.array_equal(observations["puzzle"], rows.puzzle[[3, 1, 4, 15]])
    assert np.array_equal(infos["solution"], rows.solution[[3, 1, 4, 15]])
    _, rewards, terminations, _, infos = envs.step(infos["solution"])
    assert rewards.tolist() == [1.0] * 4
    assert terminations.all()
    assert infos["solved"].all()
    texts = ["".join(map(str, puzzle.ravel())) for puzzle in rows.puzzle[5:9]]
    for form in (rows.puzzle[5:9], rows.puzzle[5:9].astype(np.int64), rows.puzzle[5:9].tolist(), texts):
        envs.reset()
        observations, _ = envs.reset(options={"puzzle": form})
        assert np.array_equal(observations["puzzle"], rows.puzzle[5:9])
    mask = np.array([False, False, True, True])
    observations, _ = envs.reset(options={"index": [0, 1, 2, 3], "reset_mask": mask})
    assert np.array_equal(observations["puzzle"], rows.puzzle[[5, 6, 2, 3]])
    with pytest.raises(ValueError, match="index 30, expected an integer 0 to 29"):
        envs.reset(options={"index": [0, 1, 30, 2]})
    ragged = [*rows.puzzle[:3].tolist(), [[1, 2, 3, 4], [3]]]
    with pytest.raises(PuzzleError, match="ragged rows, expected text or"):
        envs.reset(options={"puzzle": ragged})


def test_unseeded_environments_differ_and_seeded_ones_repeat():
    one, two = make(num_envs=8), make(num_envs=8)
    assert not np.array_equal(one.reset()[0]["puzzle"], two.reset()[0]["puzzle"])
    assert len({grid.tobytes() for grid in one.reset()[0]["puzzle"]}) > 4
    first = [envs.reset(seed=5)[0]["puzzle"] for envs in (one, two)]
    second = [envs.reset()[0]["puzzle"] for envs in (one, two)]
    assert np.array_equal(*first)
    assert np.array_equal(*second)
    assert not np.array_equal(first[0], second[0])
    assert one.np_random_seed == 5


def test_copies_are_ones_own_and_views_are_not():
    for copy_, changes in ((True, False), (False, True)):
        envs = make(MAZE, copy=copy_)
        observations, infos = envs.reset(seed=0)
        grids, steps = observations["grid"].copy(), infos["steps"].copy()
        for action in (0, 1, 2, 3):
            envs.step(np.full(4, action))
        assert np.array_equal(observations["grid"], grids) != changes
        assert np.array_equal(infos["steps"], steps) != changes


@pytest.mark.parametrize(
    "copying", [copy.deepcopy, lambda envs: pickle.loads(pickle.dumps(envs))], ids=["deep", "pickle"]
)
@pytest.mark.parametrize("id", [SUDOKU, MAZE])
def test_a_copy_made_mid_episode_goes_on_alike(id, copying):
    envs = make(id, render_mode="rgb_array", max_episode_steps=7, pixels=100)
    envs.reset(seed=3)
    envs.action_space.seed(3)
    for _ in range(5):
        envs.step(envs.action_space.sample())
    envs.render()
    twin = copying(envs)
    for _ in range(20):
        actions = envs.action_space.sample()
        assert data_equivalence(envs.step(actions), twin.step(actions), exact=True)
    assert data_equivalence(envs.render(), twin.render(), exact=True)


def test_pictures_are_those_of_single_environments():
    envs = make(MAZE, render_mode="rgb_array", pixels=120, render_rows=[2, 0])
    envs.reset(seed=10)
    single = gym.make(MAZE, rows=5, columns=6, render_mode="rgb_array", pixels=120)
    for picture, seed in zip(envs.render(), (12, 10), strict=True):
        single.reset(seed=seed)
        assert np.array_equal(picture, single.render())
    texts = make(MAZE, render_mode="ansi")
    texts.reset(seed=10)
    assert len(texts.render()) == 4
    assert len(set(texts.render())) == 4


def test_a_window_shows_all_boards_side_by_side():
    envs = make(render_mode="human", pixels=80)
    envs.metadata["render_fps"] = 1000
    envs.template.metadata = envs.template.metadata | {"render_fps": 1000}
    envs.reset(seed=0)
    envs.step(np.zeros(4, int))
    assert envs.render() is None
    shown = envs._window.screen()
    assert shown.shape == (160, 160, 3)
    still = make(render_mode="rgb_array", pixels=80)
    still.reset(seed=0)
    still.step(np.zeros(4, int))
    assert np.array_equal(shown[:80, 80:], still.render()[1])
    envs.close()
    envs.close()


def test_a_window_waits_until_every_board_has_a_puzzle():
    envs = make(num_envs=2, render_mode="human", pixels=80, autoreset_mode="Disabled")
    envs.reset(options={"reset_mask": np.array([True, False])})
    assert envs._window is None
    envs.reset(options={"reset_mask": np.array([False, True])})
    assert envs._window.screen().shape == (80, 160, 3)
    envs.close()


def test_rendering_without_a_mode_says_so():
    envs = make()
    envs.reset(seed=0)
    with pytest.warns(UserWarning, match="render_mode"):
        assert envs.render() is None


def test_gymnasiums_vector_wrappers_take_it():
    envs = gym.wrappers.vector.RecordEpisodeStatistics(make(MAZE, max_episode_steps=9))
    envs.reset(seed=0)
    envs.action_space.seed(0)
    lengths = []
    for _ in range(40):
        *_, infos = envs.step(envs.action_space.sample())
        if "episode" in infos:
            lengths += infos["episode"]["l"][infos["_episode"]].tolist()
    assert len(lengths) >= 12
    assert max(lengths) == 9


def test_masks_of_all_rows():
    envs = make(action_mask="candidates")
    _, infos = envs.reset(seed=0)
    assert envs.action_masks().dtype == np.bool_
    assert np.array_equal(envs.action_masks(), infos["action_mask"].astype(bool))
    with pytest.raises(TypeError, match="whole grids"):
        make(action_type="propose").action_masks()
