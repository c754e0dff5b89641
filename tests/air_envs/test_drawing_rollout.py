import dataclasses
import itertools
from types import SimpleNamespace

import imageio.v3 as imageio
import numpy as np
import pytest

import puzzles
from air_envs.drawing import rollout, sprites
from air_envs.drawing.files import save_gif, save_png
from air_envs.drawing.frame import Frame, changed
from air_envs.drawing.rollout import draw_frame, draw_frames
from air_envs.drawing.sheet import draw_sheet
from air_envs.drawing.theme import DARK, LIGHT, blend

CASES = [(puzzles.family("sudoku-4x4"), 0), (puzzles.family("maze-5x9"), 1)]


def frames_of(family, act_steps=2, program="LLHLLH"):
    """A made-up rollout: z_L wavers and leaves cells undecided, z_H fills up with the solution."""
    batch = family.generate(np.array([2], np.uint64))
    puzzle, solution = batch.puzzle[0].astype(int), batch.solution[0].astype(int)
    rng = np.random.default_rng(0)
    z_h, z_l = np.full(family.shape, -1), np.full(family.shape, 255)
    frames = [Frame(puzzle, z_h, z_l, title=family.name, program=program)]
    for update in range(1, act_steps * len(program) + 1):
        position = (update - 1) % len(program)
        share = update / (act_steps * len(program))
        if program[position] == "H":
            z_h = np.where(rng.random(family.shape) < share, solution, z_h)
        else:
            z_l = np.where(rng.random(family.shape) < 0.5, rng.integers(-1, family.cell_values, family.shape), z_l)
        frames.append(
            Frame(
                puzzle,
                z_h,
                z_l,
                answer=z_h if update > len(program) else None,
                z_h_confidence=rng.random(family.shape),
                z_l_confidence=rng.random(family.shape),
                title=family.name,
                act_step=1 + (update - 1) // len(program),
                update=update,
                program=program,
                position=position,
                halt=share,
                solved=bool((z_h == solution).all()),
            )
        )
    return frames


@pytest.mark.parametrize(("family", "_"), CASES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_frames_have_one_shape_and_show_what_changed(family, _, theme):
    frames = frames_of(family)
    pictures = list(draw_frames(family, frames, theme, panel=160))
    assert len({picture.shape for picture in pictures}) == 1
    assert pictures[0].dtype == np.uint8
    assert all((a != b).any() for a, b in itertools.pairwise(pictures))
    look = LIGHT if theme == "light" else DARK
    tint = blend(look.board, look.changed, look.highlight)
    legend = int((pictures[0] == tint).all(axis=2).sum())
    # Beyond the legend, the first frame has nothing before it; a later one shows its changes.
    assert all((picture == tint).all(axis=2).sum() > legend for picture in pictures[1:4])


@pytest.mark.parametrize("draw", [draw_frame, lambda family, frame: draw_sheet(family, [frame])])
def test_cells_where_no_digit_has_half_are_pencilled(draw):
    family = CASES[0][0]
    frame = frames_of(family, 1)[3]  # after an H
    assert frame.letter == "H"
    frame = dataclasses.replace(frame, z_h=np.ones((4, 4), int), z_h_confidence=None)
    plain = draw(family, frame)
    sure, unsure = np.zeros((4, 4, 4)), np.full((4, 4, 4), 0.2)
    sure[..., 0], unsure[..., 0] = 0.5, 0.4
    assert (draw(family, dataclasses.replace(frame, z_h_candidates=sure)) == plain).all()
    pencilled = draw(family, dataclasses.replace(frame, z_h_candidates=unsure))
    blank = draw(family, dataclasses.replace(frame, z_h=np.where(frame.puzzle > 0, 1, 0), z_h_confidence=None))
    assert (pencilled != plain).any()
    assert (pencilled != blank).any()
    assert (pencilled == draw(family, dataclasses.replace(frame, z_h_candidates=unsure * 0.999))).all(), "in tenths"


def test_the_program_strip_lights_the_update_made():
    family = CASES[0][0]
    frames = frames_of(family, 1)
    # The third letter is an H: lit in full colour after update 3 only.
    lit = [int((draw_frame(family, frame, panel=160)[:50] == LIGHT.accent_h).all(axis=2).sum()) for frame in frames]
    assert lit[3] > 50
    assert lit[6] > 50
    assert max(lit[0], lit[1], lit[2], lit[4], lit[5]) < 20


def test_halting_probability_fills_the_bar():
    family = CASES[0][0]
    frame = dataclasses.replace(frames_of(family, 1)[3], solved=None)
    green = [
        int((draw_frame(family, dataclasses.replace(frame, halt=halt), panel=160) == LIGHT.good).all(axis=2).sum())
        for halt in (0.1, 0.5, 1.0)
    ]
    assert green[0] < green[1] < green[2]
    assert green[2] == pytest.approx(2 * green[1], rel=0.2)


@pytest.mark.parametrize(("family", "_"), CASES)
def test_sheet_has_a_row_per_act_step(family, _):
    one, two, three = (draw_sheet(family, frames_of(family, steps), board=80) for steps in (1, 2, 3))
    assert one.shape[1] == two.shape[1] == three.shape[1]
    assert three.shape[0] - two.shape[0] == two.shape[0] - one.shape[0] > 80 * min(family.shape) / max(family.shape)
    narrow = draw_sheet(family, frames_of(family, 1), columns=3, board=80)
    assert narrow.shape[1] < one.shape[1]
    assert narrow.shape[0] == two.shape[0]
    assert draw_sheet(family, frames_of(family, 1), board=80, title="A title").shape[0] > one.shape[0]
    other = draw_sheet(family, frames_of(family, 1, program="LLLLLLH"), board=80)
    assert other.shape[1] > one.shape[1]
    draw_sheet(family, frames_of(family, 1)[:1], board=80)
    with pytest.raises(ValueError, match="frames"):
        draw_sheet(family, [])


def test_a_long_sheet_is_thinned_out(monkeypatch):
    family, shown = CASES[0][0], []

    draw = sprites.label

    def label(text, *rest):
        shown.append(text)
        return draw(text, *rest)

    monkeypatch.setattr(rollout.sprites, "label", label)
    long = draw_sheet(family, frames_of(family, 40), board=80, most_rows=5)
    assert [text for text in shown if text.isdigit()] == ["1", "11", "21", "30", "40"]
    assert long.shape == draw_sheet(family, frames_of(family, 5), board=80).shape
    shown.clear()
    draw_sheet(family, frames_of(family, 40), board=80, most_rows=1)
    assert [text for text in shown if text.isdigit()] == ["40"], "how it ended"
    with pytest.raises(ValueError, match="most_rows 0"):
        draw_sheet(family, frames_of(family, 1), most_rows=0)


def test_gif_holds_every_frame_for_its_time(tmp_path):
    family = CASES[0][0]
    pictures = list(draw_frames(family, frames_of(family, 1), panel=160))
    path = save_gif(tmp_path / "new folder" / "rollout.gif", pictures, 120, last_ms=900)
    back = imageio.imread(path, index=None)
    assert back.shape[:3] == (len(pictures), *pictures[0].shape[:2])
    assert [imageio.immeta(path, index=i)["duration"] for i in (0, 1, len(pictures) - 1)] == [120, 120, 900]
    # One palette for all: colours stay where they were, and flat ones are exact.
    error = np.abs(back[..., :3].astype(int) - np.stack(pictures)).max(axis=3)
    assert (error == 0).mean() > 0.9
    assert (error > 40).mean() < 0.001
    assert len(np.unique(back[..., :3].reshape(-1, 3), axis=0)) <= 192
    assert path.stat().st_size < 12_000 * len(pictures)
    assert [p.name for p in path.parent.iterdir()] == ["rollout.gif"]


@pytest.mark.parametrize("count", [1, 2])
def test_gif_of_a_still_picture(tmp_path, count):
    picture = draw_frame(CASES[0][0], frames_of(CASES[0][0], 1)[2], panel=120)
    path = save_gif(tmp_path / "still.gif", [picture] * count, 120, last_ms=900)
    assert imageio.imread(path, index=None).shape == (1, *picture.shape)
    assert imageio.immeta(path)["duration"] == 120 * (count - 1) + 900


def test_gif_keeps_a_rare_colour_that_is_like_no_other(tmp_path):
    red, blue = np.meshgrid(np.arange(200, 256, 4), np.arange(0, 256, 4))
    shades = np.stack([red, np.full_like(red, 60), blue], axis=2).astype(np.uint8)
    picture = shades.repeat(6, axis=0).repeat(6, axis=1)  # 896 colours of 36 pixels each
    picture[:5, :5] = LIGHT.good
    back = imageio.imread(save_gif(tmp_path / "shades.gif", [picture, np.roll(picture, 6, axis=1)]), index=0)
    assert (back[:5, :5, :3] == LIGHT.good).all()
    assert np.abs(back[..., :3].astype(int) - picture).max() <= 16


def test_nothing_half_written(tmp_path):
    with pytest.raises(ValueError, match=r"a\.gif: no frames"):
        save_gif(tmp_path / "a.gif", [])
    with pytest.raises(ValueError, match=r"b\.png: a frame of shape \(3, 3, 7\)"):
        save_png(tmp_path / "b.png", np.zeros((3, 3, 7)))
    with pytest.raises(ValueError, match=r"c\.gif: a frame of shape \(5, 4, 3\)"):
        save_gif(tmp_path / "c.gif", [np.zeros((4, 4, 3), np.uint8), np.zeros((5, 4, 3), np.uint8)])
    assert list(tmp_path.iterdir()) == []
    picture = draw_frame(CASES[0][0], frames_of(CASES[0][0], 1)[2], panel=120)
    assert np.array_equal(imageio.imread(save_png(tmp_path / "c.png", picture)), picture)


def test_changed():
    assert changed(None, [[1]]) is None
    assert changed([[1, 2]], [[1, 3]]).tolist() == [[False, True]]


def test_narrow_boards_and_long_titles_fit():
    family = puzzles.family("maze-20x4")
    frame = dataclasses.replace(frames_of(family, 1)[3], solved=True)
    short, long = (draw_frame(family, dataclasses.replace(frame, title=t), panel=200) for t in ("", "wide " * 60))
    assert short.shape == long.shape
    assert short.shape[1] > 1.5 * short.shape[0]  # room for three labels
    verdict = slice(None, 40), slice(-60, None)
    assert np.array_equal(short[verdict], long[verdict])


@pytest.mark.parametrize(("name", "candidates"), [("sudoku-4x4", True), ("maze-4x4", False)])
def test_a_frame_of_states_has_candidates_where_values_are_symbols(name: str, candidates: bool) -> None:
    family = puzzles.family(name)
    odds = np.random.default_rng(0).random((2, 4, 4, family.cell_values), np.float32)
    states = [SimpleNamespace(cells=z.argmax(-1), confidence=z.max(-1), probability=z) for z in odds]
    frame = Frame.of_states(family, np.zeros((4, 4)), *states, title="a", halt=0.5)
    for letter, state in zip("hl", states, strict=True):
        assert getattr(frame, f"z_{letter}") is state.cells
        assert getattr(frame, f"z_{letter}_confidence") is state.confidence
        found = getattr(frame, f"z_{letter}_candidates")
        assert np.array_equal(found, state.probability[..., 1:]) if candidates else found is None
    assert (frame.title, frame.halt, frame.answer) == ("a", 0.5, None)
