"""Which tracks stay together."""

from pathlib import Path

from zoneclf.deep.readers.listing import GenreTrack
from zoneclf.deep.sets.grouping import groups_of


def track(artist: str = "", album: str = "") -> GenreTrack:
    return GenreTrack(Path("/x.wav"), ("rock",), artist, album)


def test_by_artist_else_album_else_alone() -> None:
    tracks = [track("Ann "), track("ANN", "Sea"), track("", "Sky"), track("", "sky"), track()]
    groups = groups_of(tracks, list("abcde"))
    assert groups[0] == groups[1] == "artist:ann"
    assert groups[2] == groups[3] == "album:sky"
    assert groups[4] == "track:e"


def test_a_track_without_artist_goes_with_the_artist_of_its_album() -> None:
    groups = groups_of([track("", "Sea"), track("Ann", "Sea")], ["a", "b"])
    assert groups[0] == groups[1]


def test_by_album_and_by_none() -> None:
    tracks = [track("Ann", "Sea"), track("Ann", "Sky"), track("Ann")]
    assert groups_of(tracks, list("abc"), "album") == ["album:sea", "album:sky", "artist:ann"]
    assert len(set(groups_of(tracks, list("abc"), "none"))) == 3
