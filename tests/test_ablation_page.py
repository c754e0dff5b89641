"""The page of the experiments' tables is what its records say."""

import re

from benchmarks.ablations import FOLDER, PAGE, RECORDS, comparisons, files, markdown


def test_the_pages_are_up_to_date() -> None:
    for path, text in files().items():
        assert path.is_file(), f"no {path.name}: run python -m benchmarks.ablations"
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run python -m benchmarks.ablations"
    assert {*FOLDER.glob("*.md"), PAGE} == set(files()), "pages of experiments without records"


def test_every_figure_is_there() -> None:
    for path in files():
        for name in re.findall(r"\]\(([^)]+\.png)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / name).is_file(), "run python -m benchmarks.ablations"


def test_every_record_is_counted() -> None:
    assert sum(len(found.records) for found in comparisons()) == len(list(RECORDS.glob("*/*.json"))) > 0


def test_rows_as_markdown() -> None:
    assert markdown([["", "a"], ["b", "1"]]) == "|  | a |\n| --- | ---: |\n| b | 1 |\n"
