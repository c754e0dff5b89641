"""Probes, similarity and programs where the answer is known."""

from pathlib import Path

import numpy as np
import pytest

import puzzles
from agents.analysis.beyond.probes import Place, Ridge, _probe, measure_probes
from agents.analysis.families import family_analysis
from agents.analysis.tracing import trace
from agents.config.model import AIRConfig
from agents.evaluation.selection import select
from agents.models.air import AIR
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset


def test_candidates_by_hand() -> None:
    analysis = family_analysis(puzzles.family("sudoku-4x4"))
    _, puzzle = puzzles.parse("12..............")
    data = puzzles.Puzzles(puzzle[None], puzzle[None], np.zeros(1, np.int32))
    found = analysis.candidates(data)
    assert found is not None
    assert found.shape == (1, 16, 4)
    assert found[0, 2].tolist() == [False, False, True, True]  # in the row of 1 and 2
    assert found[0, 4].tolist() == [False, False, True, True]  # in their box
    assert found[0, 8].tolist() == [False, True, True, True]  # in the column of 1
    assert found[0, 15].tolist() == [True] * 4
    assert family_analysis(puzzles.family("maze-7x5")).candidates(data) is None


def test_a_ridge_regression_reads_what_is_linear() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(3, [0.1, 1, 10], (400, 3))
    y = x @ [[2.0], [-1.0], [0.5]] + 7
    np.testing.assert_allclose(Ridge(x[:200], y[:200]).read(x[200:]), y[200:], atol=0.1)


def test_a_state_that_holds_the_answer_is_read(dataset: Path) -> None:
    """z_H holds the solution and what is open, rotated; z_L is noise, of which nothing can be read."""
    rng = np.random.default_rng(0)
    data = Dataset(dataset).split("train")
    analysis = family_analysis(puzzles.family("sudoku-4x4"))
    open_ = analysis.candidates(data)
    assert open_ is not None
    solution = data.solution.reshape(len(data.puzzle), -1)
    known = np.concatenate((np.eye(5)[solution], open_), -1) @ np.linalg.qr(rng.normal(size=(9, 9)))[0]
    states = [[known.astype(np.float32), rng.normal(size=known.shape).astype(np.float32)]]
    said = np.stack((np.zeros_like(data.solution), data.solution), 1)
    found = _probe(analysis, data, (Place(1, 0, "L"),), states, [said])
    assert found.value.count[0, 0, 0] == len(solution) - len(solution) // 2
    assert found.value.mean[0, 0].tolist() == [1.0, 0.0]
    assert found.value.mean[0, 1, 0] == pytest.approx(0.25, abs=0.12)
    assert found.value.mean[0, 1, 1] == 1.0
    assert found.options is not None
    assert found.options.mean[0, 0] == 1.0
    assert found.options.mean[0, 1] == pytest.approx(0.5, abs=0.1)


def test_probes_look_after_every_update_of_a_few_act_steps(agent: AIRAgent, dataset: Path) -> None:
    chosen = select(agent, Dataset(dataset), count=9, batch=4)
    found = measure_probes(agent, chosen, progress=False)
    assert [place.act_step for place in found.places] == [1] * 6 + [2] * 6 + [4] * 6
    assert "".join(place.letter for place in found.places) == "LLHLLH" * 3
    assert found.value.count.max() == 5
    states, said = [], []
    for update in trace(agent, chosen.data.puzzle, 4):
        if update.act_step != 3:
            states.append([z[:, 1:].float().numpy() for z in update.after])
            said.append(
                np.stack([agent.model.decode(z).argmax(-1).numpy().reshape(-1, 4, 4) for z in update.after], 1) - 1
            )
    expected = _probe(family_analysis(agent.family), chosen.data, found.places, states, said)
    np.testing.assert_allclose(found.value.mean, expected.value.mean)
    with pytest.raises(ValueError, match="puzzles 1, expected at least 2"):
        measure_probes(agent, select(agent, Dataset(dataset), count=1), progress=False)


def test_mazes_have_no_values_to_rule_out(maze_dataset: Path) -> None:
    agent = AIRAgent(AIR(AIRConfig("maze-7x5", hidden=16, heads=2, layers=1, max_steps=1)))
    found = measure_probes(agent, select(agent, Dataset(maze_dataset), count=6), progress=False)
    assert found.options is None
    assert "-" in found.table()
    assert len(found.panels()) == 1
