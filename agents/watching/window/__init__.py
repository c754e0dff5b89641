"""What the window on a thinking model does, apart from pygame: its desk, its keys, its files."""
