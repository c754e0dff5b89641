"""The paper's measures of one checkpoint in short: what each state says, what freezing does, who attends locally."""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.analysis.paper.attention import GROUPS, AttentionMeasures, measure_attention
from agents.analysis.paper.freeze import COUNTS, HALVES, Freeze, measure_freeze
from agents.analysis.paper.rollouts import MEASURES, Rollouts, measure_rollouts
from agents.analysis.tracing import STATES
from agents.evaluation.selection import Selection
from agents.thinking.agent import AIRAgent

DIGITS = 5
"""Decimal places that are kept."""


def measure_split(agent: AIRAgent, selection: Selection) -> dict[str, Any]:
    """Return what the paper says of the two states, measured on some puzzles, ready for JSON.

    Keys: ``states``, by state and measure of ``MEASURES`` the mean over all updates and the value after the last one;
    ``freeze``, by condition and state exact accuracy and counts per puzzle; ``attention``, by group and measure the
    difference between L and H of each layer and half of its interval, where the model attends.
    """
    found: dict[str, Any] = {
        "states": _states(measure_rollouts(agent, selection, progress=False)),
        "freeze": _freeze(measure_freeze(agent, selection, progress=False)),
    }
    if agent.model.config.attends:
        found["attention"] = _attention(measure_attention(agent, selection, progress=False))
    return found


def measure_frozen_changes(agent: AIRAgent, selection: Selection) -> dict[str, float | None]:
    """Return content changes of z_L normally and with z_H frozen, per puzzle, and the exact accuracy of z_H.

    This is the question on which a model of the paper's size and the paper disagree.
    """
    found = measure_freeze(agent, selection, progress=False, conditions=("normal", "freeze z_H")).conditions
    z_L = STATES.index("z_L")
    normal, frozen = (found[name].total.mean[z_L, 0] for name in ("normal", "freeze z_H"))
    accuracy = found["normal"].accuracy[STATES.index("z_H")]
    return {"normal": _short(normal), "freeze z_H": _short(frozen), "exact_accuracy": _short(accuracy)}


def _states(rollouts: Rollouts) -> dict[str, Any]:
    mean = rollouts.moments.mean
    return {
        state: {
            measure: {"mean": _short(mean[:, s, m].mean()), "last": _short(mean[-1, s, m])}
            for m, measure in enumerate(MEASURES)
        }
        for s, state in enumerate(STATES)
    }


def _freeze(freeze: Freeze) -> dict[str, Any]:
    return {
        name: {
            state: {
                "exact_accuracy": _short(condition.accuracy[s]),
                **{count: _short(condition.total.mean[s, k]) for k, count in enumerate(COUNTS)},
                "content_changes_by_half": [_short(condition.changes.mean[s, 0, h]) for h in range(len(HALVES))],
            }
            for s, state in enumerate(STATES)
        }
        for name, condition in freeze.conditions.items()
    }


def _attention(attention: AttentionMeasures) -> dict[str, Any]:
    numbers: dict[str, Any] = {"act_steps": list(attention.act_steps)}
    for g, group in enumerate(GROUPS):
        numbers[group] = {
            "queries": int(attention.by_query.count[0, g, 0, 0]),
            **{
                measure: {
                    "difference": [_short(value) for value in attention.by_puzzle.mean[:, g, m, -1]],
                    "half_interval_95": [_short(value) for value in attention.by_puzzle.half[:, g, m, -1]],
                }
                for m, measure in enumerate(attention.measures)
                if measure not in attention.fixed
            },
        }
    return numbers


def _short(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS)
