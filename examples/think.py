"""Every L- and H-update of a trained model on one puzzle, decoded, in the terminal: python -m examples.think RUN."""

import sys

from agents import AIRAgent
from agents.hub.generator import fresh_puzzle
from agents.pretrained import find


def main(run: str, seed: int = 0, act_steps: int = 2) -> None:
    agent = AIRAgent.from_pretrained(run)
    undecided = agent.family.undecided
    puzzle = fresh_puzzle(agent.family, seed, find(run))
    print(f"puzzle    {agent.family.format(puzzle)}")
    for thought in agent.think({"puzzle": puzzle}, act_steps):
        state = thought.z_H if thought.letter == "H" else thought.z_L
        cells = "".join("?" if cell == undecided else agent.family.cells[cell] for cell in state.cells.ravel())
        print(f"{thought.act_step:2} z_{thought.letter} {thought.update:3} {cells} {state.confidence.mean():.2f}")
    answer = agent.family.read_answer(puzzle[None], thought.z_H.cells[None])
    solved = agent.family.is_solved(puzzle[None], answer)[0]
    print(f"z_H {'solves' if solved else 'does not solve'} the puzzle")


if __name__ == "__main__":
    main(sys.argv[1])
