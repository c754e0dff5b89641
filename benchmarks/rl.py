"""The table of learning agents in docs/learning-on-these-environments.md, from the records in results/rl.

    python -m benchmarks.rl baselines               # random, greedy and solver on every environment
    python -m benchmarks.rl record runs/rl/*        # trained agents, folders of air-envs train-rl
    python -m benchmarks.rl air sudoku-6x6 MODEL    # a supervised AIR model: it proposes whole grids, and plays moves
    python -m benchmarks.rl table                   # writes the tables into the page, and draws the learning curves

Each agent of seed s plays the same 1,000 puzzles of seed s, which no training draws, or the first N of them with
``--puzzles N``. A record replaces the one of the same environment, row and seed.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import itertools
import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch

from agents.config.rl import RLConfig, rl_config_json
from agents.config.training import VALIDATION
from agents.evaluation.records import current_commit, hardware
from agents.evaluation.solving import answer
from agents.evaluation.sources import proportion
from agents.rl.baselines import BASELINES
from agents.rl.measuring import Measured, measure, unseen_puzzles
from agents.rl.moves import AIRMoves
from agents.rl.saved import load
from agents.thinking.agent import AIRAgent
from agents.training.runs.log import read_metrics
from benchmarks.leaderboard import ROOT
from benchmarks.markdown import between_marks
from benchmarks.rl_curves import draw_curves
from benchmarks.rl_settings import FOLDER, PUZZLES, SEEDS, SETTINGS, Record, read_records, rules_of, write_record
from benchmarks.rl_table import tables

PAGE = ROOT / "docs" / "learning-on-these-environments.md"
CURVES = ROOT / "docs" / "learning-curves.png"
BEGIN = "<!-- python -m benchmarks.rl table writes this -->"
HALT = 0.99


def main(words: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(words)
    folder = ROOT / FOLDER
    command = f"python -m benchmarks.rl {shlex.join(sys.argv[1:] if words is None else words)}"
    if asked.what == "table":
        known = read_records(folder)
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), known), encoding="utf-8")
        print(PAGE.relative_to(ROOT), draw_curves(known, CURVES).relative_to(ROOT))
        return
    if asked.what == "baselines":
        records = baseline_records(asked.environments, asked.seeds, asked.puzzles)
    elif asked.what == "record":
        records = (run_record(run, asked.puzzles) for run in asked.folders)
    else:
        given = asked.environment, asked.model, asked.act_steps, asked.seeds, asked.puzzles
        records = itertools.chain.from_iterable(WAYS[way](*given) for way in asked.ways)
    for record in records:
        path = write_record(record | {"command": command}, folder)
        print(f"{path.name}: {record['solved']['accuracy']:.1%}")


def page(text: str, records: list[Record]) -> str:
    """Return the page with the tables of these records between its marks."""
    return between_marks(text, tables(records), BEGIN)


def baseline_records(
    environments: Iterable[str] = tuple(SETTINGS), seeds: Iterable[int] = SEEDS, puzzles: int = PUZZLES
) -> Iterable[Record]:
    """Measure the agents that learn nothing; their moves are drawn by their probabilities."""
    for name in environments:
        _, id, arguments = SETTINGS[name]
        env: Any = gym.make(id, **arguments).unwrapped
        for row, baseline in BASELINES.items():
            policy = baseline(env.family)
            for seed in seeds:
                found = measure(policy, id, arguments, puzzles=puzzles, seed=seed, deterministic=False)
                yield _record(name, row, seed, found)


def run_record(run: Path, puzzles: int = PUZZLES) -> Record:
    """Measure a trained agent by its most probable moves.

    Args:
        run: a folder of ``air-envs train-rl``.
        puzzles: how many unseen ones.

    Raises:
        ValueError: a run of another environment or with other rules than in ``SETTINGS``, or of no row of the table.
    """
    agent = load(run)
    name, row = environment_of(agent.config), row_of(agent.config)
    setting, seed = SETTINGS[name], agent.config.seed
    found = measure(agent.policy, setting.id, setting.arguments, puzzles=puzzles, seed=seed)
    config = json.loads(rl_config_json(dataclasses.replace(agent.config, output=Path(run.name))))
    return _record(name, row, seed, found, training_of(run), config)


def proposal_records(
    environment: str, model: str, act_steps: int | None = None, seeds: Iterable[int] = SEEDS, puzzles: int = PUZZLES
) -> Iterable[Record]:
    """Measure a supervised AIR model that proposes whole grids, judged by the rules.

    Args:
        environment: a key of ``SETTINGS``.
        model: folder or name.
        act_steps: at most; None takes the model's own maximum. They are the steps of the record.
        seeds: of the puzzles.
        puzzles: how many of each seed.
    """
    setting = SETTINGS[environment]
    for seed in seeds:
        held = unseen_puzzles(setting.id, setting.arguments, puzzles, seed)
        agent = AIRAgent.from_pretrained(model, family=held.family.name)
        found = answer(agent, held.take(np.arange(len(held))).puzzle, act_steps, HALT)
        played = Measured(found.right, found.steps.astype(np.int64), found.right.astype(np.float64), 0.0)
        yield _record(environment, "air-proposals", seed, played, model=Path(model).name)


def move_records(
    environment: str, model: str, act_steps: int | None = None, seeds: Iterable[int] = SEEDS, puzzles: int = PUZZLES
) -> Iterable[Record]:
    """Measure a supervised AIR model that plays its most probable move after thinking about the board.

    Args:
        environment: a key of ``SETTINGS``.
        model: folder or name.
        act_steps: before each move; None takes the model's own maximum.
        seeds: of the puzzles.
        puzzles: how many of each seed.
    """
    _, id, arguments = SETTINGS[environment]
    env: Any = gym.make(id, **arguments).unwrapped
    policy = AIRMoves(model, act_steps, env.family)
    for seed in seeds:
        found = measure(policy, id, arguments, puzzles=puzzles, seed=seed)
        yield _record(environment, "air-moves", seed, found, model=Path(model).name)


WAYS = {"proposals": proposal_records, "moves": move_records}
"""How a supervised AIR model may act."""


def environment_of(config: RLConfig) -> str:
    """Return the key of the setting that a run was trained on: the same puzzles and rules, whatever the reward.

    Raises:
        ValueError: none of them.
    """
    rules = rules_of(config.task)
    for name, setting in SETTINGS.items():
        if (config.task.id, rules) == (setting.id, setting.arguments):
            return name
    raise ValueError(f"{config.output}: trained on {config.task.id} {rules}, expected one of {list(SETTINGS)}")


def row_of(config: RLConfig) -> str:
    """Return the row of a run: its algorithm, or that it fine-tunes AIR.

    Raises:
        ValueError: a run of no row.
    """
    if config.policy == "air" and config.algorithm == "maskable_ppo":
        return "air-frozen" if config.freeze else "air-warm"
    if config.init_from is None:
        return config.algorithm
    found = f"{config.algorithm} of policy {config.policy} from {config.init_from}"
    raise ValueError(f"{config.output}: {found}, expected a row of the table")


def training_of(run: Path) -> dict[str, Any]:
    """Return the environment steps that a run took, its minutes without evaluations, and its learning curve.

    The curve has for each evaluation the step and the fraction of unseen puzzles solved.

    Raises:
        ValueError: metrics without a line that says so.
    """
    lines = list(read_metrics(run))
    timed = [line for line in lines if "seconds" in line]
    if not timed:
        raise ValueError(f"{run}: no line of its metrics has seconds, expected the folder of a run")
    last = max(timed, key=lambda line: line["step"])
    curve = [[line["step"], line["solved"]] for line in lines if line["split"] == VALIDATION]
    return {"steps": last["step"], "minutes": round(last["seconds"] / 60, 4), "curve": curve}


def _record(
    environment: str,
    row: str,
    seed: int,
    found: Measured,
    training: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    model: str | None = None,
) -> Record:
    setting = SETTINGS[environment]
    return {
        "environment": environment,
        "row": row,
        "seed": seed,
        "id": setting.id,
        "arguments": setting.arguments,
        "puzzles": found.count,
        "solved": proportion(found.solved),
        "mean_steps": round(found.mean_steps, 3),
        "mean_return": round(found.mean_return, 6),
        "training": training,
        "config": config,
        "model": model,
        "hardware": hardware(torch.device("cpu")),
        "date": datetime.date.today().isoformat(),
        "commit": current_commit(),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("table", help="write the page")
    baselines = commands.add_parser("baselines", help="measure what learns nothing")
    baselines.add_argument("--environments", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    record = commands.add_parser("record", help="measure trained agents")
    record.add_argument("folders", nargs="+", type=Path)
    air = commands.add_parser("air", help="measure a supervised AIR model")
    air.add_argument("environment", choices=SETTINGS)
    air.add_argument("model")
    air.add_argument("--act-steps", type=int, default=None, help="at most, of a proposal; before each move")
    air.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    for each in (baselines, record, air):
        each.add_argument("--puzzles", type=int, default=PUZZLES)
    for each in (baselines, air):
        each.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    return parser


if __name__ == "__main__":
    main()
