"""Names of the test-time searches of ``agents.evaluation.search``."""

from __future__ import annotations

from typing import Literal, get_args

Search = Literal["noise", "symmetry", "guesses", "first-to-halt"]
SEARCHES: tuple[Search, ...] = get_args(Search)
DEFAULT_SEARCH: Search = "noise"
