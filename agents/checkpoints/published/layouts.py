"""Names of weights: the authors' state dicts of AIR, HRM and TRM against ours, both ways.

Theirs may carry any of the prefixes ``_orig_mod.``, ``model.`` and ``module.`` before ``inner.``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from agents.config.model import AIRConfig

_TOP = {
    "H_init": "H_init",
    "L_init": "L_init",
    "embed_tokens.embedding_weight": "embedding",
    "embed_pos.embedding_weight": "position.vectors",
    "lm_head.weight": "lm_head.weight",
    "q_head.weight": "q_head.weight",
    "q_head.bias": "q_head.bias",
    "puzzle_emb.weights": "prefix",
    "g_input.weight": "operator.g.weight",
}
_IN_BLOCK = {
    "self_attn.qkv_proj.weight": "mixer.qkv.weight",
    "self_attn.o_proj.weight": "mixer.out.weight",
    "mlp_t.gate_up_proj.weight": "mixer.mlp.gate_up.weight",
    "mlp_t.down_proj.weight": "mixer.mlp.down.weight",
    "mlp.gate_up_proj.weight": "mlp.gate_up.weight",
    "mlp.down_proj.weight": "mlp.down.weight",
}
_NETWORKS = {"f_level": "f", "L_level": "f", "H_level": "f_H"}
_LEVEL_TOKENS = ("input_token_H", "input_token_L")
"""In the order of our ``level_tokens``."""

_WRAPPERS = re.compile(r"^((_orig_mod|model|module)\.)*(inner\.)?")
_BLOCK = re.compile(r"^(\w+)\.layers\.(\d+)\.(.+)$")
_RECOMPUTED = re.compile(r"^rotary_emb\.|^puzzle_emb\.local_")
"""Buffers of theirs that follow from the configuration or the batch."""


def from_authors(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the authors' state dict to the keys of ``agents.models.air.AIR``, in float32.

    Raises:
        ValueError: a key that none of the layouts has, one level token without the other, or a puzzle embedding that
            is not one row of whole vectors.
    """
    theirs = strip_wrappers(state_dict)
    ours = {}
    for key, value in theirs.items():
        if key not in _LEVEL_TOKENS:
            ours[_our_key(key)] = value.float()
    if any(key in theirs for key in _LEVEL_TOKENS):
        ours["level_tokens"] = torch.stack([_required(theirs, key).float().flatten() for key in _LEVEL_TOKENS])
    if "H_init" in ours:
        hidden = len(ours["H_init"])
        ours["prefix"] = _as_rows(ours.get("prefix", torch.zeros(1, 0)), hidden)
    return ours


def to_authors(weights: Mapping[str, Tensor], config: AIRConfig, network: str | None = None) -> dict[str, Tensor]:
    """Rename a state dict of ``agents.models.air.AIR`` to the authors' keys; ``from_authors`` undoes it.

    Args:
        weights: of a model.
        config: of the same.
        network: what they call f, "f_level" or "L_level"; by default as the code of ``layout(config)`` does.

    Raises:
        ValueError: attention inside units, candidates, structured position encodings or a convolution, which the
            authors' code does not have.
    """
    if config.mixer in ("units", "candidates"):
        raise ValueError(f"mixer {config.mixer!r} has no place in the authors' layouts, expected attention or mlp")
    if config.convolution:
        raise ValueError(f"convolution {config.convolution} has no place in the authors' layouts, expected 0")
    if config.position == "structured":
        raise ValueError("position 'structured' has no place in the authors' layouts, expected rope, learned or none")
    network = network or ("f_level" if layout(config) == "AIR" else "L_level")
    theirs = {_their_key(key, network): value for key, value in weights.items() if key != "level_tokens"}
    if "level_tokens" in weights:
        shape = (-1,) if config.level_token == "addition" else (1, 1, -1)
        tokens = zip(_LEVEL_TOKENS, weights["level_tokens"], strict=True)
        theirs |= {f"inner.{key}": token.reshape(shape) for key, token in tokens}
    puzzle = theirs.pop("inner.puzzle_emb.weights")
    if config.prefix_learned:
        theirs["inner.puzzle_emb.weights"] = puzzle.reshape(1, -1)
    return theirs


def layout(config: AIRConfig) -> str:
    """Whose code runs such a model: "HRM" has two networks, "TRM" its own gradient rule, MLP or prefix, else "AIR"."""
    if config.h_layers:
        return "HRM"
    whole_cycle = config.l_cycles > 1 and config.gradient == "L" * config.l_cycles + "H"
    return "TRM" if whole_cycle or config.mixer == "mlp" or config.prefix_learned < config.prefix else "AIR"


def strip_wrappers(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take off what wraps the names: ``_orig_mod.model.inner.lm_head.weight`` becomes ``lm_head.weight``.

    Raises:
        ValueError: two keys are one then.
    """
    bare: dict[str, Tensor] = {}
    for key, value in state_dict.items():
        name = _WRAPPERS.sub("", key)
        if name in bare:
            raise ValueError(f"key {key} twice, with and without a prefix")
        if not _RECOMPUTED.match(name):
            bare[name] = value
    return bare


def _our_key(key: str) -> str:
    block = _BLOCK.match(key)
    if block and block[1] in _NETWORKS and block[3] in _IN_BLOCK:
        return f"{_NETWORKS[block[1]]}.{block[2]}.{_IN_BLOCK[block[3]]}"
    if key not in _TOP:
        raise ValueError(f"key 'inner.{key}' is in none of the authors' layouts (AIR, HRM, TRM)")
    return _TOP[key]


def _their_key(key: str, network: str) -> str:
    if key in _THEIR_TOP:
        return f"inner.{_THEIR_TOP[key]}"
    ours, number, name = key.split(".", 2)
    return f"inner.{'H_level' if ours == 'f_H' else network}.layers.{number}.{_THEIR_BLOCK[name]}"


_THEIR_BLOCK = {ours: theirs for theirs, ours in _IN_BLOCK.items()}
_THEIR_TOP = {ours: theirs for theirs, ours in _TOP.items()}


def _required(theirs: Mapping[str, Tensor], key: str) -> Tensor:
    if key not in theirs:
        raise ValueError(f"no key 'inner.{key}', expected both {' and '.join(_LEVEL_TOKENS)}")
    return theirs[key]


def _as_rows(puzzle_emb: Tensor, hidden: int) -> Tensor:
    """Cut the authors' puzzle embedding, (1, rows * hidden), into vectors: (rows, hidden)."""
    if len(puzzle_emb) != 1 or puzzle_emb.shape[1] % hidden:
        shape = tuple(puzzle_emb.shape)
        raise ValueError(f"key 'inner.puzzle_emb.weights' of shape {shape}, expected one row of a multiple of {hidden}")
    return puzzle_emb.reshape(-1, hidden)
