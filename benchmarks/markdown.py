"""Markdown that scripts write: tables, and what is between two marks of a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

END = "<!-- until here -->"
"""The mark that closes what a script writes into a page."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool = False) -> str:
    """Return a table; of one of numbers, columns but the first are flush right."""
    rules = ["---"] + ["---:" if numbers else "---"] * (len(head) - 1)
    lines = [head, rules, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def between_marks(text: str, content: str, begin: str) -> str:
    """Replace what is between the marks ``begin`` and ``END`` of a page.

    Raises:
        ValueError: the marks are not there, once each.
    """
    if text.count(begin) != 1 or text.count(END) != 1:
        raise ValueError(f"expected {begin} and {END}, once each")
    before, rest = text.split(begin)
    return f"{before}{begin}\n\n{content}\n\n{END}{rest.split(END)[1]}"
