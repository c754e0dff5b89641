"""Which sizes the kernels are made for."""

from __future__ import annotations

LONGEST = 128
"""Positions of a sequence, at most: attention holds all of them at once."""
WIDTHS = (32, 64)
"""Widths of a head."""
FAN_IN, INNER = 128, 64
"""A SwiGLU's widths are multiples of these."""
