"""The Dockerfile: linted and held to its promises; built and run where there is a builder."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from waiting import patience

CHECKOUT = Path(__file__).parents[2]
DOCKERFILE = CHECKOUT / "Dockerfile"
HADOLINT = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which(
    "hadolint"
)


def instructions() -> list[tuple[str, str]]:
    """Each instruction with its arguments, continued lines joined, without comments."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.M).replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, " ".join(rest.split())) for name, rest in lines]


def arguments_of(name: str) -> list[str]:
    return [rest for found, rest in instructions() if found == name]


@pytest.mark.skipif(HADOLINT is None, reason="hadolint is not installed")
@pytest.mark.parametrize("path", ["Dockerfile", "clusters/kubernetes/Dockerfile"])
def test_the_linter_finds_nothing(path):
    done = subprocess.run([HADOLINT, CHECKOUT / path], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_is_a_release_of_python_that_the_package_supports():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    (default,) = (rest.split("=")[1] for rest in arguments_of("ARG") if rest.startswith("PYTHON="))
    assert f"Programming Language :: Python :: {default}" in project["classifiers"]
    assert arguments_of("FROM") == ["python:${PYTHON}-slim-bookworm"]


def test_the_wheel_is_what_the_image_installs():
    (copied,) = arguments_of("COPY")
    assert copied == "constraints.txt dist/class_sweep-*.whl /tmp/install/"
    kept = (CHECKOUT / ".dockerignore").read_text().split()
    assert kept == ["*", "!constraints.txt", "!dist/*.whl"]
    (installed,) = (rest for rest in arguments_of("RUN") if "pip install" in rest)
    assert installed.endswith("/install/class_sweep-*.whl")
    assert "-c /tmp/install/constraints.txt torch" in installed


def test_the_image_runs_the_command_as_an_ordinary_user():
    names = [name for name, _ in instructions()]
    assert arguments_of("USER") == ["${USER_ID}"]
    assert "USER_ID=1000" in arguments_of("ARG")
    assert names.index("USER") > max(n for n, name in enumerate(names) if name == "RUN")
    assert arguments_of("ENTRYPOINT") == ['["class-sweep"]']


def has_builder() -> bool:
    docker = shutil.which("docker")
    return (
        docker is not None
        and not subprocess.run(
            [docker, "info"], capture_output=True, check=False, timeout=patience(20)
        ).returncode
    )


@pytest.mark.long
def test_the_image_is_built_and_runs(tmp_path):
    if not has_builder():
        pytest.skip("no Docker daemon")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"]
    subprocess.run(build, cwd=CHECKOUT, check=True)
    for name in ("Dockerfile", ".dockerignore", "constraints.txt"):
        shutil.copy(CHECKOUT / name, tmp_path / name)
    subprocess.run(["docker", "build", "-t", "class-sweep:test", tmp_path], check=True)
    shutil.copy(CHECKOUT / "search_spaces" / "demo.yaml", tmp_path / "demo.yaml")
    image = ["docker", "run", "--rm", "-v", f"{tmp_path}:/work", "class-sweep:test"]
    done = subprocess.run(
        [*image, "check", "demo.yaml", "--no-index"], capture_output=True, text=True, check=True
    )
    assert "curriculum.alpha" in done.stdout
