"""The command that writes a site, without a browser: what it lists, copies and refuses."""

import json
from pathlib import Path

import pytest

import puzzles
from agents.cli import main
from agents.pretrained import find
from agents.web.shown import Shown
from agents.web.site import puzzle_table
from tests.agents.cli.test_commands import fails

MODEL = "sudoku-any@sudoku-4x4"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built page as far as the command looks at it."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html>")
    (folder / "assets" / "index-1234.js").write_text("export {}")
    return folder


@pytest.fixture(scope="module")
def site(page: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of one small model: exporting it takes ten seconds, once per worker."""
    pytest.importorskip("onnxscript", reason="the extra web is not installed")
    folder = tmp_path_factory.mktemp("sites") / "site"
    main(["web", MODEL, "--output", str(folder), "--page", str(page), "--puzzles", "3"])
    return folder


def test_the_site_lists_its_models_and_holds_their_graphs_and_puzzles(site: Path) -> None:
    listed = json.loads((site / "site.json").read_bytes())
    (entry,) = listed["models"]
    assert listed["format"] == 1
    assert entry["name"] == MODEL
    folder = site / "models" / entry["folder"]
    assert json.loads((folder / "model.json").read_bytes()) == entry["manifest"]
    assert entry["manifest"]["family"] == "sudoku-4x4"
    assert {path.name for path in folder.iterdir()} == {
        "model.json",
        "puzzles.json",
        *entry["manifest"]["graphs"].values(),
    }
    family = puzzles.family("sudoku-4x4")
    table = json.loads((folder / "puzzles.json").read_bytes())
    assert len(set(table)) == 3
    for text in table:
        family.solve(family.parse(text)[None])  # which refuses what is no puzzle


def test_the_page_is_copied(site: Path, page: Path) -> None:
    for file in page.rglob("*.*"):
        assert (site / file.relative_to(page)).read_bytes() == file.read_bytes()


def test_a_site_is_replaced_only_where_asked_and_other_files_never(
    site: Path, page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["web", MODEL, "--page", str(page), "--output"]
    assert "holds a site already" in fails([*words, str(site)], capsys)
    (page / "mine.txt").touch()
    assert "holds other files already" in fails([*words, str(page), "--overwrite"], capsys)


def test_without_a_built_page_the_command_says_how_to_build_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript", reason="the extra web is not installed")
    line = fails(["web", MODEL, "--page", str(tmp_path), "--output", str(tmp_path / "site")], capsys)
    assert f"{tmp_path}: no index.html, expected the built page: make web builds it" in line
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sudoku-any@chess-8x8"], "unknown family 'chess-8x8'"),
        (["sudoku-none"], "sudoku-none"),
        (["maze-9x9", "maze-9x9"], "expected each once"),
        (["maze-9x9", "--puzzles", "0"], "puzzles 0, expected at least 1"),
    ],
)
def test_bad_arguments_are_refused(
    words: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in fails(["web", *words, "--output", str(tmp_path / "site")], capsys)


def test_the_puzzles_of_a_table_are_those_that_the_model_was_trained_on() -> None:
    table = puzzle_table(puzzles.family("sudoku-6x6"), find("sudoku-6x6-minimal"), 3)
    assert {len(text) - text.count(".") for text in table} <= set(range(8, 14))
    easy = puzzle_table(puzzles.family("sudoku-6x6"), find("sudoku-6x6"), 3)
    assert {len(text) - text.count(".") for text in easy} == {14}


def test_a_model_is_named_as_the_user_wrote_it() -> None:
    assert Shown.parse("runs/mine").name == "mine"
    assert Shown.parse(".").name == Path.cwd().name
    assert Shown.parse(MODEL) == Shown("sudoku-any", "sudoku-4x4")
    assert Shown.parse(MODEL).name == MODEL
