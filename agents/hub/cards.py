"""Model cards: the README.md of a checkpoint folder, from what the folder knows of the run that made it."""

from __future__ import annotations

import dataclasses
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCard, ModelCardData

import puzzles
from agents.checkpoints.chain import CHAIN, read_chain
from agents.checkpoints.folder import EVALUATION, load_config
from agents.config.flags import flags
from agents.config.model import CARD, AIRConfig
from agents.config.structure import Structure, structure
from agents.config.training import TrainConfig, other_validation, read_train_config
from agents.evaluation.records import RECORDED
from agents.models.cost import count_parameters
from puzzles.dataset import Dataset
from puzzles.files import replacing
from puzzles.mixing import sources

MARK = "<!-- Written by air-envs. Remove this line, and it will leave this file alone. -->"
PAPER = "https://arxiv.org/abs/2605.17811"


def write_card(run: Path) -> Path:
    """Write the card of a checkpoint folder, unless someone has written their own there; return its path."""
    path = run / CARD
    if not path.exists() or MARK in path.read_text(encoding="utf-8"):
        with replacing(path) as temporary:
            temporary.write_text(f"{model_card(load_config(run), run)}\n{MARK}\n", encoding="utf-8")
    return path


def card_of(config: AIRConfig, run: Path | None) -> str:
    """Return the card to upload: the one that a person or ``air-envs pack`` wrote into the folder, else a new one."""
    path = run and run / CARD
    if path and path.is_file() and MARK not in (text := path.read_text(encoding="utf-8")):
        return text
    return str(model_card(config, run))


def model_card(
    config: AIRConfig,
    run: Path | None = None,
    results: dict[str, Any] | None = None,
    name: str | None = None,
    note: str = "",
) -> ModelCard:
    """Describe a model: variant, dataset, accuracy, training command, how to load it.

    Args:
        config: of the model.
        run: folder of its training; what is missing there is left out of the card.
        results: what was measured, as ``evaluation_of`` returns it, which is the default.
        name: by which it is loaded, where that is known: ``"air_envs/sudoku-6x6"``.
        note: a sentence after the accuracy.
    """
    train = read_train_config(run) if run else None
    ours = train is not None or run is None  # else imported, perhaps from others
    results = results or evaluation_of(run)
    data = ModelCardData(
        license="apache-2.0" if ours else None,
        library_name="air-envs",
        tags=_tags(config),
        datasets=_hub_datasets(train) if train else None,
        metrics=["accuracy"],
        model_name=_title(config),
        eval_results=[_eval_result(config, results)] if results else None,
    )
    others = [_accuracy(other) for other in _other_evaluations(run, train)] if run and train else []
    chain = _chain(run) if run and (run / CHAIN).is_file() else ""
    body = "\n\n".join(
        _paragraphs(config, portable(train) if train else None, results, name, note, others, chain, ours)
    )
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}\n")


def evaluation_of(run: Path | None) -> dict[str, Any] | None:
    """Return what was measured of a run, with the dataset's name: by ``air-envs eval``, else last in its training.

    None where nothing was.
    """
    if run is None:
        return None
    if (run / EVALUATION).is_file():
        results = json.loads((run / EVALUATION).read_text(encoding="utf-8"))
        return results | {"dataset": Path(results["dataset"]).stem}
    from agents.training.runs.log import read_metrics  # imports TensorBoard

    lines = list(read_metrics(run, "validation")) or list(read_metrics(run, "test"))  # of earlier versions
    train = read_train_config(run)
    return lines[-1] | {"dataset": train.dataset.stem} if lines and train else None


def _other_evaluations(run: Path, train: TrainConfig) -> Iterator[dict[str, Any]]:
    """Yield what training measured last on each of the other datasets that it trained on."""
    from agents.training.runs.log import read_metrics

    for path, _ in train.also:
        lines = list(read_metrics(run, other_validation(path)))
        if lines:
            yield lines[-1] | {"dataset": path.stem, "split": "validation"}


def training_command(config: TrainConfig) -> str:
    """Return the command that starts the same run: every field that is not the default's, as a flag."""
    default = TrainConfig(dataset=config.dataset, output=config.output, model=config.model)
    words = ["air-envs", "train", "--dataset", str(config.dataset), "--output", str(config.output)]
    return shlex.join([*words, *flags(config, default), *flags(config.model, AIRConfig(), "model.")])


def _paragraphs(
    config: AIRConfig,
    train: TrainConfig | None,
    results: dict[str, Any] | None,
    name: str | None,
    note: str,
    others: list[str],
    chain: str,
    ours: bool,
) -> Iterator[str]:
    yield f"# {_title(config)}"
    yield (
        f"A recurrent Transformer that solves {config.family} puzzles by up to {config.max_steps} ACT steps of the "
        f"program `{config.program}` over two hidden states ([paper]({PAPER})). "
        f"{count_parameters(config) / 1e6:.2f} million weights."
    )
    if (found := structure(config)).kind == "own":
        yield _own(found)
    if results:
        yield "## Accuracy"
        yield _accuracy(results) + note
    if others:
        yield "At the end of its training, on the other datasets that it was trained on:"
        yield "\n".join(f"- {other}" for other in others)
    yield from _terms(config, chain, ours)
    yield "## Use"
    if name:
        yield f"`air-envs watch {name}` shows it thinking."
    yield (
        "```python\nfrom agents import AIRAgent\n\n"
        f'agent = AIRAgent.from_pretrained("{name or "this folder or its name on the hub"}")\n'
        "proposal, state = agent.predict(observation)  # once per ACT step\n```"
    )
    if train:
        yield "## Training"
        datasets = ", ".join(f"`{path.name}`" for path in train.datasets)
        each = "Datasets" if train.also else "Dataset"
        yield f"{each} {datasets}, seed {train.seed}.\n\n```sh\n{training_command(train)}\n```"
    yield "## Configuration"
    yield f"```json\n{json.dumps(dataclasses.asdict(config), indent=2)}\n```"


def _terms(config: AIRConfig, data: str, ours: bool = True) -> Iterator[str]:
    """Yield what a user of a model has to know: its training data, its limits, its licence, which ours alone have."""
    if data:
        yield "## Training data"
        yield data
    yield "## Limits"
    shapes = ", and other grid shapes less well" if config.any_shape else " and no other grid shape"
    yield "\n".join(
        [
            f"- It answers {config.family} puzzles{shapes}.",
            "- An answer can be wrong even where the halting head is sure: check it with `agent.family.is_solved`.",
            "- The accuracy holds for puzzles like those of the test set. Harder ones are solved less often.",
            "- It says nothing of whether a puzzle has a solution, or more than one.",
        ]
    )
    yield "## Licence"
    yield "Apache-2.0, weights and code." if ours else "The code: Apache-2.0. The weights: as their authors say."


def _chain(run: Path) -> str:
    """Say what each run of a model's chain was trained and selected on."""
    lines = []
    for link in read_chain(run, run.name):
        if link["datasets"] is None:
            lines.append(f"- `{link['run']}`: not recorded")
            continue
        named = [
            f"`{each['name']}` ({', '.join(each['splits'])}; sha256 {each['checksum'][:12]})"
            for each in link["datasets"]
        ]
        lines.append(f"- `{link['run']}`: {', '.join(named)}")
    return "\n".join(["Runs from the first to the last, and the splits that each trained and selected on:", "", *lines])


def renewed_card(
    text: str, config: AIRConfig, records: list[dict[str, Any]], trained_on: str = "", rows: str = ""
) -> str:
    """Return a card of which title, metadata and everything from accuracy to licence are those of its model's records.

    Args:
        text: of the card, with the sections that ``model_card`` writes.
        config: of the model.
        records: of its evaluations, as ``agents.evaluation.records`` keeps them.
        trained_on: in Markdown.
        rows: its rows of the leaderboard, as a table in Markdown.

    Raises:
        ValueError: the card lacks a section.
    """
    card = ModelCard(text)
    for section in ("## Accuracy", "## Use"):
        if f"\n{section}\n" not in card.text:
            raise ValueError(f"model card of {config.family}: no section {section!r}, expected those of model_card")
    shown = sorted(records, key=_card_order)
    data = ModelCardData(
        **card.data.to_dict()
        | {
            "tags": _tags(config),
            "model_name": _title(config),
            "eval_results": [_record_result(record) for record in shown] or None,
            "model-index": None,
        }
    )
    before, rest = card.text.split("\n## Accuracy\n")
    introduction = [part for part in before.strip().split("\n\n")[1:] if not part.startswith(OWN)]
    if (found := structure(config)).kind == "own":
        introduction.append(_own(found))
    lines = "\n".join(f"- {_record_line(record)}" for record in shown)
    parts = [f"# {_title(config)}", *introduction, "## Accuracy", lines]
    parts += ["## Leaderboard", rows] if rows else []
    parts += [*_terms(config, trained_on), "## Use", rest.split("\n## Use\n")[1].strip()]
    return f"---\n{data.to_yaml()}\n---\n\n" + "\n\n".join(parts) + "\n"


OWN = "The structure is not the paper's:"


def _own(found: Structure) -> str:
    return f"{OWN} {found.text}; {found.note}."


def _title(config: AIRConfig) -> str:
    """Call a model AIR only where it is the paper's or a variant of that."""
    if structure(config).kind == "own":
        return f"Recurrent reasoner of two states, {config.family}"
    return f"AIR {config.variant_name}, {config.family}"


def _tags(config: AIRConfig) -> list[str]:
    variant = [] if structure(config).kind == "own" else [config.variant_name]
    return ["reasoning", "recurrent-transformer", puzzles.family(config.family).kind, *variant]


def _card_order(record: dict[str, Any]) -> tuple[Any, ...]:
    """Published test sets first, then by name; of one, most puzzles and steps first."""
    test = record["test_set"]
    kinds = ("published", "stand-in", "generated")
    order = kinds.index(test["kind"]), test["name"], -record["puzzles"], -record["act_steps"]
    return *order, record["attempts"], -record["halt"]


def _record_line(record: dict[str, Any]) -> str:
    test, exact = record["test_set"], record["exact"]
    low, high = exact["interval_95"]
    steps = f"at most {record['act_steps']} ACT steps"
    if record["mean_act_steps"] == record["act_steps"]:
        steps = f"{record['act_steps']} ACT steps"
    elif record["mean_act_steps"] is not None:
        steps += f", {record['mean_act_steps']:.1f} on average"
    tries = f", {record['attempts']} attempts by {record['search']}" if record["attempts"] > 1 else ""
    rules = record["rules"]
    by_rules = f", by the rules {rules['accuracy']:.1%}" if rules and rules["right"] != exact["right"] else ""
    note = f"; {record['note']}" if record.get("note") else ""
    if record["origin"] != RECORDED:
        note += f"; {record['origin']}"
    cells = f", {record['cells']:.2%} of the cells" if record.get("cells") else ""
    kind = {"stand-in": "stand-in for the published set"}.get(test["kind"], test["kind"])
    return (
        f"{exact['accuracy']:.1%} of {record['puzzles']:,} {test['split']} puzzles of `{test['name']}` ({kind}) "
        f"exactly right (95 % interval {low:.1%} to {high:.1%}){cells}{by_rules}; {steps}{tries}, {record['dtype']}, "
        f"{record['date']}{note}"
    )


def _record_result(record: dict[str, Any]) -> EvalResult:
    test = record["test_set"]
    tries = f", {record['attempts']} attempts by {record['search']}" if record["attempts"] > 1 else ""
    halted = f", halted above {record['halt']:g}" if record["halt"] < 1 else ""
    return EvalResult(
        task_type="puzzle-solving",
        dataset_type=test["family"],
        dataset_name=test["name"],
        dataset_split=test["split"],
        metric_type="accuracy",
        metric_name=f"exact accuracy of {record['puzzles']:,}, {record['act_steps']} ACT steps{halted}{tries}",
        metric_value=record["exact"]["accuracy"],
    )


def _accuracy(results: dict[str, Any]) -> str:
    low, high = results["exact_accuracy_interval_95"]
    return (
        f"{results['exact_accuracy']:.1%} of {results['puzzles']:,} {results['split']} puzzles of "
        f"`{results['dataset']}` exactly right (95 % interval {low:.1%} to {high:.1%}), "
        f"{results['cell_accuracy']:.2%} of the cells, after {results['act_steps']} ACT steps in {results['dtype']}."
    )


def _eval_result(config: AIRConfig, results: dict[str, Any]) -> EvalResult:
    return EvalResult(
        task_type="puzzle-solving",
        dataset_type=config.family,
        dataset_name=results["dataset"],
        dataset_split=results["split"],
        metric_type="accuracy",
        metric_name="exact accuracy",
        metric_value=round(results["exact_accuracy"], 6),
    )


def portable(train: TrainConfig) -> TrainConfig:
    """Return the same run without this machine's folders."""
    return dataclasses.replace(
        train,
        dataset=_relative(train.dataset, "data"),
        also=tuple((_relative(path, "data"), batch) for path, batch in train.also),
        output=_relative(train.output, "runs"),
        init_from=train.init_from and str(_relative(Path(train.init_from), "runs")),
    )


def _hub_datasets(train: TrainConfig) -> list[str] | None:
    """Name the data sets of the hub that a run's puzzles come from, as far as their file exists and names them."""
    if not train.dataset.is_file():
        return None
    found = {source["generator_parameters"].get("hub") for source in sources(Dataset(train.dataset), "train")}
    return sorted(found - {None}) or None


def _relative(path: Path, folder: str) -> Path:
    """Replace the folders of an absolute path: a card is for other machines."""
    return Path(folder, path.name) if path.is_absolute() else path
