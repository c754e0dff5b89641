"""Halting and refilling, against a slow simulation of each puzzle alone."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import puzzles
from agents.config.model import AIRConfig
from agents.config.training import TrainConfig
from agents.data.batches import PuzzleBatches
from agents.models.air import AIR, Output
from agents.training.act import Metrics, act_train_step, draw, halting, initial_carry, least_steps
from agents.training.losses import act_loss
from tests.agents.precision import EXACT, assert_exact, start

MODEL = AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=1, max_steps=5)
HALT_ONLY = dataclasses.replace(MODEL, q_continue=False)
SUMS = 1e-6
"""Six shares of right cells add up in float32 with less than this, relative to their sum."""
CONFIG = TrainConfig(dataset=Path("unused"), output=Path("unused"), model=MODEL, batch=6, dtype="float32")


@pytest.fixture(scope="module")
def data() -> puzzles.Puzzles:
    return puzzles.family("sudoku-4x4").generate(np.arange(40, dtype=np.uint64))


@pytest.mark.parametrize("q_continue", [True, False])
def test_halting_against_a_per_puzzle_rule(q_continue: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    q_halt, q_go = torch.randn(2, 500, generator=generator)
    steps = torch.randint(1, 6, (500,), generator=generator)
    least = least_steps(500, 5, 0.5, generator)
    found = halting(Output(torch.empty(0), q_halt, q_go), steps, least, torch.full_like(steps, 5), q_continue)
    for i in range(500):
        threshold = q_go[i] if q_continue else 0
        expected = steps[i] >= 5 or (q_halt[i] > threshold and steps[i] >= least[i])
        assert found[i] == expected


def test_exploration_holds_off_one_in_ten_for_2_to_16_steps() -> None:
    least = least_steps(20_000, 16, 0.1, torch.Generator().manual_seed(0))
    held = least[least > 0]
    assert abs(len(held) / 20_000 - 0.1) < 0.01
    assert held.unique().tolist() == list(range(2, 17))


@pytest.mark.parametrize(
    "fields",
    [{"halting_weight": 0.1}, {"loss_knee": 0.3}, {"random_act_steps": 1}, {"random_act_steps": 3}, {"act_steps": 5}],
)
def test_carry_matches_a_per_puzzle_simulation(data: puzzles.Puzzles, fields: dict) -> None:
    """Each sequence, followed alone: same puzzle until it halts, states from the previous step, then a fresh start."""
    limited = dataclasses.replace(MODEL, max_steps=9) if "act_steps" in fields else MODEL
    config = dataclasses.replace(CONFIG, model=limited, **fields)
    torch.manual_seed(0)
    model = AIR(limited)
    model.q_head.weight.data.normal_(std=0.2)
    model.q_head.bias.data.copy_(torch.tensor([-0.2, 0.0]))
    model.double()
    batches = PuzzleBatches(puzzles.family("sudoku-4x4"), data, torch.device("cpu"))
    generator = torch.Generator().manual_seed(1)
    carry = initial_carry(model, 6, torch.float64)
    replaced = early = full = 0
    for _ in range(40):
        before, rng = carry, generator.get_state()
        carry, loss, metrics = act_train_step(model, model, carry, draw(batches, config, generator), config)
        replay = torch.Generator()
        replay.set_state(rng)
        fresh_tokens, fresh_labels = batches.draw(6, replay)
        least = least_steps(6, 5, config.exploration, replay)
        limits = torch.randint(config.random_act_steps or 5, 6, (6,), generator=replay)
        expected_loss, expected = 0.0, dict.fromkeys(Metrics._fields, 0.0)
        for i in range(6):
            start_over = bool(before.halted[i])
            replaced += start_over
            tokens = fresh_tokens[i] if start_over else before.tokens[i]
            labels = fresh_labels[i] if start_over else before.labels[i]
            state = start(model, 1) if start_over else type(before.state)(*(z[i : i + 1] for z in before.state))
            steps = 1 if start_over else int(before.steps[i]) + 1
            state, output = model(tokens[None], state)
            limit = limits[i] if start_over else before.limit[i]
            halts = bool(steps >= limit) or (bool(output.q_halt > output.q_continue) and steps >= least[i])
            assert torch.equal(carry.tokens[i], tokens)
            assert torch.equal(carry.labels[i], labels)
            assert carry.steps[i] == steps
            assert carry.halted[i] == halts
            assert_exact(carry.state.z_H[i : i + 1], state.z_H)
            early += bool(halts and steps < limit)
            full += bool(steps >= limit)
            _, after = model(tokens[None], state)
            best = after.q_halt if steps >= limit else torch.maximum(after.q_halt, after.q_continue)
            correct = output.logits.argmax(-1)[0] == labels
            exact = correct.all()[None]
            label, target = labels[None].long(), best.sigmoid()
            total, answer = act_loss(output, label, exact, target, config.loss, config.halting_weight, config.loss_knee)
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
        assert found == pytest.approx(expected, rel=SUMS)
        assert loss.item() == pytest.approx(expected_loss / 6, rel=EXACT)
    assert replaced > 6
    assert early > 0
    assert full > 0


@pytest.mark.parametrize(("early_halting", "logit"), [(True, -5.0), (False, 5.0)])
def test_random_limits_are_uniform_and_stay_with_their_puzzle(
    data: puzzles.Puzzles, early_halting: bool, logit: float
) -> None:
    """Where the model never wants to halt, and where it always does and is not asked."""
    fields = {"random_act_steps": 1, "exploration": 0.0, "early_halting": early_halting}
    config = dataclasses.replace(CONFIG, batch=200, model=HALT_ONLY, **fields)
    batches = PuzzleBatches(puzzles.family("sudoku-4x4"), data, torch.device("cpu"))
    generator = torch.Generator().manual_seed(0)
    limits = draw(batches, config, generator).limit
    assert limits.unique().tolist() == [1, 2, 3, 4, 5]
    assert abs(limits.float().mean() - 3) < 0.3
    model = AIR(HALT_ONLY)
    model.q_head.bias.data.fill_(logit)
    carry, taken = initial_carry(model, 200, torch.float32), torch.zeros(6)
    for _ in range(6):
        carry, _, _ = act_train_step(model, model, carry, draw(batches, config, generator), config)
        assert torch.equal(carry.halted, carry.steps == carry.limit)
        taken += carry.steps[carry.halted].bincount(minlength=6)
    assert (taken[1:] > 0).all()


def test_look_ahead_alone_makes_the_continue_target(data: puzzles.Puzzles) -> None:
    """The target is another forward's; it carries no gradient, and its value is what q_continue is pulled to."""
    torch.manual_seed(0)
    model, other = AIR(MODEL), AIR(MODEL)
    batches = PuzzleBatches(puzzles.family("sudoku-4x4"), data, torch.device("cpu"))
    drawn = draw(batches, CONFIG, torch.Generator().manual_seed(0))
    losses = []
    for logit in (-5.0, 5.0):
        other.q_head.bias.data.fill_(logit)
        _, loss, _ = act_train_step(model, model, initial_carry(model, 6, torch.float32), drawn, CONFIG, other)
        losses.append(loss.item())
        loss.backward()
    assert all(p.grad is None for p in other.parameters())
    compiled = torch.compile(other, backend="eager")
    _, loss, _ = act_train_step(model, model, initial_carry(model, 6, torch.float32), drawn, CONFIG, compiled)
    assert loss.item() == pytest.approx(losses[1], rel=1e-5)
    # q_continue is -5: BCE(-5, sigmoid(5)) - BCE(-5, sigmoid(-5)) = 5 * (sigmoid(5) - sigmoid(-5)), halved.
    expected = 2.5 * (torch.tensor(5.0).sigmoid() - torch.tensor(-5.0).sigmoid()).item()
    assert losses[1] - losses[0] == pytest.approx(expected, rel=1e-4)
