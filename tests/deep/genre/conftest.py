"""A workspace with the small set in it."""

import shutil

import pytest


@pytest.fixture
def workspace(tmp_path, monkeypatch, prepared_set):
    """A folder with the small set in it, named by a short path."""
    shutil.copytree(prepared_set.folder, tmp_path / "set")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def no_curves(request, monkeypatch):
    """Pictures take longer than these runs."""
    if "leaves_all" not in request.node.name:
        monkeypatch.setattr("zoneclf.deep.training.draw_history", lambda *_: None)
