"""Our models as the code of HRM, TRM and AIR saves theirs.

``agents.checkpoints.published.reading`` reads them back, weight for weight.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
import yaml

from agents.checkpoints.published.layouts import layout, to_authors
from agents.checkpoints.published.reading import ALL_CONFIG, OUR_SECTION
from agents.config.model import AIRConfig
from agents.models.air import AIR
from puzzles.files import replacing

_CODE = {
    "AIR": "air@AIR",
    "HRM": "hrm.hrm_act_v1@HierarchicalReasoningModel_ACTV1",
    "TRM": "recursive_reasoning.trm@TinyRecursiveReasoningModel_ACTV1",
}


def save_published(model: AIR, folder: Path, step: int = 0) -> Path:
    """Write ``step_N`` and ``all_config.yaml`` into a folder, each whole or not at all; return the torch file.

    Raises:
        ValueError: structured position encodings, a convolution, or a mixer but attention and the MLP; the authors'
            code has none of these.
    """
    weights = {key: value.cpu().clone() for key, value in to_authors(model.state_dict(), model.config).items()}
    with replacing(folder / ALL_CONFIG) as temporary:
        temporary.write_text(yaml.safe_dump(settings(model.config)), encoding="utf-8")
    path = folder / f"step_{step}"
    with replacing(path) as temporary:
        torch.save(weights, temporary)
    return path


def settings(config: AIRConfig) -> dict[str, Any]:
    """Return the content of ``all_config.yaml``: the authors' arch section, and all of ours in a section of its own."""
    code = layout(config)
    arch = {
        "name": _CODE[code],
        "variant": config.variant_name,
        "H_cycles": config.h_cycles,
        "L_cycles": config.l_cycles,
        "H_layers": config.h_layers or (0 if code == "TRM" else config.layers),
        "L_layers": config.layers,
        "hidden_size": config.hidden,
        "num_heads": config.heads,
        "expansion": config.expansion,
        "pos_encodings": config.position,
        "halt_max_steps": config.max_steps,
        "halt_exploration_prob": 0.1,
        "puzzle_emb_ndim": config.prefix_learned * config.hidden,
        "puzzle_emb_len": config.prefix,
        "mlp_t": config.mixer == "mlp",
        "no_ACT_continue": not config.q_continue,
        "forward_dtype": "float32",
        "loss": {"name": "losses@ACTLossHead", "loss_type": "stablemax_cross_entropy"},
    }
    return {"arch": arch, "data_paths": [f"data/{config.family}"], OUR_SECTION: dataclasses.asdict(config)}
