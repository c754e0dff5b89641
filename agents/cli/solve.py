"""``air-envs solve``: a model answers your own puzzles."""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
import tyro

from agents.cli.names import require_model
from agents.cli.parsing import parse
from agents.config.search import Search

if TYPE_CHECKING:
    from agents.evaluation.solving import Verdict
    from puzzles import Grids, PuzzleFamily

STANDARD_INPUT = "standard input"
COUNTED = 1000
"""Solutions that ``--solver`` counts, at most."""


class Given(NamedTuple):
    """A puzzle that the user gave."""

    place: str
    """Where: "puzzle 2", "list.txt line 7"."""
    family: PuzzleFamily
    grid: Grids


class Result(NamedTuple):
    """What there is to say of it."""

    given: Given
    model: str
    answer: Grids
    right: bool
    act_steps: int
    confidence: float
    verdict: Verdict


def solve_command(
    puzzles: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="PUZZLE")] = (),
    file: Path | None = None,
    model: str | None = None,
    family: str | None = None,
    zero: Literal["digit", "blank"] | None = None,
    act_steps: int | None = None,
    halt: float = 0.99,
    attempts: int = 1,
    search: Search | None = None,
    guesses: int = 1,
    noise: float = 0.3,
    board: bool = False,
    solver: bool = False,
    json: bool = False,
    watch: bool = False,
    device: str = "auto",
) -> None:
    """Answer puzzles with a model, and judge each answer by the rules.

    Prints whether the answer is right, the ACT steps taken and the confidence: the halting head's probability of that.

    A puzzle that has no solution, or several where it should have one, is answered too, and said to be so.

    The exit status is 0 if all answers are right, else 1.

    Args:
        puzzles: the puzzles, such as 53..7....6..195... with all cells in a row; - reads standard input.
            docs/formats.md shows what is read.
        file: a file or folder of puzzles in any form that "air-envs data import" reads, such as one puzzle a line.
        model: folder of a training run, a shipped model such as sudoku-6x6, or hf://owner/name on the hub; by default
            the shipped model that does best at the puzzle's grid shape.
        family: of all puzzles, such as maze-15x15, where a text could be of several.
        zero: what the character 0 of a Sudoku stands for where it has another blank.
        act_steps: ACT steps per attempt, at most; by default the model's maximum.
        halt: probability of a right answer above which a puzzle stops and is not retried.
        attempts: at a puzzle, at most; a puzzle is retried while the halting head is not sure of the answer.
        search: how it is retried, as "air-envs eval --help" describes; by default guesses for Sudokus, else noise.
        guesses: guessed digits in a puzzle, at most.
        noise: standard deviation of the noise; the states have root mean square 1.
        board: draw the answers.
        solver: compare with the exact solver: its solution, the number of solutions up to 1,000, its seconds.
        json: print one JSON object a line instead.
        watch: open a window on each puzzle afterwards, in which the model thinks.
        device: cpu, cuda, mps or auto.
    """
    given = list(_given(puzzles, file, family, zero))
    if not given:
        raise ValueError("no puzzle, expected some as arguments, --file FILE, or - for standard input")
    models = _models(given, model)

    from agents.evaluation.solving import answer, solve_exactly
    from agents.thinking.agent import AIRAgent

    players = {found: AIRAgent.from_pretrained(name, device, family=found.name) for found, name in models.items()}
    results: list[Result | None] = [None] * len(given)
    for found, name in models.items():
        indices = [index for index, one in enumerate(given) if one.family == found]
        grids = np.stack([given[index].grid for index in indices])
        said = answer(players[found], grids, act_steps, halt, attempts, search, guesses, noise)
        for row, index in enumerate(indices):
            verdict = solve_exactly(found, given[index].grid, COUNTED if solver else 2)
            what = said.answers[row], bool(said.right[row]), int(said.steps[row]), float(said.confidence[row])
            results[index] = Result(given[index], name, *what, verdict)
    done = [result for result in results if result is not None]
    for result in done:
        print(_record(result, solver) if json else _report(result, board, solver))
    if watch:
        from agents.watching.app import open_viewer

        for one in given:
            title, name = f"{one.family.name}, {one.place}", models[one.family]
            open_viewer(players[one.family], one.grid, title, act_steps=act_steps, model_name=name)
    if not all(result.right for result in done):
        sys.exit(1)


def _models(given: list[Given], model: str | None) -> dict[PuzzleFamily, str]:
    """Return the model of each family, the one that is asked for or the best that is shipped."""
    from agents.pretrained.choosing import best_for

    if model is not None:
        require_model(model)
    chosen = {one.family: model or best_for(one.family) for one in given}
    for family, name in chosen.items():
        if name is None:
            raise ValueError(f"no shipped model for {family.name}, expected --model")
    return {family: name for family, name in chosen.items() if name is not None}


# -- reading -----------------------------------------------------------------------------------------------------------


def _given(texts: tuple[str, ...], file: Path | None, family: str | None, zero: str | None) -> Iterator[Given]:
    """Yield the puzzles of the arguments in their order, then those of the file."""
    import puzzles

    for number, text in enumerate(texts, start=1):
        if text == "-":
            yield from _standard_input(family, zero)
            continue
        try:
            yield Given(f"puzzle {number}", *puzzles.parse(text, family, zero))
        except puzzles.PuzzleError as error:
            # Path.exists raises where a text is too long for a name, and Path("") exists.
            hint = f"; for the file of that name: --file {text}" if os.path.exists(text) else ""
            raise puzzles.PuzzleError(f"puzzle {number}: {str(error).removeprefix('puzzle: ')}{hint}") from None
    if file is not None:
        yield from _read(file, family, zero)


def _read(source: Path, family: str | None, zero: str | None) -> Iterator[Given]:
    """Yield the puzzles of a file or folder."""
    import puzzles
    from puzzles.importers.importing import guess_format, read_source

    if not source.exists():
        raise FileNotFoundError(errno.ENOENT, "no such file of puzzles", str(source))
    read = read_source(source, guess_format(source), puzzles.family(family) if family else None, zero)
    for rows in read.rows.values():
        grids = rows.take(np.arange(len(rows))).puzzle
        for row, grid in enumerate(grids):
            yield Given(rows.place(row), read.family, grid)


def _standard_input(family: str | None, zero: str | None) -> Iterator[Given]:
    """Yield the puzzles of standard input, which importers read as a file."""
    from puzzles.errors import DatasetError, PuzzleError

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / STANDARD_INPUT
        path.write_bytes(sys.stdin.buffer.read())
        try:
            for one in _read(path, family, zero):
                yield one._replace(place=one.place.replace(str(path), STANDARD_INPUT))
        except (DatasetError, PuzzleError) as error:
            raise type(error)(str(error).replace(str(path), STANDARD_INPUT)) from None


# -- printing ----------------------------------------------------------------------------------------------------------


def _report(result: Result, board: bool, solver: bool) -> str:
    """Return the lines about one puzzle."""
    given, verdict = result.given, result.verdict
    steps = f"{result.act_steps} ACT step{'s' if result.act_steps != 1 else ''}"
    lines = [
        f"{given.place}: {given.family.name}, {result.model}: {'right' if result.right else 'wrong'} after {steps}, "
        f"confidence {result.confidence:.2%}"
    ]
    if verdict.problem:
        lines.append(f"no proper puzzle: {verdict.problem}")
    lines.append(_shown(given, result.answer, board))
    if solver:
        lines.append(f"solver: {_counted(verdict)}, {verdict.seconds:.4f} seconds")
        if verdict.solution is not None:
            same = np.array_equal(verdict.solution, result.answer)
            lines.append("the same solution" if same else _shown(given, verdict.solution, board))
    return "\n".join(lines)


def _counted(verdict: Verdict) -> str:
    if verdict.solutions is None:
        return "solutions not counted"
    if verdict.solutions >= COUNTED:
        return f"{COUNTED:,} solutions or more"
    return f"{verdict.solutions} solution{'s' if verdict.solutions != 1 else ''}"


def _shown(given: Given, grid: Grids, board: bool) -> str:
    if not board:
        return _text(given.family, grid)
    from air_envs.drawing.board import board_text

    return board_text(given.family, grid, puzzle=given.grid)


def _text(family: PuzzleFamily, grid: Grids) -> str:
    """Write a grid as one line, with a question mark where the model leaves a cell undecided."""
    characters = family.cells[: family.cell_values] + "?"
    return "".join(characters[min(value, family.undecided)] for value in grid.ravel().tolist())


def _record(result: Result, solver: bool) -> str:
    """Return what there is to say of one puzzle as JSON."""
    given, verdict = result.given, result.verdict
    record: dict[str, Any] = {
        "place": given.place,
        "family": given.family.name,
        "puzzle": _text(given.family, given.grid),
        "model": result.model,
        "answer": _text(given.family, result.answer),
        "right": result.right,
        "act_steps": result.act_steps,
        "confidence": round(result.confidence, 6),
        "problem": verdict.problem,
    }
    if solver:
        found = verdict.solution
        record["solver"] = {
            "solution": None if found is None else _text(given.family, found),
            "solutions": verdict.solutions,
            "counted_up_to": COUNTED,
            "seconds": verdict.seconds,
        }
    return json.dumps(record)


def main(args: list[str]) -> None:
    """Run ``air-envs solve PUZZLE...``."""
    parse(solve_command, "air-envs solve", args)
