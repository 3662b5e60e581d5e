"""What makes two files the same track: their sound as it is stored, whatever their tags say.

The id of a file is a hash of the bytes that a decoder turns into sound, so that a file that was
moved, copied or tagged anew keeps its id without being decoded again:

====================  ============================================================================
mp3, aac, ape, mpc,   everything but ID3v2 tags before, and ID3v1, Lyrics3 and APE tags after
wv and unknown ones
flac                  STREAMINFO and the frames, no other metadata block
wav, aiff             format and sound chunks
ogg (vorbis, opus)    all packets but the comments
m4a, mp4              sample descriptions, sample tables but not offsets, and media data
====================  ============================================================================

A file that does not hold together is hashed whole, tags and all, as are wma, mka, webm and RF64.
What a remuxer writes anew (ffmpeg's own Info frame in an mp3) makes another track.  Sources:
ID3v2.4 structure, 3.1; APEv2 specification (hydrogenaudio); Lyrics3 v2.00; RFC 9639, section 8;
Microsoft RIFF WAVE; Apple AIFF-C; RFC 3533; ISO/IEC 14496-12.
"""

import hashlib
import itertools
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from zoneclf.audio.headers import SOUND_CHUNKS, after_tags
from zoneclf.audio.ogg import MAGIC, without_comments
from zoneclf.errors import AudioError

# First byte and the byte after the last.
Range = tuple[int, int]
_AT_ONCE = 1 << 20
_FORMAT_CHUNKS = {b"RIFF": b"fmt ", b"FORM": b"COMM"}
_MP4_CONTAINERS = {b"moov", b"trak", b"edts", b"mdia", b"minf", b"stbl"}
_MP4_SOUND = {b"elst", b"stsd", b"stts", b"stsc", b"stsz", b"stz2", b"moof", b"mdat"}
# Parts of a file that are looked at; a file with more is hashed whole.
_MOST_PARTS = 10_000


def sound_id(path: Path, stopped: Callable[[], bool] = lambda: False) -> str:
    """Return the track id of a file, 20 hexadecimal digits (BLAKE2b, 80 bits).

    It means nothing once `stopped` returns true, which ends the reading of a long file.

    Raises
    ------
    AudioError
        With status ``unreadable``.
    """
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            try:
                return _digest(_sound(stream, size), stopped)
            except (ValueError, struct.error):
                return _digest([b""] if not size else _read(stream, [(0, size)]), stopped)
    except OSError as error:
        raise AudioError("unreadable", f"cannot be read ({error.strerror})") from error


def _digest(pieces: Iterable[bytes], stopped: Callable[[], bool]) -> str:
    found = hashlib.blake2b(digest_size=10)
    for piece in pieces:
        found.update(piece)
        if stopped():
            break
    return found.hexdigest()


def _sound(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the bytes of sound.

    Raises
    ------
    ValueError, struct.error
        If the file does not hold together.
    """
    start = after_tags(stream)
    head = _at(stream, start, 12)
    if head[:4] == MAGIC:
        stream.seek(start)
        return without_comments(stream)
    if head[:4] == b"fLaC":
        return _read(stream, _flac(stream, start + 4, _before_tags(stream, size)))
    if head[:4] in SOUND_CHUNKS:
        return _read(stream, _chunks(stream, (start, size), head[:4]))
    if head[4:8] == b"ftyp":
        return _read(stream, _boxes(stream, (start, size)))
    return _read(stream, [(start, _before_tags(stream, size))])


def _read(stream: BinaryIO, ranges: Iterable[Range]) -> Iterator[bytes]:
    for count, (first, last) in enumerate(ranges):
        if first > last or (first == last and not count) or count > _MOST_PARTS:
            raise ValueError("tags that overlap, or parts without end")
        stream.seek(first)
        for place in range(first, last, _AT_ONCE):
            yield stream.read(min(_AT_ONCE, last - place))


def _at(stream: BinaryIO, place: int, count: int) -> bytes:
    stream.seek(place)
    return stream.read(count)


def _before_tags(stream: BinaryIO, end: int) -> int:
    """Return where the tags at the end of a file begin."""
    while (length := _tag_length(stream, end)) > 0:
        end -= length
    if length < 0 or end < 0:
        raise ValueError("a tag that is longer than its file")
    return end


def _tag_length(stream: BinaryIO, end: int) -> int:
    """Return the length in bytes of the tag that ends at `end`; 0 if there is none."""
    if end >= 128 and _at(stream, end - 128, 3) == b"TAG":
        return 128
    if end >= 15 and _at(stream, end - 9, 9) == b"LYRICS200":
        return 15 + int(_at(stream, end - 15, 6))
    footer = _at(stream, end - 32, 32) if end >= 32 else b""
    if footer[:8] == b"APETAGEX":
        (size,) = struct.unpack_from("<I", footer, 12)
        # Only with its header, as APEv2 has it: a damaged size would hide sound.
        if size < 32 or _at(stream, max(0, end - size - 32), 8) != b"APETAGEX":
            raise ValueError("an APE tag without its header")
        return int(size) + 32
    return 0


def _flac(stream: BinaryIO, place: int, end: int) -> Iterator[Range]:
    last = False
    while not last:
        kind, high, low = struct.unpack(">BBH", _at(stream, place, 4))
        last, after = bool(kind & 0x80), place + 4 + (high << 16 | low)
        if kind & 0x7F == 0:
            yield place + 4, after
        place = after
    yield place, end


def _chunks(stream: BinaryIO, inside: Range, head: bytes) -> Iterator[Range]:
    sound, order = SOUND_CHUNKS[head]
    place, end = inside[0] + 12, inside[1]
    found = False
    for _ in range(_MOST_PARTS):
        if place + 8 > end:
            break
        name, length = struct.unpack(f"{order}4sI", _at(stream, place, 8))
        if name == sound and length == 0:  # written to a pipe
            length = end - place - 8
        if name in (sound, _FORMAT_CHUNKS[head]):
            yield place, min(end, place + 8 + length)
            found = found or name == sound
        place += 8 + length + length % 2
    if not found:
        raise ValueError("no sound in it")


def _boxes(stream: BinaryIO, inside: Range) -> Iterator[Range]:
    boxes = [box for box in _boxes_in(stream, inside) if box[0] in _MP4_SOUND]
    # Media data may stand before or after what describes it, and be moved.
    boxes.sort(key=lambda box: box[0] == b"mdat")
    if not boxes or boxes[-1][0] != b"mdat":
        raise ValueError("no sound in it")
    yield from ((first, last) for _, first, last in boxes)


def _boxes_in(stream: BinaryIO, inside: Range, depth: int = 0) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, first and last byte of the content of every box, containers opened."""
    place, end = inside
    for count in itertools.count():
        if place >= end:
            return
        length, name = struct.unpack(">I4s", _at(stream, place, 8))
        first = place + 8
        if length == 1:
            (length,) = struct.unpack(">Q", _at(stream, first, 8))
            first += 8
        last = end if length == 0 else min(end, place + length)
        if last < first or depth > len(_MP4_CONTAINERS) or count > _MOST_PARTS:
            raise ValueError("a box that is smaller than its head, or boxes without end")
        if name in _MP4_CONTAINERS:
            yield from _boxes_in(stream, (first, last), depth + 1)
        yield name, first, last
        place = last
