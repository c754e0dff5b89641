"""Measuring a trained model: ``evaluate`` thinks puzzles through, ``cut_short`` stops them when the model is sure.

``evaluate_attempts`` retries those it is not sure of (``agents.evaluation.search``). ``select`` chooses puzzles for the
analyses.

``report`` turns what they return into one JSON object, ``agents.figures.evaluation`` into a picture.
"""

from agents.evaluation.attempts import AttemptsEvaluation, evaluate_attempts
from agents.evaluation.full import Evaluation, evaluate, halting_steps, merge
from agents.evaluation.halting import HaltingEvaluation, cut_short, evaluate_halting
from agents.evaluation.report import describe, report
from agents.evaluation.selection import Selection, select
from agents.evaluation.statistics import wilson_interval

__all__ = [
    "AttemptsEvaluation",
    "Evaluation",
    "HaltingEvaluation",
    "Selection",
    "cut_short",
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
