"""What neural networks say of a track, as features: columns, specs, and what makes them.

``zoneclf deep`` writes the tables; here they are only read, and no neural library is needed.
Their kinds (`KINDS`) are embeddings of MERT and of wav2vec 2.0, genres, arousal and valence.  A
table's `descriptors` say by what they were made, such as
``mert/<model>@<revision>/layer<k>/<pooling>``; of a table that has other
features, too, they follow those of the others after a plus sign.
"""

import dataclasses
import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.store import TableNote, TableSpec, read_table

_PLUS = " + "
# In place of a folder's path, which a table does not keep.
_FOLDER = "FOLDER"
_EMBED = "zoneclf deep embed"


@dataclass(frozen=True)
class Kind:
    """One kind of neural features.

    `prefix` begins the names of its features, `folder` is where a workspace keeps its tables, below
    dataset/; `command` makes them.
    """

    name: str
    prefix: str
    folder: str
    command: str


KINDS = {
    "mert": Kind("mert", "mert_", "embeddings", _EMBED),
    "wav2vec2": Kind("wav2vec2", "wav2vec2_", "embeddings", _EMBED),
    "genre": Kind("genre", "genre_", "genre", "zoneclf deep genre predict"),
    "affect": Kind("affect", "affect_", "affect", "zoneclf deep affect predict"),
}
_PREFIXES = tuple(kind.prefix for kind in KINDS.values())


def is_embedded(feature: str) -> bool:
    """Return whether a feature is a neural network's."""
    return feature.startswith(_PREFIXES)


def kind_of(spec: TableSpec) -> Kind | None:
    """Return the kind of a table's or model's neural features; None if it has none."""
    for kind in KINDS.values():
        if any(feature.startswith(kind.prefix) for feature in spec.features):
            return kind
    return None


def has_embeddings(spec: TableSpec) -> bool:
    """Return whether any feature of a table or model is a neural network's."""
    return any(map(is_embedded, spec.features))


def has_others(spec: TableSpec) -> bool:
    """Return whether any feature is not."""
    return not all(map(is_embedded, spec.features))


def joined_spec(others: TableSpec, embedded: TableSpec) -> TableSpec:
    """Return the spec of a table that has the features of both."""
    return dataclasses.replace(
        others,
        descriptors=f"{others.descriptors}{_PLUS}{embedded.descriptors}",
        features=(*others.features, *embedded.features),
        parameters=tuple(sorted((*others.parameters, *embedded.parameters))),
    )


def embedded_part(spec: TableSpec) -> TableSpec:
    """Return the spec that the neural features of a table or model have alone."""
    kind = kind_of(spec)
    prefix = kind.prefix if kind else _PREFIXES[0]
    parameters = {name: value for name, value in spec.parameters if name.startswith(prefix)}
    chunk_s = parameters.get(f"{prefix}.chunk_s", 0.0)
    return TableSpec(
        level=spec.level,
        descriptors=spec.descriptors.rpartition(_PLUS)[2],
        window_s=chunk_s,
        hop_s=chunk_s,
        rate_hz=int(parameters.get(f"{prefix}.rate_hz", 0)),
        features=tuple(filter(is_embedded, spec.features)),
        parameters=tuple(sorted(parameters.items())),
    )


def read_embeddings(path: Path, kind: Kind) -> tuple[pd.DataFrame, TableNote]:
    """Return neural features by track id, NaN where a track has no sound, and what made them.

    Raises
    ------
    TableError
        If the file is no table of this kind, or has values that are not finite.
    """
    table, note = read_table(path)
    names = list(note.spec.features)
    if "track_id" not in table.column_names or not all(n.startswith(kind.prefix) for n in names):
        raise TableError(
            f"{path}: is no table of {kind.name} features; make it with {kind.command}"
        )
    columns = [table[name].to_numpy() for name in names]
    values = np.stack(columns, axis=1).astype(np.float32)
    there = ~np.isnan(values).all(axis=1)
    if not np.isfinite(values[there]).all():
        raise TableError(f"{path}: holds values that are not finite; delete it and make it anew")
    ids = pd.Index(table["track_id"].to_pylist(), dtype=str)
    return pd.DataFrame(values, index=ids, columns=names), note


def command_for(spec: TableSpec, what: str) -> str:
    """Return the command that makes such features of `what`: paths, or an option."""
    part = embedded_part(spec)
    kind = kind_of(part)
    if kind is not None and kind.command != _EMBED:
        weights = part.descriptors.partition("@")[2].partition("/")[0]
        return f"{kind.command} RUN {what} (RUN: the one whose weights have SHA-256 {weights}...)"
    made_by, _, rest = part.descriptors.partition("/")
    made, _, how = rest.partition("@")
    revision, layer, pooling = (*how.split("/"), "", "")[:3]
    local = revision.startswith("sha256-")
    words = [_EMBED, what, "--model", _FOLDER if local else shlex.quote(made)]
    words += ["--revision", shlex.quote(revision), "--layer", layer.removeprefix("layer")]
    words += ["--pooling", pooling, "--chunk", f"{part.window_s:g}"]
    words += ["--trust-remote-code"] if made_by.endswith("-remote") else []
    return " ".join(words) + (f" ({_FOLDER}: that of {made})" if local else "")
