"""Puzzles in epochs with a fixed number of copies each, as the authors' loader draws them."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import puzzles
from agents.config.model import AIRConfig
from agents.config.presets import PRESETS
from agents.data import counted
from agents.data.batches import PuzzleBatches, to_tokens
from agents.training.act import draw
from agents.training.processes import Processes
from agents.training.trainer import Trainer
from tests.agents.conftest import tiny_config
from tests.agents.training.runs import same, timeless, trained_in_two
from tests.agents.training.test_distributed import STEADY, on_two_processes

CPU = torch.device("cpu")
COUNT = 30


@pytest.fixture(scope="module")
def data() -> puzzles.Puzzles:
    return puzzles.family("sudoku-6x6").generate(np.arange(COUNT, dtype=np.uint64))


def opened(data: puzzles.Puzzles, seed: int = 0, copies: int | None = 1000, **options: object) -> PuzzleBatches:
    return PuzzleBatches(puzzles.family("sudoku-6x6"), data, CPU, order="epochs", copies=copies, seed=seed, **options)


def drawn(batches: PuzzleBatches, size: int, step: int) -> Tensor:
    tokens, labels = batches.draw(size, torch.Generator().manual_seed(step), step=step)
    return torch.stack((tokens, labels), 1)


def numbers_of(batches: PuzzleBatches, drawn: Tensor) -> list[int]:
    """Return which puzzle of its own each pair of tokens and labels is; only those of copy 0 are found."""
    known = {bytes(pair.flatten().numpy()): index for index, pair in enumerate(batches.grids)}
    return [known[bytes(pair.flatten().numpy())] for pair in drawn]


def test_words_by_counter_are_splitmix64() -> None:
    """Against its definition over Python's integers."""

    def mix(z: int) -> int:
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            z = (z ^ (z >> shift)) * factor % 2**64
        return z ^ (z >> 31)

    seed, places = 2**64 - 5, (0, 1, 77, 2**40)
    first = mix((0x9E3779B97F4A7C15 + seed) % 2**64)
    expected = [mix((first * 0xBF58476D1CE4E5B9 + 0x9E3779B97F4A7C15 + place) % 2**64) for place in places]
    found = counted.words(seed, torch.tensor(places))
    assert [word % 2**64 for word in found.tolist()] == expected
    uniform = counted.uniform(3, torch.arange(10_000))
    assert uniform.dtype == torch.float32
    assert 0 <= float(uniform.min()) < 0.001
    assert 0.999 < float(uniform.max()) < 1
    assert float(uniform.mean()) == pytest.approx(0.5, abs=0.01)
    below = counted.below(1001, 3, torch.arange(100_000))
    assert sorted(set(below.tolist())) == list(range(1001))
    assert int(below.bincount().max()) < 150


def test_a_puzzle_has_1001_fixed_copies(data: puzzles.Puzzles) -> None:
    """In every epoch and run, whatever the seed: the puzzle itself and 1,000 others, all equal to it up to symmetry."""
    family = puzzles.family("sudoku-6x6")
    one, other = opened(data), opened(data, seed=7)
    copy = torch.arange(1001)
    copies = one.fixed_copies(torch.full((1001,), 3), copy)
    assert torch.equal(copies, other.fixed_copies(torch.full((1001,), 3), copy))
    assert torch.equal(copies[[5, 900]], other.fixed_copies(torch.tensor([3, 3]), torch.tensor([5, 900])))
    assert torch.equal(copies[0, 0], to_tokens(data.puzzle)[3])
    puzzle, solution = ((copies[:, part].numpy() - 1).reshape(-1, 6, 6) for part in (0, 1))
    assert len({grid.tobytes() for grid in puzzle}) == 1001
    assert len({grid.tobytes() for grid in family.canonical(puzzle, solution)}) == 1
    assert family.is_solved(puzzle, solution).all()
    assert not torch.equal(copies, one.fixed_copies(torch.full((1001,), 4), copy))


def test_what_is_drawn_is_among_them(data: puzzles.Puzzles) -> None:
    batches = opened(data, copies=3)
    every = torch.cat([batches.fixed_copies(torch.arange(COUNT), torch.full((COUNT,), copy)) for copy in range(4)])
    known = {bytes(pair.flatten().numpy()): index // COUNT for index, pair in enumerate(every)}
    copies = [known[bytes(pair.flatten().numpy())] for step in range(200) for pair in drawn(batches, 16, step)]
    shares = np.bincount(copies, minlength=4) / len(copies)
    assert shares == pytest.approx([0.25] * 4, abs=0.03)


def test_an_epoch_has_every_puzzle_once(data: puzzles.Puzzles) -> None:
    size, batches = 8, opened(data, copies=None, symmetry=False)
    order = [number for step in range(45) for number in numbers_of(batches, drawn(batches, size, step))]
    epochs = [order[start : start + COUNT] for start in range(0, len(order), COUNT)]
    assert len(epochs) == 12
    assert all(sorted(epoch) == list(range(COUNT)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 12, "each in an order of its own"
    again, other = (opened(data, seed, None, symmetry=False) for seed in (0, 1))
    last = drawn(batches, size, 44)
    assert torch.equal(drawn(again, size, 44), last), "the step alone says where"
    assert not torch.equal(drawn(other, size, 44), last)
    wide = numbers_of(batches, drawn(batches, 3 * COUNT + 5, 0))
    assert wide[: 2 * COUNT] == order[: 2 * COUNT], "a batch may be longer than an epoch"


def test_an_epoch_has_one_copy_of_every_maze() -> None:
    """Of the 8 that are made beforehand, as they are labelled anew."""
    family = puzzles.family("maze-7x7")
    mazes = family.generate(np.arange(10, dtype=np.uint64))
    batches = PuzzleBatches(family, mazes, CPU, order="epochs")
    assert len(batches) == 80
    numbers = [number for step in range(40) for number in numbers_of(batches, drawn(batches, 5, step))]
    for start in range(0, 200, 10):
        assert sorted(number % 10 for number in numbers[start : start + 10]) == list(range(10))
    assert {number // 10 for number in numbers} == set(range(8)), "every copy comes at some time"


def test_20000_epochs_of_1000_puzzles_are_26040_steps(data: puzzles.Puzzles) -> None:
    """What is left over after 2,000 epochs is no whole batch of 768, and is left out."""
    many = puzzles.Puzzles(*(np.resize(part, (1000, *part.shape[1:])) for part in data))
    batches = opened(many)
    for step, first in ((0, 0), (2603, 2603 * 768), (2604, 2_000_000), (26_040, 20_000_000)):
        index, place = batches._in_epochs(768, step)
        assert place.tolist() == list(range(first, first + 768))
        assert len(index) == 768
    assert PRESETS["sudoku-extreme-1k-paper-data"].steps == 26_040


def test_each_process_draws_its_rows_of_one_batch(data: puzzles.Puzzles, dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(
        dataset, tmp_path, batch=8, data_order="epochs", copies=4, model=AIRConfig(family="sudoku-6x6")
    )
    batches = opened(data, copies=4)
    whole, *parts = (
        draw(batches, config, torch.Generator().manual_seed(1), rows, step=9)
        for rows in (slice(None), Processes(0, 2).rows(8), Processes(1, 2).rows(8))
    )
    for all_rows, *halves in zip(whole, *parts, strict=True):
        assert torch.equal(torch.cat(halves), all_rows)


def test_a_run_goes_on_and_is_shared_out_bit_for_bit(dataset: Path, tmp_path: Path) -> None:
    config = tiny_config(dataset, tmp_path / "whole", data_order="epochs", copies=5, optimizer="adam_atan2", **STEADY)
    whole = Trainer(config)
    whole.train(progress=False)
    parts = trained_in_two(config, tmp_path / "parts", 7)
    assert same(timeless(whole.state()), timeless(parts.state()))
    other = Trainer(dataclasses.replace(config, output=tmp_path / "other", copies=None))
    other.train(progress=False)
    assert not same(whole.state()["carries"], other.state()["carries"]), "fresh copies are others"

    shared = dataclasses.replace(config, output=tmp_path / "shared")
    on_two_processes(lambda: Trainer(shared).train(progress=False))
    found = torch.load(tmp_path / "shared" / "training.pt", weights_only=True)
    for a, b in zip(whole.state()["carries"][0][2:], found["carries"][0][2:], strict=True):
        assert torch.equal(a, b), "tokens, labels and ACT steps of both halves"


def test_a_number_of_copies_needs_copies_to_count(dataset: Path, maze_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="copies 5 without symmetry, expected none"):
        tiny_config(dataset, tmp_path, copies=5, symmetry=False)
    with pytest.raises(ValueError, match="copies 0, expected at least 1"):
        tiny_config(dataset, tmp_path, copies=0)
    maze = dataclasses.replace(tiny_config(dataset, tmp_path).model, family="maze-7x5")
    config = tiny_config(maze_dataset, tmp_path / "maze", copies=5, model=maze)
    with pytest.raises(ValueError, match="copies 5: all copies of maze-7x5 are made beforehand, expected none"):
        Trainer(config)


def test_a_batch_that_no_epochs_fill_is_refused(data: puzzles.Puzzles) -> None:
    with pytest.raises(ValueError, match="batch 60001, expected at most 60,000 of 30 puzzles in epochs"):
        drawn(opened(data), 60_001, 0)


@pytest.mark.parametrize(("name", "copies"), [("sudoku-extreme-1k", 1000), ("maze-hard-1k", None)])
def test_the_presets_of_the_papers_data_differ_in_nothing_else(name: str, copies: int | None) -> None:
    plain, theirs = PRESETS[name], PRESETS[f"{name}-paper-data"]
    assert (theirs.data_order, theirs.copies) == ("epochs", copies)
    assert dataclasses.replace(theirs, data_order="replacement", copies=None, output=plain.output) == plain
    assert theirs.output == Path(f"runs/{name}-paper-data")
