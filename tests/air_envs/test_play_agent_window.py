"""An agent in the window: keys, buttons, what is drawn; and the films of one that plays without a window."""

import imageio.v3 as imageio
import numpy as np
import pytest

from agents.rl.baselines import greedy, random_legal, solver
from air_envs.drawing import DARK, LIGHT
from air_envs.drawing.board import to_array
from air_envs.drawing.files import check_film
from air_envs.given import GivenPuzzle
from air_envs.play import App
from air_envs.play.agent import Agent, Player
from air_envs.play.film import pictures, save_pictures
from air_envs.play.game import game_type
from air_envs.sources import GeneratedPuzzles

pygame = pytest.importorskip("pygame")

CANDIDATES = {"action_mask": "candidates"}


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def opened(family, policy=solver, environment=None, **options):
    agent = Agent("tested", policy, CANDIDATES if environment is None else environment)
    app = App(GeneratedPuzzles(family), seed=4, size=(800, 600), clock=lambda: 0.0, agent=agent, **options)
    app.controls._clock = app.clock = Clock()
    app.controls._last = 0.0
    app.open()
    app.update()
    return app


@pytest.fixture
def app():
    app = opened("sudoku-6x6")
    yield app
    app.close()


@pytest.fixture
def maze():
    app = opened("maze-9x9", environment={})
    yield app
    app.close()


def press(app, key, typed="", mod=0):
    event = pygame.event.Event(pygame.KEYDOWN, window=app._window._window, key=key, unicode=typed, mod=mod)
    pygame.event.post(event)
    app.update()


def click_on(app, label):
    left, top, width, height = app.screen.rect_of(label)
    for type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP):
        place = left + width // 2, top + height // 2
        pygame.event.post(pygame.event.Event(type, window=app._window._window, button=1, pos=place))
    app.update()


def window(app):
    return app._window.read().astype(int)


def made(app):
    return app.controls.player.record()[1]


def test_enter_makes_the_agent_move_and_u_takes_it_back(app):
    before = window(app)
    press(app, pygame.K_RETURN, "\r")
    assert made(app) == 1
    assert np.count_nonzero(app.game.grid != app.game.puzzle) == 1
    assert app.game.message.startswith("tested: R")
    assert app._page().message == app.game.message
    assert dict(app._page().facts)["Agent right"] == "1 / 1"
    assert (before != window(app)).any()
    press(app, pygame.K_u, "u")
    assert made(app) == 0
    assert np.array_equal(app.game.grid, app.game.puzzle)
    click_on(app, "Move")
    assert made(app) == 1


def test_shift_enter_draws_the_move(app, monkeypatch):
    asked = []
    move = Player.move
    monkeypatch.setattr(Player, "move", lambda self, drawn=False: asked.append(drawn) or move(self, drawn))
    press(app, pygame.K_RETURN, "\r", pygame.KMOD_SHIFT)
    press(app, pygame.K_RETURN, "\r")
    assert asked == [True, False]
    assert made(app) == 2


def test_a_person_moves_and_sees_the_answer(app):
    place = tuple(np.argwhere(app.game.puzzle == 0)[0].tolist())
    before = app.controls.player.probabilities.copy()
    app.game.selected = place
    digit = int(app.game.solution[place])
    press(app, ord(str(digit)), str(digit))
    assert app.game.grid[place] == digit
    assert made(app) == 0
    answer = app.controls.player.probabilities
    assert before.reshape(6, 6, 6)[place].sum() > 0
    assert answer.reshape(6, 6, 6)[place].sum() == 0
    assert np.isclose(answer.sum(), 1)


def test_space_lets_it_play_on_at_its_pace_until_solved(app):
    press(app, pygame.K_SPACE, " ")
    assert app.controls.running
    assert not app.game.pencilling  # which the same key does without an agent
    app.update()
    assert made(app) == 0  # not due yet
    app.clock.now += 0.6
    app.update()
    assert made(app) == 1
    app.clock.now += 0.3
    app.update()
    assert made(app) == 1
    for typed in "++":
        press(app, pygame.K_PLUS, typed)
    assert app.controls.interval == 0.1
    assert app.game.message == "10 moves a second"
    while app.controls.running:
        app.clock.now += 0.11
        app.update()
    assert app.game.solved
    assert app._page().solved
    assert app.controls.player.record() == (made(app), made(app))
    press(app, pygame.K_RETURN, "\r")  # nothing is left to do
    assert app.game.solved


def test_space_stops_it_and_minus_slows_it(app):
    for _ in range(2):
        press(app, pygame.K_SPACE, " ")
    assert not app.controls.running
    app.clock.now += 100
    app.update()
    assert made(app) == 0
    for _ in range(9):
        press(app, pygame.K_MINUS, "-")
    assert app.controls.interval == 2.0
    press(app, pygame.K_SPACE, " ", pygame.KMOD_SHIFT)
    assert app.controls.drawn
    click_on(app, "Play on")
    assert not app.controls.running


def test_f2_hides_the_probabilities(app):
    shown = window(app)
    assert app._page().scene.chances is not None
    assert len(app._page().bars) == 4
    press(app, pygame.K_F2)
    assert app._page().scene.chances is None
    assert app._page().bars is None
    assert (shown != window(app)).any()
    click_on(app, "Overlay")
    assert app._page().scene.chances is not None


@pytest.mark.parametrize("key", ["Enter", "Shift + Enter", "Space", "Shift + Space", "+ -", "F2", "F1"])
def test_f1_lists_the_keys(app, key):
    press(app, pygame.K_F1)
    keys = [keys for keys, _ in app._page().card.lines]
    assert keys.count(key) == 1


def test_a_new_puzzle_gets_the_agent_too(maze):
    press(maze, pygame.K_RETURN, "\r")
    assert made(maze) == 1
    old = maze.game
    press(maze, pygame.K_n, "n")
    while maze.game is old:
        maze.update()
    assert maze.controls.player.game is maze.game
    assert made(maze) == 0
    assert not maze.controls.running
    press(maze, pygame.K_RETURN, "\r")
    assert len(maze.game.moves) == 1


def test_an_agent_of_another_family_leaves_this_puzzle():
    def only_6x6(family):
        if family.name != "sudoku-6x6":
            raise ValueError(f"an agent of sudoku-6x6, found {family.name}")
        return solver(family)

    app = opened("sudoku-6x6", only_6x6)
    old = app.game
    app.new(GeneratedPuzzles("sudoku-4x4"))
    while app._coming is not None:
        app.update()
    assert app.game is old
    assert app.notice == "an agent of sudoku-6x6, found sudoku-4x4"
    press(app, pygame.K_RETURN, "\r")
    assert made(app) == 1
    app.close()
    with pytest.raises(ValueError, match="found sudoku-4x4"):
        opened("sudoku-4x4", only_6x6)


def test_where_no_one_can_watch_it_runs_to_its_end():
    app = App(
        GeneratedPuzzles("sudoku-4x4"), seed=4, agent=Agent("solver", solver, CANDIDATES), running=True, interval=0.001
    )
    app.run()
    assert app.game.solved
    assert app.closed


@pytest.mark.parametrize("size", [(1280, 800), (420, 700), (360, 280)])
@pytest.mark.parametrize("family", ["sudoku-4x4", "sudoku-9x9", "maze-5x5", "maze-30x30"])
def test_the_bars_lie_below_the_board_inside_the_window(family, size):
    app = opened(family, random_legal, CANDIDATES if family.startswith("sudoku") else {})
    app._window._window.size = size
    app.update()
    assert np.array_equal(app._window.read(), to_array(app.draw()))
    layout, rects = app.screen.layout, [rect for rect, _ in app.screen.spots]
    assert len(rects) == len(app.items()) + (app.game.family.side if family.startswith("sudoku") else 0)
    board = layout.left, layout.top, layout.columns * layout.cell, layout.rows * layout.cell
    assert board[1] + board[3] < size[1]
    for a in [*rects, board]:
        assert a[0] >= 0
        assert a[1] >= 0
        assert a[0] + a[2] <= size[0]
        assert a[1] + a[3] <= size[1]
        for b in [*rects, board]:
            apart = a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]
            assert a is b or apart
    app.close()


# -- films -------------------------------------------------------------------------------------------------------------


def seated(family, policy=solver, environment=None, **agent):
    game = game_type(family.split("-")[0])(GeneratedPuzzles(family), 4)
    return Player(Agent("tested", policy, CANDIDATES if environment is None else environment, **agent), game)


def test_a_film_shows_every_board_and_ends_solved():
    player = seated("sudoku-4x4")
    shown = list(pictures(player, "dark"))
    blanks = int((player.game.puzzle == 0).sum())
    assert player.game.solved
    assert len(shown) == blanks + 1
    assert len({picture.shape for picture in shown}) == 1
    assert tuple(shown[0][0, 0]) == DARK.page
    assert not (shown[-2] == DARK.good).all(axis=2).any()
    assert (shown[-1] == DARK.good).all(axis=2).sum() > 1000
    assert len({picture.tobytes() for picture in shown}) == len(shown)


def test_a_film_ends_when_time_is_over():
    player = seated("maze-9x9", greedy, {}, max_moves=3)
    assert len(list(pictures(player, drawn=True))) <= 4


@pytest.mark.parametrize("suffix", [".gif", ".png"])
def test_films_are_written(tmp_path, suffix):
    path = tmp_path / f"film{suffix}"
    shown = [np.full((40, 50, 3), 5 * index, np.uint8) for index in range(30)]
    assert save_pictures(path, shown, 100) == path
    if suffix == ".gif":
        assert len(imageio.imread(path, index=None)) == 30
        return
    sheet = imageio.imread(path)
    assert sheet.shape[0] * sheet.shape[1] >= 20 * 40 * 50  # twenty of them
    assert sheet[0, 0, 0] == 0
    assert 5 * 29 in sheet
    assert len(set(np.unique(sheet)) - set(LIGHT.page)) == 20


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"suffix '.h5', expected one of .gif, .png, .mp4$"):
        check_film(tmp_path / "a.h5")


def test_a_puzzle_of_a_persons_own_is_played():
    source = GivenPuzzle("12..34...143432.", "sudoku-4x4")
    player = Player(Agent("solver", solver, CANDIDATES), game_type("sudoku")(source, 0))
    assert np.array_equal(player.scene().chances > 0, player.game.puzzle == 0)
