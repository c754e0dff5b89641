"""Exponents, distances and rest of maps whose dynamics are known."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.analysis.beyond.dynamics import DISTURBANCE, OUTCOMES, follow, measure_dynamics
from agents.analysis.tracing import decode, trace
from agents.evaluation.selection import select
from agents.models.air import State
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset

START = State(torch.full((2, 3, 4), 8.0, dtype=torch.float64), torch.full((2, 3, 4), 4.0, dtype=torch.float64))


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_a_linear_map_grows_by_its_factor(factor: float) -> None:
    """Both states times ``factor``: so grows a disturbance in any direction, and z moves by |factor - 1| z."""
    last, moved, grown = follow(lambda state: State(state.z_H * factor, state.z_L * factor), START, 3, generator())
    np.testing.assert_allclose(grown, math.log(factor), atol=1e-6)
    assert moved.shape == (2, 3, 2)
    for step in range(3):
        np.testing.assert_allclose(moved[:, step, 0], 8 * factor**step * abs(factor - 1))
        np.testing.assert_allclose(moved[:, step, 1], 4 * factor**step * abs(factor - 1))
    torch.testing.assert_close(last.z_H, START.z_H * factor**3)


def test_the_largest_of_two_factors_wins() -> None:
    """z_H times 3, z_L times 1/4: after a few steps the disturbance lies in z_H alone."""
    *_, grown = follow(lambda state: State(state.z_H * 3, state.z_L / 4), START, 8, generator())
    np.testing.assert_allclose(grown[:, 4:], math.log(3), atol=1e-3)


def test_the_logistic_map_is_chaotic_where_it_should_be() -> None:
    """x -> 4 x (1 - x) has the exponent ln 2; x -> 2 x (1 - x) comes to rest at 1/2, where it forgets everything."""
    start = State(*(torch.rand((4, 1, 1), generator=generator(), dtype=torch.float64) for _ in range(2)))
    both = State(start.z_H, start.z_H)
    *_, grown = follow(lambda state: State(*(4 * z * (1 - z) for z in state)), both, 4_000, generator())
    np.testing.assert_allclose(grown.mean(1), math.log(2), atol=0.05)
    _, moved, grown = follow(lambda state: State(*(2 * z * (1 - z) for z in state)), both, 20, generator())
    assert (moved[:, -1] < 1e-9).all()
    assert (grown[:, 10:] < math.log(10 * DISTURBANCE)).all()


def test_solved_and_failed_puzzles_are_kept_apart(agent: AIRAgent, dataset: Path) -> None:
    """Labels that z_H meets for the first three of seven puzzles."""
    chosen = select(agent, Dataset(dataset), count=7, batch=4)
    *_, last = trace(agent, chosen.data.puzzle, 4)
    labels = decode(agent, last.after)[:, 0]
    labels[3:, 0, 0] = labels[3:, 0, 0] % 4 + 1
    found = measure_dynamics(agent, chosen._replace(data=chosen.data._replace(solution=labels)), progress=False)
    assert found.exponent.count.tolist() == [3, 4]
    x = agent.model.embed(agent.tokens(chosen.data.puzzle), torch.float64)
    state, distances = agent.initial_state(7), []
    with torch.inference_mode():
        for _ in range(4):
            before, state = state, agent.model.run("LLHLLH", state, x)
            distances.append(
                [(now - then).square().mean((1, 2)).sqrt() for now, then in zip(state, before, strict=True)]
            )
    for t, of_states in enumerate(distances):
        for s, of_puzzles in enumerate(of_states):
            means = [of_puzzles[:3].mean().item(), of_puzzles[3:].mean().item()]
            np.testing.assert_allclose(found.distance.mean[t, s], means)
    np.testing.assert_allclose(found.growth.mean.mean(0), found.exponent.mean)
    assert [line.split()[0] for line in found.table().splitlines()[2:]] == list(OUTCOMES)
