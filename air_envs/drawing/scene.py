"""``Scene``: what one board shows, checked. ``make_scene`` makes one of arrays of any kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from puzzles import PuzzleFamily

UNDECIDED = -1
"""A cell without a value: anything outside 0..cell_values-1 is drawn as one."""


@dataclass(frozen=True)
class Scene:
    """What one board shows: cells, and marks on them. Arrays are (rows, columns) where nothing else is said."""

    cells: NDArray[np.int16]
    """int16 values; ``UNDECIDED`` where there is none."""
    puzzle: NDArray[np.int16] | None = None
    """The unsolved grid: what it holds is drawn as given, and what contradicts it is marked."""
    confidence: NDArray[np.float64] | None = None
    """0..1: uncertain cells are drawn fainter."""
    highlight: NDArray[np.bool_] | None = None
    """Cells to point out, such as those that changed since the previous frame."""
    candidates: NDArray[np.float64] | None = None
    """(rows, columns, side), 0..1: the candidates shown in each blank cell, the more probable the stronger; families
    without digits show none."""
    wrong: NDArray[np.bool_] | None = None
    """Entries known to be wrong, marked like those that contradict the puzzle."""
    conflicts: NDArray[np.bool_] | None = None
    """Entries that break a rule, where the cells alone do not show it to the painter."""
    hinted: NDArray[np.bool_] | None = None
    """Entries that were not found by the player."""
    agent: tuple[int, int] | None = None
    """(row, column) of an agent that stands on the board."""
    selected: tuple[int, int] | None = None
    """(row, column) of the cell that the next entry goes to."""
    chances: NDArray[np.float64] | None = None
    """0..1: with what probability an agent's next move goes to each cell. Candidates are then the square roots of the
    probabilities of its moves: see ``air_envs.drawing.probabilities``."""


def make_scene(
    family: PuzzleFamily,
    cells: ArrayLike,
    *,
    puzzle: ArrayLike | None = None,
    confidence: ArrayLike | None = None,
    highlight: ArrayLike | None = None,
    candidates: ArrayLike | None = None,
    wrong: ArrayLike | None = None,
    conflicts: ArrayLike | None = None,
    hinted: ArrayLike | None = None,
    agent: tuple[int, int] | None = None,
    selected: tuple[int, int] | None = None,
    chances: ArrayLike | None = None,
) -> Scene:
    """Return a scene of copies of the arrays, which may have any numeric type; see ``Scene`` for what each is.

    Cell values that the family does not know become ``UNDECIDED``. NaN counts as 0.

    Raises:
        ValueError: an array of another shape.
    """

    def array(name: str, values: ArrayLike | None, dtype: Any, *more: int) -> Any:
        return None if values is None else _array(family, name, values, dtype, *more)

    grid = array("cells", cells, np.int16)
    return Scene(
        cells=np.where((grid >= 0) & (grid < family.cell_values), grid, np.int16(UNDECIDED)),
        puzzle=array("puzzle", puzzle, np.int16),
        confidence=_tenths(array("confidence", confidence, np.float64)),
        highlight=array("highlight", highlight, np.bool_),
        candidates=_tenths(array("candidates", candidates, np.float64, family.cell_values - 1)),
        wrong=array("wrong", wrong, np.bool_),
        conflicts=array("conflicts", conflicts, np.bool_),
        hinted=array("hinted", hinted, np.bool_),
        agent=_place(agent),
        selected=_place(selected),
        chances=None if chances is None else np.clip(np.nan_to_num(array("chances", chances, np.float64)), 0, 1),
    )


def as_scene(family: PuzzleFamily, board: Scene | ArrayLike, **marks: Any) -> Scene:
    """Return ``board`` if it is a scene; an array of cells becomes one, with the marks that ``make_scene`` takes.

    Raises:
        TypeError: marks along with a scene, which has its own, or no such mark.
        ValueError: an array, or a scene, of another shape.
    """
    if not isinstance(board, Scene):
        return make_scene(family, board, **marks)
    if marks:
        raise TypeError(f"{next(iter(marks))}: found along with a Scene, expected as a field of it")
    if board.cells.shape != family.shape:
        raise ValueError(f"scene: found shape {board.cells.shape}, expected {family.shape} for {family.name}")
    return board


def _tenths(strength: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Round to what an eye tells apart, and to few enough colours for a small GIF; NaN counts as 0."""
    return None if strength is None else np.rint(10 * np.clip(np.nan_to_num(strength), 0, 1)) / 10


def _place(place: tuple[int, int] | None) -> tuple[int, int] | None:
    return None if place is None else (int(place[0]), int(place[1]))


def _array(family: PuzzleFamily, name: str, values: ArrayLike, dtype: Any, *more: int) -> NDArray[Any]:
    array, expected = np.asarray(values), (*family.shape, *more)
    if array.shape != expected:
        raise ValueError(f"{name}: found shape {array.shape}, expected {expected} for {family.name}")
    return array.astype(dtype)
