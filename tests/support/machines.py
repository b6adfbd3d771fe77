"""Simulated machines of a cluster: each has its own processes, home, /tmp and sshd.

They are Linux namespaces, so `ray stop` on one machine ends no process of another, and switching a
machine off ends all its processes. They share the loopback; each has its own address on it.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from waiting import wait_until

HOME = Path.home()
_ON = """\
set -e
{binds}
mount --rbind {folder}/home {home}
mount --rbind {folder}/tmp /tmp
mount -t tmpfs none /dev/shm
mount -t tmpfs none /run
mkdir /run/sshd
exec /usr/sbin/sshd -D -e -f {home}/sshd_config
"""
_SSHD = """\
ListenAddress {address}:{port}
HostKey {home}/host_key
PidFile none
UsePAM no
PasswordAuthentication no
StrictModes no
"""


def lacking() -> str | None:
    """Why this machine cannot simulate others, or None."""
    programs = ("/usr/sbin/sshd", "ssh", "ssh-keygen", "rsync", "unshare")
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        return f"needs {', '.join(missing)}: apt-get install openssh-server rsync"
    namespaces = ["unshare", "--pid", "--mount", "--fork", "--mount-proc", "true"]
    attempt = subprocess.run(namespaces, check=False, capture_output=True, text=True)
    return f"needs namespaces: {attempt.stderr.strip()}" if attempt.returncode else None


def new_key(path: Path) -> Path:
    """A private key without a passphrase; the public key is beside it as .pub."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


@contextmanager
def machines(folder: Path, addresses: list[str], port: int, key: Path) -> Iterator[Path]:
    """Switch machines on for a block; yields the folder that each of them has as ~/shared.

    Args:
        folder: Holds the files of each machine in a subfolder named by its address.
        addresses: Their addresses, in the loopback range.
        port: The port of each sshd.
        key: Allows logging in to each machine as the user who runs the tests.
    """
    shared = folder / "shared"
    shared.mkdir(parents=True)
    with ExitStack() as on:
        for address in addresses:
            on.enter_context(_machine(folder / address, address, port, key, shared))
        yield shared


@contextmanager
def _machine(folder: Path, address: str, port: int, key: Path, shared: Path) -> Iterator[None]:
    home = folder / "home"
    for part in (home / ".ssh", folder / "tmp"):
        part.mkdir(parents=True)
    new_key(home / "host_key")
    shutil.copy(key.with_suffix(".pub"), home / ".ssh" / "authorized_keys")
    (home / ".ssh" / "config").write_text(f"Host {address.rpartition('.')[0]}.*\n  Port {port}\n")
    (home / "sshd_config").write_text(_SSHD.format(address=address, port=port, home=HOME))
    _give_python(home)
    binds = [_bind(shared, home / "shared")]
    # A folder below the home or /tmp is hidden on the machine.
    for path in {Path(sys.base_prefix), Path(sys.prefix)}:
        for hidden, instead in ((HOME, home), (Path("/tmp"), folder / "tmp")):  # noqa: S108
            if path.is_relative_to(hidden):
                binds.append(_bind(path, instead / path.relative_to(hidden)))
    script = _ON.format(folder=folder, home=HOME, binds="\n".join(binds))
    unshare = ["unshare", "--pid", "--mount", "--fork", "--mount-proc", "--kill-child"]
    with (folder / "sshd.log").open("wb") as log:
        process = subprocess.Popen([*unshare, "bash", "-c", script], stdout=log, stderr=log)
    try:
        _wait_for(address, port, process, folder / "sshd.log")
        yield
    finally:
        process.kill()  # this ends every process of the machine
        process.wait()


def _bind(path: Path, target: Path) -> str:
    target.mkdir(parents=True, exist_ok=True)
    return f"mount --bind {path} {target}"


def _give_python(home: Path) -> None:
    """Provide a shell that finds this Python, and an environment with all dependencies.

    The environment lacks class_sweep, which the `pip install` of the cluster file has to install.
    """
    settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    exports = [f"export {name}='{value}'" for name, value in settings.items()]
    path = f"export PATH={sys.base_prefix}/bin:$PATH"
    (home / ".bashrc").write_text("\n".join([path, *exports, ""]))
    pip = HOME / ".config" / "pip"
    if pip.is_dir():
        shutil.copytree(pip, home / ".config" / "pip")
    venv = home / "class-sweep" / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    # The scripts of an environment contain the path of its Python on the machine.
    bin_on_machine = HOME / venv.relative_to(home) / "bin"
    for script in (venv / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            script.write_text(script.read_text().replace(str(venv / "bin"), str(bin_on_machine)))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    site = venv / "lib" / version / "site-packages"
    packages = [path for path in sys.path if path.endswith("site-packages")]
    (site / "ours.pth").write_text("\n".join([*packages, ""]))
    ray = venv / "bin" / "ray"
    ray.write_text(f"#!{bin_on_machine / 'python'}\nfrom ray.scripts.scripts import main\nmain()\n")
    ray.chmod(0o755)


def _wait_for(address: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((address, port)) == 0

    wait_until(
        answers, usual=2, possible=lambda: process.poll() is None,
        describe=lambda: f"no sshd at {address}:{port}: {log.read_text()}",
    )  # fmt: skip
