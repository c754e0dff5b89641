"""Mazes: generators against maze-dataset and against the published Maze-Hard split, the solver, the symmetries.

maze-dataset is measured in the same run where it can be imported: ``pip install maze-dataset "muutils<0.9"``. Its
15x15 rooms are 31x31 cells with their border, which ours, without one, fills with 16x16 rooms.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

import puzzles
from benchmarks.table import Row, at_least, at_most, seconds
from puzzles.maze import WALL, MazeOptions
from puzzles.threads import threads

HARD_SECONDS, QUANTILE_TOLERANCE, SYMMETRY_TARGET = 60.0, 3.0, 30_000.0
PEER_FACTOR = 20
# Mazes a second of maze-dataset 1.4, one core of the machine that the targets were set on.
PEER_RATES = {"depth-first with path": 125, "kruskal": 1650, "wilson": 19, "percolation": 9300}
OPTIONS = {
    "depth-first with path": MazeOptions(algorithm="depth-first", min_path=1),
    "kruskal": MazeOptions(algorithm="kruskal", min_path=1),
    "wilson": MazeOptions(algorithm="wilson", min_path=1),
    "percolation": MazeOptions(generator="percolation", min_path=1),
}
COUNT, PEER_COUNT = 20_000, 5


def generators() -> Iterator[Row]:
    family = puzzles.family("maze-31x31")
    peers = _peer_generators()
    for what, options in OPTIONS.items():
        family.generate(_seeds(1), options)
        rate = COUNT / seconds(lambda options=options: family.generate(_seeds(COUNT), options))
        note = f"with solution, {threads()} threads"
        if what in peers:
            peer_rate = PEER_COUNT / seconds(lambda peer=peers[what]: [peer() for _ in range(PEER_COUNT)])
            note += f"; maze-dataset {peer_rate:,.0f}/s, {rate / peer_rate:,.0f} times that"
        yield at_least(f"{what} 31x31", rate, "mazes/s", PEER_FACTOR * PEER_RATES[what], note)
    for what, options in {
        "prim": MazeOptions(algorithm="prim", min_path=1),
        "braided": MazeOptions(generator="braided", min_path=1),
    }.items():
        family.generate(_seeds(1), options)
        rate = COUNT / seconds(lambda options=options: family.generate(_seeds(COUNT), options))
        yield Row(f"{what} 31x31", rate, "mazes/s", note=f"with solution, {threads()} threads")


def maze_hard() -> Iterator[Row]:
    family = puzzles.family("maze-30x30")
    options = MazeOptions(generator="percolation")
    family.generate(_seeds(1), options)
    start = time.perf_counter()
    family.generate(_seeds(1000), options)
    took = time.perf_counter() - start
    yield at_most("1,000 Maze-Hard mazes 30x30", took, "s", HARD_SECONDS, f"{threads()} threads")
    data = os.environ.get("AIR_ENVS_DATA")
    if data is None:
        return
    ours = family.generate(_seeds(4000, first=1_000_000), options)
    real = np.concatenate([_split(Path(data) / "maze-30x30-hard-1k" / name) for name in ("train", "test")])
    yield from _quantiles("path length", "moves", ours.rating, family.rate(real))
    yield from _quantiles("wall fraction", "", _wall_fraction(ours.puzzle), _wall_fraction(real))


def solver() -> Iterator[Row]:
    family = puzzles.family("maze-30x30")
    batch = family.generate(_seeds(COUNT), MazeOptions(generator="percolation", min_path=1))
    for what, work in {
        "solve": lambda: family.solve(batch.puzzle),
        "distances": lambda: family.distances(batch.puzzle),
        "count shortest paths": lambda: family.count_shortest_paths(batch.puzzle),
        "check answers": lambda: family.is_solved(batch.puzzle, batch.solution),
    }.items():
        work()
        yield Row(f"{what} 30x30", COUNT / seconds(work), "mazes/s", note=f"{threads()} threads")


def symmetries() -> Iterator[Row]:
    family = puzzles.family("maze-30x30")
    batch = family.generate(_seeds(COUNT), MazeOptions(generator="percolation", min_path=1))

    def turn() -> None:
        order, relabel = family.symmetries(np.random.default_rng(0).random((COUNT, family.symmetry_dim)))
        family.transform(batch.puzzle, order, relabel)

    for what, work in {
        "random symmetry": turn,
        "canonical form": lambda: family.canonical(batch.puzzle, batch.solution),
    }.items():
        work()
        yield at_least(f"{what} 30x30", COUNT / seconds(work), "mazes/s", SYMMETRY_TARGET, f"{threads()} threads")


PARTS = (generators, maze_hard, solver, symmetries)


def _seeds(count: int, first: int = 0) -> np.ndarray:
    return np.arange(first, first + count, dtype=np.uint64)


def _split(folder: Path) -> np.ndarray:
    return (np.load(folder / "all__inputs.npy").reshape(-1, 30, 30) - 1).astype(np.uint8)


def _wall_fraction(mazes: np.ndarray) -> np.ndarray:
    return (mazes == WALL).mean(axis=(1, 2))


def _quantiles(what: str, unit: str, ours: np.ndarray, real: np.ndarray) -> Iterator[Row]:
    """Yield how far each quantile of ours is from that of the published mazes."""
    for percent in (5, 50, 95):
        mine, theirs = np.percentile(ours, percent), np.percentile(real, percent)
        note = f"{mine:.4g} {unit}, published {theirs:.4g} of {len(real):,} mazes"
        off = 100 * abs(mine / theirs - 1)
        yield at_most(f"Maze-Hard {what} p{percent}, deviation", off, "%", QUANTILE_TOLERANCE, note)


def _peer_generators() -> dict[str, Callable[[], object]]:
    try:
        from maze_dataset.generation import LatticeMazeGenerators
        from maze_dataset.maze import SolvedMaze
    except ImportError:
        return {}
    rooms = np.array([15, 15])
    return {
        "depth-first with path": lambda: SolvedMaze.from_lattice_maze(
            (maze := LatticeMazeGenerators.gen_dfs(rooms)), maze.generate_random_path()
        ),
        "kruskal": lambda: LatticeMazeGenerators.gen_kruskal(rooms),
        "wilson": lambda: LatticeMazeGenerators.gen_wilson(rooms),
        "percolation": lambda: LatticeMazeGenerators.gen_percolation(rooms),
    }
