"""Text lists and CSV tables."""

import numpy as np
import pytest

from puzzles.build import build_dataset
from puzzles.dataset import Dataset, verify
from puzzles.maze import MazeOptions
from puzzles.sudoku import SudokuOptions
from tests.puzzles.dataset_helpers import same
from tests.puzzles.importer_helpers import (
    ANSWER,
    OTHER,
    OTHER_ANSWER,
    QUESTION,
    puzzles_of,
    refused,
    rows_of,
    run,
    write_csv,
    write_text,
)

# -- text --------------------------------------------------------------------------------------------------------------


def test_text_list(tmp_path, output):
    source = tmp_path / "sudoku.txt"
    source.write_bytes(
        f"# a comment\n\n{QUESTION}\t# trailing text, ED=9.0\r\n   \n  {ANSWER[:-1]}.  \n".encode()
        + f"{OTHER.replace('.', '0')} {ANSWER}\n".encode()
    )
    report = run(source, output, test=1)
    assert report.counts == {"train": 2, "test": 1}
    assert (report.format, report.family, report.dropped) == ("text", "sudoku-9x9", 0)
    dataset = Dataset(output)
    solutions = {dataset.family.format(grid) for split in dataset.splits for grid in dataset.split(split).solution}
    assert solutions == {ANSWER, OTHER_ANSWER}
    assert len(rows_of(dataset, "train") | rows_of(dataset, "test")) == 3
    assert dataset.provenance.generator == "import: text"
    assert dataset.provenance.rating_source == "computed"
    assert list(dataset.provenance.parameters["files"]) == ["sudoku.txt"]
    assert dataset.provenance.command.startswith("import_puzzles('sudoku.txt', family='sudoku-9x9', ")
    verify(output, progress=False)


def test_text_folder_keeps_its_split(tmp_path, output, sudokus):
    family, batch = sudokus
    (tmp_path / "lists").mkdir()
    write_text(tmp_path / "lists" / "train.txt", family, batch.take(slice(40)))
    write_text(tmp_path / "lists" / "test.txt", family, batch.take(slice(40, 60)))
    run(tmp_path / "lists", output, family="sudoku-6x6")
    dataset = Dataset(output)
    assert same(dataset.split("train"), batch.take(slice(40)))
    assert same(dataset.split("test"), batch.take(slice(40, 60)))


def test_text_of_mazes_has_no_comments(tmp_path, output):
    family, batch = puzzles_of("maze-6x6", 60, MazeOptions(generator="percolation", min_path=5))
    assert (batch.puzzle[:, 0, 0] == 0).any()  # lines that start with '#'
    source = write_text(tmp_path / "mazes.txt", family, batch)
    report = run(source, output, family=family, test=10)
    assert report.counts == {"train": 50, "test": 10}
    dataset = Dataset(output)
    assert rows_of(dataset, "train") | rows_of(dataset, "test") == {puzzle.tobytes() for puzzle in batch.puzzle}
    output.unlink()
    source.write_text(source.read_text() + "# 35 cells, a wall first" + " " * 11 + "\n")
    assert refused(source, output, family=family) == f"{source} line 61: 35 cells, expected 36"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (QUESTION[1:], "80 cells, expected 81"),
        (QUESTION + "1", "82 cells, expected 81"),
        ("source,question", "15 cells, expected 81"),
        (QUESTION[:10] + "X" + QUESTION[11:], "row 2, column 2: 'X', expected one of '.123456789'"),
        (QUESTION[:10] + "é" + QUESTION[11:], "row 2, column 2: 'é', expected one of '.123456789'"),
        ("5" + QUESTION[1:8] + "5" + QUESTION[9:], "row 1, column 1: 5 stands twice in its row"),
        (QUESTION[:1] + "6" + QUESTION[2:], "no solution"),
        ("." + QUESTION[1:], "several solutions"),
    ],
)
def test_text_errors_name_the_line(tmp_path, output, line, message):
    source = tmp_path / "sudoku.txt"
    source.write_text(f"# comment\n{QUESTION}\n\n{line}\n{ANSWER[:-1]}.\n", encoding="utf-8")
    assert refused(source, output) == f"{source} line 4: {message}"


def test_a_binary_file_is_no_list(tmp_path, output):
    source = build_dataset(tmp_path / "a.h5", "sudoku-4x4", train=2, test=2, progress=False).path
    assert refused(source, output) == f"{source}: a binary file, expected text with one puzzle a line"


def test_text_without_puzzles(tmp_path, output):
    source = tmp_path / "sudoku.txt"
    for content in (b"", b"# nothing\n\n"):
        source.write_bytes(content)
        assert refused(source, output) == f"{source}: no puzzle, expected one a line"
    source.write_bytes(bytes(range(1, 256)))
    assert refused(source, output).startswith(f"{source} line 1: ")


# -- csv ---------------------------------------------------------------------------------------------------------------


def test_csv_with_its_own_split(tmp_path, output, sudokus):
    family, batch = sudokus
    folder = tmp_path / "csv"
    folder.mkdir()
    ratings = np.arange(60, dtype=np.int32) + 500
    write_csv(folder / "train.csv", family, batch.take(slice(45)), ratings[:45])
    write_csv(folder / "test.csv", family, batch.take(slice(45, 60)), ratings[45:])
    report = run(folder, output, family="sudoku-6x6")
    assert (report.format, report.counts) == ("csv", {"train": 45, "test": 15})
    dataset = Dataset(output)
    assert same(dataset.split("train"), batch.take(slice(45))._replace(rating=ratings[:45]))
    assert same(dataset.split("test"), batch.take(slice(45, 60))._replace(rating=ratings[45:]))
    assert dataset.provenance.rating_source == "imported"
    assert list(dataset.provenance.parameters["files"]) == ["csv/test.csv", "csv/train.csv"]
    verify(output, progress=False)
    (folder / "test.csv").unlink()
    (folder / "train.csv").unlink()
    output.unlink()
    assert refused(folder, output, family="sudoku-6x6", format="csv") == (
        f"{folder}: no file 'train.csv' or 'test.csv', expected one or both"
    )


@pytest.mark.parametrize(("suffix", "write"), [("csv", write_csv), ("txt", write_text)])
@pytest.mark.parametrize(("split", "missing"), [("train", "test"), ("test", "train")])
def test_a_folder_with_one_split(tmp_path, output, sudokus, suffix, write, split, missing):
    family, batch = sudokus
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / f"{split}.{suffix}", family, batch)
    assert refused(folder, output, family=family, **{missing: 5}) == (
        f"{folder}: no {missing} split, expected one to take 5 puzzles from"
    )
    for wanted in (None, 0):
        run(folder, output, family=family, **{missing: wanted})
        dataset = Dataset(output)
        assert dataset.splits == (split,)
        assert same(dataset.split(split), batch)
        assert list(dataset.provenance.parameters["files"]) == [f"folder/{split}.{suffix}"]
    assert run(folder, output, family=family, **{split: 7}).counts == {split: 7, missing: 0}


def test_the_published_row(tmp_path, output):
    source = tmp_path / "one.csv"
    source.write_text(f"rating,answer,question,source\r\n18,{ANSWER},{QUESTION},puzzles1_unbiased\r\n\r\n")
    run(source, output, test=0)
    dataset = Dataset(output)
    assert dataset.family.format(dataset.split("train").puzzle[0]) == QUESTION
    assert dataset.family.format(dataset.split("train").solution[0]) == ANSWER
    assert dataset.split("train").rating.tolist() == [18]


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        (
            "source,task,answer,rating",
            "a,Q,A,1",
            "1: neither a column question, questions, puzzle, puzzles, quiz, quizzes nor a puzzle, expected source,",
        ),
        ("source,question,answer,rating", "a,Q,A", "3: 3 columns, expected 4"),
        ("source,question,answer,rating", "a,Q,A,1,2", "3: 5 columns, expected 4"),
        ("source,question,answer,rating", "a,Q,A,hard", "3: rating 'hard', expected a whole number below 2**31"),
        ("source,question,answer,rating", "a,Q,A,-1", "3: rating '-1', expected a whole number below 2**31"),
        ("source,question,answer,rating", "a,Q,A,2147483648", "3: rating '2147483648', expected a whole number below"),
        ("source,question,answer,rating", "a,.Q,A,1", "3: question: 82 cells, expected 81"),
        ("source,question,answer,rating", "a,,A,1", "3: question: 0 cells, expected 81"),
        ("source,question,answer,rating", "a,Q,5,1", "3: answer: 1 cells, expected 81"),
        ("source,question,answer,rating", "a,Q,Q,1", "3: the solution is wrong by the rules of sudoku-9x9"),
        ("source,question,answer,rating", "a,A,Q,1", "3: the solution is wrong by the rules of sudoku-9x9"),
        ("source,question,answer,rating", "a,B,A,1", "3: several solutions, expected one"),
        (
            "source,question,answer,rating",
            '"a,Q,A,1\n' + "x" * 200_000,
            "4: field larger than field limit (131072), expected CSV",
        ),
    ],
)
def test_csv_errors_name_the_line(tmp_path, output, header, row, message):
    row = row.replace("A", ANSWER).replace("Q", QUESTION).replace("B", "." * 81)
    source = tmp_path / "file.csv"
    source.write_text(f"{header}\nfirst,{ANSWER[:-1]}.,{ANSWER},0\n{row}\n")
    assert refused(source, output, test=1).startswith(f"{source} line {message}")


def test_csv_without_rows(tmp_path, output):
    source = tmp_path / "file.csv"
    source.write_text("")
    assert refused(source, output) == f"{source}: no puzzle, expected a table of puzzles"
    source.write_text("source,question,answer,rating\n\n")
    assert refused(source, output) == f"{source}: no puzzle, expected one a line below the header"


def test_the_family_is_deduced_from_the_first_puzzle(tmp_path, output):
    for name in ("sudoku-6x6", "maze-9x9", "maze-30x30"):
        family, batch = puzzles_of(name, 12)
        assert run(write_csv(tmp_path / "a.csv", family, batch), output, test=2).family == name
        assert run(write_text(tmp_path / "a.txt", family, batch), output, test=2).family == name
    family, batch = puzzles_of("sudoku-6x6", 12)
    source = write_text(tmp_path / "b.txt", family, batch, head=f"# a list\n\n{'#' * 36}\n")
    assert run(source, output, test=2).family == "sudoku-6x6"


def test_ratings_of_a_table_follow_the_convention_that_is_named(tmp_path, output, sudokus):
    family, batch = sudokus
    source = write_csv(tmp_path / "a.csv", family, batch)
    run(source, output)
    assert Dataset(output).provenance.rating_convention == family.rating_conventions[0]
    last = family.rating_conventions[-1]
    run(source, output, rating_convention=last)
    assert Dataset(output).provenance.rating_convention == last
    output.unlink()
    assert "rating convention 'stars', expected one of" in refused(source, output, rating_convention="stars")


def test_a_list_is_rated_by_the_convention_that_is_named(tmp_path, output):
    family, batch = puzzles_of("sudoku-9x9", 40, SudokuOptions(level="hard"))
    source = write_text(tmp_path / "a.txt", family, batch)
    ratings = {}
    for convention in family.rating_conventions:
        run(source, output, test=0, rating_convention=convention)
        dataset = Dataset(output)
        assert dataset.provenance.rating_convention == convention
        ratings[convention] = dataset.split("train").rating
        np.testing.assert_array_equal(ratings[convention], family.rate(batch.puzzle, convention))
        assert verify(output, progress=False).ratings_computed
    first, last = ratings.values()
    assert (first < last).any()
    output.unlink()
    assert "rating convention 'stars', expected one of" in refused(source, output, rating_convention="stars")


def test_line_breaks_inside_quotes_are_refused(tmp_path, output):
    source = tmp_path / "file.csv"
    row = f"{QUESTION},{ANSWER},18"
    source.write_text(f'source,question,answer,rating\n"a, b",{row}\n"c\nd",{row}\n')
    assert refused(source, output, test=0).startswith(f"{source} line 3: 1 columns, expected 4")
    source.write_text(source.read_text() + f"e,{row}\nf,{row}\n")
    assert refused(source, output, test=0, train=4).startswith(f"{source} line ")
    source.write_text(f'source,question,answer,rating\n"a, b",{row}')  # the last line needs no end
    assert run(source, output, test=0).counts == {"train": 1, "test": 0}


def test_a_draw_reads_only_the_rows_that_it_takes(tmp_path, output, sudokus):
    family, batch = sudokus
    source = write_csv(tmp_path / "a.csv", family, batch)
    run(source, output, family=family, test=2, train=5)
    drawn = rows_of(Dataset(output), "train") | rows_of(Dataset(output), "test")
    lines = source.read_text().splitlines()
    for number, puzzle in enumerate(batch.puzzle, start=1):
        if puzzle.tobytes() not in drawn:
            lines[number] = "nonsense"
    source.write_text("\n".join(lines))
    run(source, output, family=family, test=2, train=5)
    assert rows_of(Dataset(output), "train") | rows_of(Dataset(output), "test") == drawn


def named(folder, family, batch, names, split):
    """Write a table in the layout of Sudoku-Extreme with the source of each row; None leaves the column out."""
    rows = [",".join((family.format(q), family.format(a), str(r))) for q, a, r in zip(*batch, strict=True)]
    head = "question,answer,rating"
    if names is not None:
        head, rows = f"source,{head}", [f"{name},{row}" for name, row in zip(names, rows, strict=True)]
    folder.mkdir(exist_ok=True)
    (folder / f"{split}.csv").write_text("\n".join([head, *rows]) + "\n")


def sources_of(dataset, split):
    """Return {the text of a puzzle: its source}."""
    names = [dataset.source_names[number] for number in dataset.source(split)]
    return {dataset.family.format(grid): name for grid, name in zip(dataset.split(split).puzzle, names, strict=True)}


def test_the_source_of_each_row_is_kept(tmp_path, output):
    """As the published Sudoku-Extreme has it; a row without is of an unknown source."""
    family, batch = puzzles_of("sudoku-6x6", 40)
    names = [("puzzles1_unbiased", "puzzles0_kaggle", "")[number % 3] for number in range(40)]
    known = {family.format(grid): name or "unknown" for grid, name in zip(batch.puzzle, names, strict=True)}
    named(tmp_path / "published", family, batch.take(slice(30)), names[:30], "train")
    named(tmp_path / "published", family, batch.take(slice(30, 40)), names[30:], "test")
    run(tmp_path / "published", output, validation=6)
    dataset = Dataset(output)
    assert dataset.counts == {"train": 24, "validation": 6, "test": 10}
    assert dataset.source_names == ("puzzles0_kaggle", "puzzles1_unbiased", "unknown")
    for split, count in dataset.counts.items():
        found = sources_of(dataset, split)
        assert len(found) == count
        assert found == {puzzle: known[puzzle] for puzzle in found}
    assert str(verify(output, progress=False))
    assert "puzzles1_unbiased" in dataset.describe()

    few = run(tmp_path / "published", output, train=7, test=4, seed=3)
    drawn = Dataset(few.path)
    for split in ("train", "test"):
        assert sources_of(drawn, split) == {puzzle: known[puzzle] for puzzle in sources_of(drawn, split)}


def test_a_repeat_that_is_left_out_takes_its_source_along(tmp_path, output):
    family, batch = puzzles_of("sudoku-6x6", 6)
    twice = batch.take([0, 1, 1, 2, 3, 4, 5])
    named(tmp_path / "published", family, twice, ["a", "b", "other", "a", "b", "a", "b"], "train")
    run(tmp_path / "published", output, on_duplicate="drop")
    expected = {family.format(grid): name for grid, name in zip(batch.puzzle, "ababab", strict=True)}
    assert sources_of(Dataset(output), "train") == expected


@pytest.mark.parametrize("names", [None, ["one"] * 300, [f"row-{number}" for number in range(300)]])
def test_a_column_that_tells_no_sources_apart_is_not_kept(tmp_path, output, names):
    family, batch = puzzles_of("sudoku-6x6", 300)
    named(tmp_path / "published", family, batch, names, "train")
    run(tmp_path / "published", output)
    dataset = Dataset(output)
    assert dataset.source_names == ()
    assert dataset.source("train") is None


def test_a_split_without_the_column_has_no_sources(tmp_path, output):
    family, batch = puzzles_of("sudoku-6x6", 20)
    named(tmp_path / "published", family, batch.take(slice(10)), ["a", "b"] * 5, "train")
    named(tmp_path / "published", family, batch.take(slice(10, 20)), None, "test")
    run(tmp_path / "published", output)
    dataset = Dataset(output)
    assert dataset.source("test") is None
    assert set(sources_of(dataset, "train").values()) == {"a", "b"}
