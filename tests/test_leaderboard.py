"""The pages that are generated from records are what the command would write, and mix no test sets."""

import re
import shlex
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from agents.cli.eval import evaluate_command
from agents.evaluation.records import RECORDED, read_records, record_name, weights_hash
from agents.hub.cards import renewed_card
from agents.pretrained import FOLDER as SHIPPED
from agents.pretrained import shipped_models
from benchmarks.leaderboard import BEGIN, PUBLISHED_COMMAND, ROOT, files, leaderboard
from benchmarks.markdown import END, between_marks
from benchmarks.published_results import DATA, PUBLISHED, TRAINED_IN

RECORDS = read_records(ROOT / "results")


def tables(text: str) -> dict[str, list[str]]:
    """Return the rows under each heading of a page."""
    return {
        part.splitlines()[0]: [line for line in part.splitlines() if line.startswith("| ")]
        for part in text.split("\n## ")[1:]
    }


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_generated_files_are_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == files()[path], "run python -m benchmarks.leaderboard"


def test_every_record_has_the_name_of_what_it_measured() -> None:
    for path in sorted((ROOT / "results").glob("*.json")):
        assert [record_name(record) for record in RECORDS if record_name(record) == path.name] == [path.name]


def test_records_are_of_the_shipped_weights() -> None:
    """A model that is trained further has to be measured again."""
    for record in RECORDS:
        assert record["model"] in shipped_models()
        if record["origin"] == RECORDED:
            assert record["weights"] == weights_hash(SHIPPED / record["model"]), record_name(record)


@pytest.mark.parametrize("record", [each for each in RECORDS if each["command"]], ids=record_name)
def test_the_command_of_a_record_measures_what_was_measured(record: dict[str, Any]) -> None:
    asked = {name: parameter.default for name, parameter in signature(evaluate_command).parameters.items()}
    program, eval_, model, dataset, *words = shlex.split(record["command"])
    flags = dict(zip(words[::2], words[1::2], strict=True))
    for flag, value in flags.items():
        name = flag.removeprefix("--").replace("-", "_")
        asked[name] = value if isinstance(asked[name], str | None) else type(asked[name])(value)
    assert (program, eval_, model) == ("air-envs", "eval", record["model"])
    assert Path(dataset).stem == record["test_set"]["name"]
    assert int(asked["act_steps"]) == record["act_steps"]
    assert asked["attempts"] == record["attempts"]
    assert asked["puzzles"] is None or int(asked["puzzles"]) == record["puzzles"]
    assert asked["search"] == record["search"]
    assert asked["dtype"] == record["dtype"]
    assert record["halt"] == asked["threshold" if record["search"] else "halt"]
    assert record.get("noise") in (None, asked["noise"])


def test_every_shipped_model_has_a_record_and_its_training() -> None:
    assert {record["model"] for record in RECORDS} == set(shipped_models()) == set(DATA) == set(TRAINED_IN)


def test_no_table_mixes_published_and_generated_test_sets() -> None:
    kinds = {record["test_set"]["name"]: record["test_set"]["kind"] for record in RECORDS}
    found = tables(leaderboard(RECORDS))
    for heading, rows in found.items():
        names = {name for row in rows for name in re.findall(r"^\| `([^`]+)` \| `", row)} & kinds.keys()
        assert len({kinds[name] for name in names}) <= 1, heading
    (mix,) = [heading for heading in found if "mix" in heading]
    assert "stand-in for the published file" in mix
    assert sum(len(rows) for rows in found.values()) > len(RECORDS) + len(PUBLISHED)


def test_every_row_says_whose_structure_it_is() -> None:
    for heading, rows in tables(leaderboard(RECORDS)).items():
        for row in rows:
            if re.match(r"\| `[^`]+` \| `", row):
                assert re.search(r"our own: |variant|paper's model", row), (heading, row)


def test_a_card_of_our_own_structure_is_not_called_air() -> None:
    for name in shipped_models():
        text = (SHIPPED / name / "README.md").read_text(encoding="utf-8")
        assert "# AIR" not in text
        assert "- Lx_H\n" not in text
        assert "The structure is not the paper's: " in text


def test_a_card_without_its_sections_is_refused() -> None:
    from agents.checkpoints.folder import load_config

    with pytest.raises(ValueError, match="no section '## Use'"):
        renewed_card("---\nlicense: mit\n---\n\n# A\n\n## Accuracy\n\nhigh\n", load_config(SHIPPED / "maze-9x9"), [])


def test_only_what_is_between_the_marks_changes() -> None:
    text = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert between_marks(text, "new", BEGIN) == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"
    with pytest.raises(ValueError, match="once each"):
        between_marks("nothing", "new", BEGIN)


def test_the_command_for_the_published_file_runs_on_its_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache of the hub laid out as it would be; nothing else of the command is changed."""
    from agents.cli import main
    from tests.puzzles.importer_helpers import puzzles_of, write_csv
    from tests.puzzles.test_importers_hub import publish

    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path)
    family, batch = puzzles_of("sudoku-9x9", 30)
    folder = publish(tmp_path / "hub", "sapientinc/sudoku-extreme")
    write_csv(folder / "train.csv", family, batch.take(slice(20)))
    write_csv(folder / "test.csv", family, batch.take(slice(20, 30)))
    for command in PUBLISHED_COMMAND.split(" && "):
        program, *args = command.split()
        assert program == "air-envs"
        main([*args, "--act-steps", "2", "--puzzles", "3"] if args[0] == "eval" else args)
    (record,) = read_records(tmp_path / "results")
    assert record["test_set"]["name"] == "sudoku-extreme-published"
    assert (record["test_set"]["kind"], record["puzzles"]) == ("published", 3)
    page = tables(leaderboard([*RECORDS, record]))
    (published,) = [rows for heading, rows in page.items() if "published test set (422,786" in heading]
    assert any("`sudoku-extreme-published`" in row for row in published)
