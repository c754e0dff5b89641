"""Sudoku for people: digits, pencil marks, hints from the solution."""

from __future__ import annotations

import functools
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from air_envs.drawing.scene import Scene, make_scene
from air_envs.drawing.sudoku import in_units_of
from air_envs.play.game import Game, Item, counted
from puzzles.sudoku import Sudoku, rules

Cell = tuple[int, int]
_STEPS = {"up": (-1, 0), "down": (1, 0), "left": (0, -1), "right": (0, 1)}


class State(NamedTuple):
    """What undo brings back."""

    grid: NDArray[np.uint8]
    """(side, side): as it stands."""
    pencil: NDArray[np.bool_]
    """(side, side, side): digits pencilled into each cell."""
    hinted: NDArray[np.bool_]
    """(side, side): cells that a hint has filled."""

    def copy(self) -> State:
        """Return arrays to change."""
        return State(self.grid.copy(), self.pencil.copy(), self.hinted.copy())


class SudokuGame(Game[State]):
    """One Sudoku being played; see ``Game``. Every change proposes the whole grid to the environment."""

    family: Sudoku
    selected: Cell
    """(row, column) of the cell that is entered into."""
    pencilling: bool
    """Whether digits are pencilled in."""
    wrong: NDArray[np.bool_]
    """(side, side): entries found wrong by the last check."""

    action_type = "propose"
    sizes: ClassVar = ((4, 4), (6, 6), (9, 9), (12, 12), (16, 16))
    help: ClassVar = (
        ("arrows, mouse", "choose a cell"),
        ("1 to 9, A to G", "enter a digit; again takes it out"),
        ("Shift + digit", "pencil it in"),
        ("Backspace, 0", "erase the cell"),
    )

    # -- what a screen asks -----------------------------------------------------------------------------------------

    @property
    def grid(self) -> NDArray[np.uint8]:
        """(side, side) uint8: as it stands."""
        return self._state.grid

    @property
    def pencil(self) -> NDArray[np.bool_]:
        """(side, side, side) bool: whether digit k + 1 is pencilled into each cell."""
        return self._state.pencil

    def scene(self) -> Scene:
        """The grid with pencil marks, what is wrong, hints, the selected cell and the cells of the same digit."""
        digit = self.grid[self.selected]
        return make_scene(
            self.family,
            self.grid,
            puzzle=self.puzzle,
            candidates=self.pencil,
            wrong=self.wrong,
            hinted=self._state.hinted,
            selected=None if self.solved else self.selected,
            highlight=None if self.solved or not digit else self.grid == digit,
        )

    def facts(self) -> list[tuple[str, str]]:
        """Filled cells, cells in conflict and hints."""
        return [
            ("Filled", f"{self.info['filled']} / {self.grid.size}"),
            ("Conflicts", str(self.info["conflicts"])),
            ("Hints", str(self.hints)),
        ]

    def items(self) -> list[Item]:
        """Add erasing, pencilling and filling in all pencil marks."""
        playing = not self.solved
        undo, redo, hint, check = super().items()
        return [
            undo,
            redo,
            Item("Pencil", "p", self.toggle_pencil, lit=self.pencilling, enabled=playing),
            Item("All marks", "m", self.mark_all, enabled=playing),
            Item("Erase", "x", self.erase, enabled=playing and self._open(self.selected)),
            hint,
            check,
        ]

    def pad(self) -> list[list[Item]]:
        """The digits, laid out as a box is; those that stand often enough are off."""
        side, across = self.family.side, self.family.box_columns
        counts = np.bincount(self.grid.ravel(), minlength=side + 1)
        digits = [
            Item(self.family.cells[digit], "", functools.partial(self.enter, digit), enabled=counts[digit] < side)
            for digit in range(1, side + 1)
        ]
        return [digits[first : first + across] for first in range(0, side, across)]

    # -- commands ---------------------------------------------------------------------------------------------------

    def key(self, name: str, shift: bool = False) -> bool:
        """Arrows choose a cell, digits are entered or pencilled in, backspace erases."""
        if name in _STEPS:
            step = _STEPS[name]
            row, column = (int(at + by) % self.family.side for at, by in zip(self.selected, step, strict=True))
            self.selected = row, column
        elif name in ("backspace", "delete", "0"):
            self.erase()
        elif name == "space":
            self.toggle_pencil()
        elif len(name) == 1 and name.upper() in self.family.cells[1 : self.family.cell_values]:
            self.enter(self.family.cells.index(name.upper()), self.pencilling != shift)
        else:
            return False
        return True

    def point(self, place: Cell, dragged: bool = False) -> None:
        """Choose a cell."""
        self.selected = place

    def enter(self, digit: int, pencilled: bool | None = None) -> None:
        """Put a digit into the selected cell, or pencil it in; the same once more takes it out again."""
        place = self.selected
        if not self._open(place):
            return
        grid, pencil, hinted = self._state.copy()
        if self.pencilling if pencilled is None else pencilled:
            if grid[place]:
                return
            pencil[(*place, digit - 1)] ^= True
        else:
            grid[place] = 0 if grid[place] == digit else digit
            hinted[place] = False
            self._strike(grid, pencil, place)
        self._do(State(grid, pencil, hinted))

    def erase(self) -> None:
        """Empty the selected cell: its digit, or else its pencil marks."""
        place = self.selected
        if not self._open(place) or not (self.grid[place] or self.pencil[place].any()):
            return
        grid, pencil, hinted = self._state.copy()
        if grid[place]:
            grid[place] = 0
        else:
            pencil[place] = False
        hinted[place] = False
        self._do(State(grid, pencil, hinted))

    def toggle_pencil(self) -> None:
        """Switch between entering digits and pencilling them in."""
        self.pencilling = not self.pencilling

    def mark_all(self) -> None:
        """Pencil in every digit that no peer holds; once more wipes all marks out."""
        every = _unpack(rules.candidates(self.grid[None], self.family.box_rows)[0], self.family.side)
        marks = np.zeros_like(every) if np.array_equal(every, self.pencil) else every
        self._do(self._state._replace(pencil=marks))

    def hint(self) -> None:
        """Fill the selected cell, or if that is right the one with the fewest candidates, as in the solution."""
        missing = self.grid != self.solution
        if not missing.any() or self.solved:
            return
        place = self.selected
        if not missing[place]:
            free = _unpack(rules.candidates(self.grid[None], self.family.box_rows)[0], self.family.side).sum(axis=2)
            first = np.where(missing, free, self.family.side + 1).argmin()
            row, column = divmod(int(first), self.family.side)
            place = row, column
        self.hints += 1
        self.put(place, int(self.solution[place]), hinted=True)
        self.message = f"Row {place[0] + 1}, column {place[1] + 1} is {self.family.cells[self.grid[place]]}"

    def put(self, place: Cell, digit: int, hinted: bool = False) -> None:
        """Choose a cell and put a digit into it whatever it holds, unless it is given; 0 empties it."""
        self.selected = place
        if not self._open(place):
            return
        grid, pencil, marked = self._state.copy()
        grid[place] = digit
        marked[place] = hinted
        self._strike(grid, pencil, place)
        self._do(State(grid, pencil, marked))

    def check(self) -> None:
        """Mark the entries that are not as in the solution."""
        self.wrong = (self.grid > 0) & (self.grid != self.solution)
        count = int(self.wrong.sum())
        self.message = counted(count, "entry is wrong", "entries are wrong") if count else "No mistakes so far"

    @property
    def solution(self) -> NDArray[np.uint8]:
        """(side, side) uint8."""
        return self.info["solution"]

    # -- states -----------------------------------------------------------------------------------------------------

    def _begin(self) -> State:
        first = int((self.puzzle == 0).argmax())
        self.selected = first // self.family.side, first % self.family.side
        self.pencilling = False
        self.wrong = np.zeros(self.family.shape, bool)
        no_marks = np.zeros((*self.family.shape, self.family.side), bool)
        return State(self.puzzle.copy(), no_marks, np.zeros(self.family.shape, bool))

    def _show(self, state: State, before: State) -> None:
        self.wrong = self.wrong & (state.grid == before.grid)
        self.info = self.env.step(state.grid)[4]

    def _open(self, place: Cell) -> bool:
        return not self.puzzle[place]

    def _strike(self, grid: NDArray[np.uint8], pencil: NDArray[np.bool_], place: Cell) -> None:
        """Wipe out the marks of a cell, and those of its digit in its row, column and box."""
        pencil[place] = False
        if grid[place]:
            pencil[in_units_of(self.family, place), grid[place] - 1] = False


def _unpack(bits: NDArray[np.uint32], side: int) -> NDArray[np.bool_]:
    """(side, side) uint32 of bits to (side, side, side) bool."""
    return (bits[..., None] >> np.arange(side, dtype=np.uint32)) & 1 == 1
