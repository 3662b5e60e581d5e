"""YAML files read strictly: no duplicate keys, tags, anchors, absurd sizes or depths.

`yaml.safe_load` keeps the last of two equal keys and lets anchors multiply a short file into
gigabytes; both are refused here with the line they stand in.
"""

from pathlib import Path
from typing import Any

import yaml

from zoneclf.errors import SettingsError

MAX_BYTES = 100_000  # a settings file is a few kilobytes
MAX_DEPTH = 12  # ours nest four deep


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses a key written twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise SettingsError(f"line {line}: the key {key!r} is not text; quote it")
            if key in seen:
                raise SettingsError(
                    f"line {line}: key {key!r} is already on line {seen[key]}; delete one"
                )
            seen[key] = line
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """Return what `path` holds: mappings, lists, text, numbers, booleans, or None if empty.

    Raises
    ------
    SettingsError
        If the file cannot be read, is not YAML, or uses what is refused; with file and line.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SettingsError(f"{path}: larger than {MAX_BYTES} bytes; is it a settings file?")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
    try:
        _refuse_tricks(text)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  (derived from SafeLoader)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError(f"{path}: is not YAML ({_one_line(error)})") from error


def _refuse_tricks(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise SettingsError(f"line {line}: anchors and aliases are refused; write it out")
        tag = getattr(event, "tag", None)
        if tag:
            raise SettingsError(f"line {line}: the tag {tag} is refused; write plain values")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise SettingsError(f"line {line}: nested deeper than {MAX_DEPTH} levels")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
