"""The lease of a storage: when it is due, and whose it is."""

import json
import time

import pytest

from class_sweep.storage import lease as module
from class_sweep.storage.lease import LEASE, RENEWAL_SECONDS, Lease
from class_sweep.storage.remote import Storage


@pytest.fixture
def storage(tmp_path):
    return Storage.parse(str(tmp_path / "shared"))


@pytest.mark.parametrize(
    ("passed", "due"),
    [(0, False), (RENEWAL_SECONDS - 1, False), (RENEWAL_SECONDS + 1, True), (-3600, True)],
)
def test_a_lease_is_due_after_its_time_and_after_the_clock_was_set_back(
    storage, monkeypatch, passed, due
):
    lease = Lease(storage)
    taken = time.time()
    monkeypatch.setattr(module.time, "time", lambda: taken + passed)
    assert lease.due == due


def test_a_lease_of_another_driver_is_neither_renewed_nor_removed(storage):
    lease = Lease(storage)
    other = json.dumps({"host": "elsewhere", "pid": 1, "id": "another"}).encode()
    storage.put(LEASE, other)
    assert not lease.held
    assert not lease.renew()
    lease.give_back()
    assert storage.get(LEASE) == other


def test_a_lease_that_is_given_back_is_gone(storage):
    lease = Lease(storage)
    assert lease.held
    lease.give_back()
    assert storage.files() == {}
