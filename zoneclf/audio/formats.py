"""What the end of a file's name says is inside, against what a decoder finds inside."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class _Format:
    """A format, what libsndfile and ffmpeg call its containers, and how its files are called."""

    name: str
    containers: frozenset[str]
    suffixes: frozenset[str]


def _format(name: str, containers: str, suffixes: str) -> _Format:
    dotted = frozenset(f".{suffix}" for suffix in suffixes.split())
    return _Format(name, frozenset(containers.split()), dotted)


# libsndfile's words are upper case, ffmpeg's (`ffmpeg -demuxers`) lower case.
_FORMATS = (
    _format("wav", "WAV WAVEX RF64 W64 wav w64", "wav wave bwf rf64 w64"),
    _format("aiff", "AIFF aiff", "aif aiff aifc"),
    _format("flac", "FLAC flac", "flac"),
    _format("ogg", "OGG ogg", "ogg oga opus spx"),
    _format("mp3", "MP3 mp3", "mp3 mp2 mpga"),
    _format("mp4", "mov,mp4,m4a,3gp,3g2,mj2", "m4a mp4 m4b m4p alac aac mov"),
    _format("aac", "aac", "aac"),
    _format("wma", "asf asf_o", "wma asf"),
    _format("matroska", "matroska,webm", "mka webm mkv"),
    _format("ac3", "ac3 eac3", "ac3 ec3"),
    _format("wavpack", "wv", "wv"),
    _format("ape", "ape", "ape"),
    _format("musepack", "mpc mpc8", "mpc"),
)
_CLAIMS = frozenset().union(*(one.suffixes for one in _FORMATS))


def misnamed(path: Path, container: str) -> str:
    """Return what is odd about a file's name; empty if it fits, claims nothing, or none knows."""
    suffix = path.suffix.lower()
    for one in _FORMATS:
        if container in one.containers and suffix in _CLAIMS - one.suffixes:
            return f"{one.name} in a file called {suffix}"
    return ""
