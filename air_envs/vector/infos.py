"""Infos as Gymnasium's vector environments hand them out: arrays over N, each with a mask of the rows it is of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


def full_infos(arrays: Arrays, count: int, copy: bool = True) -> dict[str, Any]:
    """Return the infos of all ``count`` rows: each array, copied or as it is, and ``_name``, all True."""
    every = np.ones(count, np.bool_)
    infos: dict[str, Any] = {}
    for name, values in arrays.items():
        infos[name] = values.copy() if copy else values
        infos[f"_{name}"] = every
    return infos


def row_infos(arrays: Arrays, rows: NDArray[np.int64], count: int) -> dict[str, Any]:
    """Return the infos of some ``rows``, (K,) int64: new arrays, 0 elsewhere, and ``_name``, True in the rows."""
    mask = np.zeros(count, np.bool_)
    mask[rows] = True
    infos: dict[str, Any] = {}
    for name, values in arrays.items():
        infos[name] = np.zeros_like(values)
        infos[name][rows] = values[rows]
        infos[f"_{name}"] = mask
    return infos


def final_infos(observation: Arrays, arrays: Arrays, rows: NDArray[np.int64], count: int) -> dict[str, Any]:
    """Return ``final_obs``, (N,) objects, and ``final_info`` of the ``rows`` that ended, before they are reset."""
    mask = np.zeros(count, np.bool_)
    mask[rows] = True
    parts = {name: values[rows] for name, values in observation.items()}
    final_obs = np.full(count, None, object)
    for k, row in enumerate(rows.tolist()):
        final_obs[row] = {name: values[k] for name, values in parts.items()}
    return {
        "final_obs": final_obs,
        "_final_obs": mask,
        "final_info": row_infos(arrays, rows, count),
        "_final_info": mask,
    }
