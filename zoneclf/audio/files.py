"""Which audio files lie under a path.

No file is opened before it is known to be a regular file: a FIFO named ``x.mp3`` would block for
ever.  Folders are visited once each, by device and inode, so that loops of links end.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from zoneclf.errors import AudioError

# Read by soundfile (libsndfile 1.2), and those that only ffmpeg reads.
SOUNDFILE_SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff"})
FFMPEG_SUFFIXES = frozenset(
    {".m4a", ".aac", ".mp4", ".alac", ".wma", ".ac3", ".wv", ".webm", ".mka", ".ape", ".mpc"}
)
AUDIO_SUFFIXES = SOUNDFILE_SUFFIXES | FFMPEG_SUFFIXES
PLAYLIST_SUFFIXES = frozenset({".m3u8", ".m3u"})


def audio_files(folder: Path) -> list[Path]:
    """Return every audio file under `folder`, by suffix, sorted."""
    return sorted(path for path in _walk(folder, set()) if path.suffix.lower() in AUDIO_SUFFIXES)


def read_playlist(path: Path) -> list[Path]:
    """Return the files of an M3U or M3U8 playlist; relative entries are relative to the playlist.

    Entries that are addresses on a network are refused: nothing is ever fetched.

    Raises
    ------
    AudioError
        If the playlist is no file, cannot be read or names an address.
    """
    require_regular(path)
    try:
        text = path.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise AudioError("unreadable", f"{path}: cannot be read ({error.strerror})") from error
    # Not splitlines(), which also ends a line at characters that names may hold.
    entries = [line.strip("\r\t ") for line in text.split("\n")]
    files = []
    for number, entry in enumerate(entries, 1):
        if entry and not entry.startswith("#"):
            if "://" in entry or entry.startswith("\\\\"):
                raise AudioError(
                    "unreadable", f"{path}:{number}: {entry!r} is an address; list files only"
                )
            files.append(path.parent / entry)
    return files


def expand(paths: Iterable[Path]) -> list[Path]:
    """Return the audio files that files, folders and playlists stand for, in that order."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += audio_files(path)
        elif path.suffix.lower() in PLAYLIST_SUFFIXES:
            found += read_playlist(path)
        else:
            found.append(path)
    return list(dict.fromkeys(absolute(path) for path in found))


def absolute(path: Path) -> Path:
    """Return `path` from the root on, without ``..``, so that two ways to write it are equal."""
    return Path(os.path.normpath(path.absolute()))


def require_regular(path: Path) -> os.stat_result:
    """Return the file's status.

    Raises
    ------
    AudioError
        With status ``missing`` or ``not_a_file``; the file is not opened.
    """
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError("missing", f"not there ({reason})") from error
    if not stat.S_ISREG(found.st_mode):
        raise AudioError("not_a_file", "a folder, pipe, socket or device, not a file")
    return found


def path_text(path: Path) -> str:
    """Return `path` as text that Parquet and JSON can hold; `text_path` undoes it.

    A name that is not UTF-8 is kept, byte by byte, as a percent-encoded ``file://`` address.
    """
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return path.absolute().as_uri()
    return text


def text_path(text: str) -> Path:
    """Return the path that `path_text` wrote."""
    if text.startswith("file://"):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix("file://"))))
    return Path(text)


def _walk(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    try:
        here = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    if (here.st_dev, here.st_ino) in seen:
        return
    seen.add((here.st_dev, here.st_ino))
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if Path(entry.path).is_dir():  # unlike entry.is_dir(), answers for a link to itself
            yield from _walk(Path(entry.path), seen)
        else:
            yield Path(entry.path)
