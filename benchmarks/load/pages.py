"""What the browser asks for on each page, and what the command line lists."""

from dataclasses import dataclass

from benchmarks.load.template import Template

#: What the browser asks for at a time.
PAGE = 50
MODELS_PAGE = 20


@dataclass(frozen=True)
class Request:
    page: str
    path: str


def requests_of(template: Template) -> list[Request]:
    """Paths below `/api/v1`."""
    federation = f"/federations/{template.federation_id}"
    experiment, run = f"/experiments/{template.experiment_id}", f"/runs/{template.run_ids[0]}"
    dataset = f"/datasets/{template.dataset_id}"
    pages = {
        "Home": ["/session", "/federations", "/latest-result"],
        "Shell": ["/system"],
        "Federation": [federation, f"{federation}/datasets", f"{federation}/approvals", f"{federation}/statistics"],
        "Experiments": [f"{federation}/experiments?limit={PAGE}"],
        "Runs": [f"{federation}/test-scores?limit={PAGE}"],
        "Models": [f"{federation}/models?limit={MODELS_PAGE}"],
        "Activity": [
            "/events?limit=100",
            f"/events?limit=100&federation_id={template.federation_id}",
            "/events?limit=100&text=nothing+says+this",
            "/events?limit=100&level=error",
            "/events?limit=100&kind=site&kind=dataset",
        ],
        "Data set": [dataset, f"{dataset}/cases", f"{dataset}/checks", f"{dataset}/runs?limit={PAGE}"],
        "Experiment": [experiment, f"{experiment}/events", f"{experiment}/provenance", f"{experiment}/storage"],
        "Results": [
            f"{experiment}/results",
            f"{experiment}/verdict",
            f"{experiment}/table.json",
            f"{experiment}/comparison?baseline=FedSM&model=super",
        ],
        "Run": [
            run,
            f"{run}/rounds",
            f"{run}/tasks?limit={PAGE}",
            f"{run}/events",
            f"{run}/metrics",
            f"{run}/curves",
            f"{run}/effort",
            f"{run}/storage",
            f"{run}/exports",
            f"{run}/predictions",
        ],
        "Cases": [f"{run}/cases", f"{run}/history", f"{run}/matrix", f"{run}/selector", f"{run}/selector/cases"],
        "Model": [f"{run}/model", f"{run}/tests"],
        "Compare": [f"{federation}/run-comparison?run={template.run_ids[0]}&run={template.run_ids[1]}"],
        "Storage": [f"/storage?limit={PAGE}"],
        "Site": [f"/sites/{template.site_id}/departures?limit={PAGE}", f"/sites/{template.site_id}/sent"],
        "Users": ["/users", "/tokens", "/invitations"],
    }
    return [Request(page, path) for page, paths in pages.items() for path in paths]
