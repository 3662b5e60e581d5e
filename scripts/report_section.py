"""One page of results that several scripts write: each its own section, between two comments."""

from pathlib import Path


def write_section(page: Path, name: str, text: str) -> None:
    """Put `text` in place of the section `name` of `page`, or at its end."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    section = f"{begin}\n{text.strip()}\n{end}"
    if begin in old:
        before, _, rest = old.partition(begin)
        new = before + section + rest.partition(end)[2]
    else:
        new = f"{old.rstrip()}\n\n{section}\n".lstrip()
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(new, encoding="utf-8")
