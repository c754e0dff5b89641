"""``MazeEnv``: the Gymnasium environment of the maze family."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from air_envs.dynamics import Dynamics
from air_envs.env import PuzzleEnv, options_of
from air_envs.maze.dynamics import MazeMove, MazePropose
from air_envs.sources import PuzzleSource, make_source
from air_envs.vector import PuzzleVectorEnv

if TYPE_CHECKING:
    from puzzles.dataset import Dataset


class MazeEnv(PuzzleEnv):
    """Find a way, or mark a shortest path, from start to goal.

    ## Description

    A maze of rows x columns cells, generated or drawn from a dataset file. A cell is 0 wall, 1 open, 2 start, 3 goal
    or 4 path. The agent either walks one move after another, or proposes whole paths, each an answer.

    Perfect and braided mazes are generated in microseconds, each from scratch. Percolation mazes with long paths, such
    as those of `MazeHard`, take milliseconds: they are random reflections and rotations of base mazes. These come from
    a pool that grows with the number of episodes: see `docs/environments/guide.md`. Evaluate on other bases
    than you train on: another `pool`, `pool=None`, or a dataset.

    ## Action Space

    `action_type="move"`: `Discrete(4)`: 0 up, 1 right, 2 down, 3 left. A move against a wall or over the edge leaves
    the agent where it is; it counts as a step, and `illegal` is counted up.

    `action_type="propose"`: `Box(0, 4, (rows, columns), uint8)`. Only the path cells (4) are read: they are the path.
    All other values are ignored, and so are path cells on start and goal. A path cell on a wall solves nothing, and
    `illegal` is counted up. Integers of any width are taken.

    Whatever the space does not hold (a wrong type, shape or value) raises `air_envs.ActionError`, a `ValueError`, and
    changes nothing.

    ## Observation Space

    A `Dict`:

    * `puzzle`, `Box(0, 4, (rows, columns), uint8)`: the unsolved maze.
    * `grid`, the same space: the maze with the cells that the agent has visited, or proposes, as path.
    * `agent`, `MultiDiscrete([rows, columns])`, with `move` only: row and column of the agent.

    With `view=k`, `move` only, the agent sees no more than its surroundings: the only part is `view`,
    `Box(0, 4, (k, k), uint8)`, the cells of `grid` around the agent, which stands in the middle; walls beyond the edge.

    ## Rewards

    `reward="sparse"`: 1 on the step that solves the maze, else 0.

    `reward="dense"`: the change of a progress that is 1 when solved. `move`: 1 - distance / optimal length, so a move
    yields 1 / optimal length when it leads nearer to the goal, and costs as much when it leads away. `propose`: the
    moves that the marked cells make towards the goal, followed from the start as far as they lead, divided by the
    optimal length plus the marked cells that are of no use.

    `reward="shaped"`: sparse, plus a potential that grows with the same progress and leaves the best policy as it is.

    The rewards of a solved episode sum to 1; those of `shaped`, discounted, to 1 more than the sparse ones do. The objects `air_envs.SparseReward`,
    `DenseReward` and `ShapedReward` take penalties for illegal actions and for steps, and a discount; any callable from
    the dynamics to (N,) float64 may be passed.

    ## Starting State

    The agent stands at the start; `grid` equals `puzzle`. `reset(options={"index": i})` takes row i of the dataset;
    `reset(options={"puzzle": p})` takes p, (rows, columns) integers or a text form, and raises `PuzzleError` if it is no
    maze or has no way to the goal.

    ## Episode End

    Terminated, with `move`, when the agent stands on the goal, by whatever way; with `propose`, when the marked cells
    are a shortest path, any of them, and nothing else. Truncated by the time limit: 1000 steps, or 2000 with
    `MazePerfect` and `MazeHard`, unless `max_episode_steps` says otherwise. With `propose` also truncated after
    `max_proposals` steps, 16 by default, as many as the published models take; a higher `max_episode_steps` alone does
    not change that.

    ## Information

    `reset` and `step` return the same keys:

    | key | type | |
    | --- | --- | --- |
    | `solved` | bool | whether the agent stands on the goal, or the proposal is a shortest path |
    | `distance` | int | moves to the goal from the agent, or from where the proposed path ends |
    | `optimal_length` | int | moves of a shortest path |
    | `efficiency` | float | `move`: optimal length / steps once solved, 0 before; `propose`: progress, as above |
    | `steps` | int | steps taken this episode |
    | `illegal` | int | of them, moves against a wall or edge, or proposals with a path cell on a wall |
    | `rating` | int | difficulty: moves of a shortest path, as the source rates it |
    | `action_mask` | (4,) int8 | `move` only: 1 for legal moves; `action_masks()` returns it as bool |
    | `solution` | (rows, columns) uint8 | only with `solution_in_info=True`: one shortest path |
    | `level` | int | only with a source that adapts, such as `air_envs.CurriculumPuzzles`: level of the puzzle |

    ## Arguments

    | argument | default | |
    | --- | --- | --- |
    | `rows`, `columns` | None | shape; None takes that of the dataset, 9 without one |
    | `generator` | None | `"perfect"` (the default), `"braided"` or `"percolation"`, see `puzzles.maze.generator.MazeOptions` |
    | `algorithm`, `braid` | None | of perfect and braided mazes, see there |
    | `min_path` | None | moves that the shortest path of generated mazes has at least |
    | `dataset` | None | an HDF5 dataset: its path, or an open `puzzles.Dataset`; None generates |
    | `split` | `"train"` | of the dataset: `"train"` or `"test"` |
    | `source` | None | any `air_envs.PuzzleSource`, in place of generator and dataset |
    | `generated` | None | a `dict`: what `generator` and the like default to; an id's, which a dataset or source overrules |
    | `pool` | `0` | percolation mazes with long paths are copies of this pool's bases; None generates every maze from scratch |
    | `action_type` | `"move"` | `"move"` or `"propose"` |
    | `view` | None | side of the square around the agent that `move` observes; None observes all |
    | `max_proposals` | 16 | steps after which `propose` is truncated; None leaves it to the time limit |
    | `reward` | `"sparse"` | `"sparse"`, `"dense"`, `"shaped"` or a callable |
    | `solution_in_info` | False | put the solution into `info` |
    | `render_mode` | None | `"human"`, `"rgb_array"` or `"ansi"` |
    | `theme` | `"light"` | `"light"`, `"dark"` or an `air_envs.drawing.Theme` |
    | `pixels` | 480 | longer side of the picture |
    | `viewer` | None | draws in place of `air_envs.drawing.viewer.Viewer` |

    ## Version History

    * v0: Initial version. Until 29 November 2026 every generated maze was made from scratch, as with `pool=None`; where
      mazes come from a pool, a seed gives other ones since.
    """  # noqa: E501

    dynamics_types: ClassVar[dict[str, type[Dynamics]]] = {"move": MazeMove, "propose": MazePropose}
    variants: ClassVar[tuple[dict[str, Any], ...]] = ({"view": 3},)

    def __init__(
        self,
        *,
        rows: int | None = None,
        columns: int | None = None,
        generator: str | None = None,
        algorithm: str | None = None,
        braid: float | None = None,
        min_path: int | None = None,
        dataset: Dataset | str | os.PathLike[str] | None = None,
        split: str = "train",
        source: PuzzleSource | None = None,
        generated: dict[str, Any] | None = None,
        pool: int | None = 0,
        action_type: str = "move",
        view: int | None = None,
        **parts: Any,
    ):
        options = {"generator": generator, "algorithm": algorithm, "braid": braid, "min_path": min_path}
        source = make_source("maze", (rows, columns), (9, 9), dataset, split, options, source, generated, pool)
        super().__init__(source, action_type, **options_of("move", action_type, view=(view, None)), **parts)


class MazeVectorEnv(PuzzleVectorEnv):
    """N mazes at once: see ``PuzzleVectorEnv`` and, for all further arguments, ``MazeEnv``."""

    env_type = MazeEnv
