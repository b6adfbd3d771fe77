"""The tests notice what they should: each mutation of a copy of the package fails its test."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MUTATIONS = tomllib.loads(Path(__file__).with_name("mutations.toml").read_text())["mutation"]

each = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation["what"])


def test_there_are_enough_and_no_two_are_the_same():
    assert len(MUTATIONS) >= 60
    assert len({(m["file"], m["old"], m["new"]) for m in MUTATIONS}) == len(MUTATIONS)
    assert len({m["what"] for m in MUTATIONS}) == len(MUTATIONS)


@each
def test_a_mutation_fits_the_code_and_its_test_exists(mutation):
    source = (ROOT / "class_sweep" / mutation["file"]).read_text()
    found = source.count(mutation["old"])
    assert found == 1, f"{mutation['file']} must have the old text once, found {found}: update it"
    compile(source.replace(mutation["old"], mutation["new"]), mutation["file"], "exec")
    path, name = mutation["test"].split("::")
    function = re.escape(name.partition("[")[0])
    assert re.search(rf"^def {function}\(", (ROOT / path).read_text(), re.M), mutation["test"]


@pytest.fixture(scope="module")
def run_tests():
    """Runs tests against the copy, mutated or not; see `warm_runner`."""
    script = Path(__file__).with_name("warm_runner.py")
    command = [sys.executable, str(script)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:

        def ask(tests, mutation=None):
            changes = {key: mutation[key] for key in ("file", "old", "new")} if mutation else {}
            process.stdin.write(json.dumps({"tests": tests, **changes}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


@pytest.mark.long
def test_the_unmutated_copy_passes(run_tests):
    answer = run_tests(sorted({mutation["test"] for mutation in MUTATIONS}))
    assert answer["code"] == 0, answer["output"]


@pytest.mark.long
def test_a_mutation_that_changes_nothing_passes_right_after_one_that_is_noticed(run_tests):
    mutation = MUTATIONS[0]
    assert run_tests([mutation["test"]], mutation)["failed"]
    answer = run_tests([mutation["test"]], mutation | {"new": mutation["old"]})
    assert answer["code"] == 0, answer["output"]


@pytest.mark.long
@each
def test_a_mutation_is_noticed(run_tests, mutation):
    answer = run_tests([mutation["test"]], mutation)
    assert answer["code"] == pytest.ExitCode.TESTS_FAILED, answer["output"]
    (failed,) = answer["failed"]
    assert failed.partition("[")[0] == mutation["test"].partition("[")[0], answer["output"]
