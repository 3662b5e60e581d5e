"""``zoneclf deep embed``: sound -> embeddings, as a table beside the workspace's own features."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import PARTIAL, console, printable, reports_errors
from zoneclf.deep.encoders import DEFAULT_MODEL
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.encoders.embedding import EmbeddingSettings
    from zoneclf.deep.encoders.kinds import EncoderKind
    from zoneclf.deep.encoders.making import Made, Maker
    from zoneclf.store import TableNote

_SAID = 10


@dataclass(frozen=True)
class _Asked:
    """What the options say of the checkpoint and of how it runs."""

    model: str
    revision: str
    device: str
    batch_size: str
    offline: bool
    foreign: bool


Paths = Annotated[
    list[Path] | None, typer.Argument(help="Files, folders, playlists; default: all sources.")
]
Source = Annotated[
    str, typer.Option(help="Source whose tracks to embed, or name of the table of PATHS.")
]
Set = Annotated[Path | None, typer.Option("--set", help="Folder of a prepared genre set, instead.")]
Model = Annotated[str, typer.Option(help="Folder, or name on the hub.")]
Revision = Annotated[str, typer.Option(help="Commit on the hub; published ones are pinned.")]
Layer = Annotated[str, typer.Option(help="Hidden states: number, or all (their mean).")]
PoolingName = Annotated[str, typer.Option(help="Over time: mean or mean-std.")]
Chunk = Annotated[float, typer.Option(metavar="SECONDS", help="Heard at once.")]
BatchSize = Annotated[str, typer.Option(help="Chunks at once, or auto.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Offline = Annotated[bool, typer.Option("--offline", help="Fetch nothing.")]
Trust = Annotated[
    bool, typer.Option("--trust-remote-code", help="Run the code beside the weights.")
]
Force = Annotated[bool, typer.Option("--force", help="Make a table anew that was made otherwise.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@reports_errors
def embed(
    paths: Paths = None,
    source: Source = "",
    set_: Set = None,
    model: Model = DEFAULT_MODEL,
    revision: Revision = "",
    layer: Layer = "all",
    pooling: PoolingName = "mean",
    chunk: Chunk = 5.0,
    batch_size: BatchSize = "auto",
    device: Device = "auto",
    offline: Offline = False,
    trust_remote_code: Trust = False,
    force: Force = False,
    json_: Json = False,
) -> None:
    """Write what MERT or wav2vec 2.0 hears in tracks to dataset/embeddings/<source>.parquet.

    Without PATH: in the tracks of all sources that are extracted.  zoneclf train --features mert
    learns from it.  MERT's published weights are for non-commercial use only.
    """
    settings = _settings(layer, pooling, chunk)
    asked = _Asked(model, revision, device, batch_size, offline, trust_remote_code)
    from zoneclf.deep.encoders.jobs import jobs_of
    from zoneclf.deep.encoders.making import make_table
    from zoneclf.deep.encoders.tables import EmbeddingTable

    note, maker = _checkpoint(asked, settings)
    made = {}
    for job in jobs_of(tuple(paths or ()), source, set_, note.spec.digest):
        table = EmbeddingTable(job.table, note, force=force)
        console.say(f"{job.table}: {len(job.wanted)} tracks")
        made[str(job.table)] = make_table(table, job.wanted, maker, console)
        console.close()
    _tell(made, note, as_json=json_)
    if any(one.failed for one in made.values()):
        raise typer.Exit(PARTIAL)


def _settings(layer: str, pooling: str, chunk_s: float) -> "EmbeddingSettings":
    from zoneclf.deep.encoders.embedding import ALL, EmbeddingSettings
    from zoneclf.deep.encoders.pooling import POOLINGS

    if layer != ALL and not (layer.isascii() and layer.isdigit()):
        raise UsageError(f"--layer {layer}: must be a number from 0 on, or {ALL}")
    for known in POOLINGS:
        if pooling == known:
            number = layer if layer == ALL else int(layer)
            return EmbeddingSettings(layer=number, pooling=known, chunk_s=chunk_s)
    raise UsageError(f"--pooling {pooling}: must be {' or '.join(POOLINGS)}")


def _checkpoint(
    asked: _Asked, settings: "EmbeddingSettings"
) -> tuple["TableNote", Callable[[], "Maker"]]:
    """Return what the table will say, and what loads the weights when they are needed."""
    batch = _batch(asked.batch_size)
    import torch

    from zoneclf.deep.batches import device_of
    from zoneclf.deep.encoders.config import read_config, read_preprocessor
    from zoneclf.deep.encoders.embedding import Embedder
    from zoneclf.deep.encoders.snapshots import locate
    from zoneclf.deep.encoders.tables import note_of

    device = torch.device(device_of(asked.device))
    snapshot = locate(
        asked.model, revision=asked.revision, offline=asked.offline, with_code=asked.foreign
    )
    config = read_config(snapshot.folder, native=not asked.foreign)
    preprocessor = read_preprocessor(snapshot.folder)
    settings.require_fit(config, preprocessor)
    if asked.foreign:
        _allow_code(config.kind, snapshot.folder)

    def maker() -> Embedder:
        from zoneclf.deep.encoders.encoder import Encoder, NativeEncoder, RemoteEncoder

        kind: type[NativeEncoder] | type[RemoteEncoder] = (
            RemoteEncoder if asked.foreign else NativeEncoder
        )
        encoder: Encoder = kind(snapshot.folder, device)
        made = Embedder(encoder, preprocessor, settings, device=device, batch=batch)
        console.say(
            f"{snapshot.name}@{snapshot.revision}: on {device}, {made.batch} chunks at once"
        )
        return made

    return note_of(snapshot, config, preprocessor, settings, foreign=asked.foreign), maker


def _allow_code(kind: "EncoderKind", folder: Path) -> None:
    """Tell that code beside the weights will run, where there is any to run."""
    if not kind.code:
        raise UsageError(f"--trust-remote-code: {kind.title} needs no code of others; leave it out")
    console.warn(f"running the code that lies in {folder}, as you asked")


def _batch(text: str) -> int:
    if text == "auto":
        return 0
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 1024:
        raise UsageError(f"--batch-size {text}: must be auto, or from 1 to 1024")
    return int(text)


def _tell(made: dict[str, "Made"], note: "TableNote", *, as_json: bool) -> None:
    """Print where the tables are, and what has no embedding."""
    if as_json:
        tables = [
            {
                "table": path,
                "tracks": one.tracks,
                "embedded_before": one.before,
                "statuses": dict(one.statuses),
                "failed": [
                    dict(zip(("path", "status", "reason"), f, strict=True)) for f in one.failed
                ],
            }
            for path, one in made.items()
        ]
        said: dict[str, Any] = {"schema_version": 1, "made_by": note.notes, "licence": note.licence}
        said |= {"features": len(note.spec.features), "tables": tables}
        typer.echo(json.dumps(said, indent=2))
        return
    licence = f", {note.licence}" if note.licence else ""
    for path, one in made.items():
        counts = ", ".join(f"{count} {status}" for status, count in sorted(one.statuses.items()))
        where = path if Path(path).is_file() else f"{path} (not written)"
        typer.echo(f"{where}: {counts}; {len(note.spec.features)} features{licence}")
        for name, status, reason in one.failed[:_SAID]:
            typer.echo(printable(f"  {name}: {status}: {reason}"), err=True)
        if len(one.failed) > _SAID:
            typer.echo(f"  and {len(one.failed) - _SAID} more without an embedding", err=True)
