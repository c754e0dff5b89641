"""``air-envs eval``: a trained model on unseen puzzles, on tensors and through the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import tyro


def evaluate_command(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DATASET")],
    split: str = "test",
    puzzles: int | None = None,
    act_steps: int | None = None,
    batch: int = 256,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    output: Path | None = None,
) -> None:
    """Measure exact accuracy, the papers' number, and play the same puzzles as episodes of the environment.

    Args:
        run: folder of a training run, or a model's name on the hub.
        dataset: HDF5 file.
        split: of the dataset.
        puzzles: how many, from the first on; by default all.
        act_steps: ACT steps per puzzle, on tensors alone; by default the model's maximum, and episodes too.
        batch: puzzles at a time.
        device: cpu, cuda, mps or auto.
        dtype: precision of the hidden states.
        output: JSON file of the numbers; by default eval.json in the folder RUN.
    """
    from agents.agent import AIRAgent
    from agents.batches import open_dataset
    from agents.evaluation import evaluate
    from agents.play import judge
    from puzzles.files import replacing

    agent = AIRAgent.from_pretrained(run, device, dtype)
    data = open_dataset(dataset, agent.family.name)
    found = (
        judge(agent, data, split, puzzles, batch)
        if act_steps is None
        else evaluate(agent, data, split, puzzles, act_steps, batch)
    )
    print(found)
    if output is None and Path(run).is_dir():
        output = Path(run) / "eval.json"
    if output is not None:
        with replacing(output) as temporary:
            summary = {"run": run, "dataset": str(dataset), **found.summary()}
            temporary.write_text(json.dumps(summary, indent=2) + "\n")
        print(f"numbers in {output}")


def main(args: list[str]) -> None:
    """Run ``air-envs eval RUN DATASET``."""
    tyro.cli(evaluate_command, prog="air-envs eval", args=args)
