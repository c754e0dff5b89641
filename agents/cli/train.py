"""``air-envs train``: a preset, or a run to resume, and any field of it as a flag."""

from __future__ import annotations

import argparse
from pathlib import Path

import tyro

from agents.config import TrainConfig, to_json
from agents.presets import PRESETS


def main(args: list[str]) -> None:
    """Train AIR, or go on with an interrupted run."""
    chooser = argparse.ArgumentParser(prog="air-envs train", add_help=False)
    chooser.add_argument("--preset", choices=sorted(PRESETS))
    chooser.add_argument("--resume", type=Path, metavar="RUN")
    chosen, rest = chooser.parse_known_args(args)
    if chosen.resume and (rest or chosen.preset):
        found = [*(["--preset", chosen.preset] if chosen.preset else []), *rest]
        raise ValueError(f"--resume takes the run's own configuration, found also {' '.join(found)}")
    config = None if chosen.resume else _configure(chosen.preset, rest)

    from agents.figures import draw_training_curve
    from agents.trainer import Trainer

    if config is None:
        trainer = Trainer.resume(chosen.resume)
    else:
        print(to_json(config), end="")
        trainer = Trainer(config)
    evaluation = trainer.train()
    run = trainer.config.output
    print(f"{evaluation}\nmodel and metrics in {run}, curves in {draw_training_curve(run)}")


def _configure(preset: str | None, args: list[str]) -> TrainConfig:
    description = (
        "Train AIR with supervised targets.\n\n--preset NAME starts from one of: "
        + ", ".join(sorted(PRESETS))
        + ".\n\n--resume RUN goes on with the run in that folder, bit for bit."
    )
    # tyro takes the absence of a default as its own sentinel, None as a value.
    default = tyro.MISSING_NONPROP if preset is None else PRESETS[preset]
    return tyro.cli(TrainConfig, prog="air-envs train", description=description, args=args, default=default)
