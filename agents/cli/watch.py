"""``air-envs watch``: a trained model thinking, update by update, or an agent playing, move by move."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from agents.cli.agents import is_agent
from agents.cli.names import require_model
from agents.cli.parsing import parse
from agents.cli.watch_agent import watch_agent

if TYPE_CHECKING:
    from agents.watching.window.shelf import Shelf
    from puzzles.dataset import Dataset

RECORDING = ".h5"


def watch_command(
    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")],
    puzzle: str | None = None,
    dataset: Path | None = None,
    index: int = 0,
    seed: int = 0,
    act_steps: int | None = None,
    program: str | None = None,
    output: Path | None = None,
    record: Path | None = None,
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    ms_per_update: int = 250,
    sample: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    family: str | None = None,
    theme: Literal["light", "dark"] = "light",
    size: str = "1280x800",
) -> None:
    """Open a window on a model that thinks: stop it, go back, look inside, interfere. Or on an agent that plays moves.

    H lists the keys, in an agent's window F1.

    Args:
        run: folder of a training run, a shipped model such as sudoku-6x6, hf://owner/name on the hub, or a recording
            (.h5) to replay. Of an agent: folder of a run of air-envs train-rl, or random, greedy or solver with
            --family.
        puzzle: the puzzle, such as 53..7....6..195... with all its cells in a row; docs/formats.md shows what is read.
        dataset: HDF5 file whose test split holds the puzzle; by default one is generated, of the kind that the model
            was trained on where that is known. Its grid shape may be another than the model's, where the weights fit
            any.
        index: which puzzle of the test split.
        seed: of the generated puzzle.
        act_steps: ACT steps at most; by default the model's maximum.
        program: updates of one ACT step, such as LLHLLH, with - for one that is left out; by default the model's.
        output: write OUTPUT.gif and OUTPUT.png instead of opening a window.
        record: run without a window and write this file: .h5 is a recording to replay, .gif and .mp4 are films, .png
            is a sheet of all updates.
        overwrite: replace the file of --record.
        ms_per_update: how long each update, or move of an agent, is shown.
        sample: an agent draws its moves by their probabilities; by default it makes the most probable ones.
        family: of the generated puzzle, another grid shape such as maze-15x15; or of --puzzle, where a text could be of
            several.
        theme: colours, which D changes.
        size: width and height of the window in pixels.
    """
    import puzzles
    from puzzles.dataset import Dataset

    wide, high = _pixels(size)
    if ms_per_update < 1:
        raise ValueError(f"--ms-per-update {ms_per_update}, expected at least 1")
    window: dict[str, Any] = {"theme": theme, "size": (wide, high)}
    if sample and not is_agent(run):
        raise ValueError(f"--sample with {run}, expected an agent")
    if run.endswith(RECORDING):
        asked = {"--puzzle": puzzle, "--dataset": dataset, "--family": family, "--program": program, "--output": output}
        for flag, value in asked.items():
            if value is not None:
                raise ValueError(f"{flag} with the recording {run}, expected a model")
        return _replay(Path(run), record, overwrite, ms_per_update, window)
    if dataset and (family or puzzle is not None):
        raise ValueError(f"{'--family' if family else '--puzzle'} with --dataset {dataset}, expected one of them")
    if output is not None and record is not None:
        raise ValueError(f"--output {output} with --record {record}, expected one of them")
    if is_agent(run):
        for flag, given in {"--act-steps": act_steps, "--program": program}.items():
            if given is not None:
                raise ValueError(f"{flag} with the agent {run}, expected a model")
        watch_agent(
            run,
            puzzle=puzzle,
            dataset=dataset,
            index=index,
            seed=seed,
            family=family,
            output=output,
            record=record,
            overwrite=overwrite,
            ms_per_move=ms_per_update,
            drawn=sample,
            window=window,
        )
        return
    require_model(run)
    # Wrong names and puzzles are said at once, before torch is loaded.
    data = Dataset(dataset) if dataset else None
    own = None
    if puzzle is not None:
        parsed, own = puzzles.parse(puzzle, family)
        parsed.check(own[None])
        family = parsed.name

    shelf = _generated(run) if data is None else _tested(data)
    from agents.thinking.agent import AIRAgent

    agent = AIRAgent.from_pretrained(run, family=data.family.name if data else family)
    number = None if own is not None else seed if data is None else index
    shown, title = (own, agent.family.name) if own is not None else shelf(agent.family, seed if data is None else index)
    if output is not None:
        from agents.thinking.rollout import save_rollout

        print(*save_rollout(agent, {"puzzle": shown}, output, title, act_steps, program), sep="\n")
        return
    thinking: dict[str, Any] = {"act_steps": act_steps, "model_name": run, "program": program}
    if record is not None:
        from agents.watching.headless import record as write
        from agents.watching.session import Session

        print(write(Session(agent, shown, title, **thinking), record, overwrite, ms_per_update, theme))
        return
    from agents.watching.app import open_viewer

    open_viewer(agent, shown, title, shelf=shelf, number=number, interval=ms_per_update / 1000, **thinking, **window)


def _replay(path: Path, record: Path | None, overwrite: bool, ms_per_update: int, window: dict[str, Any]) -> None:
    """Open a recording, or write it as another file."""
    from agents.watching.recording import load_recording

    recording = load_recording(path)
    if record is not None:
        from agents.watching.headless import record as write

        print(write(recording, record, overwrite, ms_per_update, window["theme"]))
        return
    from agents.watching.app import Viewer
    from agents.watching.window.desk import Desk

    Viewer(Desk(recording, interval=ms_per_update / 1000, running=True), **window).run()


def _generated(run: str) -> Shelf:
    """Fresh puzzles by seed, as the model's training puzzles were generated."""
    from agents.hub.generator import fresh_puzzle
    from agents.pretrained import find
    from agents.watching.window.shelf import Shown

    return lambda family, seed: Shown(fresh_puzzle(family, seed, find(run)), f"{family.name}, seed {seed}")


def _tested(data: Dataset) -> Shelf:
    """The puzzles of a dataset's test split."""
    from agents.watching.window.shelf import Shown

    rows = data.split("test").puzzle

    def shelf(family: Any, index: int) -> Shown:
        if family != data.family:
            raise ValueError(f"{data.path}: puzzles of {data.family.name}, expected {family.name}")
        if not 0 <= index < len(rows):
            raise ValueError(f"{data.path}: no test puzzle {index}, expected 0 to {len(rows) - 1}")
        return Shown(rows[index], f"{family.name}, test puzzle {index}")

    return shelf


def _pixels(size: str) -> tuple[int, int]:
    """Return (width, height).

    Raises:
        ValueError: not WIDTHxHEIGHT, or smaller than 320x200.
    """
    found = re.fullmatch(r"(\d{1,5})x(\d{1,5})", size)
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if width < 320 or height < 200:
        raise ValueError(f"--size {size}, expected WIDTHxHEIGHT of at least 320x200, such as 1280x800")
    return width, height


def main(args: list[str]) -> None:
    """Run ``air-envs watch MODEL``."""
    parse(watch_command, "air-envs watch", args)
