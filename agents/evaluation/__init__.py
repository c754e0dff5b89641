"""Measuring a trained model: ``evaluate`` thinks puzzles through, ``evaluate_halting`` stops when the model is sure.

``evaluate_attempts`` retries those it is not sure of (``agents.evaluation.search``). ``select`` chooses puzzles for the
analyses.

``report`` turns what they return into one JSON object, ``agents.figures.evaluation`` into a picture.
"""

from agents.evaluation.attempts import AttemptsEvaluation, evaluate_attempts
from agents.evaluation.full import Evaluation, evaluate, merge
from agents.evaluation.halting import HaltingEvaluation, evaluate_halting, halting_steps
from agents.evaluation.report import describe, report
from agents.evaluation.selection import Selection, select
from agents.evaluation.statistics import wilson_interval

__all__ = [
    "AttemptsEvaluation",
    "Evaluation",
    "HaltingEvaluation",
    "Selection",
    "describe",
    "evaluate",
    "evaluate_attempts",
    "evaluate_halting",
    "halting_steps",
    "merge",
    "report",
    "select",
    "wilson_interval",
]
