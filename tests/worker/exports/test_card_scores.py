"""A card's scores: the same lines as the model card's, and metadata that is read back as YAML and by Hugging Face."""

import yaml
from huggingface_hub import ModelCard

from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.tasks import RunSpec
from backend.contracts.version_scores import VersionScore, score_table
from tests.integration.tiny_data import TASK, tiny_config
from worker.exports.hugging_face_form import metadata

RUN = RunSpec(
    run_id="run", config=tiny_config(FedAvgConfig()), strategy=FedAvgConfig(), seed=3, task=TASK, sites=("north",)
)


def score(model: str, site: str | None, dice: float | None, low: float | None, held_out: bool = False) -> VersionScore:
    high = None if low is None or dice is None else 2 * dice - low
    return VersionScore.model_validate(
        {
            "model": model,
            "site_slug": site,
            "held_out": held_out,
            "dice": dice,
            "low": low,
            "high": high,
            "num_cases": 9,
        }
    )


SCORES = [score("global", None, 0.8, 0.75), score("super", None, 0.85, 0.8), score("global", "south", 0.5, None, True)]


def test_the_head_holds_each_score_with_its_interval() -> None:
    head = metadata(RUN, SCORES)
    assert (head.startswith("---\n"), head.endswith("---\n\n")) == (True, True)
    (entry,) = yaml.safe_load(head.strip().removesuffix("---"))["model-index"]
    assert entry["name"] == "FedAvg, seed 3"
    everywhere, south = entry["results"]
    assert everywhere["dataset"] == {"type": "federated", "name": "test cases of all sites that trained"}
    assert south["dataset"]["name"] == "test cases of south (did not train)"
    assert [(metric["name"], metric["value"]) for metric in everywhere["metrics"]] == [
        ("mean Dice, global (95 % interval 0.750 to 0.850, 9 cases)", 0.8),
        ("mean Dice, super (95 % interval 0.800 to 0.900, 9 cases)", 0.85),
    ]
    assert south["metrics"] == [{"type": "dice", "name": "mean Dice, global (9 cases)", "value": 0.5}]


def test_hugging_faces_own_card_has_each_score_and_writes_it_again() -> None:
    """What is valid their web service alone decides; the library raises where the index is not of its form."""
    card = ModelCard(metadata(RUN, SCORES) + "# A title\n")
    assert card.data.model_name == "FedAvg, seed 3"
    found = [
        (result.task_type, result.dataset_name, result.metric_type, result.metric_name, result.metric_value)
        for result in card.data.eval_results or ()
    ]
    everywhere, south = "test cases of all sites that trained", "test cases of south (did not train)"
    assert found == [
        ("image-segmentation", everywhere, "dice", "mean Dice, global (95 % interval 0.750 to 0.850, 9 cases)", 0.8),
        ("image-segmentation", everywhere, "dice", "mean Dice, super (95 % interval 0.800 to 0.900, 9 cases)", 0.85),
        ("image-segmentation", south, "dice", "mean Dice, global (9 cases)", 0.5),
    ]
    again = ModelCard(str(card))
    assert again.data.to_dict() == card.data.to_dict()
    assert again.text.strip() == "# A title"


def test_without_a_score_there_is_no_index() -> None:
    assert "model-index" not in metadata(RUN, [])
    assert "model-index" not in metadata(RUN, [score("global", None, None, None)])


def test_the_table_says_what_is_not_known() -> None:
    assert score_table(SCORES)[2:] == [
        "| all sites that trained | global | 0.800 | 0.750 to 0.850 | 9 |",
        "| all sites that trained | super | 0.850 | 0.800 to 0.900 | 9 |",
        "| south (did not train) | global | 0.500 | - | 9 |",
    ]
