"""Builds that are interrupted, killed, or find their journal damaged: the next one goes on, to the same bytes."""

import os
import threading

import numpy as np
import pytest
from tqdm import tqdm

import puzzles
from puzzles import DatasetError
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from puzzles.dataset.journal import MAGIC, Journal, Shard
from puzzles.dataset.proof import split_keys
from puzzles.maze import Maze, MazeOptions
from puzzles.shards import candidate_seeds
from tests.puzzles.dataset_helpers import profiled

FAMILY = "maze-4x4"
ARGUMENTS = {"train": 60, "test": 15, "seed": 3, "shard": 9, "workers": 2, "progress": False}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of the file that every build here must end with."""
    path = tmp_path_factory.mktemp("whole") / "a.h5"
    build_dataset(path, FAMILY, **ARGUMENTS)
    return path.read_bytes()


def interrupted(path, at_call, monkeypatch, **arguments):
    """Build until ``at_call`` calls of the generator; return how often it was called."""
    original, calls = Maze.generate, []

    def failing(self, seeds, options=None):
        calls.append(len(seeds))
        if len(calls) == at_call:
            raise KeyboardInterrupt
        return original(self, seeds, options)

    with monkeypatch.context() as patch:
        patch.setattr(Maze, "generate", failing)
        with pytest.raises(KeyboardInterrupt):
            build_dataset(path, FAMILY, **ARGUMENTS | {"workers": 1} | arguments)
    return len(calls)


def names(folder):
    return sorted(file.name for file in folder.iterdir())


def test_an_interrupted_build_goes_on_where_it_stood(tmp_path, monkeypatch, whole):
    path = tmp_path / "a.h5"
    interrupted(path, 6, monkeypatch)
    assert names(tmp_path) == [".a.h5.journal"]
    size = (tmp_path / ".a.h5.journal").stat().st_size
    interrupted(path, 3, monkeypatch)  # the first call proves that the journal is of this generator
    assert (tmp_path / ".a.h5.journal").stat().st_size > size
    starts = []
    original = Maze.generate

    def watching(self, seeds, options=None):
        starts.append(int(np.flatnonzero(candidate_seeds(3, 0, 500) == seeds[0])[0]))
        return original(self, seeds, options)

    monkeypatch.setattr(Maze, "generate", watching)
    build_dataset(path, FAMILY, **ARGUMENTS)
    assert min(starts[1:]) >= 5 * 9  # nothing that was in the journal was made again
    assert path.read_bytes() == whole
    assert names(tmp_path) == ["a.h5"]


def test_an_interrupt_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    interrupted(tmp_path / "a.h5", 4, monkeypatch, progress=True)
    assert "interrupted at 24 puzzles: the same command resumes it" in capsys.readouterr().err
    build_dataset(tmp_path / "a.h5", FAMILY, **ARGUMENTS | {"progress": True})
    assert "75/75" in capsys.readouterr().err


def test_other_counts_go_on_from_the_same_journal(tmp_path, monkeypatch):
    build_dataset(tmp_path / "few.h5", FAMILY, **ARGUMENTS | {"train": 10, "test": 5})
    interrupted(tmp_path / "a.h5", 6, monkeypatch)
    build_dataset(tmp_path / "a.h5", FAMILY, **ARGUMENTS | {"train": 10, "test": 5})
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "few.h5").read_bytes()
    assert names(tmp_path) == ["a.h5", "few.h5"]


@pytest.mark.parametrize("change", [{"seed": 4}, {"options": MazeOptions(min_path=2)}])
def test_a_journal_of_another_build_is_refused(tmp_path, monkeypatch, change):
    path = tmp_path / "a.h5"
    interrupted(path, 4, monkeypatch)
    before = (tmp_path / ".a.h5.journal").read_bytes()
    with pytest.raises(DatasetError) as caught:
        build_dataset(path, FAMILY, **ARGUMENTS | change)
    assert str(caught.value).startswith(f"{tmp_path / '.a.h5.journal'}: an unfinished build of {{")
    assert "build with fresh=True (--fresh) to forget it" in str(caught.value)
    assert (tmp_path / ".a.h5.journal").read_bytes() == before
    build_dataset(path, FAMILY, **ARGUMENTS | change, fresh=True)
    assert names(tmp_path) == ["a.h5"]


def test_a_journal_of_another_generator_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.h5"
    interrupted(path, 4, monkeypatch)
    original = Maze.generate
    monkeypatch.setattr(Maze, "generate", lambda self, seeds, options=None: original(self, seeds + np.uint64(1)))
    with pytest.raises(DatasetError, match=r"\.a\.h5\.journal: candidate 18 is another puzzle than the one generated"):
        build_dataset(path, FAMILY, **ARGUMENTS)


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / ".a.h5.journal").write_text("notes of mine\n")
    with pytest.raises(DatasetError, match=r"\.a\.h5\.journal: no journal of a build"):
        build_dataset(tmp_path / "a.h5", FAMILY, **ARGUMENTS)
    assert (tmp_path / ".a.h5.journal").read_text() == "notes of mine\n"


def test_two_builds_of_one_file_at_a_time_are_refused(tmp_path):
    pytest.importorskip("fcntl")
    with (
        Journal(tmp_path / "a.h5", puzzles.family(FAMILY), {}),
        pytest.raises(DatasetError, match=r"a\.h5: another build is writing it"),
    ):
        build_dataset(tmp_path / "a.h5", FAMILY, **ARGUMENTS)


# -- kills -------------------------------------------------------------------------------------------------------------


def calls_of_a_build(folder):
    calls = [0]
    with profiled(lambda *_: calls.__setitem__(0, calls[0] + 1)):
        build_dataset(folder / "counted.h5", FAMILY, **ARGUMENTS)
    (folder / "counted.h5").unlink()
    return calls[0]


def killed(path, moment):
    """Build in a forked process that dies at call number ``moment`` of any function; return its exit code."""
    process = os.fork()
    if process == 0:
        tqdm.set_lock(threading.RLock())  # its default is shared with the parent, and would die locked
        left = [moment]

        def count(*_):
            left[0] -= 1
            if left[0] <= 0:
                os._exit(9)

        with profiled(count):
            build_dataset(path, FAMILY, **ARGUMENTS)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def test_a_build_that_is_killed_at_any_moment_goes_on_to_the_same_bytes(tmp_path, whole):
    path = tmp_path / "a.h5"
    resumed = 0
    for moment in np.sort(np.random.default_rng(0).integers(1, calls_of_a_build(tmp_path), 25)):
        assert killed(path, int(moment)) in (0, 9)
        if path.exists():
            assert path.read_bytes() == whole
        resumed += (tmp_path / ".a.h5.journal").exists()
        build_dataset(path, FAMILY, **ARGUMENTS)
        assert path.read_bytes() == whole
        assert names(tmp_path) == ["a.h5"]  # neither a journal nor what a killed writer left
        path.unlink()
    assert resumed > 15


def test_a_build_that_is_killed_again_and_again_comes_to_an_end(tmp_path, whole):
    path = tmp_path / "a.h5"
    calls = calls_of_a_build(tmp_path)
    ends = [killed(path, int(calls * share)) for share in (0.1, 0.2, 0.2, 0.3, 0.3)]
    assert ends.count(9) >= 3
    assert killed(path, 100 * calls) == 0
    assert path.read_bytes() == whole


# -- damage ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path, monkeypatch):
    """The bytes of a journal of six shards."""
    interrupted(tmp_path / "a.h5", 7, monkeypatch)
    return (tmp_path / ".a.h5.journal").read_bytes()


def finish(tmp_path, content, whole):
    """Build on with a damaged journal: it must end with the same bytes or refuse; return whether it did the former."""
    (tmp_path / "a.h5").unlink(missing_ok=True)
    (tmp_path / ".a.h5.journal").write_bytes(content)
    try:
        build_dataset(tmp_path / "a.h5", FAMILY, **ARGUMENTS)
    except DatasetError as refusal:
        message = str(refusal)
    else:
        message = ""
    if message:
        assert message.startswith(f"{tmp_path / '.a.h5.journal'}: ")
        assert names(tmp_path) == [".a.h5.journal"]
        return False
    assert (tmp_path / "a.h5").read_bytes() == whole
    assert names(tmp_path) == ["a.h5"]
    return True


def test_a_flipped_bit_anywhere_in_the_journal_is_redone_or_refused(tmp_path, journal, whole):
    rng = np.random.default_rng(2)
    finished = 0
    positions = [*range(len(MAGIC) + 24), *rng.integers(0, len(journal), 100)]
    for position in positions:
        broken = bytearray(journal)
        broken[position] ^= 1 << rng.integers(8)
        finished += finish(tmp_path, broken, whole)
    assert len(positions) - finished == len(MAGIC) + sum(p < len(MAGIC) for p in positions[len(MAGIC) + 24 :])


def test_a_journal_cut_short_anywhere_is_redone_from_there(tmp_path, journal, whole):
    for length in [0, 1, 15, 16, 17, 40, *np.random.default_rng(3).integers(0, len(journal), 60)]:
        assert finish(tmp_path, journal[:length], whole)


def test_shards_of_another_place_are_not_taken(tmp_path, journal, whole):
    frames = frames_of(journal)
    swapped = [*frames[:2], frames[3], frames[2], *frames[4:]]
    doubled = [*frames[:3], frames[2], *frames[3:]]
    for content in (swapped, doubled):
        assert finish(tmp_path, MAGIC + b"".join(content), whole)


def frames_of(journal):
    frames, at = [], len(MAGIC)
    while at < len(journal):
        length = int.from_bytes(journal[at : at + 8], "little")
        frames.append(journal[at : at + 24 + length])
        at += 24 + length
    return frames


def test_damage_is_told(tmp_path, journal, whole, capsys):
    at = len(MAGIC) + sum(map(len, frames_of(journal)[:3])) + 30
    broken = bytearray(journal)
    broken[at] ^= 1
    (tmp_path / ".a.h5.journal").write_bytes(broken)
    build_dataset(tmp_path / "a.h5", FAMILY, **ARGUMENTS | {"progress": True})
    assert f"damaged at byte {at - 30}, going on from there" in capsys.readouterr().err
    assert (tmp_path / "a.h5").read_bytes() == whole


def test_damage_between_generating_and_writing_is_noticed(tmp_path):
    family = puzzles.family(FAMILY)
    batch = family.generate(candidate_seeds(0, 0, 5))
    with Journal(tmp_path / "a.h5", family, {}) as journal:
        assert not list(journal.resume())
        journal.append(Shard(0, batch, split_keys(family, batch.puzzle, batch.solution)))
        assert [len(shard.keys) for shard in journal.shards()] == [5]
        with journal.path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"?")
        with pytest.raises(DatasetError, match=r"\.a\.h5\.journal: damaged before byte"):
            list(journal.shards())


# -- leftovers of killed writers ---------------------------------------------------------------------------------------


def test_what_a_killed_writer_left_is_removed_by_the_next_one(tmp_path):
    path = tmp_path / "a.h5"
    process = os.fork()
    if process == 0:
        from puzzles.files import replacing

        with replacing(path):
            os._exit(9)
    os.waitpid(process, 0)
    left = names(tmp_path)
    assert len(left) == 1
    assert left[0].startswith(".a.h5.")
    (tmp_path / ".b.h5.other-1.x.tmp").touch()
    (tmp_path / ".a.h5.elsewhere-999999.x.tmp").touch()  # of a writer on another machine: it may be alive
    build_dataset(path, FAMILY, **ARGUMENTS)
    assert names(tmp_path) == [".a.h5.elsewhere-999999.x.tmp", ".b.h5.other-1.x.tmp", "a.h5"]
    assert Dataset(path).counts == {"train": 60, "test": 15}
