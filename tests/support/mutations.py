"""Random damage to the files of a results folder or of a model folder, from a seed.

Physical damage is what disks, copies and editors do. Structural damage is what other versions or
people do to JSON, CSV, YAML and arrays. Checksums are made anew for half of the structural ones, so
that the code behind the checksums is reached too.
"""

import io
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from class_sweep.base.hashing import file_digest, fingerprint
from class_sweep.base.jsonl import LineLog, _split

DEEP = 100_000  # levels
TOKENS = {  # JSON that Python cannot write
    "NaN": "NaN", "Infinity": "-Infinity", "5,000 digits": "9" * 5_000, "1e999": "1e999",
    "deep list": "[" * DEEP + "]" * DEEP, "deep mapping": '{"a":' * DEEP + "1" + "}" * DEEP,
    "lone surrogate": '"\\ud800"', "NUL": '"a\\u0000b"', "escape sequence": '"\\u001b[2J[/x]"',
}  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 0.5, 10**30, "text", "", "../../x", [], {}, [None], [[1]], {"a": {}},
    "x" * 100_000, [0] * 10_000,
)  # fmt: skip


def mutate(folder: Path, rng: random.Random) -> str:
    """Damage one file of a folder; returns what was done."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    path = rng.choice(files)
    structural = _STRUCTURAL.get(path.suffix)
    try:
        if structural and rng.random() < 0.65:
            what = structural(path, rng)
            resealed = rng.random() < 0.5 and reseal(folder, path)
            return f"{path.relative_to(folder)}: {what}{', resealed' if resealed else ''}"
        what = rng.choice(_PHYSICAL)(path, files, rng)
    except (ValueError, KeyError, IndexError) as error:  # the file has no such part
        path.write_bytes(b"")
        what = f"empty ({error})"
    return f"{path.relative_to(folder)}: {what}"


def reseal(folder: Path, path: Path) -> bool:
    """Make the checksums of a damaged file anew; returns whether it has any."""
    if path.suffix == ".jsonl":
        return _rechain(folder, path)
    manifest = folder / "model.json"
    if not manifest.is_file():
        return False
    try:
        tree = json.loads(manifest.read_text())
        tree.pop("seal", None)
        if path != manifest:
            tree["files"][path.name] = file_digest(path)
        manifest.write_text(json.dumps(tree | {"seal": fingerprint(tree)}))
    except (ValueError, TypeError, AttributeError, RecursionError, KeyError):
        return False
    return True


def _rechain(folder: Path, path: Path) -> bool:
    """Give each line of a log its checksum anew; returns whether the log has checksums."""
    key = json.loads((folder / "environment.json").read_text()).get("sweep_id")
    lines = [_split(line)[0].decode() for line in path.read_bytes().splitlines()]
    path.unlink()
    log = LineLog(path, key)
    for line in lines:
        log.append(line)
    log.close()
    return key is not None


def _change_json(path: Path, rng: random.Random) -> str:
    text = path.read_text()
    lines = text.splitlines() if path.suffix == ".jsonl" else [text]
    row = rng.randrange(len(lines))
    lines[row], what = _changed_tree(lines[row], rng)
    path.write_text("\n".join(lines) + "\n")
    return f"line {row + 1}: {what}"


def _changed_tree(text: str, rng: random.Random) -> tuple[str, str]:
    tree = json.loads(text)
    nodes = list(_nodes(tree))
    if rng.random() < 0.05:
        value = rng.choice(VALUES)
        return json.dumps(value), f"only {value!r:.30}"
    parent, key = rng.choice(nodes)
    if isinstance(parent, dict) and rng.random() < 0.3:
        del parent[key]
        return json.dumps(tree), f"without {key}"
    if rng.random() < 0.4:
        name = rng.choice(sorted(TOKENS))
        parent[key] = "@"
        return json.dumps(tree).replace('"@"', TOKENS[name], 1), f"{key} is {name}"
    parent[key] = value = rng.choice(VALUES)
    return json.dumps(tree), f"{key} is {value!r:.30}"


def _nodes(tree: Any) -> Any:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in items:
        yield tree, key
        if isinstance(value, dict | list):
            yield from _nodes(value)


def _change_yaml(path: Path, rng: random.Random) -> str:
    lines = path.read_text().splitlines()
    rows = [n for n, line in enumerate(lines) if ":" in line and not line.startswith("#")]
    row = rng.choice(rows)
    key, _, value = lines[row].partition(": ")
    new = rng.choice(
        ["", "null", "[1, 2]", "{a: b}", "1e400", "-1", "text", "!!python/object:os.system x",
         "[" * 2_000, "&a [*a]", '"\\ud800"', "0x" + "f" * 5_000, "\x1b[2J"]
    )  # fmt: skip
    if rng.random() < 0.2:
        del lines[row]
        what = f"line {row + 1} is gone"
    else:
        lines[row] = f"{key}: {new}"
        what = f"{key.strip()} is {new!r:.30} instead of {value!r:.30}"
    path.write_text("\n".join(lines) + "\n")
    return what


def _change_csv(path: Path, rng: random.Random) -> str:
    rows = [line.split(",") for line in path.read_text().splitlines()]
    row, column = rng.randrange(len(rows)), rng.randrange(len(rows[0]))
    value = rng.choice(
        ["", "nan", "inf", "-1", "text", "1e400", "9" * 5_000, '"', "\x00", "1000000000", "0.5"]
    )
    if rng.random() < 0.2:
        rows = [[cell for n, cell in enumerate(cells) if n != column] for cells in rows]
        what = f"without column {column}"
    else:
        rows[row][column] = value
        what = f"row {row + 1}, column {column} is {value!r:.30}"
    path.write_text("\n".join(map(",".join, rows)) + "\n")
    return what


def _arrays(array: np.ndarray, rng: random.Random) -> tuple[str, np.ndarray]:
    """Another array in the place of one."""
    return rng.choice(
        [
            ("of no rows", array[:0]),
            ("with one row more", np.concatenate([array, array[:1]])),
            ("of one dimension more", array[..., None]),
            ("a scalar", np.zeros((), array.dtype)),
            ("int8", array.astype(np.int8)),
            ("float64", array.astype(np.float64)),
            ("all NaN", np.full(array.shape, np.nan, np.float32)),
            ("all -1", np.full(array.shape, -1, np.float32)),
            ("all 1e30", np.full(array.shape, 1e30, np.float32)),
        ]
    )


def _change_npz(path: Path, rng: random.Random) -> str:
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    what = _change_arrays(arrays, rng)
    if rng.random() < 0.15:
        arrays[rng.choice(sorted(arrays))] = np.array([{"pickled": 1}], dtype=object)
        what = "an object array"
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    path.write_bytes(buffer.getvalue())
    return what


def _change_safetensors(path: Path, rng: random.Random) -> str:
    arrays = dict(load_file(path))
    what = _change_arrays(arrays, rng)
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
    return what


def _change_arrays(arrays: dict[str, np.ndarray], rng: random.Random) -> str:
    name = rng.choice(sorted(arrays))
    if rng.random() < 0.2:
        del arrays[name]
        return f"without {name}"
    if rng.random() < 0.1:
        arrays[f"{name}/more"] = arrays[name]
        return f"{name} twice"
    how, arrays[name] = _arrays(arrays[name], rng)
    return f"{name} {how}"


_STRUCTURAL: dict[str, Callable[[Path, random.Random], str]] = {
    ".json": _change_json, ".jsonl": _change_json, ".yaml": _change_yaml, ".csv": _change_csv,
    ".npz": _change_npz, ".safetensors": _change_safetensors,
}  # fmt: skip


def _missing(path: Path, files: list[Path], rng: random.Random) -> str:
    path.unlink()
    return "missing"


def _cut(path: Path, files: list[Path], rng: random.Random) -> str:
    size = rng.randrange(path.stat().st_size + 1)
    os.truncate(path, size)
    return f"cut to {size} bytes"


def _flipped(path: Path, files: list[Path], rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    at, bit = rng.randrange(len(data)), rng.randrange(8)
    data[at] ^= 1 << bit
    path.write_bytes(data)
    return f"bit {bit} of byte {at} flipped"


def _nul_block(path: Path, files: list[Path], rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    at = rng.randrange(len(data))
    data[at : at + 512] = bytes(min(512, len(data) - at))
    path.write_bytes(data)
    return f"NUL from byte {at}"


def _windows_lines(path: Path, files: list[Path], rng: random.Random) -> str:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return "CRLF"


def _byte_order_mark(path: Path, files: list[Path], rng: random.Random) -> str:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return "byte order mark"


def _latin1(path: Path, files: list[Path], rng: random.Random) -> str:
    data = path.read_bytes()
    at = rng.randrange(len(data) + 1)
    path.write_bytes(data[:at] + b"\xb5" + data[at:])
    return f"µ as Latin-1 at byte {at}"


def _doubled_line(path: Path, files: list[Path], rng: random.Random) -> str:
    lines = path.read_bytes().splitlines(keepends=True)
    row = rng.randrange(len(lines))
    path.write_bytes(b"".join([*lines[: row + 1], *lines[row:]]))
    return f"line {row + 1} twice"


def _swapped_lines(path: Path, files: list[Path], rng: random.Random) -> str:
    lines = path.read_bytes().splitlines(keepends=True)
    rng.shuffle(lines)
    path.write_bytes(b"".join(lines))
    return "lines in another order"


def _other_file(path: Path, files: list[Path], rng: random.Random) -> str:
    other = rng.choice(files)
    if other != path:
        shutil.copyfile(other, path)
    return f"a copy of {other.name}"


def _loop(path: Path, files: list[Path], rng: random.Random) -> str:
    path.unlink()
    path.symlink_to(path.name)
    return "a link to itself"


def _dangling(path: Path, files: list[Path], rng: random.Random) -> str:
    path.unlink()
    path.symlink_to("nowhere")
    return "a link to nothing"


def _device(path: Path, files: list[Path], rng: random.Random) -> str:
    path.unlink()
    path.symlink_to("/dev/zero")
    return "a link to /dev/zero"


def _pipe(path: Path, files: list[Path], rng: random.Random) -> str:
    path.unlink()
    os.mkfifo(path)
    return "a FIFO"


def _folder(path: Path, files: list[Path], rng: random.Random) -> str:
    path.unlink()
    path.mkdir()
    return "a folder"


_PHYSICAL = (
    _missing, _cut, _cut, _flipped, _flipped, _nul_block, _windows_lines, _byte_order_mark,
    _latin1, _doubled_line, _swapped_lines, _other_file, _loop, _dangling, _device, _pipe, _folder,
)  # fmt: skip
