"""Importing the files that people really have: text in many forms, tables of other layouts, one puzzle alone."""

import numpy as np
import pytest

from puzzles import DatasetError, PuzzleError
from puzzles.dataset import Dataset, verify
from puzzles.importers import csv_table
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
from tests.puzzles.sudoku_grids import SIDES, sudoku

PAIRS = {QUESTION: ANSWER, OTHER: OTHER_ANSWER}
ROWS = {puzzle: [puzzle[start : start + 9] for start in range(0, 81, 9)] for puzzle in PAIRS}


def imported(path):
    """Return {puzzle: (solution, rating)} of a dataset, as text."""
    dataset = Dataset(path)
    texts = {}
    for split in dataset.splits:
        for puzzle, solution, rating in zip(*dataset.split(split), strict=True):
            texts[dataset.family.format(puzzle)] = dataset.family.format(solution), int(rating)
    return texts


def solutions(path):
    return {puzzle: solution for puzzle, (solution, _) in imported(path).items()}


# -- text --------------------------------------------------------------------------------------------------------------

LINES = {
    **{f"blank {blank}": lambda puzzle, blank=blank: puzzle.replace(".", blank) for blank in "*-_x?0"},
    "forum": lambda puzzle: f"{puzzle};ED=7.0/1.2/1.2;A;0",
    "glued on": lambda puzzle: f"{puzzle}#hard",
    "bank": lambda puzzle: f"0000183b305c {puzzle.replace('.', '0')} 1.2",
    "HoDoKu": lambda puzzle: f":0000:x:{puzzle}:::",
    "tabs": lambda puzzle: f"7\t{puzzle}\t{PAIRS[puzzle]}",
    "sdk": lambda puzzle: "#AA\n#DExample\n" + "\n".join(ROWS[puzzle]),
    "titles": lambda puzzle: "Grid 01\n" + "\n".join(ROWS[puzzle]).replace(".", "0"),
    "dashes": lambda puzzle: "\n".join(ROWS[puzzle]).replace(".", "-") + "\n",
}


@pytest.mark.parametrize("form", LINES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_text_in_every_form(tmp_path, output, form, end):
    source = tmp_path / "list.txt"
    source.write_bytes("\n".join(map(LINES[form], PAIRS)).replace("\n", end).encode())
    report = run(source, output)
    assert (report.family, report.format) == ("sudoku-9x9", "text")
    assert solutions(output) == PAIRS
    assert verify(output, progress=False).ratings_computed


def test_forms_may_be_mixed_line_by_line(tmp_path, output, sudokus):
    family, batch = sudokus
    texts = [family.format(puzzle) for puzzle in batch.puzzle]
    for index, blank in enumerate("0-*_x?"):
        texts[index] = f"id{index},{texts[index].replace('.', blank)},3.5"
    source = tmp_path / "list.txt"
    source.write_text("\n".join(texts))
    assert run(source, output, test=0).counts["train"] == 60
    assert rows_of(Dataset(output), "train") == {puzzle.tobytes() for puzzle in batch.puzzle}


@pytest.mark.parametrize("side", SIDES)
def test_the_side_is_recognised(tmp_path, output, side):
    family, batch = puzzles_of(f"sudoku-{side}x{side}", 3)
    source = write_text(tmp_path / "list.txt", family, batch)
    assert run(source, output, test=1).family == family.name
    drawn = tmp_path / "drawn.txt"
    rows = [text[start : start + side] for text in source.read_text().split() for start in range(0, side**2, side)]
    drawn.write_text("\n".join(rows))
    run(drawn, output.with_name("drawn.h5"), test=1)
    assert imported(output) == imported(output.with_name("drawn.h5"))
    for file in output.parent.iterdir():
        file.unlink()
    source.write_text(f"{'1' * (side**2 + 1)}\n{'1' * side**2}\n")
    assert refused(source, output, test=0) == f"{source} line 1: {side**2 + 1} cells, expected {side**2}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"0000183b305c {QUESTION[1:]} 1.2", "line 3: 80 cells, expected 81"),
        (f"{QUESTION[1:]} {ANSWER}", "line 3: 80 cells, expected 81"),
        (f"{QUESTION[:40]} {QUESTION[41:]} {ANSWER}", "line 3: 40 cells, expected 81"),
        (f":0000:x:{QUESTION}5:::", "line 3: 82 cells, expected 81"),
        (f"{QUESTION[:80]}0", "line 3: row 9, column 9: '0' in a grid with the blank '.', expected --zero digit or"),
        (f"{QUESTION[:80]}-", "line 3: row 9, column 9: '-', expected one of '.123456789'"),
        ("Grid 1", "line 3: 4 cells, expected 81"),
    ],
)
def test_what_is_wrong_with_a_line(tmp_path, output, line, message):
    source = tmp_path / "list.txt"
    source.write_text(f"# list\n{OTHER}\n{line}\n")
    assert refused(source, output, test=1).startswith(f"{source} {message}")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows.pop(12), "line 10: 8 rows, expected 9"),
        (lambda rows: rows.insert(12, "1........"), "line 19: 1 rows, expected 9"),
        (lambda rows: rows.__setitem__(12, rows[12][1:]), "line 13: 8 cells, expected 9"),
        (lambda rows: rows.__setitem__(12, rows[12] + "."), "line 13: 10 cells, expected 9"),
        (lambda rows: rows.__setitem__(12, "?" + rows[12][1:]), "line 10: row 4, column 1: '?', expected one of '.123"),
        (lambda rows: rows.__setitem__(12, "end"), "line 13: 3 cells, expected 9"),
    ],
)
def test_what_is_wrong_with_a_drawn_grid(tmp_path, output, change, message):
    rows = ROWS[OTHER] + ROWS[QUESTION]
    change(rows)
    source = tmp_path / "drawn {0}.txt"
    source.write_text("\n".join(rows))
    assert refused(source, output, test=1).startswith(f"{source} {message}")


def test_mazes_drawn_over_several_lines(tmp_path, output):
    family, batch = puzzles_of("maze-7x9", 5)
    texts = [family.format(puzzle) for puzzle in batch.puzzle]
    source = tmp_path / "mazes.txt"
    source.write_text("\n\n".join("\n".join(text[start : start + 9] for start in range(0, 63, 9)) for text in texts))
    assert run(source, output, test=0).family == "maze-7x9"
    assert rows_of(Dataset(output), "train") == {puzzle.tobytes() for puzzle in batch.puzzle}


# -- what 0 means ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [10, 12, 16])
@pytest.mark.parametrize("write", [write_text, write_csv])
def test_a_zero_that_is_a_digit_is_no_blank(tmp_path, output, side, write):
    family, batch = puzzles_of(f"sudoku-{side}x{side}", 3)
    source = write(tmp_path / f"list{'.csv' if write is write_csv else '.txt'}", family, batch)
    names = str.maketrans("123456789ABCDEFG"[:side], "0123456789abcdef"[:side])
    if write is write_csv:
        header, *rows = source.read_text().splitlines()
        fields = [row.split(",") for row in rows]
        rows = [",".join([a, q.translate(names), s.translate(names), *rest]) for a, q, s, *rest in fields]
        source.write_text("\n".join([header, *rows]))
    else:
        source.write_text(source.read_text().translate(names))
    message = refused(source, output, test=0)
    line = int(message.removeprefix(f"{source} line ").split(":")[0])
    text = next(part for part in source.read_text().splitlines()[line - 1].split(",") if "." in part)
    row, column = divmod(text.index("0"), side)
    assert f"row {row + 1}, column {column + 1}: '0' in a grid with the blank '.', expected --zero digit" in message
    run(source, output, test=0, zero="digit")
    assert rows_of(Dataset(output), "train") == {puzzle.tobytes() for puzzle in batch.puzzle}
    assert Dataset(output).provenance.parameters["zero"] == "digit"
    assert "zero='digit'" in Dataset(output).provenance.command
    output.unlink()
    assert refused(source, output, zero="letter") == "zero 'letter', expected one of ('digit', 'blank')"


def test_letters(tmp_path, output):
    family, batch = puzzles_of("sudoku-16x16", 3)
    source = write_text(tmp_path / "list.txt", family, batch)
    source.write_text(source.read_text().translate(str.maketrans("123456789ABCDEFG", "abcdefghijklmnop")))
    run(source, output, test=0)
    assert rows_of(Dataset(output), "train") == {puzzle.tobytes() for puzzle in batch.puzzle}


# -- tables ------------------------------------------------------------------------------------------------------------


def table(name):
    """Return a table of the two puzzles as bytes, and the ratings that it gives them."""
    q, a, o, b = QUESTION, ANSWER, OTHER, OTHER_ANSWER
    zeros = [text.replace(".", "0") for text in (q, o)]
    return {
        "Kaggle": (f"quizzes,solutions\n{zeros[0]},{a}\n{zeros[1]},{b}\n", None),
        "Kaggle with more": (f"id,Puzzle,Solution,clues,difficulty\n1,{q},{a},26,2.2\n2,{o},{b},27,0.0\n", None),
        "no answers": (f"puzzle,rating\n{q},7\n{o},8\n", (7, 8)),
        "one column": (f"puzzle\n{q}\n{o}\n", None),
        "float ratings": (f"question,answer,rating\n{q},{a},7.0\n{o},{b},8.\n", (7, 8)),
        "semicolons": (f"source;question;answer;rating\r\nx;{q};{a};7,0\r\ny;{o};{b};8\r\n", (7, 8)),
        "tabs": (f"question\trating\n{q}\t7\n{o}\t 8 \n", (7, 8)),
        "bars": (f"question|rating\n{q}|7\n{o}|8\n", (7, 8)),
        "carriage returns": (f"question,rating\r{q},7\r{o},8\r", (7, 8)),
        "carriage returns, last without": (f"question,rating\r{q},7\r\r{o},8", (7, 8)),
        "mixed line ends": (f"question,rating\r\n{q},7\r{o},8\n\r\n", (7, 8)),
        "some answers": (f"question,answer,rating\n{q},,7\n{o},{b},8\n", (7, 8)),
        "quoted": (f'"question","rating"\n"{q}","7"\n" {o} ","8"\n', (7, 8)),
        "byte order mark": (f"\ufeffquestion,rating\n{q},7\n{o},8\n", (7, 8)),
        "no header": (f"x,{q},{a},7\ny,{o},{b},8\n", None),
        "no header, no answers": (f"{q}\n{o}\n", None),
    }[name]


TABLES = (
    "Kaggle", "Kaggle with more", "no answers", "one column", "float ratings", "semicolons", "tabs", "bars",
    "carriage returns", "carriage returns, last without", "mixed line ends", "some answers", "quoted",
    "byte order mark", "no header", "no header, no answers",
)  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_every_layout(tmp_path, output, monkeypatch, name):
    text, ratings = table(name)
    source = tmp_path / "table.csv"
    source.write_bytes(text.encode())
    report = run(source, output)
    assert (report.family, report.format) == ("sudoku-9x9", "csv")
    assert solutions(output) == PAIRS
    computed = sudoku(9).rate(np.stack([sudoku(9).parse(puzzle) for puzzle in PAIRS])).tolist()
    found = imported(output)
    assert [found[puzzle][1] for puzzle in PAIRS] == list(ratings or computed)
    assert Dataset(output).provenance.rating_source == ("imported" if ratings else "computed")
    verify(output, progress=False)
    for size in (1, 2, 7, 83):  # a piece of the file may end anywhere, between \r and \n too
        monkeypatch.setattr(csv_table, "SCAN_BYTES", size)
        run(source, output)
        assert imported(output) == found


def test_ratings_that_are_missing_are_computed(tmp_path, output, sudokus):
    family, batch = sudokus
    source = write_csv(tmp_path / "a.csv", family, batch, np.arange(60) + 500)
    header, *rows = source.read_text().splitlines()
    rows = [row.replace(f",{500 + i},", ",,") if i % 3 == 0 else row for i, row in enumerate(rows)]
    source.write_text("\n".join([header, *rows]))
    last = family.rating_conventions[-1]
    run(source, output, test=0, rating_convention=last)
    dataset = Dataset(output)
    expected = np.where(np.arange(60) % 3 == 0, family.rate(batch.puzzle, last), np.arange(60) + 500)
    np.testing.assert_array_equal(dataset.split("train").rating, expected)
    assert dataset.provenance.rating_source == "imported"
    assert dataset.provenance.parameters["ratings_computed"] == 20
    source.write_text("\n".join([header, *(row.replace(f",{500 + i},", ",,") for i, row in enumerate(rows))]))
    run(source, output, test=0, rating_convention=last)
    assert Dataset(output).provenance.rating_source == "computed"
    assert "ratings_computed" not in Dataset(output).provenance.parameters
    assert verify(output, progress=False).ratings_computed


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"question,rating\n{QUESTION},1.5\n", "line 2: rating '1.5', expected a whole number below 2**31"),
        (f"question,rating\n{QUESTION},1e3\n", "line 2: rating '1e3', expected a whole number below 2**31"),
        (f"question,rating\n{QUESTION},{'9' * 5000}\n", "line 2: rating '99999"),
        (f"question;answer\n{QUESTION};{ANSWER};\n", "line 2: 3 columns, expected 2"),
        (f"question\n{QUESTION[:8]}0{QUESTION[9:]}\n", "line 2: question: row 1, column 9: '0' in a grid with the bl"),
        (f"name,grid\nx,{QUESTION}\n", "line 1: neither a column question, questions, puzzle, puzzles, quiz, quizzes"),
        (f"{QUESTION[1:]},{ANSWER}\n", "line 1: neither a column question, questions, puzzle, puzzles, quiz, quizzes"),
    ],
)
def test_what_is_wrong_with_a_table(tmp_path, output, content, message):
    source = tmp_path / "table.csv"
    source.write_text(content)
    assert refused(source, output).startswith(f"{source} {message}")


def test_a_table_is_recognised_by_its_header(tmp_path, output):
    for name in ("table.txt", "table", "table.tsv"):
        source = tmp_path / name
        source.write_text(f"quizzes\tsolutions\n{QUESTION}\t{ANSWER}\n{OTHER}\t{OTHER_ANSWER}\n")
        assert run(source, output).format == "csv"
        assert solutions(output) == PAIRS
    source = tmp_path / "drawn.txt"
    source.write_text("Puzzle\n" + "\n".join(ROWS[QUESTION]))
    assert run(source, output).format == "text"


# -- one puzzle --------------------------------------------------------------------------------------------------------


def test_a_single_puzzle_goes_where_it_makes_sense(tmp_path, output):
    source = tmp_path / "mine.txt"
    source.write_text(f"{QUESTION}\n")
    assert str(run(source, output)) == (
        f"{output}: 0 train and 1 test puzzles of sudoku-9x9 from text; a single puzzle is put into the test split, "
        "or with train=1 (--train 1) into the train split"
    )
    assert Dataset(output).splits == ("test",)
    for arguments, split in (({"test": 1}, "test"), ({"train": 1}, "train"), ({"test": 0}, "train")):
        report = run(source, output, **arguments)
        assert Dataset(output).splits == (split,)
        assert report.lone == (split == "test")
        assert solutions(output) == {QUESTION: ANSWER}
    output.unlink()
    message = f"{source}: 0 different puzzles for train, expected 1"
    assert refused(source, output, test=1, train=1) == message
    (tmp_path / "folder").mkdir()
    source = source.rename(tmp_path / "folder" / "train.txt")
    assert run(source.parent, output).counts == {"train": 1, "test": 0}  # the source's own split


# -- damage ------------------------------------------------------------------------------------------------------------


def damaged(content, random):
    """Return a file with a byte changed, a piece cut out, another put in, or the rest cut off."""
    place, size = int(random.integers(len(content))), int(random.integers(1, 4))
    before, after = content[:place], content[place:]
    new = random.integers(32, 127, size, dtype=np.uint8).tobytes()
    return before + [random.bytes(1) + after[1:], after[10 * size :], new + after, b""][random.integers(4)]


def attempt(source, output):
    """Return the solutions of an import, or the line that refuses it."""
    try:
        run(source, output, on_duplicate="drop")
    except (PuzzleError, DatasetError) as error:
        return str(error)
    return solutions(output)


def test_a_damaged_file_is_refused_in_one_line_or_keeps_its_puzzles(tmp_path, output):
    random = np.random.default_rng(0)
    sources = [(".txt", "\n".join(map(form, PAIRS))) for form in LINES.values()]
    sources += [(".csv", table(name)[0]) for name in TABLES]
    read = 0
    for _ in range(60):
        suffix, text = sources[random.integers(len(sources))]
        source = tmp_path / f"a{suffix}"
        source.write_bytes(damaged(text.encode(), random))
        found = attempt(source, output)
        if isinstance(found, str):
            assert found.startswith(str(source))
            assert "\n" not in found
            continue
        read += 1
        for puzzle, solution in found.items():
            (original,) = (given for given, answer in PAIRS.items() if answer == solution)
            assert sum(a != b for a, b in zip(puzzle, original, strict=True)) <= 3
    assert 2 < read < 58


# -- the files that users have reported --------------------------------------------------------------------------------


def test_reported_text_forms(reports, output):
    files = sorted((reports / "text-forms").iterdir())
    assert len(files) >= 6
    for file in files:
        run(file, output)
        plain = imported(output)
        assert len(plain) == (1 if file.suffix in (".sdk", ".ss") else 6), file.name
        verify(output, progress=False)


def test_reported_tables(reports, output):
    files = [*sorted((reports / "csv-forms").iterdir()), reports / "carriage-returns.csv"]
    found = []
    for file in files:
        run(file, output)
        found.append(solutions(output))
    assert all(each == found[0] for each in found)
    assert len(found[0]) == 6


def test_reported_grids_of_16(reports, output):
    source = reports / "16x16-zero-is-a-digit.txt"
    assert "'0' in a grid with the blank '.', expected --zero digit or --zero blank" in refused(source, output)
    run(source, output, zero="digit", test=0)
    puzzle = Dataset(output).split("train").puzzle
    assert np.count_nonzero(puzzle, axis=(1, 2)).tolist() == [180] * 10
    source = reports / "16x16-letters.txt"
    run(source, output, test=0)
    clues = [256 - line.count(".") for line in source.read_text().split()]
    assert np.count_nonzero(Dataset(output).split("train").puzzle, axis=(1, 2)).tolist() == clues
