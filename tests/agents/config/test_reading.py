"""Configurations from JSON: every value of the type of its field."""

import dataclasses
import math
from pathlib import Path
from typing import Literal

import pytest

from agents.cli import main
from agents.config.messages import LONGEST_MESSAGE, one_line
from agents.config.model import AIRConfig, to_json
from agents.config.reading import from_json, parse_json
from agents.config.training import TrainConfig, checked_json, differences, parse_train_config


@dataclasses.dataclass(frozen=True)
class Inner:
    word: Literal["a", "b"] = "a"


@dataclasses.dataclass(frozen=True)
class Outer:
    path: Path
    count: int = 1
    share: float = 0.5
    wish: bool = False
    name: str | None = None
    pairs: tuple[tuple[Path, int], ...] = ()
    inner: Inner = dataclasses.field(default_factory=Inner)


def test_fields_become_what_they_are_declared() -> None:
    values = {"path": "x", "share": 2, "name": None, "pairs": [["y", 3]], "inner": {"word": "b"}}
    found = from_json(Outer, values)
    assert found == Outer(Path("x"), share=2.0, pairs=((Path("y"), 3),), inner=Inner("b"))
    assert type(found.share) is float


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "no field path"),
        ({"path": "x", "cuont": 1}, "unknown field 'cuont'"),
        ({"path": 3}, "path 3, expected a path"),
        ({"path": "a\0b"}, r"path 'a\\x00b', expected a path"),
        ({"path": "x", "count": True}, "count True, expected an integer"),
        ({"path": "x", "count": 1.0}, "count 1.0, expected an integer"),
        ({"path": "x", "share": "1"}, "share '1', expected a number"),
        ({"path": "x", "share": True}, "share True, expected a number"),
        ({"path": "x", "share": math.inf}, "share inf, expected a finite number"),
        ({"path": "x", "share": 10**400}, "share 1000.*000, expected a finite number"),
        ({"path": "x", "wish": 1}, "wish 1, expected true or false"),
        ({"path": "x", "name": 1}, "name 1, expected text"),
        ({"path": "x", "pairs": {}}, "pairs {}, expected a list"),
        ({"path": "x", "pairs": [["y"]]}, r"pairs \['y'\], expected 2 values"),
        ({"path": "x", "pairs": [["y", None]]}, "pairs None, expected an integer"),
        ({"path": "x", "inner": []}, r"inner \[\], expected an object of fields"),
        ({"path": "x", "inner": {"word": "c"}}, r"inner.word 'c', expected one of \('a', 'b'\)"),
        ({"path": "x", "inner": {"word": [1]}}, r"inner.word \[1\], expected one of"),
        ({"path": "x", "inner": {"number": 1}}, "unknown field 'inner.number'"),
        ([], r"configuration \[\], expected an object of fields"),
    ],
)
def test_what_is_not_is_named(values: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        from_json(Outer, values)


def test_json_that_is_none_says_where() -> None:
    with pytest.raises(ValueError, match=r"^not JSON: Expecting ',' delimiter: line 2 column 3 \(char 9\)$"):
        parse_json(b'{"a":1\n  "b": 2}')


@pytest.mark.parametrize("field", ["expansion", "inject_l", "inject_h"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_of_a_model_is_infinite(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field} {value}, expected a finite number$"):
        AIRConfig(**{field: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": math.nan}, "lr nan, expected a finite number"),
        ({"lr": 1e40}, r"lr 1e\+40, expected at most 1e\+30"),
        ({"clip": math.inf}, "clip inf, expected a finite number"),
        ({"batch": 2_000_000}, "batch 2000000, expected at most 1,048,576"),
        ({"also": ((Path("a.h5"), 10**9),)}, "also a.h5 with batch 1000000000, expected at most 1,048,576"),
    ],
)
def test_numbers_of_a_run_are_bounded(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        TrainConfig(Path("data.h5"), Path("run"), **changes)


def test_a_checksum_tells_an_edit() -> None:
    config = TrainConfig(Path("data.h5"), Path("run"), also=((Path("b.h5"), 4),), model=AIRConfig(heads=4))
    text = checked_json(config)
    assert parse_train_config(text.encode()) == (config, True)
    assert parse_train_config(to_json(config).encode()) == (config, None)
    other, right = parse_train_config(text.replace('"heads": 4', '"heads": 2').encode())
    assert not right
    assert differences(other, config) == {"model.heads": (2, 4)}


def test_a_configuration_of_before_is_read_unless_it_means_something_else_now() -> None:
    config = TrainConfig(Path("data.h5"), Path("run"))
    old = to_json(config).replace('"steps"', '"growth": [], "steps"')
    assert parse_train_config(old.encode())[0] == config
    grown = to_json(config).replace('"steps"', '"growth": [[100, "LH"]], "steps"')
    with pytest.raises(ValueError, match=r"^unknown field 'growth'$"):
        parse_train_config(grown.encode())


def test_messages_are_one_line_of_some_length(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert one_line("a\nb\r\n") == "a\\nb"
    assert len(one_line("x" * 10_000)) == LONGEST_MESSAGE
    folder = tmp_path / "two\nlines"
    folder.mkdir()
    (folder / "config.json").write_text("{")
    for command in (["eval", str(folder), "data.h5"], ["train", "--resume", str(folder)]):
        with pytest.raises(SystemExit, match="2"):
            main(command)
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("air-envs: error: ")
