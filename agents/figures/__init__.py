"""Figures for people: training curves, evaluations, pages of a dataset."""

from agents.config.extras import require

require("matplotlib")
