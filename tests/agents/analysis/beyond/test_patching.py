"""What answers follow after a patch, against patches made one by one."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.analysis.beyond.patching import PATCHES, measure_patching
from agents.analysis.tracing import decode
from agents.evaluation.selection import select
from agents.models.air import State
from agents.thinking.agent import AIRAgent
from puzzles import Puzzles
from puzzles.dataset import Dataset


@torch.inference_mode()
def test_patches_by_hand(agent: AIRAgent, dataset: Path) -> None:
    """Every patch of every puzzle made one by one; what its answer follows, cell by cell."""
    chosen = select(agent, Dataset(dataset), count=3)
    data = chosen.data
    model, count = agent.model, 3
    state = agent.initial_state(count)
    x = model.embed(agent.tokens(data.puzzle), torch.float64)
    first = model.run("LLHLLH", state, x)
    now = model.run("LLHLLH", first, x)
    labels = decode(agent, model.run("LLHLLH", now, x))[:, 0]  # which an unpatched z_H meets one ACT step later
    chosen = chosen._replace(data=Puzzles(data.puzzle, labels, data.rating))
    found = measure_patching(agent, chosen, progress=False)
    assert (found.step, found.followed.count.shape[1]) == (2, 3)
    assert found.followed.mean[0, 1, 0] == 1.0
    sources = {
        "none": ("own", "own"),
        "z_H of another": ("another", "own"),
        "z_L of another": ("own", "another"),
        "both of another": ("another", "another"),
        "z_H of the start": ("start", "own"),
        "z_L of the start": ("own", "start"),
    }
    assert tuple(sources) == PATCHES
    for p, (patch, (of_h, of_l)) in enumerate(sources.items()):
        expected: list[list[Any]] = [[], [], []]
        for i in range(count):
            j = (i + 1) % count
            taken = {"own": (now, i), "another": (now, j), "start": (first, i)}
            z_H, z_L = taken[of_h][0].z_H[[taken[of_h][1]]], taken[of_l][0].z_L[[taken[of_l][1]]]
            patched = State(z_H, z_L)
            for t in range(3):
                cells = decode(agent, patched)[0, 0]
                pairs = [
                    (a, b, c) for a, b, c in zip(cells.flat, labels[i].flat, labels[j].flat, strict=True) if b != c
                ]
                own, other = (np.mean([triple[0] == triple[k] for triple in pairs]) for k in (1, 2))
                expected[t].append([(cells == labels[i]).all(), own, other, 1 - own - other])
                patched = model.run("LLHLLH", patched, x[[i]])
        np.testing.assert_allclose(found.followed.mean[p], np.mean(expected, axis=1), err_msg=patch)


def test_patching_needs_another_puzzle_and_another_step(agent: AIRAgent, dataset: Path) -> None:
    data = Dataset(dataset)
    with pytest.raises(ValueError, match="a batch of 1 puzzle, expected at least 2"):
        measure_patching(agent, select(agent, data, count=1), progress=False)
    with pytest.raises(ValueError, match="ACT steps 1, expected at least 2"):
        measure_patching(agent, select(agent, data, count=2, max_steps=1), progress=False)
