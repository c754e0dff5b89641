"""Ablations at tiny size: every member trains, is measured, and an interrupted run goes on as if it had not been."""

import contextlib
import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from agents.analysis import ablate
from agents.analysis.paper.published import ACCURACY
from agents.analysis.sweep.ablation import Ablation, Member, collect, draw_ablation
from agents.analysis.sweep.members import ABLATIONS, member_run, members
from agents.analysis.sweep.results import RESULT
from agents.analysis.sweep.resuming import trainer_of
from agents.cli import main
from agents.config.presets import PRESETS
from agents.config.training import TrainConfig
from agents.evaluation import evaluate
from agents.training.runs.log import read_metrics
from agents.training.trainer import Trainer
from tests.agents.analysis.sweep.conftest import press_ctrl_c_in_the_last_evaluation
from tests.agents.conftest import tiny_config

ONLY = ("L2x_H2x", "L2x_H2x+addition")


def config(dataset: Path, output: Path, **changes: object) -> TrainConfig:
    return tiny_config(
        dataset, output, **{"steps": 4, "log_every": 2, "eval_every": 4, "checkpoint_every": 2} | changes
    )


def written(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file() and path.parent != folder}


@pytest.mark.parametrize("ablation", ABLATIONS)
@pytest.mark.parametrize("preset", PRESETS)
def test_members_are_what_their_names_say(ablation: str, preset: str) -> None:
    base = dataclasses.replace(PRESETS[preset], init_from=None)
    runs = [member_run(PRESETS[preset], name, 3) for name in members(ablation)]
    assert len({run.model for run in runs}) == len({run.output for run in runs}) == len(runs)
    for name, run in zip(members(ablation), runs, strict=True):
        assert run.seed == 3
        assert run.output == base.output / name / "seed-3"
        if name not in ("TRM-MLP", "TRM"):  # others of their fields are other variants' too
            assert run.model.variant_name == name
        if name == "HRM":
            assert run.model.h_layers == run.model.layers == base.model.layers
        assert dataclasses.replace(run, model=base.model, output=base.output, seed=base.seed) == base


def test_ablate_trains_measures_and_skips_what_is_done(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--preset", "sudoku-4x4", "--dataset", str(dataset), "--output", str(tmp_path), "--device", "cpu"]
    flags += ["--steps", "4", "--batch", "8", "--model.hidden", "32", "--model.layers", "1", "--model.max-steps", "2"]
    flags += ["--dtype", "float32", "--seeds", "2", "--puzzles", "10", "--only", *ONLY]
    main(["ablate", "level-token", *flags])
    out = capsys.readouterr().out
    assert "L2x_H2x+addition" in out
    assert "prepend" not in out
    numbers = json.loads((tmp_path / "ablation.json").read_text())
    assert [member["name"] for member in numbers["members"]] == list(ONLY)
    for member in numbers["members"]:
        assert [seed["seed"] for seed in member["seeds"]] == [0, 1]
        assert all(seed["puzzles"] == 10 and seed["act_steps"] == 2 for seed in member["seeds"])
        assert member["exact_accuracy_mean"] == sum(seed["exact_accuracy"] for seed in member["seeds"]) / 2
        assert member["published_mean"] is None
    assert numbers["split"] == "validation"
    assert all(seed["split"] == "validation" for member in numbers["members"] for seed in member["seeds"])
    assert "Measured on validation puzzles." in out
    assert (tmp_path / "ablation.png").stat().st_size > 10_000
    assert (tmp_path / ONLY[1] / "seed-1" / "README.md").is_file()

    before = written(tmp_path)
    main(["ablate", "level-token", *flags])
    assert written(tmp_path) == before
    assert out.splitlines()[-5:] == capsys.readouterr().out.splitlines()[-5:]

    # More puzzles to measure on: nothing is trained again, and what was measured on less stands not beside it.
    flags[flags.index("--puzzles") + 1] = "12"
    flags[flags.index("--seeds") + 1] = "1"
    main(["ablate", "level-token", *flags])
    changed = {path for path, time in written(tmp_path).items() if before.get(path) != time}
    assert {path.name for path in changed} >= {RESULT}
    assert not [path for path in changed if path.suffix in (".pt", ".safetensors")]
    numbers = json.loads((tmp_path / "ablation.json").read_text())
    assert [[seed["puzzles"] for seed in member["seeds"]] for member in numbers["members"]] == [[12]] * 2


def test_an_interrupted_ablation_ends_as_if_it_had_not_been(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = config(dataset, tmp_path / "whole"), config(dataset, tmp_path / "broken")
    expected = ablate("level-token", whole, seeds=1, only=ONLY, progress=False)

    taken, step = [0], Trainer.train_step

    def interrupted(trainer: Trainer) -> None:
        taken[0] += 1
        if taken[0] == 8:  # the second member's last step: its checkpoint is that of step 2
            raise KeyboardInterrupt
        step(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ablate("level-token", broken, seeds=1, only=ONLY, progress=False)
    assert (broken.output / ONLY[0] / "seed-0" / RESULT).is_file()
    assert not (broken.output / ONLY[1] / "seed-0" / RESULT).exists()
    done = written(broken.output / ONLY[0])

    steps: list[int] = []
    monkeypatch.setattr(Trainer, "train_step", lambda trainer: (steps.append(trainer.step), step(trainer))[1])
    found = ablate("level-token", broken, seeds=1, only=ONLY, progress=False)
    assert steps == [2, 3]
    assert written(broken.output / ONLY[0]) == done
    for name in ONLY:
        ours, theirs = (load_file(run.output / name / "seed-0" / "model.safetensors") for run in (broken, whole))
        assert all((ours[key] == theirs[key]).all() for key in theirs)
    timed = {"training_seconds", "puzzles_per_second"}
    for ours, theirs in zip(found.members, expected.members, strict=True):
        (a,), (b,) = ours.results, theirs.results
        assert {k: v for k, v in a.items() if k not in timed} == {k: v for k, v in b.items() if k not in timed}


def test_a_run_that_was_trained_otherwise_is_refused(dataset: Path, tmp_path: Path) -> None:
    ablate("injection", config(dataset, tmp_path), seeds=1, only=("Lx_H",), progress=False)
    before = written(tmp_path)
    with pytest.raises(ValueError, match=r"Lx_H/seed-0: was trained with lr 0.001, expected 0.5: choose another"):
        ablate("injection", config(dataset, tmp_path, lr=0.5), seeds=1, only=("L_Hx", "Lx_H"), progress=False)
    wider = dataclasses.replace(config(dataset, tmp_path).model, hidden=64)
    with pytest.raises(ValueError, match=r"was trained with model.hidden 32, expected 64"):
        ablate("injection", config(dataset, tmp_path, model=wider), seeds=1, only=("Lx_H",), progress=False)
    with pytest.raises(ValueError, match=r"Lx_H/seed-0: was trained with steps 4, expected 9"):  # not asked for now
        ablate("injection", config(dataset, tmp_path, steps=9), seeds=1, only=("L_Hx",), progress=False)
    assert written(tmp_path) == before


def test_a_run_that_diverges_leaves_the_others_alone(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ablate("injection", config(dataset, tmp_path, lr=1e30, ema=None), 1, only=("Lx_H",), progress=False)
    (member,) = found.members
    assert "at step" in member.results[0]["diverged"]
    assert member.mean is None
    assert "diverged" in found.table()
    assert json.loads((tmp_path / "ablation.json").read_text())["members"][0]["exact_accuracy_mean"] is None
    monkeypatch.setattr(Trainer, "train", evaluate)  # must not be called again
    assert ablate("injection", config(dataset, tmp_path, lr=1e30, ema=None), 1, only=("Lx_H",), progress=False) == found


def test_the_last_evaluation_is_made_up_for_and_not_repeated(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = config(dataset, tmp_path, eval_every=2)
    run = tmp_path / "Lx_H" / "seed-0"
    with monkeypatch.context() as patch:
        press_ctrl_c_in_the_last_evaluation(patch)
        with pytest.raises(KeyboardInterrupt):
            ablate("injection", shared, seeds=1, only=("Lx_H",), progress=False)
    assert [line["step"] for line in read_metrics(run, "validation")] == [2]
    ablate("injection", shared, seeds=1, only=("Lx_H",), progress=False)
    assert [line["step"] for line in read_metrics(run, "validation")] == [2, 4]

    (run / RESULT).unlink()
    monkeypatch.setattr(Trainer, "evaluate", lambda *_: pytest.fail("evaluates again"))
    ablate("injection", shared, seeds=1, only=("Lx_H",), progress=False)


def test_a_resumed_run_is_computed_where_it_is_asked_to_be(dataset: Path, tmp_path: Path) -> None:
    before = config(dataset, tmp_path / "run")
    Trainer(before).train(progress=False)
    elsewhere = Path(shutil.copy(dataset, tmp_path / "copy.h5"))
    after = dataclasses.replace(before, dataset=elsewhere, device="auto", compile="blocks")
    found = trainer_of(after)
    assert (found.step, found.config) == (4, after)


def test_damaged_results_are_named(dataset: Path, tmp_path: Path) -> None:
    shared = config(dataset, tmp_path)
    whole = {"seed": 0, "asked_puzzles": None, "exact_accuracy": 0.5, "cell_accuracy": 0.7}
    path = tmp_path / "Lx_H" / "seed-0" / RESULT
    path.parent.mkdir(parents=True)
    for text, message in (
        ("[]", "not the result of a run: [], expected an object"),
        (json.dumps(whole)[:20], "not the result of a run: not JSON: "),
        ('{"seed": 0}', "not the result of a run: no asked_puzzles"),
        (json.dumps(whole | {"exact_accuracy": "half"}), "exact_accuracy 'half', expected a number"),
        ('{"seed": 0, "asked_puzzles": null}', "seed 0 neither measured nor diverged, expected its accuracies"),
        (json.dumps(whole | {"seed": 1}), "seed 1, expected 0"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: .*{re.escape(message)}"):
            ablate("injection", shared, seeds=1, only=("Lx_H",), progress=False)
    path.write_text(json.dumps(whole))
    path.parent.with_name("seed-0.bak").mkdir()
    assert [member.results for member in collect("injection", shared, None).members] == [(whole,)]


@pytest.mark.parametrize("family", ["sudoku-9x9", "maze-30x30", "sudoku-6x6"])
def test_the_paper_stands_beside(family: str, tmp_path: Path) -> None:
    seeds = [
        {"seed": seed, "exact_accuracy": value, "cell_accuracy": 0.9} for seed, value in enumerate((0.5, 0.6, 0.7))
    ]
    rows = tuple(Member(name, tuple(seeds)) for name in ABLATIONS["injection"])
    found = Ablation("injection", family, rows)
    assert rows[0].mean == pytest.approx(0.6)
    assert rows[0].std == pytest.approx(0.1)
    lines = found.table().splitlines()
    assert "60.0% ± 10.0%" in lines[2]
    assert ("Measured on validation puzzles; the paper: on a test set." in lines) == (family != "sudoku-6x6")
    mean, std = ACCURACY.get(family, {}).get("L_Hx", (None, None))
    assert found.summary()["members"][0]["published_mean"] == mean
    assert (mean is not None and f"{mean:.1%} ± {std:.1%}" in lines[2]) == (family != "sudoku-6x6")
    assert draw_ablation(found, tmp_path / "ablation.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["fly", "--preset", "sudoku-4x4"], "ablation 'fly', expected one of injection, operator, level-token, model"),
        (["operator", "--only", "L_Hx", "--preset", "sudoku-4x4"], "no member 'L_Hx' of operator"),
        (["operator", "--seeds", "0", "--preset", "sudoku-4x4"], "seeds 0, expected at least 1"),
        (["operator", "--puzzles", "0", "--preset", "sudoku-4x4"], "puzzles 0, expected at least 1"),
        (["operator", "--preset", "sudoku-4x4", "--model.inject-h", "1"], "inject_h 1.0, expected 0: hadamard"),
    ],
)
def test_wrong_arguments(args: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--output", str(tmp_path / "runs")] if "--preset" in args else []
    with pytest.raises(SystemExit) as ended:
        main(["ablate", *args, *flags])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("args", [["analyze"], ["ablate"], ["ablate", "injection", "--preset", "sudoku-4x4"]])
def test_help(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        main([*args, "--help"])
    out = capsys.readouterr().out
    assert f"usage: air-envs {args[0]}" in out
    assert all(len(line) <= 120 for line in out.splitlines())


def test_help_loads_no_torch() -> None:
    script = (
        "import sys; from agents.cli import main\n"
        "for args in ['analyze', 'ablate', 'ablate injection']:\n"
        "    try: main([*args.split(), '--help'])\n"
        "    except SystemExit: pass\n"
        "assert not {'torch', 'pygame', 'gymnasium'} & sys.modules.keys(), 'loaded too much'"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
