"""``air-envs train-rl``: a preset, or a run to resume, and any field of it as a flag."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from agents.cli.parsing import listed, parse
from agents.config.model import to_json
from agents.config.rl import MAY_CHANGE, RL_CONFIG, USED_BY, RLConfig, read_rl_config
from agents.config.rl_presets import RL_PRESETS
from agents.config.training import differences


def main(args: list[str]) -> None:
    """Train an agent by reinforcement or imitation, or go on with an interrupted run."""
    chooser = argparse.ArgumentParser(prog="air-envs train-rl", add_help=False, allow_abbrev=False)
    chooser.add_argument("--resume", type=Path, metavar="RUN")
    chooser.add_argument("--overwrite", action="store_true")
    chosen, rest = chooser.parse_known_args(args)
    preset = rest.pop(0) if rest and not rest[0].startswith("-") else None
    if preset is not None and preset not in RL_PRESETS:
        raise ValueError(f"no preset {preset!r}, expected one of {', '.join(RL_PRESETS)}")
    if chosen.resume and (preset or chosen.overwrite):
        raise ValueError(f"--resume takes the run's own configuration, found also {preset or '--overwrite'}")
    if chosen.resume:
        own = _own(chosen.resume)
        _go_on(chosen.resume, _changes(own, rest))
    elif preset is None and not {"-h", "--help"} & set(rest):
        raise ValueError(f"no preset, expected one of {', '.join(RL_PRESETS)}, or --resume RUN")
    else:
        _start(_parsed(RL_PRESETS[preset or next(iter(RL_PRESETS))], rest), chosen.overwrite)


def _start(config: RLConfig, overwrite: bool) -> None:
    from agents.rl.learning.runs import require_new_run

    require_new_run(config.output, overwrite)  # before the configuration is printed
    _train(config, resume=False, overwrite=overwrite)


def _go_on(run: Path, changes: dict[str, Any]) -> None:
    from agents.rl.learning.runs import resumed

    _train(resumed(run, changes), resume=True)


def _train(config: RLConfig, resume: bool, overwrite: bool = False) -> None:
    from agents.rl.learning.training import train

    print(to_json(config), end="", flush=True)
    found = train(config, resume, overwrite=overwrite)
    low, high = found.interval
    print(
        f"solved {found.solved_count:,} of {found.count:,} unseen puzzles, {low:.1%} to {high:.1%}\n"
        f"model and metrics in {config.output}"
    )


def _own(run: Path) -> RLConfig:
    """Return a run's configuration, which further flags change."""
    if not (run / RL_CONFIG).is_file():
        raise ValueError(f"{run}: no {RL_CONFIG}, expected the folder of a run of air-envs train-rl")
    return read_rl_config(run)


def _parsed(default: RLConfig, args: list[str]) -> RLConfig:
    description = (
        "Train an agent with Stable-Baselines3: air-envs train-rl PRESET. The presets:\n"
        f"{listed(RL_PRESETS)}\n\n"
        "Choose the algorithm with --algorithm: the defaults of each preset are those of maskable_ppo.\n\n"
        "Resume an interrupted run with --resume RUN, and extend it with --steps N as well. A resumed run may change\n"
        f"{listed(name.replace('_', '-') for name in MAY_CHANGE)}\n\n"
        "Replace the run that the output folder holds with --overwrite."
    )
    config: RLConfig = parse(RLConfig, "air-envs train-rl", args, description=description, default=default)
    _require_used(config, args)
    return config


def _require_used(config: RLConfig, args: list[str]) -> None:
    """Refuse flags that have no effect with the algorithm or the policy; a preset may well have such fields.

    Raises:
        ValueError: there is one.
    """
    given = {word.partition("=")[0][2:].replace("-", "_") for word in args if word.startswith("--")}
    for kind, fields in USED_BY.items():
        chosen = getattr(config, kind)
        for name, users in fields.items():
            if name in given and chosen not in users:
                raise ValueError(f"{name} with {kind} {chosen}, expected {' or '.join(users)}")


def _changes(own: RLConfig, args: list[str]) -> dict[str, Any]:
    """Return the fields of a run's configuration that flags change."""
    wanted = _parsed(own, args) if args else own
    return {name: getattr(wanted, name) for name in {name.partition(".")[0] for name in differences(wanted, own)}}
