"""What the player reads: one JSON object per rollout, its arrays as bytes, deflated, in base64.

Keys::

    format        1
    title         text above the boards
    family        name, kind, rows, columns, values (how many), symbols, cells (a character per value),
                  box ([rows, columns] of the boxes between thick lines, or null)
    puzzle        the cells, a list
    solution      the cells of the label, or null
    frames        lists, one entry per frame: update, act_step, letter, halt, solved, notes; z_H and z_L, which reading
                  each state has (a state that an update leaves alone keeps its reading); attention, which maps, or -1
    layers        of the attention; 0 where there is none
    attention     in words, what the maps are, or why there are none; empty where the model does not attend
    data          the arrays one after another, all uint8: cells (readings, C), probability (readings, C, values) in
                  255ths, marks (frames, C) with bit 0 for changed and bit 1 for conflicts, and attention
                  (maps, layers, C, C), 255 times the square root of the weight
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

import puzzles

if TYPE_CHECKING:  # recordings replay without torch
    from agents.thinking.thoughts import Thought

FORMAT = 1
MOST_ATTENTION = 700_000
"""Bytes of a rollout's attention, deflated: larger maps are simplified."""
STRONGEST = 16
"""Weights of each cell that are kept of maps that are large still."""
CHANGED, CONFLICT = 1, 2
"""Bits of the marks."""

Maps = NDArray[np.float32]
"""(layers, C, C): what each cell attends to, the mean over heads."""


class Read(Protocol):
    """A decoded state."""

    @property
    def cells(self) -> puzzles.Grids:
        """(rows, columns) uint8."""

    @property
    def probability(self) -> NDArray[np.float32]:
        """(rows, columns, values) float32; what is missing to 1 is undecided."""


class Shown(Protocol):
    """One moment of a rollout; ``agents.watching.moments.Moment`` is one."""

    @property
    def update(self) -> int:
        """Counted from 1; 0 is before the first."""

    @property
    def act_step(self) -> int:
        """Counted from 1; 0 before the first update."""

    @property
    def letter(self) -> str:
        """L, H, - for a frozen update, empty before the first."""

    @property
    def puzzle(self) -> puzzles.Grids:
        """(rows, columns) uint8."""

    @property
    def z_H(self) -> Read:
        """The proposal."""

    @property
    def z_L(self) -> Read:
        """The scratchpad."""

    @property
    def changed(self) -> NDArray[np.bool_]:
        """(rows, columns)."""

    @property
    def conflicts(self) -> NDArray[np.bool_]:
        """(rows, columns)."""

    @property
    def halt(self) -> float:
        """Probability."""

    @property
    def solved(self) -> bool:
        """By the rules."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Interventions in words."""


class Frame(NamedTuple):
    """A thought as ``Shown``."""

    update: int
    act_step: int
    letter: str
    puzzle: puzzles.Grids
    z_H: Read
    z_L: Read
    changed: NDArray[np.bool_]
    conflicts: NDArray[np.bool_]
    halt: float
    solved: bool
    notes: tuple[str, ...] = ()


def frame_of(thought: Thought) -> Frame:
    """Return what is shown of a thought.

    Raises:
        ValueError: it is of a batch.
    """
    if not thought.subject.single:
        raise ValueError(f"thoughts of a batch of {len(thought.subject.puzzle)} puzzles, expected those of one puzzle")
    return Frame(
        thought.update,
        thought.act_step,
        thought.letter,
        thought.subject.puzzle[0],
        thought.z_H,
        thought.z_L,
        thought.changed,
        thought.conflicts,
        thought.halting_probability,
        thought.solved,
    )


def own_attention(thought: Thought) -> Maps | None:
    """Return the mean over heads of what a thought's own update attended to; None where it attended to nothing."""
    if thought.letter not in ("L", "H") or not thought.subject.model.config.attends:
        return None
    return np.stack([layer.mean(0) for layer in thought.attention()])


def encode(
    family: puzzles.PuzzleFamily,
    shown: Sequence[Shown],
    attention: Sequence[Maps | None],
    title: str = "",
    solution: puzzles.Grids | None = None,
    missing: str = "",
) -> dict[str, Any]:
    """Return the object that the player reads.

    Args:
        family: of the puzzle.
        shown: the moments, at least one.
        attention: of each moment's own update, or None.
        title: above the boards.
        solution: (rows, columns), of which the player says how far each state is from it.
        missing: why there is no attention although the model attends: "not recorded".

    Raises:
        ValueError: no moments.
    """
    if not shown:
        raise ValueError("no thoughts, expected at least one to show")
    readings: list[Read] = []
    states = {state: _pooled([getattr(each, state) for each in shown], readings) for state in ("z_H", "z_L")}
    marks = [each.changed * np.uint8(CHANGED) + each.conflicts * np.uint8(CONFLICT) for each in shown]
    maps = [each for each in attention if each is not None]
    places = np.cumsum([each is not None for each in attention]) - 1
    kept, words = _fitting(maps)
    arrays = [
        np.stack([each.cells for each in readings]),
        np.rint(255 * np.stack([each.probability for each in readings])),
        np.stack(marks),
        kept,
    ]
    data = b"".join(array.astype(np.uint8).tobytes() for array in arrays)
    return {
        "format": FORMAT,
        "title": title,
        "family": _family(family),
        "puzzle": shown[0].puzzle.ravel().tolist(),
        "solution": None if solution is None else np.asarray(solution).ravel().tolist(),
        "frames": {
            "update": [each.update for each in shown],
            "act_step": [each.act_step for each in shown],
            "letter": [each.letter for each in shown],
            "halt": [round(float(each.halt), 4) for each in shown],
            "solved": [int(each.solved) for each in shown],
            "notes": [list(each.notes) for each in shown],
            **states,
            "attention": [
                int(place) if each is not None and len(kept) else -1
                for place, each in zip(places, attention, strict=True)
            ],
        },
        "readings": len(readings),
        "layers": kept.shape[1] if len(kept) else 0,
        "attention": words or missing,
        "data": base64.b64encode(zlib.compress(data, 9)).decode(),
    }


def _family(family: puzzles.PuzzleFamily) -> dict[str, Any]:
    boxes = [shape for shape in family.regions if min(shape) > 1]
    return {
        "name": family.name,
        "kind": family.kind,
        "rows": family.rows,
        "columns": family.columns,
        "values": family.cell_values,
        "symbols": family.symbols,
        "cells": family.cells[: family.cell_values],
        "box": list(boxes[0]) if boxes else None,
    }


def _pooled(states: Iterable[Read], readings: list[Read]) -> list[int]:
    """Return the place of each state's reading in ``readings``; one that stays as it was is held once."""
    places: list[int] = []
    last: Read | None = None
    for state in states:
        if last is None or not (
            state is last
            or (np.array_equal(state.cells, last.cells) and np.array_equal(state.probability, last.probability))
        ):
            readings.append(state)
            last = state
        places.append(len(readings) - 1)
    return places


def _fitting(maps: list[Maps]) -> tuple[NDArray[np.uint8], str]:
    """Return (M, layers, C, C) maps, in as much detail as there is room for, and what they are in words."""
    if not maps:
        return np.zeros((0, 0, 0, 0), np.uint8), ""
    if len({len(each) for each in maps}) > 1:  # two networks of unlike depth
        maps = [each.mean(0, keepdims=True) for each in maps]
    for found, words in _simpler(np.stack(maps)):
        quantised = np.rint(255 * np.sqrt(np.clip(found, 0, 1))).astype(np.uint8)
        if len(zlib.compress(quantised.tobytes(), 6)) <= MOST_ATTENTION:
            return quantised, words
    return np.zeros((0, 0, 0, 0), np.uint8), "too large to be shown here"


def _simpler(maps: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.float32], str]]:
    if maps.shape[1] > 1:
        yield maps, "mean over heads"
    means = maps.mean(1, keepdims=True)
    yield means, "mean over heads and layers"
    if means.shape[-1] > STRONGEST:
        least = np.partition(means, -STRONGEST, axis=-1)[..., -STRONGEST, None]
        yield np.where(means >= least, means, 0), f"mean over heads and layers, the {STRONGEST} strongest of each cell"
