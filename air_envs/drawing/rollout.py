"""Pictures of a recurrent reasoner at work: one frame per L or H update, an animated GIF, a contact sheet.

A ``Frame`` holds cells that were decoded elsewhere, so nothing here knows a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from air_envs.drawing import sprites
from air_envs.drawing.board import Layout, board_size, draw_board, painter, to_array
from air_envs.drawing.files import save_gif, save_png
from air_envs.drawing.theme import LIGHT, Colour, Theme, as_theme, blend
from air_envs.drawing.window import Window

if TYPE_CHECKING:
    import pygame

    from puzzles import PuzzleFamily

__all__ = ["Frame", "changed", "draw_frame", "draw_frames", "draw_sheet", "save_gif", "save_png", "show_frames"]

PANELS = ("puzzle · answer so far", "decoded z_H · proposal", "decoded z_L · scratchpad")
_MAJORITY = 0.5
"""Probability that the likeliest digit of a cell has at least where it is written and not pencilled."""


@dataclass(frozen=True)
class Frame:
    """What a reasoner holds after one update. Every array is (rows, columns); cells outside the vocabulary (-1, 255)
    are undecided, such as a decoded padding token."""

    puzzle: ArrayLike
    """The puzzle as posed."""
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
    """(rows, columns, side), such as the probability of each digit; cells where none has half are pencilled."""
    z_l_candidates: ArrayLike | None = None
    title: str = ""
    """Drawn at the top, such as ``"Sudoku-Extreme #17"``; counters are added by the drawing."""
    act_step: int = 0
    """Counted from 1; 0 before the first update."""
    update: int = 0
    """Updates since the start, counted from 1."""
    program: str = "LLHLLH"
    """One ACT step as letters."""
    position: int | None = None
    """Index in ``program`` of the update just made; None where none was."""
    halt: float | None = None
    """Probability of halting, 0..1."""
    solved: bool | None = None
    """Whether ``z_h`` solves the puzzle; None shows nothing."""

    @property
    def letter(self) -> str:
        """``"L"`` or ``"H"``: the update just made; empty before the first."""
        return "" if self.position is None else self.program[self.position]

    @property
    def boards(self) -> tuple[_Board, _Board, _Board]:
        """The answer so far, z_H and z_L."""
        return (
            _Board(self.puzzle if self.answer is None else self.answer),
            _Board(self.z_h, self.z_h_confidence, self.z_h_candidates),
            _Board(self.z_l, self.z_l_confidence, self.z_l_candidates),
        )


class _Board(NamedTuple):
    """What one board shows."""

    cells: ArrayLike
    confidence: ArrayLike | None = None
    candidates: ArrayLike | None = None


def draw_frame(
    family: PuzzleFamily,
    frame: Frame,
    theme: str | Theme = LIGHT,
    *,
    previous: Frame | None = None,
    panel: int = 320,
) -> NDArray[np.uint8]:
    """Draw one frame: three boards side by side under a header with the program and the halting probability.

    Args:
        family: of the puzzle.
        frame: what to draw.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        previous: the frame before; cells that differ from it are highlighted.
        panel: pixels of the longer side of each board; everything else scales with it.

    Returns:
        (height, width, 3) uint8.
    """
    pygame, theme = sprites.load_pygame(), as_theme(theme)
    unit = max(6, round(panel / 30))  # height of a capital letter of a label
    gap, header = 2 * unit, 7 * unit
    board_width, board_height = board_size(family, panel)
    slot = max(board_width, 19 * unit)  # a narrow board still needs room for its label
    width, height = 3 * slot + 4 * gap, header + 2 * unit + board_height + 4 * unit
    surface = pygame.Surface((width, height), 0, 32)
    surface.fill(theme.page)
    _header(surface, frame, (gap, unit, width - 2 * gap, header - unit), unit, theme)

    top = header + 2 * unit
    for index, colour in enumerate((theme.text, theme.accent_h, theme.accent_l)):
        left = gap + index * (slot + gap)
        lit = frame.letter == ("", "H", "L")[index] and bool(frame.letter)
        layout = _draw_one(surface, (left, top, slot, board_height), family, frame, previous, index, theme)
        name = sprites.label(PANELS[index], unit, colour if lit or not index else theme.muted, "bold")
        x = min(layout.left - layout.thin, left + slot - name.get_width())
        surface.blit(name, (x, header + round(unit * 0.1)))
    _legend(surface, family, (gap, top + board_height + unit, width - 2 * gap), unit, theme)
    return to_array(surface)


def draw_frames(
    family: PuzzleFamily, frames: Iterable[Frame], theme: str | Theme = LIGHT, *, panel: int = 320
) -> Iterator[NDArray[np.uint8]]:
    """Yield ``draw_frame`` of each frame in turn, with the cells that changed since the frame before highlighted."""
    previous = None
    for frame in frames:
        yield draw_frame(family, frame, theme, previous=previous, panel=panel)
        previous = frame


def show_frames(
    family: PuzzleFamily,
    frames: Iterable[Frame],
    ms_per_frame: int = 250,
    theme: str | Theme = LIGHT,
    *,
    panel: int = 320,
    title: str = "air-envs",
) -> None:
    """Show frames in a window as they come; the last one stays until the window is closed, which ends it at any time.

    Args:
        family: of the puzzle.
        frames: drawn one by one, so a generator may still be thinking.
        ms_per_frame: how long each is shown at least.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        panel: pixels of the longer side of each board.
        title: of the window.

    Raises:
        pygame.error: no display to open a window on.
    """
    pygame = sprites.load_pygame()
    window = None
    try:
        for picture in draw_frames(family, frames, theme, panel=panel):
            size = picture.shape[1], picture.shape[0]
            window = window or Window(title, size)
            window.draw(pygame.image.frombuffer(picture.tobytes(), size, "RGB"))
            if not window.wait(ms_per_frame / 1000):
                return
        while window is not None and window.watched and window.wait(1.0):
            pass
    finally:
        if window is not None:
            window.destroy()


def draw_sheet(
    family: PuzzleFamily,
    frames: Sequence[Frame],
    columns: int | None = None,
    theme: str | Theme = LIGHT,
    *,
    board: int = 150,
    title: str = "",
    most_rows: int = 16,
) -> NDArray[np.uint8]:
    """Draw a contact sheet: a row per ACT step, in it one board per update, z_L after an L and z_H after an H.

    Args:
        family: of the puzzle.
        frames: in the order they were made; one before the first update is drawn on a row of its own as the puzzle.
        columns: boards a row; None takes the length of the longest program.
        theme: ``"light"``, ``"dark"`` or a ``Theme``.
        board: pixels of the longer side of each board.
        title: drawn at the top.
        most_rows: of more rows these many are drawn, evenly spread from the first to the last.

    Returns:
        (height, width, 3) uint8.

    Raises:
        ValueError: no frames, or fewer than one row.
    """
    if not frames:
        raise ValueError("frames: found none, expected 1 or more")
    if most_rows < 1:
        raise ValueError(f"most_rows {most_rows}, expected at least 1")
    pygame, theme = sprites.load_pygame(), as_theme(theme)
    updates = [(frame, earlier) for frame, earlier in _with_earlier(frames) if frame.position is not None]
    columns = columns or max((len(frame.program) for frame, _ in updates), default=1)
    rows: list[list[tuple[Frame, Frame | None]]] = []
    for pair in updates:
        if not rows or len(rows[-1]) == columns or rows[-1][-1][0].act_step != pair[0].act_step:
            rows.append([])
        rows[-1].append(pair)
    if len(rows) > most_rows:
        rows = [rows[r] for r in np.linspace(len(rows) - 1, 0, most_rows).round().astype(int)[::-1]]

    unit = max(6, round(board / 17))
    width, height = board_size(family, board)
    side, gap, caption = 9 * unit, round(unit * 1.2), round(unit * 1.9)
    top = round(unit * (4.2 if title else 1.2))
    foot = 4 * unit
    surface = pygame.Surface(
        (side + columns * (width + gap) + gap, top + max(1, len(rows)) * (height + caption + gap) + foot), 0, 32
    )
    surface.fill(theme.page)
    if title:
        surface.blit(sprites.label(title, round(unit * 1.25), theme.text, "bold"), (gap, unit))
    for r, row in enumerate(rows):
        y = top + r * (height + caption + gap)
        _row_label(surface, row, (gap, y + caption, height), unit, theme)
        for c, (frame, earlier) in enumerate(row):
            x = side + c * (width + gap)
            index, colour, name = (1, theme.accent_h, "z_H") if frame.letter == "H" else (2, theme.accent_l, "z_L")
            layout = _draw_one(surface, (x, y + caption, width, height), family, frame, earlier, index, theme)
            left = layout.left - layout.thin
            _tag(surface, frame.letter, (left, y), unit, colour)
            surface.blit(sprites.label(name, unit, theme.muted), (left + round(unit * 2.0), y + round(unit * 0.05)))
    if not rows:
        draw_board(surface, (side, top, width, height), family, frames[0].puzzle, puzzle=frames[0].puzzle, theme=theme)
    _legend(surface, family, (side, surface.get_height() - foot + unit, surface.get_width() - side - gap), unit, theme)
    return to_array(surface)


def changed(before: ArrayLike | None, after: ArrayLike) -> NDArray[np.bool_] | None:
    """Return where two grids differ, None without an earlier one."""
    return None if before is None else np.asarray(before) != np.asarray(after)


# -- parts of a picture ------------------------------------------------------------------------------------------------


def _draw_one(
    surface: pygame.Surface,
    rect: tuple[int, int, int, int],
    family: PuzzleFamily,
    frame: Frame,
    earlier: Frame | None,
    index: int,
    theme: Theme,
) -> Layout:
    """Draw one of a frame's boards."""
    cells, confidence, candidates = frame.boards[index]
    highlight = changed(earlier.boards[index].cells if earlier else None, cells)
    if candidates is not None:
        candidates = np.asarray(candidates) / _MAJORITY
        cells = np.where((candidates.max(-1) < 1) & (np.asarray(frame.puzzle) == 0), 0, cells)
    return draw_board(
        surface,
        rect,
        family,
        cells,
        puzzle=frame.puzzle,
        confidence=confidence,
        candidates=candidates,
        highlight=highlight,
        theme=theme,
    )


def _header(surface: pygame.Surface, frame: Frame, area: tuple[int, int, int, int], unit: int, theme: Theme) -> None:
    left, top, width, _ = area
    size = round(unit * 1.3)
    counters = f"ACT step {frame.act_step}" if frame.act_step else "before the first update"
    if frame.update:
        counters += f" · {frame.letter} update {frame.update}"
    right = left + width
    if frame.solved is not None:
        word, colour = ("solved", theme.good) if frame.solved else ("not solved", theme.muted)
        verdict = sprites.label(word, size, colour, "bold")
        right -= verdict.get_width()
        surface.blit(verdict, (right, top))
        mark = sprites.disc(round(size * 0.9), colour, 0.0 if frame.solved else 0.28)
        sprites.place(surface, mark, right - size, top + round(size * 0.78))
        right -= 3 * size
    counter = sprites.label(counters, size, theme.muted)
    title = _fitted(frame.title, size, theme.text, right - left - counter.get_width() - 2 * unit)
    surface.blit(title, (left, top))
    surface.blit(counter, (left + (title.get_width() + 2 * unit if title.get_width() > 1 else 0), top))

    strip_top = top + round(unit * 2.6)
    for index, letter in enumerate(frame.program):
        colour = theme.accent_h if letter == "H" else theme.accent_l
        lit = index == frame.position
        done = frame.position is not None and index < frame.position
        ground = colour if lit else blend(theme.page, colour, 0.28 if done else 0.12)
        ink = theme.page if lit else blend(theme.page, colour, 0.9 if done else 0.65)
        _tag(surface, letter, (left + index * round(unit * 2.5), strip_top), unit, ground, ink, round(unit * 2.2))
    if frame.halt is not None:
        _halting(surface, frame.halt, (left + width, strip_top), unit, theme)


def _fitted(string: str, size: int, colour: Colour, width: int) -> pygame.Surface:
    """Return as much of a bold label as fits ``width`` pixels, an ellipsis in place of the rest."""
    sprite = sprites.label(string, size, colour, "bold")
    while sprite.get_width() > max(width, 0) and string:
        string = string[:-1].rstrip()
        sprite = sprites.label(string + "…" if string else "", size, colour, "bold")
    return sprite


def _halting(surface: pygame.Surface, halt: float, right_top: tuple[int, int], unit: int, theme: Theme) -> None:
    """A bar of the halting probability with its name and number, flush right."""
    right, top = right_top
    number = sprites.label(f"{halt:.2f}", unit, theme.text, "bold")
    room = sprites.label("0.00", unit, theme.text, "bold").get_width()
    surface.blit(number, (right - number.get_width(), top + round(unit * 0.35)))
    bar_width, bar_height = 12 * unit, max(4, round(unit * 0.8))
    x, y = right - room - unit - bar_width, top + round(unit * 0.75)
    surface.blit(sprites.rounded(bar_width, bar_height, bar_height // 2, blend(theme.page, theme.muted, 0.25)), (x, y))
    filled = round(bar_width * min(max(halt, 0.0), 1.0))
    if filled >= bar_height:
        surface.blit(sprites.rounded(filled, bar_height, bar_height // 2, theme.good), (x, y))
    name = sprites.label("halting probability", unit, theme.muted)
    surface.blit(name, (x - name.get_width() - unit, top + round(unit * 0.35)))


def _tag(
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


def _legend(surface: pygame.Surface, family: PuzzleFamily, area: tuple[int, int, int], unit: int, theme: Theme) -> None:
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


def _row_label(
    surface: pygame.Surface,
    row: list[tuple[Frame, Frame | None]],
    place: tuple[int, int, int],
    unit: int,
    theme: Theme,
) -> None:
    x, y, _ = place
    last = row[-1][0]
    lines = [("ACT step", theme.muted, "regular", 1.0), (str(last.act_step), theme.text, "bold", 1.8)]
    if last.halt is not None:
        lines.append((f"halt {last.halt:.2f}", theme.muted, "regular", 1.0))
    if last.solved:
        lines.append(("solved", theme.good, "bold", 1.0))
    for word, colour, weight, scale in lines:
        sprite = sprites.label(word, round(unit * scale), colour, weight)
        surface.blit(sprite, (x, y))
        y += sprite.get_height() + round(unit * 0.2)


def _with_earlier(frames: Sequence[Frame]) -> list[tuple[Frame, Frame | None]]:
    return list(zip(frames, [None, *frames[:-1]], strict=True))
