"""What tests of the worker and its engine share."""

import pytest

from worker.engine.networks import classifiers


@pytest.fixture
def narrow_vgg(monkeypatch: pytest.MonkeyPatch) -> None:
    """VGG-11 with hidden layers of 64 instead of 4096: the same layers and names in 10.8 million parameters, not 128.8.

    Its real size is counted in `test_vgg_11_has_the_reference_codes_size`, which allocates nothing.
    """
    monkeypatch.setattr(classifiers, "VGG_HIDDEN", 64)
