"""DEAM's ratings with the sound they are about, as a table that networks learn from."""

from pathlib import Path

from zoneclf.errors import LabelError, UsageError
from zoneclf.labels.deam import load_deam
from zoneclf.labels.deam_targets import DeamTargets, deam_targets, save_targets
from zoneclf.settings import Settings
from zoneclf.writing import make_folder


def write_targets(settings: Settings, source: str, path: Path) -> DeamTargets:
    """Write the targets of a source of the kind deam to `path` and return them.

    Raises
    ------
    UsageError
        If the source is none of that kind.
    LabelError
        If its files are not there, or not what they must be.
    """
    known = settings.sources.get(source)
    if known is None or known.kind != "deam":
        there = ", ".join(n for n, one in settings.sources.items() if one.kind == "deam") or "none"
        raise UsageError(f"--source {source}: is no source of the kind deam (there: {there})")
    if known.root is None or not known.root.is_dir():
        raise LabelError(f"{known.root}: DEAM is not there; set sources.{source}.root or --root")
    targets = deam_targets(known.root, load_deam(known.root, settings.labels.deam))
    make_folder(path.parent)
    save_targets(targets, path)
    return targets
