"""``air-envs ablate``: a family of variants trained with several seeds, the paper's table beside ours."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import tyro

from agents.analysis.sweep.members import ABLATIONS, members
from agents.cli.parsing import listed, parse
from agents.config.presets import PRESETS
from agents.config.recipes import generate_missing
from agents.config.training import TrainConfig


def main(args: list[str]) -> None:
    """Run ``air-envs ablate FAMILY --preset NAME``."""
    asks_help = not args or args[0] in ("-h", "--help")
    family, rest = ("FAMILY", ["--help"]) if asks_help else (args[0], args[1:])
    chooser = argparse.ArgumentParser(prog=f"air-envs ablate {family}", add_help=False, allow_abbrev=False)
    chooser.add_argument("--preset", choices=sorted(PRESETS))
    chooser.add_argument("--seeds", type=int, default=3)
    chooser.add_argument("--puzzles", type=int)
    chooser.add_argument("--only", nargs="+", default=[])
    chosen, rest = chooser.parse_known_args(rest)
    if not asks_help:
        members(family, tuple(chosen.only))  # a wrong name is said before torch is loaded
    config = _configure(family, chosen.preset, rest)

    from agents.analysis import ablate
    from agents.analysis.sweep.ablation import SUMMARY

    if chosen.preset:
        generate_missing(chosen.preset, config)
    found = ablate(family, config, chosen.seeds, chosen.puzzles, tuple(chosen.only))
    print(f"{found.table()}\n\nnumbers in {config.output / SUMMARY}, the picture beside them")


def _configure(family: str, preset: str | None, args: list[str]) -> TrainConfig:
    rows = "\n".join(f"  {name}: {', '.join(names)}" for name, names in ABLATIONS.items())
    description = (
        "Train every member of a family of variants with several seeds; measure each on the test split.\n\n"
        f"FAMILY is one of\n{rows}\n\n"
        "Start from one of these with --preset NAME, which generates its dataset where there is none:\n"
        f"{listed(PRESETS)}\n\n"
        "Train each with N seeds, by default 3, from --seed on, with --seeds N; some members alone with --only NAME "
        "...\n\nMeasure on the first N test puzzles with --puzzles N.\n\n"
        "Called again, it skips what is finished and goes on with what was interrupted."
    )
    default = tyro.MISSING_NONPROP
    if preset is not None:
        default = dataclasses.replace(PRESETS[preset], output=Path("runs") / f"{preset}-{family}")
    return parse(TrainConfig, f"air-envs ablate {family}", args, description=description, default=default)
