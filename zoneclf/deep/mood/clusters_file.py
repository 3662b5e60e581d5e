"""Clusters of tags as a YAML file that a person reads, edits and gives back.

    clusters:
      - name: calm-relaxing        the mood's name, free to choose
        tags: [calm, relaxing]     its tags, free to move
        tracks: 812                with this cluster alone
    noise:
      film: 309                    tag: tracks that have it
    counts: {...}                  what becomes of the tracks
    source, settings               what it was made from, and how

Only names and tags are read again for labelling; numbers are brought up to date by ``--recount``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from zoneclf.deep.mood.clustering import ClusterSettings
from zoneclf.deep.strict import MisfitError, build
from zoneclf.errors import SettingsError
from zoneclf.writing import write_text
from zoneclf.yaml_file import read_yaml

SCHEMA_VERSION = 1
_ABOUT = """\
# Which tags mean one mood.  Rename clusters, move tags between them or to noise (tag: 0), take
# clusters out or add some.  Then bring the numbers up to date with
#     zoneclf deep mood cluster TAGS.tsv --output THIS.yaml --recount
# and make the set of moods with
#     zoneclf deep mood prepare THIS.yaml TAGS.tsv --audio DIR
"""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A mood: its name, its tags, and how many tracks have no other mood."""

    name: str
    tags: tuple[str, ...]
    tracks: int = 0


@dataclass(frozen=True, kw_only=True)
class TrackCounts:
    """What becomes of tracks: only those with tags of exactly one cluster get a mood.

    `noise_only` have tags of no cluster, `several_clusters` tags of more than one.
    """

    tracks: int = 0
    one_cluster: int = 0
    several_clusters: int = 0
    noise_only: int = 0


@dataclass(frozen=True, kw_only=True)
class TagSource:
    """What was clustered: the name of the table (or folder), and the category of its tags."""

    table: str
    category: str


@dataclass(frozen=True, kw_only=True)
class MoodClusters:
    """All that the file says."""

    schema_version: int = SCHEMA_VERSION
    clusters: tuple[Cluster, ...]
    noise: dict[str, int] = field(default_factory=dict)
    counts: TrackCounts = field(default_factory=TrackCounts)
    source: TagSource
    settings: ClusterSettings | None = None

    def __post_init__(self) -> None:
        if self.schema_version != SCHEMA_VERSION:
            raise MisfitError(f"schema_version is {self.schema_version}, not {SCHEMA_VERSION}")
        if not self.clusters:
            raise MisfitError("clusters is empty; it must name at least one mood")
        seen: dict[str, str] = {}
        for cluster in self.clusters:
            if not cluster.name.strip() or cluster.name != " ".join(cluster.name.split()):
                raise MisfitError(f"clusters: the name {cluster.name!r} is blank or oddly spaced")
            if not cluster.tags:
                raise MisfitError(f"clusters: {cluster.name!r} has no tags; take it out")
            for tag in cluster.tags:
                _require_once(tag, f"cluster {cluster.name!r}", seen)
        for tag in self.noise:
            _require_once(tag, "noise", seen)
        names = [cluster.name.casefold() for cluster in self.clusters]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise MisfitError(f"clusters: the name {twice[0]!r} is there twice; rename one")

    @property
    def mood_of(self) -> dict[str, str]:
        """The mood of each tag of a cluster."""
        return {tag: cluster.name for cluster in self.clusters for tag in cluster.tags}

    @property
    def known(self) -> set[str]:
        """Every tag that the file names."""
        return {*self.mood_of, *self.noise}


def _require_once(tag: str, where: str, seen: dict[str, str]) -> None:
    if tag in seen:
        raise MisfitError(f"the tag {tag!r} is in {seen[tag]} and in {where}; it must be in one")
    seen[tag] = where


def read_clusters(path: Path) -> MoodClusters:
    """Return what a file of clusters says.

    Raises
    ------
    SettingsError
        If it cannot be read, has an unknown or missing key, or a tag or name twice.
    """
    raw = read_yaml(path)
    try:
        return build(MoodClusters, raw)
    except MisfitError as error:
        raise SettingsError(f"{path}: {error}") from None


def write_clusters(clusters: MoodClusters, path: Path) -> None:
    """Write clusters with a word on how to edit them."""
    text = yaml.safe_dump(
        as_plain(clusters), sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    write_text(_ABOUT + text, path)


def as_plain(clusters: MoodClusters) -> dict[str, Any]:
    """Return plain values, fit for YAML and JSON."""
    found = asdict(clusters)
    found["clusters"] = [{**one, "tags": list(one["tags"])} for one in found["clusters"]]
    return {name: _plain(value) for name, value in found.items() if value is not None}


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value
