"""The recurrence as a dynamical system: how far states move, whether they come to rest, whether they are chaotic.

Public work finds the failures of HRM and TRM chaotic. The largest finite-time Lyapunov exponent is that of Benettin et
al. (1980): a slightly disturbed state is followed in parallel with the undisturbed one, and pulled back to the same
distance after every ACT step. The exponent is the mean logarithm of the growth.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.analysis.beyond.curves import Curve, Panel, around
from agents.analysis.moments import Moments
from agents.analysis.tables import text_table, with_interval
from agents.analysis.tracing import STATES, decode, parts
from agents.evaluation.selection import Selection
from agents.models.air import State
from agents.thinking.agent import AIRAgent

DISTURBANCE = 1e-6
"""Root mean square over all numbers of both states; those have a root mean square of 1."""
AT_REST = 1e-3
"""A state that moves less than this in the last ACT step, root mean square, has come to a fixed point."""
OUTCOMES = ("solved", "failed")
"""By the decoded z_H after the last ACT step."""


@dataclass(frozen=True)
class Dynamics:
    """N puzzles followed in float64."""

    distance: Moments
    """(T, 2, 2): by ACT step, state (``STATES``) and outcome, the root mean square distance to one ACT step before."""
    growth: Moments
    """(T, 2): by ACT step and outcome, the logarithm of how much a disturbance grows in it."""
    exponent: Moments
    """(2,): by outcome, the Lyapunov exponent per ACT step over the whole episode."""
    at_rest: Moments
    """(2,): by outcome, the share of puzzles both of whose states are at rest at the end."""

    def summary(self) -> dict[str, Any]:
        """Return the numbers for programs."""
        steps = range(len(self.growth.count))
        return {
            "disturbance": DISTURBANCE,
            "at_rest_below": AT_REST,
            "outcomes": {
                outcome: {
                    "exponent": self.exponent.summary(o),
                    "at_rest": self.at_rest.summary(o),
                    "growth": [self.growth.summary((t, o)) for t in steps],
                    **{
                        f"{state}_distance": [self.distance.summary((t, s, o)) for t in steps]
                        for s, state in enumerate(STATES)
                    },
                }
                for o, outcome in enumerate(OUTCOMES)
            },
        }

    def table(self) -> str:
        """Return exponents and the last distances of solved and of failed puzzles."""
        rows = [["", "puzzles", "Lyapunov exponent", "at rest", *(f"{state} moves at last" for state in STATES)]]
        for o, outcome in enumerate(OUTCOMES):
            row = [outcome, str(self.exponent.count[o]), with_interval(self.exponent, o, "+.3f")]
            row += [with_interval(self.at_rest, o, ".1%")]
            row += [with_interval(self.distance, (-1, s, o), ".4f") for s in range(len(STATES))]
            rows.append(row)
        return text_table(rows)

    def panels(self) -> list[Panel]:
        """Distances of both states, and growth, by ACT step."""
        steps = np.arange(1, len(self.growth.count) + 1)
        moved = [
            _curve(f"{STATES[s]}, {outcome}", steps, self.distance, (slice(None), s, o))
            for o, outcome in enumerate(OUTCOMES)
            for s in (1, 0)  # so that z_L is blue and z_H orange, as in all pictures
        ]
        grown = [_curve(outcome, steps, self.growth, (slice(None), o)) for o, outcome in enumerate(OUTCOMES)]
        return [
            Panel("Distance moved in an ACT step", "ACT step", moved),
            Panel("Logarithm of a disturbance's growth", "ACT step", grown),
        ]


def _curve(label: str, x: NDArray[Any], moments: Moments, index: Any) -> Curve:
    return Curve(label, x, moments.mean[index], around(moments.mean[index], moments.half[index]))


@torch.inference_mode()
def measure_dynamics(agent: AIRAgent, selection: Selection, progress: bool = True) -> Dynamics:
    """Follow both states and a disturbance of them from ACT step to ACT step, in float64.

    Args:
        agent: whose states are followed.
        selection: of puzzles of the agent's family, from ``select``.
        progress: show a bar.
    """
    exact = AIRAgent(copy.deepcopy(agent.model).double(), torch.float64)
    steps = selection.max_steps
    generator = torch.Generator().manual_seed(0)
    distance, growth = Moments((steps, len(STATES), len(OUTCOMES))), Moments((steps, len(OUTCOMES)))
    exponent, at_rest = Moments((len(OUTCOMES),)), Moments((len(OUTCOMES),))
    for data in parts(selection, "dynamics", progress):
        x = exact.model.embed(exact.tokens(data.puzzle), exact.dtype)
        start = exact.initial_state(len(data.puzzle))
        last, moved, grown = follow(partial(_act_step, exact, x), start, steps, generator)
        solved = (decode(exact, last)[:, 0] == data.solution).all((1, 2))
        outcome = np.stack((solved, ~solved), -1)
        distance.add(np.repeat(moved[..., None], 2, -1), np.broadcast_to(outcome[:, None, None], (*moved.shape, 2)))
        growth.add(np.repeat(grown[..., None], 2, -1), np.broadcast_to(outcome[:, None], (*grown.shape, 2)))
        exponent.add(np.repeat(grown.mean(1)[:, None], 2, -1), outcome)
        rests = np.asarray((moved[:, -1] < AT_REST).all(1))
        at_rest.add(np.repeat(rests[:, None], 2, -1), outcome)
    return Dynamics(distance, growth, exponent, at_rest)


def _act_step(agent: AIRAgent, x: Tensor, state: State) -> State:
    return agent.model.run(agent.model.config.program, state, x)


def follow(
    step: Callable[[State], State], state: State, steps: int, generator: torch.Generator
) -> tuple[State, NDArray[np.float64], NDArray[np.float64]]:
    """Iterate a map of states, and a disturbance of them.

    Args:
        step: one ACT step.
        state: where to start, (B, S, D) float64 each.
        steps: how many.
        generator: of the disturbance's direction.

    Returns:
        The last state; how far each state moves, (B, steps, 2); and the logarithm of the disturbance's growth,
        (B, steps).
    """
    noise = State(*(torch.randn(z.shape, generator=generator, dtype=z.dtype).to(z.device) for z in state))
    disturbed = _pulled(state, State(*(z + n for z, n in zip(state, noise, strict=True))))
    moved, grown = [], []
    for _ in range(steps):
        before, state, disturbed = state, step(state), step(disturbed)
        moved.append(torch.stack([_rms(now - then) for now, then in zip(state, before, strict=True)], -1))
        grown.append((_apart(state, disturbed) / DISTURBANCE).clamp_min(torch.finfo(torch.float64).tiny).log())
        disturbed = _pulled(state, disturbed)
    return state, torch.stack(moved, 1).cpu().numpy(), torch.stack(grown, 1).cpu().numpy()


def _pulled(state: State, disturbed: State) -> State:
    """Bring a disturbed state back to the distance ``DISTURBANCE``, in the same direction."""
    tiny = torch.finfo(torch.float64).tiny
    scale = (DISTURBANCE / _apart(state, disturbed).clamp_min(tiny))[:, None, None]
    return State(*(z + scale * (d - z) for z, d in zip(state, disturbed, strict=True)))


def _apart(state: State, other: State) -> Tensor:
    """(B,): root mean square over all numbers of both states."""
    of_states = torch.stack([_rms(z - o) for z, o in zip(state, other, strict=True)], -1)
    return of_states.norm(dim=-1) / math.sqrt(len(state))


def _rms(z: Tensor) -> Tensor:
    """(B,): root mean square of (B, S, D)."""
    return z.square().mean((1, 2)).sqrt()
