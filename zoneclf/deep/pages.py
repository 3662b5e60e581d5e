"""Pages that open from disk, pictures inside: one look for all of them.

Names of runs, labels and tracks are text only: templates escape everything.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from zoneclf.console import printable
from zoneclf.writing import make_folder, replacing, write_text


def render(template: str, title: str, pictures: Mapping[str, bytes], **content: Any) -> str:
    """Return a page.

    Parameters
    ----------
    template
        Its file below this package.
    title
        What the page is about.
    pictures
        PNG by name.
    content
        What else the template shows.
    """
    environment = Environment(
        loader=PackageLoader("zoneclf", "deep"), autoescape=True, undefined=StrictUndefined
    )
    shown = {name: base64.b64encode(image).decode() for name, image in pictures.items()}
    return environment.get_template(template).render(
        title=printable(title), pictures=shown, **content
    )


def write_page(folder: Path, page: str, pictures: Mapping[str, bytes]) -> None:
    """Write report.html and, beside it, its pictures."""
    make_folder(folder)
    for name, picture in pictures.items():
        with replacing(folder / f"{name}.png") as partial:
            partial.write_bytes(picture)
    write_text(page, folder / "report.html")


def two(value: float | None) -> str:
    """Return a number with two decimals, a dash where there is none."""
    return "-" if value is None else f"{value:.2f}"


def span(ends: list[float] | None) -> str:
    """Return an interval in words."""
    return "-" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}"
