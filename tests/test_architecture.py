"""The layout as a test: what may import what, what starts light, how long things may be."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import zoneclf

PACKAGE = Path(zoneclf.__file__).parent
# As the data flows.  A module may import only from its own stage or from a line above.
STAGES = [
    {"errors", "compiled"},
    {"yaml_file", "writing", "console"},
    {"settings"},
    {"settings_reader", "store"},
    {"audio"},
    {"frames"},
    {"tracks"},
    {"labels"},
    {"model"},
    {"report"},
    {"pipeline"},
    {"demo"},
    {"cli"},
    {"__main__"},
]
RANK = {name: rank for rank, names in enumerate(STAGES) for name in names}
OPTIONAL = {"errors", "yaml_file", "writing", "console", "settings", "store", "audio"}
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ["torch", "librosa", "xgboost", "sklearn", "pandas", "numpy"]
LONGEST_MODULE, LONGEST_FUNCTION = 250, 40


def stage_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports_of(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("zoneclf.")}
    return found & (RANK.keys() | {"deep"})


def is_allowed(stage: str, imported: str) -> bool:
    if stage == "deep":
        return imported in OPTIONAL | {"deep"}
    return imported != "deep" and (imported == stage or RANK[imported] < RANK[stage])


def names_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_module_belongs_to_a_stage() -> None:
    assert {stage_of(path) for path in MODULES} <= RANK.keys() | {"__init__", "deep"}


@pytest.mark.parametrize("path", MODULES, ids=names_of)
def test_imports_point_up_the_stages(path: Path) -> None:
    stage = stage_of(path)
    if stage == "__init__":
        assert not imports_of(path)
        return
    wrong = [imported for imported in imports_of(path) if not is_allowed(stage, imported)]
    assert not wrong, f"{path} imports {', '.join(wrong)}"


@pytest.mark.parametrize(
    ("stage", "imported", "allowed"),
    [
        ("model", "labels", True),
        ("labels", "model", False),
        ("errors", "settings", False),
        ("cli", "deep", False),
        ("deep", "store", True),
        ("deep", "labels", False),
    ],
)
def test_the_rule_tells_right_from_wrong(stage: str, imported: str, allowed: bool) -> None:
    assert is_allowed(stage, imported) is allowed


def test_the_command_line_starts_light() -> None:
    code = f"import sys, zoneclf.cli; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_few_runs_need_is_imported_by_those_alone() -> None:
    code = "import sys, zoneclf.pipeline.training; print({'imblearn', 'optuna'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("path", MODULES, ids=names_of)
def test_modules_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= LONGEST_FUNCTION, f"{node.name} has {lines} lines"
