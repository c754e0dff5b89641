"""``GeneratedPuzzles``: each made by the family's generator, from scratch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import puzzles
from puzzles import PuzzleFamily, Puzzles


class GeneratedPuzzles:
    """Puzzles made by the family's generator; a key is the generator's seed.

    Args:
        family: a ``PuzzleFamily`` or its name, such as ``"sudoku-9x9"``.
        **options: fields of ``family.Options``; None leaves the family's default.

    Raises:
        PuzzleError: no such family, or options that no puzzle of it has.
        TypeError: no such option.
    """

    def __init__(self, family: PuzzleFamily | str, **options: Any):
        self._family = puzzles.family(family) if isinstance(family, str) else family
        self.options = self._family.Options(**{name: value for name, value in options.items() if value is not None})
        self._family.check_options(self.options)

    @property
    def family(self) -> PuzzleFamily:
        """Of all its puzzles."""
        return self._family

    def load(self, keys: NDArray[np.uint64]) -> Puzzles:
        """Generate the puzzles of the seeds ``keys``, (N,) uint64.

        Raises:
            GenerationError: no puzzle was found for one of the seeds, which it names.
        """
        return self._family.generate(keys, self.options)
