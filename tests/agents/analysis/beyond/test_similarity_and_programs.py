"""CKA of made-up states, accuracy under programs, and the command that prints all of it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from agents.analysis.beyond.programs import measure_programs
from agents.analysis.beyond.similarity import chosen_steps, cka, cka_interval, measure_similarity
from agents.analysis.tracing import decode, trace
from agents.cli import main
from agents.evaluation.selection import select
from agents.thinking.agent import AIRAgent
from puzzles import Puzzles
from puzzles.dataset import Dataset

BEYOND = ("probes", "patching", "dynamics", "similarity", "programs")


def test_cka_by_hand() -> None:
    """Rotated, scaled and shifted states are alike; states without correlation are not; one in two dimensions half."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4))
    turned = 3 * x @ np.linalg.qr(rng.normal(size=(4, 4)))[0] + 5
    assert cka(x, turned) == pytest.approx(1)
    a, b = np.array([[1.0], [1.0], [-1.0], [-1.0]]), np.array([[1.0], [-1.0], [1.0], [-1.0]])
    assert cka(a, b) == pytest.approx(0)
    assert cka(a, np.hstack((a, b))) == pytest.approx(1 / math.sqrt(2))  # 16 / (4 * 4 sqrt 2)
    assert cka(a, 0 * a) == 0


def test_the_jackknife_by_hand() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20, 3, 2))
    y = x + rng.normal(size=x.shape)
    value, half = cka_interval(x, y)
    assert value == pytest.approx(cka(x.reshape(-1, 2), y.reshape(-1, 2)))
    left_out = [cka(*(np.delete(z, [i, i + 1], 0).reshape(-1, 2) for z in (x, y))) for i in range(0, 20, 2)]
    assert half == pytest.approx(1.96 * math.sqrt(9 / 10 * np.sum((left_out - np.mean(left_out)) ** 2)))
    assert math.isnan(cka_interval(x[:1], y[:1])[1])


def test_similarity_of_a_models_states(agent: AIRAgent, dataset: Path) -> None:
    chosen = select(agent, Dataset(dataset), count=7, batch=3)
    found = measure_similarity(agent, chosen, progress=False)
    assert found.act_steps == (1, 2, 4)
    ends = [update.after for update in trace(agent, chosen.data.puzzle, 4) if update.position == 5]
    flat = [[z[:, 1:].reshape(7 * 16, -1).numpy() for z in state] for state in ends]
    expected = [
        [cka(*flat[step - 1]), cka(flat[step - 1][0], flat[3][0]), cka(flat[step - 1][1], flat[3][1])]
        for step in (1, 2, 4)
    ]
    np.testing.assert_allclose(found.value, expected, atol=1e-9)
    np.testing.assert_allclose(found.value[-1, 1:], 1)
    assert (chosen_steps(1), chosen_steps(6), chosen_steps(16)) == ((1,), (1, 2, 4, 6), (1, 2, 4, 8, 16))


@torch.inference_mode()
def test_programs_by_hand(agent: AIRAgent, dataset: Path) -> None:
    """Labels that z_H meets after three times LH: that program is right then, whatever the others are."""
    chosen = select(agent, Dataset(dataset), count=5, batch=2)
    x, state = agent.model.embed(agent.tokens(chosen.data.puzzle), torch.float64), agent.initial_state(5)
    labels = decode(agent, agent.model.run("LHLHLH", state, x))[:, 0]
    found = measure_programs(
        agent, chosen._replace(data=Puzzles(chosen.data.puzzle, labels, chosen.data.rating)), False
    )
    assert {program: len(right) for program, right in found.right.items()} == {
        "LLHLLH": 4, "LLH": 8, "LH": 12, "LLLH": 6, "HL": 12,
    }  # fmt: skip
    assert found.right["LH"][2, 0] == 5
    for program, right in found.right.items():
        for repetition in range(len(right)):
            cells = decode(agent, agent.model.run(program * (repetition + 1), state, x))
            assert right[repetition].tolist() == [(cells[:, s] == labels).all((1, 2)).sum() for s in (0, 1)]
    assert (found.right["LLHLLH"] == found.right["LLH"][1::2]).all()
    assert found.summary()["programs"]["LH"]["updates"][2] == 6


def test_the_command(run: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["analyze", str(run), str(dataset), "--device", "cpu", "--puzzles", "12", "--output", str(tmp_path)]
    main([*args, "--pictures", "0", "--what", *BEYOND])
    out = capsys.readouterr().out
    for name in BEYOND:
        assert f"{name}: " in out
        assert json.loads((tmp_path / f"{name}.json").read_text())["title"].startswith("Lx_H, sudoku-4x4, 12 test")
        assert (tmp_path / f"{name}.png").stat().st_size > 15_000
