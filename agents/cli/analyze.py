"""``air-envs analyze``: the paper's analyses of a trained model, with its tables for comparison."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from agents.cli.names import require_model
from agents.cli.parsing import parse

What = Literal["rollouts", "freeze", "attention", "probes", "patching", "dynamics", "similarity", "programs"]


def analyze_command(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    dataset: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DATASET")],
    what: tuple[What, ...] | None = None,
    split: str = "test",
    puzzles: int = 1000,
    act_steps: int | None = None,
    batch: int = 256,
    pictures: int = 3,
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    weights: Literal["raw", "average"] | None = None,
    output: Path | None = None,
    overwrite: bool = False,
) -> None:
    """Decode every update, freeze one state at a time, compare what L- and H-updates attend to.

    Each analysis prints a table, the paper's for comparison, and writes NAME.json and NAME.png.

    Name those beyond the paper with --what: probes, patching, dynamics, similarity, programs.

    Args:
        run: folder of a training run, a shipped model such as sudoku-6x6, or hf://owner/name on the hub.
        dataset: HDF5 file; its grid shape may be another than the model was trained on, where the weights fit any.
        what: which analyses, by default rollouts, freeze and attention, the last where the model has it.
        split: of the dataset.
        puzzles: how many, from the first on.
        act_steps: ACT steps per puzzle; by default the model's maximum.
        batch: puzzles at a time, at most.
        pictures: draw the rollouts of so many puzzles, update by update (needs pygame).
        device: cpu, cuda, mps or auto.
        dtype: precision of the hidden states.
        weights: of a training run, those that the optimizer moves or their moving average; by default the average
            where the run keeps one.
        output: folder of the numbers, pictures and report.md; by default the folder analysis in RUN, or where you are.
        overwrite: replace the report and the analyses of the same name that the folder holds.
    """
    from puzzles.dataset import Dataset

    require_model(run)
    data = Dataset(dataset)  # wrong names are said at once, before torch is loaded

    from agents.analysis import analyze
    from agents.analysis.report import PAPER, REPORT
    from agents.analysis.weights import use_weights
    from agents.checkpoints.kinds import require_new_files
    from agents.thinking.agent import AIRAgent

    agent = AIRAgent.from_pretrained(run, device, dtype, family=data.family.name)
    if weights is not None:
        use_weights(agent, Path(run), weights)
    if output is None:
        output = Path(run) / "analysis" if Path(run).is_dir() else Path("analysis")
    written = (f"{name}.{suffix}" for name in what or PAPER for suffix in ("json", "png"))
    require_new_files(overwrite, *(output / name for name in (REPORT, *written)))
    report = analyze(
        agent,
        data,
        what,
        split=split,
        puzzles=puzzles,
        act_steps=act_steps,
        batch=batch,
        output=output,
        pictures=pictures,
    )
    print(f"{report}\n\nnumbers and pictures in {output}, all together in {output / REPORT}")


def main(args: list[str]) -> None:
    """Run ``air-envs analyze RUN DATASET``."""
    parse(analyze_command, "air-envs analyze", args)
