"""What lies on the disk: on the run's page, on a page of its own, and in a site's drawer after its policy changed."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from backend.contracts.datasets import SitePolicy
from backend.contracts.methods.references import FedAvgConfig
from backend.experiments.schemas import ExperimentRecord
from backend.federations.schemas import FederationRecord
from backend.sites.schemas import SiteUpdate
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import TASK, tiny_config, write_sites

pytestmark = pytest.mark.e2e

NO_PICTURES = SitePolicy(may_send_thumbnails=False, may_send_images=False, may_send_predictions=False)


@pytest.fixture(scope="module")
def own(platform: LivePlatform, tmp_path_factory: pytest.TempPathFactory) -> FederationRecord:
    """What leaves its sites is deleted here, so nobody else looks at it."""
    return platform.add_federation("Stored", TASK, write_sites(tmp_path_factory.mktemp("stored")))


@pytest.fixture(scope="module")
def experiment(platform: LivePlatform, own: FederationRecord) -> Iterator[ExperimentRecord]:
    """Gone afterwards: the first page would lead to its cases, whose images are deleted here."""
    config = tiny_config(
        FedAvgConfig(), schedule={"rounds": 6, "batch_size": 4, "local_epochs": 1}, evaluation={"history_rounds": 2}
    )
    done = await_experiment(platform, platform.start_experiment(own, "What is kept", config))
    yield done
    platform.client.delete_experiment(done.id)


def test_the_run_says_what_it_holds_and_which_rounds_are_gone(signed_in: Page, experiment: ExperimentRecord) -> None:
    run = experiment.runs[0]
    assert run.best_round is not None
    signed_in.goto(f"/experiments/{experiment.id}?run={run.id}")
    card = signed_in.get_by_test_id("run-storage")
    expect(card).to_contain_text(re.compile(r"Models of rounds? .*6 are kept; those of rounds .* were removed"))
    expect(card).to_contain_text("Masks")
    card.get_by_role("link", name="All that is stored").click()
    signed_in.get_by_role("heading", name="Storage").wait_for()
    row = signed_in.get_by_role("table", name="Who holds what").get_by_role("row", name="What is kept")
    expect(row).to_contain_text("Models")
    signed_in.get_by_role("button", name="Check every file").click()
    expect(signed_in.get_by_text("all are whole")).to_be_visible()
    signed_in.get_by_role("button", name="Remove what nobody needs").click()
    expect(signed_in.get_by_text(re.compile("Nothing is unowned|removed"))).to_be_visible()


def test_what_left_before_a_policy_forbade_it_is_deleted_from_the_drawer(
    signed_in: Page, platform: LivePlatform, own: FederationRecord, experiment: ExperimentRecord
) -> None:
    site = own.sites[0]
    platform.client.update_site(site.id, SiteUpdate(policy=NO_PICTURES))
    signed_in.goto(f"/federations/{own.id}?tab=sites&site={site.slug}")
    sent = signed_in.get_by_test_id("sent")
    expect(sent).to_contain_text("thumbnails")
    expect(sent).to_contain_text("Nobody sees them any more")
    sent.get_by_role("button", name="Delete them").click()
    asked = signed_in.get_by_role("dialog", name=f"Delete what {site.name} had sent?")
    asked.get_by_role("button", name="Delete them", exact=True).click()
    expect(sent).to_be_hidden()
    platform.client.update_site(site.id, SiteUpdate(policy=SitePolicy()))
    cases = platform.client.run_cases(experiment.runs[0].id).cases
    assert {case.image_url is None for case in cases if case.site_slug == site.slug} == {True}
    assert all(case.image_url for case in cases if case.site_slug != site.slug)


def test_a_deleted_experiment_is_gone_for_whoever_goes_back(
    signed_in: Page, platform: LivePlatform, own: FederationRecord
) -> None:
    draft = platform.client.create_experiment(own.id, "Soon gone", tiny_config(FedAvgConfig()))
    signed_in.goto(f"/experiments/{draft.id}")
    signed_in.get_by_role("heading", name="Soon gone").wait_for()
    signed_in.get_by_role("button", name="Actions of Soon gone").click()
    signed_in.get_by_role("menuitem", name="Delete").click()
    signed_in.get_by_role("button", name="Delete the experiment").click()
    expect(signed_in.get_by_text("Soon gone is deleted.")).to_be_visible()
    signed_in.wait_for_url(f"**/federations/{own.id}**")
    signed_in.go_back()
    expect(signed_in.get_by_text("This does not exist")).to_be_visible()
    expect(signed_in.get_by_role("heading", name="Soon gone", exact=True)).to_be_hidden()
