from collections.abc import Iterator

import pytest


class Quiet:
    """A listener that only remembers."""

    def __init__(self):
        self.stages, self.proposals, self.records = [], [], []

    def stage(self, name):
        self.stages.append(name)

    def progress(self, done, total):
        pass

    def planned(self, trials, full_samples, foretold):
        self.plan = (trials, full_samples, foretold)

    def proposed(self, proposal):
        self.proposals.append(proposal)

    def recalled(self, record):
        pass

    def reported(self, record):
        self.records.append(record)


@pytest.fixture
def listener() -> Quiet:
    return Quiet()


@pytest.fixture(scope="session")
def ray_instance() -> Iterator[None]:
    from class_sweep.sweep.cluster.local import local_ray

    with local_ray():
        yield
