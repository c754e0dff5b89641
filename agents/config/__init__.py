"""What a model, a run and a dataset are made of: plain dataclasses and tables. Loads no torch."""
