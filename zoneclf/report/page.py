"""report.html: one page that opens from disk, with every picture inside it.

Names of tracks are text only: the template escapes everything.
"""

import base64
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render_page(content: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """Return the page.

    Parameters
    ----------
    content
        What the template names: model, split, protocol, scores, targets, sources, mistakes, facts,
        and chapters by name, each what its own template names.
    pictures
        PNG bytes by name: confusion, sources, importance, and the chapters' own.
    """
    environment = Environment(
        loader=PackageLoader("zoneclf", "report"), autoescape=True, undefined=StrictUndefined
    )
    inline = {name: base64.b64encode(image).decode() for name, image in pictures.items()}
    words = {"percent": _percent, "two": _two, "span": _span}
    template = environment.get_template("report.html.j2")
    return template.render(**content, **words, pictures=inline)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _span(ends: tuple[float, float] | None) -> str:
    return "-" if ends is None else f"{ends[0]:.2f} to {ends[1]:.2f}"
