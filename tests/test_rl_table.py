"""The table of learning agents is what the command would write from its records, which are of its environments."""

import dataclasses
import json

import gymnasium as gym
import pytest

from agents.config.rl_presets import RL_PRESETS
from agents.evaluation.statistics import wilson_interval
from agents.rl.learning.training import train
from benchmarks.rl import (
    FOLDER,
    PAGE,
    ROOT,
    baseline_records,
    environment_of,
    move_records,
    page,
    proposal_records,
    row_of,
    run_record,
    training_of,
)
from benchmarks.rl_curves import draw_curves
from benchmarks.rl_settings import ROWS, SETTINGS, read_records, record_name, write_record
from benchmarks.rl_table import interval, tables

RECORDS = read_records(ROOT / FOLDER)


def rows_of(text):
    """Return the cells of each row of a page's tables, by heading and first cell."""
    heading, found = "", {}
    for line in text.splitlines():
        if line.startswith("### "):
            heading = line[4:]
        elif line.startswith("| "):
            cells = [cell.strip() for cell in line.strip("| ").split("|")]
            found[heading, cells[0]] = cells[1:]
    return found


def test_the_page_is_up_to_date():
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text, RECORDS), "run python -m benchmarks.rl table"


def test_records_have_their_names_and_the_environments_of_the_table():
    for path, record in zip(sorted((ROOT / FOLDER).glob("*.json")), RECORDS, strict=True):
        assert path.name == record_name(record)
        setting = SETTINGS[record["environment"]]
        assert (record["id"], record["arguments"]) == (setting.id, setting.arguments)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_environment_of_the_table_can_be_made(name):
    setting = SETTINGS[name]
    envs = gym.make_vec(setting.id, num_envs=2, **setting.arguments)
    assert envs.reset(seed=0)[0]["grid"].shape == (2, *envs.unwrapped.family.shape)
    assert name.startswith(envs.unwrapped.family.name)


def test_tables_show_the_mean_each_seed_and_the_pooled_interval(tmp_path):
    records = list(baseline_records(["maze-5x5"], seeds=(0, 1), puzzles=30))
    for record in records:
        write_record(record, tmp_path)
    found = read_records(tmp_path)
    assert sorted(map(record_name, found)) == sorted(map(record_name, records))
    assert len({record_name(record) for record in records}) == 6
    of_random = [record for record in found if record["row"] == "random"]
    right = sum(record["solved"]["right"] for record in of_random)
    assert 0 < right < 60
    shown = rows_of(tables(found))
    title = SETTINGS["maze-5x5"].title
    low, high = wilson_interval(right, 60)
    cells = shown[title, ROWS["random"]]
    assert cells[0] == f"{right / 60:.1%} ({low:.1%} to {high:.1%})".replace("%", " %")
    assert cells[1] == " · ".join(f"{record['solved']['right'] / 30:.1%}".replace("%", " %") for record in of_random)
    assert cells[3:6] == ["", "", ""]  # it was not trained
    assert shown[title, ROWS["solver"]][0].startswith("100.0 %")
    assert shown["", ROWS["random"]][list(SETTINGS).index("maze-5x5")] == f"{right / 60:.1%}".replace("%", " %")
    trained = dict(of_random[0], row="ppo", training={"steps": 120_000, "minutes": 2.0})
    cells = rows_of(tables([*found, trained]))[title, ROWS["ppo"]]
    assert cells[3:6] == ["120,000", "2.0", "1,000"]


def test_a_trained_run_becomes_a_record(tmp_path):
    """Of as small a run as there is, in the environment of a preset."""
    small = {"num_envs": 8, "n_steps": 4, "batch": 16, "steps": 64, "hidden": 8, "layers": 1, "log_every": 32}
    preset = RL_PRESETS["sudoku-4x4-easy"]
    config = dataclasses.replace(preset, output=tmp_path / "run", seed=5, eval_puzzles=8, eval_every=64, **small)
    train(config, progress=False)
    record = run_record(tmp_path / "run", puzzles=12)
    assert record_name(record) == "sudoku-4x4-easy--maskable_ppo--seed-5.json"
    assert (record["puzzles"], record["training"]["steps"]) == (12, 64)
    assert record["training"]["minutes"] > 0
    assert (record["config"]["output"], record["config"]["steps"]) == ("run", 64)
    assert str(tmp_path) not in json.dumps(record)
    other = dataclasses.replace(config, task=dataclasses.replace(config.task, clues=9))
    with pytest.raises(ValueError, match=r"trained on air_envs/Sudoku-v0 .*'clues': 9.*, expected one of"):
        environment_of(other)


def test_rows_of_runs():
    preset = RL_PRESETS["sudoku-6x6"]
    for changes, row in (
        ({"algorithm": "dqn"}, "dqn"),
        ({"algorithm": "clone"}, "clone"),
        ({"policy": "air", "init_from": "sudoku-6x6"}, "air-warm"),
        ({"policy": "air", "init_from": "sudoku-6x6", "freeze": True}, "air-frozen"),
    ):
        assert row_of(dataclasses.replace(preset, **changes)) == row
        assert row in ROWS
    for changes in ({"init_from": "runs/rl/a"}, {"policy": "air", "init_from": "sudoku-6x6", "algorithm": "ppo"}):
        with pytest.raises(ValueError, match="expected a row of the table"):
            row_of(dataclasses.replace(preset, **changes))


def test_a_supervised_model_proposes_whole_grids():
    (record,) = proposal_records("sudoku-6x6", "sudoku-6x6-minimal", act_steps=4, seeds=[0], puzzles=8)
    assert (record["row"], record["puzzles"], record["model"]) == ("air-proposals", 8, "sudoku-6x6-minimal")
    assert record["solved"]["right"] > 0
    assert 1 <= record["mean_steps"] <= 4


def test_a_supervised_model_plays_moves():
    (record,) = move_records("sudoku-6x6", "sudoku-6x6-minimal", act_steps=2, seeds=[0], puzzles=4)
    assert (record["row"], record["puzzles"], record["model"]) == ("air-moves", 4, "sudoku-6x6-minimal")
    assert record["solved"]["right"] > 0
    assert record["mean_steps"] <= 22


def test_the_training_of_a_run_is_its_last_line(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(
        '{"step": 10, "split": "train", "seconds": 30.0}\n'
        '{"step": 10, "split": "validation", "seconds": 30.0, "solved": 0.25}\n'
        '{"step": 20, "split": "train", "seconds": 90.0}\n'
    )
    assert training_of(tmp_path) == {"steps": 20, "minutes": 1.5, "curve": [[10, 0.25]]}
    (tmp_path / "metrics.jsonl").write_text('{"step": 10, "split": "train"}\n')
    with pytest.raises(ValueError, match="no line of its metrics has seconds"):
        training_of(tmp_path)


def test_learning_curves_are_drawn(tmp_path):
    (record,) = list(baseline_records(["maze-5x5"], seeds=[0], puzzles=1))[:1]
    curves = ([[10, 0.1], [20, 0.5]], [[10, 0.3], [20, 0.7], [30, 0.9]])
    trained = [record | {"row": "dqn", "training": {"curve": curve}} for curve in curves]
    empty = draw_curves([record], tmp_path / "empty.png").stat().st_size
    assert draw_curves(trained, tmp_path / "curves.png").stat().st_size > 2 * empty


def test_what_is_no_record_is_refused(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("{}")
    with pytest.raises(ValueError, match=r"a\.json: not a record of benchmarks.rl: no environment"):
        read_records(tmp_path)
    (record,) = list(baseline_records(["maze-5x5"], seeds=[0], puzzles=1))[:1]
    path.unlink()
    write_record(record | {"row": "magic"}, tmp_path)
    with pytest.raises(ValueError, match="row 'magic', expected one of"):
        read_records(tmp_path)


def test_intervals_cover_puzzles_and_trainings():
    def run(right, trained=True):
        solved = {"right": right, "accuracy": right / 100}
        return {"puzzles": 100, "solved": solved, "training": {"steps": 1} if trained else None}

    low, high = interval([run(40), run(50), run(60)])  # standard deviation 0.1, Student's t of 2 degrees 4.303
    assert (low, high) == (pytest.approx(0.5 - 4.303 * 0.1 / 3**0.5, abs=1e-4), pytest.approx(0.7484, abs=1e-4))
    assert interval([run(50)]) == wilson_interval(50, 100)
    assert interval([run(100)] * 3) == wilson_interval(300, 300), "equal trainings do not make it certain"
    assert interval([run(40, False), run(60, False)]) == wilson_interval(100, 200)
