import dataclasses
import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.evaluation import (
    Evaluation,
    HaltingEvaluation,
    cut_short,
    evaluate,
    evaluate_halting,
    halting_steps,
    merge,
    refilling,
)
from agents.evaluation.selection import default_batch, select
from agents.evaluation.statistics import calibration, mean_interval, quantile_bins, wilson_interval
from agents.models.air import AIR, Output, State
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset
from tests.agents.conftest import TINY
from tests.agents.evaluation.conftest import untrained_model


class Rigged(AIR):
    """Knows when it will be right and when it will say so, puzzle by puzzle; keeps count in its hidden state.

    ``plan`` maps a puzzle's tokens to its label and two ACT steps: the answer is right from the first one on, and the
    halting logit is +2 from the second one on, before -2.
    """

    plan: dict[bytes, tuple[torch.Tensor, int, int]]

    def forward(self, tokens: torch.Tensor, state: State) -> tuple[State, Output]:
        step = state.z_H[:, 0, 0] + 1
        logits = torch.zeros(len(tokens), tokens.shape[1], 6)
        q_halt = torch.full((len(tokens),), -2.0)
        for i, row in enumerate(tokens):
            label, right, sure = self.plan.get(bytes(row.tolist()), (row, 99, 99))
            answer = label if step[i] >= right else torch.full_like(label, 5)
            logits[i] = torch.nn.functional.one_hot(answer.long(), 6)
            if step[i] >= sure:
                q_halt[i] = 2.0
        z = torch.zeros_like(state.z_H)
        z[:, 0, 0] = step
        return State(z, z), Output(logits, q_halt, torch.zeros_like(q_halt))

    def initial_state(self, batch: int, dtype: torch.dtype = torch.float32) -> State:
        zero = torch.zeros(1, self.positions, 1, dtype=dtype).expand(batch, -1, -1)
        return State(zero, zero)


STORED = 1e-6
"""Relative distance of two halting logits that are equal in float64 and are kept in float32."""
RIGHT = np.arange(40) % 6 + 1
"""ACT step from which on each of the 40 test puzzles is answered right; 5 and 6 come after the last one."""
SURE = np.arange(40) % 5 + 1
"""ACT step from which on the halting head is sure; 5 comes after the last one."""


@pytest.fixture(scope="module")
def data(dataset: Path) -> Dataset:
    return Dataset(dataset)


@pytest.fixture(scope="module")
def rigged(data: Dataset) -> AIRAgent:
    model, rows = Rigged(TINY), data.split("test")
    model.plan = {
        bytes((puzzle + 1).ravel().tolist()): (torch.from_numpy(solution.ravel() + 1), int(right), int(sure))
        for puzzle, solution, right, sure in zip(rows.puzzle, rows.solution, RIGHT, SURE, strict=True)
    }
    return AIRAgent(model)


@pytest.fixture(scope="module")
def agent() -> AIRAgent:
    """In float64, where rounding changes no answer."""
    return AIRAgent(untrained_model().double(), torch.float64)


def same(a: Evaluation, b: Evaluation) -> None:
    for name in ("right", "solved", "answers", "rating"):
        assert np.array_equal(getattr(a, name), getattr(b, name)), name
    np.testing.assert_allclose(a.q_halt, b.q_halt, rtol=STORED)


def test_every_step_of_every_puzzle_is_measured_in_order(rigged: AIRAgent, data: Dataset) -> None:
    found = evaluate(rigged, data, batch=7, progress=False)
    steps = np.arange(1, 5)
    assert np.array_equal(found.exact, steps >= RIGHT[:, None])
    assert np.array_equal(found.solved, found.exact)
    assert np.array_equal(found.q_halt, np.where(steps >= SURE[:, None], 2.0, -2.0))
    assert np.array_equal(found.rating, data.split("test").rating)
    exact = RIGHT <= 4
    assert np.array_equal(found.answers[exact], data.split("test").solution[exact])
    assert (found.answers[~exact] == 4).all()
    fours = (data.split("test").solution == 4).mean((1, 2))
    expected = [np.where(step >= RIGHT, 1, fours).mean() for step in steps]
    np.testing.assert_allclose(found.cells, expected)
    assert found.accuracy == found.accuracy_within == exact.mean()


def test_more_steps_than_in_training(rigged: AIRAgent, data: Dataset) -> None:
    found = evaluate(rigged, data, max_steps=6, progress=False)
    assert found.exact.shape == (40, 6)
    assert found.accuracy == 1


@pytest.mark.parametrize("batch", [1, 7, 16, 39, 300])
def test_the_batch_changes_nothing(agent: AIRAgent, data: Dataset, batch: int) -> None:
    same(evaluate(agent, data, batch=batch, progress=False), evaluate(agent, data, batch=40, progress=False))


def test_twice_the_same(agent: AIRAgent, data: Dataset) -> None:
    first, second = (evaluate(agent, data, batch=16, progress=False) for _ in range(2))
    assert np.array_equal(first.q_halt, second.q_halt)
    assert np.array_equal(first.answers, second.answers)


@pytest.mark.parametrize("world", [1, 2, 3, 50])
def test_shards_join_to_the_whole(agent: AIRAgent, data: Dataset, world: int) -> None:
    shards = [evaluate(agent, data, batch=16, progress=False, shard=(rank, world)) for rank in range(world)]
    assert {len(shard.right) for shard in shards} <= {40 // world, 40 // world + 1}
    joined = merge(shards)
    same(joined, evaluate(agent, data, batch=16, progress=False))
    assert joined.seconds == max(shard.seconds for shard in shards)


def test_shards_of_other_evaluations_do_not_join(agent: AIRAgent, data: Dataset) -> None:
    shards = [evaluate(agent, data, split, 10, progress=False) for split in ("train", "test")]
    with pytest.raises(ValueError, match="differ in split"):
        merge(shards)
    with pytest.raises(ValueError, match="no evaluations"):
        merge([])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "puzzles 0"),
        ({"max_steps": -1}, "ACT steps -1"),
        ({"batch": 0}, "batch 0"),
        ({"shard": (2, 2)}, "shard 2 of 2, expected 0 to 1"),
        ({"split": "valid"}, "no split 'valid'"),
    ],
)
def test_wrong_arguments(agent: AIRAgent, data: Dataset, arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(agent, data, progress=False, **arguments)


def test_another_family_is_refused(agent: AIRAgent, maze_dataset: Path) -> None:
    with pytest.raises(ValueError, match="holds maze-7x5, the model is for sudoku-4x4"):
        evaluate(agent, Dataset(maze_dataset))


@pytest.mark.parametrize(("threshold", "sure"), [(0.5, SURE), (0.95, np.full(40, 5)), (0.0, np.ones(40))])
@pytest.mark.parametrize("batch", [3, 16, 64])
def test_puzzles_leave_when_the_head_is_sure(
    rigged: AIRAgent, data: Dataset, threshold: float, sure: np.ndarray, batch: int
) -> None:
    found = evaluate_halting(rigged, data, threshold, batch=batch, progress=False)
    assert np.array_equal(found.steps, np.minimum(sure, 4))
    assert np.array_equal(found.exact, np.minimum(sure, 4) >= RIGHT)
    assert np.array_equal(found.solved, found.exact)
    assert np.array_equal(found.q_halt > 0, found.steps >= SURE)


@pytest.mark.parametrize("batch", [8, 64])
def test_never_halting_is_the_full_evaluation(agent: AIRAgent, data: Dataset, batch: int) -> None:
    full = evaluate(agent, data, batch=batch, progress=False)
    found = evaluate_halting(agent, data, 1.0, batch=batch, progress=False)
    assert (found.steps == 4).all()
    assert np.array_equal(found.answers, full.answers)
    assert np.array_equal(found.right, full.right[:, -1])
    assert np.array_equal(found.solved, full.solved[:, -1])
    np.testing.assert_allclose(found.q_halt, full.q_halt[:, -1], rtol=STORED)


@pytest.mark.parametrize("threshold", [0.5, 0.9])
@pytest.mark.parametrize("batch", [5, 16, 64])
def test_halting_is_the_full_evaluation_cut_short(agent: AIRAgent, data: Dataset, threshold: float, batch: int) -> None:
    full = evaluate(agent, data, max_steps=8, progress=False)
    found = evaluate_halting(agent, data, threshold, max_steps=8, batch=batch, progress=False)
    steps = halting_steps(full.q_halt, threshold)
    assert 1 < steps.mean() < 8
    assert np.array_equal(found.steps, steps)
    rows = np.arange(40), steps - 1
    assert np.array_equal(found.right, full.right[rows])
    np.testing.assert_allclose(found.q_halt, full.q_halt[rows], rtol=STORED)


@pytest.mark.parametrize("threshold", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("batch", [5, 16, 64])
def test_cutting_short_needs_no_second_thought(agent: AIRAgent, data: Dataset, threshold: float, batch: int) -> None:
    full = evaluate(agent, data, max_steps=8, batch=batch, keep_steps=True, progress=False)
    cut = cut_short(full, threshold)
    thought = evaluate_halting(agent, data, threshold, max_steps=8, batch=batch, progress=False)
    for name in ("steps", "right", "solved", "answers"):
        assert np.array_equal(getattr(cut, name), getattr(thought, name)), name
    np.testing.assert_allclose(cut.q_halt, thought.q_halt, rtol=STORED)
    untimed = thought.summary(full)
    for key in ("occupancy", "puzzles_per_second", "speedup"):
        del untimed[key]
    assert cut.summary(full) == untimed


@pytest.mark.parametrize("halt", [0.5, 0.9])
@pytest.mark.parametrize("batch", [5, 64])
def test_halted_puzzles_keep_what_they_said(agent: AIRAgent, data: Dataset, halt: float, batch: int) -> None:
    full = evaluate(agent, data, max_steps=8, keep_steps=True, progress=False)
    found = evaluate(agent, data, max_steps=8, batch=batch, keep_steps=True, halt=halt, progress=False)
    steps = halting_steps(full.q_halt, halt)
    assert np.array_equal(found.steps, steps)
    assert steps.sum() <= found.computed < 40 * 8
    carried = np.arange(40)[:, None], np.minimum(np.arange(8), steps[:, None] - 1)
    for name in ("right", "solved", "by_step"):
        assert np.array_equal(getattr(found, name), getattr(full, name)[carried]), name
    np.testing.assert_allclose(found.q_halt, full.q_halt[carried], rtol=STORED)
    assert np.array_equal(found.answers, found.by_step[:, -1])
    for threshold in (0.3, halt):
        some, every = (cut_short(evaluation, threshold).summary(full) for evaluation in (found, full))
        assert some == every


def test_cutting_short_later_than_the_evaluation_stopped_is_refused(agent: AIRAgent, data: Dataset) -> None:
    found = evaluate(agent, data, keep_steps=True, halt=0.5, progress=False)
    with pytest.raises(ValueError, match=r"halting threshold 0.6, expected at most 0.5"):
        cut_short(found, 0.6)
    with pytest.raises(ValueError, match="answers of the last ACT step alone"):
        cut_short(evaluate(agent, data, progress=False), 0.5)


def test_blocks_of_puzzles_join_to_the_whole(agent: AIRAgent, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers of every step are kept for so many puzzles at a time as fit into memory."""
    whole = evaluate(agent, data, batch=8, keep_steps=True, progress=False)
    monkeypatch.setattr("agents.evaluation.full.BLOCK_BYTES", 4 * 16 * 9)
    found = evaluate(agent, data, batch=8, keep_steps=True, progress=False)
    same(found, whole)
    assert np.array_equal(found.by_step, whole.by_step)


def test_progress_is_seen_from_the_first_act_step_on(
    rigged: AIRAgent, data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    class Bar(refilling.tqdm):
        def update(self, n: float = 1) -> bool | None:
            seen.append(int(n))
            return super().update(n)

    monkeypatch.setattr(refilling, "tqdm", Bar)
    evaluate(rigged, data, batch=20, halt=0.5, progress=False)
    assert seen[0] == 20 + 3 * (SURE[:20] == 1).sum()  # one step of each; those that halted have no more to take
    assert sum(seen) == 40 * 4


def test_the_batch_suits_the_device(agent: AIRAgent) -> None:
    """2 ** 20 bytes hold so many states of 17 positions of 32 channels in float64."""
    assert default_batch(agent) == 2**20 // (17 * 32 * 8) == 240


def test_an_eager_batch_is_compacted_to_the_last_puzzle(agent: AIRAgent, data: Dataset) -> None:
    assert select(agent, data, batch=20).sizes == [20, 10, 5, 2, 1]


def test_the_batch_is_compacted_in_few_shapes(rigged: AIRAgent, data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a compiled agent, as one is whose step is not its model's own."""
    sizes: list[int] = []
    step = rigged.step
    monkeypatch.setattr(rigged, "step", lambda tokens, state: sizes.append(len(tokens)) or step(tokens, state))
    found = evaluate_halting(rigged, data, 0.5, max_steps=16, batch=20, progress=False)
    warm, run = sizes[:4], sizes[4:]
    assert warm == [20, 10, 5, 2]
    assert run == sorted(run, reverse=True)
    assert set(run) == set(warm)
    assert found.computed == sum(run) < 0.7 * 40 * 16
    assert found.steps.sum() == SURE.clip(max=5).sum() <= found.computed


def test_a_full_batch_serves_puzzles_alone(rigged: AIRAgent, data: Dataset) -> None:
    """With enough puzzles waiting no slot idles: all that is computed but the tail serves a puzzle."""
    found = evaluate_halting(rigged, data, 0.5, batch=4, progress=False)
    assert found.steps.sum() <= found.computed <= found.steps.sum() + 4 * 4


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_is_a_probability(agent: AIRAgent, data: Dataset, threshold: float) -> None:
    with pytest.raises(ValueError, match="expected a probability"):
        evaluate_halting(agent, data, threshold)


@pytest.mark.parametrize(("count", "batch", "size"), [(40, 16, 14), (40, 40, 40), (33, 16, 11), (3, 256, 3)])
def test_batches_are_even(agent: AIRAgent, data: Dataset, count: int, batch: int, size: int) -> None:
    assert select(agent, data, "test", count, None, batch).size == size


def test_compiled_agents_step_through_torch_compile(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = set()

    def compile(model: AIR, dynamic: bool, mode: str):
        assert (dynamic, mode) == (False, "default")

        def step(tokens: torch.Tensor, state: State) -> tuple[State, Output]:
            shapes.add((tokens.shape, state.z_H.shape, state.z_H.stride(), state.z_L.stride()))
            return model(tokens, state)

        return step

    monkeypatch.setattr(torch, "compile", compile)
    torch.manual_seed(0)
    model = AIR(TINY)
    agent = AIRAgent(model, compile=True)
    same(evaluate(agent, data, batch=16, progress=False), evaluate(AIRAgent(model), data, batch=16, progress=False))
    assert len(shapes) == 1
    evaluate_halting(agent, data, 0.5, batch=16, progress=False)
    assert len(shapes) == 4


@pytest.mark.slow
def test_compiled_agents_answer_the_same(agent: AIRAgent, data: Dataset) -> None:
    # In float64: fused kernels round differently, and 24 updates amplify it to more than float32 lets one tell.
    compiled, eager = (AIRAgent(agent.model, torch.float64, compile) for compile in (True, False))
    same(*(evaluate(a, data, batch=16, progress=False) for a in (compiled, eager)))
    found, expected = (evaluate_halting(a, data, 0.5, batch=16, progress=False) for a in (compiled, eager))
    assert np.array_equal(found.steps, expected.steps)
    assert np.array_equal(found.answers, expected.answers)


def test_calibration_by_hand() -> None:
    probability = np.array([0.05, 0.15, 0.15, 0.85, 0.95, 1.0])
    true = np.array([False, True, False, True, True, True])
    with np.errstate(divide="ignore"):
        found = calibration(np.log(probability / (1 - probability)).astype(np.float32), true)
    assert found.count.tolist() == [1, 2, 0, 0, 0, 0, 0, 0, 1, 2]
    np.testing.assert_allclose(found.predicted[[0, 1, 8, 9]], [0.05, 0.15, 0.85, 0.975], atol=1e-6)
    np.testing.assert_allclose(found.true[[0, 1, 8, 9]], [0, 0.5, 1, 1])
    assert np.isnan(found.predicted[2:8]).all()
    assert found.error == pytest.approx((0.05 + 2 * 0.35 + 0.15 + 2 * 0.025) / 6, abs=1e-6)
    squares = [0.05, 0.85, 0.15, 0.15, 0.05, 0.0]
    assert found.brier == pytest.approx(np.square(squares).mean(), abs=1e-6)
    pairs = itertools.product(probability[true], probability[~true])
    assert found.auroc == pytest.approx(np.mean([(p > n) + 0.5 * (p == n) for p, n in pairs]))
    assert [bin["count"] for bin in found.summary()["bins"]] == [1, 2, 1, 2]
    assert found.summary()["bins"][1]["interval"] == pytest.approx([0.1, 0.2])


def test_calibration_of_extreme_logits_and_of_one_outcome() -> None:
    found = calibration(np.array([-1e4, 1e4], np.float32), np.array([True, True]))
    assert found.error == 0.5
    assert found.auroc is None


def test_calibration_of_the_evaluation(rigged: AIRAgent, data: Dataset) -> None:
    found = evaluate(rigged, data, progress=False)
    sure = found.q_halt[:, -1] > 0
    predicted, true = 1 / (1 + np.exp(-2.0)), found.exact[:, -1]
    expected = sure.mean() * abs(predicted - true[sure].mean()) + (~sure).mean() * abs(
        1 - predicted - true[~sure].mean()
    )
    assert found.calibration().error == pytest.approx(expected, abs=1e-6)
    assert found.calibration().count.sum() == 40
    assert found.calibration(None).count.sum() == 160


def test_intervals() -> None:
    # Newcombe 1998, table I, method 3: 81 of 263, and 0 of 20.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson_interval(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)
    values = np.random.default_rng(0).random(400)
    low, high = mean_interval(values)
    assert (low + high) / 2 == pytest.approx(values.mean())
    assert high - low == pytest.approx(2 * 1.96 * values.std(ddof=1) / 20)
    assert mean_interval(np.ones(1), -1, 1) == (-1, 1)
    assert mean_interval(np.ones(9)) == (1, 1)


@pytest.mark.parametrize(
    ("values", "bins", "expected"),
    [
        ([5, 1, 3, 2, 4, 6], 3, [[1, 3], [2, 4], [0, 5]]),
        ([0, 0, 0, 0, 0, 9], 3, [[0, 1, 2, 3, 4], [5]]),
        ([7, 7, 7], 4, [[0, 1, 2]]),
        ([2], 8, [[0]]),
    ],
)
def test_quantile_bins(values: list[int], bins: int, expected: list[list[int]]) -> None:
    assert [group.tolist() for group in quantile_bins(np.array(values), bins)] == expected


def test_the_cost_of_halting_is_paired(rigged: AIRAgent, data: Dataset) -> None:
    full = evaluate(rigged, data, progress=False)
    found = evaluate_halting(rigged, data, 0.5, progress=False)
    lost = (RIGHT <= 4).astype(int) - (np.minimum(SURE, 4) >= RIGHT)
    summary = found.summary(full)
    assert summary["exact_accuracy_cost"] == pytest.approx(lost.mean())
    low, high = summary["exact_accuracy_cost_interval_95"]
    assert low < lost.mean() < high
    assert summary["mean_act_steps"] == np.minimum(SURE, 4).mean()
    faster = dataclasses.replace(found, seconds=full.seconds / 4)
    assert isinstance(faster, HaltingEvaluation)
    assert faster.summary(full)["speedup"] == pytest.approx(4)


def test_evaluation_needs_neither_environments_nor_drawing_nor_pictures() -> None:
    script = (
        "import sys, agents.evaluation\n"
        "unwanted = {'gymnasium', 'pygame', 'stable_baselines3', 'sb3_contrib', 'tyro', 'matplotlib', 'air_envs'}\n"
        "assert not unwanted & sys.modules.keys(), unwanted & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
