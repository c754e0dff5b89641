"""Freeze counts, rollouts and attention against slow loops over single puzzles, in float64."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from agents.analysis import measure_attention, measure_freeze, measure_rollouts
from agents.analysis.attention import GROUPS
from agents.analysis.rollouts import MEASURES
from agents.config.model import AIRConfig
from agents.config.program import freeze
from agents.evaluation.selection import select
from agents.models.air import AIR, State
from agents.models.mixers import attention_weights
from agents.thinking.agent import AIRAgent
from puzzles import Puzzles
from puzzles.dataset import Dataset

COUNT, STEPS = 5, 5
CONFIGS = {
    "sudoku": AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=2, max_steps=STEPS),
    "maze": AIRConfig(family="maze-7x5", hidden=32, heads=2, layers=2, max_steps=STEPS, position="structured"),
    "two networks": AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=2, h_layers=2, max_steps=STEPS),
    "stripped token": AIRConfig(
        family="sudoku-4x4",
        hidden=32,
        heads=2,
        layers=1,
        max_steps=STEPS,
        level_token="prepend-strip",
        level_token_start="normal",
        inject_h=1,
    ),
}


@pytest.fixture(params=CONFIGS)
def agent(request: pytest.FixtureRequest) -> AIRAgent:
    torch.manual_seed(4)
    return AIRAgent(AIR(CONFIGS[request.param]).double(), torch.float64)


@pytest.fixture
def data(agent: AIRAgent, request: pytest.FixtureRequest) -> Dataset:
    return Dataset(request.getfixturevalue("maze_dataset" if agent.family.kind == "maze" else "dataset"))


def thoughts(agent: AIRAgent, puzzle: Any, program: str | None = None) -> list[tuple[str, dict[str, Any]]]:
    """The letter of each update of one puzzle, and both states after it, decoded."""
    return [
        (thought.letter, {"z_H": thought.z_H.cells, "z_L": thought.z_L.cells})
        for thought in agent.think({"puzzle": puzzle}, STEPS, program)
    ]


def masked(agent: AIRAgent, value: int) -> bool:
    return value == {"sudoku": 0, "maze": 4}[agent.family.kind]


def violating(agent: AIRAgent, grid: Any, solution: Any) -> list[tuple[int, int]]:
    """The cells that break a rule, by looking at all pairs of cells."""
    cells = list(np.ndindex(grid.shape))
    if agent.family.kind == "maze":
        return [cell for cell in cells if grid[cell] != solution[cell]]
    return [
        cell
        for cell in cells
        if 1 <= grid[cell] <= 4 and any(grid[peer] == grid[cell] for peer in near(agent, cell) if peer != cell)
    ]


def near(agent: AIRAgent, cell: tuple[int, int], reach: str = "first") -> list[tuple[int, int]]:
    row, column = cell
    found = []
    for r, c in np.ndindex(agent.family.shape):
        down, right = abs(r - row), abs(c - column)
        if agent.family.kind == "sudoku":
            inside = r == row or c == column or (r // 2 == row // 2 and c // 2 == column // 2)
        else:
            inside = {
                "first": down + right == 1,
                "nbr8": max(down, right) == 1,
                "nbr5x5": 1 <= max(down, right) <= 2,
            }[reach]
        if inside:
            found.append((r, c))
    return found


def test_freeze_counts(agent: AIRAgent, data: Dataset) -> None:
    rows = data.split("test").take(slice(COUNT))
    found = measure_freeze(agent, select(agent, data, count=COUNT, batch=2), progress=False)
    assert found.updates == STEPS * 6
    moved = 0
    for name, letter in (("normal", ""), ("freeze z_H", "H"), ("freeze z_L", "L")):
        program = freeze("LLHLLH", letter) if letter else "LLHLLH"
        totals: dict[str, list[int]] = {"z_H": [], "z_L": []}
        right = 0
        for puzzle, solution in zip(rows.puzzle, rows.solution, strict=True):
            seen = thoughts(agent, puzzle, program)
            for state, counts in totals.items():
                count = 0
                for (_, before), (_, after) in itertools.pairwise(seen):
                    for a, b in zip(before[state].flat, after[state].flat, strict=True):
                        count += a != b and masked(agent, a) == masked(agent, b)
                counts.append(count)
            right += (seen[-1][1]["z_H"] == solution).all()
        for s, state in enumerate(("z_H", "z_L")):
            assert found.conditions[name].changes.mean[s] == pytest.approx(np.mean(totals[state]))
            half = 1.96 * np.std(totals[state], ddof=1) / math.sqrt(COUNT)
            assert found.conditions[name].changes.half[s] == pytest.approx(half)
            assert letter != state[-1] or not any(totals[state])
            moved += sum(totals[state])
        assert found.conditions[name].right == right
    assert moved > 0


def test_rollouts(agent: AIRAgent, data: Dataset) -> None:
    rows = data.split("test").take(slice(COUNT))
    found = measure_rollouts(agent, select(agent, data, count=COUNT, batch=3), progress=False)
    undecided = {"sudoku": (0, 5), "maze": (5,)}[agent.family.kind]
    expected = np.zeros((STEPS * 6, 2, len(MEASURES)))
    for puzzle, solution in zip(rows.puzzle, rows.solution, strict=True):
        before = None
        for update, (_, states) in enumerate(thoughts(agent, puzzle)):
            for s, state in enumerate(("z_H", "z_L")):
                grid = states[state]
                last = grid if before is None else before[state]
                pairs = list(zip(last.flat, grid.flat, strict=True))
                expected[update, s] += [
                    np.mean(grid == solution),
                    (grid == solution).all(),
                    np.mean([value in undecided for value in grid.flat]),
                    len(violating(agent, grid, solution)),
                    sum(a != b and masked(agent, a) == masked(agent, b) for a, b in pairs),
                    sum((a in undecided) != (b in undecided) for a, b in pairs),
                    sum(masked(agent, a) != masked(agent, b) for a, b in pairs),
                ]
            before = states
    np.testing.assert_allclose(found.moments.mean, expected / COUNT, atol=1e-6)
    changes = found.moments.mean[:, :, list(MEASURES).index("content_changes")].sum(0)
    frozen = measure_freeze(agent, select(agent, data, count=COUNT), progress=False).conditions["normal"]
    np.testing.assert_allclose(changes, frozen.changes.mean, rtol=1e-6)


def slow_maps(model: AIR, letter: str, state: State, x: torch.Tensor) -> list[Any]:
    """The maps of one puzzle by running the blocks one by one, cut and normalised row by row."""
    z, other = (state.z_L, state.z_H) if letter == "L" else (state.z_H, state.z_L)
    h = z + other + (model.config.inject_l if letter == "L" else model.config.inject_h) * x
    if model.level_tokens is not None:
        h = torch.cat((model.level_tokens["HL".index(letter)].expand(1, 1, -1), h), 1)
    found = []
    for block in model.f_H if letter == "H" and len(model.f_H) else model.f:
        q, k, _ = block.mixer.project(h, model.position)
        averaged = sum(attention_weights(q, k)[0, head] for head in range(model.config.heads)) / model.config.heads
        rows = averaged.detach().numpy()[-model.cells :, -model.cells :]
        found.append([row / row.sum() for row in rows])
        h = block(h, model.position)
    return found


def slow_measures(agent: AIRAgent, maps: Any, cell: tuple[int, int], targets: list[tuple[int, int]]) -> list[float]:
    row = np.asarray(maps[cell[0] * agent.family.columns + cell[1]]).reshape(agent.family.shape)
    entropy = -sum(p * math.log(p) for p in row.flat if p > 0) / math.log(row.size)
    if agent.family.kind == "sudoku":
        return [sum(row[n] for n in near(agent, cell)), entropy, sum(row[t] for t in targets)]
    first = near(agent, cell)
    return [
        sum(row[n] for n in first) / 4,
        sum(row[n] for n in near(agent, cell, "nbr8")) / 8,
        sum(row[n] for n in near(agent, cell, "nbr5x5")) / 24,
        entropy,
        sum(row[t] for t in targets if t in first),
    ]


def slow_attention(agent: AIRAgent, rows: Puzzles, layers: int) -> dict[tuple[int, str], list[Any]]:
    """Each puzzle's mean differences, by layer and group of queries."""
    model, found = agent.model, {(layer, group): [] for layer in range(layers) for group in GROUPS}
    for puzzle, solution in zip(rows.puzzle, rows.solution, strict=True):
        x = model.embed(agent.tokens(puzzle[None]), torch.float64)
        state = agent.initial_state(1)
        per_query: dict[tuple[int, str], list[Any]] = {key: [] for key in found}
        for act_step in range(1, STEPS + 1):
            if act_step in (2, 4):
                bad = violating(agent, agent.decode(state)[0].cells, solution)
                late = model.run("LL", state, x)
                maps = slow_maps(model, "L", state, x), slow_maps(model, "H", late, x)
                asked = solution == 4 if agent.family.kind == "maze" else puzzle == 0
                for cell in zip(*np.nonzero(asked), strict=True):
                    group = GROUPS[any(n in bad for n in near(agent, cell))]
                    for layer in range(layers):
                        of_l, of_h = (np.array(slow_measures(agent, m[layer], cell, bad)) for m in maps)
                        difference = of_l - of_h
                        difference[-2] *= -1
                        per_query[layer, group].append(difference)
            state = model.run("LLHLLH", state, x)
        for key, differences in per_query.items():
            if differences:
                found[key].append(np.mean(differences, axis=0))
    return found


@torch.no_grad()
def test_attention(agent: AIRAgent, data: Dataset) -> None:
    # A few puzzles are enough, but both groups of queries must be there: let z_H be right here and there.
    agent.model.lm_head.weight.copy_(torch.randn_like(agent.model.lm_head.weight))
    layers = agent.model.config.layers
    found = measure_attention(agent, select(agent, data, count=COUNT, batch=2), progress=False)
    assert found.act_steps == (2, 4)
    expected = slow_attention(agent, data.split("test").take(slice(COUNT)), layers)
    for (layer, group), puzzles in expected.items():
        index = layer, GROUPS.index(group), slice(None), -1
        assert (found.moments.count[index] == len(puzzles)).all()
        if puzzles:
            np.testing.assert_allclose(found.moments.mean[index], np.mean(puzzles, axis=0), atol=1e-12)
        if len(puzzles) > 1:
            half = 1.96 * np.std(puzzles, axis=0, ddof=1) / math.sqrt(len(puzzles))
            np.testing.assert_allclose(found.moments.half[index], half, atol=1e-12)
    assert any(expected[0, group] for group in GROUPS)
