"""``SudokuEnv``: the Gymnasium environment of the Sudoku family."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

from air_envs.dynamics import Dynamics
from air_envs.env import PuzzleEnv, options_of
from air_envs.sources import PuzzleSource, make_source
from air_envs.sudoku.dynamics import SudokuPlace, SudokuPropose
from air_envs.vector import PuzzleVectorEnv

if TYPE_CHECKING:
    from puzzles.dataset import Dataset


class SudokuEnv(PuzzleEnv):
    """Fill the blank cells so that every row, column and box holds each digit once.

    ## Description

    A Sudoku of side n (4, 6, 8, 9, 10, 12, 15 or 16) with exactly one solution, generated or drawn from a dataset
    file. The agent either places one digit after another, or proposes whole grids, each an answer.

    Generated puzzles are random symmetric copies of base puzzles. These come from a pool that grows with the number of
    episodes: see `docs/environments/guide.md`. Evaluate on other bases than you train on: another `pool`,
    `pool=None`, or a dataset.

    ## Action Space

    `action_type="place"`: `Discrete(n * n * n)`. Action `(row * n + column) * n + digit - 1` puts `digit` into a cell.
    A cell that the agent filled before is overwritten. Givens cannot be: nothing changes, and `illegal` is counted up.
    The mask is advice: a placement that it leaves out is carried out all the same where no given is.

    With `erase=True` the space is `Discrete(n * n * (n + 1))` and the action `(row * n + column) * (n + 1) + digit`,
    where digit 0 empties a cell; the mask allows it in cells that the agent filled.

    `action_type="propose"`: `Box(0, n, (n, n), uint8)`. The grid becomes the action as it is. A proposal that changes
    a given solves nothing, and `illegal` is counted up. Integers of any width are taken.

    Whatever the space does not hold (a wrong type, shape or value) raises `air_envs.ActionError`, a `ValueError`, and
    changes nothing.

    ## Observation Space

    A `Dict` of two `Box(0, n, (n, n), uint8)`, where 0 is blank: `puzzle`, the unsolved grid, and `grid`, the current one. With
    `candidates=True` also `candidates`, `MultiBinary((n, n, n))`: `[row, column, digit - 1]` is 1 where the cell
    of `grid` is blank and `digit` stands nowhere in its row, column and box.

    ## Rewards

    `reward="sparse"`: 1 on the step that solves the puzzle, else 0.

    `reward="dense"`: the change of the fraction of blank cells that are as in the solution (a given that a proposal
    changes counts against it, down to 0).

    `reward="shaped"`: sparse, plus a potential that grows with the same progress and leaves the best policy as it is.

    `reward="conflict"`: sparse, less 0.1 for each cell that comes into conflict, plus 0.1 for each that comes out.

    The rewards of a solved episode sum to 1; those of `shaped`, discounted, to 1 more than the sparse ones do. The objects `air_envs.SparseReward`,
    `DenseReward`, `ShapedReward` and `ConflictReward` take penalties for illegal actions and for steps, a discount and
    the like; any callable from the dynamics to (N,) float64 may be passed.

    ## Starting State

    `grid` equals `puzzle`. `reset(options={"index": i})` takes row i of the dataset; `reset(options={"puzzle": p})`
    takes p, (n, n) integers or a text form, and raises `PuzzleError` unless it has exactly one solution.

    ## Episode End

    Terminated when the grid is the solution; with `end_on_contradiction=True`, `place` only, also when a digit stands
    twice in a row, column or box, or no digit fits a blank cell. Truncated by the time limit: 500 steps, or 100, 200
    and 1500 with `Sudoku4x4`, `Sudoku6x6` and `Sudoku16x16`, unless `max_episode_steps` says otherwise. With `propose`
    also truncated after `max_proposals` steps, 16 by default, as many as the published models take; a higher
    `max_episode_steps` alone does not change that.

    ## Information

    `reset` and `step` return the same keys:

    | key | type | |
    | --- | --- | --- |
    | `solved` | bool | whether the grid is the solution |
    | `filled` | int | cells that hold a digit, givens included |
    | `conflicts` | int | cells whose digit stands again in their row, column or box |
    | `steps` | int | steps taken this episode |
    | `illegal` | int | of them, actions on a given, or proposals that changed one |
    | `rating` | int | difficulty: guesses a solver makes, on the base puzzle for a copy from a pool |
    | `action_mask` | (actions,) int8 | `place` only: 1 for legal actions; `action_masks()` returns it as bool |
    | `solution` | (n, n) uint8 | only with `solution_in_info=True` |
    | `level` | int | only with a source that adapts, such as `air_envs.CurriculumPuzzles`: level of the puzzle |

    ## Arguments

    | argument | default | |
    | --- | --- | --- |
    | `size` | None | side n; None takes that of the dataset, 9 without one |
    | `level`, `clues`, `clues_max` | None | of generated puzzles, see `puzzles.sudoku.generator.SudokuOptions` |
    | `dataset` | None | an HDF5 dataset: its path, or an open `puzzles.Dataset`; None generates |
    | `split` | `"train"` | of the dataset: `"train"` or `"test"` |
    | `source` | None | any `air_envs.PuzzleSource`, in place of generator and dataset |
    | `generated` | None | a `dict`: what `level` and the like default to; an id's, which a dataset or source overrules |
    | `pool` | `0` | generated puzzles are copies of this pool's bases; None generates every puzzle from scratch |
    | `action_type` | `"place"` | `"place"` or `"propose"` |
    | `action_mask` | `"rule"` | what `place` allows: `"rule"`, any digit where no given is; `"candidates"`, only digits that stand nowhere in the cell's row, column and box; may come to allow nothing, unless the agent may `erase` or `end_on_contradiction` ends it before |
    | `erase` | False | whether `place` can empty a cell |
    | `end_on_contradiction` | False | whether `place` ends at the first contradiction |
    | `candidates` | False | observe the candidates of blank cells |
    | `max_proposals` | 16 | steps after which `propose` is truncated; None leaves it to the time limit |
    | `reward` | `"sparse"` | `"sparse"`, `"dense"`, `"shaped"`, `"conflict"` or a callable |
    | `solution_in_info` | False | put the solution into `info` |
    | `render_mode` | None | `"human"`, `"rgb_array"` or `"ansi"` |
    | `theme` | `"light"` | `"light"`, `"dark"` or an `air_envs.drawing.Theme` |
    | `pixels` | 480 | side of the picture |
    | `viewer` | None | draws in place of `air_envs.drawing.viewer.Viewer` |

    ## Version History

    * v0: Initial version. Until 29 November 2026 every generated puzzle was made from scratch, as with `pool=None`;
      a seed gives other puzzles since.
    """  # noqa: E501

    dynamics_types: ClassVar[dict[str, type[Dynamics]]] = {"place": SudokuPlace, "propose": SudokuPropose}
    variants: ClassVar[tuple[dict[str, Any], ...]] = ({"candidates": True},)

    def __init__(
        self,
        *,
        size: int | None = None,
        level: str | None = None,
        clues: int | None = None,
        clues_max: int | None = None,
        dataset: Dataset | str | os.PathLike[str] | None = None,
        split: str = "train",
        source: PuzzleSource | None = None,
        generated: dict[str, Any] | None = None,
        pool: int | None = 0,
        action_type: str = "place",
        action_mask: str = "rule",
        erase: bool = False,
        end_on_contradiction: bool = False,
        candidates: bool = False,
        **parts: Any,
    ):
        options = {"level": level, "clues": clues, "clues_max": clues_max}
        source = make_source("sudoku", (size, size), (9, 9), dataset, split, options, source, generated, pool)
        placing = options_of(
            "place",
            action_type,
            action_mask=(action_mask, "rule"),
            erase=(erase, False),
            end_on_contradiction=(end_on_contradiction, False),
        )
        super().__init__(source, action_type, candidates=candidates, **placing, **parts)


class SudokuVectorEnv(PuzzleVectorEnv):
    """N Sudokus at once: see ``PuzzleVectorEnv`` and, for all further arguments, ``SudokuEnv``."""

    env_type = SudokuEnv
