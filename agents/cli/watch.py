"""``air-envs watch``: a trained model thinking, update by update."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from agents.cli.names import require_model
from agents.cli.parsing import parse


def watch_command(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    puzzle: str | None = None,
    dataset: Path | None = None,
    index: int = 0,
    seed: int = 0,
    act_steps: int | None = None,
    output: Path | None = None,
    ms_per_update: int = 250,
    family: str | None = None,
) -> None:
    """Watch every L- and H-update of one puzzle: board, decoded z_H and decoded z_L side by side.

    Args:
        run: folder of a training run, a shipped model such as sudoku-6x6, or hf://owner/name on the hub.
        puzzle: the puzzle, such as 53..7....6..195... with all its cells in a row; docs/formats.md shows what is read.
        dataset: HDF5 file whose test split holds the puzzle; by default one is generated, of the kind that the model
            was trained on where that is known. Its grid shape may be another than the model's, where the weights fit
            any.
        index: which puzzle of the test split.
        seed: of the generated puzzle.
        act_steps: ACT steps at most; by default the model's maximum.
        output: write OUTPUT.gif and OUTPUT.png instead of opening a window.
        ms_per_update: how long the window shows each update.
        family: of the generated puzzle, another grid shape such as maze-15x15; or of --puzzle, where a text could be of
            several.
    """
    import puzzles
    from puzzles.dataset import Dataset

    if dataset and (family or puzzle is not None):
        raise ValueError(f"{'--family' if family else '--puzzle'} with --dataset {dataset}, expected one of them")
    require_model(run)
    # Wrong names and puzzles are said at once, before torch is loaded.
    data = Dataset(dataset) if dataset else None
    shown = None
    if puzzle is not None:
        parsed, shown = puzzles.parse(puzzle, family)
        parsed.check(shown[None])
        family = parsed.name

    from agents.hub.generator import fresh_puzzle
    from agents.pretrained import find
    from agents.thinking.agent import AIRAgent
    from agents.thinking.rollout import rollout_frames, save_rollout

    agent = AIRAgent.from_pretrained(run, family=data.family.name if data else family)
    title = agent.family.name
    if data is not None:
        rows = data.split("test")
        if not 0 <= index < len(rows.puzzle):
            raise ValueError(f"{dataset}: no test puzzle {index}, expected 0 to {len(rows.puzzle) - 1}")
        shown, title = rows.puzzle[index], f"{title}, test puzzle {index}"
    elif shown is None:
        shown, title = fresh_puzzle(agent.family, seed, find(run)), f"{title}, seed {seed}"
    observation = {"puzzle": shown}
    if output is not None:
        print(*save_rollout(agent, observation, output, title, act_steps), sep="\n")
        return
    from air_envs.drawing.rollout import show_frames

    show_frames(agent.family, rollout_frames(agent, observation, title, act_steps), ms_per_update)


def main(args: list[str]) -> None:
    """Run ``air-envs watch RUN``."""
    parse(watch_command, "air-envs watch", args)
