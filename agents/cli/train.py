"""``air-envs train``: a preset, or a run to resume, and any field of it as a flag."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from agents.cli.names import require_model, require_run
from agents.cli.parsing import listed, parse
from agents.config.model import to_json
from agents.config.presets import PRESETS
from agents.config.recipes import generate_missing
from agents.config.training import MAY_CHANGE, TRAIN_CONFIG, TrainConfig, differences, read_train_config
from agents.config.variants import VARIANTS, variant_training

if TYPE_CHECKING:
    from agents.training.processes import Processes
    from agents.training.trainer import Trainer


def main(args: list[str]) -> None:
    """Train AIR, or resume an interrupted run."""
    chooser = argparse.ArgumentParser(prog="air-envs train", add_help=False, allow_abbrev=False)
    chooser.add_argument("--preset", choices=sorted(PRESETS))
    chooser.add_argument("--variant", metavar="NAME")
    chooser.add_argument("--resume", type=Path, metavar="RUN")
    chooser.add_argument("--from-step", type=int, metavar="STEP")
    chooser.add_argument("--overwrite", action="store_true")
    chosen, rest = chooser.parse_known_args(args)
    if chosen.resume and (chosen.preset or chosen.variant or chosen.overwrite):
        named = [word for name in ("preset", "variant") if (word := getattr(chosen, name))]
        found = " ".join([*named, *(["--overwrite"] if chosen.overwrite else [])])
        raise ValueError(f"--resume takes the run's own configuration, found also {found}")
    if chosen.from_step is not None and not chosen.resume:
        raise ValueError("--from-step chooses among the checkpoints of a run, expected --resume RUN as well")
    if chosen.resume:
        require_run(chosen.resume)
    config = None if chosen.resume else _configure(chosen.preset, chosen.variant, rest)
    if config and config.init_from is not None:
        require_model(config.init_from)
    own = _own(chosen.resume, rest) if chosen.resume else None
    changes = _changes(own, rest)

    from agents.training.processes import joined

    with joined() as processes:
        if config:
            trainer = _begin(config, chosen.preset, chosen.overwrite, processes)
        else:
            trainer = _resume(chosen.resume, chosen.from_step, own, changes, processes)
        _train(trainer, chosen.overwrite)


def _begin(config: TrainConfig, preset: str | None, overwrite: bool, processes: Processes) -> Trainer:
    """Prepare a new run, and generate what a preset trains on; the first of the processes writes for all."""
    from agents.training.runs.folder import require_new_run
    from agents.training.trainer import Trainer

    if processes.is_main:
        require_new_run(config.output, overwrite)
        if preset:
            generate_missing(preset, config)
    processes.wait()
    return Trainer(config)


def _resume(
    run: Path, from_step: int | None, own: TrainConfig | None, changes: dict[str, Any], processes: Processes
) -> Trainer:
    """Go on with a run, with changes to its own configuration."""
    from agents.checkpoints.folder import rewind
    from agents.training.runs.folder import schedule_note
    from agents.training.trainer import Trainer

    if from_step is not None and processes.is_main:
        rewind(run, from_step)
    processes.wait()
    trainer = Trainer.resume(run, **changes)
    if own and processes.is_main and (note := schedule_note(own, trainer.config, trainer.step)):
        print(note)
    return trainer


def _train(trainer: Trainer, overwrite: bool) -> None:
    from agents.checkpoints.kinds import BEST
    from agents.figures.training_curve import draw_training_curve
    from agents.hub.cards import write_card

    if trainer.processes.is_main:
        print(to_json(trainer.config), end="")
        for note in filter(None, (task.note for task in trainer.tasks)):
            print(note)
    evaluation = trainer.train(overwrite=overwrite)
    if trainer.processes.is_main:
        run = trainer.config.output
        write_card(run)
        print(f"{evaluation}\nmodel and metrics in {run}, the best in {run / BEST}, {draw_training_curve(run)}")


def _own(run: Path, args: list[str]) -> TrainConfig | None:
    """Return a run's configuration, which further flags change; what is wrong with the folder, resuming says."""
    if not args:
        return None
    own = read_train_config(run, checked=False)
    if own is None:
        raise ValueError(f"{run}: no {TRAIN_CONFIG} for {args[0]} to change, expected a run")
    return own


def _changes(own: TrainConfig | None, args: list[str]) -> dict[str, Any]:
    """Return the fields of a run's configuration that flags change, as ``Trainer.resume`` takes them."""
    if own is None:
        return {}
    wanted = _parsed(own, args)
    fields = {name.partition(".")[0] for name in differences(wanted, own)}
    return {name: getattr(wanted, name) for name in fields}


def _configure(preset: str | None, variant: str | None, args: list[str]) -> TrainConfig:
    description = (
        "Train AIR with supervised targets.\n\n"
        "Start from one of these with --preset NAME, which generates its dataset where there is none:\n"
        f"{listed(PRESETS)}\n\n"
        "Train another model of the paper with --variant NAME, or with several names joined by +:\n"
        f"{listed(VARIANTS)}\n\n"
        "Each network of HRM is as deep as the preset's; TRM keeps an average of the weights, as its authors do.\n\n"
        "Resume an interrupted run, bit for bit, with --resume RUN; with --from-step STEP, from an earlier "
        "checkpoint.\n\n"
        "Extend a run with --resume RUN --steps N. Besides the steps, a resumed run may change\n"
        f"{listed(name.replace('_', '-') for name in MAY_CHANGE if name != 'steps')}\n\n"
        "Replace the run or model that the output folder holds with --overwrite.\n\n"
        "Train on N processes with torchrun --nproc-per-node N -m agents train ..."
    )
    # tyro takes the absence of a default as its own sentinel, None as a value.
    default = tyro.MISSING_NONPROP if preset is None else PRESETS[preset]
    if variant is not None:
        default = _variant(preset, variant)
    return _parsed(default, args, description)


def _parsed(default: Any, args: list[str], description: str | None = None) -> TrainConfig:
    return parse(TrainConfig, "air-envs train", args, description=description, default=default)


def _variant(preset: str | None, name: str) -> TrainConfig:
    """Return a preset's run, or one whose dataset and output the user has to name, of another of the paper's models."""
    if preset is None:
        config = TrainConfig(dataset=tyro.MISSING, output=tyro.MISSING)
    else:
        config = dataclasses.replace(PRESETS[preset], output=PRESETS[preset].output.with_name(f"{preset}-{name}"))
    # Weights of another model fit no variant.
    return dataclasses.replace(config, model=config.model.as_variant(name), init_from=None, **variant_training(name))
