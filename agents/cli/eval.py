"""``air-envs eval``: a trained model on unseen puzzles, on tensors and through the environment."""

from __future__ import annotations

import json
from pathlib import Path

import tyro


def evaluate_command(
    run: tyro.conf.Positional[Path],
    dataset: tyro.conf.Positional[Path],
    split: str = "test",
    puzzles: int | None = None,
    act_steps: int | None = None,
    batch: int = 256,
    device: str = "auto",
    environment: bool = True,
    output: Path | None = None,
) -> None:
    """Measure exact accuracy, the papers' number, and play the same puzzles as episodes of the environment.

    Args:
        run: folder of a training run, or a model's name on the hub.
        dataset: HDF5 file.
        split: of the dataset.
        puzzles: how many, from the first on; by default all.
        act_steps: ACT steps per puzzle; by default the model's maximum. Other numbers skip the environment.
        batch: puzzles at a time.
        device: cpu, cuda, mps or auto.
        environment: also play the puzzles in their Gymnasium environment.
        output: JSON file of the numbers; by default RUN/eval.json.
    """
    from agents.agent import AIRAgent
    from agents.batches import open_dataset
    from agents.evaluation import evaluate
    from agents.play import play
    from puzzles.files import replacing

    agent = AIRAgent.from_pretrained(run, device)
    data = open_dataset(dataset, agent.family.name)
    rows = data.split(split).take(slice(puzzles))
    evaluation = evaluate(agent.model, rows, data.split_rule, act_steps, batch)
    summary = {"run": str(run), "dataset": str(dataset), "split": split, **evaluation.summary()}
    print(evaluation)
    if environment and act_steps in (None, agent.model.config.max_steps):
        each, last = (play(agent, dataset, split, puzzles, propose, batch) for propose in ("each", "last"))
        summary |= {
            "environment_solved_last_proposal": float(last.solved.mean()),
            "environment_solved_some_proposal": float(each.solved.mean()),
            "environment_proposals": float(each.proposals.mean()),
        }
        print(
            f"in the environment: solved {last.solved.mean():.1%} by the last proposal, {each.solved.mean():.1%} by "
            f"one of its proposals, {each.proposals.mean():.1f} of them on average"
        )
    output = output or run / "eval.json"
    with replacing(output) as temporary:
        temporary.write_text(json.dumps(summary, indent=2) + "\n")
    print(f"numbers in {output}")


def main(args: list[str]) -> None:
    """Run ``air-envs eval RUN DATASET``."""
    tyro.cli(evaluate_command, prog="air-envs eval", args=args)
