"""The folder of a training run: opened, locked, logged to, and kept through kills and Ctrl-C."""
