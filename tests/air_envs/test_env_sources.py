import os
import pickle
from typing import ClassVar

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import air_envs
import puzzles
from puzzles import DatasetError, PuzzleError
from puzzles.build import build_dataset
from puzzles.dataset import Dataset, with_validation
from puzzles.errors import GenerationError


@pytest.mark.parametrize("split", ["train", "test"])
def test_an_evaluation_walks_a_split(sudoku_dataset, split):
    rows = Dataset(sudoku_dataset).split(split)
    env = gym.make(
        "air_envs/Sudoku-v0", dataset=str(sudoku_dataset), split=split, action_type="propose", solution_in_info=True
    )
    assert env.unwrapped.family.name == "sudoku-4x4"
    for index in range(len(rows.puzzle)):
        observation, info = env.reset(options={"index": index})
        assert np.array_equal(observation["puzzle"], rows.puzzle[index])
        assert np.array_equal(info["solution"], rows.solution[index])
        assert info["rating"] == rows.rating[index]
        assert env.step(rows.solution[index])[4]["solved"]


def test_resets_draw_rows_by_the_seed_alone(maze_dataset):
    one, two = (gym.make("air_envs/Maze-v0", dataset=str(maze_dataset)) for _ in range(2))
    rows = {row.tobytes() for row in Dataset(maze_dataset).split("train").puzzle}
    seen = set()
    for number in range(40):
        seed = 5 if number == 0 else None
        puzzle = one.reset(seed=seed)[0]["puzzle"]
        two.reset(options={"index": 3}) if number == 20 else None  # draws nothing
        assert np.array_equal(puzzle, two.reset(seed=seed)[0]["puzzle"])
        seen.add(puzzle.tobytes())
    assert seen <= rows
    assert len(seen) > 10


@pytest.mark.parametrize("index", [20, -1, 1.0, "3"])
def test_an_index_out_of_range_is_named(sudoku_dataset, index):
    env = gym.make("air_envs/Sudoku-v0", dataset=str(sudoku_dataset), split="test")
    with pytest.raises(ValueError, match=f"index {index!r}, expected an integer 0 to 19"):
        env.reset(options={"index": index})


def test_an_index_needs_a_dataset():
    with pytest.raises(ValueError, match="without a dataset"):
        gym.make("air_envs/Sudoku-v0", size=4).reset(options={"index": 0})


def test_arguments_that_do_not_fit_the_dataset(sudoku_dataset, tmp_path):
    path = str(sudoku_dataset)
    for id, kwargs, message in [
        ("air_envs/Sudoku-v0", {"size": 9}, "sudoku-4x4, expected sudoku-9x9"),
        ("air_envs/Maze-v0", {}, "sudoku-4x4, expected maze-"),
        ("air_envs/Sudoku-v0", {"clues": 20}, "clues"),
        ("air_envs/Sudoku-v0", {"source": air_envs.GeneratedPuzzles("sudoku-4x4")}, "found both"),
    ]:
        with pytest.raises(ValueError, match=message):
            gym.make(id, dataset=path, **kwargs)
    with pytest.raises(DatasetError, match="validation"):
        gym.make("air_envs/Sudoku-v0", dataset=path, split="validation")
    with pytest.raises(FileNotFoundError):
        gym.make("air_envs/Sudoku-v0", dataset=str(tmp_path / "none.h5"))


@pytest.mark.parametrize("given", ["dataset", "source"])
def test_an_id_that_generates_hard_ones_takes_puzzles_from_elsewhere(given, tmp_path):
    family = puzzles.family("sudoku-9x9")
    path = build_dataset(
        tmp_path / "easy.h5", family, family.Options(level="easy"), train=4, test=2, progress=False
    ).path
    kwargs = {"dataset": str(path)} if given == "dataset" else {"source": air_envs.DatasetPuzzles(path)}
    easy = {puzzle.tobytes() for puzzle in Dataset(path).split("train").puzzle}
    env = gym.make("air_envs/SudokuExtreme-v0", **kwargs)
    envs = gym.make_vec("air_envs/SudokuExtreme-v0", num_envs=3, **kwargs)
    assert env.reset(seed=0)[0]["puzzle"].tobytes() in easy
    assert {puzzle.tobytes() for puzzle in envs.reset(seed=0)[0]["puzzle"]} <= easy
    with pytest.raises(ValueError, match=f"level: an option of the generator, given along with {given}"):
        gym.make("air_envs/SudokuExtreme-v0", level="hard", **kwargs)


def test_an_option_overrules_that_of_the_id():
    env = gym.make("air_envs/MazePerfect-v0", generator="braided", rows=7, columns=7)
    assert env.unwrapped.source.options == puzzles.family("maze-7x7").Options(generator="braided")
    assert gym.make("air_envs/SudokuExtreme-v0").unwrapped.source.options.level == "extreme"


def test_sources_of_one_file_share_its_arrays(sudoku_dataset, tmp_path, monkeypatch):
    one, two = air_envs.DatasetPuzzles(sudoku_dataset), air_envs.DatasetPuzzles(str(sudoku_dataset))
    assert one._puzzles.puzzle is two._puzzles.puzzle
    monkeypatch.chdir(sudoku_dataset.parent)
    pickled = pickle.dumps(air_envs.DatasetPuzzles(sudoku_dataset.name))
    monkeypatch.chdir(tmp_path)
    again = pickle.loads(pickled)
    assert len(pickled) < 500
    assert np.array_equal(again.load(np.array([4], np.uint64)).puzzle, one.load(np.array([4], np.uint64)).puzzle)


def test_an_open_dataset_is_as_good_as_its_path(sudoku_dataset):
    dataset = Dataset(sudoku_dataset)
    opened = gym.make("air_envs/Sudoku-v0", dataset=dataset, split="test")
    named = gym.make("air_envs/Sudoku-v0", dataset=str(sudoku_dataset), split="test")
    assert opened.unwrapped.source._puzzles.puzzle is named.unwrapped.source._puzzles.puzzle
    many = gym.make_vec("air_envs/Sudoku-v0", num_envs=2, dataset=dataset, split="test")
    assert many.source._puzzles.puzzle is named.unwrapped.source._puzzles.puzzle
    assert np.array_equal(opened.reset(seed=3)[0]["puzzle"], named.reset(seed=3)[0]["puzzle"])
    again = gym.make(gym.envs.registration.EnvSpec.from_json(named.spec.to_json()))
    assert np.array_equal(again.reset(seed=3)[0]["puzzle"], named.reset(seed=3)[0]["puzzle"])
    with pytest.raises(ValueError, match=f"^{sudoku_dataset}: puzzles of sudoku-4x4, expected maze-"):
        gym.make("air_envs/Maze-v0", dataset=dataset)


def test_rows_set_aside_for_validation_are_not_trained_on(sudoku_dataset):
    whole, parted = Dataset(sudoku_dataset), with_validation(Dataset(sudoku_dataset), seed=1)
    sources = [air_envs.DatasetPuzzles(whole), *(air_envs.DatasetPuzzles(parted, s) for s in ("train", "validation"))]
    grids = [{puzzle.tobytes() for puzzle in source._puzzles.puzzle} for source in sources]
    assert grids[1] | grids[2] == grids[0]
    assert grids[1] & grids[2] == set()
    assert len(grids[2]) == parted.counts["validation"] > 0
    again = pickle.loads(pickle.dumps(sources[2]))
    assert np.array_equal(again._puzzles.puzzle, sources[2]._puzzles.puzzle)
    env = gym.make("air_envs/Sudoku-v0", dataset=parted, split="validation")
    assert env.reset(seed=0)[0]["puzzle"].tobytes() in grids[2]


def test_a_file_that_was_replaced_is_read_again(tmp_path):
    path = tmp_path / "puzzles.h5"
    stamp, seen = 10**18, []
    for seed in (1, 2):
        build_dataset(path, "sudoku-4x4", train=5, test=1, seed=seed, progress=False, overwrite=True)
        os.utime(path, ns=(stamp, stamp))  # as a copy that keeps times leaves it
        seen.append(air_envs.DatasetPuzzles(path)._puzzles.puzzle)
    assert np.array_equal(seen[1], Dataset(path).split("train").puzzle)
    assert not np.array_equal(*seen)


def test_a_source_of_ones_own():
    class Always:
        """Poses one puzzle for ever."""

        family = puzzles.family("sudoku-4x4")

        def load(self, keys):
            return self.family.generate(np.zeros(len(keys), np.uint64))

    env = gym.make("air_envs/Sudoku-v0", source=Always())
    grids = [env.reset()[0]["puzzle"].tobytes() for _ in range(3)]
    assert len(set(grids)) == 1


def test_generator_options_reach_the_generator():
    env = gym.make("air_envs/Sudoku-v0", size=6, clues=20)
    assert {env.reset(seed=seed)[1]["filled"] for seed in range(5)} == {20}
    env = gym.make("air_envs/Maze-v0", rows=8, columns=8, min_path=14)
    assert min(env.reset(seed=seed)[1]["optimal_length"] for seed in range(5)) >= 14
    with pytest.raises(PuzzleError, match="sudoku"):
        air_envs.GeneratedPuzzles("sudokube-4x4")


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
@pytest.mark.parametrize(
    ("id", "kwargs", "message"),
    [
        ("Sudoku-v0", {"clues": 10}, "clues 10, expected an integer 17 to 81 at side 9"),
        ("Sudoku4x4-v0", {"clues": 17}, "clues 17, expected an integer 4 to 16 at side 4"),
        ("Sudoku-v0", {"clues": 30, "clues_max": 20}, "clues_max 20, expected an integer from clues, 30, to 81"),
        ("Sudoku6x6-v0", {"level": "hard"}, "level 'hard' at side 6, expected side 9, the only one that has levels"),
        ("Sudoku-v0", {"generated": {"level": "simple"}}, "level 'simple', expected one of"),
        ("Maze-v0", {"min_path": 49}, "min_path 49, expected an integer 1 to 48 for perfect mazes of 9x9"),
        ("Maze-v0", {"braid": 1.5}, "braid 1.5, expected a number from 0 to 1"),
        ("MazeHard-v0", {"generated": {"generator": "percolation", "wall_low": 1.0}}, "wall_low 1.0, wall_high 0.5"),
        ("MazeHard-v0", {"rows": 2, "columns": 2, "min_path": 3}, "min_path 3, expected an integer 1 to 2"),
    ],
)
def test_what_no_puzzle_has_is_refused_when_it_is_made(make, id, kwargs, message):
    with pytest.raises(PuzzleError, match=f"^{message}"):
        make(f"air_envs/{id}", **kwargs)


def test_what_is_not_found_names_the_seed_that_was_given():
    options = {"rows": 5, "columns": 5, "generator": "braided", "min_path": 16}
    reason = "no braided maze of 5x5 with a path of 16 moves or more in 100,000 draws"
    env = gym.make("air_envs/Maze-v0", **options)
    with pytest.raises(GenerationError, match=f"^seed 7: {reason}$"):
        env.reset(seed=7)
    with pytest.raises(GenerationError, match=f"^seed 7: {reason}$"):
        env.reset()
    env.unwrapped.np_random = np.random.default_rng(1)  # of a seed that nobody knows
    with pytest.raises(GenerationError, match=f"^{reason}$"):
        env.reset()
    envs = gym.make_vec("air_envs/Maze-v0", num_envs=3, **options)
    with pytest.raises(GenerationError, match=f"^seed 7: sub-environment 0: {reason}$"):
        envs.reset(seed=7)
    with pytest.raises(GenerationError, match=f"^seed 4: sub-environment 2: {reason}$"):
        envs.reset(seed=[1, 2, 4], options={"reset_mask": np.array([False, False, True])})


def test_a_reward_of_ones_own():
    env = gym.make("air_envs/Sudoku-v0", size=4, reward=lambda dynamics: -0.5 * dynamics.conflicts)
    env.reset(options={"puzzle": ".234341221434321"[:15] + "."})
    assert env.step(1)[1] == -1.5


@pytest.mark.parametrize(
    ("reward", "shape"), [(lambda d: d.solved.mean(), r"\(\)"), (lambda d: d.solved[:, None], r"\(\d, 1\)")]
)
def test_a_reward_of_another_shape_is_refused(reward, shape):
    env = gym.make("air_envs/Sudoku-v0", size=4, reward=reward)
    envs = gym.make_vec("air_envs/Sudoku-v0", num_envs=3, size=4, reward=reward)
    env.reset(seed=0), envs.reset(seed=0)
    with pytest.raises(ValueError, match=rf"reward: .* returned shape {shape}, expected \(1,\)"):
        env.step(0)
    with pytest.raises(ValueError, match=rf"reward: .* returned shape {shape}, expected \(3,\)"):
        envs.step(np.zeros(3, int))


@pytest.mark.parametrize("reward", [air_envs.DenseReward, {"discount": 0.9}, None, "denser"])
def test_what_is_no_reward_is_named(reward):
    with pytest.raises(ValueError, match=r"expected one of .*'dense'.* or a callable"):
        gym.make("air_envs/Sudoku-v0", size=4, reward=reward)


def test_a_new_family_needs_few_lines():
    from air_envs.dynamics import Dynamics, grid_space

    class Copy(Dynamics):
        """Propose the solution of a 4x4 Sudoku; whatever else is wrong."""

        action_type = "propose"

        def __init__(self, family, count):
            super().__init__(family, count)
            self.action_space = grid_space(family)
            self.observation_space = gym.spaces.Dict(grid=grid_space(family), puzzle=grid_space(family))

        def _start(self, rows):
            self.solved[rows] = False
            self.progress[rows] = 0

        def _apply(self, actions):
            self.grid[:] = actions
            self.solved[:] = (actions == self.solution).all(axis=(1, 2))
            self.progress[:] = self.solved

    class CopyEnv(air_envs.PuzzleEnv):
        dynamics_types: ClassVar = {"propose": Copy}

        def __init__(self, **parts):
            super().__init__(air_envs.GeneratedPuzzles("sudoku-4x4"), "propose", **parts)

    class CopyVectorEnv(air_envs.PuzzleVectorEnv):
        env_type = CopyEnv

    air_envs.register_environment("test/Copy-v0", "copy", CopyEnv, 5, vector_entry_point=CopyVectorEnv)
    try:
        env = gym.make("test/Copy-v0", render_mode="rgb_array", solution_in_info=True)
        check_env(env.unwrapped, skip_render_check=True)
        _, info = env.reset(seed=0)
        assert env.step(info["solution"])[1:3] == (1.0, True)
        assert env.render().shape == (480, 480, 3)
        assert air_envs.environment_id("copy-4x4") == "test/Copy-v0"
        envs = gym.make_vec("test/Copy-v0", num_envs=3, solution_in_info=True)
        _, infos = envs.reset(seed=0)
        assert np.array_equal(infos["solution"][0], info["solution"])
        assert envs.step(infos["solution"])[1].tolist() == [1.0] * 3
    finally:
        del air_envs.ENVIRONMENTS["test/Copy-v0"]
        del gym.registry["test/Copy-v0"]


def test_puzzles_held_in_memory_are_a_source():
    family = puzzles.family("sudoku-4x4")
    data = family.generate(np.arange(20, dtype=np.uint64))
    held = air_envs.HeldPuzzles(family, data)
    env = gym.make("air_envs/Sudoku-v0", source=held)
    assert np.array_equal(env.reset(options={"index": 7})[0]["puzzle"], data.puzzle[7])
    drawn = {env.reset(seed=seed)[0]["puzzle"].tobytes() for seed in range(60)}
    assert drawn <= {puzzle.tobytes() for puzzle in data.puzzle}
    assert len(drawn) > 15
    assert repr(pickle.loads(pickle.dumps(held))) == "HeldPuzzles('sudoku-4x4', 20 puzzles)"
    for wrong in (data.take(slice(0)), puzzles.family("sudoku-6x6").generate(np.arange(2, dtype=np.uint64))):
        with pytest.raises(ValueError, match=r"puzzles: shape .*, expected \(N, 4, 4\), N at least 1"):
            air_envs.HeldPuzzles(family, wrong)
