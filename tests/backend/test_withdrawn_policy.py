"""A policy that is withdrawn hides at once, by address too; what left before is deleted when somebody asks."""

from typing import Any

import pytest
from typer.testing import CliRunner

from backend.contracts.artifacts import NIFTI_GZ
from fedsm.cli.app import app
from tests.backend.conftest import start_run
from tests.backend.live_backend import ADMIN_TOKEN, LiveBackend
from tests.backend.played_worker import PlayedWorker
from tests.backend.test_sweep import files
from tests.conftest import wait_until


class SendingWorker(PlayedWorker):
    """Whose image, reference and masks of a case are different files."""

    def _evaluate_site(self, payload: dict[str, Any]) -> dict[str, Any]:
        result = super()._evaluate_site(payload)
        for entry in result["files"]:
            name = entry["case_id"]
            entry["image"] = self.upload(f"image of {name}".encode(), NIFTI_GZ)
            entry["reference"] = self.upload(f"reference of {name}".encode(), NIFTI_GZ)
            entry["predictions"] = {"global": self.upload(f"prediction of {name}".encode(), NIFTI_GZ)}
        return result


@pytest.fixture
def worker(backend: LiveBackend, broker: Any) -> PlayedWorker:
    return SendingWorker(backend.worker, broker)


def test_what_a_policy_forbids_is_hidden_at_once_and_deleted_on_request(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    worker.with_history = True
    run_id = start_run(backend, federation)
    worker.work_until_idle()
    site = next(site for site in backend.get(f"/federations/{federation['id']}")["sites"] if site["slug"] == "a")

    def of_site() -> tuple[dict[str, Any], list[Any]]:
        case = next(case for case in backend.get(f"/runs/{run_id}/cases")["cases"] if case["site_slug"] == "a")
        past = {
            entry["mask_url"]
            for shown in backend.get(f"/runs/{run_id}/history")["cases"]
            if shown["site_slug"] == "a"
            for step in shown["rounds"]
            for entry in step["models"].values()
        }
        return case, sorted(past, key=str)

    case, past = of_site()
    urls = [case["image_url"], case["reference_url"], case["thumbnail_url"], case["predictions"]["global"], *past]
    assert all(backend.admin.get(url).status_code == 200 for url in urls)
    left = {entry["of"]: entry for entry in backend.get(f"/sites/{site['id']}/departures")["entries"]}
    assert set(left) == {"data set Fundus", "FedAvg, seed 0, of Try"}
    assert "4 thumbnail(s), kept here" in left["data set Fundus"]["what"]
    of_run = backend.get(f"/sites/{site['id']}/departures")["entries"]
    by_what = {entry["what"]: entry for entry in of_run if entry["run_id"] == run_id}
    [tested] = [entry for what, entry in by_what.items() if what.startswith("scores of test cases")]
    assert f"1 image(s) with references and {1 + len(past)} predicted mask(s), kept here" in tested["what"]
    trained = by_what["weights as they were trained, their loss, and numbers of cases"]
    assert (trained["num_times"], "no other site receives it" in trained["to"]) == (2, True)
    assert trained["first_at"] <= trained["last_at"] <= tested["last_at"]
    environment = {"FEDSM_SERVER": backend.url, "FEDSM_TOKEN": ADMIN_TOKEN, "COLUMNS": "300"}
    assert "FedAvg, seed 0, of Try" in CliRunner().invoke(app, ["storage", "departures", "a"], env=environment).stdout
    policy = site["policy"] | {"may_send_images": False, "may_send_predictions": False, "may_send_thumbnails": False}
    assert backend.admin.patch(f"/api/v1/sites/{site['id']}", json={"policy": policy}).is_success
    assert [backend.admin.get(url).status_code for url in urls] == [404] * len(urls)
    case, past_after = of_site()
    assert (case["image_url"], case["reference_url"], case["thumbnail_url"], case["predictions"]) == (None,) * 3 + ({},)
    assert past_after == [None]
    other = next(case for case in backend.get(f"/runs/{run_id}/cases")["cases"] if case["site_slug"] == "b")
    assert backend.admin.get(other["image_url"]).status_code == 200, "the other sites' stay"
    sent = backend.get(f"/sites/{site['id']}/sent")
    assert (sent["num_thumbnails"], sent["num_images"], sent["num_predictions"]) == (4, 1, 1 + len(past))
    before = files(backend)
    assert {url.rpartition("/")[2] for url in urls} <= before, "hidden, not deleted yet"
    assert backend.post(f"/sites/{site['id']}/withdraw") == sent
    wait_until(lambda: not {url.rpartition("/")[2] for url in urls} & files(backend), 10, "the files to go")
    sent = backend.get(f"/sites/{site['id']}/sent")
    assert (sent["num_thumbnails"], sent["num_images"], sent["num_predictions"]) == (0, 0, 0)
    entries = backend.get(f"/sites/{site['id']}/departures")["entries"]
    assert not [entry for entry in entries if "kept here" in entry["what"].replace("no thumbnail is kept here", "")]
    assert backend.post(f"/sites/{site['id']}/withdraw") == sent, "a second click changes nothing"
    assert case["scores"] == of_site()[0]["scores"], "scores stay"


def test_what_left_a_site_is_read_page_by_page(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    runs = [start_run(backend, federation) for _ in range(2)]
    worker.work_until_idle()
    site = backend.get(f"/federations/{federation['id']}")["sites"][0]
    path = f"/sites/{site['id']}/departures"
    everything = backend.get(path)
    assert (len({entry["run_id"] for entry in everything["entries"]}), everything["next_after"]) == (3, None)
    pages, after = [], {}
    for _ in range(3):
        pages.append(backend.get(path, limit=1, **after))
        after = {"after": pages[-1]["next_after"]}
    assert after == {"after": None}
    assert [entry for page in pages for entry in page["entries"]] == everything["entries"]
    assert pages[2]["entries"][0]["dataset_id"], "the data set was checked before the runs began"
    assert {pages[0]["next_after"], pages[1]["next_after"]} == set(runs)
    assert backend.admin.get(f"/api/v1{path}?after={site['id']}").status_code == 422


def test_an_update_of_a_site_is_for_workers_alone(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    start_run(backend, federation)
    worker.work_one("coordinator")
    for _ in range(3):
        worker.work_one("simulated")
    claimed = worker.must_claim(worker.next_task_id("coordinator") or "")
    sha256 = claimed["payload"]["updates"][0]["parts"]["global"]
    assert backend.worker.get(f"/worker-api/v1/artifacts/{sha256}").status_code == 200
    assert backend.admin.get(f"/api/v1/artifacts/{sha256}").status_code == 404
