"""``python -m agents`` is the ``air-envs`` command; torchrun starts it this way."""

from agents.cli import main

if __name__ == "__main__":
    main()
