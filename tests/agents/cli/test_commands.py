import contextlib
import dataclasses
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import puzzles
from agents.checkpoints.folder import load_model
from agents.cli import main
from agents.cli.parsing import listed
from puzzles.dataset import Dataset


def fails(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must end with exit code 2, no traceback, and one line, below a progress bar; return the line.

    A value that a flag cannot take is said by tyro, in a box: returned as one line too.
    """
    with pytest.raises(SystemExit) as ended:
        main(args)
    err = capsys.readouterr().err
    assert ended.value.code == 2
    assert "Traceback" not in err
    last = err.strip().splitlines()[-1]
    if last.startswith("air-envs: error: "):
        return last
    assert "For full helptext" in err
    return " ".join(err.split())


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["--help"],
        ["data"],
        ["data", "--help"],
        ["data", "build", "--help"],
        ["data", "build", "sudoku-6x6", "--help"],
        ["data", "build", "maze-9x9", "--help"],
        ["data", "import", "--help"],
        ["data", "inspect", "--help"],
        ["data", "verify", "--help"],
        ["train", "--help"],
        ["train", "--preset", "sudoku-4x4", "--help"],
        ["eval", "--help"],
        ["watch", "--help"],
        ["solve", "--help"],
        ["models", "--help"],
        ["warmup", "--help"],
        ["pack", "--help"],
        ["report", "--help"],
        ["export-onnx", "--help"],
        ["web", "--help"],
        ["ablate", "injection", "--help"],
        ["play", "maze", "--help"],
    ],
)
def test_help(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.suppress(SystemExit):
        main(args)
    out = capsys.readouterr().out
    assert "usage: air-envs" in out
    lines = out.splitlines()
    assert all(len(line) <= 120 for line in lines)
    for line, following in itertools.pairwise(lines):
        text = line.rstrip("│ ")
        if re.match(r"[│ ] (--.* {2,}| {9,})\S", text) and re.match(r"[│ ] {10,}[^│ ]", following):
            room = len(line) - len(text) - 2
            assert len(following.strip("│ ").split()[0]) >= room, f"broken where a word would fit: {line}"


def test_help_of_data_build_shows_the_options_of_every_family(capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "build", "--help"])
    _, maze, sudoku = re.split(r"^options of (?:maze|sudoku), after its FAMILY:$", capsys.readouterr().out, flags=re.M)
    for shown, family in ((maze, "maze-9x9"), (sudoku, "sudoku-9x9")):
        names = [field.name.replace("_", "-") for field in dataclasses.fields(puzzles.family(family).Options)]
        assert re.findall(r"^  --([\w-]+)", shown, re.MULTILINE) == names
    assert re.search(r"--level \{None,easy,medium,hard,expert,extreme\}\n +Side 9 alone\.", sudoku)


def test_names_are_listed_whole() -> None:
    names = [f"sudoku-{'long' * count}-name" for count in range(1, 12)]
    assert sorted(re.split(r",?\s+", listed(names).strip())) == sorted(names)


def test_help_loads_no_torch() -> None:
    script = (
        "import sys; from agents.cli import main\n"
        "for args in ['', 'data', 'data build sudoku-4x4', 'data import', 'train', 'eval', 'watch', 'solve', 'pack',\n"
        "             'report']:\n"
        "    try: main([*args.split(), '--help'])\n"
        "    except SystemExit: pass\n"
        "assert not {'torch', 'pygame', 'gymnasium'} & sys.modules.keys(), 'loaded too much'"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_whole_road(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """data build, inspect, verify, train, train --resume, eval, watch; each as a user types it."""
    data, run = tmp_path / "sudoku.h5", tmp_path / "run"
    main(["data", "build", "sudoku-4x4", "--clues", "8", "--train", "40", "--test", "20", "--output", str(data)])
    assert "sudoku-4x4, 40 train, 20 validation and 20 test puzzles" in capsys.readouterr().out
    main(["data", "inspect", str(data)])
    assert "split rule  exact" in capsys.readouterr().out
    main(["data", "verify", str(data)])
    assert "40 train, 20 validation and 20 test puzzles of sudoku-4x4 are whole" in capsys.readouterr().out

    small = ["--model.hidden", "32", "--model.layers", "1", "--model.max-steps", "3", "--steps", "6", "--batch", "8"]
    main(["train", "--preset", "sudoku-4x4", "--dataset", str(data), "--output", str(run), "--device", "cpu", *small])
    out = capsys.readouterr().out
    assert '"hidden": 32' in out
    assert "curve.png" in out
    main(["train", "--resume", str(run)])

    main(["eval", str(run), str(data), "--puzzles", "10"])
    assert "in the environment: solved" in capsys.readouterr().out
    numbers = json.loads((run / "eval.json").read_text())
    assert numbers["puzzles"] == 10
    assert numbers["environment_solved_last_proposal"] == numbers["exact_accuracy"]
    assert numbers["environment_solved_some_proposal"] == numbers["exact_accuracy_within"]

    main(["watch", str(run), "--dataset", str(data), "--index", "3", "--output", str(tmp_path / "watch")])
    assert (tmp_path / "watch.gif").stat().st_size > 1_000
    main(["watch", str(run), "--output", str(tmp_path / "generated"), "--act-steps", "1"])
    assert (tmp_path / "generated.png").is_file()
    main(["watch", str(run), "--act-steps", "1", "--ms-per-update", "1"])


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train --preset sudoku-4x4 --model.heads 0", "heads 0, expected at least 1"),
        ("train --preset sudoku-4x4 --model.expansion 0", "expansion 0.0, expected more than 0"),
        ("train --preset sudoku-4x4 --model.gradient LL", "'LL' is not a tail"),
        ("train --preset sudoku-4x4 --lr -1", "lr -1.0, expected at least 0"),
        ("train --preset sudoku-4x4 --loss-knee 0", "loss_knee 0.0, expected more than 0"),
        ("train --preset sudoku-4x4 --exploration 2", "exploration 2.0, expected a probability"),
        ("train --preset sudoku-4x4 --act-steps 20", "act_steps 20, expected 1 to the model's 8"),
        ("train --preset sudoku-4x4 --act-steps 4 --random-act-steps 5", "random_act_steps 5, expected 1 to 4"),
        ("train --preset sudoku-4x4 --resume RUN", "--resume takes the run's own configuration"),
        ("train --preset sudoku-4x4 --dataset nowhere.h5 --output TMP/run", "nowhere.h5"),
        ("train --preset sudoku-4x4 --dataset DATA --output RUN", "holds a run already"),
        ("train --preset maze-9x9 --dataset DATA --output TMP/run", "holds sudoku-4x4, the model is for maze-9x9"),
        (
            "train --preset sudoku-4x4 --dataset DATA --output TMP/run --device abacus",
            "device 'abacus' is not available",
        ),
        ("eval RUN DATA --puzzles -5", "puzzles -5, expected at least 1"),
        ("eval RUN DATA --act-steps 0", "ACT steps 0, expected at least 1"),
        ("eval RUN DATA --attempts 2 --noise 0", "noise 0.0, expected a standard deviation above 0"),
        ("eval RUN DATA --attempts 2 --guesses -1", "guesses -1, expected at least 1"),
        ("eval RUN DATA --batch 0", "batch 0, expected at least 1"),
        ("eval RUN DATA --split valid", "no split 'valid'"),
        ("watch RUN --seed -1", "seed -1, expected 0 <= seed < 2**64"),
        ("watch RUN --act-steps 0 --output TMP/shown", "ACT steps 0, expected at least 1"),
        ("watch RUN --act-steps -3 --output TMP/shown", "ACT steps -3, expected at least 1"),
        ("watch RUN --dataset DATA --index -1", "no test puzzle -1"),
        ("watch RUN --dataset DATA --family sudoku-6x6", "--family with --dataset"),
        ("eval sudoku-6x6 DATA", "family sudoku-4x4: these weights fit sudoku-6x6 alone"),
        ("analyze maze-9x9 DATA", "family sudoku-4x4, expected another shape of maze-9x9"),
        ("warmup kakuro", "no environment of 'kakuro', expected one of ['maze', 'sudoku']"),
        ("data build", "unknown family ''"),
        ("data build --clues 14 sudoku-4x4", "unknown family '--clues'"),
        ("data build sudoku-4x4 --train 0 --test 0", "train 0 and test 0"),
    ],
)
def test_wrong_arguments(
    command: str, message: str, run: Path, dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"RUN": str(run), "DATA": str(dataset), "TMP": str(tmp_path)}
    args = [re.sub("RUN|DATA|TMP", lambda found: places[found[0]], word) for word in command.split()]
    before = {path: path.stat().st_mtime_ns for path in run.iterdir()}
    assert message in fails(args, capsys)
    assert {path: path.stat().st_mtime_ns for path in run.iterdir()} == before
    assert not list(tmp_path.iterdir())


def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, dataset: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.h5"
    short, unsolvable = tmp_path / "short.txt", tmp_path / "unsolvable.txt"
    short.write_text("# a list\n" + "." * 80 + "\n")
    unsolvable.write_text("55" + "." * 79 + "\n")
    open_puzzle = tmp_path / "open.txt"
    open_puzzle.write_text("1" + "." * 80 + "\n")
    for source, message in [
        (short, "short.txt line 2: 80 cells, expected 81"),
        (unsolvable, "unsolvable.txt line 1: "),
        (open_puzzle, "open.txt line 1: several solutions"),
        (tmp_path / "nowhere.txt", "nowhere.txt"),
    ]:
        assert message in fails(["data", "import", str(source), "--output", str(output)], capsys)
    damaged = tmp_path / "damaged.h5"
    damaged.write_bytes(dataset.read_bytes()[:2000])
    for action in ("inspect", "verify"):
        assert str(damaged) in fails(["data", action, str(damaged)], capsys)
    assert str(damaged) in fails(["eval", str(run), str(damaged)], capsys)
    assert "unknown family" in fails(["data", "build", "kakuro-9x9"], capsys)
    assert "no Sudoku of 7x7" in fails(["data", "build", "sudoku-7x7"], capsys)
    assert "clues 99" in fails(["data", "build", "sudoku-4x4", "--clues", "99", "--output", str(output)], capsys)
    (tmp_path / "empty").mkdir()
    assert "empty: no config.json" in fails(["eval", str(tmp_path / "empty"), str(dataset)], capsys)
    assert "no train.json" in fails(["train", "--resume", str(tmp_path / "empty")], capsys)
    assert "no command 'fly'" in fails(["fly"], capsys)
    assert "no action 'fly'" in fails(["data", "fly"], capsys)
    assert "no test puzzle 999" in fails(["watch", str(run), "--dataset", str(dataset), "--index", "999"], capsys)
    assert not output.exists()
    assert not list(tmp_path.glob(".*"))


def test_what_the_system_refuses_is_a_path_and_a_reason(
    tmp_path: Path, dataset: Path, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere, file = tmp_path / "nowhere.h5", tmp_path / "file"
    file.touch()
    assert fails(["data", "inspect", str(nowhere)], capsys) == f"air-envs: error: {nowhere}: no such dataset"
    args = ["eval", str(run), str(dataset), "--puzzles", "1", "--no-episodes", "--output", str(file / "numbers.json")]
    assert re.fullmatch(rf"air-envs: error: {file}\S*: (Not a directory|File exists)", fails(args, capsys))


@pytest.mark.parametrize("args", [["--help"], ["train", "--help"], ["data", "inspect", "DATA"]])
def test_a_reader_who_leaves_early_ends_it_quietly(dataset: Path, args: list[str]) -> None:
    args = [str(dataset) if arg == "DATA" else arg for arg in args]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        ended = subprocess.run([sys.executable, "-m", "agents", *args], stdout=gone, stderr=subprocess.PIPE)
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_a_preset_generates_what_it_trains_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["train", "--preset", "sudoku-4x4", "--steps", "2", "--batch", "4", "--eval-puzzles", "10"])
    assert "data/sudoku-4x4.h5: not there" in capsys.readouterr().out
    assert len(Dataset("data/sudoku-4x4.h5").split("train").puzzle) == 1_000
    assert load_model(Path("runs/sudoku-4x4")).config.family == "sudoku-4x4"


def test_an_ablation_of_a_preset_generates_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    small = (
        "--seeds 1 --only Lx_H --steps 2 --batch 4 --model.hidden 16 --model.max-steps 1 --eval-puzzles 2 --puzzles 2"
    )
    main(["ablate", "injection", "--preset", "sudoku-4x4", *small.split()])
    assert "data/sudoku-4x4.h5: not there" in capsys.readouterr().out
    assert Path("runs/sudoku-4x4-injection/ablation.json").is_file()


def test_training_needs_neither_environments_nor_drawing() -> None:
    """A training machine may lack gymnasium, pygame, Stable-Baselines3 and tyro."""
    script = (
        "import sys, agents.training.trainer, agents.evaluation, agents.config.presets, agents.figures.training_curve\n"
        "found = {'gymnasium', 'pygame', 'stable_baselines3', 'sb3_contrib', 'tyro'} & sys.modules.keys()\n"
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
