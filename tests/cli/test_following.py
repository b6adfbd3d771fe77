"""Ctrl-C in a sweep: exit code 130, and how it continues."""

import pytest


@pytest.fixture
def interrupted(monkeypatch):
    """Lets `run` be interrupted, before or after its results folder exists."""

    def at(*, begun):
        def run(_space, path, **_options):
            if begun:
                path.mkdir()
            raise KeyboardInterrupt

        monkeypatch.setattr("class_sweep.api.results.run_sweep", run)

    return at


def test_an_interrupted_sweep_ends_with_130_and_the_command_that_continues_it(
    interrupted, command, space_file
):
    interrupted(begun=True)
    code, _, err = command("run", space_file, "--out", "first")
    assert code == 130
    assert "error: the sweep was interrupted; continue it with: class-sweep resume first" in err


def test_an_interruption_before_the_folder_exists_ends_with_130_and_says_so(
    interrupted, command, space_file, tmp_path
):
    interrupted(begun=False)
    code, out, err = command("run", space_file, "--out", "first")
    assert code == 130
    assert "interrupted: nothing was written" in out + err
    assert not (tmp_path / "first").exists()
