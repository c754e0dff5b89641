"""Measuring a trained model: ``evaluate`` thinks puzzles through, ``evaluate_halting`` stops when the model is sure.

``report`` turns what they return into one JSON object, ``agents.evaluation.figures`` into a picture.
"""

from agents.evaluation.full import Evaluation, evaluate, merge
from agents.evaluation.halting import HaltingEvaluation, evaluate_halting, halting_steps
from agents.evaluation.report import describe, report
from agents.evaluation.statistics import wilson_interval

__all__ = [
    "Evaluation",
    "HaltingEvaluation",
    "describe",
    "evaluate",
    "evaluate_halting",
    "halting_steps",
    "merge",
    "report",
    "wilson_interval",
]
