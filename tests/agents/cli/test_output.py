"""What the command prints: any text in any encoding, errors in one line."""

import io
import os
import subprocess
import sys

import pytest

from agents.cli import main
from agents.cli.output import make_output_degrade
from agents.config.messages import one_line
from puzzles.dataset import Dataset
from tests.limits import run_limited

C = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}

SCRIPT = """
import contextlib, sys
from agents.cli import main
folder = sys.argv[1]
for words in (
    ["build", "sudoku-4x4", "--train", "30", "--test", "9", "--output", f"{folder}/a.h5"],
    ["inspect", f"{folder}/a.h5"],
    ["inspect", f"{folder}/a.h5", "--json"],
    ["verify", f"{folder}/a.h5"],
    ["mix", f"{folder}/a.h5", "--test", f"{folder}/a.h5", "--output", f"{folder}/b.h5"],
    ["export", f"{folder}/a.h5", "--format", "csv", "--output", f"{folder}/csv"],
    ["import", f"{folder}/csv", "--output", f"{folder}/c.h5"],
    ["build", "--help"],
    ["build", "sudoku-4x4", "--help"],
    ["inspect", f"{folder}/none.h5"],
):
    print("==", *words[:1], flush=True)
    with contextlib.suppress(SystemExit):
        main(["data", *words])
"""


def test_every_data_command_works_where_the_locale_is_not_utf_8(tmp_path):
    folder = tmp_path / "Rätsel"
    folder.mkdir()
    run = run_limited(SCRIPT, folder, environment=C)
    assert run.returncode == 0, run.stderr
    assert run.stderr.splitlines()[-1] == f"air-envs: error: {folder}/none.h5: no such dataset"
    assert "Traceback" not in run.stderr
    built, inspected, _, verified, *_ = run.stdout.split("== ")[1:]
    assert f"{folder}/a.h5: sudoku-4x4, 30 train, 9 validation and 9 test puzzles" in built
    assert f"{'0':>16} {'#' * 40} 100.0 %" in inspected
    assert f"{folder}/a.h5: 30 train, 9 validation and 9 test puzzles of sudoku-4x4 are whole" in verified
    for name in "abc":
        assert Dataset(folder / f"{name}.h5").counts["train"] == 30


@pytest.mark.parametrize(
    ("encoding", "printed"),
    [
        ("ascii", b"|##| +-2 +--+ ... R?tsel \xe4\xff"),
        ("latin-1", b"|##| \xb12 +--+ ... R\xe4tsel \xe4\xff"),
        ("utf-8", "│██│ ±2 ┌──┐ … Rätsel ".encode() + b"\xe4\xff"),
    ],
)
def test_characters_that_the_output_lacks_are_replaced(monkeypatch, encoding, printed):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding))
    make_output_degrade()
    print("│██│ ±2 ┌──┐ … Rätsel \udce4\udcff", end="", flush=True)
    assert raw.getvalue() == printed


@pytest.mark.parametrize("interval", [None, "0.01"])
def test_a_bar_that_no_terminal_shows_hardly_writes(interval):
    script = """
from agents.cli.output import make_bars_brief
make_bars_brief()
import time
from tqdm import tqdm
for _ in tqdm(range(20)):
    time.sleep(0.02)
"""
    environment = {name: value for name, value in os.environ.items() if name != "TQDM_MININTERVAL"}
    environment |= {"TQDM_MININTERVAL": interval} if interval else {}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert "100%" in run.stderr
    assert (run.stderr.count("/20 [") <= 3) == (interval is None)


def test_an_error_is_one_line_whatever_a_name_holds(tmp_path, capsys):
    assert one_line(" two\nlines\t\x1b[31m\u2028, é\n") == r"two\nlines\t\x1b[31m\u2028, é"
    with pytest.raises(SystemExit):
        main(["data", "verify", str(tmp_path / "two\nlines.h5")])
    assert capsys.readouterr().err == f"air-envs: error: {tmp_path}/two\\nlines.h5: no such dataset\n"
