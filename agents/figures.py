"""Figures for people; the numbers in them lie beside them as JSON lines."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from agents.run_log import read_metrics
from puzzles.files import replacing


def draw_training_curve(run: Path) -> Path:
    """Draw loss and exact accuracy against steps from a run's ``metrics.jsonl``: ``RUN/curve.png``."""
    train, test = list(read_metrics(run, "train")), list(read_metrics(run, "test"))
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    loss.plot([line["step"] for line in train], [line["answer_loss"] for line in train], color="#0072B2")
    loss.set(title="Training loss", xlabel="step", ylabel="cross-entropy per cell", yscale="log")
    low, high = loss.get_ylim()
    loss.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,)))
    loss.yaxis.set_major_formatter("{x:g}")
    loss.yaxis.set_minor_formatter(NullFormatter())
    for lines, style, color, label in (
        ([line for line in train if "exact_accuracy" in line], "-", "#56B4E9", "training, when halted"),
        (test, "o-", "#D55E00", "test puzzles"),
    ):
        percent = [100 * line["exact_accuracy"] for line in lines]
        accuracy.plot([line["step"] for line in lines], percent, style, color=color, label=label)
    accuracy.set(title="Exact accuracy", xlabel="step", ylabel="%", ylim=(-3, 103))
    accuracy.legend(frameon=False)
    for axes in (loss, accuracy):
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    path = run / "curve.png"
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")
    return path
