"""Training runs by name. A preset is a whole ``TrainConfig``; each of its fields is a flag of ``air-envs train``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from agents.config.model import AIRConfig, Mixer
from agents.config.training import TrainConfig


def _data(name: str) -> Path:
    """The path of a recipe's dataset."""
    return Path(f"data/{name}.h5")


def _also(batches: dict[str, int]) -> tuple[tuple[Path, int], ...]:
    """Further datasets, each with its batch."""
    return tuple((_data(name), batch) for name, batch in batches.items())


# The paper's model and rule; batches of Maze-Hard are the paper's global batch, and its mazes had no symmetry copies.
_PAPER = {
    "sudoku-extreme-1k": TrainConfig(
        dataset=_data("sudoku-extreme-1k"),
        output=Path("runs/sudoku-extreme-1k"),
        model=AIRConfig(family="sudoku-9x9"),
    ),
    "maze-hard-1k": TrainConfig(
        dataset=_data("maze-hard-1k"),
        output=Path("runs/maze-hard-1k"),
        model=AIRConfig(family="maze-30x30"),
        symmetry=False,
    ),
}
# The same puzzles drawn as the authors' loader does, 1,001 copies of each Sudoku in all.
_PAPER |= {
    f"{name}-paper-data": dataclasses.replace(
        config,
        output=Path(f"runs/{name}-paper-data"),
        data_order="epochs",
        copies=1_000 if config.symmetry else None,
    )
    for name, config in _PAPER.items()
}


def _cpu(name: str, steps: int, batch: int, lr: float, model: AIRConfig, **others: Any) -> TrainConfig:
    """Small models for a core of a laptop: they halt on q_halt alone and keep an average of the weights."""
    config = TrainConfig(
        dataset=_data(name),
        output=Path(f"runs/{name}"),
        model=model,
        steps=steps,
        batch=batch,
        optimizer="adamw",
        lr=lr,
        weight_decay=0.1,
        warmup=100,
        schedule="cosine",
        clip=1.0,
        ema=0.995,
        loss="softmax",
        eval_every=max(1, steps // 4),
        checkpoint_every=max(1, steps // 4),
    )
    return dataclasses.replace(config, **others)


_SMALL = AIRConfig(
    family="sudoku-4x4", hidden=64, heads=2, layers=2, max_steps=8, position="structured", q_continue=False
)
_LH = dataclasses.replace(_SMALL, h_cycles=1, l_cycles=1, position="none")
# With a convolution a maze is learned in minutes; attention alone takes all its open cells for alike.
_LOCAL = dataclasses.replace(_LH, convolution=3, max_steps=16)
# A path of many updates drifts off again where training halts as soon as it is found, or rarely goes on to the end; and
# the halting head's one decision about a maze would outweigh the many that make its path.
_STEADY: dict[str, Any] = {"early_halting": False, "random_act_steps": 8, "halting_weight": 0.05}


def _sudoku(
    name: str, steps: int, batch: int, lr: float, mixing: dict[str, Any], cycles: int, max_steps: int, **others: Any
) -> TrainConfig:
    """Sudokus, the gradient through all cycles of an ACT step. In 8 of those a model learns to go on for many more."""
    model = dataclasses.replace(
        _LH, **mixing, expansion=2.0, h_cycles=cycles, gradient="LH" * cycles, max_steps=max_steps
    )
    fields = {"optimizer": "muon", "halting_weight": 0.1, "act_steps": 8, **others}
    return _cpu(name, steps, batch, lr, model, **fields)


# For puzzles most of which are beyond the model at first.
_FAR: dict[str, Any] = {"loss_knee": 0.2, "ema": 0.998}


def _units(side: int) -> dict[str, Any]:
    """Attention inside rows, columns and boxes."""
    return {"family": f"sudoku-{side}x{side}", "mixer": "units", "hidden": 96, "heads": 6}


def _candidates(side: int) -> dict[str, Any]:
    """A state of 32 channels per cell and digit."""
    return {"family": f"sudoku-{side}x{side}", "mixer": "candidates", "hidden": 32 * side, "heads": 1}


def _percolation(
    name: str, steps: int, batch: int, lr: float, side: int, max_steps: int, mixer: Mixer = "attention", **others: Any
) -> TrainConfig:
    """Mazes that have many shortest paths; steady, as described above."""
    model = dataclasses.replace(_LOCAL, family=f"maze-{side}x{side}", max_steps=max_steps, mixer=mixer)
    fields = _STEADY | {"optimizer": "muon", "symmetry": False, "random_act_steps": max_steps // 2} | others
    return _cpu(name, steps, batch, lr, model, **fields)


# Large mazes see rows and columns alone, and need symmetry copies, as they are dear to generate.
_LARGE: dict[str, Any] = {
    "mixer": "units",
    "symmetry": True,
    "act_steps": 20,
    "random_act_steps": 10,
    "halting_weight": 0.02,
}

# What is too hard to learn from random weights is initialised from those of an easier preset, which are shipped.
PRESETS: dict[str, TrainConfig] = _PAPER | {
    "sudoku-4x4": _cpu("sudoku-4x4", 900, 256, 4e-3, _SMALL),
    # The same rule, attention inside rows, columns and boxes: learned in half a minute (the demo).
    "sudoku-4x4-units": _cpu(
        "sudoku-4x4-units",
        400,
        32,
        3e-3,
        dataclasses.replace(_SMALL, hidden=48, heads=6, mixer="units", position="none"),
        dataset=_data("sudoku-4x4"),
        warmup=50,
        ema=0.99,
        eval_every=400,
        eval_puzzles=200,
        checkpoint_every=400,
    ),
    "sudoku-6x6": _sudoku("sudoku-6x6", 1_000, 32, 2e-3, _units(6), 2, 16),
    "sudoku-6x6-minimal": _sudoku("sudoku-6x6-minimal", 1_500, 32, 2e-3, _units(6), 2, 16),
    "sudoku-9x9-easy": _sudoku("sudoku-9x9-easy", 1_200, 32, 2e-3, _units(9), 2, 16),
    "sudoku-9x9-minimal": _sudoku("sudoku-9x9-minimal", 700, 64, 3e-3, _candidates(9), 4, 24, schedule="constant"),
    "sudoku-candidates-1k": _sudoku("sudoku-candidates-1k", 5_000, 32, 3e-3, _candidates(9), 4, 24, **_FAR),
    "sudoku-extreme": _sudoku(
        "sudoku-extreme", 14_000, 32, 1.5e-3, _candidates(9), 4, 24, init_from="air_envs/sudoku-9x9-minimal", **_FAR
    ),
    # Weights of candidates fit any side.
    "sudoku-16x16": _sudoku(
        "sudoku-16x16",
        3_400,
        8,
        1.5e-3,
        _candidates(16),
        4,
        32,
        init_from="air_envs/sudoku-extreme",
        act_steps=16,
        eval_puzzles=100,
        **_FAR,
    ),
    # One model for all shapes, a step on each in turn.
    "sudoku-any": _sudoku(
        "sudoku-any",
        7_000,
        32,
        1.5e-3,
        _candidates(9),
        4,
        48,
        dataset=_data("sudoku-extreme"),
        also=_also(
            {
                "sudoku-4x4": 32,
                "sudoku-6x6-minimal": 32,
                "sudoku-8x8": 32,
                "sudoku-10x10": 32,
                "sudoku-12x12": 24,
                "sudoku-16x16": 12,
            }
        ),
        init_from="air_envs/sudoku-extreme",
        act_steps=24,
        eval_every=3_500,
        eval_puzzles=50,
        **_FAR,
    ),
    "maze-9x9": _cpu("maze-9x9", 2_000, 64, 1e-3, dataclasses.replace(_LOCAL, family="maze-9x9"), **_STEADY),
    "maze-15x15": _percolation("maze-15x15", 4_000, 32, 1.5e-3, 15, 16),
    "maze-20x20": _percolation("maze-20x20", 2_800, 16, 1e-3, 20, 24, init_from="air_envs/maze-15x15"),
    "maze-hard": _percolation(
        "maze-hard",
        8_000,
        32,
        1e-3,
        30,
        32,
        init_from="air_envs/maze-20x20",
        **_LARGE,
    ),
    "maze-any": _percolation(
        "maze-any",
        9_000,
        12,
        1e-3,
        30,
        32,
        dataset=_data("maze-hard"),
        also=_also({"maze-9x9": 32, "maze-15x15": 32, "maze-21x21": 16}),
        init_from="air_envs/maze-hard",
        eval_puzzles=100,
        **_LARGE,
    ),
}
