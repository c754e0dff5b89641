"""Published checkpoints of HRM, TRM and AIR: a torch file of weights and ``all_config.yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.kinds import SETTINGS as ALL_CONFIG
from agents.checkpoints.manifest import opened, read_checked
from agents.checkpoints.published.layouts import from_authors, strip_wrappers, to_authors
from agents.checkpoints.weights import require_floats, require_shapes, require_state_dict, some, unpickled
from agents.config.model import AIRConfig, stored_fields
from agents.config.reading import from_json, shown
from agents.config.variants import INJECTIONS, LEVEL_TOKENS, OPERATORS, variant_fields
from agents.models.air import AIR

OUR_SECTION = "air_envs"
"""Where our own exports keep the whole ``AIRConfig``, which the authors' settings can't hold."""

_NOT_WEIGHTS = {".yaml", ".yml", ".py", ".md", ".json", ".jsonl", ".txt", ".png", ".log"}
_ARCH = {
    "hidden": "hidden_size",
    "heads": "num_heads",
    "expansion": "expansion",
    "h_cycles": "H_cycles",
    "l_cycles": "L_cycles",
    "max_steps": "halt_max_steps",
}
_FIXED = {"rms_norm_eps": 1e-5, "rope_theta": 10_000.0}
"""Settings that our model does not vary, and that no published checkpoint does."""


_VOCABULARY = ("embed_tokens.embedding_weight", "lm_head.weight")
"""Keys whose shape depends on the family."""


_UPDATE_RULE = {"inject_l", "inject_h", "operator", "level_token"}
"""Fields that a variant's name may tell."""


_LARGEST_SETTINGS = 1 << 16
"""Bytes of ``all_config.yaml``; theirs have a thousand or two."""
_DEEPEST_SETTINGS = 50
"""Nodes inside each other; the authors' settings have three."""


class PublishedError(CheckpointError):
    """A published checkpoint lacks something or holds what no model here has. The message starts with the path."""


def load_published(source: Path, family: str | None = None, variant: str | None = None) -> AIR:
    """Load a model that the code of HRM, TRM or AIR saved.

    Args:
        source: the folder, whose only or highest ``step_N`` torch file is taken, or such a file itself.
        family: of puzzles; by default what the settings' data path or the vocabulary says.
        variant: injection, operator and level token by name (``agents.config.variants``), which the authors' settings
            need not tell; by default what the name of the architecture says, else the paper's default, Lx_H.

    Raises:
        PublishedError: a missing or damaged file, a missing, unexpected or mis-shaped key, an unknown setting.
    """
    try:
        return _load(_torch_file(source), family, variant)
    except PublishedError:
        raise
    except CheckpointError as error:
        raise PublishedError(str(error)) from error


def config_from_authors(
    settings: Mapping[str, Any], weights: Mapping[str, Tensor], family: str | None = None, variant: str | None = None
) -> AIRConfig:
    """Read the configuration off ``all_config.yaml``, and off the weights what it does not say.

    Args:
        settings: the file's content.
        weights: the authors' state dict.
        family, variant: see ``load_published``.

    Raises:
        ValueError: a setting is missing, unknown, or not decided by settings, weights and variant.
    """
    if OUR_SECTION in settings:
        return _our_own(settings[OUR_SECTION], family, variant)
    keys = strip_wrappers(weights)
    arch = settings.get("arch")
    if not isinstance(arch, Mapping):
        raise ValueError("no section arch")
    for name, value in _FIXED.items():
        if name in arch and _number(arch[name]) != value:
            raise ValueError(f"arch.{name} {shown(arch[name])}, expected {value}")
    fields = {ours: _setting(arch, theirs) for ours, theirs in _ARCH.items()}
    fields["family"] = family or _family(settings, keys)
    fields["position"] = str(arch.get("pos_encodings", "none")).lower()
    fields |= _networks(arch, keys) | _prefix(arch, keys)
    return from_json(AIRConfig, fields | _update_rule(arch, keys, variant))


def _load(path: Path, family: str | None, variant: str | None) -> AIR:
    settings, weights = _read_settings(path.parent / ALL_CONFIG), _read_weights(path)
    try:
        bare = strip_wrappers(weights)
    except ValueError as error:
        raise PublishedError(f"{path}: {error}") from error
    try:
        config = config_from_authors(settings, weights, family, variant)
    except ValueError as error:
        raise PublishedError(f"{path.parent / ALL_CONFIG}: {error}") from error
    try:
        _require_fitting(bare, config, path)
        model = AIR(config)
        model.load_state_dict(from_authors(weights))
    except CheckpointError as error:
        guessed = family is None and OUR_SECTION not in settings
        if guessed and any(f"key inner.{name} " in str(error) for name in _VOCABULARY):
            raise PublishedError(f"{error} of {config.family}; name another family with --family") from error
        raise
    except ValueError as error:
        raise PublishedError(f"{path}: {error}") from error
    return model.eval()


def _our_own(section: Any, family: str | None, variant: str | None) -> AIRConfig:
    """Read a configuration that our exporter added to the authors' settings; it is complete."""
    try:
        config = from_json(AIRConfig, stored_fields(section))
    except ValueError as error:
        raise ValueError(f"section {OUR_SECTION}: {error}") from error
    expected = {"family": family or config.family, **(variant_fields(variant) if variant else {})}
    for name, value in expected.items():
        if getattr(config, name) != value:
            raise ValueError(f"section {OUR_SECTION} says {name} {getattr(config, name)!r}, expected {value!r}")
    return config


def _networks(arch: Mapping[str, Any], keys: Mapping[str, Tensor]) -> dict[str, Any]:
    """Layers, gradient rule and halting, by whose code it is: f_level AIR's, H_level HRM's, L_level alone TRM's."""
    layers = {name: _count_layers(keys, name) for name in ("f_level", "L_level", "H_level")}
    if not layers["f_level"] and not layers["L_level"]:
        raise ValueError("weights without inner.f_level or inner.L_level are of no layout known (AIR, HRM, TRM)")
    trm = bool(layers["L_level"] and not layers["H_level"])
    said = [_integer(arch, name) for name in (("L_layers",) if trm else ("L_layers", "H_layers")) if name in arch]
    found = [count for count in layers.values() if count]
    if not set(found) <= set(said):
        raise ValueError(f"arch says {said} layers, the weights have {found}")
    cycle = "L" * _integer(arch, "L_cycles", most=256) + "H"
    return {
        "layers": layers["f_level"] or layers["L_level"],
        "h_layers": layers["H_level"],
        "mixer": "mlp" if arch.get("mlp_t") else "attention",
        "gradient": cycle if trm else "LH",
        "q_continue": not arch.get("no_ACT_continue", trm),
    }


def _prefix(arch: Mapping[str, Any], keys: Mapping[str, Tensor]) -> dict[str, int]:
    """HRM and AIR make the prefix as long as the puzzle embedding needs, TRM 16 by default, padded with zeros."""
    learned = -(_integer(arch, "puzzle_emb_ndim") // -_integer(arch, "hidden_size", least=1))
    trm = not any(key.startswith(("f_level.", "H_level.")) for key in keys)
    length = _integer(arch, "puzzle_emb_len") if "puzzle_emb_len" in arch else 16 if trm else 0
    return {"prefix": length or learned, "prefix_learned": learned}


def _update_rule(arch: Mapping[str, Any], keys: Mapping[str, Tensor], variant: str | None) -> dict[str, Any]:
    """Injection, operator and level token: by the variant's name, or found in the architecture's."""
    name = str(arch.get("name", ""))
    names = [part for part in (*INJECTIONS, *OPERATORS, *LEVEL_TOKENS) if _mentions(name, part)]
    fields = variant_fields(variant or "+".join(names) or "Lx_H")
    if "g_input.weight" in keys and fields.get("operator") not in ("linear", "nonlinear"):
        raise ValueError(
            "inner.g_input.weight may be linear or nonlinear, which arch.name does not say; name the variant"
        )
    if "input_token_H" in keys and "level_token" not in fields:
        raise ValueError(f"inner.input_token_H may be {', '.join(LEVEL_TOKENS)}; name the variant")
    if beyond := fields.keys() - _UPDATE_RULE:
        raise ValueError(
            f"variant {variant} says {min(beyond)}, which settings and weights tell; name the others alone"
        )
    return fields


def _mentions(name: str, part: str) -> bool:
    pattern = part.replace("-", "[-_]?")
    return re.search(rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])", name) is not None


def _family(settings: Mapping[str, Any], keys: Mapping[str, Tensor]) -> str:
    where = str(settings.get("data_paths") or settings.get("data_path"))
    if found := re.search(r"(sudoku|maze)-\d+x\d+", where):
        return found[0]
    head = keys.get("lm_head.weight")
    if "sudoku" in where or (head is not None and head.shape[:1] == (11,)):
        return "sudoku-9x9"
    raise ValueError(f"data path {where} does not tell the puzzle family; name it")


def _require_fitting(found: Mapping[str, Tensor], config: AIRConfig, path: Path) -> None:
    """Compare with what the model would be in the authors' names, before any of it is allocated."""
    network = "f_level" if any(key.startswith("f_level.") for key in found) else "L_level"
    with torch.device("meta"):
        expected = strip_wrappers(to_authors(AIR(config).state_dict(), config, network))
    require_shapes(found, {key: value.shape for key, value in expected.items()}, path, "inner.")
    require_floats(found, path, "inner.")


def _count_layers(keys: Mapping[str, Tensor], network: str) -> int:
    return len({key.split(".")[2] for key in keys if re.match(rf"{network}\.layers\.[^.]", key)})


def _setting(arch: Mapping[str, Any], name: str) -> Any:
    if name not in arch:
        raise ValueError(f"no arch.{name}")
    return arch[name]


def _number(value: Any) -> float | None:
    """Return what YAML takes for a number, or for text where it has no dot: ``1e-5``."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _integer(arch: Mapping[str, Any], name: str, least: int = 0, most: int = 1 << 20) -> int:
    value = _setting(arch, name)
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"arch.{name} {shown(value)}, expected an integer of {least:,} to {most:,}")
    return value


def _torch_file(source: Path) -> Path:
    if source.is_file():
        return source
    if not source.is_dir():
        raise PublishedError(f"{source}: no such folder or file")
    files = [path for path in sorted(source.iterdir()) if _may_hold_weights(path)]
    steps = {int(path.stem.removeprefix("step_")): path for path in files if re.fullmatch(r"step_\d{1,18}", path.stem)}
    if steps:
        return steps[max(steps)]
    if len(files) != 1:
        found = some(path.name for path in files) or "none"
        raise PublishedError(f"{source}: torch files {found}, expected one, or step_N; name the file itself")
    return files[0]


def _may_hold_weights(path: Path) -> bool:
    """Whether a file may be the torch file; a folder from the hub has ``.gitattributes`` and the like beside it."""
    return path.is_file() and path.suffix not in _NOT_WEIGHTS and path.name[0] != "." and path.name != "LICENSE"


class _Loader(yaml.SafeLoader):
    """Plain YAML without aliases, which let some hundred bytes stand for billions of values, and of limited depth."""

    depth = 0
    """Of the node that is composed, in the document."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Refuse an alias where one stands for a node, and a node that is too deep."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=self.peek_event().start_mark)
        if self.depth == _DEEPEST_SETTINGS:
            raise yaml.YAMLError("nested too deeply")
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise PublishedError(f"{path}: missing, expected beside the torch file")
    if path.stat().st_size > _LARGEST_SETTINGS:
        raise PublishedError(f"{path}: {path.stat().st_size:,} bytes, expected at most {_LARGEST_SETTINGS:,}")
    data = read_checked(path.parent, path.name)
    try:
        settings = yaml.load(data.decode(), _Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise PublishedError(f"{path}: not YAML: {error.problem}{place}") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise PublishedError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(settings, dict):
        raise PublishedError(f"{path}: no settings in it")
    return settings


def _read_weights(path: Path) -> dict[str, Tensor]:
    """Unpickle tensors and containers of them, nothing else; an export of ours is compared with its manifest."""
    with opened(path.parent, path.name) as file:
        return require_state_dict(unpickled(file, path), path)
