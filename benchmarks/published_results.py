"""What others report on the published test sets; ``benchmarks.leaderboard`` shows it beside the records."""

from __future__ import annotations

from typing import NamedTuple


class Published(NamedTuple):
    """One row: exact accuracy in per cent, as its authors give it."""

    model: str
    whose: str
    """The paper's model, a variant of it, or whose else."""
    parameters: str
    trained_on: str
    hardware: str
    sudoku: str = ""
    """On all 422,786 test puzzles of Sudoku-Extreme."""
    maze: str = ""
    """On all 1,000 test mazes of Maze-Hard."""
    source: str = ""


AIR_PAPER, SEEDS = "arXiv 2605.17811", "mean ± std of five seeds"
AIR_COST = "Sudoku: 1 H200, about 4 h; Maze: 8 H200, about 3 h"
THOUSAND = "1,000 published puzzles and symmetry copies"


def _air(model: str, whose: str, sudoku: str, maze: str = "") -> Published:
    return Published(model, whose, "13.6 M", THOUSAND, AIR_COST, sudoku, maze, f"{AIR_PAPER}, {SEEDS}")


PUBLISHED = (
    _air("AIR Lx_H", "the paper's model (default)", "60.0 ± 2.0", "71.0 ± 6.3"),
    _air("AIR L_H2x", "variant of the paper, its best on Maze-Hard", "58.6 ± 1.9", "75.6 ± 1.9"),
    _air("AIR L_Hx", "variant of the paper", "58.7 ± 3.3", "75.3 ± 3.2"),
    _air("AIR L2x_H", "variant of the paper", "59.1 ± 2.4", "71.1 ± 6.4"),
    _air("AIR Lx_H2x", "variant of the paper", "59.6 ± 0.9", "70.9 ± 2.4"),
    _air("AIR L2x_Hx", "variant of the paper", "58.6 ± 2.9", "74.5 ± 1.6"),
    _air("AIR Lx_Hx", "variant of the paper", "52.1 ± 1.6", "69.4 ± 2.5"),
    _air("AIR L2x_H2x", "variant of the paper", "50.9 ± 2.9", "70.3 ± 4.2"),
    _air("AIR L2x_H2x + addition", "variant of the paper", "50.0 ± 1.9"),
    _air("AIR L2x_H2x + prepend-strip", "variant of the paper", "57.5 ± 1.3"),
    _air("AIR L2x_H2x + prepend-persist", "variant of the paper", "47.8 ± 1.6"),
    Published(
        "HRM",
        "HRM",
        "27.3 M",
        THOUSAND,
        "Sudoku: 1 H200, about 1 h (users' report)",
        "55.0",
        "74.5",
        "arXiv 2506.21734",
    ),
    Published("TRM, MLP", "TRM", "5 M", THOUSAND, "Sudoku: 1 L40S, under 36 h", "87.4", "", "arXiv 2510.04871"),
    Published("TRM, attention", "TRM", "7 M", THOUSAND, "", "74.7", "85.3", "arXiv 2510.04871"),
    Published(
        "RSM, test-time compute",
        "RSM",
        "",
        "all 3.8 M published training puzzles (Sudoku)",
        "Sudoku: 1 A100, about 1 h",
        "97.5",
        "about 80",
        "arXiv 2603.15641",
    ),
    Published(
        "Probabilistic TRM",
        "TRM, and many trajectories with noise on the states",
        "7 M",
        THOUSAND,
        "",
        "98.75",
        "",
        "arXiv 2605.19943",
    ),
    Published("TRM ensemble, the first to halt answers", "TRM and search", "7 M each", THOUSAND, "", "97.2"),
    Published(
        "Flow reasoning model", "another model", "7 M", "not this distribution", "", "96.1", "", "arXiv 2606.29150"
    ),
)

TRAINED_IN = {
    "maze-15x15": "18 minutes of one core",
    "maze-20x20": "12 minutes more than `maze-15x15`",
    "maze-9x9": "6 minutes of one core",
    "maze-any": "31 minutes more than `maze-hard`, one core",
    "maze-hard": "51 minutes of two cores more than `maze-20x20`, then 4.5 of an H200",
    "sudoku-16x16": "49 minutes more than `sudoku-extreme`, one core",
    "sudoku-6x6": "2 minutes of one core",
    "sudoku-6x6-minimal": "3 minutes of one core",
    "sudoku-9x9-easy": "5 minutes of one core",
    "sudoku-9x9-minimal": "6 minutes of two cores",
    "sudoku-any": "83 minutes more than `sudoku-extreme`, one core",
    "sudoku-candidates-1k": "18 minutes of two cores",
    "sudoku-extreme": "62 minutes of two cores and 96 of one more than `sudoku-9x9-minimal`",
}
"""How long each shipped model was trained, on a CPU unless it says otherwise (docs/notebook)."""

DATA = {
    "maze-15x15": "100,000 generated mazes",
    "maze-20x20": "as `maze-15x15`, then 15,000 generated mazes of 20x20",
    "maze-9x9": "100,000 generated mazes",
    "maze-any": "as `maze-hard`, then generated mazes of four shapes",
    "maze-hard": "as `maze-20x20` (115,000 generated mazes), then generated ones of 30x30",
    "sudoku-16x16": "as `sudoku-extreme`, then 20,000 generated 16x16 puzzles",
    "sudoku-6x6": "100,000 generated puzzles",
    "sudoku-6x6-minimal": "100,000 generated puzzles",
    "sudoku-9x9-easy": "100,000 generated puzzles",
    "sudoku-9x9-minimal": "100,000 generated puzzles",
    "sudoku-any": "as `sudoku-extreme`, then generated puzzles of seven sides",
    "sudoku-candidates-1k": "1,000 generated puzzles of level extreme",
    "sudoku-extreme": "100,000 generated minimal puzzles, generated harder ones, 14,383 of forum_hardest_1905_11+",
}
"""What each shipped model was trained on, from the first run of its chain (docs/notebook)."""
