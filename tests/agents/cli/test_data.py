"""``air-envs data``: every action as a user types it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from agents.cli import main
from agents.cli.data import _build_command
from agents.figures.dataset_page import _histograms
from puzzles import family
from puzzles.build import build_dataset
from puzzles.dataset import Dataset
from puzzles.dataset.overlap import count_overlap
from puzzles.dataset.summary import summarize
from puzzles.maze import Maze


def run(*words: object) -> None:
    main(["data", *map(str, words)])


def fails(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Run a command that must end with exit code 2 and one line on standard error; return it."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2
    return capsys.readouterr().err.strip().splitlines()[-1]


@pytest.fixture
def maze_file(tmp_path: Path) -> Path:
    run("build", "maze-6x6", "--train", "30", "--test", "12", "--output", tmp_path / "maze.h5")
    return tmp_path / "maze.h5"


def test_build_makes_the_same_bytes_however_it_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, how in enumerate(([], ["--workers", "1"], ["--workers", "3", "--fresh"], ["--engine", "local"])):
        run("build", "sudoku-6x6", "--train", 40, "--test", 9, "--seed", 7, "--output", tmp_path / f"{number}.h5", *how)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["0.h5", "1.h5", "2.h5", "3.h5"]
    assert len({file.read_bytes() for file in files}) == 1
    assert (
        "command     air-envs data build sudoku-6x6 --train 40 --validation 9 --test 9 --seed 7"
        in capsys.readouterr().out
    )


def test_the_stored_command_builds_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("build", "maze-6x9", "--min-path", 9, "--train", 20, "--test", 5, "--output", tmp_path / "a.h5")
    command = Dataset(tmp_path / "a.h5").provenance.command
    assert command == "air-envs data build maze-6x9 --min-path 9 --train 20 --validation 5 --test 5 --seed 0"
    monkeypatch.chdir(tmp_path)
    main(command.split()[1:])
    assert (tmp_path / "data" / "maze-6x9.h5").read_bytes() == (tmp_path / "a.h5").read_bytes()


def test_a_command_names_every_option_that_is_not_at_its_default() -> None:
    sudoku = family("sudoku-9x9")
    assert _build_command(sudoku, sudoku.Options(clues=30, clues_max=32), 1, 2, 3, 4) == (
        "air-envs data build sudoku-9x9 --clues 30 --clues-max 32 --train 1 --validation 2 --test 3 --seed 4"
    )


@pytest.mark.parametrize(
    ("counts", "validation"),
    [({"train": 5, "test": 3}, 3), ({"train": 1, "test": 1_200}, 1_000), ({"train": 0, "test": 3}, 0)],
)
def test_as_many_to_validate_as_to_test_on(tmp_path: Path, counts: dict[str, int], validation: int) -> None:
    flags = [word for name, count in counts.items() for word in (f"--{name}", count)]
    run("build", "maze-6x6", *flags, "--output", tmp_path / "a.h5")
    assert Dataset(tmp_path / "a.h5").counts["validation"] == validation
    run("build", "maze-6x6", *flags, "--validation", 2, "--output", tmp_path / "b.h5")
    assert Dataset(tmp_path / "b.h5").counts == {**counts, "validation": 2}


def test_an_interrupted_build_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["build", "maze-6x6", "--train", 90, "--test", 30, "--workers", 1, "--output", tmp_path / "a.h5"]
    original, calls = Maze.generate, []

    def failing(self: Maze, seeds: np.ndarray, options: object = None) -> object:
        calls.append(len(seeds))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, seeds, options)

    with monkeypatch.context() as patch:
        patch.setattr(Maze, "generate", failing)
        with pytest.raises(SystemExit) as ended:
            run(*words)
    assert ended.value.code == 130
    assert re.search(r"interrupted at \d+ puzzles: the same command resumes it", capsys.readouterr().err)
    assert [file.name for file in tmp_path.iterdir()] == [".a.h5.journal"]
    assert "an unfinished build of" in fails(capsys, *words, "--seed", 5)
    run(*words)
    assert [file.name for file in tmp_path.iterdir()] == ["a.h5"]


def test_export_and_import_again(tmp_path: Path, maze_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for format, more in (("csv", []), ("npy", ["--copies", 3, "--seed", 1])):
        run("export", maze_file, "--format", format, "--output", tmp_path / format, *more)
        assert str(tmp_path / format) in capsys.readouterr().out
        run("import", tmp_path / format, "--output", tmp_path / f"{format}.h5")
        assert "30 train, 12 validation and 12 test puzzles of maze-6x6" in capsys.readouterr().out
        for split in ("train", "validation", "test"):
            one, other = Dataset(maze_file).split(split), Dataset(tmp_path / f"{format}.h5").split(split)
            assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert len(np.load(tmp_path / "npy" / "train" / "all__inputs.npy")) == 120
    assert "is there already" in fails(capsys, "export", maze_file, "--format", "csv", "--output", tmp_path / "csv")
    assert "no --output" in fails(capsys, "export", maze_file, "--format", "npy")


def test_import_from_the_hub(
    tmp_path: Path, maze_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("export", maze_file, "--format", "csv", "--output", tmp_path / "0123")
    asked = []

    def fake(repository: str, **arguments: object) -> str:
        asked.append((repository, arguments["revision"]))
        return str(tmp_path / "0123")

    monkeypatch.setattr("huggingface_hub.snapshot_download", fake)
    run("import", "--hub", "someone/mazes", "--revision", "v1", "--train", 10, "--output", tmp_path / "a.h5")
    assert asked == [("someone/mazes", "v1")]
    dataset = Dataset(tmp_path / "a.h5")
    assert dataset.counts == {"train": 10, "validation": 12, "test": 12}
    assert dataset.provenance.parameters["hub"] == "someone/mazes"
    assert dataset.provenance.parameters["commit"] == "0123"
    message = "expected one of them"
    assert message in fails(capsys, "import", "--output", tmp_path / "b.h5")
    assert message in fails(capsys, "import", maze_file, "--hub", "a/b", "--output", tmp_path / "b.h5")


def test_mix(tmp_path: Path, maze_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mixed, again = tmp_path / "mixed.h5", tmp_path / "again.h5"
    args = [str(maze_file), "--test", str(maze_file), "--output"]
    main(["data", "mix", *args, str(mixed)])
    assert "generator   air_envs mixture" in capsys.readouterr().out
    assert Dataset(mixed).counts == Dataset(maze_file).counts
    main(["data", "mix", *args, str(again), "--held-out", str(mixed)])
    command = Dataset(again).provenance.command
    assert command == f"air-envs data mix {' '.join(args)} {again} --held-out {mixed}"


def test_mix_with_another_validation(tmp_path: Path, maze_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("build", "maze-6x6", "--train", 9, "--validation", 7, "--test", 0, "--seed", 1, "--output", tmp_path / "b.h5")
    run("mix", maze_file, "--test", maze_file, "--validation", tmp_path / "b.h5", "--output", tmp_path / "mixed.h5")
    mixed, own = Dataset(tmp_path / "mixed.h5"), Dataset(tmp_path / "b.h5")
    assert {grid.tobytes() for grid in mixed.split("validation").puzzle} <= {
        grid.tobytes() for grid in own.split("validation").puzzle
    }
    assert mixed.counts["test"] == 12


def test_mix_by_shares(tmp_path: Path, maze_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other, mixed = tmp_path / "other.h5", tmp_path / "mixed.h5"
    run("build", "maze-6x6", "--train", 0, "--test", 30, "--seed", 1, "--output", other)
    capsys.readouterr()
    run("mix", maze_file, other, "--shares", "other=3", "maze=1", "--rows", 20, "--output", mixed)
    assert "source      test: 5 maze, 15 other" in capsys.readouterr().out
    dataset = Dataset(mixed)
    assert dataset.counts == {"train": 0, "validation": 0, "test": 20}
    assert np.bincount(dataset.source("test")).tolist() == [5, 15]
    assert dataset.provenance.command.startswith(f"air-envs data mix {maze_file} {other} --shares other=3 maze=1")
    run("mix", maze_file, other, "--shares", "other=1", "maze=1", "--rows", 40, "--output", mixed, "--overwrite")
    assert capsys.readouterr().out.endswith("maze: 12 puzzles for a share of 50.0 %, so 24 rows in all, not 40\n")
    run("mix", other, "--shares", "other=1", "--rows", 9, "--exclude", mixed, "--output", tmp_path / "rest.h5")
    run("overlap", mixed, tmp_path / "rest.h5")
    assert capsys.readouterr().out.splitlines()[-1].split()[5:7] == ["0", "0.0"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "none of --test, --shares and --recipe, expected one of them"),
        (["FILE", "--test", "FILE", "--shares", "maze=1"], "--test and --shares of --test, --shares and --recipe, exp"),
        (["FILE", "--test", "FILE", "--exclude", "FILE"], "--exclude with --test, expected --held-out"),
        (["FILE", "--shares", "maze=1", "--held-out", "FILE"], "--held-out or --validation without --test, expected"),
        (["FILE", "--shares", "maze"], "--shares maze, expected NAME=NUMBER"),
        (["FILE", "--shares", "other=1"], "shares of other, expected one for each file: maze"),
        (["FILE", "--shares", "maze=1", "maze=2"], "shares of maze, expected one for each file: maze"),
        (["FILE", "--shares", "maze=0"], "maze: share 0.0, expected more than 0"),
        (["FILE", "--recipe", "sudoku-extreme-mix"], "maze.h5 and --recipe sudoku-extreme-mix, expected one of them"),
        (
            ["--recipe", "sudoku-extreme-mix"],
            "no --lists and no variable AIR_ENVS_DATA, expected the folder of its lists",
        ),
        (["--recipe", "sudoku-extreme-mix", "--lists", "FOLDER"], "FOLDER/ph_1910_sample.txt: no such list of puzzles"),
    ],
)
def test_mixtures_that_cannot_be(
    tmp_path: Path,
    maze_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    monkeypatch.delenv("AIR_ENVS_DATA", raising=False)
    places = {"FILE": str(maze_file), "FOLDER": str(tmp_path)}
    words = [places.get(word, word) for word in words]
    assert message.replace("FOLDER", str(tmp_path)) in fails(capsys, "mix", *words, "--output", tmp_path / "mixed.h5")
    assert not (tmp_path / "mixed.h5").exists()


def test_overlap(tmp_path: Path, maze_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    run("overlap", maze_file, "--json", tmp_path / "numbers.json")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["rows", "of", "in", "puzzles", "wall", "grids", "within", "two", "cells"]
    numbers = json.loads((tmp_path / "numbers.json").read_text())
    assert (numbers["family"], numbers["layout"]) == ("maze-6x6", "wall grids")
    found = count_overlap(Dataset(maze_file), progress=False)
    assert numbers["overlap"] == [pair.to_json() for pair in found]
    for line, pair in zip(lines[1:], found, strict=True):
        counts = (pair.puzzles, pair.layouts, pair.near)
        shares = [word for n in counts for word in (f"{n:,}", f"{100 * n / pair.rows:.1f}", "%")]
        assert line.split() == ["maze.h5", pair.of[1], f"{pair.rows:,}", "maze.h5", pair.within[1], *shares]
    run("build", "maze-6x6", "--train", 0, "--test", 4, "--output", tmp_path / "one.h5")
    assert "one.h5: one split, test, expected two of them or another dataset" in fails(
        capsys, "overlap", tmp_path / "one.h5"
    )


def test_inspect_says_how_many_share_a_layout(
    tmp_path: Path, maze_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (pair,) = (pair for pair in count_overlap(Dataset(maze_file)) if (pair.of[1], pair.within[1]) == ("test", "train"))
    assert pair.layouts > 0
    capsys.readouterr()
    run("inspect", maze_file)
    share = f"{pair.layouts} of 12 test puzzles ({100 * pair.layouts / 12:.1f} %)"
    assert f"\noverlap     wall grids: {share} have that of a train puzzle, up to symmetry\n" in capsys.readouterr().out
    run("build", "maze-9x9", "--train", 4, "--test", 4, "--output", tmp_path / "none.h5")
    capsys.readouterr()
    run("inspect", tmp_path / "none.h5")
    assert "overlap" not in capsys.readouterr().out
    monkeypatch.setattr("agents.cli.data.MOST_COMPARED", 40)
    run("inspect", maze_file)
    assert "overlap     not counted above 40 puzzles, air-envs data overlap does it" in capsys.readouterr().out


def test_import_sets_a_tenth_aside(tmp_path: Path, maze_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("build", "sudoku-6x6", "--train", 60, "--validation", 0, "--test", 20, "--output", tmp_path / "a.h5")
    run("export", tmp_path / "a.h5", "--format", "csv", "--output", tmp_path / "csv")
    for flags, counts in (
        ([], {"train": 54, "validation": 6, "test": 20}),
        (["--train", 57], {"train": 57, "validation": 3, "test": 20}),
        (["--train", 30, "--validation", 9], {"train": 30, "validation": 9, "test": 20}),
        (["--validation", 0], {"train": 60, "test": 20}),
    ):
        run("import", tmp_path / "csv", "--output", tmp_path / "b.h5", "--overwrite", *flags)
        assert Dataset(tmp_path / "b.h5").counts == counts


def test_inspect_as_text_json_and_picture(tmp_path: Path, maze_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    run("inspect", maze_file, "--pictures", 2, "--picture", tmp_path / "page.png")
    out = capsys.readouterr().out
    dataset = Dataset(maze_file)
    assert "train: walls, mean " in out
    assert "computed, shortest-path-moves" in out
    for split in ("train", "validation", "test"):
        for row in (0, 1):
            puzzle, solution, rating = dataset.split_view(split)[row]
            texts = [dataset.family.format(grid) for grid in (puzzle, solution)]
            lines = ["   ".join(text[start : start + 6] for text in texts) for start in range(0, 36, 6)]
            assert "\n".join([f"{split} puzzle {row}, rating {rating}", *lines]) in out
    assert "train puzzle 2" not in out
    assert out.endswith(f"{tmp_path / 'page.png'}\n{tmp_path / 'page.json'}\n")
    picture = np.asarray(Image.open(tmp_path / "page.png").convert("RGB"))
    assert picture.shape[0] > 800
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50
    run("inspect", maze_file, "--json")
    printed = capsys.readouterr().out
    assert json.loads(printed) == json.loads((tmp_path / "page.json").read_text())
    assert json.loads(printed)["attributes"]["counts"] == {"train": 30, "validation": 12, "test": 12}
    assert "pictures -1, expected 0 or more" in fails(capsys, "inspect", maze_file, "--pictures", -1)
    assert "page.jpg: expected a name that ends in .png" in fails(
        capsys, "inspect", maze_file, "--picture", tmp_path / "page.jpg"
    )


def test_bad_options_end_a_build_with_one_line_and_leave_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, message in (
        (["sudoku-6x6", "--level", "hard"], "level 'hard' at side 6, expected side 9, the only one that has levels"),
        (["maze-5x5", "--min-path", 99], "min_path 99, expected an integer 1 to 16 for perfect mazes of 5x5"),
    ):
        with pytest.raises(SystemExit) as ended:
            run("build", *words, "--output", tmp_path / "a.h5")
        assert ended.value.code == 2
        shown = re.sub(r"[^\n]*\r", "", capsys.readouterr().err)  # what a terminal is left with
        assert shown == f"air-envs: error: {message}\n"
    assert not list(tmp_path.iterdir())


def test_histograms_of_one_value_have_whole_ticks_and_no_share_above_all(tmp_path: Path) -> None:
    options = family("sudoku-6x6").Options(clues=14)
    dataset = build_dataset(tmp_path / "a.h5", "sudoku-6x6", options, train=8, test=4, progress=False)
    figure = Figure()
    _histograms(figure.subfigures(1, 1), dataset, summarize(dataset))
    figure.canvas.draw()
    _, clues = figure.subfigs[0].axes
    left, right = clues.get_xlim()
    assert [tick for tick in clues.get_xticks() if left <= tick <= right] == [14]
    assert [label.get_text() for label in clues.get_yticklabels()] == ["0%", "20%", "40%", "60%", "80%", "100%"]


def test_minari_is_asked_for(maze_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("air_envs.minari.export_minari", lambda *args, **more: asked.append((args, more)))
    run("export", maze_file, "--format", "minari", "--episodes", 3, "--split", "test", "--infos")
    [((dataset, name, episodes), more)] = asked
    assert (dataset.path, name, episodes) == (maze_file, "maze-6x6/expert-v0", 3)
    assert more == {"split": "test", "action_type": None, "seed": 0, "infos": True, "root": None}
