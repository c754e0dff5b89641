"""Watching a model think: sessions that go back, branch and interfere, recordings of them, films and the viewer.

``Story`` is what the viewer draws. A ``Session`` is one with a model behind it, a ``Recording`` one read from a file::

    session = Session(AIRAgent.from_pretrained("sudoku-6x6"), puzzle)
    session.go(6)
    session.interfere(Freeze("H"))
    while session.step():
        print(session.moment.update, session.moment.halt)
    save_recording(session, "frozen.h5")

Importing this loads no torch until something that runs a model is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from puzzles.lazy_names import lazy_names

if TYPE_CHECKING:
    from agents.watching.app import Viewer, open_viewer
    from agents.watching.branches import Branch, Made
    from agents.watching.film import save_film
    from agents.watching.headless import record
    from agents.watching.interventions import EditClue, Freeze, Noise, SetCell, TakeFrom, TakeState, Thaw
    from agents.watching.moments import Moment, Reading
    from agents.watching.recording import Recording, RecordingError, load_recording, save_recording
    from agents.watching.session import Session
    from agents.watching.story import Story

_HOMES = {
    "app": ("Viewer", "open_viewer"),
    "branches": ("Branch", "Made"),
    "film": ("save_film",),
    "headless": ("record",),
    "interventions": ("EditClue", "Freeze", "Noise", "SetCell", "TakeFrom", "TakeState", "Thaw"),
    "moments": ("Moment", "Reading"),
    "recording": ("Recording", "RecordingError", "load_recording", "save_recording"),
    "session": ("Session",),
    "story": ("Story",),
}

__all__ = [
    "Branch",
    "EditClue",
    "Freeze",
    "Made",
    "Moment",
    "Noise",
    "Reading",
    "Recording",
    "RecordingError",
    "Session",
    "SetCell",
    "Story",
    "TakeFrom",
    "TakeState",
    "Thaw",
    "Viewer",
    "load_recording",
    "open_viewer",
    "record",
    "save_film",
    "save_recording",
]

__getattr__, __dir__ = lazy_names(
    __name__, {name: f"{__name__}.{home}" for home, names in _HOMES.items() for name in names}
)
