"""A results folder with one damaged JSON file: one line names the file and the key, exit code 2."""

import json
from collections.abc import Iterator, Set

import pytest
from made_sweeps import made_reading, made_saving, make_folder

from class_sweep.config.document import load_space
from class_sweep.config.objective import metric_names

READ_BY = {
    "status": {"summary.json", "trials.jsonl", "confirm.jsonl"},
    "export": {"trials.jsonl"},
    "report": {
        "summary.json", "environment.json", "verdict.json", "trials.jsonl", "test.jsonl",
        "storage.json",
    },
    "compare": {"summary.json", "environment.json", "verdict.json", "trials.jsonl", "test.jsonl"},
    "resume": {
        "summary.json", "environment.json", "verdict.json", "trials.jsonl", "confirm.jsonl",
        "test.jsonl", "storage.json",
    },
    "confirm": {
        "summary.json", "environment.json", "verdict.json", "trials.jsonl", "confirm.jsonl",
        "test.jsonl", "storage.json",
    },
}  # fmt: skip
# Keys that a reader can do without: some sweeps lack them, and earlier versions wrote fewer.
OPTIONAL = {
    "trials.jsonl": {
        ".metrics", ".loss", ".reason", ".seconds", ".at", ".same_as", ".rerun_of", ".tuned",
        ".share",
    },
    "summary.json": {
        ".confirm", ".trials.full_data", ".best.tuned", ".references.paper.tuned", ".best.share",
        ".references.paper.share",
    },
    "verdict.json": {
        ".rule.margin", ".rule.prefer", ".rule.better_share", ".pairs[0].non_inferior", ".frontier",
        ".pairs[0].p_ni_adjusted", ".trials",
    },
    "confirm.jsonl": {".metrics", ".reason", ".at"},
}  # fmt: skip
RUN = {
    "identity": "0" * 12, "arm": "trial 2", "seed": 4, "samples": 960, "seconds": 1.5,
    "metrics": dict.fromkeys(metric_names(), 0.3), "reason": None, "at": "2026-01-01",
}  # fmt: skip
CASES = [(verb, name) for verb, names in READ_BY.items() for name in sorted(names)]


@pytest.fixture
def folder(tmp_path, small_space_text):
    """A finished and confirmed sweep whose test split was read."""
    path = make_folder(tmp_path / "made", small_space_text, trials=3, verdict=made_saving())
    summary = json.loads((path / "summary.json").read_text())
    pruning = load_space(path / "space.yaml").settings.pruning.kind
    best = {
        "trial": 0, "name": None, "identity": "0", "config": {"curriculum.alpha": 0.5},
        "metrics": {"split/mrr": 0.3}, "samples": 960, "share_of_full_data": 0.5,
    }  # fmt: skip
    (path / "summary.json").write_text(
        json.dumps(summary | {"pruning": pruning, "best": best, "references": {"paper": best}})
    )
    (path / "confirm.jsonl").write_text(json.dumps(RUN) + "\n")
    (path / "test.jsonl").write_text(json.dumps(made_reading()) + "\n")
    # A second folder to compare with.
    make_folder(tmp_path / "other", small_space_text, trials=3)
    return path


def damaged(tree: dict, optional: Set[str]) -> Iterator[tuple[str, dict]]:
    """Copies of a tree in which one required key is missing, or one value has another type."""

    def walk(node, put, path):
        if isinstance(node, dict):
            for key, value in node.items():
                if f"{path}.{key}" not in optional and not has_free_keys(path):
                    left = {k: v for k, v in node.items() if k != key}
                    yield f"{path}.{key} left out", put(left)
                changed = lambda new, key=key: put(node | {key: new})  # noqa: E731
                yield f"{path}.{key} of another type", changed(other_type(value))
                yield from walk(value, changed, f"{path}.{key}")
                if has_free_keys(path):
                    break  # the other entries have the same type
        elif isinstance(node, list) and node:
            changed = lambda new: put([new, *node[1:]])  # noqa: E731
            yield f"{path}[0] of another type", changed(other_type(node[0]))
            yield from walk(node[0], changed, f"{path}[0]")

    yield from walk(tree, lambda new: new, "")


def has_free_keys(path: str) -> bool:
    """Whether the keys below are names, for example of metrics, axes, packages or arms."""
    last = path.rsplit(".", 1)[-1]
    return last in {
        "metrics", "config", "curriculum", "references", "difficulty", "seconds", "packages",
        "index_sha256", "arms",
    } or last.startswith("trial 2")  # fmt: skip


def other_type(value: object) -> object:
    return [[]] if isinstance(value, dict) else {"a": {}}


@pytest.mark.parametrize(("verb", "name"), CASES)
def test_a_damaged_file_is_one_line_that_names_it(command, folder, verb, name):
    path = folder / name
    if name == "storage.json":
        path.write_text(json.dumps({"address": "s3://bucket/prefix"}))
    content = path.read_text()
    more = {"compare": [folder.parent / "other"], "confirm": ["--finalists", "1"]}.get(verb, [])
    first, *rest = content.splitlines(keepends=True) if name.endswith("jsonl") else [content]
    contents = {"cut short": content[: len(content) // 2] if not rest else first[:-9] + "\n"}
    trees = damaged(json.loads(first), OPTIONAL.get(name, set()))
    contents |= {what: json.dumps(tree) + "\n" for what, tree in trees}
    if verb not in {"report", "resume"}:  # the others use the same code, so a sample is enough
        contents = dict(list(contents.items())[::8])
    wrong = []
    for what, text in contents.items():
        if "curriculum" in what and name == "verdict.json" and ".curriculum of" not in what:
            continue  # written for other programs; any JSON is valid
        path.write_text("".join([text if text.endswith("\n") else f"{text}\n", *rest]))
        code, out, err = command(verb, folder, *more)
        if (
            code != 2
            or not err.startswith("error: ")
            or len(err.splitlines()) != 1
            or name not in err
            or "Traceback" in out + err
        ):
            wrong.append((what, code, err))
    assert not wrong
