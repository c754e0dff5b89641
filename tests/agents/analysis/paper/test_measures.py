"""Freeze counts, rollouts and attention against slow loops over single puzzles, in float64."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from agents.analysis import measure_attention, measure_freeze, measure_rollouts
from agents.analysis.paper.attention import GROUPS
from agents.analysis.paper.freeze import COUNTS
from agents.analysis.paper.rollouts import MEASURES
from agents.analysis.tracing import decode, trace
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
        (thought.letter, {"z_H": thought.z_H, "z_L": thought.z_L})
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


def programs(letter: str, halves: str) -> list[str]:
    """Of each ACT step: those of a held half lack the letter; of five the first two are the first half."""
    held = {"": (), "all": (0, 1, 2, 3, 4), "first": (0, 1), "second": (2, 3, 4)}[halves]
    return ["LLHLLH".replace(letter, "-") if step in held else "LLHLLH" for step in range(STEPS)]


def think_in_parts(agent: AIRAgent, puzzle: Any, each: list[str]) -> list[dict[str, Any]]:
    """Both states after each update, decoded, where every ACT step has a program of its own."""
    seen, last = [], None
    for step, program in enumerate(each, 1):
        for thought in agent.think({"puzzle": puzzle}, step, program, after=last):
            seen.append({"z_H": thought.z_H.cells, "z_L": thought.z_L.cells})
            last = thought
    return seen


def test_freeze_counts(agent: AIRAgent, data: Dataset) -> None:
    """Each count, cell by cell, of both states, in both halves, whichever of them is held when."""
    rows = data.split("test").take(slice(COUNT))
    found = measure_freeze(agent, select(agent, data, count=COUNT, batch=2), progress=False)
    assert (found.updates, found.middle) == (STEPS * 6, 2 * 6)
    conditions = {"normal": ("", "")}
    conditions |= {f"freeze z_{letter}": (letter, "all") for letter in "HL"}
    conditions |= {f"freeze z_{letter}, {half} half": (letter, half) for letter in "HL" for half in ("first", "second")}
    assert list(found.conditions) == list(conditions)
    moved = 0
    for name, (letter, halves) in conditions.items():
        expected = np.zeros((COUNT, 2, len(COUNTS), 2))
        right = [0, 0]
        for p, (puzzle, solution) in enumerate(zip(rows.puzzle, rows.solution, strict=True)):
            seen = think_in_parts(agent, puzzle, programs(letter, halves) if letter else ["LLHLLH"] * STEPS)
            for s, state in enumerate(("z_H", "z_L")):
                for update, (before, after) in enumerate(itertools.pairwise(seen), 1):
                    half = 0 if update < 12 else 1
                    pairs = list(zip(before[state].flat, after[state].flat, strict=True))
                    content = [a != b and masked(agent, a) == masked(agent, b) for a, b in pairs]
                    expected[p, s, 0, half] += sum(content)
                    expected[p, s, 1, half] += sum(a != b for a, b in pairs)
                    expected[p, s, 2, half] += sum(masked(agent, a) != masked(agent, b) for a, b in pairs)
                    expected[p, s, 3, half] += all(content)
                right[s] += (seen[-1][state] == solution).all()
        condition = found.conditions[name]
        np.testing.assert_allclose(condition.changes.mean, expected.mean(0))
        np.testing.assert_allclose(condition.total.mean, expected.sum(-1).mean(0))
        half = 1.96 * np.std(expected.sum(-1), axis=0, ddof=1) / math.sqrt(COUNT)
        np.testing.assert_allclose(condition.total.half, half)
        if halves == "all":
            assert not condition.total.mean["HL".index(letter)].any()
        assert condition.right == tuple(right)
        moved += expected.sum()
    assert moved > 0


def test_a_state_that_is_right_counts_whichever_it_is(agent: AIRAgent, data: Dataset) -> None:
    """Labels that decoded z_L happens to meet: z_L is right everywhere, the held z_H nowhere."""
    rows = data.split("test").take(slice(COUNT))
    chosen = select(agent, data, count=COUNT)
    with torch.inference_mode():
        *_, last = trace(agent, rows.puzzle, STEPS, [freeze("LLHLLH", "H")] * STEPS)
    z_L = decode(agent, last.after)[:, 1]
    found = measure_freeze(agent, chosen._replace(data=Puzzles(rows.puzzle, z_L, rows.rating)), progress=False)
    assert found.conditions["freeze z_H"].right == (0, COUNT)
    assert found.conditions["freeze z_H"].accuracy == (0.0, 1.0)


def test_rollouts(agent: AIRAgent, data: Dataset) -> None:
    rows = data.split("test").take(slice(COUNT))
    found = measure_rollouts(agent, select(agent, data, count=COUNT, batch=3), progress=False)
    undecided = {"sudoku": (0, 5), "maze": (5,)}[agent.family.kind]
    expected = np.zeros((STEPS * 6, 2, len(MEASURES)))
    for puzzle, solution in zip(rows.puzzle, rows.solution, strict=True):
        before = None
        for update, (_, states) in enumerate(thoughts(agent, puzzle)):
            for s, state in enumerate(("z_H", "z_L")):
                grid = states[state].cells
                last = grid if before is None else before[state].cells
                pairs = list(zip(last.flat, grid.flat, strict=True))
                expected[update, s] += [
                    np.mean(grid == solution),
                    (grid == solution).all(),
                    np.mean([value in undecided for value in grid.flat]),
                    len(violating(agent, grid, solution)),
                    sum(a != b and masked(agent, a) == masked(agent, b) for a, b in pairs),
                    sum((a in undecided) != (b in undecided) for a, b in pairs),
                    sum(masked(agent, a) != masked(agent, b) for a, b in pairs),
                    states[state].entropy.mean(),
                ]
            before = states
    np.testing.assert_allclose(found.moments.mean, expected / COUNT, atol=1e-6)
    changes = found.moments.mean[:, :, list(MEASURES).index("content_changes")].sum(0)
    frozen = measure_freeze(agent, select(agent, data, count=COUNT), progress=False).conditions["normal"]
    np.testing.assert_allclose(changes, frozen.total.mean[:, 0], rtol=1e-6)


def slow_maps(model: AIR, letter: str, state: State, x: torch.Tensor) -> list[Any]:
    """The maps of one puzzle by running the blocks one by one: [layer][head], cut and normalised row by row."""
    z, other = (state.z_L, state.z_H) if letter == "L" else (state.z_H, state.z_L)
    h = z + other + (model.config.inject_l if letter == "L" else model.config.inject_h) * x
    if model.level_tokens is not None:
        h = torch.cat((model.level_tokens["HL".index(letter)].expand(1, 1, -1), h), 1)
    found = []
    for block in model.f_H if letter == "H" and len(model.f_H) else model.f:
        q, k, _ = block.mixer.project(h, model.position)
        heads = []
        for head in range(model.config.heads):
            rows = attention_weights(q, k)[0, head].detach().numpy()[-model.cells :, -model.cells :]
            heads.append([row / row.sum() for row in rows])
        found.append(heads)
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


def slow_attention(agent: AIRAgent, rows: Puzzles) -> dict[str, list[Any]]:
    """By group of queries, for each puzzle the differences of each of its queries: (queries, layers, heads, M)."""
    model = agent.model
    found: dict[str, list[Any]] = {group: [] for group in GROUPS}
    for puzzle, solution in zip(rows.puzzle, rows.solution, strict=True):
        x = model.embed(agent.tokens(puzzle[None]), torch.float64)
        state = agent.initial_state(1)
        per_query: dict[str, list[Any]] = {group: [] for group in GROUPS}
        for act_step in range(1, STEPS + 1):
            if act_step in (3, 5):
                late = model.run("LL", state, x)
                maps = slow_maps(model, "L", state, x), slow_maps(model, "H", late, x)
                bad = violating(agent, agent.decode(model.run("H", late, x))[0].cells, solution)
                asked = solution == 4 if agent.family.kind == "maze" else puzzle == 0
                for cell in zip(*np.nonzero(asked), strict=True):
                    of_l, of_h = (
                        np.array([[slow_measures(agent, head, cell, bad) for head in layer] for layer in m])
                        for m in maps
                    )
                    difference = of_l - of_h
                    difference[..., -2] *= -1
                    per_query[GROUPS[any(n in bad for n in near(agent, cell))]].append(difference)
            state = model.run("LLHLLH", state, x)
        for group, differences in per_query.items():
            if differences:
                found[group].append(np.array(differences))
    return found


@torch.no_grad()
def test_attention(agent: AIRAgent, data: Dataset) -> None:
    # A few puzzles are enough, but both groups of queries must be there: let z_H be right here and there.
    agent.model.lm_head.weight.copy_(torch.randn_like(agent.model.lm_head.weight))
    found = measure_attention(agent, select(agent, data, count=COUNT, batch=2), progress=False)
    assert found.act_steps == (3, 5)
    assert (found.layers, found.heads) == (agent.model.config.layers, 2)
    expected = slow_attention(agent, data.split("test").take(slice(COUNT)))
    for g, group in enumerate(GROUPS):
        index = slice(None), g, slice(None), -1
        heads = slice(None), slice(None), g, slice(None), -1
        by_puzzle = [queries.mean(0) for queries in expected[group]]
        assert (found.by_puzzle.count[index] == len(by_puzzle)).all()
        assert (found.by_query.count[index] == sum(map(len, expected[group]))).all()
        if not by_puzzle:
            continue
        np.testing.assert_allclose(found.by_head.mean[heads], np.mean(by_puzzle, axis=0), atol=1e-12)
        of_puzzles = [values.mean(1) for values in by_puzzle]
        pooled = np.concatenate(expected[group]).mean(2)
        for moments, values in ((found.by_puzzle, of_puzzles), (found.by_query, pooled)):
            np.testing.assert_allclose(moments.mean[index], np.mean(values, axis=0), atol=1e-12)
            if len(values) > 1:
                half = 1.96 * np.std(values, axis=0, ddof=1) / math.sqrt(len(values))
                np.testing.assert_allclose(moments.half[index], half, atol=1e-12)
    assert any(expected[group] for group in GROUPS)
