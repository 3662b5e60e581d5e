"""What a file's own bytes say about its length, where decoders stay silent.

* mp3: a stream of varying bit rate without a Xing, Info or VBRI header makes soundfile stop half
  way without an error (its length is guessed from the first frame's bit rate).  Of several mp3
  files that were joined it reads the first, as long as that one's header says.
* wav, aiff: the announced size of the sound outlives a truncation; libsndfile trusts the file's.
* ogg: the last page of a whole stream carries the end-of-stream flag (RFC 3533, section 6).

Sources: ISO/IEC 11172-3 2.4.2.3 (mp3 frame header); the Xing header as LAME 3.100 writes it
(VbrTag.c); Microsoft RIFF WAVE; Apple AIFF-C; RFC 3533.
"""

import struct
from pathlib import Path
from typing import BinaryIO

_BIT_RATES = {  # kbit/s of layer III, by MPEG version: ISO/IEC 11172-3 table, 13818-3 for MPEG-2
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
# A file that holds less of what it announces counts as truncated.
WHOLE_SHARE = 0.98
# ID3v2 tags that are looked for, one after the other.
_MOST_TAGS = 8
# The longest ogg page: a header of 27 + 255 bytes and 255 segments of 255.
_PAGE_BYTES = 65_307
# A file of zeros looks like chunks of 8 bytes; real ones hold a dozen.
_MOST_CHUNKS = 1000
# Chunked files: how the chunk of sound is called, and the byte order of its size.
SOUND_CHUNKS = {b"RIFF": (b"data", "<"), b"FORM": (b"SSND", ">")}


def is_unmarked_vbr(path: Path) -> bool:
    """Return whether `path` is an mp3 of varying bit rate without a header that says so.

    Without that header all frames are looked at: an intro of silence has a steady bit rate.
    """
    with path.open("rb") as stream:
        place, body = _first_mp3_frame(stream)
        frame = first = _mp3_frame(body)
        if first is None or _length_mark(body) >= 0:
            return False
        while frame is not None and frame[1] == first[1]:
            place += frame[0]
            frame = _mp3_frame(_at(stream, place, 4))
    return frame is not None


def says_its_length(path: Path) -> bool:
    """Return whether an mp3 file announces its length, which else follows from a bit rate."""
    with path.open("rb") as stream:
        return _length_mark(_first_mp3_frame(stream)[1]) >= 0


def is_joined_mp3(path: Path) -> bool:
    """Return whether more mp3 frames follow where the header of an mp3 file says it ends."""
    with path.open("rb") as stream:
        place, body = _first_mp3_frame(stream)
        size = _xing_bytes(body)
        if not size:
            return False
        after = _at(stream, place + size, 10)
        if after[:3] == b"ID3":
            return True
        frame = _mp3_frame(after)
        return frame is not None and bool(_mp3_frame(_at(stream, place + size + frame[0], 4)))


def wav_format(path: Path) -> tuple[int, int] | None:
    """Return rate in Hz and number of channels as a wav file's header has them; None if none."""
    with path.open("rb") as stream:
        if stream.read(4) != b"RIFF":
            return None
        place, _ = _chunk(stream, b"fmt ", "<")
        head = _at(stream, place, 8) if place else b""
    if len(head) < 8:
        return None
    _, channels, rate_hz = struct.unpack("<HHI", head)
    return rate_hz, channels


def cut_short(path: Path) -> str:
    """Return why a wav, aiff or ogg file must be a truncated one; empty if nothing says so."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(4)
        if head in SOUND_CHUNKS:
            return _cut_chunk(stream, size, *SOUND_CHUNKS[head])
        if head == b"OggS":
            tail = _at(stream, max(0, size - _PAGE_BYTES), _PAGE_BYTES)
            return "" if _ends_stream(tail) else "the last ogg page is missing"
    return ""


def _cut_chunk(stream: BinaryIO, size: int, sound: bytes, order: str) -> str:
    place, length = _chunk(stream, sound, order)
    if length in (0, 0xFFFFFFFF):  # no such chunk, or written to a pipe
        return ""
    there = size - place
    return "" if there >= WHOLE_SHARE * length else f"{there} of {length} bytes are there"


def _chunk(stream: BinaryIO, wanted: bytes, order: str) -> tuple[int, int]:
    """Return where a chunk begins and the length it announces; zeros if it is not there."""
    place = 12
    for _ in range(_MOST_CHUNKS):
        head = _at(stream, place, 8)
        if len(head) < 8:
            break
        name, length = struct.unpack(f"{order}4sI", head)
        if name == wanted:
            return place + 8, length
        place += 8 + length + length % 2
    return 0, 0


def _ends_stream(tail: bytes) -> bool:
    """Return whether the last ogg page is whole and flagged as the last."""
    last = tail.rfind(b"OggS")
    page = tail[last:] if last >= 0 else b""
    if len(page) < 27 or not page[5] & 4:
        return False
    body = 27 + page[26]
    return len(page) >= body + sum(page[27:body])


def _at(stream: BinaryIO, place: int, count: int) -> bytes:
    stream.seek(place)
    return stream.read(count)


def after_tags(stream: BinaryIO) -> int:
    """Return where sound begins, after one or more ID3v2 tags."""
    place = 0
    for _ in range(_MOST_TAGS):
        place += _id3_length(_at(stream, place, 10))
    return place


def _id3_length(head: bytes) -> int:
    """Return the bytes of an ID3v2 tag, 0 if it is none: four bytes of 7 bits (ID3v2.4, 3.1)."""
    if len(head) < 10 or head[:3] != b"ID3" or max(head[6:10]) >= 0x80:
        return 0
    a, b, c, d = head[6:10]
    footer = 10 if head[5] & 0x10 else 0
    return 10 + (a << 21 | b << 14 | c << 7 | d) + footer


def _first_mp3_frame(stream: BinaryIO) -> tuple[int, bytes]:
    """Return where the first mp3 frame begins and its bytes; no bytes if there is no frame."""
    place = after_tags(stream)
    frame = _mp3_frame(_at(stream, place, 4))
    return place, _at(stream, place, frame[0]) if frame else b""


def _length_mark(body: bytes) -> int:
    """Return where in an mp3 file's first frame a header with its length begins; -1 if nowhere."""
    return max(body.find(mark) for mark in (b"Xing", b"Info", b"VBRI"))


def _xing_bytes(body: bytes) -> int:
    """Return the bytes that an mp3 file's Xing or Info header announces; 0 if it does not."""
    mark = max(body.find(b"Xing"), body.find(b"Info"))
    fields = body[mark + 4 : mark + 16]
    if mark < 0 or len(fields) < 12:
        return 0
    flags, first, second = struct.unpack(">III", fields)
    has_frames, has_bytes = flags & 1, flags & 2
    size: int = second if has_frames else first
    return size if has_bytes else 0


def _mp3_frame(head: bytes) -> tuple[int, int] | None:
    """Return a layer III frame's size in bytes and bit rate in kbit/s; None if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    version, rate_code, bit_code = head[1] >> 3 & 3, head[2] >> 2 & 3, head[2] >> 4
    if version == 1 or rate_code == 3 or bit_code in (0, 15):
        return None
    bit_rate = _BIT_RATES[1 if version == 3 else 2][bit_code]
    samples = 144 if version == 3 else 72
    size = samples * bit_rate * 1000 // _RATES_HZ[version][rate_code] + (head[2] >> 1 & 1)
    return size, bit_rate
