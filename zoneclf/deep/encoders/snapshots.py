"""Where a checkpoint lies on disk, and which one it is: a local folder, or the hub's cache.

A checkpoint of the hub is known by the commit it was published with.  Those of the two published
MERT v1 and of two wav2vec 2.0 are pinned here.  The source are independent public projects that
pin the same ones (MERT 95M: over ten of them, with the same hash of the weights; 330M: four;
wav2vec2-base: ten, four of them with the hash; -960h: ten); they are not checked against the hub.
Of any other name, the commit that was found first is written into the table of embeddings, and
embeddings of another commit are not added to it.  A local folder is known by the hash of what is
read of it.

Nothing is fetched if the cache holds it; with `offline` nothing is fetched at all.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError, HFValidationError, LocalEntryNotFoundError

from zoneclf.deep.encoders import LICENCE
from zoneclf.deep.encoders.config import CONFIG, PREPROCESSOR
from zoneclf.deep.encoders.kinds import MERT
from zoneclf.deep.encoders.weights import BIN, SAFETENSORS, weights_file
from zoneclf.errors import ModelError, UsageError

PINNED = {
    "m-a-p/MERT-v1-95M": "12af15fef9d0ac838c3f475bfbbf26d2060dd4f5",
    "m-a-p/MERT-v1-330M": "5240c2708a5acaee1007f43fb9735c7dcd0b78c9",
    "facebook/wav2vec2-base": "0b5b8e868dd84f03fd87d01f9c4ff0f080fecfe8",
    "facebook/wav2vec2-base-960h": "22aad52d435eb6dbaf354bdad9b0da84ce7d6156",
}
# SHA-256 of weights by name and commit; of the others none was found, or was not looked for.
KNOWN_WEIGHTS = {
    ("m-a-p/MERT-v1-95M", PINNED["m-a-p/MERT-v1-95M"], BIN): (
        "a2b8b747f72c06e0595aeae41ae5473f4364938c6b39b2c58be38c48e6bd3fcd"
    ),
    ("facebook/wav2vec2-base", PINNED["facebook/wav2vec2-base"], BIN): (
        "3249fe98bfc62fcbc26067f724716a6ec49d12c4728a2af1df659013905dff21"
    ),
}
# Licensed Apache 2.0 (their model cards).
_FREE = ("facebook/wav2vec2-base", "facebook/wav2vec2-base-960h")
_DIGITS = 16
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Snapshot:
    """A checkpoint: its folder, the name and revision it is known by, its weights' SHA-256."""

    folder: Path
    name: str
    revision: str
    weights_sha256: str


def locate(
    model: str, *, revision: str = "", offline: bool = False, with_code: bool = False
) -> Snapshot:
    """Return the checkpoint of a local folder, or of a name on the hub.

    Parameters
    ----------
    model
        Folder, or name such as ``m-a-p/MERT-v1-95M``.
    revision
        Commit or branch on the hub; of a folder, the hash it must have.
    offline
        Whether to keep from fetching anything.
    with_code
        Whether the code beside the weights is wanted, too.

    Raises
    ------
    ModelError
        If it is not there, or not the one that is known by this name and revision.
    UsageError
        If `model` is neither a folder nor a name.
    """
    folder = Path(model)
    if folder.is_dir():
        return _local(folder, revision)
    if model.count("/") != 1 or model.startswith((".", "/", "~")):
        raise UsageError(
            f"--model {model}: is no folder that is there, nor a name on the hub such as "
            f"{', '.join(PINNED)}"
        )
    return _published(
        _fetched(model, revision or PINNED.get(model, "main"), offline, with_code), model
    )


def licence_of(snapshot: Snapshot) -> str:
    """Return the licence of what is made with a checkpoint; empty where nothing is forbidden.

    Known to be free are published checkpoints of `_FREE`, and folders with the same weights.
    """
    known = {weights for (name, _, _), weights in KNOWN_WEIGHTS.items() if name in _FREE}
    published = snapshot.name in _FREE and snapshot.revision == PINNED[snapshot.name]
    return "" if published or snapshot.weights_sha256 in known else LICENCE


def _published(folder: Path, model: str) -> Snapshot:
    """Return the checkpoint in a folder of the cache, if its weights are those that are known."""
    path = weights_file(folder)
    found = _sha256(path)
    known = KNOWN_WEIGHTS.get((model, folder.name, path.name), found)
    if found != known:
        raise ModelError(
            f"{path}: is not the file that {model}@{folder.name} was published with (its SHA-256 "
            f"is {found[:_DIGITS]}..., not {known[:_DIGITS]}...); delete it and fetch it again"
        )
    return Snapshot(folder, model, folder.name, found)


def _local(folder: Path, revision: str) -> Snapshot:
    path = weights_file(folder)
    weights = _sha256(path)
    whole = hashlib.sha256(weights.encode())
    for name in (CONFIG, PREPROCESSOR):
        if (folder / name).is_file():
            _add(whole, folder / name)
    found = f"sha256-{whole.hexdigest()[:_DIGITS]}"
    if revision and revision != found:
        raise ModelError(
            f"{folder}: its hash is {found}, not {revision}; leave out --revision, or name the "
            "folder that has it"
        )
    return Snapshot(folder, folder.resolve().name, found, weights)


def _fetched(model: str, revision: str, offline: bool, with_code: bool) -> Path:
    """Return the folder of the hub's cache that holds a checkpoint, fetching what is not there."""
    config = _file(model, CONFIG, revision, offline)
    commit = config.parent.name  # the branch's own commit, for all other files
    for name in (PREPROCESSOR, *(MERT.code if with_code else ())):
        _file(model, name, commit, offline)
    if any(_cached(model, name, commit) for name in (SAFETENSORS, BIN)):
        return config.parent
    try:
        _file(model, SAFETENSORS, commit, offline)
    except _NoSuchFileError:
        _file(model, BIN, commit, offline)
    return config.parent


class _NoSuchFileError(ModelError):
    """A file that the checkpoint does not have."""


def _cached(model: str, name: str, revision: str) -> Path | None:
    found = try_to_load_from_cache(model, name, revision=revision)
    return Path(found) if isinstance(found, str) else None


def _file(model: str, name: str, revision: str, offline: bool) -> Path:
    try:
        found = _cached(model, name, revision)
        if found is None and not offline:
            logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # not every new attempt
            found = Path(hf_hub_download(model, name, revision=revision))
    except HFValidationError as error:
        raise UsageError(f"--model {model}: is no name on the hub ({error})") from error
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f"{model}@{revision}: {name} is not in the cache and the hub cannot be reached; name a "
            "folder that holds the checkpoint, or try again"
        ) from error
    except EntryNotFoundError as error:
        raise _NoSuchFileError(
            f"{model}@{revision}: has no {name}; use another checkpoint"
        ) from error
    except OSError as error:  # what the hub answers is of this kind, too
        reason = str(error).split("\n")[0][:160]
        raise ModelError(f"{model}@{revision}: cannot be fetched ({reason}); try again") from error
    if found is None:
        raise ModelError(
            f"{model}@{revision}: {name} is not in the cache ({constants.HF_HUB_CACHE}); run it "
            "once without --offline, or name a folder that holds it"
        )
    return found


def _add(whole: "hashlib._Hash", path: Path) -> None:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            whole.update(block)


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
