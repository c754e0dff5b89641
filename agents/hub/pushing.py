"""A model on the Hugging Face hub: its weights, its configuration and its card."""

from __future__ import annotations

import tempfile
from pathlib import Path

from huggingface_hub import HfApi

from agents.checkpoints.chain import CHAIN
from agents.checkpoints.folder import save_model
from agents.checkpoints.manifest import read_checked
from agents.config.model import CARD, OPTIONS
from agents.hub.cards import card_of
from agents.models.air import AIR


def push_to_hub(model: AIR, name: str, run: Path | None = None, private: bool = False, token: str | None = None) -> str:
    """Upload a model with a card that describes its training; ``AIRAgent.from_pretrained(name)`` loads it.

    Args:
        model: to upload, in float32.
        name: ``"owner/name"`` on the hub; the repository is created where there is none.
        run: folder of the training run, or of a pack. The chain of its training data and its generator's options are
            uploaded too. Where it has a card that a person or ``air-envs pack`` wrote, that card is uploaded as it is.
            None leaves data, training and accuracy out.
        private: create a private repository.
        token: of an account with write access; by default the one that ``hf auth login`` stored.

    Returns:
        The address of the commit.

    Raises:
        CheckpointError: the run's chain or options are damaged.
    """
    api = HfApi(token=token)
    repository = api.create_repo(name, private=private, exist_ok=True).repo_id
    with tempfile.TemporaryDirectory() as staging:
        folder = Path(staging)
        beside = {name: read_checked(run, name) for name in (CHAIN, OPTIONS) if (run / name).is_file()} if run else {}
        save_model(model, folder, beside=beside)
        (folder / CARD).write_text(card_of(model.config, run), encoding="utf-8")
        return str(api.upload_folder(repo_id=repository, folder_path=folder))
