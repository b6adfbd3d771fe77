"""Each document in turn."""

import pytest
from documents import PAGES, ROOT


@pytest.fixture(params=PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def page(request):
    """Each document in turn."""
    return request.param
