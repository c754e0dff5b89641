"""Agents at games: what they would do as numbers, moves that change the game, and what is refused."""

import numpy as np
import pytest

from agents.rl.baselines import greedy, random_legal, solver
from air_envs.given import GivenPuzzle
from air_envs.play import moves
from air_envs.play.agent import Agent, Player
from air_envs.play.maze import MazeGame
from air_envs.play.sudoku import SudokuGame
from air_envs.sources import GeneratedPuzzles

SUDOKU = GeneratedPuzzles("sudoku-4x4")
# Up and down of S are dead ends.
CROSSING = GivenPuzzle("  #  \nS   G\n  #  \n", "maze-3x5")


class Fixed:
    """Gives every action a weight; what is legal is scaled to 1. It keeps what it is shown."""

    def __init__(self, weights):
        self.weights = np.asarray(weights, np.float64)

    def probabilities(self, observations, masks):
        self.observations, self.masks = observations, masks
        chosen = self.weights * masks
        return (chosen / chosen.sum(1, keepdims=True)).astype(np.float32)


def sudoku(policy, seed=4, **environment):
    return Player(Agent("tested", lambda family: policy, environment), SudokuGame(SUDOKU, seed))


def maze(policy, source=CROSSING, **agent):
    return Player(Agent("tested", lambda family: policy, **agent), MazeGame(source, 0))


def weights(*chosen, actions=64):
    """(actions,) float64 of (action, weight), 0 elsewhere."""
    found = np.zeros(actions)
    for action, weight in chosen:
        found[action] = weight
    return found


def blanks(game):
    return np.argwhere(game.puzzle == 0).tolist()


def action(place, digit, values=4, erases=0):
    return (place[0] * 4 + place[1]) * values + digit - 1 + erases


def test_cells_show_the_probability_that_the_next_move_is_there():
    (first, second, *_), policy = blanks(SudokuGame(SUDOKU, 4)), Fixed([])
    policy.weights = weights((action(first, 1), 0.5), (action(first, 3), 0.25), (action(second, 2), 0.25))
    player = sudoku(policy)
    scene = player.scene()
    expected = np.zeros((4, 4))
    expected[tuple(first)], expected[tuple(second)] = 0.75, 0.25
    assert np.allclose(scene.chances, expected)
    assert np.allclose(scene.candidates[tuple(first)] ** 2, [0.5, 0, 0.25, 0])
    assert np.allclose(scene.candidates[tuple(second)] ** 2, [0, 0.25, 0, 0])
    assert scene.highlight is None
    row, column = first
    assert [bar.probability for bar in player.bars()] == pytest.approx([0.5, 0.25, 0.25])
    assert player.bars()[0] == (f"R{row + 1}C{column + 1} = 1", pytest.approx(0.5), True)
    assert [bar.lit for bar in player.bars()] == [True, False, False]


def test_a_policy_is_shown_its_own_environment_with_what_a_person_did():
    policy = Fixed(np.ones(80))
    player = sudoku(policy, erase=True, candidates=True, action_mask="candidates")
    game = player.game
    (row, column), peer = next(
        (one, other) for one in blanks(game) for other in blanks(game) if one != other and 1 in np.equal(one, other)
    )  # in one row or column
    assert player.probabilities.shape == (80,)
    digit = int(game.solution[row, column])
    game.selected = row, column
    game.enter(digit)
    player.probabilities  # noqa: B018 - asks the policy
    assert np.array_equal(policy.observations["grid"][0], game.grid)
    assert np.array_equal(policy.observations["puzzle"][0], game.puzzle)
    assert policy.observations["candidates"].shape == (1, 4, 4, 4)
    assert policy.masks[0].reshape(4, 4, 5)[row, column, 0]  # what was entered may be erased
    assert policy.masks[0].reshape(4, 4, 5)[..., 0].sum() == 1
    assert not policy.masks[0].reshape(4, 4, 5)[(*peer, digit)]  # it stands in the row or column already
    game.undo()
    player.probabilities  # noqa: B018
    assert np.array_equal(policy.observations["grid"][0], game.puzzle)


def test_erasing_is_a_move_of_agents_that_can():
    policy = Fixed(np.zeros(80))
    player = sudoku(policy, erase=True)
    game = player.game
    place, *_ = blanks(game)
    wrong = int(game.solution[tuple(place)]) % 4 + 1
    game.selected = tuple(place)
    game.enter(wrong)
    policy.weights[action(place, 0, 5, 1)] = 1
    assert player.scene().chances[tuple(place)] == 1
    assert not player.scene().candidates.any()
    made = player.move()
    assert made == (f"R{place[0] + 1}C{place[1] + 1} = blank", 1.0, True)
    assert np.array_equal(game.grid, game.puzzle)


def test_moves_change_the_game_and_are_undone():
    game = SudokuGame(SUDOKU, 4)
    place, other, *_ = blanks(game)
    right, wrong = int(game.solution[tuple(place)]), int(game.solution[tuple(other)]) % 4 + 1
    policy = Fixed(weights((action(place, right), 0.7), (action(other, wrong), 0.3)))
    player = sudoku(policy)
    game = player.game
    assert player.move().right
    row, column = place
    assert game.grid[row, column] == right
    assert game.message == f"tested: R{row + 1}C{column + 1} = {right} with 70 %, right"
    policy.weights[action(place, right)] = 0
    assert not player.move().right
    assert game.grid[tuple(other)] == wrong
    assert game.message.endswith("with 100 %, wrong")
    assert player.record() == (1, 2)
    game.undo()
    assert player.record() == (1, 1)
    assert game.grid[tuple(other)] == 0
    game.redo()
    assert player.record() == (1, 2)
    game.undo()
    game.undo()
    game.selected = tuple(other)
    game.enter(int(game.solution[tuple(other)]))  # in place of the agent's moves, which are forgotten
    assert player.record() == (0, 0)


def test_one_answer_for_every_board():
    class Counting(Fixed):
        asked = 0

        def probabilities(self, observations, masks):
            self.asked += 1
            return super().probabilities(observations, masks)

    policy = Counting(np.ones(64))
    player = sudoku(policy)
    for _ in range(3):
        player.bars(), player.scene(), player.best
    assert policy.asked == 1
    player.move()
    player.scene()
    assert policy.asked == 2


def test_drawn_moves_follow_the_probabilities():
    drawn = []
    for seed in range(60):
        player = maze(Fixed([0.0, 0.75, 0.0, 0.25]))
        player.game.move(1)  # now there is a way back
        player._rng = np.random.default_rng(seed)
        drawn.append(player.move(drawn=True).label)
        assert maze(Fixed([0.0, 0.75, 0.0, 0.25])).move().label == "right"
    assert 30 < drawn.count("right") < 58
    assert set(drawn) == {"right", "left"}


def test_equal_moves_are_taken_by_chance():
    player = maze(random_legal("maze"))
    assert sorted(player.best.tolist()) == [0, 1, 2]
    made = set()
    for seed in range(30):
        player = maze(random_legal("maze"))
        player._rng = np.random.default_rng(seed)
        made.add(player.move().label)
    assert made == {"up", "right", "down"}


def test_mazes_show_the_neighbours_that_a_move_leads_to():
    player = maze(Fixed([0.1, 0.6, 0.3, 0.0]))
    scene = player.scene()
    assert scene.chances[1, 1] == pytest.approx(0.6)
    assert scene.chances[0, 0] == pytest.approx(0.1)
    assert scene.chances[2, 0] == pytest.approx(0.3)
    assert np.count_nonzero(scene.chances) == 3
    assert [(bar.label, round(bar.probability, 3), bar.lit) for bar in player.bars()] == [
        ("up", 0.1, False),
        ("right", 0.6, True),
        ("down", 0.3, False),
        ("left", 0.0, False),
    ]


def test_an_agent_that_walks_back_has_been_there():
    policy = Fixed([0, 0, 1, 0])
    player = maze(policy)
    game = player.game
    assert not player.move().right
    assert game.message == "tested: down with 100 %, a detour"
    policy.weights = np.array([1.0, 0, 0, 0])
    assert player.move().right
    assert game.moves == (2, 0)
    assert game.agent == (1, 0)
    player.probabilities  # noqa: B018
    assert policy.observations["grid"][0, 2, 0] == 4
    assert policy.observations["agent"].tolist() == [[1, 0]]
    game.undo()
    assert game.moves == (2,)
    assert game.agent == (2, 0)
    game.key("up")  # a person's way back takes the move back
    assert game.moves == ()
    assert player.record() == (0, 1)  # the agent has made it all the same


def test_an_agent_with_a_view_sees_no_more():
    policy = Fixed([1, 1, 1, 1])
    player = maze(policy, environment={"view": 3})
    player.move()
    assert set(policy.observations) == {"view"}
    assert policy.observations["view"].shape == (1, 3, 3)


@pytest.mark.parametrize("family", ["sudoku-4x4", "sudoku-9x9", "maze-9x9"])
def test_the_solver_solves_in_right_moves_alone(family):
    source = GeneratedPuzzles(family)
    game = (SudokuGame if family.startswith("sudoku") else MazeGame)(source, 1)
    player = Player(Agent("solver", solver), game)
    count = 0
    while not player.ending():
        player.move()
        count += 1
    assert player.ending() == "Solved"
    assert player.record() == (count, count)
    assert not player.probabilities.any()
    assert player.best.size == 0
    assert player.move() is None
    assert game.solved


def test_going_in_circles_ends_it_unless_moves_are_drawn():
    class Pacing(Fixed):
        def probabilities(self, observations, masks):
            self.weights = np.array(
                [[1.0, 0, 0, 0] if row == 2 else [0, 0, 1.0, 0] for row, _ in observations["agent"]]
            )
            return super().probabilities(observations, masks)

    player = maze(Pacing([]))
    for _ in range(7):
        assert player.ending() == ""
        player.move()
    assert player.ending() == "It goes in circles"
    assert player.ending(drawn=True) == ""


def test_time_is_over_after_the_moves_of_its_environment():
    player = maze(Fixed([1, 1, 1, 1]), max_moves=2)
    player.move()
    assert player.ending() == ""
    player.move()
    assert player.ending() == "Its time is over after 2 moves"


def test_a_contradiction_ends_the_episode_of_agents_for_whom_it_does():
    game = SudokuGame(SUDOKU, 4)
    ends, goes_on = (
        Player(Agent("tested", random_legal, {"end_on_contradiction": ends}), game) for ends in (True, False)
    )
    assert ends.ending() == goes_on.ending() == ""
    place, *_ = blanks(game)
    game.selected = tuple(place)
    game.enter(next(int(digit) for digit in game.puzzle[place[0]] if digit))
    assert ends.ending() == "Its episode ends here: the board contradicts itself"
    assert goes_on.ending() == ""
    game.undo()
    assert ends.ending() == ""


def test_no_legal_move_ends_it():
    full = SudokuGame(SUDOKU, 4).solution.copy()
    (one, other), full[0, :2] = full[0, :2].tolist(), 0
    game = SudokuGame(GivenPuzzle(full, "sudoku-4x4"), 0)
    player = Player(Agent("greedy", greedy, {"action_mask": "candidates"}), game)
    assert player.ending() == ""
    for place, digit in (((0, 0), other), ((0, 1), one)):
        game.selected = place
        game.enter(digit)
    assert not game.solved
    assert player.bars() == []
    assert player.ending() == "No legal move is left"
    assert player.move() is None


def test_games_without_agents_are_refused(monkeypatch):
    monkeypatch.delitem(moves._MOVES, "sudoku")
    with pytest.raises(ValueError, match=r"^no agent plays 'sudoku', expected one of \['maze'\]: see register_moves$"):
        sudoku(random_legal)
    moves.register_moves("sudoku", moves.SudokuMoves)
    assert sudoku(random_legal("sudoku-4x4")).probabilities.any()
