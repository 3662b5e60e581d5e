"""Embeddings as features of a track: what their columns and specs are, and what makes them.

``zoneclf deep embed`` writes them (`zoneclf.deep.encoders`); here they are only read, and no neural
library is needed.  A table's `descriptors` say ``mert/<model>@<revision>/layer<k>/<pooling>``; of
a table that has both kinds of features they follow those of the others after a plus sign.
"""

import dataclasses
import shlex
from pathlib import Path

import numpy as np
import pandas as pd

from zoneclf.errors import TableError
from zoneclf.store import TableNote, TableSpec, read_table

PREFIX = "mert_"
_PLUS = " + "
_CHUNK, _RATE = f"{PREFIX}.chunk_s", f"{PREFIX}.rate_hz"
# In place of a folder's path, which a table does not keep.
_FOLDER = "FOLDER"


def is_embedded(feature: str) -> bool:
    """Return whether a feature is of an embedding."""
    return feature.startswith(PREFIX)


def has_embeddings(spec: TableSpec) -> bool:
    """Return whether any feature of a table or model is of an embedding."""
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
    """Return the spec that the embeddings of a table or model have alone."""
    parameters = {name: value for name, value in spec.parameters if name.startswith(PREFIX)}
    return TableSpec(
        level=spec.level,
        descriptors=spec.descriptors.rpartition(_PLUS)[2],
        window_s=parameters.get(_CHUNK, 0.0),
        hop_s=parameters.get(_CHUNK, 0.0),
        rate_hz=int(parameters.get(_RATE, 0)),
        features=tuple(filter(is_embedded, spec.features)),
        parameters=tuple(sorted(parameters.items())),
    )


def read_embeddings(path: Path) -> tuple[pd.DataFrame, TableNote]:
    """Return embeddings by track id, NaN where a track has no sound, and what made them.

    Raises
    ------
    TableError
        If the file is no table of embeddings, or has values that are not finite.
    """
    table, note = read_table(path)
    names = list(note.spec.features)
    if "track_id" not in table.column_names or not all(map(is_embedded, names)):
        raise TableError(f"{path}: is no table of embeddings; make it with zoneclf deep embed")
    columns = [table[name].to_numpy() for name in names]
    values = np.stack(columns, axis=1).astype(np.float32)
    there = ~np.isnan(values).all(axis=1)
    if not np.isfinite(values[there]).all():
        raise TableError(f"{path}: holds values that are not finite; make it anew with --force")
    ids = pd.Index(table["track_id"].to_pylist(), dtype=str)
    return pd.DataFrame(values, index=ids, columns=names), note


def command_for(spec: TableSpec, what: str) -> str:
    """Return the command that makes such embeddings of `what`: paths, or an option."""
    part = embedded_part(spec)
    kind, _, rest = part.descriptors.partition("/")
    made, _, how = rest.partition("@")
    revision, layer, pooling = (*how.split("/"), "", "")[:3]
    local = revision.startswith("sha256-")
    words = ["zoneclf deep embed", what, "--model", _FOLDER if local else shlex.quote(made)]
    words += ["--revision", shlex.quote(revision), "--layer", layer.removeprefix("layer")]
    words += ["--pooling", pooling, "--chunk", f"{part.window_s:g}"]
    words += ["--trust-remote-code"] if kind != "mert" else []
    return " ".join(words) + (f" ({_FOLDER}: that of {made})" if local else "")
