"""Which tracks must come into one split: those of one artist, else of one album."""

from collections.abc import Sequence
from typing import Literal

from zoneclf.deep.readers.listing import Listed

Group = Literal["artist", "album", "none"]
GROUPS = ("artist", "album", "none")


def groups_of(
    tracks: Sequence[Listed], track_ids: Sequence[str], by: Group = "artist"
) -> list[str]:
    """Return the group of each track.

    By ``artist`` a track without one goes with the artist of its album, else with its album, else
    alone; by ``album`` with its album, else its artist, else alone; by ``none`` alone.
    """
    artist_of_album: dict[str, str] = {}
    for track in tracks:
        if track.artist.strip() and track.album.strip():
            artist_of_album.setdefault(_key(track.album), _key(track.artist))
    pairs = zip(tracks, track_ids, strict=True)
    return [_group(track, track_id, by, artist_of_album) for track, track_id in pairs]


def _group(track: Listed, track_id: str, by: Group, artist_of_album: dict[str, str]) -> str:
    artist, album = _key(track.artist), _key(track.album)
    if by == "album" and album:
        return f"album:{album}"
    if by == "artist":
        artist = artist or artist_of_album.get(album, "")
    if by == "none" or not (artist or album):
        return f"track:{track_id}"
    return f"artist:{artist}" if artist else f"album:{album}"


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
