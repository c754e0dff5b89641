"""What the planned experiments hold, and how their runs are chosen and shared out."""

import dataclasses
from pathlib import Path

import pytest

from agents.analysis.sweep.experiments import EXPERIMENTS, share


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiments_are_as_in_the_paper(name: str) -> None:
    experiment = EXPERIMENTS[name]
    config = experiment.config
    kept = 0.995 if name.startswith("freeze") else None
    assert (config.schedule, config.ema, config.init_from) == ("cosine" if "cosine" in name else "constant", kept, None)
    assert (config.model.position, config.model.mixer) == ("rope", "attention")
    assert (config.model.program, config.model.gradient) == ("LLHLLH", "LH")
    assert config.steps in (8 * config.checkpoint_every, 8 * config.checkpoint_every - 4)
    assert 20 * config.eval_every == config.steps
    runs = experiment.chosen()
    assert len(set(runs)) == len(runs) == experiment.seeds * len(experiment.members)
    assert [seed for _, seed in runs] == sorted(seed for _, seed in runs)
    first = experiment.run(*runs[0], Path("runs"))
    assert first.output == Path("runs") / name / experiment.members[0] / "seed-0"
    shared = {"model": config.model, "output": config.output, "seed": 0}
    assert dataclasses.replace(first, **shared) == config  # type: ignore[arg-type]


def test_the_sizes_of_the_issue() -> None:
    four, six = EXPERIMENTS["injection-4x4"], EXPERIMENTS["injection-6x6"]
    assert (len(four.members), four.seeds, four.config.steps) == (8, 5, 740)
    assert (len(six.members), six.seeds, six.config.steps, six.config.batch) == (8, 5, 1_600, 64)
    assert [EXPERIMENTS[f"level-token-4x4-{dtype}"].config.dtype for dtype in ("float32", "bfloat16")] == [
        "float32",
        "bfloat16",
    ]
    assert "convolution" in EXPERIMENTS["injection-maze-9x9"].note


def test_chosen_runs() -> None:
    experiment = EXPERIMENTS["operator-4x4"]
    assert experiment.chosen(1, ("linear", "Lx_H")) == [("linear", 0), ("Lx_H", 0)]
    with pytest.raises(ValueError, match="seeds 0, expected at least 1"):
        experiment.chosen(0)
    with pytest.raises(ValueError, match="no member 'HRM' of operator-4x4, expected some of Lx_H, subtract"):
        experiment.chosen(1, ("HRM",))


def test_shares_are_disjoint_and_complete() -> None:
    runs = EXPERIMENTS["injection-4x4"].chosen()
    shares = [share(runs, index, 7) for index in range(1, 8)]
    assert sorted(run for part in shares for run in part) == sorted(runs)
    assert {len(part) for part in shares} == {5, 6}
    for index, count in ((0, 7), (8, 7), (1, 0)):
        with pytest.raises(ValueError, match=f"share {index}/{count}, expected"):
            share(runs, index, count)
