"""A mark for tests that look into /proc or write to /dev/full."""

import sys

import pytest

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc or /dev/full")
