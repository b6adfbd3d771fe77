"""What a machine runs, and whether the nodes of a cluster run the same."""

# ruff: noqa: PLC0415 - what travels to a node must bring its own imports
from collections.abc import Callable, Mapping

Software = Mapping[str, str]


def asking() -> Callable[[], dict[str, str]]:
    """A function that says what the machine runs on which it is called.

    It travels by value, so that a node without this package can answer too.
    """

    def software() -> dict[str, str]:
        import platform
        from hashlib import sha256
        from importlib.metadata import PackageNotFoundError, version
        from pathlib import Path

        def package() -> str:
            try:
                import class_sweep
            except ImportError:
                return "none"
            # The version alone would not tell a checkout from one with a change in it.
            folder, digest = Path(str(class_sweep.__file__)).parent, sha256()
            for path in sorted(folder.rglob("*.py")):
                digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
            return f"{class_sweep.__version__} of sources {digest.hexdigest()[:8]}"

        try:
            torch = version("torch").partition("+")[0]  # a build for CPUs goes with one for GPUs
        except PackageNotFoundError:
            torch = "none"
        python = ".".join(platform.python_version_tuple()[:2])
        return {"class-sweep": package(), "Python": python, "torch": torch}

    return software


def differences(own: Software, theirs: Software) -> str:
    """What a node has that this machine has not, in words; empty where they are alike."""
    return ", ".join(
        f"{name} {theirs[name]} (here {mine})" for name, mine in own.items() if theirs[name] != mine
    )
