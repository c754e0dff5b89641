"""Models of the Hugging Face hub: fetched once, then taken from its cache."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)

from agents.checkpoints.errors import CheckpointError
from agents.checkpoints.kinds import WEIGHTS
from agents.checkpoints.manifest import MANIFEST
from agents.config.model import CONFIG
from agents.pretrained import HUB

ANSWER_SECONDS = 5
"""Within which the hub answers, if it can be reached."""
_HTTP_ERROR: type[Exception] = HfHubHTTPError.__bases__[0]
"""Every error of the HTTP library that huggingface_hub uses: requests, httpx or a later one."""


def download(name: str) -> Path:
    """Fetch a model's files from the hub, or take them from its cache; return their folder.

    Where the hub does not answer, the cache alone is looked into, and nothing is retried.

    Args:
        name: ``"owner/name"``.

    Raises:
        CheckpointError: no such model, no right to it, or no network and nothing in the cache.
    """
    local = constants.HF_HUB_OFFLINE or not _answers()
    try:
        config, _ = (Path(hf_hub_download(name, file, local_files_only=local)) for file in (CONFIG, WEIGHTS))
        with contextlib.suppress(EntryNotFoundError):  # a model from before there were manifests
            hf_hub_download(name, MANIFEST, local_files_only=local)
    except LocalEntryNotFoundError as error:
        reason = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the hub does not answer"
        raise CheckpointError(f"{HUB}{name}: {reason}, and the model is not in its cache") from error
    except RepositoryNotFoundError as error:
        raise CheckpointError(f"{HUB}{name}: no such model on the hub, or a private one (hf auth login)") from error
    except EntryNotFoundError as error:
        raise CheckpointError(f"{HUB}{name}: no {CONFIG} and {WEIGHTS}, expected a model of air-envs") from error
    except (HFValidationError, OSError, _HTTP_ERROR) as error:
        raise CheckpointError(f"{HUB}{name}: {' '.join(str(error).split())}") from error
    return config.parent


def _answers() -> bool:
    """Whether the hub answers at all; to find that it does not, huggingface_hub itself takes half a minute."""
    try:
        with urlopen(Request(constants.ENDPOINT, method="HEAD"), timeout=ANSWER_SECONDS):
            return True
    except HTTPError:
        return True
    except OSError as error:  # a certificate that Python does not know may be known to huggingface_hub
        return isinstance(getattr(error, "reason", None), ssl.SSLError)
