"""``air-envs ablate``: a family of variants or a planned experiment, trained with several seeds and compared."""

from __future__ import annotations

import argparse
import dataclasses
import re
from pathlib import Path
from typing import get_args

import tyro

from agents.analysis.sweep.experiments import EXPERIMENTS, Engine, Experiment, share
from agents.analysis.sweep.members import ABLATIONS, members
from agents.analysis.sweep.records import RECORDS
from agents.cli.parsing import listed, parse
from agents.config.presets import PRESETS
from agents.config.recipes import generate_missing
from agents.config.training import TrainConfig

_SHARE = re.compile(r"(\d+)/(\d+)")


def main(args: list[str]) -> None:
    """Run ``air-envs ablate FAMILY --preset NAME`` or ``air-envs ablate EXPERIMENT``."""
    asks_help = not args or args[0] in ("-h", "--help")
    family, rest = ("FAMILY", ["--help"]) if asks_help else (args[0], args[1:])
    if family in EXPERIMENTS:
        _experiment(EXPERIMENTS[family], rest)
    else:
        _family(family, rest, asks_help)


def _family(family: str, rest: list[str], asks_help: bool) -> None:
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
    from agents.analysis.sweep.results import SUMMARY

    if chosen.preset:
        generate_missing(chosen.preset, config)
    found = ablate(family, config, chosen.seeds, chosen.puzzles, tuple(chosen.only))
    print(f"{found.table()}\n\nnumbers in {config.output / SUMMARY}, the picture beside them")


def _experiment(experiment: Experiment, args: list[str]) -> None:
    """Train what has no record yet, several runs at once, and print the tables of all records."""
    parser = argparse.ArgumentParser(
        prog=f"air-envs ablate {experiment.name}",
        allow_abbrev=False,
        description=f"Train {', '.join(experiment.members)} with {experiment.seeds} seeds, measure them along the way, "
        "and compare them. Run it again to resume; finished runs are skipped.",
    )
    parser.add_argument("--seeds", type=int, help=f"how many seeds, from 0 on; {experiment.seeds} by default")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="members to train, or one share of all runs such as 2/8, for one task of a Slurm array",
    )
    parser.add_argument("--jobs", type=int, default=1, help="runs at once, each with one thread; 1 by default")
    parser.add_argument(
        "--engine",
        choices=get_args(Engine),
        default="local",
        help="processes of this machine, or a Ray cluster, whose workers send the records back and need no shared disk",
    )
    parser.add_argument(
        "--address", help="of a running Ray cluster, such as 10.0.0.1:6379; by default RAY_ADDRESS, else one is started"
    )
    parser.add_argument(
        "--compile",
        choices=("off", "blocks"),
        default="off",
        help="blocks compiles the Transformer blocks, which needs a C++ compiler: steps take two thirds of the time, "
        "and rounding differs",
    )
    parser.add_argument("--data", type=Path, help="HDF5 file; by default the preset's, generated where it is missing")
    parser.add_argument("--runs", type=Path, default=Path("runs/ablations"), help="folder of the training runs")
    parser.add_argument("--records", type=Path, default=RECORDS, help="folder of the records")
    parser.add_argument("--tables", action="store_true", help="train nothing, print the tables of all records")
    chosen = parser.parse_args(args)
    for flag, value in (("--seeds", chosen.seeds), ("--only", chosen.only)):
        if chosen.tables and value not in (None, []):
            raise ValueError(f"{flag} with --tables, expected --tables alone: the tables are of all records")
    shares = [match for word in chosen.only if (match := _SHARE.fullmatch(word))]
    if shares and len(chosen.only) > 1:
        raise ValueError(f"--only {' '.join(chosen.only)}, expected one share, or names of members")
    todo = experiment.chosen(chosen.seeds, () if shares else tuple(chosen.only))
    if shares:
        todo = share(todo, int(shares[0][1]), int(shares[0][2]))
    config = dataclasses.replace(
        experiment.config, dataset=chosen.data or experiment.config.dataset, compile=chosen.compile
    )
    experiment = dataclasses.replace(experiment, config=config)
    if not chosen.tables:
        _train(experiment, todo, chosen)

    from agents.analysis.sweep.comparison import compare

    found = compare(experiment, chosen.records)
    print(found)
    if found.records:
        from agents.analysis.sweep.figure import COMPARISON, draw_comparison

        print(f"\ndrawn in {draw_comparison(found, chosen.records / experiment.name / COMPARISON)}")


def _train(experiment: Experiment, todo: list[tuple[str, int]], chosen: argparse.Namespace) -> None:
    from agents.analysis.sweep.engines import run_all
    from agents.analysis.sweep.runs import jobs, make_dataset

    waiting = jobs(experiment, todo, chosen.runs, chosen.records)
    if not waiting:
        return
    make_dataset(experiment.config)
    where = "on Ray" if chosen.engine == "ray" else f"{chosen.jobs} at once"
    print(f"{len(waiting)} of {len(todo)} runs to do, {where}", flush=True)
    for number, (job, record) in enumerate(run_all(waiting, chosen.jobs, chosen.engine, chosen.address), 1):
        found = record["diverged"] if "diverged" in record else f"{record['test']['exact_accuracy']:.1%} exact"
        print(f"{number} of {len(waiting)}: {job}: {found}, {record['seconds']:.0f} s, {job.record}", flush=True)


def _configure(family: str, preset: str | None, args: list[str]) -> TrainConfig:
    rows = "\n".join(f"  {name}: {', '.join(names)}" for name, names in ABLATIONS.items())
    description = (
        "Train every member of a family of variants with several seeds; measure each on the validation split.\n\n"
        f"FAMILY is one of\n{rows}\n\n"
        "or one of these experiments, which re-test the paper and have flags of their own (air-envs ablate NAME --help)"
        f"\n{listed(EXPERIMENTS)}\n\n"
        "Start from one of these with --preset NAME, which generates its dataset where there is none:\n"
        f"{listed(PRESETS)}\n\n"
        "Train each with N seeds, by default 3, from --seed on, with --seeds N; some members alone with --only NAME "
        "...\n\nMeasure on the first N validation puzzles with --puzzles N.\n\n"
        "Run it again to resume: it skips what is finished and resumes what was interrupted."
    )
    default = tyro.MISSING_NONPROP
    if preset is not None:
        default = dataclasses.replace(PRESETS[preset], output=Path("runs") / f"{preset}-{family}")
    return parse(TrainConfig, f"air-envs ablate {family}", args, description=description, default=default)
