"""Commands that make tables: extract, label, targets."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoneclf.cli.app import (
    Config,
    FrameSize,
    Jobs,
    Json,
    print_json,
    settings_of,
)
from zoneclf.console import PARTIAL, console, printable, reports_errors
from zoneclf.settings import DeamLabels, Method

Inputs = Annotated[
    list[Path] | None,
    typer.Option("--input", "-i", help="Folder, file, playlist, label file or table."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
IdColumn = Annotated[
    str, typer.Option(help="With --method table: the column that names the track.")
]
Output = Annotated[Path | None, typer.Option(help="Folder instead of dataset/.")]
Window = Annotated[
    float | None, typer.Option(help="Seconds per frame.", show_default="twice the frame size")
]
Root = Annotated[Path | None, typer.Option(help="Folder above DEAM's files.")]
Policy = Annotated[DeamLabels | None, typer.Option(help="How to take DEAM's labels.")]


# More failures than this are not listed one by one.
_LISTED = 20


@reports_errors
def extract(
    method: Annotated[Method, typer.Option(help="What makes the features.")] = "frames",
    input_: Inputs = None,
    source: Annotated[str, typer.Option(help="Only this source, or the name for --input.")] = "",
    frame_size: FrameSize = None,
    window: Window = None,
    jobs: Jobs = None,
    id_column: IdColumn = "",
    output: Output = None,
    force: Annotated[bool, typer.Option("--force", help="Forget earlier frames.")] = False,
    dry_run: DryRun = False,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Turn sound into frames and tracks; goes on where an earlier run stopped."""
    options = {"frames.hop_s": frame_size, "frames.window_s": window, "jobs": jobs}
    settings = settings_of(config, options)
    from zoneclf.pipeline.extracting import extract as run
    from zoneclf.pipeline.planning import ExtractRequest
    from zoneclf.pipeline.workspace import Workspace

    request = ExtractRequest(
        method=method,
        inputs=tuple(input_ or ()),
        source=source,
        id_column=id_column,
        output=output,
        force=force,
        dry_run=dry_run,
    )
    done = run(Workspace(), settings, request, console)
    console.close()
    if json_:
        print_json({"sources": [_extracted_json(part) for part in done]})
    else:
        for part in done:
            typer.echo(printable(part.summary))
    failures = [_tell_failures(part.failed, part.table) for part in done]
    if any(failures):
        raise typer.Exit(PARTIAL)


def _tell_failures(failed: tuple[tuple[str, str, str], ...], table: Path) -> bool:
    """List the tracks that failed and return whether there are any."""
    for path, status, reason in failed[:_LISTED]:
        console.warn(f"{path}: {status} ({reason})")
    if len(failed) > _LISTED:
        console.warn(f"and {len(failed) - _LISTED} more, all in {table}")
    return bool(failed)


def _extracted_json(part: Any) -> dict[str, Any]:
    return {
        "source": part.source,
        "statuses": dict(part.statuses),
        "frames": part.frame_count,
        "table": str(part.table),
        "failed": [
            {"path": path, "status": status, "reason": reason}
            for path, status, reason in part.failed
        ],
    }


@reports_errors
def label(
    source: Annotated[str, typer.Option(help="The source that --labels or --root is for.")] = "",
    labels: Annotated[Path | None, typer.Option(help="Label file: path and zone.")] = None,
    root: Root = None,
    deam_labels: Policy = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Give every extracted track its zone; says what was repaired and left out."""
    settings = settings_of(config)
    from zoneclf.pipeline.labelling import label as run
    from zoneclf.pipeline.labelling import said_of, say_duplicates
    from zoneclf.pipeline.workspace import Workspace

    chosen: dict[str, Any] = {
        f"sources.{source or 'user'}.labels": labels and str(labels),
        f"sources.{source or 'deam'}.root": root and str(root),
        "labels.deam": deam_labels,
    }
    found = run(Workspace(), settings, {key: value for key, value in chosen.items() if value})
    if json_:
        told = {"zones": found.zones, "dropped": found.dropped, "remarks": found.remarks}
        near = {
            "near_duplicates": found.duplicates.paths,
            "contradictions": found.duplicates.contradictions,
        }
        print_json({**told, **near})
        return
    for name in found.zones:
        for line in said_of(found, name):
            typer.echo(printable(line))
    say_duplicates(found.duplicates, lambda line: typer.echo(printable(line)), console.warn)


@reports_errors
def targets(
    source: Annotated[str, typer.Option(help="The source, one of the kind deam.")] = "deam",
    root: Root = None,
    deam_labels: Policy = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The table.")] = None,
    config: Config = None,
    json_: Json = False,
) -> None:
    """Write DEAM's arousal and valence with the sound they are about, for `zoneclf deep affect`."""
    chosen = {f"sources.{source}.root": root and str(root), "labels.deam": deam_labels}
    settings = settings_of(config, {key: value for key, value in chosen.items() if value})
    from zoneclf.pipeline.targeting import write_targets
    from zoneclf.pipeline.workspace import Workspace

    path = output or Workspace().targets(source)
    found = write_targets(settings, source, path)
    if json_:
        told = {"table": str(path), "tracks": found.table.num_rows, "said": found.statements}
        print_json({**told, "failed": [{"path": one, "reason": why} for one, why in found.failed]})
    else:
        for line in (*found.statements, f"table: {path}"):
            typer.echo(printable(line))
    for one, why in found.failed[:_LISTED]:
        console.warn(f"{one}: {why}")
    if found.failed:
        raise typer.Exit(PARTIAL)
