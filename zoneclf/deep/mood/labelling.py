"""Tracks with tags -> tracks with one mood each; names for clusters; what becomes of the tracks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from zoneclf.deep.mood.clustering import (
    NOISE,
    ClusterSettings,
    Labels,
    association,
    cluster_tags,
    clusters_in,
)
from zoneclf.deep.mood.clusters_file import Cluster, MoodClusters, TagSource, TrackCounts
from zoneclf.deep.mood.tag_table import TagTable, tag_table
from zoneclf.deep.readers.listing import GenreTrack, Listing
from zoneclf.errors import LabelError

_NAME_TAGS = 2


def proposed(
    listed: Sequence[Sequence[str]], settings: ClusterSettings, source: TagSource
) -> MoodClusters:
    """Return clusters of the tags of tracks, named and counted.

    Raises
    ------
    LabelError
        If no cluster is found; also as `cluster_tags`.
    """
    table = tag_table(listed)
    labels = cluster_tags(table, settings)
    if not clusters_in(labels):
        raise LabelError(
            f"{source.table}: none of its {len(table.tags)} tags form a cluster; try --clusters, a "
            "smaller --strength or --association ppmi"
        )
    found = tuple(_named(table, labels, number, settings) for number in clusters_in(labels))
    noise = {table.tags[place]: 0 for place in np.flatnonzero(labels == NOISE)}
    made = MoodClusters(clusters=found, noise=noise, source=source, settings=settings)
    return recounted(made, listed)


def recounted(clusters: MoodClusters, listed: Sequence[Sequence[str]]) -> MoodClusters:
    """Return clusters with the counts of these tracks; tags that no cluster has become noise."""
    having = Counter(tag for names in listed for tag in set(names))
    mood_of = clusters.mood_of
    noise = {tag: having[tag] for tag in clusters.noise}
    noise |= {
        tag: count
        for tag, count in sorted(having.items(), key=lambda one: (-one[1], one[0]))
        if tag not in mood_of and tag not in noise
    }
    moods = [moods_of(names, mood_of) for names in listed]
    alone = Counter(next(iter(some)) for some in moods if len(some) == 1)
    counts = TrackCounts(
        tracks=len(listed),
        one_cluster=alone.total(),
        several_clusters=sum(len(some) > 1 for some in moods),
        noise_only=sum(not some for some in moods),
    )
    found = tuple(replace(one, tracks=alone[one.name]) for one in clusters.clusters)
    return replace(clusters, clusters=found, noise=noise, counts=counts)


def moods_of(tags: Sequence[str], mood_of: dict[str, str]) -> set[str]:
    """Return the moods of a track's tags; noise has none."""
    return {mood_of[tag] for tag in tags if tag in mood_of}


def with_moods(listing: Listing[GenreTrack], clusters: MoodClusters) -> Listing[GenreTrack]:
    """Return the tracks whose tags mean exactly one mood, with it as their only label.

    Raises
    ------
    LabelError
        If there is none.
    """
    mood_of = clusters.mood_of
    kept = []
    for track in listing.tracks:
        moods = moods_of(track.genres, mood_of)
        if len(moods) == 1:
            kept.append(replace(track, genres=tuple(moods)))
    if not kept:
        tags = sorted({tag for track in listing.tracks for tag in track.genres})
        raise LabelError(
            f"{clusters.source.table}: no track has tags of exactly one cluster (its tags: "
            f"{', '.join(tags[:5])} ...); name the table that the clusters were made from"
        )
    return Listing(tuple(kept), listing.problems)


def _named(table: TagTable, labels: Labels, number: int, settings: ClusterSettings) -> Cluster:
    """Return a cluster named by its most typical tags, all of its tags by how typical they are.

    Typical is what many tracks have and what goes with the others of the cluster: the product of a
    tag's tracks and its mean association with the others.
    """
    inside = np.flatnonzero(labels == number)
    among = association(table, settings.association)[np.ix_(inside, inside)]
    np.fill_diagonal(among, 0.0)
    typical = table.counts[inside] * among.sum(axis=1)
    order = inside[np.argsort(-typical, kind="stable")]
    tags = tuple(table.tags[place] for place in order)
    return Cluster(name="-".join(tags[:_NAME_TAGS]), tags=tags)
