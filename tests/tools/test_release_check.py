"""What the release check takes from the pages. The check itself takes minutes: ``make release-check``."""

import re

import pytest

from tools.release_check import ENVIRONMENTS_ALONE, NO_TORCH, TEN_LINES, python_block


def test_the_blocks_that_a_release_runs_are_in_the_pages() -> None:
    ten_lines, alone = python_block(*TEN_LINES), python_block(*ENVIRONMENTS_ALONE)
    compile(ten_lines, "README.md", "exec")
    compile(NO_TORCH + alone, "docs/quickstart.md", "exec")
    assert re.findall(r"^print\(.*\)  # (.*)$", ten_lines, re.MULTILINE) == ["True"], "what the check compares"
    assert "agents" not in alone, "it runs where there is no torch"


def test_a_block_that_is_gone_is_named() -> None:
    with pytest.raises(ValueError, match=r"^README\.md: no block of Python with 'AIR9'$"):
        python_block("README.md", "AIR9")
