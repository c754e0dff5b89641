"""docs/formats.md: every example on the page is imported, and holds the puzzles that it should."""

import re
from pathlib import Path

import numpy as np
import pytest

import puzzles
from puzzles.dataset import Dataset, verify
from tests.puzzles.importer_helpers import ANSWER, OTHER, OTHER_ANSWER, QUESTION, run

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
EXAMPLES = {match[1]: (match[3], match[2]) for match in re.finditer(r"```text (\S+)(.*)\n([^`]*)```", PAGE)}
ONE, BOTH = {QUESTION: ANSWER}, {QUESTION: ANSWER, OTHER: OTHER_ANSWER}
EXPECTED = {
    **dict.fromkeys(("list.txt", "bank.txt", "forum.txt", "library.txt", "several.txt", "sheet.csv"), BOTH),
    **dict.fromkeys(("apart.txt", "one.sdk", "one.ss", "extreme.csv", "kaggle.csv"), ONE),
    "zero.txt": {"14.2.34.3....2.3": "1432234131244213"},
    "maze.txt": {"######S  #### ##G  ######": "######Soo####o##Goo######"},
}


def test_all_examples_are_known():
    assert EXAMPLES.keys() == EXPECTED.keys()
    assert PAGE.count("```text") == len(EXAMPLES)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example(tmp_path, output, name):
    text, flags = EXAMPLES[name]
    source = tmp_path / name
    source.write_text(text, encoding="utf-8")
    zero = flags.removeprefix(" --zero ") or None
    run(source, output, zero=zero)
    dataset = Dataset(output)
    parts = [dataset.split(split) for split in dataset.splits]
    found = {
        dataset.family.format(puzzle): dataset.family.format(solution)
        for part in parts
        for puzzle, solution in zip(part.puzzle, part.solution, strict=True)
    }
    assert found == EXPECTED[name]
    verify(output, progress=False)
    if len(found) == 1 and not name.endswith(".csv"):
        family, grid = puzzles.parse(text, zero=zero)
        assert family == dataset.family
        np.testing.assert_array_equal(grid, parts[0].puzzle[0])


def test_the_ratings_of_the_sheet(tmp_path, output):
    source = tmp_path / "sheet.csv"
    source.write_text(EXAMPLES["sheet.csv"][0], encoding="utf-8")
    run(source, output, test=0)
    data = Dataset(output).split("train")
    assert data.rating.tolist() == [18, *Dataset(output).family.rate(data.puzzle[1:]).tolist()]
