"""``zoneclf deep affect predict``: arousal and valence of files, and as features for the core."""

import json
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zoneclf.console import PARTIAL, console, printable, reports_errors
from zoneclf.deep.predict_options import Mert, Offline, Paths, Tracks, ears_of
from zoneclf.deep.training_commands import Device, Json, require_device
from zoneclf.errors import UsageError

if TYPE_CHECKING:
    from zoneclf.deep.affect.predicting import Asking, Prediction

# Where the core looks for what networks say of arousal and valence.
FEATURES = Path("dataset/affect")
_DIGITS = 3
_Source = Annotated[
    str,
    typer.Option(
        help="Write what it says of a source's tracks (or, under this name, of PATHS) to "
        "dataset/affect/, for zoneclf train --features affect."
    ),
]
_Table = Annotated[
    Path | None,
    typer.Option("--table", metavar="FILE", help="Write features; half seconds go to frames/FILE."),
]


@reports_errors
def predict(
    run: Annotated[str, typer.Argument(metavar="RUN", help="Run, or folder of a checkpoint.")],
    paths: Paths = None,
    source: _Source = "",
    rescale: Annotated[
        bool, typer.Option("--rescale", help="Stretch to the spread of the validation tracks.")
    ] = False,
    mert: Mert = "",
    offline: Offline = False,
    table: _Table = None,
    device: Device = "auto",
    json_: Json = False,
) -> None:
    """Print arousal and valence of each track, 1 to 9, with where 80 % of its course lie.

    With --source or --table writes means and spreads per track, and values per half second.
    """
    require_device(device)
    from zoneclf.deep.affect.learning import AFFECT
    from zoneclf.deep.finding import checkpoint_folder_of

    asking = asking_of(
        checkpoint_folder_of(run, AFFECT.name),
        mert,
        offline=offline,
        device=device,
        rescale=rescale,
    )
    predict_with(asking, tracks_of(paths, source), table, as_json=json_)


def tracks_of(paths: Sequence[Path] | None, source: str) -> Tracks:
    """Return which tracks are asked about."""
    command = "zoneclf deep affect predict RUN"
    return Tracks(paths=tuple(paths or ()), source=source, folder=FEATURES, command=command)


def asking_of(
    folder: Path, mert: str, *, offline: bool, device: str, rescale: bool = False
) -> "Asking":
    """Return who answers: the checkpoint in a folder.

    Raises
    ------
    UsageError
        If it is to be rescaled and was not fitted.
    """
    from zoneclf.deep.affect.judging import rescale_of
    from zoneclf.deep.affect.learning import AFFECT
    from zoneclf.deep.affect.predicting import Asking
    from zoneclf.deep.checkpoint import load_checkpoint

    checkpoint = load_checkpoint(folder, task=AFFECT.name)
    fitted = rescale_of(checkpoint)
    if rescale and fitted is None:
        raise UsageError(
            f"--rescale: {folder} has none; it is fitted when `zoneclf deep affect train` ends"
        )
    ears = ears_of(checkpoint, mert, offline=offline, device=device)
    return Asking(
        checkpoint=checkpoint, ears=ears, rescale=fitted if rescale else None, device=device
    )


def predict_with(asking: "Asking", tracks: Tracks, table: Path | None, *, as_json: bool) -> None:
    """Predict, write tables where they are asked for, and print."""
    from zoneclf.deep.affect.feature_tables import frames_path, write_tables

    files, path = tracks.wanted(table)
    found = asking.predict(files, console)
    console.close()
    if path is not None:
        rows = write_tables(found, asking, path)
        beside = f"; half seconds in {frames_path(path)}" if asking.has_course else ""
        console.say(f"{path}: {rows} tracks{beside}")
    if as_json:
        typer.echo(json.dumps(_as_json(found, asking), indent=2))
    else:
        typer.echo("\n".join(_line(one) for one in found))
    if any(not one.summary for one in found):
        raise typer.Exit(PARTIAL)


def _line(one: "Prediction") -> str:
    from zoneclf.deep.affect.affect_set import NAMES

    name = PurePath(one.path).name
    if not one.summary:
        return printable(f"{name}: {one.status}: {one.reason}").replace("\n", " ")
    said = []
    for dimension in NAMES:
        words = f"{dimension} {one.summary[f'{dimension}_mean']:.2f}"
        if f"{dimension}_low" in one.summary:
            ends = (one.summary[f"{dimension}_{end}"] for end in ("low", "high"))
            words += " ({:.2f} to {:.2f})".format(*ends)
        said.append(words)
    mark = "" if one.status == "ok" else f"  ({one.status}: {one.reason})"
    return printable(f"{name}: {', '.join(said)}{mark}").replace("\n", " ")


def _as_json(found: Sequence["Prediction"], asking: "Asking") -> dict[str, Any]:
    about = ("path", "track_id", "status", "reason", "spectrogram_check")
    return {
        "schema_version": 1,
        "model": str(asking.checkpoint.folder),
        "task": "affect",
        "rescaled": asking.rescale is not None,
        "tracks": [
            {
                **{name: getattr(one, name) for name in about},
                **{name: round(value, _DIGITS) for name, value in one.summary.items()},
                "times_s": one.times_s.tolist(),
                "arousal": _rounded(one.course[:, 0]),
                "valence": _rounded(one.course[:, 1]),
            }
            for one in found
        ],
    }


def _rounded(values: Any) -> list[float]:
    return [round(float(value), _DIGITS) for value in values]
