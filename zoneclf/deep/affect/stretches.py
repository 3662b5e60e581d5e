"""Which seconds of a file a rated track is cut to, and what is left of its course then."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from zoneclf.audio.lengths import length_s
from zoneclf.deep.affect.affect_set import Course
from zoneclf.deep.affect.listing import AffectTrack
from zoneclf.errors import AudioError

# What rounded times may be apart.
_NEAR_S = 1e-6


def cut_to(track: AffectTrack, excerpt_s: float) -> AffectTrack:
    """Return a track whose stretch is the middle `excerpt_s` seconds of what was rated; 0: all.

    A stretch that is short enough stays as it is, and a whole file without a course stays whole.
    The end of a whole file with a course is the file's length.
    """
    if not track.end_s and track.course is None:
        return track
    start_s, end_s = track.start_s, track.end_s or _end_of(track.path)
    if not end_s:  # the middle of what has no known end is not known either
        end_s = start_s + excerpt_s if excerpt_s else 0.0
    if excerpt_s and end_s - start_s > excerpt_s + _NEAR_S:
        start_s += (end_s - start_s - excerpt_s) / 2
        end_s = start_s + excerpt_s
    start_s, end_s = round(start_s, 3), round(end_s, 3)
    length_s = end_s - start_s if end_s else np.inf
    course = part_of(track.course, start_s - track.start_s, length_s)
    return replace(track, start_s=start_s, end_s=end_s, course=course)


def part_of(course: Course | None, start_s: float, length_s: float) -> Course | None:
    """Return the samples of a course in so many seconds from `start_s`, with times from there."""
    if course is None:
        return None
    times, values = course[0] - start_s, course[1]
    inside = (times >= -_NEAR_S) & (times <= length_s + _NEAR_S)
    return (times[inside], values[inside]) if inside.any() else None


def _end_of(path: Path) -> float:
    """Return a file's length in seconds; 0 if it cannot be read."""
    try:
        return length_s(path)
    except AudioError:
        return 0.0  # whatever is wrong is told when its sound is asked for
