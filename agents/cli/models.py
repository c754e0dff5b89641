"""``air-envs models``: the shipped models, what they play and how well."""

from __future__ import annotations

from agents.cli.parsing import parse


def models_command() -> None:
    """List the shipped models: what each plays, and how well.

    PLAYS: the puzzles it was trained on; + where it takes any grid shape of that kind.

    EXACT: the share of test puzzles that are right in every cell after so many ACT steps, STEPS.
    """
    from agents.analysis.tables import text_table
    from agents.pretrained.listing import shipped

    rows = [["MODEL", "PLAYS", "EXACT", "95 % INTERVAL", "TEST PUZZLES", "STEPS"]]
    for model in shipped():
        name = [model.name, model.plays.replace(", any shape", " +")]
        for found in model.measured:
            rows.append([*name, found.accuracy, found.interval, found.puzzles, str(found.act_steps)])
            name = ["", ""]
    print(text_table(rows, left=(0, 1, 4)))
    print("\nair-envs watch MODEL shows one think; air-envs eval MODEL DATASET measures it.")


def main(args: list[str]) -> None:
    """Run ``air-envs models``."""
    parse(models_command, "air-envs models", args)
