import dataclasses
import os
import signal
import sys
import threading
import time
from concurrent.futures import CancelledError, ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest

import puzzles
from puzzles import PuzzleError, build
from puzzles.build import build_dataset, candidate_seeds
from puzzles.dataset import Dataset, split_keys, verify
from puzzles.files import replacing
from puzzles.maze import Maze, MazeOptions
from puzzles.sudoku import SudokuOptions
from puzzles.threads import alone, check_stopped, in_threads, stopped_by, threads


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sudoku-4x4", None),
        ("sudoku-6x6", SudokuOptions(clues=14)),
        ("sudoku-9x9", None),
        ("maze-6x9", MazeOptions(generator="percolation", min_path=8)),
    ],
)
def test_a_built_dataset_is_proved_by_verify(tmp_path, name, options):
    family = puzzles.family(name)
    dataset = build_dataset(tmp_path / "a.h5", name, options, train=60, test=20, seed=5, progress=False)
    assert dataset.counts == {"train": 60, "test": 20}
    assert dataset.family.name == name
    report = verify(tmp_path / "a.h5", progress=False)
    assert report.counts == {"train": 60, "test": 20}
    assert report.ratings_computed
    provenance = dataset.provenance
    assert provenance.generator == "air_envs generator"
    assert provenance.seed == 5
    assert provenance.parameters == dataclasses.asdict(options or family.Options())
    assert provenance.command.startswith(f"build_dataset('{name}', ")
    assert "train=60, test=20, seed=5" in provenance.command
    assert provenance.rating_convention == family.rating_conventions[0]
    assert np.array_equal(dataset.split("test").rating, family.rate(dataset.split("test").puzzle))


def test_the_bytes_depend_on_nothing_but_the_arguments(tmp_path):
    # 3x4 mazes repeat often, so the order in which repeats are skipped matters here.
    contents = []
    for number, how in enumerate(
        ({"shard": 1}, {"shard": 7, "workers": 3}, {"shard": 64}, {"shard": 1000}, {"workers": 1}, {"workers": 5})
    ):
        path = tmp_path / f"folder {number}" / "a.h5"
        build_dataset(path, "maze-3x4", train=60, test=15, seed=3, progress=False, **how)
        contents.append(path.read_bytes())
        assert [file.name for file in path.parent.iterdir()] == ["a.h5"]
    assert contents.count(contents[0]) == 6
    time.sleep(1.1)  # a time stamp of a second's resolution would show
    build_dataset(tmp_path / "a.h5", puzzles.family("maze-3x4"), train=60, test=15, seed=3, progress=False)
    assert (tmp_path / "a.h5").read_bytes() == contents[0]
    build_dataset(tmp_path / "b.h5", "maze-3x4", train=60, test=15, seed=4, progress=False)
    assert not same(Dataset(tmp_path / "b.h5").split("train"), Dataset(tmp_path / "a.h5").split("train"))


def test_the_rule_of_the_order(tmp_path):
    family = puzzles.family("maze-3x4")
    dataset = build_dataset(tmp_path / "a.h5", family, train=50, test=10, seed=9, progress=False)
    seen, expected, candidate = set(), [], 0
    while len(expected) < 60:
        one = family.generate(candidate_seeds(9, candidate, 1))
        key = split_keys(family, one.puzzle, one.solution)[0].tobytes()
        candidate += 1
        if key not in seen:
            seen.add(key)
            expected.append(one)
    assert candidate > 62  # some were repeats
    joined = [np.concatenate(arrays) for arrays in zip(*expected, strict=True)]
    assert same(dataset.split("test"), [array[:10] for array in joined])
    assert same(dataset.split("train"), [array[10:] for array in joined])


def test_a_larger_dataset_begins_with_the_smaller_one(tmp_path):
    small = build_dataset(tmp_path / "a.h5", "sudoku-6x6", train=20, test=30, seed=1, progress=False)
    large = build_dataset(tmp_path / "b.h5", "sudoku-6x6", train=50, test=30, seed=1, progress=False)
    assert same(large.split("test"), small.split("test"))
    assert same(large.split("train").take(slice(20)), small.split("train"))


def test_a_validation_split_changes_neither_of_the_others(tmp_path):
    # 3x4 mazes repeat often, and shards end inside of splits.
    plain = build_dataset(tmp_path / "a.h5", "maze-3x4", train=40, test=15, seed=3, progress=False)
    longer = build_dataset(tmp_path / "b.h5", "maze-3x4", train=60, test=15, seed=3, progress=False)
    for shard in (1, 7, 64):
        path = tmp_path / f"{shard}.h5"
        how = {"validation": 20, "seed": 3, "shard": shard, "progress": False}
        dataset = build_dataset(path, "maze-3x4", train=40, test=15, **how)
        assert dataset.counts == {"train": 40, "validation": 20, "test": 15}
        assert same(dataset.split("train"), plain.split("train"))
        assert same(dataset.split("test"), plain.split("test"))
        assert same(dataset.split("validation"), longer.split("train").take(slice(40, 60)))
        assert "train=40, test=15, seed=3, validation=20)" in dataset.provenance.command
        verify(path, progress=False)


def test_validation_alone_with_train_or_test(tmp_path):
    for name, counts in (("a.h5", {"train": 5, "test": 0}), ("b.h5", {"train": 0, "test": 5})):
        dataset = build_dataset(tmp_path / name, "sudoku-4x4", **counts, validation=3, progress=False)
        assert dataset.counts == counts | {"validation": 3}


def test_candidate_seeds_are_splitmix64():
    def splitmix64(state):
        while True:
            state = (state + 0x9E3779B97F4A7C15) % 2**64
            z = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
            z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
            yield z ^ (z >> 31)

    assert next(splitmix64(0)) == 0xE220A8397B1DCDAF  # the generator's published first number
    for seed in (0, 1, 2**64 - 1):
        stream = splitmix64(next(splitmix64(seed)))
        expected = [next(stream) for _ in range(50)]
        assert candidate_seeds(seed, 0, 50).tolist() == expected
        assert candidate_seeds(seed, 20, 5).tolist() == expected[20:25]
        assert candidate_seeds(seed, 0, 5).dtype == np.uint64


@pytest.mark.parametrize("shard", [1, 33, 256, None])
def test_running_out_of_puzzles(tmp_path, monkeypatch, shard):
    monkeypatch.setattr(build, "PATIENCE", 500)
    build_dataset(tmp_path / "a.h5", "maze-2x3", train=4, test=2, progress=False)  # all there are
    (tmp_path / "a.h5").unlink()
    with pytest.raises(PuzzleError) as caught:
        build_dataset(tmp_path / "a.h5", "maze-2x3", train=4, test=3, shard=shard, progress=False)
    family = puzzles.family("maze-2x3")
    candidates = family.generate(candidate_seeds(0, 0, 200))
    _, first = np.unique(split_keys(family, candidates.puzzle, candidates.solution), return_index=True)
    assert str(caught.value) == (
        f"maze-2x3: 6 puzzles among {first.max() + 501} candidates, the last 500 of them equal up to symmetry to an "
        "earlier one; expected 7 different ones"
    )
    assert not list(tmp_path.iterdir())


def test_a_wait_for_the_next_new_puzzle_may_last_almost_for_ever(tmp_path, monkeypatch):
    family = puzzles.family("maze-2x3")
    candidates = family.generate(candidate_seeds(0, 0, 200))
    _, first = np.unique(split_keys(family, candidates.puzzle, candidates.solution), return_index=True)
    longest = int(np.diff(np.sort(first)).max()) - 1  # repeats between two new ones
    assert longest > 0
    for shard in (1, 50, None):
        monkeypatch.setattr(build, "PATIENCE", longest + 1)
        build_dataset(tmp_path / "a.h5", family, train=4, test=2, shard=shard, progress=False)
        monkeypatch.setattr(build, "PATIENCE", longest)
        with pytest.raises(PuzzleError, match=f"the last {longest} of them"):
            build_dataset(tmp_path / "b.h5", family, train=4, test=2, shard=shard, progress=False)


def test_a_split_is_left_out_with_zero(tmp_path):
    assert build_dataset(tmp_path / "a.h5", "sudoku-4x4", train=5, test=0, progress=False).splits == ("train",)
    assert build_dataset(tmp_path / "b.h5", "sudoku-4x4", train=0, test=5, progress=False).splits == ("test",)
    assert verify(tmp_path / "b.h5", progress=False).counts == {"train": 0, "test": 5}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"train": -1}, "train -1, expected 0 or more"),
        ({"test": -3}, "test -3, expected 0 or more"),
        ({"validation": -2}, "validation -2, expected 0 or more"),
        ({"train": 0, "test": 0}, "train 0 and test 0, expected a puzzle in one of them"),
        ({"train": 0, "test": 0, "validation": 5}, "train 0 and test 0, expected a puzzle in one of them"),
        ({"seed": -1}, "seed -1, expected 0 <= seed < 2**64"),
        ({"shard": 0}, "shard 0, expected 1 or more"),
        ({"workers": 0}, "workers 0, expected 1 or more"),
        ({"engine": "steam"}, "engine 'steam', expected one of ('local', 'ray')"),
        ({"options": MazeOptions()}, "options MazeOptions("),
        ({"options": SudokuOptions(clues=99)}, "clues 99"),
    ],
)
def test_arguments_that_cannot_be(tmp_path, arguments, message):
    with pytest.raises(PuzzleError, match="expected") as caught:
        build_dataset(tmp_path / "a.h5", "sudoku-6x6", progress=False, **{"train": 5, "test": 5, **arguments})
    assert str(caught.value).startswith(message)
    assert not list(tmp_path.iterdir())


def test_the_name_of_a_folder_or_a_device_is_refused_before_any_work(tmp_path):
    folder, pipe = tmp_path / "folder.h5", tmp_path / "pipe.h5"
    folder.mkdir()
    os.mkfifo(pipe)  # a device: a kill-proof writer would put a file in its place
    before = sorted(tmp_path.iterdir())
    for path, what in ((folder, "a folder is there"), (pipe, "no regular file is there")):
        with pytest.raises(FileExistsError, match=what):
            build_dataset(path, "sudoku-4x4", train=5, test=5, progress=False)
        with pytest.raises(FileExistsError, match=what), replacing(path):
            pass
    assert sorted(tmp_path.iterdir()) == before
    assert pipe.is_fifo()


def test_a_refusal_of_the_generator_leaves_nothing_behind(tmp_path, monkeypatch):
    calls = []
    original = Maze.generate

    def failing(self, seeds, options=None):
        calls.append(len(seeds))
        if len(calls) == 4:
            raise PuzzleError("no more")
        return original(self, seeds, options)

    monkeypatch.setattr(Maze, "generate", failing)
    with pytest.raises(PuzzleError, match="no more"):
        build_dataset(tmp_path / "a.h5", "maze-6x6", train=50, test=10, shard=10, workers=1, progress=False)
    assert len(calls) >= 4
    assert not list(tmp_path.iterdir())


def test_shards_grow_with_the_pace_of_the_generator(tmp_path, monkeypatch):
    counts = []
    original = Maze.generate

    def timed(self, seeds, options=None):
        counts.append(len(seeds))
        if len(counts) == 7:
            time.sleep(2)  # as if this shard had been very slow
        return original(self, seeds, options)

    monkeypatch.setattr(Maze, "generate", timed)
    build_dataset(tmp_path / "a.h5", "maze-9x9", train=0, test=60_000, workers=1, progress=False)
    assert counts[0] == 1
    assert max(counts) > 1000
    assert min(counts[7:11]) < max(counts[:7])


def test_a_shard_is_made_on_one_thread():
    def slices():
        found = []
        in_threads(found.append, 1000, least=10)
        return found

    with alone():
        with alone():
            assert slices() == [slice(0, 1000)]
        assert slices() == [slice(0, 1000)]
        with ThreadPoolExecutor(1) as other:
            assert threads() == 1 or len(other.submit(slices).result()) > 1


class Abandoned:
    """Two pieces of work: one is interrupted, the other goes on until it is told to stop."""

    def __init__(self):
        self.started, self.stopped = threading.Event(), threading.Event()

    def work(self, first):
        if first:
            assert self.started.wait(30)
            raise KeyboardInterrupt
        self.started.set()
        for _ in range(3000):
            try:
                check_stopped()
            except CancelledError:
                self.stopped.set()
                raise
            time.sleep(0.01)


def test_an_interrupt_stops_the_other_threads(monkeypatch):
    monkeypatch.setenv("PUZZLES_THREADS", "2")
    pieces = Abandoned()
    with pytest.raises(KeyboardInterrupt):
        in_threads(lambda part: pieces.work(part.start == 0), 2, least=1)
    assert pieces.stopped.wait(20)


def test_an_interrupt_stops_the_shards_under_way(tmp_path, monkeypatch):
    shards, first = Abandoned(), candidate_seeds(0, 0, 1)[0]
    monkeypatch.setattr(Maze, "generate", lambda _, seeds, options: shards.work(seeds[0] == first))
    with pytest.raises(KeyboardInterrupt):
        build_dataset(tmp_path / "a.h5", "maze-4x4", train=2, test=0, workers=2, progress=False)
    assert shards.stopped.is_set()


def test_progress_and_command(tmp_path, capsys):
    dataset = build_dataset(tmp_path / "a.h5", "sudoku-4x4", train=7, test=3, command="air-envs data build …")
    assert dataset.provenance.command == "air-envs data build …"
    assert "10/10" in capsys.readouterr().err
    build_dataset(tmp_path / "a.h5", "sudoku-4x4", train=7, test=3, progress=False)
    assert capsys.readouterr().err == ""


def test_ray_makes_the_same_bytes(tmp_path):
    pytest.importorskip("ray")
    build_dataset(tmp_path / "local.h5", "maze-3x4", train=60, test=15, seed=3, progress=False)
    command = Dataset(tmp_path / "local.h5").provenance.command
    how = {"engine": "ray", "workers": 2, "shard": 20, "command": command, "progress": False}
    build_dataset(tmp_path / "ray.h5", "maze-3x4", train=60, test=15, seed=3, **how)
    assert (tmp_path / "ray.h5").read_bytes() == (tmp_path / "local.h5").read_bytes()


class Task:
    """What ``Threads`` starts."""

    def __init__(self, pool, work, arguments):
        self.stop = threading.Event()
        self.pending = pool.submit(stopped_by(self.stop)(work), *arguments)

    def future(self):
        return self.pending


class Threads:
    """As much of Ray as its engine uses, in threads of this process; a cancelled task is told by ``check_stopped``."""

    def __init__(self):
        self.pool, self.tasks, self.cancelled = ThreadPoolExecutor(2), [], []

    def is_initialized(self):
        return True

    def cluster_resources(self):
        return {"CPU": 2.0}

    def remote(self, num_cpus):
        return lambda work: SimpleNamespace(remote=lambda *arguments: self.start(work, arguments))

    def start(self, work, arguments):
        self.tasks.append(Task(self.pool, work, arguments))
        return self.tasks[-1]

    def cancel(self, task):
        self.cancelled.append(task)
        task.pending.cancel()
        task.stop.set()


@pytest.fixture
def ray_in_threads(monkeypatch):
    ray = Threads()
    monkeypatch.setitem(sys.modules, "ray", ray)
    with ray.pool:
        yield ray


def test_the_engine_of_ray_makes_the_same_bytes(tmp_path, ray_in_threads):
    build_dataset(tmp_path / "local.h5", "maze-3x4", train=60, test=15, seed=3, progress=False)
    command = Dataset(tmp_path / "local.h5").provenance.command
    how = {"engine": "ray", "shard": 20, "command": command, "progress": False}
    build_dataset(tmp_path / "ray.h5", "maze-3x4", train=60, test=15, seed=3, **how)
    assert (tmp_path / "ray.h5").read_bytes() == (tmp_path / "local.h5").read_bytes()
    assert len(ray_in_threads.tasks) >= 4
    assert not set(ray_in_threads.tasks[:4]) & set(ray_in_threads.cancelled), "these were waited for"


@pytest.mark.parametrize("error", [KeyboardInterrupt, PuzzleError])
def test_a_driver_that_ends_early_cancels_its_tasks(tmp_path, monkeypatch, ray_in_threads, error):
    running = threading.Event()

    def generate(self, seeds, options):
        if seeds[0] == candidate_seeds(0, 0, 1)[0]:
            assert running.wait(30)
            time.sleep(0.5)  # the driver has started all that it wants and waits by then
            if error is PuzzleError:
                raise PuzzleError("out of reach")
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        running.set()
        for _ in range(3000):
            check_stopped()
            time.sleep(0.01)

    monkeypatch.setattr(Maze, "generate", generate)
    with pytest.raises(error):
        build_dataset(tmp_path / "a.h5", "maze-4x4", train=40, test=0, shard=1, engine="ray", progress=False)
    assert len(ray_in_threads.tasks) == 4
    unfinished = ray_in_threads.tasks[error is PuzzleError :]
    assert set(ray_in_threads.cancelled) == set(unfinished)
    for task in unfinished:
        with pytest.raises(CancelledError):
            task.pending.result(timeout=20)


def test_without_ray_its_engine_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(PuzzleError, match=r"Ray is not installed, expected: pip install 'air-envs\[ray\]'"):
        build_dataset(tmp_path / "a.h5", "sudoku-4x4", train=5, test=5, engine="ray", progress=False)
    assert not list(tmp_path.iterdir())


def test_a_puzzle_that_is_not_found_names_the_seed_of_the_build(tmp_path):
    message = r"^seed 3: candidate 0: no braided maze of 5x5 with a path of 16 moves or more in 100,000 draws$"
    with pytest.raises(PuzzleError, match=message):
        build_dataset(tmp_path / "none.h5", "maze-5x5", MazeOptions("braided", min_path=16), seed=3, progress=False)
    assert list(tmp_path.iterdir()) == []
