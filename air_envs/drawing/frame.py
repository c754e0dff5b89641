"""What a recurrent reasoner holds after one update, and the parts that its pictures are made of.

A ``Frame`` holds cells that were decoded elsewhere, so nothing here knows a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout, draw_board, painter
from air_envs.drawing.scene import make_scene
from air_envs.drawing.theme import Colour, Theme, blend

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily

_MAJORITY = 0.5
"""A cell shows its most probable digit from this probability on, else its candidates."""


class DecodedState(Protocol):
    """A recurrent state read as cells, such as ``agents.thinking.thoughts.Decoded``."""

    @property
    def cells(self) -> NDArray[np.uint8]:
        """(rows, columns): the most probable values."""

    @property
    def confidence(self) -> NDArray[np.float32]:
        """(rows, columns): their probabilities."""

    @property
    def probability(self) -> NDArray[np.float32]:
        """(rows, columns, cell_values): of every value, the blank cell first."""


@dataclass(frozen=True)
class Frame:
    """What a reasoner holds after one update. Every array is (rows, columns); cells outside the vocabulary (-1, 255)
    are undecided, such as a decoded padding token."""

    puzzle: ArrayLike
    """The unsolved puzzle."""
    z_h: ArrayLike
    """Cells decoded from z_H: the proposal."""
    z_l: ArrayLike
    """Cells decoded from z_L: the scratchpad."""
    answer: ArrayLike | None = None
    """The answer given so far; None shows the puzzle alone."""
    z_h_confidence: ArrayLike | None = None
    """0..1, such as the probability of each decoded cell."""
    z_l_confidence: ArrayLike | None = None
    z_h_candidates: ArrayLike | None = None
    """(rows, columns, side), such as the probability of each digit; cells where none exceeds 50 % show candidates."""
    z_l_candidates: ArrayLike | None = None
    z_h_conflicts: ArrayLike | None = None
    """Where the proposal breaks a rule, bool."""
    title: str = ""
    """Drawn at the top, such as ``"Sudoku-Extreme #17"``; counters are added by the drawing."""
    act_step: int = 0
    """Counted from 1; 0 before the first update."""
    update: int = 0
    """Updates since the start, counted from 1."""
    program: str = "LLHLLH"
    """One ACT step as letters."""
    frozen: str = ""
    """Letters whose updates are left out, hollow in the program."""
    skipped: bool = False
    """Whether the last update was left out."""
    position: int | None = None
    """Index in ``program`` of the update just made; None where none was."""
    halt: float | None = None
    """Probability of halting, 0..1."""
    solved: bool | None = None
    """Whether ``z_h`` solves the puzzle; None shows nothing."""

    @classmethod
    def of_states(
        cls, family: PuzzleFamily, puzzle: ArrayLike, z_h: DecodedState, z_l: DecodedState, **fields: Any
    ) -> Frame:
        """Return the frame of both states, with candidates where the family's values are symbols.

        Args:
            family: of the puzzle.
            puzzle: the unsolved one.
            z_h: the proposal.
            z_l: the scratchpad.
            fields: the others of a frame.
        """
        candidates = [z.probability[..., 1:] if family.symbols else None for z in (z_h, z_l)]
        return cls(
            puzzle,
            z_h=z_h.cells,
            z_l=z_l.cells,
            z_h_confidence=z_h.confidence,
            z_l_confidence=z_l.confidence,
            z_h_candidates=candidates[0],
            z_l_candidates=candidates[1],
            **fields,
        )

    @property
    def letter(self) -> str:
        """``"L"`` or ``"H"``: the update just made; empty before the first."""
        return "" if self.position is None else self.program[self.position]

    @property
    def boards(self) -> tuple[Panel, Panel, Panel]:
        """The answer so far, z_H and z_L."""
        return (
            Panel(self.puzzle if self.answer is None else self.answer),
            Panel(self.z_h, self.z_h_confidence, self.z_h_candidates, self.z_h_conflicts),
            Panel(self.z_l, self.z_l_confidence, self.z_l_candidates),
        )


class Panel(NamedTuple):
    """What one board shows."""

    cells: ArrayLike
    confidence: ArrayLike | None = None
    candidates: ArrayLike | None = None
    conflicts: ArrayLike | None = None


def changed(before: ArrayLike | None, after: ArrayLike) -> NDArray[np.bool_] | None:
    """Return where two grids differ, None without an earlier one."""
    return None if before is None else np.asarray(before) != np.asarray(after)


def draw_panel(
    surface: pygame.Surface,
    rect: tuple[int, int, int, int],
    family: PuzzleFamily,
    frame: Frame,
    earlier: Frame | None,
    index: int,
    theme: Theme,
) -> Layout:
    """Draw one of a frame's boards."""
    cells, confidence, candidates, conflicts = frame.boards[index]
    highlight = changed(earlier.boards[index].cells if earlier else None, cells)
    if candidates is not None:
        candidates = np.asarray(candidates) / _MAJORITY
        cells = np.where((candidates.max(-1) < 1) & (np.asarray(frame.puzzle) == 0), 0, cells)
    scene = make_scene(
        family,
        cells,
        puzzle=frame.puzzle,
        confidence=confidence,
        candidates=candidates,
        highlight=highlight,
        conflicts=conflicts,
    )
    return draw_board(surface, rect, family, scene, theme)


def draw_tag(
    surface: pygame.Surface,
    letter: str,
    place: tuple[int, int],
    unit: int,
    ground: Colour,
    ink: Colour = (255, 255, 255),
    size: int | None = None,
) -> None:
    """A rounded square with a letter."""
    size = size or round(unit * 1.6)
    surface.blit(sprites.rounded(size, size, max(1, size // 4), ground), place)
    sprites.place(
        surface, sprites.text(letter, max(5, round(size * 0.5)), ink), place[0] + size / 2, place[1] + size / 2
    )


def draw_hollow_tag(surface: pygame.Surface, letter: str, rect: tuple[int, int, int, int], colour: Colour) -> None:
    """The outline of a rounded rectangle with a letter: an update that was left out."""
    left, top, width, height = rect
    small = min(width, height)
    outline = sprites.rounded(width, height, max(1, small // 4), colour, max(1, round(small * 0.09)))
    surface.blit(outline, (left, top))
    if letter:
        sprites.place(surface, sprites.text(letter, max(5, small // 2), colour), left + width / 2, top + height / 2)


def draw_legend(
    surface: pygame.Surface, family: PuzzleFamily, area: tuple[int, int, int], unit: int, theme: Theme
) -> None:
    """Say what the marks mean, on one line, as many as there is room for."""
    left, top, width = area
    size = round(unit * 1.5)
    entries = (
        ("changed", blend(theme.board, theme.changed, theme.highlight), None),
        ("breaks a rule", theme.conflict_cell, None),
        ("contradicts the puzzle", theme.board, sprites.corner(size, theme.conflict)),
        ("undecided", theme.board, sprites.hatch(size, theme.muted)),
    )
    x = left
    for name, ground, sprite in entries:
        if name not in painter(family.kind).MARKS:
            continue
        word = sprites.label(name, unit, theme.muted)
        if x + size + unit + word.get_width() > left + width:
            return
        surface.blit(sprites.rounded(size, size, 2, theme.line), (x, top))
        surface.blit(sprites.rounded(size - 2, size - 2, 1, ground), (x + 1, top + 1))
        if sprite is not None:
            surface.blit(sprite, (x, top))
        surface.blit(word, (x + size + round(unit * 0.6), top - round(unit * 0.02)))
        x += size + word.get_width() + round(unit * 2.4)
