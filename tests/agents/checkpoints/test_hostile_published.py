"""Published checkpoints that somebody else has written: refused in one line, at once, or read."""

import random
import shutil
from pathlib import Path

import pytest
import torch
import yaml

from agents.checkpoints.folder import load_model
from agents.checkpoints.manifest import record
from agents.checkpoints.published.reading import load_published
from agents.checkpoints.published.writing import save_published
from agents.config.model import AIRConfig
from agents.models.air import AIR
from tests.agents.checkpoints.hostile import VALUES, refused, refused_or_used, replaced, tensors

PUBLISHED = AIRConfig(family="sudoku-4x4", hidden=32, heads=2, layers=1, prefix=2, prefix_learned=2)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    torch.manual_seed(0)
    save_published(AIR(PUBLISHED), folder)
    return folder


@pytest.fixture
def theirs(export: Path, tmp_path: Path) -> Path:
    """A checkpoint as the authors' code writes it, without a section of ours."""
    folder = Path(shutil.copytree(export, tmp_path / "theirs"))
    content = yaml.safe_load((folder / "all_config.yaml").read_text())
    del content["air_envs"]
    (folder / "all_config.yaml").write_text(yaml.safe_dump(content))
    assert load_published(folder).config == PUBLISHED
    return folder


@pytest.mark.parametrize("many", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["few", "many"])
def test_any_setting_of_a_published_checkpoint(theirs: Path, export: Path, many: bool) -> None:
    path, chosen = theirs / "all_config.yaml", random.Random(0)
    right = yaml.safe_load(path.read_text())
    for section, name in [*(("arch", name) for name in right["arch"]), (None, "arch"), (None, "data_paths")]:
        for value in VALUES if many else chosen.sample(VALUES, 4):
            path.write_text(yaml.safe_dump(replaced(right, (section, name) if section else (name,), value)))
            refused_or_used(load_published, theirs)
    ours = yaml.safe_load((export / "all_config.yaml").read_text())
    for name in ours["air_envs"]:
        for value in VALUES if many else chosen.sample(VALUES, 4):
            path.write_text(yaml.safe_dump(replaced(ours, ("air_envs", name), value)))
            refused_or_used(load_published, theirs)


@pytest.mark.filterwarnings("ignore")
def test_any_weight_of_a_published_checkpoint(theirs: Path) -> None:
    right = torch.load(theirs / "step_0", weights_only=True)
    chosen = random.Random(0)
    for name, weight in right.items():
        wrong = tensors(weight)
        for kind in chosen.sample(sorted(wrong), 2):
            torch.save(right | {name: wrong[kind]}, theirs / "step_0")
            assert f"{theirs}" in refused(load_published, theirs), (name, kind)
    for other in (right | {7: torch.zeros(1)}, right | {"model.inner.H_init": right["inner.H_init"]}):
        torch.save(other, theirs / "step_0")
        assert "step_0" in refused(load_published, theirs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x\n", "not YAML: aliases are not read in line 2, column 4"),
        ("arch: [", "not YAML: expected the node content"),
        ("a: b: c", "not YAML: mapping values are not allowed here in line 1, column 5"),
        ("a\0b", "not YAML: unacceptable character"),
        ("!!python/object:os.system {}", "not YAML: could not determine a constructor"),
        ("[" * 5_000, "not YAML: nested too deeply"),
        ("x" * 70_000, "70,000 bytes, expected at most 65,536"),
        ("3", "no settings in it"),
        ("a: 2001-99-99", "not YAML: month must be in 1..12"),
    ],
)
def test_what_is_no_settings(theirs: Path, text: str, message: str) -> None:
    (theirs / "all_config.yaml").write_text(text)
    assert f"all_config.yaml: {message}" in refused(load_published, theirs)


def test_an_export_is_compared_with_its_manifest(export: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(export, tmp_path / "export"))
    record(folder, "step_0", "all_config.yaml")
    load_published(folder)
    for name in ("step_0", "all_config.yaml"):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
        assert f"{name}: damaged" in refused(load_published, folder)
        (folder / name).write_bytes(whole)


@pytest.fixture(scope="session")
def cases(real_data: Path) -> Path:
    """Files that were found to break an earlier version."""
    folder = real_data.parent / "cases" / "fuzz"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder}")
    return folder


def test_the_cases_that_were_found(cases: Path) -> None:
    assert "layers 1000000000, expected at most 256" in refused(load_model, cases / "config-huge-layers")
    assert "aliases are not read" in refused(load_published, cases / "nested-yaml-aliases")
