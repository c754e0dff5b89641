"""Figures for people: training curves, evaluations, pages of a dataset."""
