"""``air-envs train-rl`` and its presets: every field a flag, printed, stored and refused in one line."""

import dataclasses
import json
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from stable_baselines3.common.vec_env import VecEnv

from agents.cli import main, train_rl
from agents.config.flags import flags
from agents.config.reading import from_json
from agents.config.rl import USED_BY, RLConfig, TaskConfig, read_rl_config, rl_config_json
from agents.config.rl_presets import RL_PRESETS
from agents.rl.building import build_model
from air_envs.sb3 import SB3VecEnv

TINY = ["--steps", "64", "--num-envs", "8", "--n-steps", "4", "--batch", "16", "--eval-puzzles", "8", "--hidden", "8"]


@pytest.mark.parametrize("name", RL_PRESETS)
def test_a_preset_is_stored_and_is_made_of_flags(name: str, tmp_path: Path) -> None:
    preset = RL_PRESETS[name]
    (tmp_path / "rl.json").write_text(rl_config_json(preset))
    assert read_rl_config(tmp_path) == dataclasses.replace(preset, output=tmp_path)
    plain = RLConfig(output=Path("runs/x"))
    same_task = dataclasses.replace(preset, task=plain.task)
    words = [*flags(same_task, plain), *flags(preset.task, plain.task, "task.")]
    assert train_rl._parsed(plain, words) == preset
    assert from_json(RLConfig, json.loads(rl_config_json(preset))) == preset


@pytest.mark.parametrize("name", RL_PRESETS)
def test_a_preset_has_a_network_for_its_environment(name: str) -> None:
    preset = dataclasses.replace(RL_PRESETS[name], num_envs=2, n_steps=4, batch=8)
    envs: VecEnv = SB3VecEnv(preset.make_envs())
    model = build_model(preset, envs)
    assert sum(weight.numel() for weight in model.policy.parameters()) < 50_000
    if preset.task.id == "air_envs/Maze-v0":
        assert preset.layers >= preset.task.rows  # type: ignore[operator]


def test_an_algorithm_is_a_flag_and_a_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["train-rl", "sudoku-4x4-easy", "--algorithm", "ppo", "--output", "run", *TINY])
    printed = capsys.readouterr().out
    assert '"algorithm": "ppo"' in printed
    assert '"clues": 10' in printed
    assert " of 8 unseen puzzles, " in printed
    assert "model and metrics in run" in printed
    assert list(Path("run").glob("events.out.tfevents.*"))
    stored = read_rl_config(Path("run"))
    assert (stored.algorithm, stored.steps, stored.hidden) == ("ppo", 64, 8)

    main(["train-rl", "--resume", "run", "--steps", "128"])
    assert read_rl_config(Path("run")).steps == 128
    assert '"steps": 128' in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["sudoku-5x5"], "no preset 'sudoku-5x5', expected one of sudoku-4x4-easy, "),
        ([], "no preset, expected one of sudoku-4x4-easy, "),
        (["--resume", "nowhere"], "nowhere: no rl.json, expected the folder of a run of air-envs train-rl"),
        (["sudoku-4x4", "--resume", "x"], "--resume takes the run's own configuration, found also sudoku-4x4"),
        (["--resume", "x", "--overwrite"], "--resume takes the run's own configuration, found also --overwrite"),
        (["maze-5x5", "--policy", "units"], "CandidateFeatures: found maze-5x5, expected a Sudoku"),
        (["sudoku-4x4", "--policy", "air", "--init-from", "maze-9x9"], "family sudoku-4x4, expected another shape of"),
        (["sudoku-4x4", "--act-steps", "2"], "act_steps with policy units, expected air"),
        (
            ["sudoku-4x4", "--policy", "air", "--init-from", "x", "--hidden=8"],
            "hidden with policy air, expected units or neighbours or convolution or mlp",
        ),
        (["sudoku-4x4", "--exploration", "0.05"], "exploration with algorithm maskable_ppo, expected dqn"),
        (["sudoku-4x4", "--algorithm", "dqn", "--epochs", "3"], "epochs with algorithm dqn, expected ppo or"),
        (["maze-5x5", "--algorithm", "clone", "--gae_lambda", "1"], "gae_lambda with algorithm clone, expected ppo or"),
    ],
)
def test_errors_are_one_line(
    args: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        main(["train-rl", *args])
    error = capsys.readouterr().err
    assert exit.value.code == 2
    assert error.startswith(f"air-envs: error: {message}")
    assert error.count("\n") == 1


def test_fields_of_the_table_are_fields_and_a_preset_may_have_those_that_have_no_effect() -> None:
    names = {field.name for field in dataclasses.fields(RLConfig)}
    for kind, fields in USED_BY.items():
        assert fields.keys() < names
        choices = get_args(get_type_hints(RLConfig)[kind])
        assert {user for users in fields.values() for user in users} <= set(choices)
    assert train_rl._parsed(RL_PRESETS["maze-5x5"], ["--algorithm", "clone"]).gamma == RL_PRESETS["maze-5x5"].gamma


def test_unset_arguments_are_the_environment_s_own() -> None:
    assert TaskConfig().arguments() == {"reward": "dense"}
    task: Any = TaskConfig(size=4, end_on_contradiction=False)
    assert task.arguments() == {"size": 4, "reward": "dense"}
