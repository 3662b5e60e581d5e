"""A new workspace: folders, settings to edit, and what to put where."""

from pathlib import Path

import zoneclf
from zoneclf.errors import OutputError
from zoneclf.writing import make_folder, write_text

_FILES = ("default.yaml", "zone_mapping.yaml")


def start_workspace(folder: Path) -> list[str]:
    """Make the folders and settings of a workspace and return what to do next, line by line.

    Raises
    ------
    OutputError
        If the folder has settings already, or cannot be written.
    """
    config = folder / "config"
    for name in _FILES:
        if (config / name).exists():
            raise OutputError(f"{config / name}: is already there; choose another folder")
    for name in ("config", "dataset", "models", "results"):
        make_folder(folder / name)
    for name in _FILES:
        write_text((shipped_config() / name).read_text(encoding="utf-8"), config / name)
    enter = [] if folder == Path() else [f"  cd {folder}"]
    return [
        f"workspace: {folder.absolute()}",
        "next:",
        *enter,
        "  1. list your tracks in dataset/user.csv: a header `path,zone`, then a track per line",
        "     (a playlist exported from rekordbox as TXT works too: dataset/user.txt)",
        "  2. put DEAM below dataset/DEAM: annotations, metadata, and audio or features",
        "  3. zoneclf extract --method frames",
        "  4. zoneclf train --user-weight 3",
        "  5. zoneclf analyze --holdout, zoneclf visualize-2d, zoneclf predict PATH",
    ]


def shipped_config() -> Path:
    """Return the folder of the settings that come with zoneclf.

    An installed package carries it inside; a checkout has it beside the package.
    """
    package = Path(zoneclf.__file__).parent
    inside = package / "config"
    return inside if inside.is_dir() else package.parent / "config"
