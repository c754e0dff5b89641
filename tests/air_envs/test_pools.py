"""Puzzles from a pool: which ones, how many, and the same everywhere."""

import copy
import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec

import air_envs
import puzzles
from air_envs.generated import Schedule
from air_envs.generated.schedule import default_schedule
from puzzles.errors import GenerationError

ROOT = Path(__file__).parents[2]
IMPOSSIBLE = {"rows": 3, "columns": 3, "generator": "percolation", "min_path": 7}
PERCOLATION = {"generator": "percolation"}


def keys(count, seed=0):
    return np.random.default_rng(seed).integers(1 << 64, size=count, dtype=np.uint64)


def classes(source, batch):
    """The canonical form of each puzzle of a batch, as bytes."""
    return [grid.tobytes() for grid in source.family.canonical(batch.puzzle, batch.solution)]


def episodes(id, count, **kwargs):
    """The first puzzles of an environment with seed 3."""
    env = gym.make(id, **kwargs)
    return np.stack([env.reset(seed=None if number else 3)[0]["puzzle"] for number in range(count)])


GOLDEN = {
    "Sudoku-v0": ({}, 30, "e0d16c34a9347c91"),
    "Sudoku6x6-v0": ({"clues": 14}, 30, "a27aed57991b8bb8"),
    "SudokuExtreme-v0": ({}, 1, "850fb7914396175d"),
    "Sudoku4x4-v0": ({"pool": 7}, 30, "7e725a5fd036b22a"),
    "Maze-v0": (PERCOLATION | {"rows": 8, "columns": 7}, 30, "11720777199f76a8"),
}
DIGESTS = """
from tests.air_envs.test_pools import GOLDEN, digest
print(*(digest(id) for id in GOLDEN))
"""


def digest(id):
    kwargs, count, _ = GOLDEN[id]
    return hashlib.sha256(episodes(f"air_envs/{id}", count, **kwargs).tobytes()).hexdigest()[:16]


def test_a_seed_has_the_same_puzzles_in_every_process_on_every_machine():
    """Also where no thread generates ahead."""
    expected = [golden for _, _, golden in GOLDEN.values()]
    assert [digest(id) for id in GOLDEN] == expected
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PUZZLES_THREADS": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", DIGESTS], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == expected


def test_a_row_draws_from_more_bases_the_more_puzzles_it_has_had():
    """Each of them as likely as any other, and no further one."""
    source = air_envs.PooledPuzzles("sudoku-6x6", schedule=Schedule(first=3, every=5, most=8))
    bases = source.load_next(_keys_of_bases(source, 8), np.full(8, 10**6))
    numbered = {name: base for base, name in enumerate(classes(source, bases))}
    assert len(numbered) == 8
    for number, size in [(0, 3), (4, 3), (5, 4), (24, 7), (25, 8), (10**9, 8)]:
        assert source.schedule.size(number) == size
        batch = source.load_next(keys(800), np.full(800, number))
        counts = np.bincount([numbered[name] for name in classes(source, batch)], minlength=8)
        assert (counts[size:] == 0).all()
        mean = 800 / size
        assert ((counts[:size] - mean) ** 2 / mean).sum() < size - 1 + 5 * np.sqrt(2 * size)


def _keys_of_bases(source, size):
    """A key of each base, in order, for a row that draws from ``size``."""
    return ((np.arange(size, dtype=np.uint64) << np.uint64(32)) // np.uint64(size) + np.uint64(1)) << np.uint64(32)


@pytest.mark.parametrize(("name", "options"), [("sudoku-9x9", {"level": "hard"}), ("maze-8x7", PERCOLATION)])
def test_copies_have_one_solution_that_is_right(name, options):
    source = air_envs.PooledPuzzles(name, **options)
    batch = source.load(keys(200))
    source.family.check(batch.puzzle)
    np.testing.assert_array_equal(source.family.solve(batch.puzzle), batch.solution)  # raises where there are several
    assert len({puzzle.tobytes() for puzzle in batch.puzzle}) > 190
    if name.startswith("sudoku"):
        assert set(batch.rating.tolist()) == {1, 2, 3, 4}  # of the bases, which have the level
    else:
        np.testing.assert_array_equal(batch.rating, source.family.rate(batch.puzzle))


def test_the_default_schedule_suits_the_time_that_a_puzzle_takes():
    def schedule(name, **options):
        family = puzzles.family(name)
        return default_schedule(family, family.Options(**options))

    assert schedule("sudoku-9x9", level="extreme")[:2] == (64, 40)
    assert schedule("sudoku-9x9", level="expert")[:2] == (400, 2)
    assert schedule("sudoku-9x9")[:2] == (16384, 1)
    assert schedule("maze-30x30", generator="percolation") == (64, 16, (64 << 20) // 1804)
    assert schedule("maze-30x30")[:2] == (16384, 1)


@pytest.mark.parametrize("make", [gym.make, gym.make_vec])
def test_an_environment_chooses_its_pool(make):
    firsts = [make("air_envs/Sudoku6x6-v0", pool=pool).reset(seed=2)[0]["puzzle"] for pool in (0, 0, 1, None)]
    scratch = make("air_envs/Sudoku6x6-v0", source=air_envs.GeneratedPuzzles("sudoku-6x6")).reset(seed=2)[0]["puzzle"]
    assert np.array_equal(firsts[0], firsts[1])
    assert np.array_equal(firsts[3], scratch)
    assert len({first.tobytes() for first in firsts}) == 3
    env = make("air_envs/Sudoku6x6-v0", pool=1)
    again = make(EnvSpec.from_json(env.spec.to_json()))
    assert np.array_equal(again.reset(seed=2)[0]["puzzle"], firsts[2])


@pytest.mark.parametrize("pool", [-1, 2**64, 1.0, True, "0"])
def test_what_is_no_pool_is_named(pool):
    with pytest.raises(ValueError, match=rf"^pool: found {pool!r}, expected an integer from 0 to 2\*\*64 - 1"):
        gym.make("air_envs/Maze-v0", pool=pool)


@pytest.mark.parametrize("schedule", [Schedule(0, 1, 5), Schedule(5, 0, 5), Schedule(5, 1.5, 5), Schedule(5, 1, 2**32)])
def test_what_is_no_schedule_is_named(schedule):
    with pytest.raises(ValueError, match=r"^schedule: found Schedule\(first=.*\), expected integers from 1 to 2"):
        air_envs.PooledPuzzles("sudoku-4x4", schedule=schedule)


def test_what_is_generated_as_fast_as_copied_comes_from_no_pool(maze_dataset):
    for kwargs in ({}, {"generator": "braided"}, {"generator": "percolation", "min_path": 3}):
        source = gym.make("air_envs/Maze-v0", **kwargs).unwrapped.source
        assert type(source) is air_envs.GeneratedPuzzles
    pooled = gym.make("air_envs/MazeHard-v0").unwrapped.source
    assert isinstance(pooled, air_envs.PooledPuzzles)
    assert pooled.options.generator == "percolation"
    assert isinstance(gym.make("air_envs/Maze-v0", dataset=str(maze_dataset)).unwrapped.source, air_envs.DatasetPuzzles)


def test_sources_are_copied_without_their_bases():
    source = air_envs.PooledPuzzles("sudoku-6x6", pool=2, schedule=Schedule(5, 1, 50), clues=16)
    expected = source.load(keys(20))
    for again in (pickle.loads(pickle.dumps(source)), copy.deepcopy(source)):
        assert np.array_equal(again.load(keys(20)).puzzle, expected.puzzle)
        assert again.schedule == source.schedule
    assert len(pickle.dumps(source)) < 500


def test_a_source_may_ask_how_many_puzzles_a_row_has_had():
    class Recorder:
        """A source that lets a row's later puzzles depend on their number."""

        family = puzzles.family("sudoku-4x4")

        def __init__(self):
            self.asked = []

        def __deepcopy__(self, memo):
            return self

        def load_next(self, keys, numbers):
            self.asked.append(numbers.tolist())
            return self.family.generate(keys)

    source = Recorder()
    env = gym.make("air_envs/Sudoku-v0", source=source)
    env.reset(seed=0), env.reset(), env.reset(options={"puzzle": "2....1....32.21."}), env.reset(), env.reset(seed=0)
    assert source.asked == [[0], [1], [2], [0]]
    source.asked.clear()
    envs = gym.make_vec("air_envs/Sudoku-v0", num_envs=3, source=source, autoreset_mode="Disabled")
    mask = np.array([True, False, True])
    envs.reset(seed=0), envs.reset(options={"reset_mask": mask}), envs.reset(), envs.reset(seed=[None, 1, None])
    assert source.asked == [[0, 0, 0], [1, 1], [2, 1, 2], [3, 0, 3]]


def test_a_base_that_is_not_found_names_the_seed_that_was_given():
    reason = "no percolation maze of 3x3 with a path of 7 moves or more in 20,000,000 draws"
    with pytest.raises(GenerationError, match=f"^seed 7: {reason}$"):
        gym.make("air_envs/Maze-v0", **IMPOSSIBLE).reset(seed=7)
    envs = gym.make_vec("air_envs/Maze-v0", num_envs=2, **IMPOSSIBLE)
    with pytest.raises(GenerationError, match=f"^seed 4: sub-environment 1: {reason}$"):
        envs.reset(seed=[1, 4], options={"reset_mask": np.array([False, True])})
