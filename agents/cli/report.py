"""``air-envs report``: a model, or all runs of an experiment, as one HTML page to pass on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from agents.analysis.sweep.experiments import EXPERIMENTS, Experiment
from agents.analysis.sweep.records import RECORDS
from agents.analysis.sweep.results import SUMMARY
from agents.cli.analyze import What
from agents.cli.names import require_model
from agents.cli.parsing import parse


def report_command(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    dataset: Path | None = None,
    what: tuple[What, ...] | None = None,
    split: str | None = None,
    puzzles: int | None = None,
    analysed: int | None = None,
    rollouts: int | None = None,
    act_steps: int | None = None,
    weights: Literal["raw", "average"] | None = None,
    records: Path | None = None,
    device: str | None = None,
    dtype: Literal["float32", "bfloat16"] | None = None,
    output: Path | None = None,
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
) -> None:
    """Write one HTML page that opens from disk without a network: of a model, or of an experiment's runs.

    Of a model: rollouts to scrub through, accuracy, training curves, the analyses, configuration and data.

    Of an experiment, such as injection-4x4, or of an ablation: its members compared. Flags of a model are refused.

    Args:
        run: folder of a training run or a packed model, a shipped model such as sudoku-6x6, hf://owner/name on the hub;
            or an experiment of air-envs ablate, by its name or the folder of its records; or the output of an ablation.
        dataset: HDF5 file to measure the model on; by default the one that the run was trained on, else fresh puzzles
            like those that the model was trained on.
        what: which analyses, by default rollouts, freeze, attention and probes.
        split: of the dataset, by default test.
        puzzles: how many are evaluated, from the first on; by default as many as take half a minute on one core.
        analysed: how many of these are analysed; by default as many as take half a minute.
        rollouts: puzzles in the player, by default 3.
        act_steps: ACT steps per puzzle; by default the model's maximum.
        weights: of a training run, those that the optimizer moves or their moving average.
        records: folder of the records of experiments, by default results/ablations.
        device: cpu, cuda, mps or auto, the default.
        dtype: precision of the hidden states, by default float32.
        output: HTML file to write; by default report.html in the folder RUN, or report-NAME.html where you are.
        overwrite: replace the file.
    """
    asked = _given(
        what=what,
        split=split,
        puzzles=puzzles,
        analysed=analysed,
        rollouts=rollouts,
        act_steps=act_steps,
        weights=weights,
        records=records,
        device=device,
        dtype=dtype,
    )
    flags = _given(dataset=dataset) | asked
    own = Path(run).is_dir()
    experiment = experiment_of(run)
    if experiment is not None:
        if own:
            _require_model(flags, f"the records in {run}")
        else:
            _require_model(flags.keys() - {"records"}, f"the experiment {experiment.name}")
        path = output or Path(f"report-{experiment.name}.html")
        _require_new(overwrite, path)

        from agents.report.sweep import write_sweep_report

        print(write_sweep_report(experiment, Path(run).parent if own else records or RECORDS, path))
        return
    require_model(run)
    path = output or (Path(run) / "report.html" if own else Path(f"report-{Path(run).name}.html"))
    if own and (Path(run) / SUMMARY).is_file():
        _require_model(flags, f"the ablation {run}")
        _require_new(overwrite, path)

        from agents.report.family import write_family_report

        print(write_family_report(Path(run), path))
        return
    from puzzles.dataset import Dataset

    data = Dataset(dataset) if dataset is not None else None  # wrong names are said before torch is loaded
    _require_new(overwrite, path)

    from agents.report.run import Asked, write_run_report

    print(write_run_report(run, path, data, Asked(**asked)))


def _given(**flags: Any) -> dict[str, Any]:
    """Return the flags that have a value."""
    return {name: value for name, value in flags.items() if value is not None}


def _require_model(flags: Iterable[str], found: str) -> None:
    """Refuse flags of a model where the report is of something else."""
    for name in sorted(flags):
        raise ValueError(f"--{name.replace('_', '-')} with {found}, expected a model")


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
