"""The analyses where the answer is known, their files, and the command line."""

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import puzzles
from agents.analysis import ANALYSES, analyze, measure_attention, measure_freeze, measure_rollouts
from agents.analysis.changes import changes
from agents.analysis.families import family_analysis
from agents.analysis.moments import Moments
from agents.analysis.paper.attention import GROUPS, AttentionMeasures
from agents.analysis.paper.figures import draw_attention, draw_freeze
from agents.analysis.paper.freeze import FROZEN, Condition, Freeze
from agents.analysis.paper.published import ATTENTION
from agents.analysis.report import PAPER
from agents.analysis.sweep.members import ABLATIONS
from agents.analysis.weights import use_weights
from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.folder import load_model, load_training
from agents.cli import main
from agents.config.model import AIRConfig, Mixer
from agents.data.batches import PADDING
from agents.evaluation.selection import select
from agents.models.air import AIR
from agents.thinking.agent import AIRAgent
from agents.training.trainer import Trainer
from puzzles.dataset import Dataset
from tests.agents.conftest import tiny_config

DIGIT, BLANK = 2, 1
"""Tokens of the digit 1 and of a blank cell."""


@pytest.fixture
def rigged() -> AIRAgent:
    """Two networks whose blocks change nothing: f_L attends to all cells alike, f_H to the cell itself alone.

    Without a puzzle in their input all positions stay the same vector, so that attention follows from RoPE and the
    weights: queries and keys of zero in f_L, a long constant one in f_H. The decoded grids say what lm_head says.
    """
    config = AIRConfig(family="sudoku-4x4", hidden=64, heads=1, layers=2, h_layers=2, max_steps=4)
    model = AIR(config).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        for start in (model.H_init, model.L_init):
            start.fill_(1.0)
        for block in model.f_H:
            block.mixer.qkv.weight[:128] = 1.0
    return AIRAgent(model, torch.float64)


def say(agent: AIRAgent, token: int) -> None:
    """Let both states decode to one token everywhere."""
    with torch.no_grad():
        agent.model.lm_head.weight.zero_()
        agent.model.lm_head.weight[token] = 1.0


@pytest.mark.parametrize(("token", "group"), [(BLANK, "control"), (PADDING, "control"), (DIGIT, "violation-adjacent")])
def test_attention_of_a_rigged_model(rigged: AIRAgent, dataset: Path, token: int, group: str) -> None:
    """One digit everywhere conflicts everywhere; blank or undecided cells conflict with nothing."""
    say(rigged, token)
    found = measure_attention(rigged, select(rigged, Dataset(dataset)), progress=False)
    assert found.measures == ("nbr", "ent", "viol")
    assert found.by_puzzle.count[0, :, 0, 0].tolist() == [40 * (group == name) for name in GROUPS]
    near = 8 / 16  # 4 in the row, 3 more in the column, 1 more in the box
    viol = 1.0 if group == "violation-adjacent" else 0.0
    of_l, of_h = (near, 1.0, viol), (1.0, 0.0, viol)
    difference = near - 1, -1.0, 0.0
    for layer in range(2):
        means = found.by_puzzle.mean[layer, GROUPS.index(group)]
        np.testing.assert_allclose(means.T, [of_l, of_h, difference], atol=1e-6)
    halves = found.by_puzzle.half[:, GROUPS.index(group)]
    np.testing.assert_allclose(halves, 0, atol=1e-6)


def test_freeze_and_rollouts_of_a_rigged_model(rigged: AIRAgent, dataset: Path) -> None:
    """States that always say the same change nothing; blank and padding leave every cell open."""
    for token, is_open, conflicts in ((BLANK, 1.0, 0), (PADDING, 1.0, 0), (DIGIT, 0.0, 16)):
        say(rigged, token)
        data = Dataset(dataset)
        frozen = measure_freeze(rigged, select(rigged, data, count=3, max_steps=2), progress=False)
        assert frozen.updates == 12
        assert all((found.total.mean == 0).all() for found in frozen.conditions.values())
        rollouts = measure_rollouts(rigged, select(rigged, data, count=3, max_steps=2), progress=False)
        assert rollouts.moments.mean.shape == (12, 2, 8)
        assert (rollouts.moments.mean[:, :, 2] == is_open).all()
        assert (rollouts.moments.mean[:, :, 3] == conflicts).all()
        assert (rollouts.moments.mean[:, :, 4:7] == 0).all()


def test_what_a_change_of_content_is() -> None:
    """From 1 to 2 it is one; taking or losing the mask value 0 is a flip; padding is a value like others."""
    before, after = np.array([[1, 1, 0, 0, 5, 1]], np.uint8), np.array([[2, 0, 3, 0, 1, 1]], np.uint8)
    found = changes(before, after, mask=0)
    assert found.content.tolist() == [[True, False, False, False, True, False]]
    assert found.flips.tolist() == [[False, True, True, False, False, False]]
    assert not any(np.any(part) for part in changes(None, after, mask=0))


def test_neighbourhoods_of_the_paper() -> None:
    (units,) = family_analysis(puzzles.family("sudoku-9x9")).neighbourhoods()
    assert (units.cells.sum(1) == 21).all()
    assert units.cells.diagonal().all()
    sizes = {near.name: near for near in family_analysis(puzzles.family("maze-30x30")).neighbourhoods()}
    for name, size in (("nbr4", 4), ("nbr8", 8), ("nbr5x5", 24)):
        assert sizes[name].divisor == size
        assert sizes[name].cells.sum(1).max() == sizes[name].cells[31 * 3].sum() == size
        assert not sizes[name].cells.diagonal().any()
    assert np.flatnonzero(sizes["nbr4"].cells[0]).tolist() == [1, 30]


def test_moments_in_batches() -> None:
    rng = np.random.default_rng(0)
    values, valid = rng.normal(1e4, 1, (50, 3)), rng.random((50, 3)) < 0.5
    valid[:, 2] = False
    valid[7, 2] = True
    moments = Moments((3,))
    for first in range(0, 50, 7):
        part = slice(first, first + 7)
        moments.add(values[part], valid[part])
    for i in (0, 1):
        kept = values[valid[:, i], i]
        assert moments.mean[i] == pytest.approx(kept.mean(), rel=1e-12)
        assert moments.half[i] == pytest.approx(1.96 * kept.std(ddof=1) / math.sqrt(len(kept)), rel=1e-8)
    assert moments.summary(2) == {"mean": values[7, 2], "interval_95": None, "puzzles": 1}
    assert Moments().summary() == {"mean": None, "interval_95": None, "puzzles": 0}


def test_a_batch_more_changes_nothing(run: Path, dataset: Path) -> None:
    agent, data = AIRAgent(load_model(run).double(), torch.float64), Dataset(dataset)
    for measure in (measure_rollouts, measure_freeze, measure_attention):
        one, other = (
            measure(agent, select(agent, data, count=12, batch=batch), progress=False).summary() for batch in (5, 12)
        )
        assert flat(one) == pytest.approx(flat(other), rel=1e-6, abs=1e-9)


def flat(value: object) -> list[float]:
    """All numbers of a JSON value, in order; null counts as 0."""
    if isinstance(value, dict):
        return [number for inner in value.values() for number in flat(inner)]
    if isinstance(value, list | tuple):
        return [number for inner in value for number in flat(inner)]
    return [] if isinstance(value, str) else [float(value or 0)]  # type: ignore[arg-type]


def condition(puzzles: int) -> Condition:
    """Counts of nobody's states, none of them right."""
    by_half, total = Moments((2, 4, 2)), Moments((2, 4))
    by_half.add(np.ones((puzzles, 2, 4, 2)))
    total.add(2 * np.ones((puzzles, 2, 4)))
    return Condition(by_half, total, (0, 0))


def measured_attention(values: np.ndarray, names: tuple[str, ...], family: str, valid: object = True) -> Any:
    """Attention of so many puzzles with one query each: (N, layers, heads, 2, M, 3)."""
    by_head, by_puzzle, by_query = (Moments(values.shape[1:]), *(Moments((values.shape[1], *values.shape[3:])),) * 2)
    by_head.add(values, valid)
    by_puzzle.add(values.mean(2), valid if valid is True else np.asarray(valid)[:, :, 0])
    return AttentionMeasures(by_puzzle, by_query, by_head, names, (3,), len(values), family)


def test_the_paper_stands_beside_its_own_puzzles_only() -> None:
    for family, shown in (("sudoku-9x9", True), ("maze-30x30", True), ("sudoku-6x6", False)):
        freeze = Freeze(dict.fromkeys(FROZEN, condition(2)), 96, 48, family)
        assert ("paper" in freeze.table()) == shown
        assert "sums over 96 updates" in freeze.table()
        assert "by half of the episode, 48 and 48 updates" in freeze.table()
        names = next(iter(ATTENTION.get(family, ATTENTION["sudoku-9x9"]).values()))
        attention = measured_attention(np.ones((4, 5, 2, 2, len(names) + 1, 3)), (*names, "viol"), family)
        assert ("paper: " in attention.table()) == shown
        # A fifth layer has no published value.
        fifth = [line for line in attention.table().splitlines() if line.startswith("4 ")]
        assert (fifth[0].split()[-1] == "-") == shown


def test_analyze_writes_numbers_pictures_and_a_page(
    run: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "analysis"
    args = [str(run), str(dataset), "--device", "cpu", "--puzzles", "10", "--batch", "4", "--output", str(output)]
    main(["analyze", *args, "--pictures", "1"])
    out = capsys.readouterr().out
    assert "sudoku-4x4, 10 test puzzles, float32" in out
    for name in ("rollouts", "freeze", "attention"):
        numbers = json.loads((output / f"{name}.json").read_text())
        assert numbers["puzzles"] == 10
        assert (output / f"{name}.png").stat().st_size > 15_000
    assert len(numbers["groups"]["control"]["nbr"]) == 1
    page = (output / "report.md").read_text()
    assert all(f"![]({name})" in page for name in ("rollouts.png", "freeze.png", "attention.png", "puzzle-0.png"))
    frozen = json.loads((output / "freeze.json").read_text())["conditions"]
    agent = AIRAgent.from_pretrained(run)
    normal = measure_freeze(agent, select(agent, Dataset(dataset), count=10), progress=False).conditions["normal"]
    assert frozen["normal"]["z_L_content_changes"]["mean"] == normal.total.mean[1, 0]
    assert frozen["normal"]["z_H_exact_accuracy"] == normal.accuracy[0]
    assert frozen["freeze z_L"]["z_L_content_changes"]["mean"] == 0

    main(["analyze", *args[:-1], str(tmp_path / "one"), "--what", "freeze"])
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["freeze.json", "freeze.png", "report.md"]


def test_pictures_of_an_empty_group(tmp_path: Path) -> None:
    """A perfect model has no violation-adjacent query."""
    valid = np.zeros((4, 2, 1, 2, 3, 3), bool)
    valid[:, :, :, 0] = True
    values = np.random.default_rng(0).normal(size=valid.shape)
    found = measured_attention(values, ("nbr", "ent", "viol"), "sudoku-9x9", valid)
    assert "violation-adjacent queries, 0 in 0 of 4 puzzles" in found.table()
    json.dumps(found.summary(), allow_nan=False)
    assert draw_attention(found, tmp_path / "attention.png").stat().st_size > 15_000
    conditions = dict.fromkeys(FROZEN, condition(1))
    assert draw_freeze(Freeze(conditions, 96, 48, "maze-30x30"), tmp_path / "freeze.png").stat().st_size > 15_000


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"what": ["dreams"]}, "analysis 'dreams', expected one of rollouts, freeze, attention, probes, patching"),
        ({"puzzles": 0}, "puzzles 0, expected at least 1"),
        ({"batch": 0}, "batch 0, expected at least 1"),
        ({"act_steps": 0}, "ACT steps 0, expected at least 1"),
        ({"pictures": -1}, "pictures -1, expected at least 0"),
        ({"split": "valid"}, "no split 'valid'"),
    ],
)
def test_wrong_arguments(run: Path, dataset: Path, what: dict, message: str) -> None:
    for name in what.get("what", ("rollouts", "freeze", "attention")):
        with pytest.raises(ValueError, match=message):
            analyze(AIRAgent.from_pretrained(run), Dataset(dataset), **{"what": [name], "progress": False} | what)


def test_models_that_attention_says_nothing_of(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"family": "sudoku-4x4", "hidden": 32, "heads": 2, "layers": 1}
    for config, message in (
        (AIRConfig(**small, mixer="mlp", position="none"), "by 'mlp', expected 'attention'"),
        (AIRConfig(**small, mixer="candidates", position="none"), "by 'candidates', expected 'attention'"),
        (AIRConfig(**small, h_layers=2), "2 layers for H and 1 for L"),
    ):
        agent, data = AIRAgent(AIR(config)), Dataset(dataset)
        with pytest.raises(ValueError, match=message):
            measure_attention(agent, select(agent, data))
        monkeypatch.setattr("agents.analysis.report.ANALYSES", dict.fromkeys(ANALYSES))  # none may run
        with pytest.raises(ValueError, match=message):
            analyze(agent, data, ANALYSES)
    monkeypatch.setattr("agents.analysis.families._ANALYSES", {})
    agent = AIRAgent(AIR(AIRConfig(**small)))
    with pytest.raises(ValueError, match="no analysis of 'sudoku'"):
        measure_freeze(agent, select(agent, Dataset(dataset)))


@pytest.mark.parametrize("mixer", ["mlp", "candidates"])
def test_a_model_without_attention_is_analysed_without_it(dataset: Path, mixer: Mixer) -> None:
    model = AIR(AIRConfig("sudoku-4x4", hidden=32, heads=2, layers=1, max_steps=2, mixer=mixer, position="none"))
    report = analyze(AIRAgent(model), Dataset(dataset), puzzles=3, progress=False)
    assert list(report.results) == ["rollouts", "freeze"]


def test_analyses_need_neither_environments_nor_drawing() -> None:
    """A machine with a GPU may lack gymnasium, pygame, Stable-Baselines3 and tyro."""
    script = (
        "import sys, agents.analysis.report, agents.analysis.sweep.ablation\n"
        "found = {'gymnasium', 'pygame', 'stable_baselines3', 'sb3_contrib', 'tyro'} & sys.modules.keys()\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("name", sorted({name for names in ABLATIONS.values() for name in names}))
def test_every_member_of_an_ablation_is_analysed(name: str, dataset: Path) -> None:
    """Symmetric injections, every operator and level token, two networks, three cycles, no attention."""
    config = AIRConfig("sudoku-4x4", hidden=32, heads=2, layers=1, max_steps=3).as_variant(name)
    report = analyze(AIRAgent(AIR(config)), Dataset(dataset), puzzles=3, progress=False)
    assert list(report.results) == [what for what in PAPER if what != "attention" or config.attends]
    numbers = json.loads(json.dumps({what: found.summary() for what, found in report.results.items()}))
    assert numbers["freeze"]["puzzles"] == 3
    if config.attends:
        groups = numbers["attention"]["groups"].values()
        pooled = [group["ent"][0]["difference"]["pooled"]["queries"] for group in groups]
        blank = int((Dataset(dataset).split("test").puzzle[:3] == 0).sum())
        assert sum(pooled) == blank


def test_raw_and_averaged_weights(run: Path, dataset: Path, tmp_path: Path) -> None:
    training, agent = load_training(run, "cpu"), AIRAgent.from_pretrained(run)
    folder = {key: value.clone() for key, value in agent.model.state_dict().items()}
    assert any(not torch.equal(folder[key], value) for key, value in training["model"].items())
    for weights, kept in (("raw", "model"), ("average", "average")):
        use_weights(agent, run, weights)  # type: ignore[arg-type]
        assert all(torch.equal(value, training[kept][key]) for key, value in agent.model.state_dict().items())
    assert all(torch.equal(value, folder[key]) for key, value in agent.model.state_dict().items())
    found = []
    for weights in ("raw", "average"):
        output = tmp_path / weights
        args = ["--puzzles", "20", "--what", "rollouts", "--pictures", "0", "--weights", weights, "--device", "cpu"]
        main(["analyze", str(run), str(dataset), *args, "--output", str(output)])
        found.append((output / "rollouts.json").read_text())
    assert found[0] != found[1]


def test_weights_that_are_not_there(run: Path, dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no folder of a run, expected one to take its raw weights from"):
        use_weights(AIRAgent.from_pretrained(run), tmp_path / "none", "raw")
    Trainer(tiny_config(dataset, tmp_path / "plain", ema=None, steps=2)).train(progress=False)
    agent = AIRAgent.from_pretrained(tmp_path / "plain")
    use_weights(agent, tmp_path / "plain", "raw")
    with pytest.raises(ValueError, match="keeps no average of its weights, expected weights 'raw'"):
        use_weights(agent, tmp_path / "plain", "average")
