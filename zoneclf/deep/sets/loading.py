"""A set of whatever kind from its folder."""

from pathlib import Path

from zoneclf.deep.sets.storing import stored_kind
from zoneclf.deep.sets.track_set import TrackSet


def load_set(folder: Path) -> TrackSet:
    """Return the set in a folder, of the class of its kind.

    Raises
    ------
    TableError
        If there is none, or it is damaged.
    """
    if stored_kind(folder) == "affect":
        from zoneclf.deep.affect.affect_set import load_affect

        return load_affect(folder)
    from zoneclf.deep.genre.prepared import load_prepared

    return load_prepared(folder)
