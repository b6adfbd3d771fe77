"""Commands on a sweep in a storage."""

import json

import pytest
from made_sweeps import make_folder
from s3 import address

from class_sweep.results.upload import Uploader
from class_sweep.storage.lease import Lease
from class_sweep.storage.remote import Storage


@pytest.fixture
def stored(s3, s3_credentials, tmp_path, small_space_text):
    """A finished sweep in a bucket, and its local folder."""
    folder = make_folder(tmp_path / "elsewhere" / "made", small_space_text)
    storage = Storage.parse(address(s3.port, s3.bucket())) / "made"
    summary = json.loads((folder / "summary.json").read_text())
    summary |= {"objective": "validation/split/mrr", "direction": "maximize"}
    (folder / "summary.json").write_text(json.dumps(summary))
    (folder / "storage.json").write_text(json.dumps({"address": str(storage)}))
    Uploader(folder, storage).upload()
    return storage, folder


def test_status_is_the_same_as_for_the_folder(command, stored):
    storage, folder = stored
    code, printed, err = command("status", str(storage))
    assert code == 0, err
    assert printed == command("status", folder)[1]


def test_status_watches_a_sweep_while_its_driver_has_the_lease(command, stored, monkeypatch):
    storage, folder = stored
    summary = json.loads((folder / "summary.json").read_text()) | {"state": "running"}
    storage.put("summary.json", json.dumps(summary).encode())
    lease = Lease(storage)
    pauses = []

    def finish_after_two_pauses(seconds):
        pauses.append(seconds)
        if len(pauses) == 2:
            storage.put("summary.json", json.dumps(summary | {"state": "finished"}).encode())
            lease.give_back()

    monkeypatch.setattr("class_sweep.cli.status.time.sleep", finish_after_two_pauses)
    code, out, err = command("status", str(storage), "--watch", "--json")
    assert code == 0, err
    assert [json.loads(line)["state"] for line in out.splitlines()] == ["running", "finished"]
    assert len(pauses) == 2


def test_report_export_and_compare_only_read_a_storage(command, stored, tmp_path):
    storage, folder = stored
    before = storage.files()
    code, out, err = command("report", str(storage))
    assert code == 0, err
    assert out.strip() == "made.html"
    assert "Sweep made" in (tmp_path / "made.html").read_text()
    code, printed, err = command("export", str(storage))
    assert code == 0, err
    assert printed == command("export", folder)[1]
    code, out, err = command("compare", str(storage), folder.parent / "made")
    assert code == 0, err
    code, out, err = command("compare", str(storage), str(storage))
    assert code == 2
    assert "each results folder must be named once" in err
    assert storage.files() == before


def test_check_prints_location_and_size_of_the_results(command, space_file, s3, s3_credentials):
    uri = address(s3.port, s3.bucket())
    code, out, err = command("check", "--no-index", space_file, "--storage", uri)
    assert code == 0, err
    assert f"results/small-TIME, with a copy below {uri}; " in " ".join(out.split())
    assert Storage.parse(uri).files() == {}
    code, _, err = command(
        "check", "--no-index", space_file, "--storage", address(s3.port, "nowhere")
    )
    assert code == 2
    assert "NO_SUCH_BUCKET" in err
