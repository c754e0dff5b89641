"""What splits share, against slow counts; and the files that a comparison refuses."""

import numpy as np
import pytest

import puzzles
from puzzles import PuzzleError, Puzzles
from puzzles.dataset import Dataset, Provenance, write_dataset
from puzzles.dataset.overlap import Overlap, count_overlap, shared_layouts
from puzzles.maze.symmetry import elements
from tests.puzzles.dataset_helpers import generate, symmetric, symmetry_copy
from tests.puzzles.test_sudoku_symmetry import all_orders


def joined(*batches):
    return Puzzles(*(np.concatenate(arrays) for arrays in zip(*batches, strict=True)))


def written(path, family, **splits):
    nothing = family.generate(np.zeros(0, np.uint64))
    train, test = (splits.pop(name, nothing) for name in ("train", "test"))
    write_dataset(path, family, train, test, provenance=Provenance("a test"), allow_empty=True, **splits)
    return Dataset(path)


def without(batch, row, clues):
    """Return row ``row`` with some of its clues blanked, so many."""
    puzzle = batch.puzzle[row : row + 1].copy()
    puzzle.flat[np.flatnonzero(puzzle)[:clues]] = 0
    return Puzzles(puzzle, batch.solution[row : row + 1], batch.rating[row : row + 1])


def test_a_sudoku_file_within_itself(tmp_path):
    family = puzzles.family("sudoku-9x9")
    batch = generate(family, 30)
    near, far = without(batch, 3, 2), without(batch, 4, 3)  # of the solution grids of train puzzles
    test = joined(batch.take(slice(20, 30)), symmetric(family, near), symmetric(family, far))
    validation = batch.take(slice(15, 20))
    dataset = written(tmp_path / "a.h5", family, train=batch.take(slice(15)), validation=validation, test=test)
    name = str(dataset.path)
    expected = [
        Overlap((name, "validation"), (name, "train"), rows=5, puzzles=0, layouts=0, near=0),
        Overlap((name, "test"), (name, "train"), rows=12, puzzles=0, layouts=2, near=1),
        Overlap((name, "test"), (name, "validation"), rows=12, puzzles=0, layouts=0, near=0),
    ]
    assert count_overlap(dataset, progress=False) == expected
    assert shared_layouts(dataset) == 2
    assert expected[1].to_json() == {
        "of": {"file": name, "split": "test"},
        "within": {"file": name, "split": "train"},
        "rows": 12,
        "puzzles": 0,
        "layouts": 2,
        "near": 1,
    }


def test_one_sudoku_file_within_another(tmp_path):
    family = puzzles.family("sudoku-9x9")
    batch = generate(family, 40)
    one = written(tmp_path / "one.h5", family, train=batch.take(slice(20)), test=batch.take(slice(20, 30)))
    shared = symmetric(family, batch.take([2, 7, 25]))
    two = written(tmp_path / "two.h5", family, train=joined(batch.take(slice(30, 40)), shared, without(batch, 9, 1)))
    found = count_overlap(one, two, progress=False)
    assert [(pair.within[1], pair.of[1], pair.rows, pair.puzzles, pair.layouts, pair.near) for pair in found] == [
        ("train", "train", 14, 2, 3, 3),
        ("test", "train", 14, 1, 1, 1),
    ]
    assert [pair.of[0] for pair in found] == [str(two.path)] * 2
    back = count_overlap(two, one, progress=False)
    assert [(pair.of[1], pair.rows, pair.puzzles, pair.layouts, pair.near) for pair in back] == [
        ("train", 20, 2, 3, 3),
        ("test", 10, 1, 1, 1),
    ]


def test_a_neighbour_may_have_another_solution(tmp_path):
    family = puzzles.family("sudoku-9x9")
    batch = generate(family, 1)
    puzzle, cells = batch.puzzle.copy(), np.flatnonzero(batch.puzzle)
    puzzle.flat[cells[0]] = 0  # a minimal puzzle: several solutions
    for blank in np.flatnonzero(puzzle == 0):
        others = [digit for digit in range(1, 10) if digit != batch.solution.flat[blank]]
        candidates = np.repeat(puzzle, len(others), axis=0)
        candidates.reshape(len(others), -1)[:, blank] = others
        unique = family.count_solutions(candidates) == 1
        if unique.any():
            break
    other = candidates[unique][:1]
    moved = Puzzles(other, family.solve(other), family.rate(other))
    train = written(tmp_path / "train.h5", family, train=batch)
    test = written(tmp_path / "test.h5", family, test=symmetric(family, moved))
    (found,) = count_overlap(train, test, progress=False)
    assert (found.puzzles, found.layouts, found.near) == (0, 0, 1)


def test_4x4_is_counted_up_to_symmetry(tmp_path):
    family = puzzles.family("sudoku-4x4")
    train = generate(family, 15)
    test = generate(family, 15, start=500)
    dataset = written(tmp_path / "a.h5", family, train=train, test=joined(test, symmetric(family, train.take([1, 5]))))
    group = all_orders(4)

    def images(grids):
        """The images of each grid but for names: digits are named in the order in which they come."""
        for grid in grids:
            found = set()
            for cells in grid.ravel()[group].tolist():
                names = {0: 0}
                found.add(tuple(names.setdefault(value, len(names)) for value in cells))
            yield found

    rows = dataset.split("test")
    expected = []
    for field in ("puzzle", "solution"):
        known = set().union(*images(getattr(train, field)))
        expected.append(sum(bool(known & found) for found in images(getattr(rows, field))))
    (found,) = count_overlap(dataset, progress=False)
    assert [found.puzzles, found.layouts] == expected
    assert 2 <= found.puzzles < found.layouts == 17
    assert found.near >= found.puzzles


def test_mazes_against_all_pairs(tmp_path):
    family = puzzles.family("maze-4x4")
    batch = generate(family, 150, options=family.Options(generator="percolation", min_path=3))
    dataset = written(tmp_path / "a.h5", family, train=batch.take(slice(100)), test=batch.take(slice(100, 150)))
    orders, _ = family.symmetries(elements(4, 4))
    images = dataset.split("train").puzzle.reshape(100, -1)[:, orders]
    test = dataset.split("test").puzzle.reshape(50, 1, 1, -1)
    near = (images != test).sum(axis=3).min(axis=(1, 2)) <= 2
    walls = ((images == 0) == (test == 0)).all(axis=3).any(axis=(1, 2))
    (found,) = count_overlap(dataset, progress=False)
    assert (found.rows, found.puzzles, found.layouts, found.near) == (50, 0, walls.sum(), near.sum())
    assert 0 < found.near < 50
    assert 0 < found.layouts < 50
    assert family.layout_name == "wall grids"


def test_walls_that_are_shared(tmp_path):
    family = puzzles.family("maze-9x9")
    train, other = generate(family, 12), generate(family, 5, start=900)
    puzzle = symmetry_copy(family, train.take(slice(4))).puzzle
    for flat in puzzle.reshape(4, -1):
        open_cells = np.flatnonzero(flat == 1)
        flat[flat > 1] = 1
        flat[open_cells[[0, -1]]] = 2, 3
    moved = Puzzles(puzzle, family.solve(puzzle), family.rate(puzzle))
    dataset = written(tmp_path / "a.h5", family, train=train, test=joined(moved, other))
    (found,) = count_overlap(dataset, progress=False)
    assert (found.puzzles, found.layouts, found.near) == (0, 4, 0)


def test_a_family_that_cannot_tell(tmp_path, monkeypatch):
    family = puzzles.family("maze-5x5")
    monkeypatch.setattr(type(family), "near", puzzles.PuzzleFamily.near)
    batch = generate(family, 10)
    dataset = written(tmp_path / "a.h5", family, train=batch.take(slice(5)), test=batch.take(slice(5, 10)))
    (found,) = count_overlap(dataset, progress=False)
    assert found.near is None
    assert found.to_json()["near"] is None


def test_two_families_are_refused(tmp_path):
    files = [
        written(tmp_path / f"{name}.h5", puzzles.family(name), test=generate(puzzles.family(name), 2))
        for name in ("maze-5x5", "maze-6x6")
    ]
    with pytest.raises(PuzzleError, match=r"maze-6x6\.h5: holds maze-6x6, expected maze-5x5, as .*maze-5x5\.h5 does"):
        count_overlap(*files, progress=False)


def test_progress(tmp_path, capsys):
    family = puzzles.family("maze-5x5")
    batch = generate(family, 29)
    count_overlap(written(tmp_path / "a.h5", family, train=batch.take(slice(20)), test=batch.take(slice(20, 29))))
    err = capsys.readouterr().err
    assert "canonical forms:   0%|          | 0/29" in err
    assert "overlap:   0%|          | 0/9" in err
