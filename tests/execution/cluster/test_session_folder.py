import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from class_sweep.errors import InputError
from class_sweep.execution.cluster import session_folder as module
from class_sweep.execution.cluster.session_folder import is_private_session, session_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_user_may_enter_the_folder_and_read_its_token(place):
    with session_folder() as folder:
        assert folder.path.parent == place
        assert mode(folder.path) == 0o700
        assert mode(folder.token) == 0o600
        token = folder.token.read_text()
        with session_folder() as other:
            assert other.path != folder.path
            assert other.token.read_text() != token
    assert len(bytes.fromhex(token)) == 32
    assert not any(place.iterdir())


def test_an_error_and_ctrl_c_remove_the_folder_too(place):
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error), session_folder():
            raise error
        assert not any(place.iterdir())


def test_the_folder_of_a_dead_process_is_removed_and_that_of_a_living_one_is_kept(place):
    with session_folder() as living:
        dead = subprocess.run(
            [sys.executable, "-c",
             "import os, signal\n"
             "from class_sweep.execution.cluster.session_folder import session_folder\n"
             "with session_folder() as folder:\n"
             "    print(folder.path, flush=True)\n"
             "    os.kill(os.getpid(), signal.SIGKILL)\n"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        left = Path(dead.stdout.strip())
        assert left.is_dir()
        with session_folder() as new:
            assert {*place.iterdir()} == {living.path, new.path}


@pytest.mark.parametrize("why", ["another boot", "no lock", "open to others", "a link"])
def test_a_folder_that_is_not_provably_its_own_is_kept(place, why):
    path = place / "sweep_abcd1234"
    path.mkdir(mode=0o755 if why == "open to others" else 0o700)
    (path / "data").write_text("precious")
    if why != "no lock":
        (path / "lock").write_text(module._boot() if why != "another boot" else "another")
    if why == "a link":
        path = path.rename(place / "elsewhere")
        (place / "sweep_abcd1234").symlink_to(path)
    with session_folder():
        pass
    assert (path / "data").read_text() == "precious"


def test_a_long_temporary_folder_is_replaced_by_a_short_one(place, monkeypatch):
    deep = place / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(deep))
    with session_folder() as folder:
        assert folder.path.parent == Path("/tmp")  # noqa: S108
        longest = str(folder.path) + module._LONGEST_SOCKET
        assert len(longest) <= 107


def test_a_long_folder_that_the_user_chose_is_refused(place, monkeypatch):
    deep = place / ("d" * 60)
    deep.mkdir()
    monkeypatch.setenv("RAY_TMPDIR", str(deep))
    expected = r"ddd \(longer than \d\d bytes\); set RAY_TMPDIR to"
    with pytest.raises(InputError, match=expected), session_folder():
        pass
    assert not any(deep.iterdir())


def test_the_longest_allowed_place_holds_a_real_socket(place, monkeypatch):
    import socket

    short = place / ("d" * (module._MAX_PARENT_BYTES - len(str(place)) - 1))
    short.mkdir()
    monkeypatch.setenv("RAY_TMPDIR", str(short))
    with session_folder() as folder:
        path = Path(str(folder.path) + module._LONGEST_SOCKET)
        path.parent.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            assert len(str(path)) == 107


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.rmdir(), "No such file or directory"),
        (lambda path: (path.rmdir(), path.write_text("")), "Not a directory"),
        (lambda path: path.chmod(0o777), "other users may rename what is in"),
        (lambda path: path.chmod(0o775), "other users may rename what is in"),
        (lambda path: path.parent.chmod(0o777), "other users may rename what is in"),
        pytest.param(
            lambda path: os.chown(path, 54321, -1), "belongs to another user",
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="needs root"),
        ),
    ],
)  # fmt: skip
def test_a_place_where_another_user_could_replace_the_folder_is_refused(
    place, monkeypatch, change, reason
):
    chosen = place / "r"
    chosen.mkdir()
    monkeypatch.setenv("RAY_TMPDIR", str(chosen))
    with session_folder():
        pass
    change(chosen)
    expected = rf"r \(.*{reason}.*set RAY_TMPDIR to an existing folder"
    with pytest.raises(InputError, match=expected), session_folder():
        pass


def test_the_sticky_bit_makes_a_shared_place_safe(place, monkeypatch):
    place.chmod(0o1777)
    with session_folder() as folder:
        assert folder.path.parent == place


def test_the_arguments_of_a_private_session_are_recognised():
    session = "--session_dir=/tmp/sweep_a1b2c3_d/ray/session_2026-11-30_09-00-36_263772_14258"
    assert is_private_session(session)
    assert not is_private_session("--session_dir=/tmp/ray/session_2026-11-30_09-00-36_263772_1")
    assert not is_private_session("--session_dir=/tmp/sweep-12345678/ray/session_2026-11-30_09-00")
