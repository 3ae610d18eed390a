"""What leaves a site by its policy, in a run with a real worker."""

from pathlib import Path

from backend.contracts.datasets import SitePolicy
from backend.contracts.methods.references import FedAvgConfig
from backend.contracts.status import RunStatus
from backend.sites.schemas import SiteUpdate
from tests.integration.live_platform import LivePlatform
from tests.integration.runs import await_experiment
from tests.integration.tiny_data import TASK, tiny_config, write_sites


def test_images_and_predictions_leave_as_each_site_allows(platform: LivePlatform, tmp_path: Path) -> None:
    """A sends everything, B no image and no reference, C no prediction; scores leave everywhere."""
    federation = platform.add_federation("Policies", TASK, write_sites(tmp_path))
    policies = {"site-b": SitePolicy(may_send_images=False, may_send_predictions=True, may_send_thumbnails=True)}
    policies["site-c"] = SitePolicy(may_send_images=True, may_send_predictions=False)
    for site in federation.sites:
        if policy := policies.get(site.slug):
            platform.client.update_site(site.id, SiteUpdate(policy=policy))
    started = platform.start_experiment(federation, "Policies", tiny_config(FedAvgConfig()))
    (run,) = await_experiment(platform, started).runs
    assert run.status == RunStatus.COMPLETED, run.failure
    cases = platform.client.run_cases(run.id).cases
    sent = {
        case.site_slug: (case.image_url is not None, case.reference_url is not None, bool(case.predictions))
        for case in cases
    }
    assert sent == {"site-a": (True, True, True), "site-b": (False, False, True), "site-c": (True, True, False)}
    assert all(case.scores for case in cases)
