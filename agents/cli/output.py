"""How the command prints: characters that the encoding of the output has, and bars that do not fill a log."""

from __future__ import annotations

import codecs
import io
import os
import sys

_PLAIN = {
    **dict.fromkeys("─╴╶", "-"),
    **dict.fromkeys("│╵╷", "|"),
    **dict.fromkeys("┌┐└┘├┤┬┴┼", "+"),
    **dict.fromkeys("·•", "."),
    "█": "#",
    "±": "+-",
    "…": "...",
}


def make_output_degrade() -> None:
    """Let standard output and standard error take any text: what their encoding lacks is printed in ASCII."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def make_bars_brief() -> None:
    """Let tqdm's bars write once in ten seconds, not ten times a second, where standard error is no terminal.

    Processes that the command starts inherit it; ``TQDM_MININTERVAL`` in the environment takes precedence.
    """
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_MININTERVAL", "10")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace the first character that cannot be encoded; a byte of a file's name that is no text stays as it is."""
    assert isinstance(error, UnicodeEncodeError)
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return _PLAIN.get(character, "?"), error.start + 1
