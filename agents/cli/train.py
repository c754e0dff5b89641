"""``air-envs train``: a preset, or a run to resume, and any field of it as a flag."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import tyro

from agents.cli.names import require_model, require_run
from agents.cli.parsing import listed, parse
from agents.config.model import to_json
from agents.config.presets import PRESETS
from agents.config.recipes import generate_missing
from agents.config.training import TrainConfig
from agents.config.variants import VARIANTS, variant_training

if TYPE_CHECKING:
    from agents.training.processes import Processes


def main(args: list[str]) -> None:
    """Train AIR, or go on with an interrupted run."""
    chooser = argparse.ArgumentParser(prog="air-envs train", add_help=False, allow_abbrev=False)
    chooser.add_argument("--preset", choices=sorted(PRESETS))
    chooser.add_argument("--variant", metavar="NAME")
    chooser.add_argument("--resume", type=Path, metavar="RUN")
    chooser.add_argument("--from-step", type=int, metavar="STEP")
    chosen, rest = chooser.parse_known_args(args)
    if chosen.resume and (rest or chosen.preset or chosen.variant):
        named = [word for name in ("preset", "variant") if (word := getattr(chosen, name))]
        raise ValueError(f"--resume takes the run's own configuration, found also {' '.join([*named, *rest])}")
    if chosen.from_step is not None and not chosen.resume:
        raise ValueError("--from-step chooses among the checkpoints of a run, expected --resume RUN as well")
    if chosen.resume:
        require_run(chosen.resume)
    config = None if chosen.resume else _configure(chosen.preset, chosen.variant, rest)
    if config and config.init_from is not None:
        require_model(config.init_from)

    from agents.training.processes import joined

    with joined() as processes:
        if config and chosen.preset and processes.is_main:
            generate_missing(chosen.preset, config)
        processes.wait()
        _train(config, chosen.resume, chosen.from_step, processes)


def _train(config: TrainConfig | None, run: Path, from_step: int | None, processes: Processes) -> None:
    """Train as ``config`` says, or go on with ``run``; the first of the processes speaks for all."""
    from agents.checkpoints.folder import BEST, rewind
    from agents.figures.training_curve import draw_training_curve
    from agents.hub.cards import write_card
    from agents.training.trainer import Trainer

    if from_step is not None and processes.is_main:
        rewind(run, from_step)
    processes.wait()
    trainer = Trainer(config) if config else Trainer.resume(run)
    if processes.is_main:
        print(to_json(trainer.config), end="")
    evaluation = trainer.train()
    if processes.is_main:
        run = trainer.config.output
        write_card(run)
        print(f"{evaluation}\nmodel and metrics in {run}, the best in {run / BEST}, {draw_training_curve(run)}")


def _configure(preset: str | None, variant: str | None, args: list[str]) -> TrainConfig:
    description = (
        "Train AIR with supervised targets.\n\n"
        "Start from one of these with --preset NAME, which generates its dataset where there is none:\n"
        f"{listed(PRESETS)}\n\n"
        "Train another model of the paper with --variant NAME, or with several names joined by +:\n"
        f"{listed(VARIANTS)}\n\n"
        "Each network of HRM is as deep as the preset's; TRM keeps an average of the weights, as its authors do.\n\n"
        "Go on with an interrupted run with --resume RUN, bit for bit; with --from-step STEP, from an earlier "
        "checkpoint.\n\n"
        "Train on N processes with torchrun --nproc-per-node N -m agents train ..."
    )
    # tyro takes the absence of a default as its own sentinel, None as a value.
    default = tyro.MISSING_NONPROP if preset is None else PRESETS[preset]
    if variant is not None:
        default = _variant(preset, variant)
    return parse(TrainConfig, "air-envs train", args, description=description, default=default)


def _variant(preset: str | None, name: str) -> TrainConfig:
    """Return a preset's run, or one whose dataset and output the user has to name, of another of the paper's models."""
    if preset is None:
        config = TrainConfig(dataset=tyro.MISSING, output=tyro.MISSING)
    else:
        config = dataclasses.replace(PRESETS[preset], output=PRESETS[preset].output.with_name(f"{preset}-{name}"))
    # Weights of another model fit no variant.
    return dataclasses.replace(config, model=config.model.as_variant(name), init_from=None, **variant_training(name))
