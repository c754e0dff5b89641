"""The experiments that re-test the AIR paper's claims, each at a size that two cores can run. Needs no torch.

All have what the paper's models have and the presets do not: rotary positions, one rate after warm-up, no average of
the weights (but where these two are the question), and gradient through the last L H of L L H L L H. Structured
positions would enter with the puzzle, so that an injection would also decide where positions are known, and locality
would be built in.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agents.analysis.sweep.members import ABLATIONS, member_run
from agents.config.model import AIRConfig
from agents.config.training import TrainConfig
from agents.config.variants import INJECTIONS

Engine = Literal["local", "ray"]
"""Where the runs are computed, see ``agents.analysis.sweep.engines``."""
CHECKPOINTS = 8
"""Of each run, evenly spaced; the last is that of the last step. The paper's measures are taken at each."""
EVALUATIONS = 20
"""Of each run on validation puzzles, evenly spaced: the curve of accuracy by step."""


@dataclass(frozen=True)
class Experiment:
    """Members trained with the same seeds, data and settings."""

    name: str
    ablation: str
    """A key of ``agents.analysis.sweep.members.ABLATIONS``, of which the members are."""
    members: tuple[str, ...]
    """Their names in ``agents.config.variants``."""
    seeds: int
    """How many are planned, from 0 on."""
    config: TrainConfig
    """What all runs share, but for what a member's name sets."""
    note: str = ""
    """How it differs from the paper, apart from its size."""

    def run(self, member: str, seed: int, runs: Path) -> TrainConfig:
        """Return the training run of one member with one seed, in its folder below ``runs``."""
        return member_run(dataclasses.replace(self.config, output=runs / self.name), member, seed)

    def chosen(self, seeds: int | None = None, only: tuple[str, ...] = ()) -> list[tuple[str, int]]:
        """Return (member, seed) of every run, all members of a seed before the next seed.

        Args:
            seeds: how many; None takes the planned ones.
            only: members; none takes all.

        Raises:
            ValueError: less than 1 seed, or an unknown member.
        """
        if seeds is not None and seeds < 1:
            raise ValueError(f"seeds {seeds}, expected at least 1")
        if unknown := [name for name in only if name not in self.members]:
            raise ValueError(f"no member {unknown[0]!r} of {self.name}, expected some of {', '.join(self.members)}")
        return [(member, seed) for seed in range(seeds or self.seeds) for member in only or self.members]


def share(runs: list[Any], index: int, count: int) -> list[Any]:
    """Return the ``index``-th of ``count`` shares of some runs, counted from 1: every ``count``-th of them.

    Raises:
        ValueError: there is no such share.
    """
    if not 1 <= index <= count:
        raise ValueError(f"share {index}/{count}, expected 1/{count} to {count}/{count}")
    return runs[index - 1 :: count]


def _run(name: str, steps: int, batch: int, lr: float, model: AIRConfig, **fields: Any) -> TrainConfig:
    """Write a run out in full, so that a preset that improves does not change an experiment."""
    values: dict[str, Any] = {
        "optimizer": "adamw",
        "weight_decay": 0.1,
        "warmup": 100,
        "clip": 1.0,
        "loss": "softmax",
        "dtype": "bfloat16",
        "eval_every": -(-steps // EVALUATIONS),
        "eval_puzzles": 200,
        "checkpoint_every": -(-steps // CHECKPOINTS),
        "checkpoint_minutes": None,
        "keep": CHECKPOINTS,
    }
    dataset, output = Path(f"data/{name}.h5"), Path(f"runs/{name}")
    return TrainConfig(dataset, output, model, steps=steps, batch=batch, lr=lr, **values | fields)


_SUDOKU_4 = _run(
    "sudoku-4x4", 740, 256, 4e-3, AIRConfig("sudoku-4x4", hidden=64, heads=2, layers=2, max_steps=8, q_continue=False)
)
_SUDOKU_6 = _run(
    "sudoku-6x6",
    1_600,
    64,
    2e-3,
    AIRConfig("sudoku-6x6", hidden=96, heads=6, layers=2, expansion=2.0, q_continue=False),
    optimizer="muon",
    act_steps=8,
)
_MAZE = _run(
    "maze-9x9",
    1_000,
    64,
    1e-3,
    AIRConfig("maze-9x9", hidden=64, heads=2, layers=2, convolution=3, q_continue=False),
)
_CONVOLUTION = "with a convolution in addition to attention, without which mazes are not learned in this time"

_AVERAGE = "keeps an average of the weights; raw and averaged weights are measured in both precisions"
_AVERAGED = dataclasses.replace(_SUDOKU_4, ema=0.995)

_ALL = (
    Experiment("injection-4x4", "injection", tuple(INJECTIONS), 5, _SUDOKU_4),
    Experiment("injection-6x6", "injection", tuple(INJECTIONS), 5, _SUDOKU_6),
    Experiment(
        "level-token-4x4-float32",
        "level-token",
        ABLATIONS["level-token"],
        5,
        dataclasses.replace(_SUDOKU_4, dtype="float32"),
    ),
    Experiment("level-token-4x4-bfloat16", "level-token", ABLATIONS["level-token"], 5, _SUDOKU_4),
    Experiment("operator-4x4", "operator", ABLATIONS["operator"], 3, _SUDOKU_4),
    Experiment("model-4x4", "model", ("Lx_H", "HRM", "TRM"), 3, _SUDOKU_4),
    Experiment("injection-maze-9x9", "injection", ("L_Hx", "Lx_H", "Lx_Hx", "L2x_H2x"), 3, _MAZE, _CONVOLUTION),
    Experiment("freeze-4x4-constant", "injection", ("Lx_H",), 3, _AVERAGED, _AVERAGE),
    Experiment(
        "freeze-4x4-cosine", "injection", ("Lx_H",), 3, dataclasses.replace(_AVERAGED, schedule="cosine"), _AVERAGE
    ),
)
EXPERIMENTS = {experiment.name: experiment for experiment in _ALL}
"""By name."""
