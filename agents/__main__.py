"""``python -m agents`` is the ``air-envs`` command."""

from agents.cli import main

if __name__ == "__main__":
    main()
