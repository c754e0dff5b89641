"""``air-envs data import`` of files that people write by hand."""

import numpy as np
import pytest

import puzzles
from agents.cli.data import main
from puzzles.dataset import Dataset
from tests.puzzles.importer_helpers import QUESTION, puzzles_of, write_text


def test_zero_is_a_digit_if_one_says_so(tmp_path):
    family, batch = puzzles_of("sudoku-16x16", 2)
    source, output = write_text(tmp_path / "list.txt", family, batch), tmp_path / "set.h5"
    source.write_text(source.read_text().translate(str.maketrans("123456789ABCDEFG", "0123456789ABCDEF")))
    command = ["import", str(source), "--output", str(output), "--test", "0"]
    with pytest.raises(puzzles.PuzzleError, match="expected --zero digit or --zero blank"):
        main(command)
    assert not output.exists()
    main([*command, "--zero", "digit"])
    np.testing.assert_array_equal(Dataset(output).split("train").puzzle, batch.puzzle)


def test_one_puzzle_alone(tmp_path, capsys):
    source, output = tmp_path / "mine.txt", tmp_path / "set.h5"
    source.write_text(QUESTION)
    main(["import", str(source), "--output", str(output)])
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert "1 test puzzles of sudoku-9x9 from text; a single puzzle is put into the test split" in printed
    assert Dataset(output).counts["test"] == 1
