"""What pictures and tables leave out, and what they say beside numbers that are another model's."""

import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

import puzzles
from agents.analysis import measure_attention, measure_freeze
from agents.analysis.families import family_analysis
from agents.analysis.moments import Moments
from agents.analysis.paper.figures import draw_attention, draw_rollouts, shown_updates
from agents.analysis.paper.published import caveat
from agents.analysis.paper.rollouts import MEASURES, Rollouts
from agents.analysis.sweep.ablation import Ablation, Member, draw_ablation
from agents.config.model import AIRConfig
from agents.evaluation.selection import select
from agents.models.air import AIR
from agents.thinking.agent import AIRAgent
from puzzles.build import build_dataset
from puzzles.dataset import Dataset

UNITS = {"hidden": 24, "heads": 6, "layers": 2, "max_steps": 2, "mixer": "units", "position": "none"}


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are drawn, instead of their files."""
    figures: list[Figure] = []
    for module in ("sweep.ablation", "paper.figures"):
        monkeypatch.setattr(f"agents.analysis.{module}.save_chart", lambda figure, path: figures.append(figure))
    return figures


def test_attention_inside_units_leaves_out_what_it_fixes(dataset: Path, drawn: list[Figure]) -> None:
    agent = AIRAgent(AIR(AIRConfig("sudoku-4x4", **UNITS)))  # type: ignore[arg-type]
    found = measure_attention(agent, select(agent, Dataset(dataset), count=6), progress=False)
    assert found.fixed == ("nbr",)
    of_l_and_h = found.by_puzzle.mean[:, :, found.measures.index("nbr"), :2]
    np.testing.assert_allclose(of_l_and_h[~np.isnan(of_l_and_h)], 1, atol=1e-5)
    table = found.table()
    assert not any(line.startswith("layer") and "nbr" in line for line in table.splitlines())
    assert "nbr is left out: this model attends inside units" in table
    numbers = json.loads(json.dumps(found.summary(), allow_nan=False))
    assert all(measures.keys() == {"ent", "viol"} for measures in numbers["groups"].values())
    assert numbers["left_out"]["measures"] == ["nbr"]
    draw_attention(found, Path("attention.png"))
    (figure,) = drawn
    assert [axes.get_title() for axes in figure.axes] == ["Normalised entropy: H - L", "Mass on violations: L - H"]
    assert "nbr is left out" in figure.get_suptitle()


def test_other_attention_leaves_out_nothing(dataset: Path, maze_dataset: Path) -> None:
    for family, data, mixer in (("sudoku-4x4", dataset, "attention"), ("maze-7x5", maze_dataset, "units")):
        config = AIRConfig(family, **UNITS | {"mixer": mixer, "heads": 4})  # type: ignore[arg-type]
        agent = AIRAgent(AIR(config))
        found = measure_attention(agent, select(agent, Dataset(data), count=4), progress=False)
        assert found.compared == found.measures
        assert "left out" not in found.table()
        assert "left_out" not in found.summary()


def test_another_model_than_the_papers_is_said_beside_its_numbers(tmp_path: Path) -> None:
    assert caveat(AIRConfig()) == ""
    assert caveat(AIRConfig("maze-30x30", max_steps=32)) == ""
    assert caveat(AIRConfig("sudoku-6x6", hidden=64)) == "", "the paper has no numbers of that family"
    small = AIRConfig("sudoku-9x9", hidden=24, heads=6, layers=1, mixer="units", position="none", max_steps=1)
    told = (
        "The paper's numbers are those of another model: hidden 512 (here 24), heads 8 (here 6), layers 4 (here 1), "
        "mixer attention (here units), position rope (here none)."
    )
    assert caveat(small) == told
    family = puzzles.family("sudoku-9x9")
    data = build_dataset(tmp_path / "a.h5", family, train=0, test=2, progress=False)
    agent = AIRAgent(AIR(small))
    chosen = select(agent, data)
    for found in (measure_freeze(agent, chosen, progress=False), measure_attention(agent, chosen, progress=False)):
        assert "paper: " in found.table()
        assert found.table().endswith(told)
        assert found.summary()["published"]["caveat"] == told
    assert not {"nbr"} & found.summary()["published"]["difference_by_layer"]["control"].keys()
    ablation = Ablation("injection", "sudoku-9x9", (Member("Lx_H", ()),), told)
    assert ablation.table().endswith(told)


def test_accuracies_of_zero_have_an_axis_of_per_cent(drawn: list[Figure]) -> None:
    result = {"exact_accuracy": 0.0, "cell_accuracy": 0.5}
    for members in ((Member("Lx_H", (result, result)), Member("L_Hx", (result,))), (Member("Lx_H", ()),)):
        draw_ablation(Ablation("injection", "sudoku-4x4", members), Path("ablation.png"))
        low, high = drawn.pop().axes[0].get_xlim()
        assert -1 < low < 0
        assert 4 < high < 100


def rollouts(settled: int, updates: int = 64) -> Rollouts:
    """Ten puzzles, all of whose decoded z_H changes until update ``settled``, while z_L never rests."""
    moments = Moments((updates, 2, len(MEASURES)))
    samples = np.zeros((10, updates, 2, len(MEASURES)))
    samples[:, :, 0] = np.minimum(np.arange(1, updates + 1), settled)[:, None]
    samples[:, ::2, 1] = 1
    moments.add(samples)
    return Rollouts(moments, "LHLH", family_analysis(puzzles.family("sudoku-4x4")))


@pytest.mark.parametrize(("settled", "shown"), [(1, 12), (4, 12), (5, 16), (8, 16), (9, 20), (55, 64), (64, 64)])
def test_a_picture_of_rollouts_ends_two_act_steps_after_the_answer_has_settled(
    settled: int, shown: int, drawn: list[Figure]
) -> None:
    found = rollouts(settled)
    assert shown_updates(found) == shown
    draw_rollouts(found, Path("rollouts.png"))
    (figure,) = drawn
    assert max(line.get_xdata()[-1] for axes in figure.axes for line in axes.get_lines()) == shown
    assert (f"updates {shown + 1} to 64 are not shown" in figure.get_supxlabel()) == (shown < 64)
