"""The pictures of the documentation: models that solve, are frozen, branch and attend (``make gallery``, minutes)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tyro

from agents import AIRAgent
from agents.cli.agents import find_agent
from agents.hub.generator import fresh_puzzle
from agents.pretrained import find
from agents.watching import Freeze, Noise, Session, SetCell
from agents.watching.app import Viewer
from agents.watching.film import frames
from agents.watching.headless import run
from agents.watching.interventions import Intervention
from agents.watching.window.desk import Desk
from air_envs.drawing.board import to_array
from air_envs.drawing.files import save_gif, save_png
from air_envs.drawing.rollout import draw_frames
from air_envs.play import App
from air_envs.sources import GeneratedPuzzles

SUDOKU, SEED = "sudoku-9x9-easy", 2
"""A model that attends, and a puzzle that takes it three ACT steps."""
WINDOW = 1280, 800


def gallery(output: Path = Path("docs/gallery"), only: tuple[str, ...] = ()) -> None:
    """Draw the pictures of the documentation into a folder.

    Args:
        output: the folder.
        only: names of pictures, such as branch; by default all.
    """
    for name, draw in PICTURES.items():
        if not only or name in only:
            path = draw(output / name)
            print(f"{path}: {path.stat().st_size:,} bytes", flush=True)


def sudoku(path: Path) -> Path:
    """Every update of a Sudoku until it is solved."""
    return film(thinking(SUDOKU, SEED), path)


def maze(path: Path) -> Path:
    """Every update of a maze of 30x30 until it is solved."""
    return film(thinking("maze-hard", 12), path)


def window(path: Path) -> Path:
    """A hard Sudoku in mid-thought."""
    session = thinking("sudoku-extreme", 1)
    session.go(20)
    return picture(session, path, open_cell(session))


def window_dark(path: Path) -> Path:
    """A maze in mid-thought, in the dark theme."""
    session = thinking("maze-hard", 12)
    session.go(9)
    return picture(session, path, open_cell(session), theme="dark")


def frozen_h(path: Path) -> Path:
    """z_H frozen after three updates, as a branch of the run that solves the puzzle."""
    return picture(branched(3, [Freeze("H")], 24), path)


def frozen_l(path: Path) -> Path:
    """z_L frozen after three updates, likewise."""
    return picture(branched(3, [Freeze("L")], 24), path)


def branch(path: Path) -> Path:
    """A wrong digit in z_H, and in another branch noise."""
    session = branched(6, [Noise(2.0, seed=1)], 20)
    session.choose(0)
    session.go(8)
    row, column = open_cell(session)
    wrong = int(session.branches[0].moment(session.branches[0].last_update).z_H.cells[row, column]) % 9 + 1
    session.interfere(SetCell("H", row, column, wrong))
    session.go(9)
    return picture(session, path, (row, column))


def attention(path: Path) -> Path:
    """The look inside one cell: its distribution, and what both updates attend to for it."""
    session = thinking(SUDOKU, SEED)
    session.go(6)
    viewer = looking(session, open_cell(session), "light", (1920, 1200))
    whole = to_array(viewer.draw())
    left, top, width, height = viewer.screen.regions.inside
    margin = viewer.screen.regions.unit
    return save_png(path.with_suffix(".png"), whole[top - margin : top + height, left - margin : left + width + margin])


def agent(path: Path) -> Path:
    """A model that plays a Sudoku move by move, and is unsure yet: the probabilities of its next move."""
    puzzles, seat = GeneratedPuzzles(SUDOKU.rpartition("-")[0]), find_agent(SUDOKU, "sudoku")
    app = App(puzzles, seed=7, clock=lambda: 0.0, agent=seat)
    assert app.controls is not None
    for _ in range(3):
        app.controls.move()
    app.save_picture(path.with_suffix(".png"))
    app.close()
    return path.with_suffix(".png")


PICTURES = {
    "sudoku-solved": sudoku,
    "maze-solved": maze,
    "window": window,
    "window-dark": window_dark,
    "frozen-z_H": frozen_h,
    "frozen-z_L": frozen_l,
    "branch": branch,
    "attention": attention,
    "agent": agent,
}


def thinking(name: str, seed: int) -> Session:
    """Return a shipped model before a puzzle of the kind that it was trained on."""
    agent = AIRAgent.from_pretrained(name, "cpu")
    puzzle = fresh_puzzle(agent.family, seed, find(name))
    return Session(agent, puzzle, f"{agent.family.name}, seed {seed}", model_name=name)


def branched(update: int, interventions: Sequence[Intervention], last: int) -> Session:
    """Solve the Sudoku, go back to an update, interfere there, and go on in that branch."""
    session = thinking(SUDOKU, SEED)
    run(session)
    session.go(update)
    for intervention in interventions:
        session.interfere(intervention)
    session.go(last)
    return session


def open_cell(session: Session) -> tuple[int, int]:
    """Return a cell that the model was long unsure of: the one of the highest mean entropy so far."""
    moments = [session.branch.moment(update) for update in range(1, session.last_update + 1)]
    doubt = np.mean([moment.z_H.entropy + moment.z_L.entropy for moment in moments], axis=0)
    row, column = divmod(int(doubt.argmax()), session.family.columns)
    return row, column


def looking(session: Session, cell: tuple[int, int] | None, theme: str, size: tuple[int, int]) -> Viewer:
    """Return a window that looks into a cell; nothing is opened."""
    desk = Desk(session)
    desk.looking.cell = cell or open_cell(session)
    return Viewer(desk, theme=theme, size=size)


def picture(session: Session, path: Path, cell: tuple[int, int] | None = None, theme: str = "light") -> Path:
    """Write the window as PNG; by default it looks into the cell that the model was least sure of."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.with_suffix(".png")
    looking(session, cell, theme, WINDOW).save_picture(path)
    return path


def film(session: Session, path: Path) -> Path:
    """Write every update until the model halts as GIF."""
    run(session)
    return save_gif(path.with_suffix(".gif"), draw_frames(session.family, frames(session), panel=240), 350)


if __name__ == "__main__":
    tyro.cli(gallery, prog="python -m examples.gallery")
