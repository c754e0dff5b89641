"""Loss and batches, each against a slow reference written here."""

import math

import numpy as np
import pytest
import torch

import puzzles
from agents.data.batches import PuzzleBatches, to_cells, to_tokens
from agents.models.air import Output
from agents.training.losses import act_loss, correct_cells, softmax_cross_entropy, stablemax_cross_entropy


@pytest.fixture(scope="module")
def data() -> puzzles.Puzzles:
    return puzzles.family("sudoku-4x4").generate(np.arange(40, dtype=np.uint64))


def test_stablemax_cross_entropy_is_the_papers() -> None:
    logits, labels = torch.randn(4, 7, 5) * 3, torch.randint(0, 5, (4, 7))
    for i in range(4):
        for j in range(7):
            s = [x + 1 if x >= 0 else 1 / (1 - x) for x in logits[i, j].tolist()]
            expected = -math.log(s[labels[i, j]] / sum(s))
            assert math.isclose(stablemax_cross_entropy(logits, labels)[i, j], expected, rel_tol=1e-9)


def test_stablemax_computes_in_the_dtype_asked_for() -> None:
    logits, labels = torch.randn(4, 7, 5) * 3, torch.randint(0, 5, (4, 7))
    rough, exact = (stablemax_cross_entropy(logits, labels, dtype) for dtype in (torch.float32, torch.float64))
    assert (rough.dtype, exact.dtype) == (torch.float32, torch.float64)
    torch.testing.assert_close(rough, exact, check_dtype=False, rtol=1e-5, atol=1e-5)


def test_stablemax_gradient_is_finite_where_softmax_overflows() -> None:
    logits = torch.tensor([[-1e4, 0.0, 1e4, 1.0]], requires_grad=True)
    stablemax_cross_entropy(logits, torch.tensor([0])).sum().backward()
    assert torch.isfinite(logits.grad).all()


def test_loss_counts_labelled_cells_and_both_heads() -> None:
    logits = torch.randn(2, 3, 5)
    labels = torch.tensor([[1, 2, 0], [4, 3, 2]])
    logits[0, 0, 3] = 9.0  # wrong: the label is 1
    logits[1] = torch.nn.functional.one_hot(labels[1], 5) * 9.0
    output = Output(logits, torch.tensor([0.3, -1.0]), torch.tensor([0.5, 2.0]))
    target = torch.tensor([0.25, 0.75])
    exact = correct_cells(logits, labels).all(-1)
    assert exact.tolist() == [False, True]
    total, answer = act_loss(output, labels, exact, target, "stablemax", 0.3)

    cell = stablemax_cross_entropy(logits, labels)
    expected_answer = cell[0, :2].mean() + cell[1].mean()
    assert math.isclose(answer, expected_answer, rel_tol=1e-9)

    def bce(logit: float, p: float) -> float:
        q = 1 / (1 + math.exp(-logit))
        return -p * math.log(q) - (1 - p) * math.log(1 - q)

    heads = sum(bce(q, e) for q, e in zip([0.3, -1.0], [0.0, 1.0], strict=True))
    heads += sum(bce(q, t) for q, t in zip([0.5, 2.0], target.tolist(), strict=True))
    assert math.isclose(total, expected_answer + 0.3 * heads, rel_tol=1e-5)
    halt_only, _ = act_loss(output, labels, exact, None, "stablemax", 0.3)
    continuing = sum(bce(q, t) for q, t in zip([0.5, 2.0], target.tolist(), strict=True))
    assert math.isclose(total - halt_only, 0.3 * continuing, rel_tol=1e-5)


def test_beyond_its_knee_the_loss_of_a_puzzle_grows_as_its_logarithm() -> None:
    labels = torch.tensor([[1, 2], [1, 2]])
    logits = torch.tensor(
        [[[0.0, 0.1, 0.0], [0.0, 0.0, 0.1]], [[0.0, -4.0, 4.0], [0.0, 6.0, -6.0]]], requires_grad=True
    )
    output, exact = Output(logits, torch.zeros(2), torch.zeros(2)), torch.tensor([True, False])
    near, far = softmax_cross_entropy(logits, labels).mean(1).tolist()
    total, answer = act_loss(output, labels, exact, None, "softmax", 0.0, knee=0.5)
    assert math.isclose(answer, near + far, rel_tol=1e-6)
    assert math.isclose(total.item(), 0.5 * math.log(1 + 2 * near) + 0.5 * math.log(1 + 2 * far), rel_tol=1e-6)
    (bent,) = torch.autograd.grad(total, logits)
    (straight,) = torch.autograd.grad(act_loss(output, labels, exact, None, "softmax", 0.0)[0], logits)
    weights = torch.tensor([1 / (1 + 2 * near), 1 / (1 + 2 * far)])
    torch.testing.assert_close(bent, straight * weights[:, None, None])
    assert weights[1] < 0.1 < weights[0]


def test_softmax_loss_is_torchs() -> None:
    logits, labels = torch.randn(4, 7, 5), torch.randint(0, 5, (4, 7))
    expected = -logits.log_softmax(-1).gather(-1, labels[..., None])[..., 0]
    torch.testing.assert_close(softmax_cross_entropy(logits, labels), expected)


def test_padding_labels_count_as_correct() -> None:
    assert correct_cells(torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), torch.tensor([[0, 1]])).all()


def test_batches_hold_puzzles_with_their_solutions(data: puzzles.Puzzles) -> None:
    family = puzzles.family("sudoku-4x4")
    batches = PuzzleBatches(family, data, torch.device("cpu"))
    tokens, labels = batches.draw(200, torch.Generator().manual_seed(0))
    puzzle, solution = ((grid.numpy() - 1).reshape(-1, 4, 4) for grid in (tokens, labels))
    assert family.is_solved(puzzle, solution).all()
    known = {grid.tobytes() for grid in data.puzzle}
    assert sum(grid.tobytes() in known for grid in puzzle) < 100, "copies should be transformed"
    originals = {family.canonical(p[None], s[None]).tobytes() for p, s in zip(data.puzzle, data.solution, strict=True)}
    copies = {family.canonical(p[None], s[None]).tobytes() for p, s in zip(puzzle, solution, strict=True)}
    assert copies <= originals


def test_batches_of_mazes_hold_puzzles_with_their_solutions() -> None:
    for name in ("maze-7x7", "maze-5x9"):
        family = puzzles.family(name)
        data = family.generate(np.arange(30, dtype=np.uint64), family.Options(generator="percolation"))
        batches = PuzzleBatches(family, data, torch.device("cpu"))
        tokens, labels = batches.draw(100, torch.Generator().manual_seed(0))
        puzzle, solution = ((grid.numpy() - 1).reshape(-1, *family.shape) for grid in (tokens, labels))
        assert np.array_equal(solution, family.solve(puzzle)), "copies should be labelled as the mazes are"
        assert len({grid.tobytes() for grid in puzzle}) > 30, "copies should be transformed"


def test_batches_without_symmetry_are_the_puzzles_themselves(data: puzzles.Puzzles) -> None:
    batches = PuzzleBatches(puzzles.family("sudoku-4x4"), data, torch.device("cpu"), symmetry=False)
    tokens, _ = batches.draw(50, torch.Generator().manual_seed(0))
    known = {grid.tobytes() for grid in data.puzzle}
    assert all((row.numpy() - 1).tobytes() in known for row in tokens)


def test_tokens_and_cells_are_inverse() -> None:
    grids = np.arange(16, dtype=np.uint8).reshape(1, 4, 4) % 5
    tokens = to_tokens(grids)
    assert tokens.min() == 1
    logits = torch.nn.functional.one_hot(tokens.long(), 6)
    family = puzzles.family("sudoku-4x4")
    assert np.array_equal(to_cells(logits, family).numpy(), grids)
    logits[0, 3] = torch.tensor([9, 0, 0, 0, 0, 0])
    assert to_cells(logits, family)[0, 0, 3] == family.undecided == 5


def test_rows_of_a_batch_are_those_of_the_whole(data: puzzles.Puzzles) -> None:
    """What several processes draw, each its rows, is what one draws, and the generators stay alike."""
    batches = PuzzleBatches(puzzles.family("sudoku-4x4"), data, torch.device("cpu"))
    one, two = (torch.Generator().manual_seed(3) for _ in range(2))
    for _ in range(2):
        whole = batches.draw(12, one)
        part = batches.draw(12, two, slice(4, 8))
        assert all(torch.equal(a[4:8], b) for a, b in zip(whole, part, strict=True))
    assert torch.equal(one.get_state(), two.get_state())
