"""YAML is read strictly: what could be misread or could explode is refused with its line."""

from pathlib import Path

import pytest

from zoneclf.errors import SettingsError
from zoneclf.yaml_file import MAX_BYTES, MAX_DEPTH, read_yaml

BOMB = """a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]
d: &d [*c, *c, *c, *c, *c, *c, *c, *c, *c]
e: [*d, *d, *d, *d, *d, *d, *d, *d, *d]
"""


def write(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "some.yaml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("a: 1\nb: 2\na: 3\n", r"line 3: key 'a' is already on line 1"),
        ("outer:\n  x: 1\n  y: 2\n  x: 1\n", r"line 4: key 'x' is already on line 2"),
        ("list:\n- {a: 1, a: 2}\n", r"line 2: key 'a' is already on line 2"),
        ("a: 1\nb: &here 2\n", r"line 2: anchors and aliases are refused"),
        ("b: *here\n", r"line 1: anchors and aliases are refused"),
        (BOMB, r"line 1: anchors and aliases are refused"),
        ("a: !!python/object/apply:os.system [ls]\n", r"line 1: the tag .* is refused"),
        ("a: !mine 3\n", r"line 1: the tag !mine is refused"),
        ("<<: {a: 1}\n", r"is not YAML|is not text"),
        ("1: one\n", r"line 1: the key 1 is not text; quote it"),
        ("no: 1\n", r"line 1: the key False is not text; quote it"),
        ("a: 1\n---\nb: 2\n", r"is not YAML"),
        ("a:\n\t- 1\n", r"is not YAML .*line 2"),
        ("a: [1, 2\n", r"is not YAML .*line"),
        ("a: 2020-99-99\n", r"is not YAML"),
        ("a: \x00\n", r"is not YAML"),
        ("a: " + "1" * 10_000 + "\n", r"is not YAML"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, content: str, complaint: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(SettingsError, match=complaint) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_depth_is_limited(tmp_path: Path) -> None:
    deepest = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert read_yaml(write(tmp_path, deepest))
    with pytest.raises(SettingsError, match=f"deeper than {MAX_DEPTH} levels"):
        read_yaml(write(tmp_path, f"[{deepest}]"))
    with pytest.raises(SettingsError, match=f"deeper than {MAX_DEPTH} levels"):
        read_yaml(write(tmp_path, "[" * 100_000))


def test_size_is_limited(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"larger than {MAX_BYTES} bytes"):
        read_yaml(write(tmp_path, "a: 1\n" + "# remark\n" * (MAX_BYTES // 9)))


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not UTF-8 text; save it as UTF-8"):
        read_yaml(write(tmp_path, "name: Café\n".encode("latin-1")))


@pytest.mark.parametrize("content", ["a: é\nb: [1, 2.5, true]\n", "a: é\r\nb: [1, 2.5, true]\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_line_ends_and_byte_order_mark_do_not_matter(
    tmp_path: Path, content: str, mark: bytes
) -> None:
    found = read_yaml(write(tmp_path, mark + content.encode()))
    assert found == {"a": "é", "b": [1, 2.5, True]}


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    assert read_yaml(write(tmp_path, "# only a remark\n")) is None


def test_a_missing_file_or_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"none\.yaml: cannot be read"):
        read_yaml(tmp_path / "none.yaml")
    with pytest.raises(SettingsError, match="cannot be read"):
        read_yaml(tmp_path)
