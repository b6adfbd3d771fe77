"""The software versions of a machine, and their differences between nodes."""

# ruff: noqa: PLC0415 - a function that is sent by value brings its own imports
from collections.abc import Callable, Mapping

SoftwareVersions = Mapping[str, str]


def software_probe() -> Callable[[], dict[str, str]]:
    """A function that returns the versions on the machine where it is called.

    Beside the package, Python and torch these are the packages that bring parts of one's own, by
    entry points. Ray sends it by value, so that a node without this package can answer too.
    """

    def versions() -> dict[str, str]:
        import platform
        import re
        from hashlib import sha256
        from importlib.metadata import PackageNotFoundError, distributions, version
        from pathlib import Path

        def class_sweep_version() -> str:
            try:
                import class_sweep
            except ImportError:
                return "none"
            # The version alone does not distinguish a checkout from one with local changes.
            folder, digest = Path(str(class_sweep.__file__)).parent, sha256()
            for path in sorted(folder.rglob("*.py")):
                digest.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
            return f"{class_sweep.__version__} of sources {digest.hexdigest()[:8]}"

        try:
            torch = version("torch").partition("+")[0]  # CPU and GPU builds work together
        except PackageNotFoundError:
            torch = "none"
        python = ".".join(platform.python_version_tuple()[:2])
        parts = {
            re.sub(r"[-_.]+", "-", package.name).lower(): package.version
            for package in reversed([*distributions()])  # the first one on the path is in use
            if any(point.group.startswith("class_sweep.") for point in package.entry_points)
        }
        return parts | {"class-sweep": class_sweep_version(), "Python": python, "torch": torch}

    return versions


def version_differences(here: SoftwareVersions, node: SoftwareVersions) -> str:
    """The versions of a node that differ from this machine's, as text; empty if none does.

    Further packages of the node do not differ: a sweep has no parts of theirs.
    """
    return ", ".join(
        f"{name} {node.get(name, 'none')} (here {version})"
        for name, version in here.items()
        if node.get(name) != version
    )
