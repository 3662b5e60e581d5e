"""``zoneclf deep mood cluster``: tags that mean one mood, proposed in a file to look through."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.audio.files import absolute
from zoneclf.console import console, printable, reports_errors
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.mood.clustering import ClusterSettings
    from zoneclf.deep.mood.clusters_file import MoodClusters, TagSource
    from zoneclf.deep.readers.listing import GenreTrack, Listing

FOLDER = Path("dataset/mood")
MOODS = "mood/theme"

Table = Annotated[Path, typer.Argument(help="MTG-Jamendo's table, or folder of its split.")]
Tags = Annotated[str, typer.Option("--tags", help="Category of tags.")]
_Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="File of clusters; default: dataset/mood/TABLE.yaml."),
]
_Wanted = Annotated[
    int, typer.Option("--clusters", min=0, help="Try settings until about so many are found.")
]
_Association = Annotated[str, typer.Option(help="Of two tags: cosine or ppmi.")]
_Variance = Annotated[float, typer.Option(help="Share that PCA keeps.")]
_Smallest = Annotated[int, typer.Option("--min-cluster-size", help="Tags of a cluster.")]
_Selection = Annotated[str, typer.Option(help="HDBSCAN's: eom or leaf.")]
_Strength = Annotated[
    float, typer.Option(help="Standard deviations from chance that a tag must stay beside others.")
]
_Recount = Annotated[
    bool, typer.Option("--recount", help="Keep the clusters of the file; count tracks anew.")
]
_Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@reports_errors
def cluster(
    table: Table,
    tags: Tags = MOODS,
    output: _Output = None,
    clusters: _Wanted = 0,
    association: _Association = "cosine",
    variance: _Variance = 0.95,
    min_cluster_size: _Smallest = 2,
    selection: _Selection = "eom",
    strength: _Strength = 3.0,
    recount: _Recount = False,
    force: _Force = False,
    json_: _Json = False,
) -> None:
    """Propose clusters of tags that are used for the same tracks, in a file to look through.

    Tags that go with none are noise.  mood prepare reads the file, as you have edited it.
    """
    path = _place(output or FOLDER / f"{absolute(table).stem}.yaml", recount=recount, force=force)
    settings = _settings(
        association=association,
        variance=variance,
        min_cluster_size=min_cluster_size,
        selection=selection,
        strength=strength,
    )
    from zoneclf.deep.mood.clusters_file import TagSource, as_plain, write_clusters

    if recount:
        made = _recounted(path, table)
    else:
        source = TagSource(table=absolute(table).name, category=tags)
        made = _made(read_tags(table, tags), settings, clusters, source=source)

    write_clusters(made, path)
    said = {**as_plain(made), "file": str(path)}
    typer.echo(json.dumps(said, indent=2) if json_ else printable(f"{_text(made)}\nfile: {path}"))


def _place(path: Path, *, recount: bool, force: bool) -> Path:
    """Return the file to write, if it may be written."""
    if recount and not path.is_file():
        raise UsageError(f"option --recount: {path} is not there; make it without, first")
    if path.exists() and not (recount or force):
        raise UsageError(
            f"{path}: is there already; --recount keeps its clusters, --force makes them anew"
        )
    return path


def read_tags(table: Path, category: str, audio: Path | None = None) -> "Listing[GenreTrack]":
    """Return the tracks of a table with their tags of a category; errors are the reader's."""
    from zoneclf.deep.readers.jamendo import read_jamendo

    return read_jamendo(table, audio=audio, category=category)


def _settings(**told: Any) -> "ClusterSettings":
    from zoneclf.deep.mood.clustering import ClusterSettings
    from zoneclf.deep.strict import MisfitError, build

    try:
        return build(ClusterSettings, told)
    except MisfitError as error:
        name, _, rest = str(error).partition(" ")
        raise UsageError(f"option --{name.replace('_', '-')}: {rest}") from None


def _recounted(path: Path, table: Path) -> "MoodClusters":
    from zoneclf.deep.mood.clusters_file import read_clusters
    from zoneclf.deep.mood.labelling import recounted

    clusters = read_clusters(path)
    listing = read_tags(table, clusters.source.category)
    return recounted(clusters, [track.genres for track in listing.tracks])


def _made(
    listing: "Listing[GenreTrack]", settings: "ClusterSettings", wanted: int, *, source: "TagSource"
) -> "MoodClusters":
    from zoneclf.deep.mood.clustering import search
    from zoneclf.deep.mood.labelling import proposed
    from zoneclf.deep.mood.tag_table import tag_table

    listed = [track.genres for track in listing.tracks]
    if wanted:
        settings = search(tag_table(listed), settings, wanted)
    made = proposed(listed, settings, source)
    if wanted and len(made.clusters) != wanted:
        console.warn(
            f"no settings that were tried give {wanted} clusters; {len(made.clusters)} is nearest"
        )
    return made


def _text(made: "MoodClusters") -> str:
    counts, moods = made.counts, len(made.clusters)
    lines = [f"{one.name}: {one.tracks} tracks ({', '.join(one.tags)})" for one in made.clusters]
    tags = sum(len(one.tags) for one in made.clusters)
    noise = ", ".join(f"{tag} {count}" for tag, count in made.noise.items()) or "none"
    lines.append(f"{tags} tags in {moods} clusters; noise: {len(made.noise)} tags ({noise})")
    lines.append(
        f"{counts.tracks} tracks: {counts.one_cluster} with tags of one cluster, left out "
        f"{counts.several_clusters} of several and {counts.noise_only} with noise alone"
    )
    return "\n".join(lines)
