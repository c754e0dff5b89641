"""Figures for people; their numbers are in a file of JSON lines."""

from __future__ import annotations

from itertools import cycle
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from agents.figures.charts import BLUE, GREEN, ORANGE, PINK, SKY, YELLOW, save_chart
from agents.training.runs.log import read_metrics

TEST_COLOURS = (ORANGE, GREEN, PINK, YELLOW, BLUE, "#999999", "black")
"""Of the datasets that a run is tested on, its own first; again from the beginning where there are more."""


def draw_training_curve(run: Path) -> Path:
    """Draw loss and exact accuracy against steps from a run's ``metrics.jsonl``: ``RUN/curve.png``."""
    lines = list(read_metrics(run))
    train = [line for line in lines if line["split"] == "train"]
    tests = list(dict.fromkeys(line["split"] for line in lines if line["split"] != "train"))
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    loss.plot([line["step"] for line in train], [line["answer_loss"] for line in train], color=BLUE)
    loss.set(title="Training loss", xlabel="step", ylabel="cross-entropy per cell", yscale="log")
    low, high = loss.get_ylim()
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    loss.yaxis.set_major_formatter("{x:g}")
    loss.yaxis.set_minor_formatter(NullFormatter())
    curves = [("train", "-", SKY, "training, when halted")]
    curves += [
        (split, "o-", color, f"{split} puzzles" if split in ("validation", "test") else split.partition("-")[2])
        for split, color in zip(tests, cycle(TEST_COLOURS), strict=False)
    ]
    for split, style, color, label in curves:
        points = [line for line in lines if line["split"] == split and "exact_accuracy" in line]
        percent = [100 * line["exact_accuracy"] for line in points]
        accuracy.plot([line["step"] for line in points], percent, style, color=color, label=label)
    accuracy.set(title="Exact accuracy", xlabel="step", ylabel="%", ylim=(-3, 103))
    accuracy.legend(frameon=False, ncols=1 + (len(tests) > 3), fontsize="small" if len(tests) > 3 else None)
    return save_chart(figure, run / "curve.png")
