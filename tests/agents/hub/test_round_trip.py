"""A model goes to the hub and comes back, through huggingface_hub itself and a stand-in server."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard, constants

from agents import AIR, AIRAgent, push_to_hub
from agents.checkpoints.chain import link, write_chain
from agents.checkpoints.errors import CheckpointError
from agents.pretrained import find
from puzzles.dataset import Dataset
from tests.agents.hub.stand_in import TOKEN, Hub, serving


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """What HF_ENDPOINT, HF_HUB_CACHE and HF_HUB_DISABLE_XET do before huggingface_hub is imported."""
    with serving() as found:
        template = f"{found.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "ENDPOINT", found.url)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.chdir(tmp_path)
        yield found


def same(one: AIR, other: AIR) -> bool:
    weights = other.state_dict()
    return one.config == other.config and all(torch.equal(weights[key], one.state_dict()[key]) for key in weights)


def test_a_run_comes_back_from_the_hub(run: Path, dataset: Path, hub: Hub, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run, tmp_path / "run"))
    data = Dataset(dataset)
    write_chain(folder, [{"run": "before", "datasets": None}, link("mine", [data])])
    model = AIRAgent.from_pretrained(folder).model
    assert push_to_hub(model, "me/sudoku", folder, private=True, token=TOKEN) == f"{hub.url}/me/sudoku/commit/{1:040x}"
    assert hub.private == {"me/sudoku": True}
    files = hub.files["me/sudoku"]
    assert files.keys() == {"README.md", "chain.json", "config.json", "manifest.json", "model.safetensors"}
    assert list(hub.lfs.values()) == [files["model.safetensors"]], "weights go through LFS"
    assert json.loads(files["chain.json"]) == json.loads((folder / "chain.json").read_text())
    card = files["README.md"].decode()
    assert ModelCard(card).data.license == "apache-2.0"
    assert "exactly right" in card
    assert "- `before`: not recorded" in card
    assert f"- `mine`: `sudoku-4x4` (train, validation; sha256 {data.attributes['checksum'][:12]})" in card
    assert "## Limits" in card
    assert same(AIRAgent.from_pretrained("me/sudoku", device="cpu").model, model)
    assert same(AIR.from_pretrained("me/sudoku"), model)


def test_a_second_push_replaces_the_first(run: Path, hub: Hub) -> None:
    model = AIRAgent.from_pretrained(run, device="cpu").model
    for step in (1, 2):
        with torch.no_grad():
            model.embedding += 1
        assert push_to_hub(model, "me/sudoku", token=TOKEN).endswith(f"{step:040x}")
        assert same(AIRAgent.from_pretrained("me/sudoku", device="cpu").model, model)


def test_a_pack_keeps_its_card_and_options(hub: Hub) -> None:
    folder = find("sudoku-any")
    model = AIRAgent.from_pretrained(folder, device="cpu").model
    push_to_hub(model, "me/any", folder, token=TOKEN)
    assert same(AIRAgent.from_pretrained("me/any", device="cpu").model, model)
    for name in ("README.md", "generator.json"):
        assert hub.files["me/any"][name] == (folder / name).read_bytes()


def test_a_model_that_was_damaged_on_the_hub_is_refused(run: Path, hub: Hub) -> None:
    model = AIRAgent.from_pretrained(run, device="cpu").model
    push_to_hub(model, "me/sudoku", token=TOKEN)
    files = hub.files["me/sudoku"]
    files["model.safetensors"] = files["model.safetensors"][:-1] + b"!"
    with pytest.raises(CheckpointError, match=r"model\.safetensors: damaged, its sha256 is not the one in manifest"):
        AIRAgent.from_pretrained("me/sudoku")
