"""``air-envs data overlap``: what splits of datasets have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from agents.cli.parsing import parse

if TYPE_CHECKING:
    from puzzles.dataset.overlap import Overlap


def main(args: list[str]) -> None:
    """Run ``air-envs data overlap ...``."""

    def overlap(
        file: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FILE")],
        other: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="OTHER")] = None,
        json: Path | None = None,
    ) -> None:
        """Count what splits have in common, up to symmetry: puzzles, solution grids (of mazes: walls), near puzzles.

        Near puzzles differ in at most two cells: a symmetry image of the one differs from the other in no more. A
        blank and a clue are different, as are two clues; equal puzzles are counted too.

        Args:
            file: a dataset.
            other: rows of its splits are counted that have their like in a split of FILE; without it, the splits of
                FILE are compared with each other.
            json: write the numbers to this file.
        """
        from puzzles.dataset import Dataset
        from puzzles.dataset.overlap import count_overlap

        one = Dataset(file)
        if other is None and len(one.splits) < 2:
            raise ValueError(f"{file}: one split, {one.splits[0]}, expected two of them or another dataset")
        found = count_overlap(one, None if other is None else Dataset(other))
        print(table(found, one.family.layout_name))
        if json is not None:
            _write(json, one.family.name, one.family.layout_name, found)

    parse(overlap, "air-envs data overlap", args)


def table(found: Sequence[Overlap], layout_name: str) -> str:
    """Return one line for each pair of splits, with shares of the rows that are counted."""
    lines = [["rows of", "", "in", "puzzles", layout_name, "within two cells"]]
    for pair in found:
        counts = ["not counted" if n is None else f"{n:,}  {100 * n / pair.rows:5.1f} %" for n in _counts(pair)]
        lines.append([_name(pair.of), f"{pair.rows:,}", _name(pair.within), *counts])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if column in (0, 2) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _counts(pair: Overlap) -> tuple[int | None, ...]:
    return pair.puzzles, pair.layouts, pair.near


def _name(place: tuple[str, str]) -> str:
    path, split = place
    return f"{Path(path).name} {split}"


def _write(path: Path, family: str, layout_name: str, found: Sequence[Overlap]) -> None:
    from puzzles.files import write_json

    content = {"family": family, "layout": layout_name, "overlap": [pair.to_json() for pair in found]}
    write_json(path, content)
