"""Reports: the numbers in a page are those that were measured or recorded, and the page loads nothing."""

import json
import re
import shutil
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pytest

from agents.analysis.paper.freeze import measure_freeze
from agents.analysis.sweep.comparison import compare
from agents.analysis.sweep.experiments import EXPERIMENTS
from agents.analysis.sweep.split import MEASURES
from agents.analysis.sweep.statistics import paired
from agents.cli import main
from agents.cli.report import experiment_of
from agents.evaluation import evaluate, select
from agents.evaluation.statistics import wilson_interval
from agents.report.blocks import MOST_BYTES, Page, Section, Table, Words
from agents.report.charts import Line, Row, line_chart, row_chart, ticks
from agents.report.members import _p_values, membership_section
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset
from tests.agents.cli.test_commands import fails

RECORDS = Path(__file__).parents[3] / "results" / "ablations"


def numbers_in(page: Path) -> dict[str, Any]:
    (text,) = re.findall(r'id="numbers">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    return json.loads(text)


def assert_self_contained(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert page.stat().st_size < MOST_BYTES
    assert not re.findall(r"<(?:link|img|iframe|script[^>]*\bsrc)|url\(|@import|fetch\(|import\(", text)
    assert set(re.findall(r"(?:src|href)=\"([^\"]*)", text)) <= {
        f"#{anchor}" for anchor in re.findall(r'id="([^"]+)"', text)
    }
    addresses = {word for word in re.findall(r"https?://[^\s\"'<)]+", text) if word != "http://www.w3.org/2000/svg"}
    assert addresses == set()


@pytest.fixture(scope="module")
def named(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose name HTML would take for an element."""
    return Path(shutil.copytree(run, tmp_path_factory.mktemp("runs") / "<b>&run"))


@pytest.fixture(scope="module")
def page(named: Path) -> Path:
    main(["report", str(named), "--puzzles", "12", "--analysed", "6", "--rollouts", "2", "--device", "cpu"])
    return named / "report.html"


def test_the_report_of_a_run(page: Path, named: Path, dataset: Path) -> None:
    assert_self_contained(page)
    text, numbers = page.read_text(encoding="utf-8"), numbers_in(page)
    assert "<b>" not in text
    assert "&lt;b&gt;&amp;run" in text
    for title in ("Player", "Accuracy", "Training", "Freeze", "Attention", "Probes", "Configuration", "Data"):
        assert f"<h2>{title}</h2>" in text
    assert text.count('class="air-player"') == 2
    agent, data = AIRAgent.from_pretrained(named, "cpu"), Dataset(dataset)
    measured = evaluate(agent, data, count=12, progress=False)
    right = int(measured.exact[:, -1].sum())
    assert numbers["evaluation"]["exact_accuracy"] == right / 12
    assert numbers["evaluation"]["exact_accuracy_interval_95"] == list(wilson_interval(right, 12))
    frozen = measure_freeze(agent, select(agent, data, count=6), progress=False).summary()["conditions"]
    found = numbers["analyses"]["freeze"]["conditions"]
    changes = frozen["freeze z_H"]["z_L_content_changes"]["mean"]
    assert found["freeze z_H"]["z_L_content_changes"]["mean"] == pytest.approx(changes, rel=1e-6)
    assert f"<title>freeze z_H, z_L: {changes:.4g}" in text, "the number stands at its bar"
    assert f"<dd>{data.attributes['checksum'][:12]}</dd>" in text
    assert "air-envs train --dataset data/" in text, "no folder of this machine"
    assert str(dataset.parent) not in text


def test_training_curves_are_those_of_the_log(page: Path, named: Path) -> None:
    lines = [json.loads(line) for line in (named / "metrics.jsonl").read_text().splitlines()]
    last = [line for line in lines if line["split"] == "validation"][-1]
    words = f"<title>validation, {last['step']}: {100 * last['exact_accuracy']:.1f} %</title>"
    assert words in page.read_text(encoding="utf-8")


def test_a_model_without_attention_and_without_a_run(tmp_path: Path) -> None:
    """A shipped model has no curves; its puzzles are generated; a model of candidates has no attention section."""
    output = tmp_path / "report.html"
    command = [
        "report",
        "sudoku-9x9-minimal",
        "--puzzles",
        "2",
        "--analysed",
        "2",
        "--rollouts",
        "1",
        "--act-steps",
        "1",
    ]
    main([*command, "--what", "freeze", "--output", str(output)])
    assert_self_contained(output)
    text = output.read_text(encoding="utf-8")
    assert "This model does not attend." in text, "the player's script says so"
    assert "<h2>Training</h2>" not in text
    assert "<h2>Attention</h2>" not in text
    assert "generated for this report" in text


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("sweep") / "sweep.html"
    main(["report", "injection-4x4", "--records", str(RECORDS), "--output", str(output)])
    return output


def test_the_report_of_an_experiment_has_the_numbers_of_its_records(sweep: Path) -> None:
    assert_self_contained(sweep)
    text, numbers = sweep.read_text(encoding="utf-8"), numbers_in(sweep)["at_end"]
    records = [json.loads(path.read_text()) for path in sorted((RECORDS / "injection-4x4").glob("*-*.json"))]
    assert len(records) >= 8
    for record in records:
        member, seed, last = record["member"], str(record["seed"]), record["checkpoints"][-1]
        exact = record["test"]["exact_accuracy"]
        assert numbers["exact accuracy, all test puzzles"][member][seed] == exact
        assert numbers["entropy of z_L"][member][seed] == last["states"]["z_L"]["entropy"]["last"]
        assert numbers["z_H frozen: z_L exact"][member][seed] == last["freeze"]["freeze z_H"]["z_L"]["exact_accuracy"]
        low, high = record["test"]["exact_accuracy_interval_95"]
        cells = f"<td>{seed}</td><td>{100 * exact:.1f} %</td><td>{100 * low:.1f} to {100 * high:.1f} %</td>"
        assert f'<th scope="row">{member}</th>{cells}' in text
    assert set(MEASURES) <= numbers.keys()
    of_default = [record["test"]["exact_accuracy"] for record in records if record["member"] == "Lx_H"]
    assert f'<th scope="row">Lx_H</th><td>{len(of_default)}</td><td>{100 * fmean(of_default):.1f} %</td>' in text


def test_groups_are_those_of_the_comparison(sweep: Path) -> None:
    found = compare(EXPERIMENTS["injection-4x4"], RECORDS)
    contrast = found.asymmetry(lambda record: record["test"]["exact_accuracy"])
    assert contrast
    row = f"<td>{contrast.ours:.3f}</td><td>{contrast.theirs:.3f}</td>"
    assert f'<th scope="row">exact accuracy, all test puzzles</th>{row}' in sweep.read_text(encoding="utf-8")


def test_a_folder_of_records_is_its_experiment(tmp_path: Path) -> None:
    assert experiment_of(str(RECORDS / "injection-4x4")) is EXPERIMENTS["injection-4x4"]
    (tmp_path / "injection-4x4").mkdir()
    assert experiment_of(str(tmp_path / "injection-4x4")) is None, "a folder without records"
    assert experiment_of("sudoku-6x6") is None


def test_p_values_of_many_pairs_are_those_there_are() -> None:
    """The exact test is of 16 pairs at most. Of 1 and 3, t is 2 with one degree of freedom, whose law is Cauchy's."""
    assert _p_values(paired([0.1])) == "-"
    assert _p_values(paired([1.0, 3.0])) == "0.295, 0.500"
    assert _p_values(paired([-1.0, 1.0] * 9)) == "1.000, -"


def test_a_run_of_an_experiment_shows_the_others(tmp_path: Path) -> None:
    section = membership_section(tmp_path / "injection-4x4" / "L2x_H" / "seed-0", RECORDS)
    assert section
    words, table = section.blocks
    assert isinstance(words, Words)
    assert "L2x_H, seed 0, of the experiment injection-4x4" in words.text
    assert isinstance(table, Table)
    assert table.marked is not None
    assert table.rows[table.marked][0] == "L2x_H"
    assert membership_section(tmp_path / "injection-4x4" / "L2x_H", RECORDS) is None
    assert membership_section(tmp_path / "other" / "L2x_H" / "seed-0", RECORDS) is None


def test_a_model_near_the_root_belongs_to_no_sweep() -> None:
    for place in ("/", "/model", "/seed-0", "/runs/seed-0"):
        assert membership_section(Path(place), RECORDS) is None


def test_a_damaged_summary_is_named(tmp_path: Path) -> None:
    result = {"seed": 0, "exact_accuracy": 0.5, "cell_accuracy": 0.7}
    member = {"name": "Lx_H", "seeds": [result], "exact_accuracy_mean": 0.5, "cell_accuracy_mean": 0.7}
    member |= {"published_mean": None}
    whole = {"ablation": "injection", "family": "sudoku-4x4", "caveat": "", "members": [member]}
    for data, message in (
        (b"{", "not the summary of an ablation: not JSON: "),
        (b"[]", "not the summary of an ablation: [], expected an object"),
        (b"\x80", "not the summary of an ablation: not UTF-8 at byte 0"),
        (without(whole, "caveat"), "not the summary of an ablation: no caveat"),
        (whole | {"members": 3}, "not the summary of an ablation: members 3, expected a list"),
        (whole | {"members": []}, "no members, expected at least 1"),
        (whole | {"members": [without(member, "exact_accuracy_mean")]}, "no members.exact_accuracy_mean"),
        (whole | {"members": [member | {"seeds": []}]}, "Lx_H without seeds, expected at least 1"),
        (whole | {"members": [member | {"seeds": [{"seed": 0}]}]}, "seed 0 neither measured nor diverged"),
    ):
        (tmp_path / "ablation.json").write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        with pytest.raises(ValueError, match=rf"ablation\.json: .*{re.escape(message)}"):
            membership_section(tmp_path / "Lx_H" / "seed-0", RECORDS)


def without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}


def test_a_run_of_a_family_shows_the_others(tmp_path: Path) -> None:
    """As ``air-envs ablate FAMILY`` leaves it: one seed diverged."""
    seeds = [{"seed": 0, "exact_accuracy": 0.5, "cell_accuracy": 0.75}, {"seed": 1, "diverged": "at step 3"}]
    member = {"name": "Lx_H", "seeds": seeds, "exact_accuracy_mean": 0.5, "cell_accuracy_mean": 0.75}
    member |= {"published_mean": None}
    (tmp_path / "ablation.json").write_text(
        json.dumps({"ablation": "injection", "family": "sudoku-4x4", "caveat": "", "members": [member]})
    )
    section = membership_section(tmp_path / "Lx_H" / "seed-1", tmp_path)
    assert section
    assert section.blocks[1].rows == [["Lx_H", "2", "50.0 %", "-", "50.0 %, diverged", "75.0 %", "-"]]  # type: ignore[union-attr]


def test_the_report_of_an_ablation(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two seeds with curves and a member that diverged; a damaged summary is refused."""
    for seed in (0, 1):
        (tmp_path / "Lx_H" / f"seed-{seed}").mkdir(parents=True)
        shutil.copy(run / "metrics.jsonl", tmp_path / "Lx_H" / f"seed-{seed}")
    seeds = [{"seed": seed, "exact_accuracy": exact, "cell_accuracy": 0.8} for seed, exact in enumerate((0.5, 0.7))]
    members = [
        {"name": "Lx_H", "seeds": seeds, "exact_accuracy_mean": 0.6, "cell_accuracy_mean": 0.8, "published_mean": 0.9},
        {"name": "L_<b>", "seeds": [{"seed": 0, "diverged": "at step 3"}], "exact_accuracy_mean": None}
        | {"cell_accuracy_mean": None, "published_mean": None},
    ]
    summary = {"ablation": "injection", "family": "sudoku-4x4", "caveat": "Another model.", "members": members}
    (tmp_path / "ablation.json").write_text(json.dumps(summary))
    main(["report", str(tmp_path)])
    page = tmp_path / "report.html"
    assert_self_contained(page)
    text = page.read_text(encoding="utf-8")
    assert numbers_in(page) == summary
    assert '<th scope="row">Lx_H</th><td>2</td><td>60.0 %</td>' in text
    assert "<title>Lx_H, mean, 95 % interval over seeds: 60.0 %" in text
    assert "<title>Lx_H, paper, test set: 90.0 %</title>" in text
    assert "<b>" not in text
    assert "measured on validation puzzles" in text
    last = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()][-1]
    assert f"<title>seed 1, {last['step']}: {100 * last['exact_accuracy']:.1f} %</title>" in text

    assert f"--puzzles with the ablation {tmp_path}, expected a model" in fails(
        ["report", str(tmp_path), "--overwrite", "--puzzles", "3"], capsys
    )
    (tmp_path / "ablation.json").write_text("{")
    message = "ablation.json: not the summary of an ablation: not JSON: Expecting property name"
    assert message in fails(["report", str(tmp_path), "--overwrite"], capsys)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["injection-4x4", "--puzzles", "3"], "--puzzles with the experiment injection-4x4, expected a model"),
        *(
            (["injection-4x4", flag, value], f"{flag} with the experiment injection-4x4, expected a model")
            for flag, value in (
                ("--dataset", "mine.h5"),
                ("--split", "validation"),
                ("--rollouts", "3"),
                ("--act-steps", "2"),
                ("--device", "cpu"),
                ("--dtype", "float32"),
            )
        ),
        ([str(RECORDS / "injection-4x4"), "--records", "x"], "injection-4x4, expected a model"),
        (
            ["operator-4x4", "--records", "nowhere"],
            "nowhere/operator-4x4: no records, expected those of air-envs ablate",
        ),
        (["no-such-model"], "no-such-model: neither a folder nor a shipped model"),
        (["sudoku-6x6", "--analysed", "0"], "analysed 0, expected at least 1"),
        (["sudoku-6x6", "--rollouts", "-1"], "rollouts -1, expected at least 0"),
    ],
)
def test_wrong_words(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in fails(["report", *words], capsys)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_replaced_unasked(page: Path, named: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = page.read_bytes()
    assert "report.html: is there already" in fails(["report", str(named)], capsys)
    assert page.read_bytes() == before


def test_a_page_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agents.report.blocks.MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="bytes, expected 1,000 at most: ask for fewer rollouts"):
        Page("a", "b", [], [Section("c", [Words("d")])]).write(tmp_path / "page.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 103), (0.885, 0.9), (1, 740), (-0.02, 0.001), (5, 5e6)])
def test_ticks_are_round_and_inside(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 6
    assert low - 1e-9 <= found[0] < found[-1] <= high + 1e-9
    assert np.allclose(np.diff(found), found[1] - found[0])
    digits = {f"{tick / (found[1] - found[0]):.0f}" for tick in found}
    assert len(digits) == len(found)


def test_charts_escape_names_and_leave_out_what_is_not_known() -> None:
    lines = line_chart("<t>", "x", [Line("<a>", [1, 2, 3], [1.0, None, float("nan")], [None] * 3, [None] * 3)])
    assert lines.svg.count("<circle") == 1
    assert "&lt;a&gt;, 1: 1" in lines.svg
    rows = row_chart("t", ["<n>", "m"], [Row("<r>", [None, 0.25], [None, 0.2], [None, 0.3])], percent=True)
    assert rows.svg.count("<rect") == 1
    assert "m, &lt;r&gt;: 25.0 % (20.0 % to 30.0 %)" in rows.svg
    assert "&lt;n&gt;" in rows.svg


@pytest.mark.parametrize("values", [[0.0, 0.0], [0.4, 0.4], [-2.0, -2.0]])
def test_a_chart_of_equal_numbers_can_be_drawn(values: list[float]) -> None:
    for svg in (
        line_chart("t", "x", [Line("a", [1, 2], values)]).svg,
        row_chart("t", ["a", "b"], [Row("r", values)]).svg,
    ):
        assert "nan" not in svg
