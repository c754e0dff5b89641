"""Models by name: folders, shipped ones, and a hub that serves, refuses or is not there."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants

import agents.pretrained as pretrained
from agents.checkpoints.folder import CheckpointError, load_model, save_model
from agents.models.air import AIR
from agents.pretrained import find, hub_name, load_pretrained
from tests.agents.conftest import TINY

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def new_model(folder: Path, seed: int) -> AIR:
    torch.manual_seed(seed)
    model = AIR(TINY)
    save_model(model, folder)
    return model


def same(one: AIR, other: AIR) -> bool:
    return torch.equal(one.lm_head.weight, other.lm_head.weight)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped models that holds one, "easy"; the working directory is an empty one."""
    new_model(tmp_path / "shelf" / "easy", 1)
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path / "shelf")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "shelf"


def move_hub(url: str, patch: pytest.MonkeyPatch) -> None:
    """What the variable HF_ENDPOINT does before huggingface_hub is imported."""
    patch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", f"{url}/{{repo_id}}/resolve/{{revision}}/{{filename}}")
    patch.setattr(constants, "ENDPOINT", url)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A hub that holds someone/theirs and someone/empty, with an empty cache; yields the paths it was asked for."""
    theirs, asked = tmp_path / "theirs", []
    new_model(theirs, 2)

    class Hub(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            asked.append(self.path)
            name, _, file = self.path.strip("/").partition("/resolve/main/")
            if not name:
                self._answer(200, b"", {})
            elif name == "someone/theirs" and (theirs / file).is_file():
                self._answer(200, (theirs / file).read_bytes(), {"ETag": f'"{file}"', "X-Repo-Commit": COMMIT})
            else:
                missing = "EntryNotFound" if name in ("someone/empty", "someone/theirs") else "RepoNotFound"
                self._answer(404, b"", {"X-Error-Code": missing})

        do_GET = do_HEAD

        def _answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        move_hub(f"http://127.0.0.1:{server.server_port}", monkeypatch)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield asked
        server.shutdown()


@pytest.mark.parametrize("name", ["air_envs/easy", "easy"])
def test_a_shipped_model_goes_by_its_name(name: str, shelf: Path, hub: list[str]) -> None:
    assert same(load_pretrained(name), load_model(shelf / "easy"))
    assert find(name) == shelf / "easy"
    assert not hub


def test_a_folder_comes_before_a_shipped_model_and_the_hub(shelf: Path, hub: list[str]) -> None:
    for name in ("air_envs/easy", "someone/theirs"):
        mine = new_model(Path(name), 3)
        assert same(load_pretrained(name), mine)
    assert not hub


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("name", ["someone/theirs", "hf://someone/theirs"])
def test_owner_and_name_are_the_hubs(name: str, tmp_path: Path, hub: list[str]) -> None:
    assert same(load_pretrained(name), load_model(tmp_path / "theirs"))
    assert [path.rpartition("/")[2] for path in hub if "resolve" in path]


@pytest.mark.usefixtures("shelf", "hub")
def test_a_model_of_the_hub_is_compared_with_its_manifest(tmp_path: Path) -> None:
    weights = tmp_path / "theirs" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(CheckpointError, match=r"model\.safetensors: damaged, its sha256 is not the one in manifest"):
        load_pretrained("hf://someone/theirs")


@pytest.mark.usefixtures("shelf", "hub")
def test_a_model_of_the_hub_may_be_from_before_there_were_manifests(tmp_path: Path) -> None:
    config = tmp_path / "theirs" / "config.json"
    (tmp_path / "theirs" / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match=r"no manifest\.json, which belongs to its config\.json"):
        load_pretrained("hf://someone/theirs")
    values = json.loads(config.read_text())
    del values["format"]
    config.write_text(json.dumps(values))
    shutil.rmtree(tmp_path / "cache")
    assert same(load_pretrained("hf://someone/theirs"), load_model(tmp_path / "theirs"))


@pytest.mark.usefixtures("shelf")
def test_hf_looks_nowhere_but_on_the_hub(tmp_path: Path, hub: list[str]) -> None:
    new_model(Path("someone/theirs"), 3)
    assert same(load_pretrained("hf://someone/theirs"), load_model(tmp_path / "theirs"))


@pytest.mark.usefixtures("shelf")
def test_what_the_hub_lacks_is_said_in_one_line(hub: list[str]) -> None:
    for name, message in {
        "someone/nothing": "no such model on the hub, or a private one (hf auth login)",
        "someone/empty": "no config.json and model.safetensors, expected a model of air-envs",
    }.items():
        with pytest.raises(CheckpointError) as raised:
            load_pretrained(name)
        assert str(raised.value) == f"hf://{name}: {message}"


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    "name", ["nothing", "air_envs/nothing", "a/b/c", "./a", "../a/b", "/a", "hf://nothing", "a b/c"]
)
def test_what_can_be_no_name_on_the_hub_is_not_asked_for(name: str, hub: list[str]) -> None:
    with pytest.raises(CheckpointError) as raised:
        load_pretrained(name)
    assert str(raised.value) == f"{name}: neither a folder nor a shipped model; shipped: easy"
    with pytest.raises(CheckpointError, match="neither a folder"):
        load_pretrained(Path("someone/theirs"))  # a path is no name
    assert hub_name(name) is None
    assert not hub


@pytest.mark.usefixtures("shelf")
def test_without_a_network_the_cache_is_all(
    tmp_path: Path, hub: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load_pretrained("someone/theirs")
    move_hub("http://127.0.0.1:1", monkeypatch)  # where nothing listens
    start = time.monotonic()
    assert same(load_pretrained("someone/theirs"), load_model(tmp_path / "theirs"))
    with pytest.raises(CheckpointError) as raised:
        load_pretrained("someone/other")
    assert str(raised.value) == "hf://someone/other: the hub does not answer, and the model is not in its cache"
    assert time.monotonic() - start < 10, "huggingface_hub's five retries take 23 seconds"
    assert "Retrying" not in capsys.readouterr().err


@pytest.mark.usefixtures("shelf")
def test_offline_nothing_is_asked(hub: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError) as raised:
        load_pretrained("someone/theirs")
    assert str(raised.value) == "hf://someone/theirs: HF_HUB_OFFLINE is set, and the model is not in its cache"
    assert not hub
