"""Shipped weights solve what they were trained on: fixed puzzles, and how many of them are solved at least."""

import json

import numpy as np
import pytest

from agents.pretrained import FOLDER, shipped_models
from agents.thinking.agent import AIRAgent

PUZZLES, FLOOR = 4, 3
ACT_STEPS = 16


@pytest.mark.parametrize("name", shipped_models())
def test_a_shipped_model_solves_its_puzzles(name: str) -> None:
    agent = AIRAgent.from_pretrained(name, "cpu")
    family = agent.family
    options = family.Options(**json.loads((FOLDER / name / "generator.json").read_text()))
    puzzle = family.generate(np.arange(PUZZLES, dtype=np.uint64), options).puzzle
    state, solved = None, np.zeros(PUZZLES, bool)
    for _ in range(ACT_STEPS):
        proposal, state = agent.predict({"puzzle": puzzle}, state)
        solved |= family.is_solved(puzzle, family.read_answer(puzzle, proposal))
    assert solved.sum() >= FLOOR
