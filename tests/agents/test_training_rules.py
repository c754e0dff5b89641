"""Loss, halting, optimizers and batches, each against a slow reference written here."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
import torch

import puzzles
from agents.act import Metrics, act_train_step, halting, initial_carry, least_steps
from agents.batches import PuzzleBatches, to_cells, to_tokens
from agents.config import AIRConfig, TrainConfig
from agents.losses import act_loss, correct_cells, softmax_cross_entropy, stablemax_cross_entropy
from agents.model import AIR, Output
from agents.optim import AdamATan2, SignSGD, build_optimizers
from agents.trainer import lr_factor

MODEL = AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=1, max_steps=5)
CONFIG = TrainConfig(dataset=Path("unused"), output=Path("unused"), model=MODEL, batch=6, dtype="float32")


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
    total, answer = act_loss(output, labels, exact, target, "stablemax")

    cell = stablemax_cross_entropy(logits, labels)
    expected_answer = cell[0, :2].mean() + cell[1].mean()
    assert math.isclose(answer, expected_answer, rel_tol=1e-9)

    def bce(logit: float, p: float) -> float:
        q = 1 / (1 + math.exp(-logit))
        return -p * math.log(q) - (1 - p) * math.log(1 - q)

    heads = sum(bce(q, e) for q, e in zip([0.3, -1.0], [0.0, 1.0], strict=True))
    heads += sum(bce(q, t) for q, t in zip([0.5, 2.0], target.tolist(), strict=True))
    assert math.isclose(total, expected_answer + 0.5 * heads, rel_tol=1e-5)
    halt_only, _ = act_loss(output, labels, exact, None, "stablemax")
    continuing = sum(bce(q, t) for q, t in zip([0.5, 2.0], target.tolist(), strict=True))
    assert math.isclose(total - halt_only, 0.5 * continuing, rel_tol=1e-5)


def test_softmax_loss_is_torchs() -> None:
    logits, labels = torch.randn(4, 7, 5), torch.randint(0, 5, (4, 7))
    expected = -logits.log_softmax(-1).gather(-1, labels[..., None])[..., 0]
    torch.testing.assert_close(softmax_cross_entropy(logits, labels), expected)


def test_padding_labels_count_as_correct() -> None:
    assert correct_cells(torch.tensor([[[0.0, 1.0], [0.0, 1.0]]]), torch.tensor([[0, 1]])).all()


@pytest.mark.parametrize("q_continue", [True, False])
def test_halting_against_a_per_puzzle_rule(q_continue: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    q_halt, q_go = torch.randn(2, 500, generator=generator)
    steps = torch.randint(1, 6, (500,), generator=generator)
    least = least_steps(500, 5, 0.5, generator)
    found = halting(Output(torch.empty(0), q_halt, q_go), steps, least, 5, q_continue)
    for i in range(500):
        threshold = q_go[i] if q_continue else 0
        expected = steps[i] >= 5 or (q_halt[i] > threshold and steps[i] >= least[i])
        assert found[i] == expected


def test_exploration_holds_off_one_in_ten_for_2_to_16_steps() -> None:
    least = least_steps(20_000, 16, 0.1, torch.Generator().manual_seed(0))
    held = least[least > 0]
    assert abs(len(held) / 20_000 - 0.1) < 0.01
    assert held.unique().tolist() == list(range(2, 17))


def test_carry_matches_a_per_puzzle_simulation(data: puzzles.Puzzles) -> None:
    """Each sequence, followed alone: same puzzle until it halts, states from the previous step, then a fresh start."""
    torch.manual_seed(0)
    model = AIR(MODEL)
    model.q_head.weight.data.normal_(std=0.2)
    model.q_head.bias.data.copy_(torch.tensor([-0.2, 0.0]))
    batches = PuzzleBatches(puzzles.family("sudoku-4x4"), data, torch.device("cpu"))
    generator = torch.Generator().manual_seed(1)
    carry = initial_carry(model, 6, torch.float32)
    replaced = early = full = 0
    for _ in range(40):
        before, rng = carry, generator.get_state()
        carry, loss, metrics = act_train_step(model, model, carry, batches, CONFIG, generator)
        replay = torch.Generator()
        replay.set_state(rng)
        fresh_tokens, fresh_labels = batches.draw(6, replay)
        least = least_steps(6, 5, CONFIG.exploration, replay)
        expected_loss, expected = 0.0, dict.fromkeys(Metrics._fields, 0.0)
        for i in range(6):
            start_over = bool(before.halted[i])
            replaced += start_over
            tokens = fresh_tokens[i] if start_over else before.tokens[i]
            labels = fresh_labels[i] if start_over else before.labels[i]
            state = model.initial_state(1) if start_over else type(before.state)(*(z[i : i + 1] for z in before.state))
            steps = 1 if start_over else int(before.steps[i]) + 1
            state, output = model(tokens[None], state)
            halts = steps >= 5 or (bool(output.q_halt > output.q_continue) and steps >= least[i])
            assert torch.equal(carry.tokens[i], tokens)
            assert torch.equal(carry.labels[i], labels)
            assert carry.steps[i] == steps
            assert carry.halted[i] == halts
            torch.testing.assert_close(carry.state.z_H[i : i + 1], state.z_H, atol=1e-5, rtol=1e-5)
            early += bool(halts and steps < 5)
            full += steps >= 5
            _, after = model(tokens[None], state)
            best = after.q_halt if steps >= 5 else torch.maximum(after.q_halt, after.q_continue)
            correct = output.logits.argmax(-1)[0] == labels
            exact = correct.all()[None]
            total, answer = act_loss(output, labels[None].long(), exact, best.sigmoid(), CONFIG.loss)
            expected_loss += total.item()
            expected["answer_loss"] += float(answer)
            if halts:
                expected["halted"] += 1
                expected["steps"] += steps
                expected["cell_accuracy"] += float(correct.float().mean())
                expected["exact_accuracy"] += float(exact)
                expected["q_halt_accuracy"] += float((output.q_halt > 0) == exact)
        expected |= {"loss": expected_loss, "sequences": 6.0}
        found = {name: float(value) for name, value in metrics._asdict().items()}
        assert found == pytest.approx(expected, rel=1e-4)
        assert loss.item() == pytest.approx(expected_loss / 6, rel=1e-4)
    assert replaced > 6
    assert early > 0
    assert full > 0


def test_adam_atan2_against_its_formula() -> None:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    optimizer = AdamATan2([p], lr=0.1, weight_decay=0.5)
    value, m, v = p.detach().numpy().copy(), np.zeros(3), np.zeros(3)
    for step in range(1, 6):
        gradient = np.array([0.3, -1.0, 100.0]) * step * (-1) ** step
        p.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
        m, v = 0.9 * m + 0.1 * gradient, 0.95 * v + 0.05 * gradient**2
        direction = np.arctan2(m / (1 - 0.9**step), np.sqrt(v / (1 - 0.95**step)))
        value = value * (1 - 0.1 * 0.5) - 0.1 * 1.27 * direction
        np.testing.assert_allclose(p.detach().numpy(), value, rtol=1e-6)  # step counts are float32


def test_adam_atan2_does_not_see_the_gradients_scale() -> None:
    results = []
    for scale in (1.0, 1e-12):
        p = torch.nn.Parameter(torch.tensor([1.0, 2.0], dtype=torch.float64))
        optimizer = AdamATan2([p], lr=0.1)
        for gradient in ([0.5, -1.0], [0.7, 3.0]):
            p.grad = torch.tensor(gradient, dtype=torch.float64) * scale
            optimizer.step()
        results.append(p.detach().clone())
    torch.testing.assert_close(*results)


def test_sign_sgd_against_its_formula() -> None:
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
    p.grad = torch.tensor([1e-9, -5.0])
    SignSGD([p], lr=0.1, weight_decay=1.0).step()
    torch.testing.assert_close(p.detach(), torch.tensor([0.9 - 0.1, -1.8 + 0.1]))


def test_the_papers_optimizers_share_out_the_parameters() -> None:
    model = AIR(MODEL)
    weights, prefix = build_optimizers(model, CONFIG)
    assert isinstance(weights, AdamATan2)
    assert next(p for group in prefix.param_groups for p in group["params"]) is model.prefix
    assert sum(len(o.param_groups[0]["params"]) for o in (weights, prefix)) == len(list(model.parameters()))
    (alone,) = build_optimizers(model, dataclasses.replace(CONFIG, optimizer="adamw"))
    assert len(alone.param_groups[0]["params"]) == len(list(model.parameters()))


def test_learning_rate_warms_up_then_stays_or_falls() -> None:
    config = dataclasses.replace(CONFIG, steps=1_000, warmup=100)
    assert lr_factor(config, 0) == 0.01
    assert lr_factor(config, 99) == lr_factor(config, 999) == 1
    cosine = dataclasses.replace(config, schedule="cosine")
    assert lr_factor(cosine, 100) == 1
    assert math.isclose(lr_factor(cosine, 550), 0.5)
    assert lr_factor(cosine, 999) < 1e-4


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
        batches = PuzzleBatches(family, family.generate(np.arange(30, dtype=np.uint64)), torch.device("cpu"))
        tokens, labels = batches.draw(100, torch.Generator().manual_seed(0))
        puzzle, solution = ((grid.numpy() - 1).reshape(-1, *family.shape) for grid in (tokens, labels))
        assert family.is_solved(puzzle, solution).all()
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
