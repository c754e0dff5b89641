"""What the page shares with this package: the colours, the rules, and the version of what it reads."""

import json
from pathlib import Path

from air_envs.drawing.theme import to_json
from tests.web.cases import cases

WEB = Path(__file__).parents[2] / "web"


def test_the_colours_of_the_page_are_those_of_the_drawings() -> None:
    """``make web`` writes the file."""
    assert (WEB / "src" / "theme.json").read_text(encoding="utf-8") == to_json()


def test_the_rules_of_the_page_are_tested_on_what_the_rules_of_the_package_say() -> None:
    """See ``tests.web.cases`` for how to write the file."""
    assert json.loads((WEB / "tests" / "fixtures" / "rules.json").read_bytes()) == cases()


def test_the_cases_show_both_outcomes() -> None:
    made = cases()
    for kind in ("sudoku", "maze"):
        assert {case["solved"] for case in made[kind]} == {True, False}
    assert any(any(case["repeats"]) for case in made["sudoku"])
