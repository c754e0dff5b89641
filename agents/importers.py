"""Checkpoints of the authors' code: the state-dict layout of AIR, renamed to ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

_PREFIXES = re.compile(r"^(_orig_mod\.)?(model\.)?inner\.")
_RENAMED = {
    "H_init": "H_init",
    "L_init": "L_init",
    "embed_tokens.embedding_weight": "embedding",
    "lm_head.weight": "lm_head.weight",
    "q_head.weight": "q_head.weight",
    "q_head.bias": "q_head.bias",
    "puzzle_emb.weights": "prefix",
}
_BLOCK = re.compile(r"^f_level\.layers\.(\d+)\.(.+)$")
_IN_BLOCK = {
    "self_attn.qkv_proj.weight": "qkv.weight",
    "self_attn.o_proj.weight": "out.weight",
    "mlp.gate_up_proj.weight": "gate_up.weight",
    "mlp.down_proj.weight": "down.weight",
}


def from_authors(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the authors' AIR state dict to the keys of ``agents.model.AIR``.

    Raises:
        ValueError: a key that the layout does not have.
    """
    renamed = {}
    for key, value in state_dict.items():
        inner = _PREFIXES.sub("", key)
        block = _BLOCK.match(inner)
        ours = _RENAMED.get(inner)
        if block and block[2] in _IN_BLOCK:
            ours = f"f.{block[1]}.{_IN_BLOCK[block[2]]}"
        if ours is None:
            raise ValueError(f"key {key!r} is not in the authors' AIR layout")
        renamed[ours] = value
    return renamed
