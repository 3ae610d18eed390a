"""What is made of a finished model at hospitals, each with its own consent: a student of it, one fine-tuned at a site
that did not train it, and that site in its selector."""

from pathlib import Path

from backend.contracts.status import DatasetStatus, RunStatus
from backend.datasets.schemas import DatasetCreate
from backend.experiments.schemas import ExperimentRecord
from backend.registry.schemas import VersionRecord
from backend.runs.schemas import RunRecord
from tests.conftest import wait_until
from tests.integration.hospitals import Hospital
from tests.integration.live_platform import LivePlatform
from tests.integration.recording_front import TO_HUB, recorded_traffic
from tests.integration.runs import await_experiment


def a_student_is_trained(
    hub: LivePlatform, by_hand: tuple[str, Hospital], by_rule: tuple[str, Hospital], version: VersionRecord, log: Path
) -> None:
    """By both hospitals, which are asked for the teacher's method too. Each file of the teacher travels to each of them
    once at most.

    by_rule: approves FedSM alone so far. version: the teacher's.
    """
    taught_by, teacher = version.facts.run_id, [part.sha256 for part in version.facts.parts]
    before = fetched(log, teacher)
    asked = hub.client.post_json(f"/runs/{taught_by}/students", {"rounds": 2, "version": version.reference})
    made = ExperimentRecord.model_validate(asked)
    run_id = made.runs[0].id
    names = (by_hand[0], by_rule[0])
    wait_until(lambda: not_approved(hub, run_id) == {*names}, 60, "a rule for FedSM alone to let no student by")
    sheet = by_hand[1].fedsm("approvals", run_id)
    assert "Learns from:" in sheet
    assert "(FedSM), which is frozen" in " ".join(sheet.split())
    by_hand[1].fedsm("approve", run_id, "--yes")
    approve_by_rule(by_rule[1], "strategies: [fedsm, fedavg]")
    completed(hub, made)
    after = fetched(log, teacher)
    assert min(after) > 0, "the traffic says what is fetched"
    times = [now - earlier for earlier, now in zip(before, after, strict=True)]
    assert max(times) <= len(names), f"a frozen part travels to each site once at most: {times}"
    assert [part.name for part in hub.client.model_set(run_id).parts] == ["global"]
    (row,) = hub.client.students(taught_by)
    stated = {score.site_slug: score for score in row.scores}
    assert stated[None].difference == stated[by_rule[0]].difference is not None, "means of one site are stated"
    assert stated[None].low is None, "and no interval, because no score of a case left"
    assert by_hand[0] not in stated, "it has too few test cases for a mean"


def a_new_hospital_gets_the_model(
    hub: LivePlatform, hospital: tuple[str, Hospital], version: VersionRecord, folder: Path
) -> None:
    """Fine-tuned at its own images, and then in the selector with that model."""
    slug, process = hospital
    approve_by_rule(process, "{}")
    (site,) = [site for site in hub.client.federation(version.federation_id).sites if site.slug == slug]
    data = hub.client.register_dataset(site.id, DatasetCreate(name="cases", folder=str(folder)))
    assert hub.await_check(data.id).status == DatasetStatus.READY
    completed(hub, hub.client.fine_tune_model(version.id, datasets=[data.id], epochs=1))
    own = f"{version.name}-{slug}:1"
    models = lambda: {model.name for model in hub.client.registered_models(version.federation_id)}  # noqa: E731
    wait_until(lambda: f"{version.name}-{slug}" in models(), 60, "the fine-tuned model to be registered")
    added = completed(hub, hub.client.add_site_to_model(version.id, datasets=[data.id], model=own))
    before = {part.name: part.sha256 for part in version.facts.parts}
    after = {part.name: part.sha256 for part in hub.client.model_set(added.id).parts}
    assert {name for name in before if before[name] != after[name]} == {"selector"}
    assert after[f"personalized/{slug}"] != before["global"], "it was fine-tuned"
    assert {one.participant for one in hub.client.run_tasks(added.id) if one.kind == "train_site"} == {slug}


def fetched(log: Path, artifacts: list[str]) -> list[int]:
    """How often each was asked of the hub so far."""
    traffic = recorded_traffic(log, TO_HUB)
    return [traffic.count(f"GET /worker-api/v1/artifacts/{sha256} ".encode()) for sha256 in artifacts]


def not_approved(hub: LivePlatform, run_id: str) -> set[str]:
    return {wait.participant for wait in hub.client.run(run_id).waits_for if wait.reason == "not_approved"}


def approve_by_rule(hospital: Hospital, rule: str) -> None:
    """In place of the policy that was. It states means over a single case, of which this data has no more."""
    lines = f"standing_approvals: [{rule if rule.startswith('{') else f'{{{rule}}}'}]\nminimum_scored_cases: 1\n"
    hospital.home.joinpath("policy.yaml").write_text(lines)


def completed(hub: LivePlatform, experiment: ExperimentRecord) -> RunRecord:
    """Its one run."""
    (run,) = await_experiment(hub, experiment).runs
    assert run.status == RunStatus.COMPLETED, run.failure
    return run
