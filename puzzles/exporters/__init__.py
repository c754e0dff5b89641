"""Exporting a dataset in the forms that others read; each is written to a new folder, whole or not at all.

``csv``
    ``train.csv``, ``validation.csv`` and ``test.csv`` with the columns source, question, answer, rating: how
    Sudoku-Extreme is published.
``npy``
    The folder that the code of HRM, TRM and AIR trains on, see ``puzzles.importers.npy_folder``.
"""

from puzzles.exporters.csv_table import export_csv
from puzzles.exporters.npy_folder import export_npy

__all__ = ["export_csv", "export_npy"]
