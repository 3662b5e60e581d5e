"""Which of a set's embeddings a run learnt from, so that it is judged on those and no others."""

from pathlib import Path
from typing import Any

from zoneclf.deep.checkpoint import CARD, Checkpoint
from zoneclf.deep.sets.track_set import TrackSet
from zoneclf.errors import ModelError
from zoneclf.store import TableSpec, read_note, spec_from

PREFIX = "embeddings-"


def name_of(path: Path) -> str:
    """Return the name of a set's table of embeddings: what follows ``embeddings-``."""
    return path.stem.removeprefix(PREFIX)


def embeddings_read(checkpoint: Checkpoint, prepared: TrackSet, name: str = "") -> str:
    """Return the name of the set's embeddings that were made as those a network learnt from.

    `name`, that of the table it learnt from, is preferred; empty if the network reads none.

    Raises
    ------
    ModelError
        If the set's were made otherwise, or the card does not say how its own were.
    TableError
        If the set has none.
    """
    told = checkpoint.card.embedding
    if told is None:
        return ""
    where = checkpoint.folder / CARD
    try:
        wanted, notes = spec_from(told["spec"]), dict(told.get("notes", {}))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{where}: what it says of its embeddings is damaged ({error}); train again"
        ) from error
    name, spec = alike(prepared, wanted, name)
    if spec == wanted:
        return name
    raise ModelError(
        f"{prepared.embedding_file(name)}: its embeddings are {_told(spec, wanted)}, those that "
        f"{checkpoint.folder} learnt from are {wanted.descriptors}; run "
        f"`{command_for(prepared.folder, notes)}`"
    )


def alike(prepared: TrackSet, wanted: TableSpec, name: str = "") -> tuple[str, TableSpec]:
    """Return name and spec of the set's embeddings that were made so, or else of its first.

    `name` is looked at first.

    Raises
    ------
    TableError
        If the set has none.
    """
    found = {name_of(path): path for path in sorted(prepared.folder.glob(f"{PREFIX}*.parquet"))}
    if not found:
        prepared.embedding_file()
    specs: dict[str, TableSpec] = {}
    for key in sorted(found, key=lambda key: key != name):
        specs[key] = read_note(found[key]).spec
        if specs[key] == wanted:
            return key, wanted
    return next(iter(specs.items()))


def _told(found: TableSpec, wanted: TableSpec) -> str:
    """Return how embeddings were made; by what they differ where that is not in their name."""
    if found.descriptors != wanted.descriptors:
        return found.descriptors
    return f"{found.descriptors} ({found.difference(wanted)})"


def command_for(folder: Path, notes: dict[str, Any]) -> str:
    """Return what makes the embeddings that a card tells of."""
    words = [f"zoneclf deep embed --set {folder}"]
    revision = str(notes.get("revision", ""))
    is_local = revision.startswith("sha256-")
    if "model" in notes:
        words.append(f"--model {'FOLDER' if is_local else notes['model']}")
    if revision and not is_local:
        words.append(f"--revision {revision}")
    options = {"layer": "--layer", "pooling": "--pooling", "chunk_s": "--chunk"}
    words += [f"{option} {notes[key]}" for key, option in options.items() if key in notes]
    words += ["--trust-remote-code"] if notes.get("foreign_code") else []
    return " ".join(words)
