"""Bad input ends in one clear message and exit code 2; nothing is written."""

import os

import pytest

TABLE = "smiles,text,split\n" + "".join(
    f"{'C' * (n % 40 + 1)}{'O' if n % 2 else 'N'},alkane number {n},"
    f"{('train', 'train', 'train', 'validation', 'test')[n // 16]}\n"
    for n in range(80)
)


def edit(text, old, new):
    assert old in text
    return text.replace(old, new)


SPACE_MISTAKES = {
    "syntax": (
        ("data: {source: names, limit: 700}", "data: {source: names, limit: 700"),
        ["small.yaml:2: must be valid YAML"],
    ),
    "unknown key": (
        ("alpha: {", "alhpa: {"),
        ["small.yaml:7: curriculum.alhpa: must be a known setting", "did you mean alpha?"],
    ),
    "alpha as a percentage": (
        ("alpha: {uniform: [0.3, 0.9]}", "alpha: 40"),
        ["small.yaml:7: curriculum.alpha: must be a fraction in (0, 1], got 40; write 0.40"],
    ),
    "an inverted range": (
        ("[0.05, 0.20]", "[0.20, 0.05]"),
        ["small.yaml:8: curriculum.beta: uniform must go from low to high, got [0.2, 0.05]"],
    ),
    "a step wider than the range": (
        ("step: 0.05", "step: 0.5"),
        ["small.yaml:9: curriculum.sigma: step must fit the range: at most 0.4, got 0.5"],
    ),
    "an unknown order": (
        ("[easy_first, hard_first, random]", "[easy_first, hardest]"),
        ["small.yaml:6: curriculum.order: must be one of easy_first, hard_first, random"],
    ),
    "an unknown backbone": (
        ("name: contrastive", "name: contrastve"),
        ["small.yaml:4: backbone.name: must be", "got 'contrastve'; did you mean contrastive?"],
    ),
    "an unknown encoder": (
        ("kind: morgan", "kind: maccs"),
        [
            "small.yaml:3: molecule_encoder.kind: must be one of mol2vec, morgan, huggingface,"
            " file, got 'maccs'"
        ],
    ),
    "a missing data folder": (
        ("{source: names, limit: 700}", "{source: chebi20, path: nowhere}"),
        ["small.yaml:1: data.path: must be a folder that exists, got /", "data fetch` downloads"],
    ),
    "fewer pairs than a batch": (
        ("batch_size: 32", "batch_size: 400"),
        ["small.yaml:11: optimizer.batch_size: the first pool must hold a batch of 400 pairs"],
    ),
    "a missing GPU": (
        ("{cpus: 1}", "{cpus: 1, gpus: 1}"),
        ["small.yaml:17: resources.gpus: must be at most 0 on this machine, got 1", "gpu.md"],
    ),
    "more cores than there are": (
        ("{cpus: 1}", "{cpus: 10000}"),
        ["small.yaml:17: resources.cpus: must be at most ", " on this machine, got 10000"],
    ),
    "hard negatives for a loss without weights": (
        (
            "{kind: morgan, bits: 256}\nbackbone: {name: contrastive, hidden: 32, dimension: 16}\n"
            "curriculum:\n",
            "{kind: mol2vec}\nbackbone: {name: aman}\ncurriculum:\n"
            "  hard_negatives: {choice: [0, 1]}\n",
        ),
        [
            "small.yaml:6: curriculum.hard_negatives: must be 0 for the loss of Aman, which"
            " has backbone.softness for this, got 1\n"
        ],
    ),
    "one tie at every sigma": (
        ("sigma: {uniform: [0.40, 0.80], step: 0.05}", "sigma: 1.0"),
        ["sigma must tell pairs apart", "one tie of all pairs at σ = 1"],
    ),
}


@pytest.mark.parametrize("name", SPACE_MISTAKES)
@pytest.mark.parametrize("verb", ["run", "check"])
def test_a_mistake_in_a_space(command, space_file, small_space_text, tmp_path, name, verb):
    (old, new), expected = SPACE_MISTAKES[name]
    text = edit(small_space_text, old, new)
    if name == "one tie at every sigma":
        # All molecules differ, and all texts differ.
        table = "smiles,text,split\n" + "".join(
            f"{'C' * (n + 1)}O,word{n} thing{n * 7 % 97},{split}\n"
            for n, split in enumerate(["train"] * 64 + ["validation"] * 8 + ["test"] * 8)
        )
        (tmp_path / "t.csv").write_text(table)
        text = edit(
            text, "{source: names, limit: 700}",
            "{source: table, path: t.csv, columns: {split: split}}",
        )  # fmt: skip
        text = edit(text, "batch_size: 32", "batch_size: 8")
        text = edit(text, "dimensions: 32", "dimensions: 8")
    space_file.write_text(text)
    before = sorted(tmp_path.iterdir())
    code, out, err = command(verb, space_file)
    assert code == 2, err
    assert err.startswith("error: ")
    for words in expected:
        assert words in err
    assert "Traceback" not in out + err
    assert sorted(tmp_path.iterdir()) == before


def table_space(small_space_text, columns="{split: split}"):
    text = edit(
        small_space_text,
        "{source: names, limit: 700}",
        f"{{source: table, path: t.csv, columns: {columns}}}",
    )
    return edit(text, "batch_size: 32", "batch_size: 8")


@pytest.mark.parametrize(
    ("columns", "table", "expected"),
    [
        ("{smiles: SMILE}", TABLE, ["SMILE", "smiles"]),
        ("{split: split}", TABLE.replace(",validation\n", ",train\n"), ["validation", "empty"]),
        ("{split: split}", TABLE.replace("smiles,text,split", "a,b,c"), ["smiles", "a"]),
    ],
    ids=["a misspelt column", "an empty split", "wrong columns"],
)
def test_a_mistake_in_a_table(
    command, space_file, small_space_text, tmp_path, columns, table, expected
):
    (tmp_path / "t.csv").write_text(table)
    space_file.write_text(table_space(small_space_text, columns))
    before = sorted(tmp_path.iterdir())
    code, _, err = command("run", space_file)
    assert code == 2, err
    for words in expected:
        assert words in err
    assert sorted(tmp_path.iterdir()) == before


def test_a_results_folder_that_exists(command, space_file, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    code, _, err = command("run", space_file, "--out", taken)
    assert code == 2
    assert f"a results folder must be new: {taken} exists" in err
    assert list(taken.iterdir()) == []


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        ("ftp://host/x", "a storage must be s3://bucket/prefix, gs://bucket/prefix or a path"),
        ("s3://key:hush@bucket/x", "a storage must be named without credentials"),
        ("s3://bucket/x?secret_key=hush", "an option of s3:// must be one of"),
        ("nowhere", "a storage that is a path must be an existing folder"),
        ("file", "a storage that is a path must be an existing folder"),
    ],
)
def test_an_invalid_storage(command, space_file, tmp_path, storage, message):
    (tmp_path / "file").write_text("x")
    before = sorted(tmp_path.iterdir())
    code, out, err = command("run", space_file, "--out", "new", "--storage", storage)
    assert code == 2
    assert err.startswith(f"error: {message}")
    assert "hush" not in out + err
    assert sorted(tmp_path.iterdir()) == before


def test_a_missing_bucket_and_a_storage_that_has_the_sweep_already(
    command, space_file, tmp_path, s3, s3_credentials
):
    from s3 import address

    from class_sweep.storage.remote import Storage

    before = sorted(tmp_path.iterdir())
    code, _, err = command(
        "run", space_file, "--out", "new", "--storage", address(s3.port, "nowhere")
    )
    assert code == 2
    assert "NO_SUCH_BUCKET" in err
    taken = Storage.parse(address(s3.port, s3.bucket()))
    (taken / "new").put("space.yaml", b"x")
    code, _, err = command("run", space_file, "--out", "new", "--storage", str(taken))
    assert code == 2
    assert err.startswith(
        f"error: the storage of a new sweep must hold no sweep: {taken / 'new'} holds one"
    )
    assert set(taken.files()) == {"new/space.yaml"}
    for verb in ("status", "report", "resume", "export"):
        code, _, err = command(verb, str(taken / "other"))
        assert code == 2
        assert err.startswith("error: a storage must hold a sweep, got none at ")
    assert sorted(tmp_path.iterdir()) == before


def test_the_option_out_needs_a_storage(command, tmp_path):
    code, _, err = command("resume", tmp_path, "--out", "elsewhere")
    assert code == 2
    assert err.startswith("error: --out is for a sweep from a storage")


def test_a_schedule_that_never_uses_all_pairs_gives_a_warning_with_a_sufficient_beta(
    command, space_file
):
    code, out, err = command("check", "--no-index", space_file)
    assert code == 0, err
    assert "some are never shown; beta ≥ 0.14 or epochs ≥ 15 would show all" in out


def test_an_intensity_that_starts_at_zero_gives_a_warning(command, space_file, small_space_text):
    space_file.write_text(edit(small_space_text, "  order:", "  intensity_start: 0\n  order:"))
    code, out, _ = command("check", "--no-index", space_file)
    assert code == 0
    assert "intensity inverse is 0 at k = 0" in out


@pytest.mark.parametrize("verb", ["status", "resume", "export"])
def test_a_folder_without_a_sweep(command, tmp_path, verb):
    code, _, err = command(verb, tmp_path)
    assert code == 2
    assert "a results folder must hold space.yaml" in err


@pytest.mark.parametrize(
    "arguments", [["runn"], ["run"], ["run", "a.yaml", "--nope"], ["data", "fetch", "nothing"]]
)
def test_a_mistake_on_the_command_line_exits_2(command, arguments):
    code, _, err = command(*arguments)
    assert code == 2
    assert "Traceback" not in err


def test_a_missing_space_file(command):
    code, _, err = command("check", "nowhere.yaml")
    assert code == 2
    assert "nowhere.yaml" in err


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("caf\udce9.yaml", "an argument must be UTF-8, got the byte 0xe9 in 'caf\\udce9.yaml'"),
        ("a\x1b[2J", "an argument must be text, got the control character '\\x1b'"),
    ],
)
@pytest.mark.parametrize("verb", ["check", "run", "status", "retrieve"])
def test_an_argument_that_is_no_text(command, tmp_path, verb, argument, words):
    code, out, err = command(verb, argument)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {words}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/dev/zero", "it must be a regular file, got a device"),
        ("pipe.yaml", "it must be a regular file, got a pipe"),
        (".", "it must be a regular file, got a folder"),
        ("a" * 300, "File name too long"),
    ],
)
@pytest.mark.parametrize("verb", ["check", "run", "train", "index"])
def test_what_is_no_space_file(command, tmp_path, verb, path, words):
    os.mkfifo(tmp_path / "pipe.yaml")
    code, _, err = command(verb, path)
    assert code == 2
    assert words in err


@pytest.mark.parametrize("verb", ["check", "run", "index"])
@pytest.mark.parametrize("kind", ["a pipe", "a device", "a folder"])
def test_a_table_that_is_no_file(command, space_file, small_space_text, tmp_path, verb, kind):
    path = tmp_path / "t.csv"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()
    space_file.write_text(table_space(small_space_text))
    code, _, err = command(verb, space_file)
    assert code == 2
    assert "data.path: must be a file that exists, got " in err
