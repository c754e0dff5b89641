"""Text files are UTF-8 whatever the locale: nothing that opens one leaves the encoding to it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("puzzles", "air_envs", "agents", "examples")
READERS = ("open", "read_text", "write_text")


def without_encoding(source):
    """Return the lines of calls that open a text file in the encoding of the locale."""
    lines = []
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call):
            continue
        function = call.func
        method = isinstance(function, ast.Attribute)
        name = function.attr if method else getattr(function, "id", "")
        owner = getattr(function.value, "id", "") if method else ""
        if name not in READERS or owner in ("os", "self") or (not method and name != "open"):
            continue
        words = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
        words += [keyword.value.value for keyword in call.keywords if isinstance(keyword.value, ast.Constant)]
        binary = any(isinstance(word, str) and "b" in word and set(word) <= set("rwxab+") for word in words)
        modes = [word for word in words if isinstance(word, str) and word and set(word) <= set("rwxat+")]
        opens = name != "open" or not method or bool(call.keywords) or bool(modes) or not call.args
        if opens and not binary and not any(keyword.arg == "encoding" for keyword in call.keywords):
            lines.append(call.lineno)
    return sorted(lines)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("path.read_text()", [1]),
        ("x = 1\npath.write_text('bread')", [2]),
        ("open(path)", [1]),
        ("open(path, 'a')", [1]),
        ("path.open('w')", [1]),
        ("path.open()", [1]),
        ("path.open(mode='r')", [1]),
        ("path.read_text('utf-8', encoding='utf-8'); path.open('w', encoding='utf-8')", []),
        ("open(path, 'rb'); path.open('r+b'); path.open(mode='wb'); path.read_bytes()", []),
        ("os.open(path, flags); self.open(); analysis.open(cells); file = game.open(place); read_text(path)", []),
    ],
)
def test_what_counts(source, found):
    assert without_encoding(source) == found


def test_every_text_file_is_opened_as_utf_8():
    found = {
        f"{path.relative_to(ROOT)} line {line}"
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        for line in without_encoding(path.read_text(encoding="utf-8"))
    }
    assert found == set()
