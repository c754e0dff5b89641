"""What a new dataset would replace: nothing is, unless the user says so."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from puzzles.dataset import layout
from puzzles.dataset.layout import Provenance
from puzzles.dataset.reader import Dataset
from puzzles.errors import DatasetError
from puzzles.family import PuzzleFamily
from puzzles.files import check_target

OVERWRITE = "nothing is replaced without overwrite=True (--overwrite)"


def is_written(
    path: Path | str,
    family: PuzzleFamily,
    provenance: Provenance,
    counts: Mapping[str, int] | None = None,
    *,
    decisive: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    overwrite: bool = False,
) -> bool:
    """Return whether the dataset that is about to be made is there already, whole, so that nothing remains to be done.

    It is the same if everything that decides its puzzles is: family, generator, parameters, seed, rating convention and
    the version of this package.

    Args:
        path: where it is to be written.
        family: of its puzzles.
        provenance: its own; of the parameters, those that decide the puzzles.
        counts: of its splits; None where the parameters decide them.
        decisive: returns of the parameters that a file has those that decide its puzzles; asked only of one that was
            made in the same way.
        overwrite: replace whatever is there.

    Raises:
        FileExistsError: another dataset is there, or another file, and ``overwrite`` is not given; the message
            names what is there and what differs. Also if a folder is there.
    """
    path = Path(path)
    check_target(path)
    if not path.exists() or overwrite:
        return False
    try:
        there = Dataset(path)
        differences = [
            f"{name} {_text(found)}, expected {_text(wanted)}"
            for name, found, wanted in _compared(there, family, provenance, counts, decisive)
            if found != wanted
        ]
        if differences:
            made = there.provenance.command or there.provenance.generator
            raise _exists(path, f"another dataset, made by `{made}`, is there: {'; '.join(differences[:3])}")
        for split in there.splits:
            for _ in there.blocks(split):
                pass
    except DatasetError as error:
        raise _exists(path, f"a file is there: {str(error).removeprefix(f'{path}: ')}") from None
    return True


def check_absent(path: Path, overwrite: bool) -> None:
    """Raise ``FileExistsError`` if a file would be replaced without ``overwrite``, or a folder at all."""
    check_target(path)
    if path.exists() and not overwrite:
        raise _exists(path, "a file is there")


def _compared(
    there: Dataset,
    family: PuzzleFamily,
    provenance: Provenance,
    counts: Mapping[str, int] | None,
    decisive: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> list[tuple[str, Any, Any]]:
    """List what decides the puzzles of a dataset: a name, what the one in the file has, and what the new one will."""
    found, version = there.provenance, "air-envs"
    pairs = [
        ("family", there.family.name, family.name),
        ("generator", found.generator, provenance.generator),
        ("seed", found.seed, provenance.seed),
        ("rating convention", found.rating_convention, family.rating_convention(provenance.rating_convention)),
        (f"{version} version", there.attributes["versions"].get(version), layout.package_versions()[version]),
    ]
    if counts is not None:
        pairs += [(f"{split} puzzles", there.counts[split], counts.get(split, 0)) for split in layout.SPLITS]
    if (there.family, found.generator) != (family, provenance.generator):
        return pairs  # their parameters are not of one kind
    stored, wanted = decisive(found.parameters), json.loads(layout.to_json(dict(provenance.parameters)))
    return pairs + [(name, stored.get(name), wanted.get(name)) for name in {**wanted, **stored}]


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _exists(path: Path, what: str) -> FileExistsError:
    return FileExistsError(errno.EEXIST, f"{what}; {OVERWRITE}", str(path))
