"""What the analyses ask of a puzzle family besides its rules; ``register`` adds a family of your own."""

from __future__ import annotations

import abc
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzles import Grids, PuzzleFamily, Puzzles
from puzzles.maze.cells import PATH
from puzzles.sudoku import rules


class Neighbourhood(NamedTuple):
    """The cells N(q) that lie near a query cell q."""

    name: str
    """Short, as in tables and keys: ``"nbr"``."""
    cells: NDArray[np.bool_]
    """(C, C): row q marks N(q), cells in row-major order."""
    divisor: int = 1
    """The attention mass on N(q) is divided by this."""


class FamilyAnalysis(abc.ABC):
    """How the decoded states of one family are read: N grids at a time, (N, rows, columns) each.

    Args:
        family: of the grids.
    """

    mask: ClassVar[int]
    """The cell value whose coming and going is no change of content (AIR paper, freeze experiments)."""
    open_values: ClassVar[tuple[int, ...]] = ()
    """The cell values that leave a cell open; ``family.undecided`` always does."""
    open_name: ClassVar[str]
    """What such a cell is called: ``"blank"``."""
    violation_name: ClassVar[str]
    """What a violating cell is: ``"in conflict"``."""
    violations_nearby: ClassVar[bool] = False
    """Whether attention to violating cells counts those in the first neighbourhood alone, not those anywhere."""

    def __init__(self, family: PuzzleFamily):
        self.family = family

    def open(self, cells: Grids) -> NDArray[np.bool_]:
        """(N, rows, columns) bool: the decoded state has not decided on this cell."""
        return np.isin(cells, (*self.open_values, self.family.undecided))

    @abc.abstractmethod
    def queries(self, data: Puzzles) -> NDArray[np.bool_]:
        """(N, rows, columns) bool: the cells whose attention is measured."""

    @abc.abstractmethod
    def violations(self, cells: Grids, data: Puzzles) -> NDArray[np.bool_]:
        """(N, rows, columns) bool: the cells of a decoded state that are wrong as they stand."""

    @abc.abstractmethod
    def neighbourhoods(self) -> tuple[Neighbourhood, ...]:
        """Return the neighbourhoods to measure; the first says which queries are next to a violation."""

    def candidates(self, data: Puzzles) -> NDArray[np.bool_] | None:
        """(N, C, n) bool: whether no peer of a blank cell has the n-th value; None where values have no such logic."""
        return None


def in_a_unit(family: PuzzleFamily) -> NDArray[np.bool_]:
    """(C, C) bool: whether two cells share a row, a column or a box."""
    place = family.coordinates
    return (place[:, None] == place).any(-1)


class SudokuAnalysis(FamilyAnalysis):
    """Blank cells ask; row, column and box, the cell itself included, are near; conflicts violate."""

    mask = 0
    open_values = (0,)
    open_name = "blank"
    violation_name = "in conflict"

    def queries(self, data: Puzzles) -> NDArray[np.bool_]:
        """(N, side, side) bool: the cells that the puzzle leaves blank."""
        return data.puzzle == 0

    def violations(self, cells: Grids, data: Puzzles) -> NDArray[np.bool_]:
        """(N, side, side) bool: the digits that stand again in their row, column or box."""
        filled = np.where(cells == self.family.undecided, np.uint8(0), cells)
        return rules.conflicts(filled, self.family.box_rows)  # type: ignore[attr-defined]

    def neighbourhoods(self) -> tuple[Neighbourhood, ...]:
        """Return row + column + box, 21 cells at side 9."""
        return (Neighbourhood("nbr", in_a_unit(self.family)),)

    def candidates(self, data: Puzzles) -> NDArray[np.bool_]:
        """(N, C, n) bool: whether no peer of a blank cell is given this digit."""
        bits = rules.candidates(np.ascontiguousarray(data.puzzle), self.family.box_rows)  # type: ignore[attr-defined]
        return (bits.reshape(len(bits), -1)[..., None] >> np.arange(self.family.rows) & 1).astype(bool)


class MazeAnalysis(FamilyAnalysis):
    """Cells of the solution's path ask; 4 and 8 neighbours and a 5x5 window are near; cells unlike the label violate.

    No cell is near itself; a mass is divided by the number of neighbours that an inner cell has.
    """

    mask = PATH
    open_name = "undecided"
    violation_name = "unlike the label"
    violations_nearby = True

    def queries(self, data: Puzzles) -> NDArray[np.bool_]:
        """(N, rows, columns) bool: the solution's path between start and goal."""
        return data.solution == PATH

    def violations(self, cells: Grids, data: Puzzles) -> NDArray[np.bool_]:
        """(N, rows, columns) bool: the cells that differ from the label."""
        return cells != data.solution

    def neighbourhoods(self) -> tuple[Neighbourhood, ...]:
        """Return the 4 and the 8 neighbours, and the 24 of a 5x5 window."""
        place = self.family.coordinates
        apart = abs(place[:, None] - place)
        moves, steps = apart.sum(-1), apart.max(-1)
        return (
            Neighbourhood("nbr4", moves == 1, 4),
            Neighbourhood("nbr8", steps == 1, 8),
            Neighbourhood("nbr5x5", (steps >= 1) & (steps <= 2), 24),
        )


_ANALYSES: dict[str, type[FamilyAnalysis]] = {"maze": MazeAnalysis, "sudoku": SudokuAnalysis}


def register(kind: str, analysis: type[FamilyAnalysis]) -> None:
    """Say how a family's states are read: ``register("kakuro", KakuroAnalysis)``."""
    _ANALYSES[kind] = analysis


def family_analysis(family: PuzzleFamily) -> FamilyAnalysis:
    """Return how a family's states are read.

    Raises:
        ValueError: nobody registered that.
    """
    if family.kind not in _ANALYSES:
        known = sorted(_ANALYSES)
        raise ValueError(f"no analysis of {family.kind!r}, expected one of {known}: see agents.analysis.families")
    return _ANALYSES[family.kind](family)
