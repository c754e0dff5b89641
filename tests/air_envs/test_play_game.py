import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puzzles
from air_envs.play.game import game_type, minutes, register_game
from air_envs.play.maze import MazeGame
from air_envs.play.sudoku import SudokuGame
from air_envs.sources import GeneratedPuzzles
from puzzles.maze.cells import GOAL, OPEN, PATH, START, WALL
from puzzles.sudoku import rules

SUDOKU = GeneratedPuzzles("sudoku-6x6")


class Posed:
    """A source of one puzzle."""

    def __init__(self, name, grid):
        self.family = puzzles.family(name)
        self.grid = np.asarray(grid, np.uint8)[None]

    def load(self, keys):
        return puzzles.Puzzles(self.grid, self.family.solve(self.grid), self.family.rate(self.grid))

    def draw(self, np_random):
        return 0


# Two ways from S to G: 4 moves along the top, 6 around the wall below.
MAZE = Posed(
    "maze-3x5",
    [[START, OPEN, OPEN, OPEN, GOAL], [OPEN, WALL, WALL, WALL, OPEN], [OPEN, OPEN, OPEN, OPEN, OPEN]],
)


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_are_of_64_bits(seed):
    with pytest.raises(ValueError, match=rf"^seed {seed}, expected 0 <= seed < 2\*\*64$"):
        SudokuGame(SUDOKU, seed)


@pytest.fixture
def game():
    return SudokuGame(SUDOKU, seed=4)


@pytest.fixture
def maze():
    return MazeGame(MAZE, seed=0)


def blanks(game):
    return [tuple(place) for place in np.argwhere(game.puzzle == 0).tolist()]


def press(game, label):
    (item,) = [item for item in game.items() if item.label == label]
    assert item.enabled
    item.act()


def state_of(game):
    return [np.array(value, copy=True) for value in game._state] + [game.info["filled"]]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


# -- Sudoku ------------------------------------------------------------------------------------------------------------


def test_digits_go_to_the_selected_cell_and_out_again(game):
    place = blanks(game)[3]
    game.point(place)
    assert game.key("5")
    assert game.grid[place] == 5
    assert game.info["filled"] == (game.puzzle > 0).sum() + 1
    game.key("5")
    assert game.grid[place] == 0
    game.key("2")
    game.key("backspace")
    assert game.grid[place] == 0
    assert not game.key("7")  # no digit of a 6x6
    assert not game.key("q")


def test_givens_stay(game):
    place = tuple(np.argwhere(game.puzzle > 0)[0].tolist())
    game.point(place)
    before = state_of(game)
    for key in ("1", "2", "backspace"):
        game.key(key)
    game.key("1", shift=True)
    assert same(state_of(game), before)
    assert not next(item for item in game.items() if item.label == "Erase").enabled


def test_letters_are_digits_where_the_side_has_them():
    game = SudokuGame(GeneratedPuzzles("sudoku-16x16"), seed=0)
    game.key("g")
    assert game.grid[game.selected] == 16
    assert len(game.pad()) == 4
    assert game.pad()[3][3].label == "G"
    # No command's key is a digit of any side.
    assert not {item.key.upper() for item in game.items()} & set(game.family.cells)


def test_arrows_go_round(game):
    game.point((0, 0))
    for key, place in (("up", (5, 0)), ("left", (5, 5)), ("down", (0, 5)), ("right", (0, 0))):
        game.key(key)
        assert game.selected == place


def test_pencil_marks_and_what_wipes_them(game):
    places = blanks(game)
    first = places[0]
    game.point(first)
    game.key("3", shift=True)
    press(game, "Pencil")
    game.key("4")
    assert np.flatnonzero(game.pencil[first]).tolist() == [2, 3]
    game.key("3")
    assert np.flatnonzero(game.pencil[first]).tolist() == [3]
    game.key("4", shift=True)  # enters while pencilling
    assert game.grid[first] == 4
    assert not game.pencil[first].any()
    game.key("2")  # a filled cell takes no marks
    assert not game.pencil[first].any()
    press(game, "Undo")
    assert np.flatnonzero(game.pencil[first]).tolist() == [3]
    game.key("backspace")
    assert not game.pencil.any()


def test_all_marks_are_the_candidates_and_entries_strike_them(game):
    press(game, "All marks")
    bits = rules.candidates(game.puzzle[None], game.family.box_rows)[0]
    assert np.array_equal((game.pencil << np.arange(6)).sum(axis=2), bits)
    place = blanks(game)[0]
    game.point(place)
    digit = int(game.solution[place])
    game.enter(digit)
    bits = rules.candidates(game.grid[None], game.family.box_rows)[0]
    assert np.array_equal((game.pencil << np.arange(6)).sum(axis=2), bits)
    press(game, "All marks")
    assert not game.pencil.any()


def test_check_marks_what_is_wrong_until_it_changes(game):
    first, second = blanks(game)[:2]
    for place, wrong in ((first, 1), (second, 0)):
        game.point(place)
        game.enter((int(game.solution[place]) - 1 + wrong) % 6 + 1)
    game.check()
    assert np.argwhere(game.wrong).tolist() == [list(first)]
    assert game.message == "1 entry is wrong"
    assert np.array_equal(game.scene().wrong, game.wrong)
    game.point(first)
    game.enter(int(game.solution[first]))
    assert not game.wrong.any()
    game.check()
    assert game.message == "No mistakes so far"


def test_a_hint_fills_the_selected_cell_and_is_counted_and_marked(game):
    place = blanks(game)[5]
    game.point(place)
    game.enter(int(game.solution[place]) % 6 + 1)
    game.hint()
    assert game.grid[place] == game.solution[place]
    assert game.scene().hinted[place]
    assert game.hints == 1
    assert game.message.startswith(f"Row {place[0] + 1}, column {place[1] + 1} is ")
    game.hint()  # the selected cell is right: another one
    assert game.scene().hinted.sum() == 2
    game.undo()
    game.undo()
    assert game.hints == 2  # a hint seen stays seen
    assert not game.scene().hinted.any()


def test_hints_alone_solve_it_and_the_clock_stops():
    clock = Clock()
    game = SudokuGame(SUDOKU, 1, clock)
    clock.now += 65
    assert minutes(game.seconds) == "1:05"
    while not game.solved:
        game.hint()
    assert game.env.unwrapped.dynamics.solved[0]
    clock.now += 1000
    assert minutes(game.seconds) == "1:05"
    assert game.verdict() == f"Solved in 1:05, {len(blanks(game))} hints"
    before = state_of(game)
    game.undo()
    game.key("1")
    game.hint()
    assert same(state_of(game), before)
    assert not any(item.enabled for item in game.items())


def test_the_pad_shuts_digits_that_stand_often_enough(game):
    while not game.solved:
        game.hint()
    assert not any(item.enabled for row in game.pad() for item in row)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 35), st.sampled_from("123456bmi"), st.booleans()), min_size=1, max_size=25))
def test_undo_and_redo_walk_every_state(actions):
    game = SudokuGame(SUDOKU, seed=2)
    seen = [state_of(game)]
    for cell, key, shift in actions:
        game.point(divmod(cell, 6))
        {"m": game.mark_all, "i": game.hint, "b": game.erase}.get(
            key, lambda key=key, shift=shift: game.key(key, shift)
        )()
        if game.solved:
            return
        if game._at == len(seen):
            seen.append(state_of(game))
        assert np.array_equal(game.grid, game.env.unwrapped.dynamics.grid[0])
    for number in reversed(range(len(seen) - 1)):
        game.undo()
        assert same(state_of(game), seen[number])
    game.undo()
    assert same(state_of(game), seen[0])
    for state in seen[1:]:
        game.redo()
        assert same(state_of(game), state)


# -- mazes -------------------------------------------------------------------------------------------------------------


def test_walking_and_walking_back(maze):
    for key in ("d", "right", "l"):
        assert maze.key(key)
    assert maze.agent == (0, 3)
    assert (maze.scene().cells[0, 1:4] == PATH).all()
    maze.key("left")
    assert maze.agent == (0, 2)
    assert maze.scene().cells[0, 3] == OPEN
    maze.key("down")  # a wall
    assert maze.agent == (0, 2)
    assert maze.walk == [(0, 0), (0, 1), (0, 2)]
    press(maze, "Undo")  # walking back was a change too
    assert maze.agent == (0, 3)
    press(maze, "Redo")
    assert maze.agent == (0, 2)
    assert maze.facts()[0] == ("Moves", "2")


def test_pointing_walks_straight_in_sight(maze):
    maze.point((1, 1))
    assert maze.agent == (0, 0)
    maze.point((2, 0))
    maze.point((2, 3), dragged=True)
    assert maze.walk[-1] == (2, 3)
    maze.point((0, 3))  # behind a wall
    assert maze.agent == (2, 3)
    maze.point((2, 0))
    assert len(maze.walk) == 3  # back again


def test_shift_walks_to_the_next_junction(maze):
    maze.key("down", shift=True)
    assert maze.agent == (0, 4)
    assert maze.solved


def test_a_detour_is_solved_and_said(maze):
    for place in ((2, 0), (2, 4), (0, 4)):
        maze.point(place)
    assert maze.solved
    assert maze.verdict().endswith("no hints: 8 moves, 4 would do")
    assert not maze.move(1)


def test_check_marks_the_walk_off_every_shortest_way(maze):
    maze.key("right")
    maze.check()
    assert maze.message == "On a shortest way"
    assert not maze.wrong.any()
    maze.key("left")
    maze.point((2, 0))
    maze.check()
    assert np.argwhere(maze.wrong).tolist() == [[1, 0], [2, 0]]
    maze.undo()
    assert not maze.wrong.any()


def test_hints_lead_along_a_shortest_way_even_back(maze):
    maze.point((2, 0))
    for place in ((1, 0), (0, 0), (0, 1)):
        maze.hint()
        assert maze.agent == place
    assert np.argwhere(maze.scene().hinted).tolist() == [[0, 1]]
    assert maze.message == "Go right"
    while not maze.solved:
        maze.hint()
    assert maze.hints == 6
    assert maze.verdict().endswith("6 hints: 4 moves, a shortest way")


@pytest.mark.parametrize("generator", ["perfect", "percolation"])
def test_undo_and_redo_of_random_walks(generator):
    game = MazeGame(GeneratedPuzzles("maze-9x9", generator=generator), seed=5)
    rng, walks = np.random.default_rng(0), [game.walk]
    for _ in range(60):
        if game.move(int(rng.integers(4))):
            walks.append(game.walk)
        if game.solved:
            break
        dynamics = game.env.unwrapped.dynamics
        assert tuple(dynamics.agent[0].tolist()) == game.agent
        marked = {tuple(place) for place in np.argwhere(dynamics.grid[0] == PATH).tolist()}
        assert marked == {place for place in game.walk if game.puzzle[place] == OPEN}
    if not game.solved:
        for walk in reversed(walks[:-1]):
            game.undo()
            assert game.walk == walk
        for walk in walks[1:]:
            game.redo()
            assert game.walk == walk


# -- what both share ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sudoku-4x4", "maze-9x9"])
def test_a_seed_names_a_puzzle(name):
    source = GeneratedPuzzles(name)
    game = game_type(source.family.kind)
    assert np.array_equal(game(source, 7).puzzle, game(source, 7).puzzle)
    assert not np.array_equal(game(source, 7).puzzle, game(source, 8).puzzle)


def test_unknown_kinds_are_told_how_to_become_known(monkeypatch):
    from air_envs.play import game as module

    monkeypatch.setattr(module, "_GAMES", dict(module._GAMES))
    with pytest.raises(ValueError, match="register_game"):
        game_type("kakuro")
    register_game("kakuro", "air_envs.play.maze:MazeGame")
    assert game_type("kakuro") is MazeGame


def test_times():
    assert [minutes(s) for s in (0, 59.9, 60, 3599, 3600, 7384)] == [
        "0:00",
        "0:59",
        "1:00",
        "59:59",
        "1:00:00",
        "2:03:04",
    ]
