"""``air-envs solve``: one's own puzzles, as a user gives them."""

import io
import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import puzzles
from agents.cli import main
from tests.agents.cli.test_commands import fails
from tests.agents.test_examples import COMMANDS

PUBLISHED = "5...27..9..41......1..5.3...92.6.8...5......66..7..29.8...7...2.......8...9..36.."
ANSWER = "583427169974136528216859374792364851351298746648715293865971432137642985429583617"
MAZE = "#####\n#S  #\n### #\n#G  #\n#####"


def solves(*args: str, status: int = 0) -> None:
    """Run the command, which must end with this exit status."""
    if status == 0:
        return main(["solve", *args])
    with pytest.raises(SystemExit) as ended:
        main(["solve", *args])
    assert ended.value.code == status
    return None


def records(capsys: pytest.CaptureFixture[str], *args: str, status: int = 0) -> list[dict[str, Any]]:
    solves(*args, "--json", status=status)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def sixes(count: int) -> puzzles.Puzzles:
    return puzzles.family("sudoku-6x6").generate(np.arange(count, dtype=np.uint64))


def test_the_published_row_is_solved(capsys: pytest.CaptureFixture[str]) -> None:
    solves(PUBLISHED)
    head, answer = capsys.readouterr().out.splitlines()
    assert re.fullmatch(
        r"puzzle 1: sudoku-9x9, sudoku-extreme: right after \d+ ACT steps?, confidence (99|100)\.\d\d%", head
    )
    assert answer == ANSWER


def test_families_share_a_batch_and_keep_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    data = sixes(2)
    family = puzzles.family("sudoku-6x6")
    first, second = (family.format(grid) for grid in data.puzzle)
    found = records(capsys, first, MAZE, second)
    assert [one["place"] for one in found] == ["puzzle 1", "puzzle 2", "puzzle 3"]
    assert [one["family"] for one in found] == ["sudoku-6x6", "maze-5x5", "sudoku-6x6"]
    assert [one["model"] for one in found] == ["sudoku-any", "maze-any", "sudoku-any"]
    assert [one["puzzle"] for one in found] == [first, MAZE.replace("\n", ""), second]
    assert [one["answer"] for one in found[::2]] == [family.format(grid) for grid in data.solution]
    assert found[1]["answer"] == "######Soo####o##Goo######"
    for one in found:
        assert one["right"]
        assert one["problem"] is None
        assert 1 <= one["act_steps"] <= 48
        assert 0.99 < one["confidence"] <= 1
        assert "solver" not in one


def test_a_file_and_standard_input_are_read_as_importers_read_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    family, data = puzzles.family("sudoku-6x6"), sixes(3)
    lines = ["# three puzzles", *(family.format(grid) for grid in data.puzzle)]
    expected = [family.format(grid) for grid in data.solution]
    listed, table = tmp_path / "list.txt", tmp_path / "table.csv"
    listed.write_text("\n".join(lines) + "\n")
    table.write_text("\n".join(["puzzle,rating", *(f"{line},1" for line in lines[1:])]) + "\n")
    for path in (listed, table):
        found = records(capsys, "--file", str(path))
        assert [one["place"] for one in found] == [f"{path} line {number}" for number in (2, 3, 4)]
        assert [one["answer"] for one in found] == expected
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
        found = records(capsys, "-")
        assert [one["place"] for one in found] == [f"standard input line {number}" for number in (2, 3, 4)]
        assert [one["answer"] for one in found] == expected


def test_a_puzzle_with_several_solutions_is_said_to_be_so(capsys: pytest.CaptureFixture[str]) -> None:
    solves(PUBLISHED.replace("27", ".."), "--solver")
    head, problem, answer, solver = capsys.readouterr().out.splitlines()
    assert "right after" in head
    assert problem == "no proper puzzle: several solutions"
    family = puzzles.family("sudoku-9x9")
    grids = (family.parse(text)[None] for text in (PUBLISHED.replace("27", ".."), answer))
    assert family.is_solved(*grids).all()
    assert re.fullmatch(r"solver: 1,000 solutions or more, \d+\.\d{4} seconds", solver)


@pytest.mark.parametrize(
    ("puzzle", "problem"),
    [
        ("55" + PUBLISHED[2:], "contradictory: row 1, column 1: 5 stands twice in its row"),
        ("53" + PUBLISHED[2:], "no solution"),
        ("#####\n#S# #\n### #\n#G  #\n#####", "no way from start to goal"),
        ("#####\n#S  #\n### #\n#   #\n#####", "contradictory: 0 goal cells, expected 1"),
    ],
)
def test_a_puzzle_without_solution_is_answered_and_said_to_be_wrong(
    puzzle: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    brief = "--act-steps", "2"
    solves(puzzle, *brief, status=1)
    head, said, answer = capsys.readouterr().out.splitlines()
    assert "wrong after 2 ACT steps" in head
    assert said == f"no proper puzzle: {problem}"
    assert len(answer) == len(puzzle.replace("\n", ""))
    (found,) = records(capsys, puzzle, *brief, "--solver", status=1)
    assert (found["right"], found["problem"], found["answer"]) == (False, problem, answer)
    assert (found["solver"]["solution"], found["solver"]["solutions"]) == (None, 0)


def test_the_solver_is_shown_beside_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    solves(PUBLISHED, "--solver")
    *_, solver, same = capsys.readouterr().out.splitlines()
    assert solver.startswith("solver: 1 solution, ")
    assert same == "the same solution"
    solves(PUBLISHED, "--solver", "--act-steps", "1", "--halt", "1", status=1)
    *_, solution = capsys.readouterr().out.splitlines()
    assert solution == ANSWER, "one ACT step is not enough, and the answer differs"


def test_a_board_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    solves(PUBLISHED, MAZE, "--board")
    out = capsys.readouterr().out
    assert "│ 5 8 3 │ 4 2 7 │ 1 6 9 │" in out
    assert "██S───┐ ██" in out


def test_a_doubtful_puzzle_is_retried(capsys: pytest.CaptureFixture[str]) -> None:
    brief = PUBLISHED, "--act-steps", "3", "--halt", "0.999"
    (once,) = records(capsys, *brief, status=1)
    (often,) = records(capsys, *brief, "--attempts", "3", status=1)
    assert once["act_steps"] == 3
    assert often["act_steps"] == 9, "three attempts, none sure"
    assert often["confidence"] >= once["confidence"]


def test_another_model_is_taken_where_it_is_named(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = puzzles.family("sudoku-4x4").format(puzzles.family("sudoku-4x4").generate(np.zeros(1, np.uint64)).puzzle[0])
    main_model = records(capsys, text)
    assert (main_model[0]["model"], main_model[0]["right"]) == ("sudoku-any", True)
    (own,) = records(capsys, text, "--model", str(run), status=1)
    assert own["model"] == str(run)
    assert own["act_steps"] == 4, "hardly trained, it is never sure"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "no puzzle, expected some as arguments, --file FILE, or - for standard input"),
        (PUBLISHED + "1", "puzzle 1: 82 cells, expected 81"),
        (f"{PUBLISHED} 12", "puzzle 2: 2 cells, expected 81"),
        ("--file none.txt", "none.txt: no such file of puzzles"),
        (f"{PUBLISHED} --model none", "none: neither a folder nor a shipped model"),
        (f"{PUBLISHED} --model maze-any", "family sudoku-9x9, expected another shape of maze-30x30"),
        (f"{PUBLISHED} --family sudoku-6x6", "puzzle 1: 81 cells, expected 36"),
        (f"{PUBLISHED} --act-steps 0", "ACT steps 0, expected at least 1"),
        (f"{PUBLISHED} --halt 2", "halting threshold 2.0, expected a probability"),
        (f"{PUBLISHED} --attempts 0", "attempts 0, expected at least 1"),
    ],
)
def test_what_cannot_be_solved_is_one_line(command: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert message in fails(["solve", *command.split()], capsys)


def test_the_name_of_a_file_is_no_puzzle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.txt").write_text(PUBLISHED)
    assert "--file list.txt" in fails(["solve", "list.txt"], capsys)
    assert fails(["solve", ""], capsys).endswith("puzzle 1: no puzzle, expected 81 cells of sudoku-9x9")
    assert "error: puzzle 1: 300 cells, expected " in fails(["solve", "." * 300], capsys), "too long for a name"
    assert "/dev/null: no regular file, expected a file or a folder" in fails(["solve", "--file", "/dev/null"], capsys)
    Path("list.txt").write_text(PUBLISHED + "\n" + PUBLISHED[1:])
    assert "list.txt line 2: 80 cells, expected 81" in fails(["solve", "--file", "list.txt"], capsys)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"# nothing\n")))
    assert "error: standard input: no puzzle, expected one a line" in fails(["solve", "-"], capsys)


def test_the_commands_of_the_docs_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("puzzles.txt").write_text(PUBLISHED + "\n")
    commands = re.findall(r"^    air-envs (solve .*?)(?:  +#.*)?$", COMMANDS, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        main(shlex.split(command))
    assert ANSWER in capsys.readouterr().out


def test_the_viewer_shows_each_puzzle(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    app = pytest.importorskip("agents.watching.app")
    shown: list[tuple[str, str, str, dict[str, Any]]] = []

    def open_viewer(agent: Any, puzzle: Any, title: str, **settings: Any) -> None:
        shown.append((agent.family.name, agent.family.format(puzzle), title, settings))

    monkeypatch.setattr(app, "open_viewer", open_viewer)
    solves(PUBLISHED, MAZE, "--watch")
    assert ANSWER in capsys.readouterr().out
    common = {"act_steps": None}
    assert shown == [
        ("sudoku-9x9", PUBLISHED, "sudoku-9x9, puzzle 1", common | {"model_name": "sudoku-extreme"}),
        ("maze-5x5", MAZE.replace("\n", ""), "maze-5x5, puzzle 2", common | {"model_name": "maze-any"}),
    ]
