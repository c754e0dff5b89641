"""Looking inside a cell by keys and mouse."""

import numpy as np
import pytest

import puzzles
from agents.watching import Session
from air_envs.drawing.thinking.page import Z_H
from tests.agents.watching.conftest import model, puzzle_of
from tests.agents.watching.windows import Driver


def test_the_mouse_chooses_the_cell_that_is_looked_into(app: Driver) -> None:
    app.press("right")
    app.move(*app.cell(Z_H, (1, 4)))
    inside = app.desk.page().inside
    assert inside.cell == (1, 4)
    assert inside.values == ["blank", "1", "2", "3", "4", "5", "6"]
    moments = app.story.branch.moments
    assert np.array_equal(inside.z_h, [moment.z_H.probability[1, 4] for moment in moments])
    assert np.array_equal(inside.z_l, [moment.z_L.probability[1, 4] for moment in moments])
    assert inside.now == 1
    app.move(3, 3)
    assert app.desk.page().inside.cell == (1, 4), "it stays when the mouse leaves the boards"


def test_attention_is_shown_by_layer_and_head(app: Driver) -> None:
    app.press("right")
    app.move(*app.cell(Z_H, (0, 0)))

    def shown() -> tuple[str, np.ndarray, np.ndarray]:
        inside = app.desk.page().inside
        return inside.caption, inside.attention_l, inside.attention_h

    caption, attention_l, attention_h = shown()
    assert caption == "layer 1 of 2 · mean of 6 heads"
    assert np.array_equal(attention_l, app.story.attention("L", 0, None, (0, 0)))
    assert np.array_equal(attention_h, app.story.attention("H", 0, None, (0, 0)))
    app.press("]")
    app.press(".")
    caption, attention_l, _ = shown()
    assert caption == "layer 2 of 2 · head 1 of 6"
    assert np.array_equal(attention_l, app.story.attention("L", 1, 0, (0, 0)))
    app.press(",")
    app.press("[")
    assert shown()[0] == "layer 1 of 2 · mean of 6 heads"
    app.press("[")
    app.press(",")
    assert shown()[0] == "layer 2 of 2 · head 6 of 6"
    app.press("a")
    assert app.desk.page().inside.attention_l is None
    app.press("a")
    assert app.desk.page().inside.attention_l is not None


def test_slow_attention_waits_until_nothing_changes(app: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, attention = [], Session.attention

    def slow(session: Session, *arguments: object) -> np.ndarray:
        asked.append(arguments)
        app.now += 1.0
        return attention(session, *arguments)

    monkeypatch.setattr(Session, "attention", slow)
    app.move(*app.cell(Z_H, (0, 0)))
    assert len(asked) == 2
    app.press("right")
    assert len(asked) == 2, "updates are not held up"
    assert "when updates stop" in app.desk.page().inside.caption
    app.wait(0.3)
    assert len(asked) == 4
    app.press("space", " ")
    app.wait(1.0)
    app.wait(1.0)
    assert len(asked) == 4


def test_models_that_do_not_attend_say_so() -> None:
    agent = model("sudoku-any").for_family(puzzles.family("sudoku-4x4"))
    with Driver(Session(agent, puzzle_of(agent))) as app:
        app.move(*app.cell(Z_H, (0, 0)))
        inside = app.desk.page().inside
        assert inside.attention_l is None
        assert inside.caption.startswith("This model mixes positions without attention")
        app.press("]")
        assert app.desk.wrong
        assert app.desk.message == inside.caption
