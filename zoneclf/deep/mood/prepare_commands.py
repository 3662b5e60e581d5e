"""``zoneclf deep mood prepare``: music whose tags mean one mood becomes a set of moods."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.audio.files import absolute
from zoneclf.console import PARTIAL, console, printable, reports_errors
from zoneclf.deep.mood.cluster_commands import FOLDER, Table, read_tags
from zoneclf.deep.sets.prepare_options import (
    Audio,
    GroupBy,
    Jobs,
    Json,
    Limit,
    Mels,
    Name,
    Output,
    Seed,
    Settings,
    SharesOf,
    Splits,
    set_name,
    set_options,
    tell_problems,
)
from zoneclf.deep.sets.spectrogram_options import settings_for, spectrogram_changes
from zoneclf.deep.spectrograms import SpectrogramSettings
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.genre.preparing import Prepared
    from zoneclf.deep.mood.clusters_file import TrackCounts

CLUSTERS = "clusters.yaml"
_SHOWN = 5

_Clusters = Annotated[Path, typer.Argument(help="File that `mood cluster` wrote, as edited.")]
_Seconds = Annotated[
    float | None,
    typer.Option("--max-seconds", min=0.0, help="Of a track's middle; 0: 1200.  [30]"),
]


@reports_errors
def prepare_command(
    clusters: _Clusters,
    table: Table,
    name: Name = "",
    output: Output = None,
    audio: Audio = None,
    shares: SharesOf = "60/15/10/15",
    splits: Splits = "drawn",
    group: GroupBy = "artist",
    seed: Seed = 0,
    jobs: Jobs = 0,
    time_limit: Limit = 120.0,
    max_seconds: _Seconds = None,
    mels: Mels = None,
    spectrogram: Settings = None,
    json_: Json = False,
) -> None:
    """Store the spectrograms of tracks whose tags mean exactly one mood, and draw splits.

    Goes on where it was stopped.  Tracks that cannot be used are listed in problems.csv.
    """
    told = dict(locals())
    place = output or FOLDER / set_name(name, clusters)
    done, counts = _prepared(place, told)
    _tell(done, counts, as_json=json_)


def _prepared(place: Path, told: Mapping[str, Any]) -> tuple["Prepared", "TrackCounts"]:
    """Prepare as the options of `prepare_command` tell; also return what becomes of the tracks."""
    from zoneclf.deep.genre.preparing import PrepareOptions, prepare
    from zoneclf.deep.mood.clusters_file import read_clusters, write_clusters
    from zoneclf.deep.mood.labelling import recounted, with_moods

    said = spectrogram_changes(told["spectrogram"] or (), told["mels"], told["max_seconds"])
    SpectrogramSettings(**said)  # what cannot be is told before anything is read
    chosen = set_options(told)
    if told["audio"] is not None and not told["audio"].is_dir():
        raise UsageError(f"option --audio: {told['audio']} is no folder")
    clusters = read_clusters(told["clusters"])
    listing = read_tags(told["table"], clusters.source.category, told["audio"])
    found = {tag for track in listing.tracks for tag in track.genres}
    if unknown := sorted(found - clusters.known):
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        shown = ", ".join(unknown[:_SHOWN])
        console.warn(f"{told['clusters']}: does not name {shown}{more}: taken as noise")
    counted = recounted(clusters, [track.genres for track in listing.tracks])
    labelled = with_moods(listing, clusters)
    options = PrepareOptions(spectrogram=settings_for(labelled, said), single=True, **chosen)
    source = f"{absolute(told['table'])} by {absolute(told['clusters'])}"
    done = prepare(labelled, place, options, source=source, voice=console)
    write_clusters(counted, place / CLUSTERS)
    return done, counted.counts


def _tell(done: "Prepared", counts: "TrackCounts", *, as_json: bool) -> None:
    """Print what was done; the first problems go to standard error."""
    from zoneclf.deep.genre.prepare_commands import prepared_as_json

    tell_problems(done.problems, done.folder)
    if as_json:
        typer.echo(json.dumps({**prepared_as_json(done), "tracks": vars(counts)}, indent=2))
    else:
        typer.echo(printable(_text(done, counts)))
    if done.failed:
        raise typer.Exit(PARTIAL)


def _text(done: "Prepared", counts: "TrackCounts") -> str:
    sizes = ", ".join(f"{name} {count}" for name, count in done.splits.items())
    moods = ", ".join(f"{name} {count}" for name, count in done.after.counts.items())
    left_out = f"several: {counts.several_clusters}, none: {counts.noise_only}"
    return "\n".join(
        (
            f"tags of one mood: {counts.one_cluster} of {counts.tracks} tracks ({left_out})",
            f"{len(done.after.counts)} moods, imbalance {done.after.imbalance:.1f}x: {moods}",
            f"splits: {sizes}",
            f"tracks that cannot be used: {len(done.failed)}, problems: {len(done.problems)}",
            f"set: {done.folder}",
        )
    )
