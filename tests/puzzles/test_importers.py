import json

import numpy as np
import pytest

import puzzles
from puzzles import DatasetError, PuzzleError, Puzzles
from puzzles.dataset import Dataset, split_keys, verify
from puzzles.importers import import_puzzles
from puzzles.maze import MazeOptions

QUESTION = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36.."
ANSWER = "583427169974136528216859374792364851351298746648715293865971432137642985429583617"
OTHER = "1....2....9.67...3..2.9..4.46.5...9..58....3..1....2.....71.......9.37......6...."
OTHER_ANSWER = "136452978594678123782391546463527891258149637917836254829714365645983712371265489"


def generate(name, count, options=None):
    """Return ``count`` puzzles, no two equal by the split rule."""
    family = puzzles.family(name)
    many = family.generate(np.arange(4 * count, dtype=np.uint64), options)
    _, first = np.unique(split_keys(family, many.puzzle, many.solution), return_index=True)
    return family, many.take(np.sort(first)[:count])


def symmetric(family, batch):
    order, relabel = family.symmetries(np.random.default_rng(0).random((len(batch.puzzle), family.symmetry_dim)))
    return Puzzles(*(family.transform(grid, order, relabel) for grid in batch[:2]), batch.rating)


def same(one, other):
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def rows_of(dataset, split):
    return {puzzle.tobytes() for puzzle in dataset.split(split).puzzle}


@pytest.fixture(scope="module")
def sudoku():
    return generate("sudoku-6x6", 60)


@pytest.fixture(scope="module")
def mazes():
    return generate("maze-6x6", 60)


@pytest.fixture
def output(tmp_path):
    """The file to write, alone in its folder."""
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "set.h5"


def run(source, output, **arguments):
    return import_puzzles(source, output, progress=False, **arguments)


def refused(source, output, **arguments):
    """Return the message of the error, having checked that nothing was written."""
    with pytest.raises((PuzzleError, DatasetError)) as caught:
        run(source, output, **arguments)
    assert not list(output.parent.iterdir())
    return str(caught.value)


# -- text --------------------------------------------------------------------------------------------------------------


def write_text(path, family, batch, head=""):
    path.write_text(head + "".join(f"{family.format(puzzle)}\n" for puzzle in batch.puzzle))
    return path


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


def test_text_folder_keeps_its_split(tmp_path, output, sudoku):
    family, batch = sudoku
    (tmp_path / "lists").mkdir()
    write_text(tmp_path / "lists" / "train.txt", family, batch.take(slice(40)))
    write_text(tmp_path / "lists" / "test.txt", family, batch.take(slice(40, 60)))
    run(tmp_path / "lists", output, family="sudoku-6x6")
    dataset = Dataset(output)
    assert same(dataset.split("train"), batch.take(slice(40)))
    assert same(dataset.split("test"), batch.take(slice(40, 60)))


def test_text_of_mazes_has_no_comments(tmp_path, output):
    family, batch = generate("maze-6x6", 60, MazeOptions(generator="percolation", min_path=5))
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


def test_text_without_puzzles(tmp_path, output):
    source = tmp_path / "sudoku.txt"
    for content in (b"", b"# nothing\n\n"):
        source.write_bytes(content)
        assert refused(source, output) == f"{source}: no puzzle, expected one a line"
    source.write_bytes(bytes(range(256)))
    assert refused(source, output).startswith(f"{source} line 1: ")


# -- csv ---------------------------------------------------------------------------------------------------------------


def write_csv(path, family, batch, ratings=None):
    ratings = batch.rating if ratings is None else ratings
    rows = [
        f"hard,{family.format(puzzle)},{family.format(solution)},{rating},x"
        for puzzle, solution, rating in zip(batch.puzzle, batch.solution, ratings, strict=True)
    ]
    path.write_text("\n".join(["source,question,answer,rating,note", *rows]) + "\n")
    return path


def test_csv_with_its_own_split(tmp_path, output, sudoku):
    family, batch = sudoku
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
    output.unlink()
    assert refused(folder, output, family="sudoku-6x6") == (
        f"{folder}: no file 'test.csv', expected train.csv and test.csv"
    )


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
        ("source,question,answer", "a,Q,A", "1: no column 'rating', expected source,question,answer,rating"),
        ("source,question,answer,rating", "a,Q,A", "3: 3 columns, expected 4"),
        ("source,question,answer,rating", "a,Q,A,1,2", "3: 5 columns, expected 4"),
        ("source,question,answer,rating", "a,Q,A,hard", "3: rating 'hard', expected a whole number below 2**31"),
        ("source,question,answer,rating", "a,Q,A,-1", "3: rating '-1', expected a whole number below 2**31"),
        ("source,question,answer,rating", "a,Q,A,2147483648", "3: rating '2147483648', expected a whole number below"),
        ("source,question,answer,rating", "a,.Q,A,1", "3: question: 82 cells, expected 81"),
        ("source,question,answer,rating", "a,Q,,1", "3: answer: 0 cells, expected 81"),
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
    assert refused(source, output) == f"{source} line 1: no column 'source', expected source,question,answer,rating"
    source.write_text("source,question,answer,rating\n\n")
    assert refused(source, output) == f"{source}: no puzzle, expected one a line below the header"


# -- npy ---------------------------------------------------------------------------------------------------------------


def write_npy(folder, family, train, test, copies=0):
    """Write the layout of the HRM builders, each puzzle followed by ``copies`` symmetry copies."""
    for name, batch in (("train", train), ("test", test)):
        place = folder / name
        place.mkdir(parents=True)
        examples = [batch, *(symmetric(family, batch) for _ in range(copies))]
        for array, field in (("inputs", "puzzle"), ("labels", "solution")):
            grids = np.stack([getattr(each, field) for each in examples], axis=1)
            np.save(place / f"all__{array}.npy", grids.reshape(-1, family.rows * family.columns) + np.uint8(1))
        count = len(batch.puzzle) * (1 + copies)
        np.save(place / "all__puzzle_identifiers.npy", np.zeros(count, np.int32))
        np.save(place / "all__puzzle_indices.npy", np.arange(count + 1, dtype=np.int32))
        np.save(place / "all__group_indices.npy", np.arange(0, count + 1, 1 + copies, dtype=np.int32))
        meta = {"pad_id": 0, "vocab_size": family.vocabulary_size, "seq_len": family.rows * family.columns}
        (place / "dataset.json").write_text(json.dumps(meta))
    return folder


@pytest.mark.parametrize("name", ["sudoku-9x9", "maze-6x6"])
@pytest.mark.parametrize("copies", [0, 3])
def test_npy_layout(tmp_path, output, name, copies):
    family, batch = generate(name, 40)
    train, test = batch.take(slice(30)), batch.take(slice(30, 40))
    report = run(write_npy(tmp_path / "npy", family, train, test, copies), output)
    assert (report.format, report.family, report.counts) == ("npy", name, {"train": 30, "test": 10})
    dataset = Dataset(output)
    assert same(dataset.split("train"), train)
    assert same(dataset.split("test"), test)
    parameters = dataset.provenance.parameters
    assert parameters["symmetry_copies_left_out"] == 40 * copies
    assert len(parameters["files"]) == 12
    verify(output, progress=False)


def test_npy_family_that_cannot_be_deduced(tmp_path, output):
    family, batch = generate("sudoku-4x4", 20)  # a maze of 4x4 has the same length and vocabulary
    folder = write_npy(tmp_path / "npy", family, batch.take(slice(10)), batch.take(slice(10, 20)))
    assert refused(folder, output) == (
        f"{folder / 'train' / 'dataset.json'}: ['maze-4x4', 'sudoku-4x4'] with seq_len 16 and vocab_size 6, "
        "expected exactly one: name the family"
    )
    assert run(folder, output, family="sudoku-4x4").counts == {"train": 10, "test": 10}
    output.unlink()
    assert refused(folder, output, family="sudoku-6x6") == (
        f"{folder / 'train' / 'dataset.json'}: seq_len 16, expected 36 for sudoku-6x6"
    )
    meta = folder / "train" / "dataset.json"
    meta.write_text(meta.read_text().replace("16", "17"))
    assert "no family with seq_len 17 and vocab_size 6, expected exactly one" in refused(folder, output)


def save(array, value):
    return lambda place: np.save(place / f"all__{array}.npy", value)


def edit(array, row, column, value):
    def change(place):
        content = np.load(place / f"all__{array}.npy")
        content[row, column] = value
        np.save(place / f"all__{array}.npy", content)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda place: (place / "all__labels.npy").unlink(),
            ": no file 'test/all__labels.npy', expected the NPY layout",
        ),
        (lambda place: (place / "dataset.json").unlink(), ": no file 'test/dataset.json', expected the NPY layout"),
        (lambda place: (place / "dataset.json").write_text("{"), "/test/dataset.json: no JSON: "),
        (lambda place: (place / "dataset.json").write_text("[]"), "/test/dataset.json: no whole number 'pad_id'"),
        (
            lambda place: (place / "dataset.json").write_text('{"pad_id": 0, "seq_len": 36, "vocab_size": 11}'),
            "/test/dataset.json: vocab_size 11, expected 6 for maze-6x6",
        ),
        (lambda place: (place / "all__inputs.npy").write_bytes(b""), "/test/all__inputs.npy: damaged, or no NPY file"),
        (lambda place: (place / "all__inputs.npy").write_bytes(b"x" * 99), "/test/all__inputs.npy: damaged, or no NPY"),
        (save("inputs", np.array([{}])), "/test/all__inputs.npy: damaged, or no NPY file"),
        (save("inputs", np.ones((10, 36))), "/test/all__inputs.npy: float64 of shape (10, 36), expected whole numbers"),
        (save("inputs", np.ones(36, int)), "/test/all__inputs.npy: int64 of shape (36,), expected whole numbers in 2"),
        (
            save("inputs", np.ones((10, 35), int)),
            "/test/all__inputs.npy: shape (10, 35), expected (10, 36) for maze-6x6",
        ),
        (save("labels", np.ones((9, 36), int)), "/test/all__labels.npy: shape (9, 36), expected (10, 36) for maze-6x6"),
        (edit("inputs", 3, 5, 0), "/test/all__inputs.npy row 3, position 5: token 0, expected 1 to 5"),
        (edit("labels", 3, 5, 6), "/test/all__labels.npy row 3, position 5: token 6, expected 1 to 5"),
        (edit("inputs", 3, 5, 5), "/test/all__inputs.npy row 3: row 1, column 6: a path cell"),
        (
            edit("labels", 3, slice(None), 1),
            "/test/all__inputs.npy row 3: the solution is wrong by the rules of maze-6x6",
        ),
        (save("puzzle_identifiers", np.zeros(9, int)), "/test/all__puzzle_identifiers.npy: shape (9,), expected (10,)"),
        (
            save("puzzle_indices", np.arange(10)),
            "/test/all__puzzle_indices.npy: expected offsets that rise from 0 to 10",
        ),
        (
            save("puzzle_indices", np.array([0, 5, 10])),
            "/test/all__puzzle_indices.npy: several examples a puzzle, expected",
        ),
        (save("group_indices", np.array([0, 5, 5, 10])), "/test/all__group_indices.npy: expected offsets that rise"),
    ],
)
def test_npy_errors_name_the_file(tmp_path, output, mazes, change, message):
    family, batch = mazes
    folder = write_npy(tmp_path / "npy", family, batch.take(slice(10)), batch.take(slice(10, 20)))
    change(folder / "test")
    assert refused(folder, output).startswith(f"{folder}{message}")


# -- choosing ----------------------------------------------------------------------------------------------------------


def test_a_random_split_depends_on_the_seed_alone(tmp_path, output, sudoku):
    family, batch = sudoku
    source = write_text(tmp_path / "list.txt", family, batch)
    position = {puzzle.tobytes(): row for row, puzzle in enumerate(batch.puzzle)}

    def chosen(**arguments):
        run(source, output, family=family, **arguments)
        dataset = Dataset(output)
        rows = {
            split: [position[puzzle.tobytes()] for puzzle in dataset.split(split).puzzle] for split in dataset.splits
        }
        assert all(own == sorted(own) for own in rows.values())
        return rows

    default = chosen()
    assert {split: len(rows) for split, rows in default.items()} == {"train": 54, "test": 6}
    assert sorted(default["train"] + default["test"]) == list(range(60))
    assert chosen() == default
    assert chosen(seed=1)["test"] != default["test"]
    assert default["test"] != list(range(6))
    assert set(chosen(test=3)["test"]) < set(default["test"]) < set(chosen(test=30)["test"])
    few = chosen(test=10, train=20)
    assert {split: len(rows) for split, rows in few.items()} == {"train": 20, "test": 10}
    assert not set(few["train"]) & set(few["test"])
    assert list(chosen(test=0)) == ["train"]
    assert list(chosen(train=0)) == ["test"]


def test_drawing_from_a_source_with_its_own_split(tmp_path, output, sudoku):
    family, batch = sudoku
    folder = tmp_path / "csv"
    folder.mkdir()
    write_csv(folder / "train.csv", family, batch.take(slice(40)))
    write_csv(folder / "test.csv", family, batch.take(slice(40, 60)))

    def chosen(**arguments):
        run(folder, output, family=family, **arguments)
        return {split: rows_of(Dataset(output), split) for split in Dataset(output).splits}

    everything, ten, five = chosen(), chosen(train=10, seed=3), chosen(train=5, test=4, seed=3)
    assert (len(ten["train"]), len(ten["test"])) == (10, 20)
    assert ten["train"] < everything["train"]
    assert five["train"] < ten["train"]
    assert five["test"] < everything["test"]
    assert len(five["test"]) == 4
    assert chosen(train=10, seed=3) == ten
    assert chosen(train=10, seed=4) != ten
    output.unlink()
    assert refused(folder, output, family=family, train=41) == f"{folder}: 40 different puzzles for train, expected 41"


def test_repeats_in_a_list(tmp_path, output, sudoku):
    family, batch = sudoku
    doubled = Puzzles(
        *(np.concatenate(pair) for pair in zip(batch, symmetric(family, batch.take([4, 9])), strict=True))
    )
    source = write_text(tmp_path / "list.txt", family, doubled)
    message = refused(source, output, family=family)
    assert message.startswith(
        f"{source}: 2 puzzles are equal up to symmetry to an earlier one (split rule 'canonical'), "
    )
    pairs = [(5, 61), (10, 62)]
    assert any(f"line {a}" in message and f"line {b};" in message for a, b in pairs + [pair[::-1] for pair in pairs])
    assert message.endswith("; expected none, or on_duplicate='drop'")
    report = run(source, output, family=family, on_duplicate="drop")
    assert report.dropped == 2
    assert sum(report.counts.values()) == 60
    assert "left out 2 repeats, first " in str(report)
    assert Dataset(output).provenance.parameters["dropped"] == 2
    verify(output, progress=False)
    output.unlink()
    assert refused(source, output, family=family, train=60, test=1, on_duplicate="drop") == (
        f"{source}: 59 different puzzles for train, expected 60"
    )


def test_leakage_in_a_source_with_its_own_split(tmp_path, output, sudoku):
    family, batch = sudoku
    train, test = batch.take(slice(40)), batch.take(slice(40, 60))
    leaked = Puzzles(*(np.concatenate(pair) for pair in zip(train, symmetric(family, test.take([7, 2])), strict=True)))
    folder = write_npy(tmp_path / "npy", family, leaked, test)
    place = folder / "train" / "all__inputs.npy"
    assert refused(folder, output) == (
        f"{folder}: 2 puzzles are equal up to symmetry to an earlier one (split rule 'canonical'), "
        f"first {place} row 40 to {folder / 'test' / 'all__inputs.npy'} row 7; expected none, or on_duplicate='drop'"
    )
    report = run(folder, output, on_duplicate="drop")
    assert report.counts == {"train": 40, "test": 20}
    assert report.dropped == 2
    assert same(Dataset(output).split("test"), test)  # the published test set stays whole
    assert same(Dataset(output).split("train"), train)


def test_sources_and_arguments_that_cannot_be(tmp_path, output, sudoku):
    family, batch = sudoku
    source = write_text(tmp_path / "list.txt", family, batch)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"no such source of puzzles: .*missing\.txt"):
        run(tmp_path / "missing.txt", output)
    assert refused(tmp_path / "empty", output).startswith(
        f"{tmp_path / 'empty'}: expected one of ['train/dataset.json'"
    )
    assert refused(source, output, format="npy") == f"{source}: a file, expected the folder of the NPY layout"
    assert refused(source, output, format="xml") == "format 'xml', expected one of ('text', 'csv', 'npy')"
    assert refused(source, output, on_duplicate="ask") == "on_duplicate 'ask', expected one of ('error', 'drop')"
    assert refused(source, output, train=-1) == "train -1, expected 0 or more"
    assert refused(source, output, family="sudoku-7x7").startswith("no Sudoku of 7x7")
    assert refused(source, output, family=family, test=60) == f"{output}: no puzzle in train, expected at least one"


def test_progress(tmp_path, output, sudoku, capsys):
    family, batch = sudoku
    import_puzzles(write_text(tmp_path / "list.txt", family, batch), output, family)
    assert "60 puzzles" in capsys.readouterr().err


# -- the public files --------------------------------------------------------------------------------------------------


def test_real_text_lists(real_data, output):
    report = run(real_data / "sudoku" / "forum_hardest_1106.txt", output)
    assert report.counts == {"train": 169, "test": 18}
    report = run(real_data / "sudoku" / "magictour_top1465.txt", output, train=500, test=100, seed=2)
    assert report.counts == {"train": 500, "test": 100}
    report = run(real_data / "sudoku" / "17_clue.txt", output, train=1000, test=100)
    assert report.counts == {"train": 1000, "test": 100}
    assert (np.count_nonzero(Dataset(output).split("train").puzzle, axis=(1, 2)) == 17).all()
    verify(output, progress=False)


def test_real_maze_hard(real_data, output):
    report = run(real_data / "maze-30x30-hard-1k", output)
    assert (report.family, report.counts, report.dropped) == ("maze-30x30", {"train": 1000, "test": 500}, 0)
    train = Dataset(output).split("train")
    inputs = np.load(real_data / "maze-30x30-hard-1k" / "train" / "all__inputs.npy", allow_pickle=False)
    assert np.array_equal(train.puzzle.reshape(1000, 900) + 1, inputs)
    assert train.rating.min() >= 109
    verify(output, progress=False)
