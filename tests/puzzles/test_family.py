"""The contract of ``PuzzleFamily``, walked over every family."""

import ast
import dataclasses
import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import puzzles
from puzzles import PuzzleError

NAMES = [
    *(f"sudoku-{side}x{side}" for side in (4, 6, 8, 9, 10, 12, 15, 16)),
    *(f"maze-{shape}" for shape in ("2x2", "2x7", "5x5", "8x5", "10x10", "30x30")),
]
COUNT = 4


@pytest.fixture(scope="module", params=NAMES)
def family(request):
    return puzzles.family(request.param)


@pytest.fixture(scope="module")
def batch(family):
    return family.generate(np.arange(COUNT, dtype=np.uint64))


def random_symmetries(family, seed):
    return family.symmetries(np.random.default_rng(seed).random((COUNT, family.symmetry_dim)))


def test_every_kind_is_walked():
    assert {name.split("-")[0] for name in NAMES} == set(puzzles.kinds())


def test_import_loads_neither_numba_nor_torch():
    code = "import sys, puzzles; sys.exit(bool({'numba', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_families_load_no_torch():
    code = "import sys, puzzles; puzzles.kinds(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_identity(family):
    assert puzzles.family(family.name) is family
    assert pickle.loads(pickle.dumps(family)) is family
    assert family == type(family)(*family.shape)
    assert hash(family) == hash(type(family)(*family.shape))
    assert family != puzzles.family("maze-3x3")
    assert repr(family) == f"puzzles.family('{family.name}')"


def test_vocabulary(family):
    assert len(set(family.cells)) == len(family.cells) >= family.cell_values
    assert family.vocabulary_size == family.cell_values + 1
    assert family.split_rule in ("canonical", "exact")
    assert family.rating_unit


def test_coordinates(family):
    coordinates = family.coordinates
    assert coordinates.dtype == np.int64
    assert coordinates.shape[0] == family.rows * family.columns
    assert (coordinates.min(axis=0) == 0).all()
    np.testing.assert_array_equal(coordinates[:, 0] * family.columns + coordinates[:, 1], np.arange(len(coordinates)))


def test_options_are_frozen_and_documented(family):
    assert family.Options() == family.Options()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(family.Options(), dataclasses.fields(family.Options)[0].name, 1)
    body = ast.parse(inspect.getsource(family.Options)).body[0].body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign):
            documented = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
            assert documented, statement.target.id


@pytest.mark.parametrize("changed", [{}, {"level": "hard", "clues": 16}, {"generator": "percolation", "braid": 0.5}])
def test_used_options_can_be_met_together(family, changed):
    fields = [field.name for field in dataclasses.fields(family.Options)]
    changed = {name: value for name, value in changed.items() if name in fields}
    used = family.used_options(family.Options(**changed))
    assert set(used) <= set(fields)
    options = family.Options(**{name: value for name, value in changed.items() if name in used})
    assert family.used_options(options) == used
    family.check_options(options)
    with pytest.raises(PuzzleError, match=f"^options {{}}, expected {family.Options.__name__} of {family.name}$"):
        family.check_options({})


@pytest.mark.parametrize("generator", ["perfect", "braided", "percolation"])
def test_options_of_other_generators_change_no_maze(generator):
    family = puzzles.family("maze-9x9")
    others = {"algorithm": "prim", "braid": 0.5, "min_path": 20, "wall_low": 0.2, "wall_high": 0.4}
    options = {"generator": generator, **others}
    used = family.used_options(family.Options(**options))
    seeds = np.arange(20, dtype=np.uint64)
    made = family.generate(seeds, family.Options(**options)).puzzle
    for name in others:
        fewer = {other: value for other, value in options.items() if other != name}
        same = np.array_equal(family.generate(seeds, family.Options(**fewer)).puzzle, made)
        assert same == (name not in used), name


def test_generated_puzzles_keep_the_contract(family, batch):
    for grids in (batch.puzzle, batch.solution):
        assert grids.shape == (COUNT, *family.shape)
        assert grids.dtype == np.uint8
    assert batch.rating.shape == (COUNT,)
    assert batch.rating.dtype == np.int32
    family.check(batch.puzzle)
    assert family.is_solved(batch.puzzle, batch.solution).tolist() == [True] * COUNT
    assert family.is_solved(batch.puzzle, family.solve(batch.puzzle)).tolist() == [True] * COUNT
    np.testing.assert_array_equal(family.rate(batch.puzzle), batch.rating)


def test_an_unsolved_or_changed_grid_is_no_answer(family, batch):
    changed = batch.puzzle != batch.solution
    unsolved = ~changed.any(axis=(1, 2))
    np.testing.assert_array_equal(family.is_solved(batch.puzzle, batch.puzzle), unsolved)
    wrong = batch.solution.copy()
    wrong[:, 0, 0] = (wrong[:, 0, 0] + 1) % family.cell_values
    assert not family.is_solved(batch.puzzle, wrong).any()


def test_a_puzzle_depends_on_its_seed_alone(family, batch):
    seeds = np.array([2**64 - 1, 3, 1], dtype=np.uint64)
    other = family.generate(seeds)
    for mine, theirs in zip(other.take([2, 1]), batch.take([1, 3]), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_seeds_give_different_puzzles(family):
    if family.rows * family.columns < 30:
        pytest.skip("too few puzzles of this size for all to differ")
    grids = family.generate(np.arange(20, dtype=np.uint64)).puzzle
    assert len(np.unique(grids.reshape(20, -1), axis=0)) == 20


def test_symmetries_are_permutations(family):
    order, relabel = random_symmetries(family, 0)
    cells = family.rows * family.columns
    assert order.dtype == np.int64
    np.testing.assert_array_equal(np.sort(order, axis=1), np.broadcast_to(np.arange(cells), (COUNT, cells)))
    if relabel is not None:
        values = np.broadcast_to(np.arange(family.cell_values), (COUNT, family.cell_values))
        assert relabel.dtype == np.int64
        np.testing.assert_array_equal(np.sort(relabel, axis=1), values)


def test_transform_follows_its_definition(family, batch):
    order, relabel = random_symmetries(family, 1)
    moved = family.transform(batch.puzzle, order, relabel)
    assert moved.dtype == np.uint8
    for i in range(COUNT):
        expected = batch.puzzle[i].ravel()[order[i]]
        if relabel is not None:
            expected = relabel[i][expected]
        np.testing.assert_array_equal(moved[i].ravel(), expected)


def test_symmetries_keep_what_matters(family, batch):
    order, relabel = random_symmetries(family, 2)
    puzzle = family.transform(batch.puzzle, order, relabel)
    solution = family.transform(batch.solution, order, relabel)
    family.check(puzzle)
    assert family.is_solved(puzzle, solution).all()
    form = family.canonical(batch.puzzle, batch.solution)
    assert form.shape == batch.puzzle.shape
    assert form.dtype == np.uint8
    np.testing.assert_array_equal(family.canonical(puzzle, solution), form)


def test_canonical_form_is_a_member_of_the_class(family, batch):
    form = family.canonical(batch.puzzle, batch.solution)
    family.check(form)
    np.testing.assert_array_equal(family.canonical(form, family.solve(form)), form)


def test_symmetries_are_the_same_on_tensors(family):
    torch = pytest.importorskip("torch")
    uniform = np.random.default_rng(3).random((50, family.symmetry_dim))
    order, relabel = family.symmetries(uniform)
    tensor_order, tensor_relabel = family.symmetries(torch.from_numpy(uniform))
    assert tensor_order.dtype == torch.int64
    np.testing.assert_array_equal(tensor_order.numpy(), order)
    if relabel is not None:
        np.testing.assert_array_equal(tensor_relabel.numpy(), relabel)


def test_symmetries_leave_the_uniform_numbers_alone(family):
    uniform = np.random.default_rng(4).random((5, family.symmetry_dim))
    before = uniform.copy()
    family.symmetries(uniform)
    np.testing.assert_array_equal(uniform, before)


def test_text_round_trip(family, batch):
    for grid in (*batch.puzzle, *batch.solution):
        text = family.format(grid)
        assert len(text) == family.rows * family.columns
        np.testing.assert_array_equal(family.parse(text), grid)


def test_parse_errors(family):
    cells = family.rows * family.columns
    with pytest.raises(PuzzleError, match=rf"^{cells + 1} cells, expected {cells}$"):
        family.parse(family.cells[0] * (cells + 1))
    with pytest.raises(PuzzleError, match=r"^row 2, column 1: '\?', expected one of"):
        family.parse(family.cells[0] * family.columns + "?" + family.cells[0] * (cells - family.columns - 1))


def test_empty_batches(family):
    empty = np.zeros((0, *family.shape), np.uint8)
    generated = family.generate(np.zeros(0, np.uint64))
    assert [part.shape for part in generated] == [empty.shape, empty.shape, (0,)]
    family.check(empty)
    assert family.solve(empty).shape == empty.shape
    assert family.is_solved(empty, empty).shape == (0,)
    assert family.rate(empty).shape == (0,)
    order, relabel = family.symmetries(np.zeros((0, family.symmetry_dim)))
    assert family.transform(empty, order, relabel).shape == empty.shape
    assert family.canonical(empty, empty).shape == empty.shape


def test_views_and_read_only_grids_are_taken(family, batch):
    view = np.asfortranarray(batch.puzzle)
    view.setflags(write=False)
    family.check(view)
    np.testing.assert_array_equal(family.solve(view), family.solve(batch.puzzle))
    assert family.is_solved(view, np.asfortranarray(batch.solution)).all()
    np.testing.assert_array_equal(family.rate(view), batch.rating)
    np.testing.assert_array_equal(
        family.canonical(view, np.asfortranarray(batch.solution)), family.canonical(batch.puzzle, batch.solution)
    )


@pytest.mark.parametrize("method", ["check", "solve", "rate"])
def test_malformed_grids_are_refused(family, batch, method):
    call = getattr(family, method)
    with pytest.raises(PuzzleError, match=r"^puzzle: shape \(\d+, \d+\), expected \(N, \d+, \d+\)$"):
        call(batch.puzzle[0])
    for dtype in (np.float64, bool, object):
        with pytest.raises(PuzzleError, match=rf"^puzzle: dtype {np.dtype(dtype)}, expected integers$"):
            call(batch.puzzle.astype(dtype))
    with pytest.raises(PuzzleError, match=r"^puzzle: ragged rows, expected \(N, \d+, \d+\) integers$"):
        call([[[1, 2], [3]]])
    high = batch.puzzle.copy()
    high[2, 1, 0] = family.cell_values
    top = family.cell_values - 1
    with pytest.raises(PuzzleError, match=rf"^puzzle 2: row 2, column 1: {top + 1}, expected 0 to {top}$"):
        call(high)
    for value in (-1, 256, 2**40):  # none of which may wrap around into the vocabulary
        wide = batch.puzzle.astype(np.int64)
        wide[2, 1, 0] = value
        with pytest.raises(PuzzleError, match=rf"^puzzle 2: row 2, column 1: {value}, expected 0 to {top}$"):
            call(wide)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.uint64, ">i4"])
def test_any_integers_are_taken(family, batch, dtype):
    wide = batch.puzzle.astype(dtype)
    family.check(wide)
    assert family.checked(wide).dtype == np.uint8
    for grids in (wide, wide.tolist()):
        np.testing.assert_array_equal(family.checked(grids), batch.puzzle)
        np.testing.assert_array_equal(family.solve(grids), family.solve(batch.puzzle))
        np.testing.assert_array_equal(family.rate(grids), batch.rating)
        assert family.is_solved(grids, batch.solution.astype(dtype)).all()
    with pytest.raises(PuzzleError, match=r"^grid 0: row 1, column 1: 300, expected 0 to 255$"):
        family.is_solved(batch.puzzle, np.full(batch.puzzle.shape, 300))


def test_answers_of_another_size_are_refused(family, batch):
    with pytest.raises(PuzzleError, match=r"^grid: shape"):
        family.is_solved(batch.puzzle, batch.solution[:, 1:])
    with pytest.raises(PuzzleError, match=rf"^{COUNT} puzzles, {COUNT - 1} grids$"):
        family.is_solved(batch.puzzle, batch.solution[1:])


def test_an_answer_with_a_foreign_value_is_none(family, batch):
    for value in (family.cell_values, 255):
        for cell in np.ndindex(family.shape):
            answer = batch.solution.copy()
            answer[0][cell] = value
            assert family.is_solved(batch.puzzle, answer).tolist() == [False] + [True] * (COUNT - 1)


@pytest.mark.parametrize("name", ["sudoku", "sudoku-9", "chess-8x8", "sudoku-9x9 ", ""])
def test_unknown_families(name):
    with pytest.raises(PuzzleError, match="unknown family"):
        puzzles.family(name)
