"""Messages of errors: one line each, of some length."""

from __future__ import annotations

import re

LONGEST_MESSAGE = 500
"""Characters of a message, at most."""


def one_line(text: str) -> str:
    """Return a text in one line, cut to ``LONGEST_MESSAGE`` characters.

    A line break or another control character, in a file's name say, is shown as in a Python string.
    """
    line = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda match: repr(match[0])[1:-1], text.strip())
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 4]} ..."
