"""A stand-in for the published test set of Sudoku-Extreme, made of public lists in the published shares.

The published file is 422,786 puzzles of several lists. Their shares were counted in the first 200,000 rows of its
train file. Where a list of the same name is not to be had, another one stands for it:

=================================  =======  =============================  =========================================
published source                   share    list here                      how close
=================================  =======  =============================  =========================================
puzzles4_forum_hardest_1905        48.4 %   ph_1910_sample                 sample of ph_1910, a later edition
01_file1 (ph_2010)                 23.9 %   ph_1910_sample                 sample of ph_1910, an earlier edition
puzzles1_unbiased                  23.1 %   puzzles1_unbiased_sample       sample of the list itself
puzzles0_kaggle                     2.3 %   generated, level easy          other puzzles; both need no guess
puzzles2_17_clue                    1.2 %   17_clue                        the list itself
puzzles5_forum_hardest_1905_11+     1.1 %   forum_hardest_1905_11+         the list itself
=================================  =======  =============================  =========================================

Two lists with less than 0.1 % (magictour, forum_hardest_1106) are left out. Each row's source in the file is the list
it really comes from.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import puzzles
from puzzles.dataset import Dataset
from puzzles.shares import Mixed, Source, from_generator, from_list, mix_by_shares


class Part(NamedTuple):
    """One source of the mixture."""

    name: str
    share: float
    """In per cent."""
    stands_for: tuple[str, ...]
    """The published sources that it takes the place of; empty where it is the published list or a sample of it."""


SUDOKU_EXTREME_MIX = (
    Part("ph_1910_sample", 48.4 + 23.9, ("puzzles4_forum_hardest_1905", "01_file1 (ph_2010)")),
    Part("puzzles1_unbiased_sample", 23.1, ()),
    Part("generated_easy", 2.3, ("puzzles0_kaggle",)),
    Part("17_clue", 1.2, ()),
    Part("forum_hardest_1905_11+", 1.1, ()),
)
_GENERATED = {"generated_easy": {"level": "easy"}}


def mix_sudoku_extreme(
    output: Path | str,
    lists: Path | str,
    count: int,
    exclude: Sequence[Dataset] = (),
    seed: int = 0,
    command: str | None = None,
    progress: bool = True,
    *,
    overwrite: bool = False,
) -> Mixed:
    """Write a stand-in for the published test set of Sudoku-Extreme; see ``mix_by_shares`` for the arguments.

    Args:
        output: the file to write.
        lists: the folder that holds the text lists NAME.txt, or has them in its folder ``sudoku``.
        count: rows asked for; there are fewer if a list is too short for its share.
        exclude: datasets that models were trained on; nothing of their train and validation splits is taken.
        seed: decides every row.
        command: stored in the file; None stores a call.
        progress: show a progress bar on standard error.
        overwrite: replace whatever file is there.

    Raises:
        FileNotFoundError: no such list.
    """
    return mix_by_shares(output, _sources(Path(lists)), count, exclude, seed, command, progress, overwrite=overwrite)


def _sources(lists: Path) -> list[Source]:
    family = puzzles.family("sudoku-9x9")
    folder = lists / "sudoku" if (lists / "sudoku").is_dir() else lists
    found = []
    for name, share, stands_for in SUDOKU_EXTREME_MIX:
        if name in _GENERATED:
            found.append(from_generator(name, share, family, family.Options(**_GENERATED[name]), stands_for))
            continue
        path = folder / f"{name}.txt"
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, "no such list of puzzles", str(path))
        found.append(from_list(name, share, path, family, stands_for))
    return found
