"""A trained AIR model that plays: it proposes a grid per ACT step, and shows every update it makes on the way."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import puzzles
from agents.checkpoints.compression import stored
from agents.checkpoints.folder import CONFIG, WEIGHTS
from agents.data.batches import to_cells, to_tokens
from agents.models.air import AIR, Output, State
from agents.models.compiling import compiled
from agents.models.devices import pick_device, pick_dtype
from agents.pretrained import find, load_pretrained
from agents.thinking.acting import PROPOSE, Masks, Plan, stepwise, stepwise_in
from agents.thinking.thoughts import Decoded, Proposal, Subject, Thought, proposed


class AIRAgent:
    """Plays puzzle environments; ``predict`` has Stable-Baselines3's signature.

    An agent proposes whole grids unless it is given another way of acting, or the environment:

        evaluate_policy(agent.for_env(env), env)

    Args:
        model: trained, on its device.
        dtype: of the hidden states: float32 by default, as exact as the weights; bfloat16 is faster on a GPU.
        compile: compile the ACT step with torch.compile, once per batch size.
        action_type: of the environments to play: ``"propose"``, whole grids; ``"place"``, a Sudoku's digits one by
            one; ``"move"``, through a maze step by step.

    Raises:
        ValueError: another action type.
    """

    step: Callable[[Tensor, State], tuple[State, Output]]
    """Takes one ACT step of a batch, compiled or not: the model's ``forward``."""

    def __init__(
        self, model: AIR, dtype: torch.dtype = torch.float32, compile: bool = False, action_type: str = PROPOSE
    ):
        self.model = model.eval()
        self.dtype = dtype
        self.compile = compile
        self.step = compiled(self.model, "default" if compile else "off")
        self.family = puzzles.family(model.config.family)
        self._stepwise = stepwise(action_type)

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path,
        device: str = "auto",
        dtype: str = "float32",
        compile: bool = False,
        family: str | None = None,
        action_type: str = PROPOSE,
    ) -> AIRAgent:
        """Load an agent from a checkpoint folder, by the name of a shipped model, or from the hub.

        Args:
            name_or_path: a folder; else ``"air_envs/sudoku-6x6"`` or ``"sudoku-6x6"`` where such a model is shipped;
                else ``"someone/their-model"`` on the hub.
            device: cpu, cuda, mps, or auto for the best there is.
            dtype: of the hidden states.
            compile: compile the ACT step with torch.compile, once per batch size.
            family: another grid shape to play than the model was trained on; see ``AIR.resized``.
            action_type: of the environments to play: ``"propose"``, ``"place"`` or ``"move"``.

        Raises:
            CheckpointError: no such checkpoint, or a damaged one.
            ValueError: the model's weights don't fit that family, or no such action type.
        """
        where = pick_device(device)
        model = load_pretrained(name_or_path, where)
        if family is not None:
            model = model.resized(family)
        return cls(model, pick_dtype(dtype, where), compile, action_type)

    @property
    def device(self) -> torch.device:
        """Where the model lives."""
        return self.model.H_init.device

    @property
    def action_type(self) -> str:
        """How it acts: ``"propose"``, ``"place"`` or ``"move"``."""
        return self._stepwise.name if self._stepwise else PROPOSE

    def for_env(self, env: Any) -> AIRAgent:
        """Return this agent with the actions that an environment takes; both share the model.

        Args:
            env: a puzzle environment, single, vector, or a ``VecEnv`` of Stable-Baselines3.

        Raises:
            ValueError: it takes neither whole grids nor placements nor moves of the agent's family.
        """
        space = getattr(env, "single_action_space", None) or env.action_space
        other = copy.copy(self)
        other._stepwise = stepwise_in(space, self.family)
        return other

    def for_family(self, family: puzzles.PuzzleFamily) -> AIRAgent:
        """Return this agent for another grid shape, itself for its own; both share the weights.

        Raises:
            ValueError: the model's weights don't fit that family.
        """
        if family == self.family:
            return self
        other = AIRAgent(self.model.resized(family.name, tied=True), self.dtype, self.compile)
        other._stepwise = self._stepwise
        return other

    @torch.inference_mode()
    def predict(
        self,
        observation: Mapping[str, Any],
        state: State | Plan | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
        action_masks: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[Any], Any]:
        """Act: propose the decoded z_H after one more ACT step, or place or move as the answer says.

        An agent that places or moves thinks a puzzle through when its episode starts, for the model's maximum of ACT
        steps, and then acts on that answer, the most confident cell first.

        Args:
            observation: of a puzzle environment; its ``"puzzle"`` is (rows, columns), or (N, rows, columns) batched.
            state: what the last call returned; None starts afresh.
            episode_start: (N,) bool, where a new episode begins.
            deterministic: there for Stable-Baselines3's sake; the answer always is.
            action_masks: (actions,) or (N, actions) bool, of placements or moves; None takes those that change
                something.

        Returns:
            The proposal, uint8 in the puzzle's shape, or the action, int64 of shape () or (N,); and the state for the
            next call.

        Raises:
            PuzzleError: the puzzle is not of the model's family.
            ValueError: the observation lacks a part.
        """
        needed = self._stepwise.observes if self._stepwise else ("puzzle",)
        if not isinstance(observation, Mapping) or any(part not in observation for part in needed):
            found = sorted(observation) if isinstance(observation, Mapping) else type(observation).__name__
            raise ValueError(f"observation {found}, expected a Dict with {', '.join(needed)}")
        puzzle = np.asarray(observation["puzzle"])
        batched = puzzle.ndim == 3
        starts = None if episode_start is None else np.asarray(episode_start, np.bool_).reshape(-1)
        if self._stepwise is None:
            grids, state = self._propose_next(puzzle if batched else puzzle[None], state, starts)
            return grids.reshape(puzzle.shape), state
        parts = {part: np.asarray(observation[part]) for part in needed}
        if not batched:
            parts = {part: values[None] for part, values in parts.items()}
        plan = self._plan(parts["puzzle"], state, starts)
        masks: Masks = None if action_masks is None else np.atleast_2d(np.asarray(action_masks, np.bool_))
        actions = self._stepwise.act(self.family, plan, parts, masks)
        return (actions if batched else actions[0]), plan

    def think(
        self,
        observation: Mapping[str, Any],
        act_steps: int | None = None,
        program: str | None = None,
        after: Thought | None = None,
    ) -> Iterator[Thought]:
        """Yield every update of a puzzle's solution as it happens; what a thought shows is computed when asked for.

        Args:
            observation: of a puzzle environment; its ``"puzzle"`` is (rows, columns), or (N, rows, columns) batched.
            act_steps: how many ACT steps to take in all, by default the model's maximum.
            program: what to run in each, by default the model's; ``agents.config.program.freeze`` makes variants.
            after: continue from this thought, at its place in the program, with the puzzle of the observation: another
                program, other states (``Thought.with_state``) or another puzzle make a branch.

        Raises:
            PuzzleError: the puzzle is not of the model's family.
            ValueError: less than one ACT step, or an unknown update.
        """
        program = program or self.model.config.program
        act_steps = self.act_steps(act_steps)
        thought = self.before_thinking(observation, None if after is None else after.state)
        subject, state, decoded = thought.subject, thought.state, (thought.z_H, thought.z_L)
        first = 0 if after is None else after.update
        for update in range(first + 1, act_steps * len(program) + 1):
            act_step, position = divmod(update - 1, len(program))
            with torch.inference_mode():
                before, state = state, self.model.update(program[position], state, subject.x)
            thought = Thought(subject, act_step + 1, update, program[position], before, state, decoded)
            decoded = thought.z_H, thought.z_L
            yield thought

    @torch.inference_mode()
    def before_thinking(self, observation: Mapping[str, Any], state: State | None = None) -> Thought:
        """Return the state of mind before the first update: ACT step and update 0, letter "".

        Args:
            observation: as for ``think``.
            state: initial, (B, S, D) each; by default the one that every puzzle starts from.

        Raises:
            PuzzleError: the puzzle is not of the model's family.
        """
        puzzle = np.asarray(observation["puzzle"])
        grids = puzzle if puzzle.ndim == 3 else puzzle[None]
        x = self.model.embed(self.tokens(grids), self.dtype)
        subject = Subject(self.model, self.family, grids, x, single=puzzle.ndim == 2)
        state = self.initial_state(len(grids)) if state is None else state
        z_L = Decoded(self.model, self.family, state.z_L, subject.single)
        return Thought(subject, 0, 0, "", state, state, (Proposal(subject, state), z_L))

    def act_steps(self, asked: int | None) -> int:
        """Return how many ACT steps to take: as many as asked for, by default the model's maximum.

        Raises:
            ValueError: less than one.
        """
        steps = self.model.config.max_steps if asked is None else asked
        if steps < 1:
            raise ValueError(f"ACT steps {steps}, expected at least 1")
        return steps

    def decode(self, state: State) -> tuple[Decoded, Decoded]:
        """Decode z_H and z_L of a single puzzle with the model's one lm_head."""
        z_H, z_L = (Decoded(self.model, self.family, z, single=True) for z in state)
        return z_H, z_L

    def propose(self, logits: Tensor) -> puzzles.Grids:
        """Decode an answer to actions: (B, C, V) to (B, rows, columns) uint8, 0 (blank, wall) where undecided."""
        return proposed(to_cells(logits, self.family).cpu().numpy(), self.family)

    def initial_state(self, batch: int) -> State:
        """Return the states that every puzzle starts from, in the agent's dtype."""
        return self.model.initial_state(batch, self.dtype)

    def tokens(self, puzzle: puzzles.Grids) -> Tensor:
        """Turn puzzles, (N, rows, columns) uint8, into tokens on the model's device.

        Raises:
            PuzzleError: another shape or type, or a value that the family does not have.
        """
        return to_tokens(self.family.checked(puzzle), self.device)

    def _propose_next(
        self, puzzle: puzzles.Grids, state: Any, starts: NDArray[np.bool_] | None
    ) -> tuple[puzzles.Grids, State]:
        tokens = self.tokens(puzzle)
        fresh = self.initial_state(len(tokens))
        if state is None:
            state = fresh
        elif starts is not None:
            state = state.restart(torch.as_tensor(starts, device=self.device), fresh)
        state, output = self.step(tokens, state)
        return self.propose(output.logits), state

    def _plan(self, puzzle: puzzles.Grids, plan: Any, starts: NDArray[np.bool_] | None) -> Plan:
        """Think the puzzles through whose episodes start; the others keep their answers."""
        if plan is None:
            return Plan(self._think_through(puzzle))
        if starts is None or not starts.any():
            return plan
        probability = plan.probability.copy()
        probability[starts] = self._think_through(puzzle[starts])
        return Plan(probability)

    def _think_through(self, puzzle: puzzles.Grids) -> NDArray[np.float32]:
        tokens, state = self.tokens(puzzle), self.initial_state(len(puzzle))
        for _ in range(self.act_steps(None)):
            state, output = self.step(tokens, state)
        probability = output.logits.float().softmax(-1)[..., 1:]
        return probability.unflatten(1, self.family.shape).cpu().numpy()


def as_agent(model: AIRAgent | AIR | str | Path, device: str = "cpu", dtype: str = "float32") -> AIRAgent:
    """Return the agent of a model: itself, around an ``AIR``, or loaded by name or from a folder.

    Agents that were loaded from one folder, unchanged since, share their weights.

    Args:
        model: an agent, a model, or what ``AIRAgent.from_pretrained`` takes.
        device: where to load a model to; an agent or ``AIR`` stays where it is.
        dtype: of the hidden states of a model that is loaded.

    Raises:
        CheckpointError: no such checkpoint, or a damaged one.
    """
    if isinstance(model, AIRAgent):
        return model
    if isinstance(model, AIR):
        return AIRAgent(model)
    folder = find(model)
    if folder is None:
        return AIRAgent.from_pretrained(model, device, dtype)
    files = (stored(folder / name) for name in (CONFIG, WEIGHTS))
    stamp = max(file.stat().st_mtime_ns if file.exists() else 0 for file in files)
    return _load(folder.resolve(), stamp, device, dtype)


@functools.lru_cache(maxsize=4)
def _load(folder: Path, stamp: int, device: str, dtype: str) -> AIRAgent:
    """Load an agent once per process; ``stamp`` identifies a replaced checkpoint."""
    return AIRAgent.from_pretrained(folder, device, dtype)
