"""Reading: rows, whole splits, blocks, random batches, and workers of a torch DataLoader."""

import multiprocessing
import pickle
import tracemalloc

import h5py
import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler

import puzzles
from puzzles import DatasetError
from puzzles.dataset import Dataset, layout, write_dataset
from tests.puzzles.dataset_helpers import PROVENANCE, edit, generate, same


def test_rows_one_by_one(path, train):
    view = Dataset(path).split_view("train")
    assert len(view) == 90
    puzzle, solution, rating = view[-1]
    assert np.array_equal(puzzle, train.puzzle[89])
    assert np.array_equal(solution, train.solution[89])
    assert rating == train.rating[89]
    assert same(view[[3, 1]], train.take([3, 1]))
    assert [row.puzzle.tolist() for row in view] == train.puzzle.tolist()  # ends with IndexError, as iteration needs
    with pytest.raises(DatasetError, match="no split 'valid', expected one of"):
        Dataset(path).split_view("valid")


def test_pickled_and_forked(path, train):
    dataset = Dataset(path)
    view = dataset.split_view("train")
    assert same(view[:], train)
    assert same(pickle.loads(pickle.dumps(dataset)).split("train"), train)
    assert len(pickle.dumps(view)) < 4000  # without the rows it has read
    context = multiprocessing.get_context("fork")
    results = context.SimpleQueue()
    processes = [context.Process(target=read_here, args=(dataset, view, results)) for _ in range(3)]
    for process in processes:
        process.start()
    assert same(dataset.split("train"), train)
    for process in processes:
        process.join(timeout=30)
        assert process.exitcode == 0
    assert all(same(results.get(), train) for _ in range(6))


def read_here(dataset, view, results):
    results.put(dataset.split("train"))
    results.put(view[:])


def test_blocks_are_the_split_cut_up(path, train):
    dataset = Dataset(path)
    for rows in (1, 7, 89, 90, 1000):
        blocks = list(dataset.blocks("train", rows))
        assert [len(block.rating) for block in blocks[:-1]] == [rows] * (len(blocks) - 1)
        assert same([np.concatenate(arrays) for arrays in zip(*blocks, strict=True)], train)
    with pytest.raises(DatasetError, match="no split 'valid'"):
        next(dataset.blocks("valid"))


def test_blocks_end_with_the_proof_of_the_whole(path):
    def change(file):
        file["train/rating"][89] = 999

    edit(path, change)  # HDF5's own checksums are right again
    blocks = Dataset(path).blocks("train", 30)
    assert [len(next(blocks).rating) for _ in range(3)] == [30, 30, 30]
    with pytest.raises(DatasetError, match=r"set\.h5: train/rating has sha256"):
        next(blocks)


def test_opening_reads_no_puzzles_and_blocks_hold_one_at_a_time(tmp_path):
    family = puzzles.family("maze-40x40")
    batch = generate(family, 600)
    path = tmp_path / "a.h5"
    nothing = batch.take(slice(0))
    write_dataset(path, family, batch, nothing, provenance=layout.Provenance("a test"), allow_empty=True)
    tracemalloc.start()
    try:
        view = Dataset(path).split_view("train")
        assert tracemalloc.get_traced_memory()[1] < 400_000
        for _ in view.dataset.blocks("train", 20):
            pass
        assert tracemalloc.get_traced_memory()[1] < 600_000
        view.all()
        assert tracemalloc.get_traced_memory()[1] > 600 * 1600 * 2
    finally:
        tracemalloc.stop()


def test_random_batches(path, train):
    view = Dataset(path).split_view("train")
    one, other = (view.sample(np.random.default_rng(5), 4000) for _ in range(2))
    assert same(one, other)
    assert one.puzzle.shape == (4000, 6, 6)
    row_of = {puzzle.tobytes(): row for row, puzzle in enumerate(train.puzzle)}
    rows = np.array([row_of[puzzle.tobytes()] for puzzle in one.puzzle])
    assert same(one, train.take(rows))
    counts = np.bincount(rows, minlength=90)
    assert counts.min() > 0
    assert ((counts - 4000 / 90) ** 2 / (4000 / 90)).sum() < 150  # chi squared of 89 degrees: 150 is beyond 1 in 10,000
    assert not same(view.sample(np.random.default_rng(6), 4000), one)
    assert len(view.sample(np.random.default_rng(5), 0).rating) == 0
    assert view.all() is view.all()
    one.puzzle[:] = 9
    assert same(view.all(), train)  # a batch is a copy


@pytest.mark.parametrize(("start", "read_before"), [("fork", False), ("fork", True), ("spawn", True)])
def test_a_data_loader_with_workers(path, train, start, read_before):
    view = Dataset(path).split_view("train")
    if read_before:
        view.all()
    loader = DataLoader(view, batch_size=20, num_workers=2, multiprocessing_context=start)
    batches = list(loader)
    assert [len(batch.rating) for batch in batches] == [20, 20, 20, 20, 10]
    assert batches[0].puzzle.dtype == torch.uint8
    assert same([np.concatenate(arrays) for arrays in zip(*batches, strict=True)], train)


def test_a_data_loader_that_asks_for_whole_batches(path, train):
    view = Dataset(path).split_view("train")
    sampler = BatchSampler(SequentialSampler(view), 32, drop_last=False)
    batches = list(DataLoader(view, sampler=sampler, batch_size=None, num_workers=2, multiprocessing_context="fork"))
    assert all(isinstance(batch.puzzle, torch.Tensor) for batch in batches)
    assert same([np.concatenate(arrays) for arrays in zip(*batches, strict=True)], train)


def test_a_file_of_hdf5_alone_reads_the_same(path, train):
    with h5py.File(path) as file:
        assert same([file["train"][name][...] for name in layout.ARRAYS], train)
    assert Dataset(path).provenance == PROVENANCE
