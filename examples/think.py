"""Every L- and H-update of a model on one puzzle, decoded, in the terminal: python -m examples.think [MODEL]."""

import sys

from agents import AIRAgent
from agents.hub.generator import fresh_puzzle
from agents.pretrained import find


def main(model: str = "sudoku-6x6-minimal", seed: int = 0) -> None:
    agent = AIRAgent.from_pretrained(model)
    undecided = agent.family.undecided
    puzzle = fresh_puzzle(agent.family, seed, find(model))
    print(f"puzzle    {agent.family.format(puzzle)}")
    for thought in agent.think({"puzzle": puzzle}):
        state = thought.z_H if thought.letter == "H" else thought.z_L
        cells = "".join("?" if cell == undecided else agent.family.cells[cell] for cell in state.cells.ravel())
        print(f"{thought.act_step:2} z_{thought.letter} {thought.update:3} {cells} {state.confidence.mean():.2f}")
        ends_act_step = thought.update % len(agent.model.config.program) == 0
        if ends_act_step and thought.halt_logit > 0:  # the model takes its answer for right
            break
    answer = agent.family.read_answer(puzzle[None], thought.z_H.cells[None])
    solved = agent.family.is_solved(puzzle[None], answer)[0]
    print(f"z_H {'solves' if solved else 'does not solve'} the puzzle")


if __name__ == "__main__":
    main(*sys.argv[1:2])
