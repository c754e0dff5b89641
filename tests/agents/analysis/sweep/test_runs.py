"""A tiny experiment from the first step to the tables: records, resuming, shares."""

import dataclasses
import json
import re
import shutil
import signal
from pathlib import Path

import pytest

from agents.analysis import measure_attention, measure_freeze, measure_rollouts
from agents.analysis.sweep import experiments
from agents.analysis.sweep.comparison import compare
from agents.analysis.sweep.engines import run_all
from agents.analysis.sweep.experiments import Experiment
from agents.analysis.sweep.records import read_record, read_records, steps_to_half
from agents.analysis.sweep.runs import Job, jobs, run_job, same_run
from agents.analysis.weights import use_weights
from agents.checkpoints.folder import load_model
from agents.checkpoints.kinds import checkpoint_steps
from agents.cli import main
from agents.evaluation import evaluate
from agents.evaluation.selection import select
from agents.thinking.agent import AIRAgent
from agents.training.trainer import Trainer
from puzzles.dataset import Dataset
from tests.agents.analysis.sweep.conftest import planned, press_ctrl_c_in_the_last_evaluation, untimed


def test_a_record_says_what_its_run_measures(tiny: Experiment, done: Path, dataset: Path) -> None:
    record = json.loads((done / "records" / "tiny" / "L2x_H2x-1.json").read_text())
    run = done / "runs" / "tiny" / "L2x_H2x" / "seed-1"
    assert (record["experiment"], record["member"], record["seed"]) == ("tiny", "L2x_H2x", 1)
    assert (record["config"]["seed"], record["config"]["model"]["inject_h"]) == (1, 2.0)
    assert not {"output", "dataset"} & record["config"].keys()
    assert [point["step"] for point in record["curve"]] == [2, 4]
    assert record["dataset"] == Dataset(dataset).attributes["checksum"]
    assert record["compile"] == "off"
    agent = AIRAgent(load_model(run))
    assert record["test"]["puzzles"] == 40
    assert record["test"]["exact_accuracy"] == evaluate(agent, Dataset(dataset), progress=False).accuracy
    assert [found["step"] for found in record["checkpoints"]] == [2, 4]
    chosen, last = select(agent, Dataset(dataset), count=6), record["checkpoints"][-1]
    freeze = measure_freeze(agent, chosen, progress=False)
    for name, condition in freeze.conditions.items():
        for s, state in enumerate(("z_H", "z_L")):
            numbers = last["freeze"][name][state]
            assert numbers["content_changes"] == pytest.approx(condition.total.mean[s, 0], abs=1e-5)
            assert numbers["exact_accuracy"] == pytest.approx(condition.accuracy[s], abs=1e-5)
            assert sum(numbers["content_changes_by_half"]) == pytest.approx(numbers["content_changes"], abs=2e-5)
    rollouts = measure_rollouts(agent, chosen, progress=False)
    entropy = last["states"]["z_L"]["entropy"]
    assert entropy["mean"] == pytest.approx(rollouts.moments.mean[:, 1, -1].mean(), abs=1e-5)
    assert entropy["last"] == pytest.approx(rollouts.moments.mean[-1, 1, -1], abs=1e-5)
    attention = measure_attention(agent, chosen, progress=False)
    found = last["attention"]["violation-adjacent"]
    assert found["ent"]["difference"] == pytest.approx(attention.by_puzzle.mean[:, 1, 1, -1].tolist(), abs=1e-5)
    assert found["queries"] == attention.by_query.count[0, 1, 0, 0] > 0


def test_raw_and_averaged_weights_are_measured_apart(tiny: Experiment, tmp_path: Path, dataset: Path) -> None:
    averaged = dataclasses.replace(tiny, members=("Lx_H",), config=dataclasses.replace(tiny.config, ema=0.9))
    job = dataclasses.replace(planned(averaged, tmp_path)[0], measured=6)
    ((_, record),) = run_all([job])
    found = record["checkpoints"][-1]["by_weights"]
    assert list(found) == ["raw, float32", "raw, bfloat16", "average, float32", "average, bfloat16"]
    for weights in ("raw", "average"):
        agent = AIRAgent.from_pretrained(job.config.output)
        use_weights(agent, job.config.output, weights)  # type: ignore[arg-type]
        freeze = measure_freeze(agent, select(agent, Dataset(dataset), count=6), progress=False)
        for condition in ("normal", "freeze z_H"):
            expected = freeze.conditions[condition].total.mean[1, 0]
            assert found[f"{weights}, float32"][condition] == pytest.approx(expected, abs=1e-5)
    table = str(compare(averaged, tmp_path / "records"))
    assert "as a multiple of those in a normal run" in table
    assert "average, bfloat16: ratio" in table


def test_finished_runs_are_skipped(tiny: Experiment, done: Path) -> None:
    assert planned(tiny, done) == []
    one = jobs(dataclasses.replace(tiny, seeds=3), [("Lx_H", 2), ("Lx_H", 1)], done / "runs", done / "records")
    assert [str(job) for job in one] == ["tiny, Lx_H, seed 2"]


def test_an_interrupted_run_ends_as_if_it_had_not_been(
    tiny: Experiment, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = dataclasses.replace(planned(tiny, tmp_path)[0], measured=6)
    step = Trainer.train_step

    def interrupted(trainer: Trainer) -> None:
        if trainer.step == 3:
            raise KeyboardInterrupt
        step(trainer)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run_job(job)
    assert not job.record.exists()
    steps: list[int] = []
    monkeypatch.setattr(Trainer, "train_step", lambda trainer: (steps.append(trainer.step), step(trainer))[1])
    assert untimed(run_job(job)) == untimed(json.loads((done / "records" / "tiny" / "Lx_H-0.json").read_text()))
    assert steps == [2, 3]


def test_ctrl_c_changes_no_record(
    tiny: Experiment, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed in a step, which adds a checkpoint, and in the last evaluation; the dataset is moved meanwhile."""
    whole = dataclasses.replace(tiny, config=dataclasses.replace(tiny.config, keep=2))
    expected = run_job(dataclasses.replace(planned(whole, tmp_path / "whole")[0], measured=6))
    assert [found["step"] for found in expected["checkpoints"]] == [2, 4]

    first = Path(shutil.copy(dataset, tmp_path / "first.h5"))
    job = dataclasses.replace(planned(whole, tmp_path / "broken")[0], measured=6)
    before = dataclasses.replace(job, config=dataclasses.replace(job.config, dataset=first))
    step = Trainer.train_step
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", lambda trainer: (trainer.step == 2 and press(), step(trainer)))
        with pytest.raises(KeyboardInterrupt):
            run_job(before)
    first.unlink()
    assert checkpoint_steps(job.config.output) == [2, 3]
    with monkeypatch.context() as patch:
        press_ctrl_c_in_the_last_evaluation(patch)
        with pytest.raises(KeyboardInterrupt):
            run_job(job)
    assert untimed(run_job(job)) == untimed(expected)

    monkeypatch.setattr(Trainer, "train", lambda *_, **__: pytest.fail("a finished run is trained"))
    assert untimed(run_job(job)) == untimed(expected)


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def test_an_unplanned_checkpoint_is_not_measured(tiny: Experiment, done: Path, tmp_path: Path) -> None:
    job = dataclasses.replace(planned(tiny, tmp_path)[0], measured=6)
    shutil.copytree(done / "runs", tmp_path / "runs")
    checkpoints = job.config.output / "checkpoints"
    shutil.copytree(checkpoints / "step-2", checkpoints / "step-3")
    assert [found["step"] for found in run_job(job)["checkpoints"]] == [2, 4]


def test_a_run_that_another_experiment_has_done_is_not_repeated(
    tiny: Experiment, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = tmp_path / "records"
    shutil.copytree(done / "records", records)
    other = dataclasses.replace(tiny, name="other")
    (job,) = (dataclasses.replace(job, measured=6) for job in jobs(other, [("Lx_H", 1)], tmp_path, records))
    monkeypatch.setattr(Trainer, "train_step", lambda trainer: pytest.fail("it trains"))
    ((_, copied),) = run_all([job])
    theirs = json.loads((done / "records" / "tiny" / "Lx_H-1.json").read_text())
    assert copied == theirs | {"experiment": "other", "same_run_as": "tiny"} == json.loads(job.record.read_text())
    assert same_run(dataclasses.replace(job, measured=5)) is None, "measured on other puzzles"
    changed = dataclasses.replace(other, name="third", config=dataclasses.replace(tiny.config, lr=0.002))
    (job,) = jobs(changed, [("Lx_H", 1)], tmp_path, records)
    assert same_run(dataclasses.replace(job, measured=6)) is None, "trained otherwise"


def test_records_of_other_settings_are_refused(tiny: Experiment, done: Path, tmp_path: Path) -> None:
    other = dataclasses.replace(tiny, config=dataclasses.replace(tiny.config, lr=0.5))
    with pytest.raises(ValueError, match=r"Lx_H-0.json: was trained with lr 0.001, expected 0.5: choose another"):
        planned(other, done)
    wider = dataclasses.replace(tiny.config.model, hidden=64)
    other = dataclasses.replace(tiny, config=dataclasses.replace(tiny.config, model=wider))
    with pytest.raises(ValueError, match=r"was trained with model.hidden 32, expected 64"):
        read_records(done / "records", other)
    unrecorded = dataclasses.replace(tiny, config=dataclasses.replace(tiny.config, lr=0.5))
    with pytest.raises(ValueError, match=r"Lx_H/seed-0: was trained with lr 0.001, expected 0.5: choose another"):
        run_job(jobs(unrecorded, [("Lx_H", 0)], done / "runs", tmp_path / "elsewhere")[0])
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "Lx_H-copy.json").touch()
    with pytest.raises(ValueError, match=r"Lx_H-copy.json: seed 'copy' in its name, expected MEMBER-SEED.json"):
        read_records(tmp_path, tiny)


def test_damaged_records_are_named(tiny: Experiment, done: Path, tmp_path: Path) -> None:
    whole = json.loads((done / "records" / "tiny" / "Lx_H-0.json").read_text())
    frozen = {**whole["checkpoints"][0], "freeze": {"normal": 3}}
    path = tmp_path / "Lx_H-0.json"
    for data, message in (
        (b"{", "not JSON: "),
        (b"\x80", "not UTF-8 at byte 0"),
        (b"[]", "[], expected an object"),
        (b"{}", "no "),
        (whole | {"checkpoints": []}, "neither diverged nor measured, expected test and checkpoints"),
        (whole | {"checkpoints": [3]}, "checkpoints 3, expected an object"),
        (whole | {"checkpoints": [frozen]}, "checkpoints.freeze.normal 3, expected an object"),
        (whole | {"test": {}}, "no test.exact_accuracy"),
        ({key: value for key, value in whole.items() if key != "test"}, "neither diverged nor measured"),
        (whole | {"steps_to_half": "soon"}, "steps_to_half 'soon', expected a number"),
        (whole | {"config": {"x": 1}}, "config: unknown field 'x'"),
        (whole | {"config": 1}, "config 1, expected an object"),
        (whole | {"seed": 1}, "that of another, expected the name Lx_H-1.json"),
        (whole | {"member": "L_Hx"}, "that of another, expected the name L_Hx-0.json"),
    ):
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        with pytest.raises(ValueError, match=rf"Lx_H-0\.json: not the record of a run: {re.escape(message)}") as caught:
            read_record(path, tiny.run("Lx_H", 0, tmp_path))
        assert "\n" not in str(caught.value)


def test_a_field_that_came_later_is_no_difference(tiny: Experiment, done: Path, tmp_path: Path) -> None:
    record = json.loads((done / "records" / "tiny" / "Lx_H-0.json").read_text())
    del record["config"]["loss_knee"], record["config"]["model"]["convolution"]
    (tmp_path / "Lx_H-0.json").write_text(json.dumps(record))
    assert read_record(tmp_path / "Lx_H-0.json", tiny.run("Lx_H", 0, tmp_path)) == record


def test_a_run_that_diverges_is_recorded(tiny: Experiment, tmp_path: Path) -> None:
    wild = dataclasses.replace(tiny, config=dataclasses.replace(tiny.config, lr=1e30))
    (job, *_) = planned(wild, tmp_path)
    ((_, record),) = run_all([job])
    assert "at step" in record["diverged"]
    assert "test" not in record
    assert planned(wild, tmp_path)[0].seed == 0
    assert len(planned(wild, tmp_path)) == 3
    assert "diverged" in str(compare(wild, tmp_path / "records"))


def test_steps_to_half_of_a_curve_by_hand() -> None:
    curve = [{"step": step, "exact_accuracy": value} for step, value in ((10, 0.0), (20, 0.4), (30, 0.8), (40, 0.3))]
    assert steps_to_half(curve) == pytest.approx(22.5)
    assert steps_to_half(curve[:1]) is None
    assert steps_to_half([{"step": 10, "exact_accuracy": 1.0}]) == 5.0
    assert steps_to_half([]) is None


def test_the_command(
    tiny: Experiment, done: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", tiny)
    folders = ["--runs", str(done / "runs"), "--records", str(done / "records")]
    main(["ablate", "tiny", *folders])
    out = capsys.readouterr().out
    assert "runs to do" not in out
    assert "tiny: sudoku-4x4, 4 steps of batch 8, float32" in out
    assert (done / "records" / "tiny" / "comparison.png").stat().st_size > 15_000
    main(["ablate", "tiny", *folders, "--tables"])
    assert capsys.readouterr().out == out
    for words, message in (
        (["--only", "3/2"], "share 3/2, expected 1/2 to 2/2"),
        (["--only", "1/2", "Lx_H"], "--only 1/2 Lx_H, expected one share, or names of members"),
        (["--only", "HRM"], "no member 'HRM' of tiny"),
        (["--seeds", "0"], "seeds 0, expected at least 1"),
        (["--tables", "--only", "Lx_H"], "--only with --tables, expected --tables alone"),
        (["--tables", "--seeds", "1"], "--seeds with --tables, expected --tables alone"),
    ):
        with pytest.raises(SystemExit):
            main(["ablate", "tiny", *folders, *words])
        assert message in capsys.readouterr().err


def test_compile_is_of_the_run_and_not_of_what_is_trained(
    tiny: Experiment, done: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", tiny)
    asked: list[Job] = []
    monkeypatch.setattr("agents.analysis.sweep.engines.run_all", lambda waiting, *_: asked.extend(waiting) or [])
    main(["ablate", "tiny", "--compile", "blocks", "--runs", str(tmp_path), "--records", str(tmp_path)])
    assert {job.config.compile for job in asked} == {"blocks"}
    compiled = dataclasses.replace(tiny, config=dataclasses.replace(tiny.config, compile="blocks"))
    assert planned(compiled, done) == [], "records of uncompiled runs count"


def test_a_dataset_that_is_missing(
    tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", tiny)
    folders = ["--runs", str(tmp_path / "runs"), "--records", str(tmp_path / "records")]
    with pytest.raises(SystemExit):
        main(["ablate", "tiny", *folders, "--data", str(tmp_path / "nowhere.h5")])
    assert "nowhere.h5: no such dataset" in capsys.readouterr().err.strip()
    assert not list(tmp_path.iterdir())
