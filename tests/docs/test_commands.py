"""Every command that the pages and the notebook show exists, and takes the flags that it is shown with. None is run."""

import argparse
import functools
import importlib
import importlib.util
import json
import re
import runpy
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import tyro

import agents.cli
from agents.cli import train, train_rl

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
PAGES += [*sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "environments").glob("*.md"))]
PAGES += [ROOT / "examples" / "notebooks" / "quickstart.ipynb"]
PROGRAMS = ("air-envs", "make", "python", "pip", "torchrun", "export", "pytest", "sbatch")
UNCHECKED = {
    "torchrun": "starts python -m agents on several GPUs",
    "export": "sets a variable of the shell",
    "source": "activates a virtual environment",
    "python3": "makes a virtual environment",
    "jupyter": "opens the notebooks; no extra installs it",
    "pre-commit": "the hooks are compared with make lint in tests/test_joining.py",
    "twine": "uploads a release",
    "rl_zoo3": "RL Baselines3 Zoo, which no extra installs",
}
"""Programs and modules of others, and why their commands are taken as they are."""
TARGETS = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
PLACEHOLDER = re.compile(r"\b[A-Z]{3,}\b|\[[A-Z]")
"""FILE, RUN or [B]: the command is a pattern."""


class Parsed(Exception):
    """The command line has been read."""


def _parsed(*_: Any) -> None:
    raise Parsed


def read(page: Path) -> str:
    """Return the text of a page; of a notebook, that of its cells, with ``%pip`` as the command that it calls."""
    text = page.read_text(encoding="utf-8")
    if page.suffix != ".ipynb":
        return text
    sources = ("".join(cell["source"]) for cell in json.loads(text)["cells"])
    return re.sub(r"^%(pip .*)$", r"```sh\n\1\n```", "\n".join(sources), flags=re.MULTILINE)


def shown(text: str) -> list[str]:
    """Return the commands of a page: lines of shell blocks, indented lines and code spans that name a program."""
    blocks = re.findall(r"^```(?:sh|console)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.strip()]
    lines += [line[4:] for line in outside.splitlines() if line.startswith("    ") and line[4:].startswith(PROGRAMS)]
    spans = re.findall(rf"`((?:{'|'.join([*PROGRAMS, *UNCHECKED])}) [^`\n]+)`", outside)
    lines += [span for span in spans if not re.fullmatch(r"air-envs [a-z -]*", span)]  # which names a command
    joined = "\n".join(lines).replace("\\\n", " ").splitlines()
    return [part for line in joined for part in line.split(" && ")]


def words_of(command: str) -> list[str]:
    """Return the words of a command without comment, variables in front, redirections and what a pipe leads to."""
    words = shlex.split(command.partition(" | ")[0], comments=True)
    words = [word for word in words if word not in ("<", ">") and not word.startswith("<(")]
    while words and re.match(r"[A-Z_0-9]+=", words[0]):
        words = words[1:]
    return words


COMMANDS = [(page, command) for page in PAGES for command in shown(read(page))]


@pytest.fixture(autouse=True)
def _parse_only(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let every command line end where it has been read."""
    real = tyro.cli

    def cli(target: Any, **options: Any) -> Any:
        if isinstance(target, type):
            real(target, **options)
        else:
            real(functools.wraps(target)(lambda *_, **__: None), **options)
        raise Parsed

    def parse_args(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> None:
        _, unknown = parser.parse_known_args(args, namespace)
        assert not unknown
        raise Parsed

    monkeypatch.setattr(tyro, "cli", cli)
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "require_run", lambda run: None)  # the pages' runs are not here
    monkeypatch.setattr(train, "_own", lambda run, rest: train.PRESETS["sudoku-6x6"] if rest else None)
    monkeypatch.setattr(train, "_resume", lambda *_: None)
    monkeypatch.setattr(train, "_train", _parsed)
    monkeypatch.setattr(train_rl, "_own", lambda run: train_rl.RL_PRESETS["sudoku-4x4"])
    monkeypatch.setattr(train_rl, "_go_on", _parsed)


def check(words: list[str]) -> None:
    """Fail where a command does not exist or does not take these words."""
    program, args = words[0], words[1:]
    if program == "air-envs":
        module = importlib.import_module(f"agents.cli.{args[0].replace('-', '_')}")
        assert args[0] in agents.cli._COMMANDS
        with pytest.raises(Parsed):
            module.main(args[1:])
    elif program == "make":
        assert {word for word in args if "=" not in word} <= TARGETS
    elif program == "pip":
        assert args[0] in ("install", "list", "check")
        for extras in re.findall(r"\[([a-z0-9,]+)\]", " ".join(args)):
            assert set(extras.split(",")) <= EXTRAS.keys()
    elif program == "python" and args[0] == "-m" and args[1].partition(".")[0] in UNCHECKED:
        assert all((ROOT / word).exists() for word in args if word.startswith("examples/"))
    elif program == "python" and args[0] == "-m":
        spec = importlib.util.find_spec(args[1])
        assert spec is not None
        source = Path(str(spec.origin)).read_text(encoding="utf-8")
        if args[1].startswith(("examples.", "benchmarks.")) and re.search(r"tyro\.cli|\.parse_args", source):
            with mock.patch.object(sys, "argv", args[1:]), pytest.raises(Parsed):
                runpy.run_module(args[1], run_name="__main__", alter_sys=True)
    elif program in ("python", "pytest"):
        assert all((ROOT / word).exists() for word in args if word.endswith(".py"))
    elif program == "sbatch":
        check(words_of(args[args.index("--wrap") + 1]))
    else:
        assert program in UNCHECKED, f"what is {program}?"


def test_commands_are_found() -> None:
    assert len([command for _, command in COMMANDS if command.startswith("air-envs")]) > 60
    assert {words_of(command)[0] for _, command in COMMANDS} >= {"air-envs", "make", "pip", "python"}


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")  # other tests import the examples
@pytest.mark.parametrize(
    "page", sorted({page for page, _ in COMMANDS}), ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_the_commands_of_a_page_are_parsed(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in [command for of, command in COMMANDS if of == page and not PLACEHOLDER.search(command)]:
        try:
            check(words_of(command))
        except SystemExit as ended:
            pytest.fail(f"{command}: exit status {ended.code}: {capsys.readouterr()}")
        except (AssertionError, ValueError, ImportError) as error:
            pytest.fail(f"{command}: {error!r}")


@pytest.mark.parametrize(
    "command",
    [
        "air-envs train --preset sudoku-6x6 --stepz 3",
        "air-envs data build sudoku-6x6 --nothing",
        "air-envs ablate injection-4x4 --nothing",
        "air-envs nothing",
        "make nothing",
        "sbatch --array=1-2 --wrap 'air-envs nothing'",
        "pip install '.[nothing]'",
        "python -m examples.nothing",
        "python -m rl_zoo3.train --conf-file examples/rl/zoo/nothing.yml",
        "python -m examples.demo --nothing",
    ],
)
def test_a_wrong_command_is_found(command: str) -> None:
    with pytest.raises((AssertionError, SystemExit, ImportError, pytest.fail.Exception)):
        check(words_of(command))
