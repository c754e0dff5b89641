"""One HDF5 file that holds the puzzles of one family, split into train, validation and test, and explains itself.

The file::

    /                       root attributes, see below
    /train/puzzle           (N, rows, columns) uint8, the puzzles
    /train/solution         (N, rows, columns) uint8, the grids solved
    /train/rating           (N,) int32, difficulty in rating_unit
    /train/source           (N,) uint8, which of source_names each row comes from; few files have it
    /validation/...         the same; a split without puzzles has no group
    /test/...               the same

Training reads ``train``; every choice (what to keep, when to stop, how to tune) is made on ``validation``; the final
evaluation alone reads ``test``. ``with_validation`` sets rows of train aside in files that have no validation split.

Root attributes: ``family`` (such as "sudoku-6x6"), ``format_version`` (3, or 2 in files that have neither a validation
split nor sources), ``source_names`` (JSON, in files with sources), ``generator`` ("air_envs generator" or
"import: text"), ``generator_parameters`` (JSON), ``seed``, ``versions`` (JSON: the packages that wrote the file),
``counts`` (JSON: puzzles per split), ``command`` (what created it), ``split_rule`` ("canonical" or "exact"),
``rating_unit``, ``rating_convention`` (such as "guesses-to-solution"), ``rating_source`` ("computed" or "imported") and
``checksum``.

Three layers guard it: HDF5's own checksums over the metadata and each compressed chunk; a ``sha256`` attribute on each
array over its raw content; and ``checksum`` over all root attributes and those hashes. The reader checks all three, so
that a damaged file is refused and never read wrongly. ``verify`` goes further and proves the content by the rules.

Anything that reads HDF5 (1.10 or newer) can read the file; this package is not needed for it.
"""

from puzzles.dataset.layout import FORMAT_VERSIONS, Provenance
from puzzles.dataset.proof import split_keys
from puzzles.dataset.reader import Dataset, SplitView
from puzzles.dataset.setting_aside import with_validation
from puzzles.dataset.verify import Verification, verify
from puzzles.dataset.writer import DatasetWriter, write_dataset

__all__ = [
    "FORMAT_VERSIONS",
    "Dataset",
    "DatasetWriter",
    "Provenance",
    "SplitView",
    "Verification",
    "split_keys",
    "verify",
    "with_validation",
    "write_dataset",
]
