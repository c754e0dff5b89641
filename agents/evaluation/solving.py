"""Answers to puzzles that nobody has labelled, each judged by the rules, and what the exact solver says of them."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

import puzzles
from agents.config.search import Search, default_search
from agents.evaluation.attempts import answer_in_attempts
from agents.evaluation.refilling import logit
from agents.evaluation.search import check_search
from agents.evaluation.selection import in_batches
from agents.thinking.agent import AIRAgent
from puzzles.errors import PuzzleError


@dataclass(frozen=True)
class Answered:
    """What a model answered to N puzzles."""

    answers: puzzles.Grids
    """(N, rows, columns) uint8, as the rules read them; ``family.undecided`` where the model says padding."""
    right: NDArray[np.bool_]
    """(N,): by the family's rules."""
    steps: NDArray[np.int32]
    """(N,): ACT steps taken, of all attempts."""
    confidence: NDArray[np.float64]
    """(N,), 0 to 1: the halting head's probability that the answer is right."""


@torch.inference_mode()
def answer(
    agent: AIRAgent,
    puzzle: puzzles.Grids,
    max_steps: int | None = None,
    halt: float = 0.99,
    attempts: int = 1,
    search: Search | None = None,
    guesses: int = 1,
    noise: float = 0.3,
    progress: bool = True,
) -> Answered:
    """Answer puzzles, each until the halting head is sure.

    Args:
        agent: of the puzzles' family.
        puzzle: (N, rows, columns) uint8; contradictory ones are answered too.
        max_steps: ACT steps per attempt at most; None takes the model's own maximum.
        halt: probability of a right answer above which a puzzle stops and is not retried.
        attempts: at a puzzle, at most.
        search: how a puzzle is retried, see ``agents.evaluation.search``; None takes the best for its family.
        guesses: guessed digits in a puzzle, at most.
        noise: standard deviation of the noise on the states.
        progress: show a bar.

    Raises:
        PuzzleError: another shape, or a value that the family does not have.
        ValueError: a number below 1, no probability, no such search, or one that does not fit the family.
    """
    search = search or default_search(agent.family)
    check_search(agent, attempts, search, guesses, noise)
    least = logit(halt)
    puzzle = agent.family.checked(puzzle)
    unlabelled = puzzles.Puzzles(puzzle, np.zeros_like(puzzle), np.zeros(len(puzzle), np.int32))
    selection = in_batches(agent, unlabelled, agent.act_steps(max_steps))
    kept = answer_in_attempts(agent, selection, attempts, search, least, guesses, noise, progress=progress)
    answers = agent.family.read_answer(puzzle, kept.answers[:, -1])
    confidence = torch.as_tensor(kept.q_halt).double().sigmoid().numpy()
    return Answered(answers, agent.family.is_solved(puzzle, answers), kept.steps[:, -1], confidence)


@dataclass(frozen=True)
class Verdict:
    """What the exact solver says of one puzzle."""

    problem: str | None
    """Why it is no proper puzzle: it contradicts itself, has no solution, or several where its family wants one."""
    solutions: int | None
    """How many right answers it has, counted up to the limit; None where the family does not count them."""
    solution: puzzles.Grids | None
    """(rows, columns) uint8; None where there is a problem."""
    seconds: float
    """Wall time of solving it."""


def solve_exactly(family: puzzles.PuzzleFamily, puzzle: puzzles.Grids, limit: int = 2) -> Verdict:
    """Solve one puzzle, (rows, columns) uint8, without a model, and count its right answers.

    Args:
        family: of the puzzle.
        puzzle: with cell values that the family has.
        limit: how many right answers to count at most.
    """
    grid, start = puzzle[None], time.perf_counter()
    try:
        family.check(grid)
    except PuzzleError as error:
        return Verdict(f"contradictory: {_without_index(error)}", 0, None, time.perf_counter() - start)
    counted = family.count_answers(grid, limit)
    solutions = None if counted is None else int(counted[0])
    start = time.perf_counter()
    try:
        solution, problem = family.solve(grid)[0], None
    except PuzzleError as error:
        solution, problem = None, _without_index(error)
    return Verdict(problem, solutions, solution, time.perf_counter() - start)


def _without_index(error: PuzzleError) -> str:
    return str(error).removeprefix("puzzle 0: ")
