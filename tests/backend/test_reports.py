"""Report links: frozen, open without an account, closed when revoked or expired; and the PDF of the same document."""

import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy import update

from backend import VERSION
from backend.clock import now
from backend.contracts.changed_settings import experiment_settings, strategy_settings
from backend.contracts.experiment_config import ExperimentConfig
from backend.contracts.report_document import Report as Document
from backend.contracts.report_document import ReportCell, ReportRow, ReportSite, ReportTable
from backend.db.models import Report
from backend.db.session import unit_of_work
from backend.reports.freeze import _missing
from backend.reports.palette import SITE_COLOURS
from backend.reports.pdf import report_pdf
from tests.backend.backend_states import saved_state
from tests.backend.conftest import FEDSM, make_experiment
from tests.backend.live_backend import LiveBackend
from tests.backend.played_worker import PlayedWorker

FEDAVG = {"name": "fedavg"}
FRONTEND = Path(__file__).parents[2] / "frontend"


@saved_state
def reported(backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]) -> dict[str, Any]:
    worker.test_dice = lambda payload, _case, model: 0.8 if model.endswith(payload["participant"]) else 0.5
    experiment = make_experiment(backend, federation, strategies=[FEDSM, FEDAVG], seeds=[0, 1])
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    return experiment


def signed_out(backend: LiveBackend, path: str) -> httpx.Response:
    return httpx.get(backend.url + path)


def shared(backend: LiveBackend, made: dict[str, Any]) -> dict[str, Any]:
    answer = signed_out(backend, made["pdf_path"].removesuffix("/pdf"))
    assert answer.status_code == 200
    report: dict[str, Any] = answer.json()["report"]
    return report


def cells(report: dict[str, Any], label: str, model: str) -> list[dict[str, Any]]:
    table = next(table for table in report["tables"] if table["metric"] == "dice")
    (row,) = [row for row in table["rows"] if (row["label"], row["model"]) == (label, model)]
    found: list[dict[str, Any]] = row["cells"]
    return found


def test_the_numbers_are_those_of_the_results_page(backend: LiveBackend, reported: dict[str, Any]) -> None:
    made = backend.post(f"/experiments/{reported['id']}/reports", {"baseline": "FedAvg", "note": "Read <b>this</b>."})
    report = shared(backend, made)
    results = backend.get(f"/experiments/{reported['id']}/results")
    for cell in results["cells"]:
        if cell["structure"] is None:
            sites = next(table["columns"] for table in report["tables"])
            frozen = cells(report, cell["strategy_label"], cell["model"])[sites.index(cell["site_slug"])]
            assert (frozen["mean"], frozen["std"]) == (cell["mean"], cell["std"])
    assert [cell["mean"] for cell in cells(report, "FedSM", "personalized")] == pytest.approx([0.8] * 4)
    assert all(cell["best"] for cell in cells(report, "FedSM", "personalized"))
    assert not any(cell["best"] for cell in cells(report, "FedAvg", "global"))
    assert cells(report, "FedSM", "personalized")[-1]["difference"] == pytest.approx(0.3)
    assert report["baseline"]["label"] == "FedAvg"
    assert report["note"] == "Read <b>this</b>."
    assert {run["code_version"] for method in report["methods"] for run in method["runs"]} == {VERSION}
    assert report["matrix"]["run_label"] == "FedSM"
    assert report["selector"]["sites"] == ["a", "b", "c"]
    assert {(curve["label"], curve["seed"]) for curve in report["curves"]} == {
        (label, seed) for label in ("FedSM", "FedAvg") for seed in (0, 1)
    }


def test_a_report_stays_as_it_was(backend: LiveBackend, reported: dict[str, Any], federation: dict[str, Any]) -> None:
    """Renaming a site, deleting the experiment: nothing of it shows."""
    made = backend.post(f"/experiments/{reported['id']}/reports", {"title": "Before"})
    before = shared(backend, made)
    site = backend.get(f"/federations/{federation['id']}")["sites"][0]
    backend.admin.patch(f"/api/v1/sites/{site['id']}", json={"name": "Renamed"}).raise_for_status()
    backend.admin.delete(f"/api/v1/experiments/{reported['id']}").raise_for_status()
    assert shared(backend, made) == before
    assert [entry["title"] for entry in backend.get(f"/experiments/{reported['id']}/reports")] == ["Before"]


def test_small_counts_are_withheld(backend: LiveBackend, reported: dict[str, Any]) -> None:
    """Each site has 2, 1 and 1 cases, and the policy states no number below ten."""
    report = shared(backend, backend.post(f"/experiments/{reported['id']}/reports", {}))
    assert [site["num_cases"] for site in report["sites"]] == [{"train": None, "val": None, "test": None}] * 3
    assert all(cell["num_cases"] is None for cell in cells(report, "FedAvg", "global")[:-1])
    names = re.findall(r"case-\d+", json.dumps(report))
    assert names == []


def test_a_link_opens_its_report_and_nothing_else(backend: LiveBackend, reported: dict[str, Any]) -> None:
    made = backend.post(f"/experiments/{reported['id']}/reports", {})
    token = made["path"].rpartition("/")[2]
    assert len(token) >= 32
    answer = signed_out(backend, made["pdf_path"].removesuffix("/pdf"))
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    for path in (f"/experiments/{reported['id']}", f"/experiments/{reported['id']}/reports", "/federations"):
        asked = httpx.get(f"{backend.url}/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
        assert asked.status_code == 401
    assert signed_out(backend, f"/api/v1/shared-reports/{token[:-1]}").status_code == 404
    (listed,) = backend.get(f"/experiments/{reported['id']}/reports")
    assert listed["num_opened"] == 1
    assert listed["opened_at"] is not None


def test_a_revoked_link_says_who_to_ask(backend: LiveBackend, reported: dict[str, Any]) -> None:
    made = backend.post(f"/experiments/{reported['id']}/reports", {"title": "Draft"})
    backend.post(f"/reports/{made['id']}/revoke")
    first = backend.post(f"/reports/{made['id']}/revoke")["revoked_at"]
    assert first == backend.get(f"/experiments/{reported['id']}/reports")[0]["revoked_at"]
    for path in (made["pdf_path"], made["pdf_path"].removesuffix("/pdf")):
        answer = signed_out(backend, path)
        assert (answer.status_code, answer.json()["error"]) == (410, "gone")
        assert "revoked on" in answer.json()["detail"]
        assert "ask admin" in answer.json()["detail"]
    messages = [event["message"] for event in backend.get("/events", limit=500)]
    assert "admin made the report 'Draft' and its link." in messages
    assert messages.count("admin revoked the link of the report 'Draft'.") == 1


def test_an_expired_link_says_so(backend: LiveBackend, reported: dict[str, Any]) -> None:
    made = backend.post(f"/experiments/{reported['id']}/reports", {"expires_days": 1})
    with unit_of_work(backend.platform.database) as session:
        session.execute(update(Report).values(expires_at=now() - timedelta(seconds=1)))
    answer = signed_out(backend, made["pdf_path"])
    assert answer.status_code == 410
    assert "expired on" in answer.json()["detail"]


def test_what_cannot_be_reported_is_refused(
    backend: LiveBackend, reported: dict[str, Any], federation: dict[str, Any]
) -> None:
    wrong = backend.admin.post(f"/api/v1/experiments/{reported['id']}/reports", json={"baseline": "FedProx"})
    assert wrong.status_code == 422
    assert wrong.json()["fields"][0]["field"] == "baseline"
    empty = make_experiment(backend, federation)
    refused = backend.admin.post(f"/api/v1/experiments/{empty['id']}/reports", json={})
    assert refused.status_code == 409
    assert "has no results yet" in refused.json()["detail"]
    assert backend.admin.post("/api/v1/experiments/none/reports", json={}).status_code == 404


def test_an_unfinished_experiment_is_reported_as_such(
    backend: LiveBackend, worker: PlayedWorker, federation: dict[str, Any]
) -> None:
    strategies = [FEDAVG, {"name": "local-only"}]
    experiment = make_experiment(backend, federation, strategies=strategies, held_out_sites=["c"])
    sites = {site["slug"]: site["id"] for site in backend.get(f"/federations/{federation['id']}")["sites"]}
    backend.admin.patch(f"/api/v1/sites/{sites['c']}", json={"name": "Clinic C"}).raise_for_status()
    backend.post(f"/runs/{experiment['runs'][1]['id']}/cancel")
    backend.post(f"/experiments/{experiment['id']}/start")
    worker.work_until_idle()
    report = shared(backend, backend.post(f"/experiments/{experiment['id']}/reports", {}))
    assert any("Local-only seed 0 (cancelled)" in remark for remark in report["remarks"])
    assert any(remark.startswith("One seed") for remark in report["remarks"])
    assert any(remark.endswith("left out of the pooled column: Clinic C.") for remark in report["remarks"])
    assert {"path": "held_out_sites", "value": "Clinic C", "default": "empty"} in report["settings"]


def test_the_pdf_says_the_same(backend: LiveBackend, reported: dict[str, Any]) -> None:
    body = {"title": "Οπτικός δίσκος & <i>cup</i>", "note": "First line\nSecond line", "baseline": "FedAvg"}
    made = backend.post(f"/experiments/{reported['id']}/reports", body)
    answer = signed_out(backend, made["pdf_path"])
    assert answer.headers["content-type"] == "application/pdf"
    assert 'filename="i-cup-i' in answer.headers["content-disposition"]
    pdf = PdfReader(io.BytesIO(answer.content))
    text = "\n".join(page.extract_text() for page in pdf.pages)
    assert pdf.metadata is not None
    assert pdf.metadata.title == body["title"]
    assert body["title"] in text
    assert "Second line" in text
    assert f"Trained with FedSM Studio {VERSION}" in text
    assert "FedSM, super model" in text
    assert "0.800" in text
    assert "<10" in text
    assert len(pdf.outline) > 4


def test_thirty_sites_stay_on_the_page(backend: LiveBackend, reported: dict[str, Any]) -> None:
    """Sites that do not fit beside each other go into further tables."""
    report = Document.model_validate(shared(backend, backend.post(f"/experiments/{reported['id']}/reports", {})))
    slugs = [f"site-{number}" for number in range(30)]
    name = "An institution whose name is as long as names of them can be, "
    sites = tuple(
        ReportSite(slug=slug, name=f"{name}{slug}", position=index, role="trains", num_cases={}, minimum_count=10)
        for index, slug in enumerate(slugs)
    )
    table = report.tables[0]
    rows = tuple(row.model_copy(update={"cells": (row.cells[0],) * 31}) for row in table.rows)
    wide = table.model_copy(update={"columns": (*slugs, None), "rows": rows})
    many = report.model_copy(update={"sites": sites, "tables": (wide,), "matrix": None, "selector": None})
    text = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(report_pdf(many, {}))).pages)
    assert all(slug in re.sub(r"\s+", "", text) for slug in slugs)
    assert report_pdf(many, {}) == report_pdf(many, {})


def test_settings_name_what_differs_from_the_defaults() -> None:
    config = ExperimentConfig.model_validate(
        {
            "network": {"name": "segresnet"},
            "schedule": {"rounds": 7},
            "strategies": [{"name": "fedsm", "lambda": 0.8, "selector": {"name": "cnn"}}],
        }
    )
    assert [(s.path, s.value, s.default) for s in experiment_settings(config)] == [
        ("network.name", "segresnet", "unet"),
        ("schedule.rounds", "7", "100"),
    ]
    assert [(s.path, s.value) for s in strategy_settings(config.strategies[0])] == [
        ("lambda", "0.8"),
        ("selector.name", "cnn"),
    ]


def test_settings_are_named_of_a_method_that_refuses_the_default_schedule() -> None:
    schedule = {"optimizer": "sgd", "momentum": 0.0}
    config = ExperimentConfig.model_validate({"schedule": schedule, "strategies": [{"name": "scaffold"}]})
    assert [s.path for s in experiment_settings(config)] == ["schedule.optimizer", "schedule.momentum"]
    assert strategy_settings(config.strategies[0]) == ()


def test_the_pdf_has_the_colours_of_the_screen() -> None:
    palette = (FRONTEND / "src" / "lib" / "palette.ts").read_text()
    (listed,) = re.findall(r"SITE_COLOURS = \[(.*?)\]", palette, flags=re.DOTALL)
    assert tuple(re.findall(r'"(#\w+)"', listed)) == SITE_COLOURS


def test_whatever_is_long_prints(backend: LiveBackend, reported: dict[str, Any]) -> None:
    """A note of many lines or of one word, and rows higher than a page: a site with two hundred data sets."""

    def text_of(content: bytes) -> str:
        return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())

    lines = "\n".join(f"line {number}" for number in range(400))
    for note in (lines, "W" * 4000, "\n\n\n".join(["A paragraph.", "<b>& another"] * 60)):
        made = backend.post(f"/experiments/{reported['id']}/reports", {"title": "Long", "note": note})
        answer = signed_out(backend, made["pdf_path"])
        assert answer.status_code == 200
        shown = text_of(answer.content)
        assert all(line.replace(" ", "")[:40] in shown for line in note.splitlines() if line), "to the last line"
        assert shown.count("W") >= note.count("W")
    report = Document.model_validate(shared(backend, made))
    fingerprints = {"a": tuple(f"{index:064x}" for index in range(200))}
    assert f"{199:064x}" in text_of(report_pdf(report.model_copy(update={"fingerprints": fingerprints}), {}))


def test_a_report_says_what_came_out_and_how_to_make_it_again(backend: LiveBackend, reported: dict[str, Any]) -> None:
    """Without a wish FedAvg is the baseline; the file reads back as the experiment's configuration."""
    made = backend.post(f"/experiments/{reported['id']}/reports", {})
    report = shared(backend, made)
    verdict = backend.get(f"/experiments/{reported['id']}/verdict")
    assert report["verdict"] == [verdict["headline"], *verdict["details"]]
    assert (report["baseline"]["label"], report["baseline"]["model"]) == ("FedAvg", "global")
    super_model = cells(report, "FedSM", "super")[-1]
    assert super_model["difference_text"] == f"{super_model['difference']:+.3f}"
    assert super_model["interval_text"].startswith("[+")
    read = backend.post("/experiment-files/read", {"text": report["experiment_file"]})
    assert read["problems"] == []
    assert read["file"]["config"] == report["config"]
    pdf = PdfReader(io.BytesIO(signed_out(backend, made["pdf_path"]).content))
    text = "\n".join(page.extract_text() for page in pdf.pages)
    assert "What came out" in text
    assert super_model["difference_text"] in text
    assert text.index("Reproduce") < text.index("strategies:")


def test_what_is_missing_is_said_and_that_methods_differ_in_it() -> None:
    """A model that draws nothing on healthy images is measured on fewer cases than one that invents something."""

    def table(*numbers: int | None) -> ReportTable:
        rows = [
            ReportRow(
                label=f"method {index}",
                model="global",
                cells=(ReportCell(mean=0.5, num_missing=number), ReportCell(mean=0.5, num_missing=number)),
            )
            for index, number in enumerate(numbers)
        ]
        return ReportTable(
            metric="dice",
            title="Dice",
            unit=None,
            higher_is_better=True,
            structure=None,
            columns=("a", None),
            rows=tuple(rows),
        )

    assert list(_missing([table(0, 0, None)])) == []
    (same,) = _missing([table(2, 2)])
    assert same == "4 scores are missing, for neither mask holds the structure; they are in no mean."
    (other,) = _missing([table(2, 0)])
    assert other.endswith("Methods differ in them at one site, so their means there are not of the same cases.")
