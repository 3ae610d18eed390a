"""FedSM's options as an experiment file gives them."""

import pytest
from pydantic import ValidationError

from backend.contracts.methods.fedsm import FedSMConfig


def test_gamma_auto_is_the_short_form_of_a_threshold_from_validation() -> None:
    config = FedSMConfig.model_validate({"name": "fedsm", "gamma": "auto"})
    assert (config.threshold, config.gamma) == ("validation", 0.9)
    assert config == FedSMConfig.model_validate({"threshold": "validation"})
    assert FedSMConfig.model_validate(config.model_dump(mode="json", by_alias=True)) == config


def test_the_threshold_is_fixed_unless_asked_otherwise() -> None:
    assert FedSMConfig().threshold == "fixed"


def test_another_word_for_gamma_is_refused() -> None:
    with pytest.raises(ValidationError, match="number"):
        FedSMConfig.model_validate({"gamma": "automatic"})
