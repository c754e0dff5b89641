"""Every example runs, at a tiny size, and so does every Python block of the README."""

import dataclasses
import itertools
import re
import shlex
from pathlib import Path

import imageio.v3 as imageio
import pytest

from agents.config.presets import PRESETS
from examples import any_side, demo, environments, gallery, internal_actions, think

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = (ROOT / "docs" / "commands.md").read_text()


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_readme(block: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It runs, and prints what a comment behind a print says."""
    exec(compile(block, "README.md", "exec"), {})
    printed = capsys.readouterr().out.splitlines()
    told = re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE)
    assert [line for line in printed if line in told] == told
    assert ("AIRAgent" in block) == bool(told), "a model that is shown solves what it is shown"


def test_the_commands_make_what_the_next_ones_need() -> None:
    made: set[str] = set()
    commands = re.findall(r"^    (air-envs .*?)(?:  +#.*)?$", COMMANDS, re.MULTILINE)
    for command in commands:
        words = shlex.split(command)
        given = dict(itertools.pairwise(words))
        needed = {word for word in words if re.match(r"(data|runs)/", word)} - {given.get("--output")}
        needed |= {word for word in words[2:] if word in ("mine", "theirs") and given.get("--output") != word}
        assert needed <= made, f"{command}: nothing above makes {needed - made}"
        made |= {given["--output"]} if "--output" in given else set()
        if words[1:3] == ["data", "build"]:
            made.add(given.get("--output", f"data/{words[3]}.h5"))
        if "--preset" in given and words[1] == "train":
            config = PRESETS[given["--preset"]]
            made.add(f"{config.output}-{given['--variant']}" if "--variant" in given else str(config.output))
            made |= {str(path) for path in config.datasets}
    assert len(commands) > 25


def test_readme_links() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / link).exists(), link


def test_environments(capsys: pytest.CaptureFixture[str]) -> None:
    environments.main(steps=5)
    out = capsys.readouterr().out
    assert "Sudoku: solved True after 6 moves, return 1.0" in out
    assert "Maze: solved True after 156 moves, return 1.0" in out
    assert "1000 mazes, 5 steps each: " in out


def test_think(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    think.main()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:-1]] == ["z_L", "z_H", "z_L", "z_H"] * 2, "it halts after 2 ACT steps"
    assert lines[-1] == "z_H solves the puzzle"
    think.main(str(run))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in lines[1:4]] == ["z_L", "z_L", "z_H"]


def test_internal_actions(run: Path, dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    internal_actions.main(str(run), str(dataset), puzzles=2)
    canonical, patient = capsys.readouterr().out.splitlines()
    assert canonical.startswith("canonical")
    assert patient.startswith("patient")


def test_any_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(any_side, "SIDES", (6, 8))
    any_side.main("air_envs/sudoku-extreme", seed=1, act_steps=8, output=tmp_path / "any.gif")
    small, large, path = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r" 6x6 +\d+ givens, solved after ACT step \d", small)
    assert re.fullmatch(r" 8x8 +\d+ givens, solved after ACT step \d", large)
    assert imageio.imread(path).shape[1:] == (280, 4 * 280 + 3 * 8, 3)


def test_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The gallery's own code; and what the documentation shows is all of it, and small."""
    monkeypatch.setattr(gallery, "WINDOW", (640, 400))
    gallery.gallery(tmp_path, only=("frozen-z_L", "attention"))
    assert {path.name for path in tmp_path.iterdir()} == {"frozen-z_L.png", "attention.png"}
    assert imageio.imread(tmp_path / "frozen-z_L.png").shape == (400, 640, 3)
    assert capsys.readouterr().out.count(" bytes\n") == 2
    shown = list((Path(__file__).parents[2] / "docs" / "gallery").iterdir())
    assert {path.stem for path in shown} == set(gallery.PICTURES)
    assert sum(path.stat().st_size for path in shown) < 2_000_000


def test_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The demo's own code from end to end, with less of everything."""
    counts = {"train": 40, "test": 20}
    small = {name: dataclasses.replace(recipe, **counts) for name, recipe in demo.RECIPES.items()}
    brief = {name: dataclasses.replace(demo.PRESETS[name], steps=3, batch=8, eval_puzzles=10) for name in demo.TARGETS}
    monkeypatch.setattr(demo, "RECIPES", small)
    monkeypatch.setattr(demo, "PRESETS", demo.PRESETS | brief)
    shown = {"maze-9x9": 2, "sudoku-6x6": 2}
    assert set(shown) | set(demo.SHOWN) < set(demo.shipped_models())
    monkeypatch.setattr(demo, "SHOWN", shown)
    lists = tmp_path / "real" / "sudoku"
    lists.mkdir(parents=True)
    published = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36.."
    other = "..............3.85..1.2.......5.7.....4...1...9.......5......73..2.1........4...9"
    (lists / "list.txt").write_text(f"{published}\n{other}\n")
    with pytest.raises(SystemExit) as ended:
        demo.demo(output=tmp_path / "demo", real=tmp_path / "real")
    assert ended.value.code == 1, "three steps reach no target"
    out = capsys.readouterr().out
    assert "\nEverything is in" in out
    assert "sudoku-6x6: 2 of 2 unseen puzzles solved" in out
    (tmp_path / "demo" / "mine.txt").write_text("kept")
    assert "target 98% MISSED" in out
    made = {str(path.relative_to(tmp_path / "demo")) for path in (tmp_path / "demo").rglob("*.*")}
    assert {"data/sudoku-4x4.h5", "data/list.h5"} <= made
    assert {f"runs/sudoku-4x4-units/{file}" for file in ("rollout.gif", "rollout.png", "curve.png")} <= made
    for name in shown:
        assert {f"data/{name}.h5", f"shipped/{name}.gif", f"shipped/{name}.png"} <= made
