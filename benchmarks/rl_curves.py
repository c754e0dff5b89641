"""Learning curves of the agents of the table, from their records: a panel for each environment."""

from __future__ import annotations

from pathlib import Path

from matplotlib.ticker import FuncFormatter

from agents.figures.charts import BLUE, GREEN, GREY, ORANGE, PINK, SKY, chart, draw_runs, save_chart
from benchmarks.rl_settings import ROWS, SETTINGS, Record, records_of

COLOURS = {
    "ppo": SKY,
    "maskable_ppo": BLUE,
    "dqn": ORANGE,
    "clone": GREEN,
    "air-frozen": GREY,
    "air-warm": PINK,
}
"""Of the agents that are trained, by their key in a record."""
_COLUMNS = 4


def draw_curves(records: list[Record], path: Path) -> Path:
    """Draw unseen puzzles solved by environment steps, each seed thinly and their mean, as PNG; return its path."""
    trained = [record for record in records if record["training"] and record["training"].get("curve")]
    names = [name for name in SETTINGS if any(record["environment"] == name for record in trained)]
    rows = max(1, -(-(len(names) + 1) // _COLUMNS))
    figure = chart(3.2 * _COLUMNS, 2.7 * rows)
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).ravel()
    lines = {}
    for axes, name in zip(panels, names, strict=False):
        for row in COLOURS:
            if found := records_of(trained, name, row):
                curves = ([(step, 100 * solved) for step, solved in record["training"]["curve"]] for record in found)
                lines[row] = draw_runs(axes, curves, COLOURS[row])
        axes.set_title(SETTINGS[name].title, fontsize=10)
        axes.set(xlim=(0, None), ylim=(-3, 103), xlabel="environment steps")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda steps, _: f"{steps / 1000:g}k" if steps else "0"))
    for axes in panels[len(names) :]:
        axes.set_axis_off()
    panels[0].set_ylabel("unseen puzzles solved, %")
    shown = [row for row in COLOURS if row in lines]
    if shown:
        handles, labels = [lines[row] for row in shown], [ROWS[row] for row in shown]
        panels[len(names)].legend(handles, labels, loc="center left", frameon=False, fontsize=9)
    return save_chart(figure, path)
