"""Records of evaluations: what they hold, that they belong to no machine, and where they lie."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from agents.checkpoints.chain import write_chain
from agents.checkpoints.folder import save_model
from agents.cli import main
from agents.config.model import AIRConfig
from agents.config.structure import structure
from agents.evaluation import evaluate, wilson_interval
from agents.evaluation.records import check_unseen, evaluation_record, kind_of, read_records, weights_hash
from agents.models.cost import count_parameters
from agents.thinking.agent import AIRAgent
from puzzles.dataset import Dataset
from puzzles.importers import import_puzzles
from puzzles.shares import from_dataset, from_list, mix_by_shares
from tests.agents.conftest import TINY
from tests.agents.evaluation.conftest import untrained_model


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a chain: what its last one was trained on is known, what the one before was is not."""
    folder = tmp_path_factory.mktemp("runs") / "mine"
    save_model(untrained_model(), folder)
    datasets = [{"name": "other", "checksum": "c" * 64, "splits": ["train", "validation"], "set_aside": "/a/b: 3"}]
    write_chain(folder, [{"run": "first", "datasets": None}, {"run": "mine", "datasets": datasets}])
    return folder


def test_eval_writes_a_record(run: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    main(["eval", str(run), str(dataset), "--record", "--no-episodes", "--puzzles", "30", "--halt", "0.9"]
         + ["--halt-at", "0.5", "--output", "numbers.json"])  # fmt: skip
    numbers = json.loads(Path("numbers.json").read_text(encoding="utf-8"))
    (record,) = read_records()
    assert [path.name for path in Path("results").iterdir()] == ["mine--sudoku-4x4--30--4-steps--halt-0.9.json"]
    right = round(numbers["exact_accuracy"] * 30)
    assert record["exact"]["right"] == right
    assert record["exact"]["interval_95"] == pytest.approx(wilson_interval(right, 30), abs=1e-6)
    assert record["rules"]["accuracy"] == pytest.approx(numbers["solved_by_rules"], abs=1e-6)
    assert record["cells"] == pytest.approx(numbers["cell_accuracy"], abs=1e-6)
    assert (record["model"], record["puzzles"], record["act_steps"], record["halt"]) == ("mine", 30, 4, 0.9)
    assert record["mean_act_steps"] == pytest.approx(numbers["mean_act_steps"], abs=1e-3)
    assert record["weights"] == weights_hash(run)
    assert record["parameters"] == count_parameters(TINY)
    assert record["test_set"] == {
        "name": "sudoku-4x4",
        "kind": "generated",
        "family": "sudoku-4x4",
        "split": "test",
        "split_rule": "exact",
        "checksum": Dataset(dataset).attributes["checksum"],
        "generator": "air_envs generator",
    }
    used = {"name": "other", "checksum": "c" * 64, "splits": ["train", "validation"]}
    assert record["trained_on"] == [{"run": "first", "datasets": None}, {"run": "mine", "datasets": [used]}]
    assert record["hardware"]["device"] == "cpu"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"])
    for folder in (tmp_path, run.parent, dataset.parent):
        assert str(folder) not in json.dumps(record)


def test_a_search_is_recorded_with_its_accuracy(
    run: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    args = ["eval", str(run), str(dataset), "--record", "--no-episodes", "--output", "numbers.json"]
    main([*args, "--attempts", "3", "--search", "noise", "--threshold", "0.9"])
    (record,) = read_records()
    assert [path.name for path in Path("results").iterdir()] == ["mine--sudoku-4x4--40--4-steps--noise-3.json"]
    last = json.loads(Path("numbers.json").read_text(encoding="utf-8"))["attempts"][-1]
    assert (record["attempts"], record["search"], record["noise"]) == (3, "noise", 0.3)
    assert record["halt"] == last["threshold"] == 0.9
    assert record["exact"]["accuracy"] == pytest.approx(last["exact_accuracy"], abs=1e-6)
    assert record["mean_act_steps"] == pytest.approx(last["mean_act_steps"], abs=1e-3)
    main([*args, "--attempts", "3", "--search", "guesses", "--overwrite"])
    guessed, _ = read_records()
    assert (guessed["search"], guessed["noise"], guessed["halt"]) == ("guesses", None, 0.5)


def test_measuring_again_replaces_the_record(
    run: Path, dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        main(["eval", str(run), str(dataset), "--record", "--no-episodes", "--output", "a.json", "--overwrite"])
    assert len(read_records()) == 1


def test_accuracy_by_source(run: Path, dataset: Path, tmp_path: Path) -> None:
    data = Dataset(dataset)
    lines = ("".join(map(str, puzzle.ravel())) for puzzle in data.split("train").puzzle[:8])
    (tmp_path / "list.txt").write_text("\n".join(lines), encoding="utf-8")
    parts = [from_dataset("file", 3, data), from_list("list", 1, tmp_path / "list.txt", data.family, ("published",))]
    mixed, _ = mix_by_shares(tmp_path / "mix.h5", parts, 12, progress=False)
    agent = AIRAgent.from_pretrained(run)
    found = evaluate(agent, mixed, count=9, progress=False)
    found.right[:4] = 16
    record = evaluation_record(str(run), agent, mixed, found)
    assert record["test_set"]["kind"] == "stand-in"
    source = mixed.source("test")[:9]
    for number, name in enumerate(mixed.source_names):
        here = source == number
        assert record["by_source"][name]["puzzles"] == here.sum()
        assert record["by_source"][name]["exact"]["right"] == (here & (np.arange(9) < 4)).sum()
    assert sum(part["exact"]["right"] for part in record["by_source"].values()) == record["exact"]["right"] == 4


def test_accuracy_by_source_of_a_published_table(
    run: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table in the layout of Sudoku-Extreme's ``test.csv``."""
    data = Dataset(dataset)
    family, test = data.family, data.split("test").take(slice(6))
    lines = [
        f"{name},{family.format(question)},{family.format(answer)},{rating}"
        for name, question, answer, rating in zip(["puzzles0_kaggle", "01_file1"] * 3, *test, strict=True)
    ]
    (tmp_path / "test.csv").write_text("\n".join(["source,question,answer,rating", *lines]) + "\n")
    import_puzzles(tmp_path, tmp_path / "published.h5", progress=False)
    published, agent = Dataset(tmp_path / "published.h5"), AIRAgent.from_pretrained(run)
    record = evaluation_record(str(run), agent, published, evaluate(agent, published, progress=False))
    assert {name: part["puzzles"] for name, part in record["by_source"].items()} == {
        "puzzles0_kaggle": 3,
        "01_file1": 3,
    }
    output = tmp_path / "numbers.json"
    main(["eval", str(run), str(tmp_path / "published.h5"), "--no-episodes", "--output", str(output)])
    assert re.search(r"by source:\n  .*: \d+\.\d% exact \(.*\) of 3\n  .*: .* of 3\n", capsys.readouterr().out)
    assert json.loads(output.read_text(encoding="utf-8"))["by_source"] == record["by_source"]
    assert sum(part["exact"]["right"] for part in record["by_source"].values()) == record["exact"]["right"]


def test_where_test_sets_come_from(dataset: Path, tmp_path: Path) -> None:
    assert kind_of(Dataset(dataset), "test") == "generated"
    lines = ("".join(map(str, puzzle.ravel())) for puzzle in Dataset(dataset).split("test").puzzle[:8])
    (tmp_path / "list.txt").write_text("\n".join(lines), encoding="utf-8")
    import_puzzles(tmp_path / "list.txt", tmp_path / "list.h5", train=4, test=4, progress=False)
    assert kind_of(Dataset(tmp_path / "list.h5"), "test") == "published"


def test_a_split_that_some_run_of_the_chain_used_is_refused(run: Path) -> None:
    assert check_unseen(str(run), "mine", "d" * 64, "test") is False  # the first run's datasets are not known
    assert check_unseen(str(run), "mine", "c" * 64, "test") is False
    with pytest.raises(ValueError, match=r"mine: run mine trained or selected on its validation split"):
        check_unseen(str(run), "mine", "c" * 64, "validation")
    with pytest.raises(ValueError, match=r"other: run mine"):
        check_unseen(str(run), "other", None, "train")


def test_files_that_are_no_records_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.json: not the record of an evaluation: not JSON"):
        read_records(tmp_path)
    (tmp_path / "a.json").write_text('{"model": "mine"}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.json: not the record of an evaluation: no test_set"):
        read_records(tmp_path)


@pytest.mark.parametrize(
    ("config", "kind", "text"),
    [
        (AIRConfig(), "paper", "the paper's model"),
        (AIRConfig.variant("L_H2x"), "variant", "the paper's variant L_H2x"),
        (AIRConfig.variant("TRM-MLP"), "variant", "the paper's variant TRM-MLP"),
        (AIRConfig(hidden=64, heads=2), "variant", "Lx_H of the paper with other hidden, heads"),
        (AIRConfig(inject_l=3.0), "variant", "L3x_H0x, an injection that is not in the paper"),
        (AIRConfig(mixer="candidates", hidden=288, position="none"), "own", "a state per candidate"),
        (AIRConfig("maze-9x9", mixer="units", convolution=3), "own", "attention inside units and 3x3 convolutions"),
    ],
)
def test_whose_structure_a_model_has(config: AIRConfig, kind: str, text: str) -> None:
    assert structure(config)[:2] == (kind, text)
