"""A page that shows a dataset: histograms, example puzzles with their solutions, and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from agents.figures.charts import BLUE, GREEN, ORANGE, bare_axes
from air_envs.drawing import board_image
from puzzles import Puzzles
from puzzles.dataset import Dataset
from puzzles.dataset.layout import say_counts
from puzzles.dataset.summary import Distribution, Summary, bins, summary_json
from puzzles.files import replacing, write_json

COLOURS = {"train": BLUE, "validation": GREEN, "test": ORANGE}
EXAMPLES = 5
BOARD_PIXELS = 420
MAX_BARS = 40


def draw_dataset_page(dataset: Dataset, summary: Summary, path: Path | str) -> tuple[Path, Path]:
    """Draw the page as PNG and write the numbers in it beside it as JSON; return both paths.

    Args:
        dataset: what is shown.
        summary: of it.
        path: of the picture.

    Raises:
        ValueError: a path that does not end in .png.
        DatasetError: the dataset is damaged.
    """
    path = Path(path)
    if path.suffix != ".png":
        raise ValueError(f"{path}: expected a name that ends in .png")
    layout = ConstrainedLayoutEngine(rect=(0.01, 0.0, 0.98, 0.955))  # margins, and room for the title
    figure = Figure(figsize=(13, 10.6), layout=layout, facecolor="white")
    lines = [line if len(line) <= 170 else line[:169] + "…" for line in dataset.describe().splitlines()[1:]]
    panels = figure.subfigures(3, 1, squeeze=False, height_ratios=(3.2, 6, 0.18 * len(lines)), hspace=0.03)
    top, examples, bottom = panels[:, 0]
    _title(figure, dataset)
    _histograms(top, dataset, summary)
    _examples(examples, dataset)
    bottom.text(0.02, 0.95, "\n".join(lines), family="monospace", fontsize=8, va="top", color="#333333")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
    numbers = path.with_suffix(".json")
    write_json(numbers, summary_json(dataset, summary))
    return path, numbers


def _title(figure: Figure, dataset: Dataset) -> None:
    counts = say_counts({split: dataset.counts[split] for split in dataset.splits})
    title = f"{dataset.path.name}: {dataset.family.name}, {counts} puzzles"
    figure.suptitle(title, y=0.985, fontsize=15, fontweight="bold")


def _histograms(panel: SubFigure, dataset: Dataset, summary: Summary) -> None:
    names = list(next(iter(summary.values())))
    for axes, name in zip(np.atleast_1d(panel.subplots(1, len(names))), names, strict=True):
        found = {split: measured[name] for split, measured in summary.items()}
        edges = bins(found.values(), MAX_BARS)
        for number, (split, distribution) in enumerate(found.items()):
            _bars(axes, distribution, edges, split, filled=number == 0)
        unit = dataset.family.rating_unit if name == "rating" else name
        last = max(distribution.quantile(1) for distribution in found.values())
        beyond = f", the last bar holds all up to {last:,}" if last > edges[-1] else ""
        axes.set(title=name.capitalize(), xlabel=f"{unit}{beyond}")
        top = 1.4 * axes.get_ylim()[1]  # room for the legend
        axes.set_yticks([tick for tick in axes.get_yticks() if tick <= min(1, top)])
        axes.set_ylim(bottom=0, top=top)
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        bare_axes(axes, grid="y")
        axes.legend(frameon=False, fontsize=9, loc="upper right")


def _bars(axes: Axes, distribution: Distribution, edges: NDArray[Any], split: str, *, filled: bool) -> None:
    label = f"{split}: mean {distribution.mean:,.1f}, median {distribution.quantile(0.5):,}"
    style: dict[str, Any] = {"fill": True, "alpha": 0.35} if filled else {"fill": False, "linewidth": 1.6}
    axes.stairs(distribution.shares(edges), edges, color=COLOURS[split], label=label, **style)


def _examples(panel: SubFigure, dataset: Dataset) -> None:
    split = dataset.splits[-1]
    rows = _rows_by_rating(dataset, split, EXAMPLES)
    examples = _take(dataset, split, rows)
    boards = panel.subplots(2, len(rows), squeeze=False)
    for axes in boards.flat:
        axes.set_axis_off()
    for column, row in enumerate(rows):
        puzzle, solution = examples.puzzle[column], examples.solution[column]
        pictures = (
            board_image(dataset.family, puzzle, puzzle=puzzle, pixels=BOARD_PIXELS),
            board_image(dataset.family, solution, puzzle=puzzle, pixels=BOARD_PIXELS),
        )
        for axes, picture in zip(boards[:, column], pictures, strict=True):
            axes.imshow(picture, interpolation="antialiased")
        rating = f"rating {examples.rating[column]:,}"
        boards[0, column].set_title(f"{split} {row:,}, {rating}", fontsize=10)


def _rows_by_rating(dataset: Dataset, split: str, count: int) -> list[int]:
    """Return rows from the lowest to the highest rating, evenly spread over all puzzles in that order."""
    rating = np.concatenate([block.rating for block in dataset.blocks(split)])
    order = np.argsort(rating, kind="stable")
    spread = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return [int(row) for row in order[spread]]


def _take(dataset: Dataset, split: str, rows: list[int]) -> Puzzles:
    """Return single rows of a split without holding all of it."""
    found: dict[int, Puzzles] = {}
    start = 0
    for block in dataset.blocks(split):
        for row in rows:
            if start <= row < start + len(block.rating):
                found[row] = block.take([row - start])
        start += len(block.rating)
    return Puzzles(*(np.concatenate(arrays) for arrays in zip(*(found[row] for row in rows), strict=True)))
