"""What can be done to a model while it thinks. These say what; ``agents.watching.applying`` does it.

Rows and columns are counted from 0 here, and from 1 in the words that people read.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Protocol

import puzzles
from puzzles.errors import check_seed


class Source(Protocol):
    """Another session, whose states can be taken."""

    title: str


class Intervention:
    """What is done at one moment."""

    @property
    def parameters(self) -> dict[str, Any]:
        """Its values, which JSON can hold."""
        return dataclasses.asdict(self)  # type: ignore[call-overload]

    def words(self, family: puzzles.PuzzleFamily) -> str:
        """Say in plain words what is done."""
        raise NotImplementedError


@dataclass(frozen=True)
class _OfUpdates(Intervention):
    """What is done to all later updates of one state.

    Raises:
        ValueError: another letter than "H" and "L".
    """

    letter: str

    def __post_init__(self) -> None:
        _check_letter(self.letter)


class Freeze(_OfUpdates):
    """From here on the updates of one state are skipped: "-" stands in the program."""

    def words(self, family: puzzles.PuzzleFamily) -> str:
        """Say which state."""
        return f"z_{self.letter} frozen from here on"


class Thaw(_OfUpdates):
    """From here on the updates of one state are made again."""

    def words(self, family: puzzles.PuzzleFamily) -> str:
        """Say which state."""
        return f"z_{self.letter} updated again from here on"


@dataclass(frozen=True)
class SetCell(Intervention):
    """Move the state at one position until it decodes to a value.

    It is moved along the row of lm_head of that value minus the row of the value that it decodes to, by the least that
    puts the new value ``agents.watching.applying.MARGIN`` logits ahead; again where a third value is ahead then. Of a
    model of candidates, a row is the one answer vector in the slot of that digit. The other positions keep their state;
    so does whatever the position holds at right angles to these rows.

    Raises:
        ValueError: another state than "H" and "L".
    """

    state: str
    row: int
    column: int
    value: int
    """As cells have it: Sudoku 0 blank, 1..n digits; Maze 0 wall, 1 open, 2 start, 3 goal, 4 path."""

    def __post_init__(self) -> None:
        _check_letter(self.state)

    def words(self, family: puzzles.PuzzleFamily) -> str:
        """Say which cell and what is done."""
        return (
            f"z_{self.state} at {_cell(self.row, self.column)} moved along lm_head until it decodes to "
            f"{value_name(family, self.value)}"
        )


@dataclass(frozen=True)
class TakeState(Intervention):
    """Replace a state by what it was at another moment of the same session, whole or at one cell.

    Raises:
        ValueError: another state than "H" and "L", or a row without a column.
    """

    state: str
    branch: int
    """Index of the branch of that moment."""
    update: int
    row: int | None = None
    """None, with ``column``, takes all positions, those before the cells among them."""
    column: int | None = None

    def __post_init__(self) -> None:
        _check_letter(self.state)
        _check_place(self.row, self.column)

    def words(self, family: puzzles.PuzzleFamily) -> str:
        """Say what is taken from where."""
        from agents.watching.branches import branch_name

        where = f"branch {branch_name(self.branch)}, update {self.update}"
        return f"z_{self.state}{_at(self.row, self.column)} taken from {where}"


@dataclass(frozen=True)
class TakeFrom(Intervention):
    """Replace a state by that of another session of the same model, at its present moment, whole or at one cell.

    Raises:
        ValueError: another state than "H" and "L", or a row without a column.
    """

    state: str
    source: Source
    row: int | None = None
    """None, with ``column``, takes all positions, those before the cells among them."""
    column: int | None = None

    def __post_init__(self) -> None:
        _check_letter(self.state)
        _check_place(self.row, self.column)

    @property
    def parameters(self) -> dict[str, Any]:
        """Its values; of the source the title."""
        return {"state": self.state, "source": self.source.title, "row": self.row, "column": self.column}

    def words(self, family: puzzles.PuzzleFamily) -> str:
        """Say what is taken from where."""
        return f"z_{self.state}{_at(self.row, self.column)} taken from another puzzle: {self.source.title}"


@dataclass(frozen=True)
class EditClue(Intervention):
    """Change one cell of the puzzle in mid-thought: it is embedded again, and the states stay as they are.

    The start or the goal of a maze moves here: where it was, the maze is open.
    """

    row: int
    column: int
    value: int
    """As cells have it: 0 is a blank cell or a wall."""

    def words(self, family: puzzles.PuzzleFamily) -> str:
        """Say which cell."""
        return f"the puzzle at {_cell(self.row, self.column)} changed to {value_name(family, self.value)}"


@dataclass(frozen=True)
class Noise(Intervention):
    """Add normal noise once to every channel of both states.

    Raises:
        ValueError: a standard deviation that is not above 0, or no seed of 0 to 2**64 - 1.
    """

    std: float
    """Standard deviation; a state's channels have a root mean square of about 1."""
    seed: int | None = None
    """None takes the next one of the session."""

    def __post_init__(self) -> None:
        if not 0 < self.std < float("inf"):
            raise ValueError(f"standard deviation {self.std}, expected a number above 0")
        if self.seed is not None:
            check_seed(self.seed)

    def words(self, family: puzzles.PuzzleFamily) -> str:
        """Say how much."""
        return f"noise of standard deviation {self.std:g} added to both states, seed {self.seed}"


def _check_letter(letter: str) -> None:
    if letter not in ("H", "L"):
        raise ValueError(f"state {letter!r}, expected 'H' for z_H or 'L' for z_L")


def _check_place(row: int | None, column: int | None) -> None:
    if (row is None) != (column is None):
        raise ValueError(f"row {row}, column {column}: expected both, or neither for the whole state")


def _at(row: int | None, column: int | None) -> str:
    return "" if row is None or column is None else f" at {_cell(row, column)}"


def _cell(row: int, column: int) -> str:
    return f"row {row + 1}, column {column + 1}"


def value_name(family: puzzles.PuzzleFamily, value: int) -> str:
    """Return what people call a cell value: ``"7"``, ``"blank"``, ``"wall"``."""
    return family.cells[value] if family.symbols and value else f"{_MEANINGS.get(family.kind, {}).get(value, value)}"


_MEANINGS = {"maze": dict(enumerate(("wall", "open", "start", "goal", "path"))), "sudoku": {0: "blank"}}
"""What cell values that are no symbols are called."""
