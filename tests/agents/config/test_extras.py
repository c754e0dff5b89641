"""What is missing names the ``pip install`` line that brings it."""

import re
import tomllib
from pathlib import Path

import pytest

from agents.config.extras import EXTRAS, missing, require

MODULES = {
    "imageio-ffmpeg": "imageio_ffmpeg",
    "pyyaml": "yaml",
    "sb3-contrib": "sb3_contrib",
    "stable-baselines3": "stable_baselines3",
}
"""Of the distributions that are called otherwise than their module."""


def test_an_extra_is_one_of_the_packages() -> None:
    """But for those that only work on the project itself needs."""
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    brought = {
        MODULES.get(name, name): extra
        for extra, requirements in project["optional-dependencies"].items()
        for requirement in requirements
        if (name := re.split(r"[^\w.-]", requirement)[0]) and extra not in ("dev", "docs")
    }
    assert brought.items() <= EXTRAS.items()
    core = {re.split(r"[^\w.-]", requirement)[0] for requirement in project["dependencies"]}
    assert EXTRAS.keys() - brought.keys() <= {MODULES.get(name, name) for name in core}, "every other module is core"


def test_the_line_that_installs_it() -> None:
    assert missing("torch.nn") == "torch is not installed: pip install 'air-envs[agents]'"
    assert missing("minari") == "minari is not installed: pip install 'air-envs[minari]'"
    assert missing("numpy") is None
    assert missing("") is None


def test_require_refuses_what_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    require("torch", "yaml")
    monkeypatch.setitem(EXTRAS, "not_there", "agents")
    with pytest.raises(ModuleNotFoundError) as raised:
        require("torch", "not_there")
    assert str(raised.value) == "not_there is not installed: pip install 'air-envs[agents]'"
    assert raised.value.name == "not_there"
