import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.checkpoints.folder import save_model
from agents.cli import main
from agents.evaluation import Evaluation, HaltingEvaluation, cut_short, describe, evaluate, evaluate_halting, report
from agents.evaluation.report import KEYS, by_rating, halting_curve
from agents.figures.evaluation import draw_evaluation
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset
from tests.agents.evaluation.conftest import untrained_model


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "untrained"
    save_model(untrained_model(), folder)
    return folder


@pytest.fixture(scope="module")
def measured(checkpoint: Path, dataset: Path) -> tuple[Evaluation, list[HaltingEvaluation]]:
    agent, data = AIRAgent.from_pretrained(checkpoint), Dataset(dataset)
    early = [evaluate_halting(agent, data, threshold, batch=16, progress=False) for threshold in (0.5, 1.0)]
    return evaluate(agent, data, batch=16, progress=False), early


def synthetic(count: int = 1000, steps: int = 20) -> Evaluation:
    """An evaluation as a good model would give it: harder puzzles take longer, the head is a little too sure."""
    rng = np.random.default_rng(0)
    rating = rng.geometric(0.05, count).astype(np.int32) - 1
    needed = 1 + rng.gamma(1 + rating / 8, 2.0).astype(int)
    exact = np.arange(1, steps + 1) >= needed[:, None]
    right = np.where(exact, 81, rng.integers(50, 80, (count, steps))).astype(np.int32)
    q_halt = (rng.normal(0, 2.2, (count, steps)) + np.where(exact, 4.5, -3.5)).astype(np.float32)
    answers = np.zeros((count, 9, 9), np.uint8)
    return Evaluation(right, exact, q_halt, answers, rating, "guesses", "test", "canonical", "float32", 4.0)


def keys(value: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every number in a JSON value, as ``KEYS`` writes it."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from keys(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for inner in value:
            yield from keys(inner, f"{path}[]")
    else:
        yield path


def test_ratings_add_up() -> None:
    evaluation = synthetic()
    groups = list(by_rating(evaluation))
    assert 4 <= len(groups) <= 8
    assert sum(group["puzzles"] for group in groups) == 1000
    exact = sum(group["puzzles"] * group["exact_accuracy"] for group in groups)
    assert exact == pytest.approx(evaluation.exact[:, -1].sum())
    cells = sum(group["puzzles"] * group["cell_accuracy"] for group in groups)
    assert cells == pytest.approx(evaluation.cells[-1] * 1000)
    bounds = [group["rating"] for group in groups]
    assert bounds[0][0] == evaluation.rating.min()
    assert bounds[-1][1] == evaluation.rating.max()
    assert all(before[1] < after[0] for before, after in itertools.pairwise(bounds))
    for group in groups:
        low, high = group["rating"]
        inside = (evaluation.rating >= low) & (evaluation.rating <= high)
        assert group["puzzles"] == inside.sum()
        assert group["exact_accuracy"] == pytest.approx(evaluation.exact[inside, -1].mean())
        low, high = group["exact_accuracy_interval_95"]
        assert low <= group["exact_accuracy"] <= high


def test_the_halting_curve_is_what_halting_gives(measured: tuple[Evaluation, list[HaltingEvaluation]]) -> None:
    evaluation, early = measured
    for found, point in zip(early, halting_curve(evaluation, [0.5, 1.0]), strict=True):
        assert point["mean_act_steps"] == found.steps.mean()
        assert point["exact_accuracy"] == found.accuracy
    assert 1 < early[0].steps.mean() < early[1].steps.mean() == 4


def test_the_curve_costs_less_and_saves_less_the_surer_the_head_must_be() -> None:
    evaluation = synthetic()
    curve = list(halting_curve(evaluation))
    steps = [point["mean_act_steps"] for point in curve]
    assert steps == sorted(steps)
    assert curve[0]["exact_accuracy"] < curve[-1]["exact_accuracy"] <= evaluation.accuracy


def test_text_names_the_numbers(measured: tuple[Evaluation, list[HaltingEvaluation]]) -> None:
    text = describe(*measured)
    assert "exact accuracy 0.0% (95 % interval 0.0% to 8.8%)" in text
    assert "40 test puzzles" in text
    assert "exact after ACT step 1: 0.0%, 2: 0.0%, 4: 0.0%\n" in text
    assert "step 1: 10.6%, 2: 19.4%, 4: 39.4%, 8: 68.3%, 16: 91.6%, 20: 96.1%\n" in describe(synthetic())
    assert "by rating (guesses)" in text
    assert "above 50.0%" in text


def test_pictures_are_drawn(tmp_path: Path, measured: tuple[Evaluation, list[HaltingEvaluation]]) -> None:
    import imageio.v3 as imageio

    for name, evaluation, early in [("tiny", *measured), ("large", synthetic(), ()), ("one", synthetic(1, 1), ())]:
        picture = imageio.imread(draw_evaluation(evaluation, tmp_path / f"{name}.png", early, name))
        assert picture.shape[:2] == (962, 1300)
        assert 0.02 < (picture[..., :3] < 200).any(-1).mean() < 0.5


def test_eval_writes_numbers_and_a_picture(
    checkpoint: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out" / "numbers.json"
    args = [str(checkpoint), str(dataset), "--device", "cpu", "--batch", "16", "--output", str(output)]
    main(
        ["eval", *args, "--act-steps", "6", "--halt-at", "0.5", "1.0", "--puzzles", "30", "--attempts", "2"]
        + ["--halt", "1", "--time-early"]
    )
    out = capsys.readouterr().out
    assert "exact accuracy" in out
    assert "in the environment: solved" in out
    numbers = json.loads(output.read_text(encoding="utf-8"))
    assert set(keys(numbers)) == set(KEYS)
    assert (numbers["puzzles"], numbers["act_steps"]) == (30, 6)
    assert len(numbers["exact_accuracy_by_step"]) == 6
    assert numbers["environment_proposals"] == 6
    assert [stopped["threshold"] for stopped in numbers["early_stopping"]] == [0.5, 1.0]
    assert numbers["early_stopping"][1]["mean_act_steps"] == 6
    assert sum(group["puzzles"] for group in numbers["by_rating"]) == 30
    assert output.with_suffix(".png").stat().st_size > 20_000
    assert sorted(path.name for path in output.parent.iterdir()) == ["numbers.json", "numbers.png"]


def test_eval_without_episodes_or_early_stopping(
    checkpoint: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["eval", str(checkpoint), str(dataset), "--device", "cpu", "--no-episodes", "--halt-at", "--puzzles", "5"])
    assert "environment" not in capsys.readouterr().out
    numbers = json.loads((checkpoint / "eval.json").read_text(encoding="utf-8"))
    assert numbers["early_stopping"] == []
    assert not [key for key in numbers if key.startswith("environment")]
    assert (checkpoint / "eval.png").is_file()


def test_a_wrong_threshold_is_said_before_anything_runs(
    checkpoint: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "numbers.json"
    with pytest.raises(SystemExit):
        main(["eval", str(checkpoint), str(dataset), "--halt-at", "0.5", "2", "--output", str(output)])
    assert "halting threshold 2.0, expected a probability" in capsys.readouterr().err
    assert not output.exists()


def test_eval_stops_sure_puzzles_unless_told_otherwise(checkpoint: Path, dataset: Path, tmp_path: Path) -> None:
    output = tmp_path / "numbers.json"
    main(["eval", str(checkpoint), str(dataset), "--act-steps", "8", "--no-episodes", "--output", str(output)])
    stopped = json.loads(output.read_text(encoding="utf-8"))
    main(["eval", str(checkpoint), str(dataset), "--act-steps", "8", "--no-episodes", "--output", str(output)]
         + ["--halt", "1", "--overwrite"])  # fmt: skip
    full = json.loads(output.read_text(encoding="utf-8"))
    assert (stopped["halt"], full["halt"]) == (0.99, 1.0)
    assert stopped["mean_act_steps"] < full["mean_act_steps"] == 8
    assert len(stopped["exact_accuracy_by_step"]) == 8
    assert stopped["early_stopping"][-1]["mean_act_steps"] == stopped["mean_act_steps"]
    for some, every in zip(stopped["early_stopping"], full["early_stopping"], strict=True):
        assert {key: some[key] for key in ("exact_accuracy", "solved_by_rules", "mean_act_steps")} == {
            key: every[key] for key in ("exact_accuracy", "solved_by_rules", "mean_act_steps")
        }
    assert not {"speedup", "occupancy"} & stopped["early_stopping"][0].keys()
    assert max(point["threshold"] for point in stopped["halting_curve"]) == 0.99


def test_stopping_later_than_the_evaluation_is_refused(
    checkpoint: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["eval", str(checkpoint), str(dataset), "--halt", "0.9", "--halt-at", "0.95"])
    assert "halting threshold 0.95, expected at most 0.9" in capsys.readouterr().err


def test_a_picture_of_a_stopped_evaluation(checkpoint: Path, dataset: Path, tmp_path: Path) -> None:
    agent = AIRAgent.from_pretrained(checkpoint)
    found = evaluate(agent, Dataset(dataset), halt=0.9, keep_steps=True, progress=False)
    path = draw_evaluation(found, tmp_path / "a.png", [cut_short(found, 0.5)], "stopped")
    assert path.stat().st_size > 20_000


def test_report_is_json(measured: tuple[Evaluation, list[HaltingEvaluation]]) -> None:
    text = json.dumps(report(*measured), allow_nan=False)
    assert set(keys(json.loads(text))) <= set(KEYS)
