"""One model on Sudokus of every side, drawn side by side after each ACT step: python -m examples.any_side [MODEL]."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from agents import AIRAgent
from air_envs.drawing import board_image, tile
from air_envs.drawing.files import save_gif
from puzzles import Grids

SIDES = (4, 6, 8, 9, 10, 12, 15, 16)


def main(model: str = "sudoku-any", seed: int = 0, act_steps: int = 48, output: Path = Path("any_side.gif")) -> None:
    films = []
    for side in SIDES:
        agent = AIRAgent.from_pretrained(model, family=f"sudoku-{side}x{side}")
        puzzle = agent.family.generate(np.array([seed], np.uint64)).puzzle[0]
        answers = [puzzle, *proposals(agent, puzzle, act_steps)]
        solved = agent.family.is_solved(puzzle[None], answers[-1][None])[0]
        when = f"after ACT step {len(answers) - 1}" if solved else f"not within {act_steps} ACT steps"
        print(f"{side:2}x{side:<2} {np.count_nonzero(puzzle):4} givens, solved {when}")
        films.append([board_image(agent.family, answer, puzzle=puzzle, pixels=280) for answer in answers])
    length = max(map(len, films))
    frames = (tile([film[min(k, len(film) - 1)] for film in films], columns=4, gap=8) for k in range(length))
    print(save_gif(output, frames, ms_per_frame=600))


def proposals(agent: AIRAgent, puzzle: Grids, act_steps: int) -> Iterator[Grids]:
    """Yield what the agent proposes after each ACT step, until that solves the puzzle."""
    state = None
    for _ in range(act_steps):
        answer, state = agent.predict({"puzzle": puzzle}, state)
        yield answer
        if agent.family.is_solved(puzzle[None], answer[None])[0]:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
