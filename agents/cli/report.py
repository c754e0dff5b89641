"""``air-envs report``: a model, or all runs of an experiment, as one HTML page to pass on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from agents.analysis.sweep.experiments import EXPERIMENTS, Experiment
from agents.cli.analyze import What
from agents.cli.names import require_model
from agents.cli.parsing import parse


def report_command(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    dataset: Path | None = None,
    what: tuple[What, ...] | None = None,
    split: str = "test",
    puzzles: int | None = None,
    analysed: int | None = None,
    rollouts: int = 3,
    act_steps: int | None = None,
    weights: Literal["raw", "average"] | None = None,
    records: Path = Path("results/ablations"),
    device: str = "auto",
    dtype: Literal["float32", "bfloat16"] = "float32",
    output: Path | None = None,
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
) -> None:
    """Write one HTML page that opens from disk without a network: of a model, or of an experiment's runs.

    Of a model: rollouts to scrub through, accuracy, training curves, the analyses, configuration and data.

    Of an experiment, such as injection-4x4: its members compared. It takes --records and --output alone.

    Args:
        run: folder of a training run or a packed model, a shipped model such as sudoku-6x6, hf://owner/name on the hub;
            or an experiment of air-envs ablate, by its name or the folder of its records; or the output of an ablation.
        dataset: HDF5 file to measure the model on; by default the one that the run was trained on, else fresh puzzles
            like those that the model was trained on.
        what: which analyses, by default rollouts, freeze, attention and probes.
        split: of the dataset.
        puzzles: how many are evaluated, from the first on; by default as many as take half a minute on one core.
        analysed: how many of these are analysed; by default as many as take half a minute.
        rollouts: puzzles in the player.
        act_steps: ACT steps per puzzle; by default the model's maximum.
        weights: of a training run, those that the optimizer moves or their moving average.
        records: folder of the records of experiments.
        device: cpu, cuda, mps or auto.
        dtype: precision of the hidden states.
        output: HTML file to write; by default report.html in the folder RUN, or report-NAME.html where you are.
        overwrite: replace the file.
    """
    experiment = experiment_of(run)
    if experiment is not None:
        asked = {
            "--dataset": dataset,
            "--what": what,
            "--puzzles": puzzles,
            "--analysed": analysed,
            "--weights": weights,
        }
        for flag, value in asked.items():
            if value is not None:
                raise ValueError(f"{flag} with the experiment {experiment.name}, expected a model")
        folder = Path(run).parent if Path(run).is_dir() else records
        path = output or Path(f"report-{experiment.name}.html")
        _require_new(overwrite, path)

        from agents.report.sweep import write_sweep_report

        print(write_sweep_report(experiment, folder, path))
        return
    require_model(run)
    own = Path(run).is_dir()
    path = output or (Path(run) / "report.html" if own else Path(f"report-{Path(run).name}.html"))
    if own:
        from agents.report.family import is_family, write_family_report

        if is_family(Path(run)):
            _require_new(overwrite, path)
            print(write_family_report(Path(run), path))
            return
    from puzzles.dataset import Dataset

    data = Dataset(dataset) if dataset is not None else None  # wrong names are said before torch is loaded
    _require_new(overwrite, path)

    from agents.report.run import Asked, write_run_report

    shown = Asked(what, split, puzzles, analysed, rollouts, act_steps, weights, device, dtype, records)
    print(write_run_report(run, path, data, shown))


def experiment_of(run: str) -> Experiment | None:
    """Return the experiment of a name or of a folder of records; None for a model."""
    if run in EXPERIMENTS:
        return EXPERIMENTS[run]
    folder = Path(run)
    name = folder.resolve().name
    return EXPERIMENTS[name] if name in EXPERIMENTS and folder.is_dir() and any(folder.glob("*-*.json")) else None


def _require_new(overwrite: bool, path: Path) -> None:
    from agents.checkpoints.kinds import require_new_files

    require_new_files(overwrite, path)


def main(args: list[str]) -> None:
    """Run ``air-envs report RUN``."""
    parse(report_command, "air-envs report", args)
