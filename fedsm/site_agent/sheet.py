"""What a run would do with a hospital's data, in words: the command and the page show the same lines."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from backend.contracts.datasets import DatasetManifest
from backend.contracts.strategy_configs import METHODS
from backend.contracts.tasks import RunSpec
from fedsm.site_agent.approvals import Asked
from fedsm.site_agent.policy import HospitalPolicy

#: In the order in which people ask.
_SWITCHES = {
    "may_send_names": "names of cases and files",
    "may_send_texts": "lines of logs and texts of errors",
    "may_send_case_scores": "scores of single cases",
    "may_send_thumbnails": "thumbnails",
    "may_send_images": "images and reference masks",
    "may_send_predictions": "predicted masks",
    "may_send_hashes": "hashes of images",
}


@dataclass(frozen=True)
class Fact:
    what: str
    said: str


def facts(asked: Asked, policy: HospitalPolicy, slug: str) -> tuple[Fact, ...]:
    """slug: of the site that is asked."""
    return tuple(Fact(what, said) for what, said in _facts(asked, policy, slug))


def _facts(asked: Asked, policy: HospitalPolicy, slug: str) -> Iterator[tuple[str, str]]:
    sheet, run = asked.sheet, asked.sheet.run
    yield "Experiment", f"{sheet.asked.experiment} ({sheet.asked.experiment_id})"
    yield "Run", f"{sheet.asked.run} ({sheet.asked.run_id}); the consent holds for every seed"
    yield "Asked", f"{sheet.asked.asked_at:%Y-%m-%d %H:%M} UTC"
    yield from _work(run)
    yield "Task", f"{run.task.modality}: {', '.join(structure.name for structure in run.task.structures)}"
    yield "Length", _length(run)
    yield "Sites", _sites(run, slug)
    for manifest in sheet.data:
        yield "Data", _data(manifest)
    yield "Comes in", "models of the federation, as safetensors"
    yield "Leaves", f"{_sent(run)}, metrics, and scores as means over cases"
    opened = [words for switch, words in _SWITCHES.items() if policy.opens(switch)]
    closed = [words for switch, words in _SWITCHES.items() if not policy.opens(switch)]
    yield "Policy opens", ", ".join(opened) or "nothing more"
    yield "Policy closes", ", ".join(closed) or "nothing"
    yield "Fixed by the consent", asked.digest


def _work(run: RunSpec) -> Iterator[tuple[str, str]]:
    """What is done, and with which models of before."""
    card = METHODS[run.strategy.name]
    if run.added is not None:
        yield "Method", f"{card.label}, without training: {run.added.in_words()}"
        yield "Begins with", f"{run.added.version}. {run.added.model_in_words()}"
        return
    yield "Method", f"{card.label}: {card.summary}"
    if (start := run.config.start_from) is not None:
        yield "Begins with", str(start)
    if run.taught is not None:
        label = METHODS[run.taught.strategy.name].label
        yield (
            "Learns from",
            f"the soft answers of {run.taught.in_words()} ({label}), which is frozen: "
            "its selector and the models that it chooses for this site's training cases come in, and no answer leaves",
        )


def _length(run: RunSpec) -> str:
    network, schedule = run.config.network.name, run.config.schedule
    if run.added is not None:
        return f"once, and no network is trained; the tested network is {network}"
    rounds = _counted(schedule.rounds, "round")
    return f"{rounds} of {_counted(schedule.local_epochs, 'local epoch')}; network {network}"


def _sent(run: RunSpec) -> str:
    """In words that go on with a comma."""
    if run.added is not None:
        return "once the sums of features of this site's training images, from which the model selector is solved"
    card = METHODS[run.strategy.name]
    more = f", {card.also_sends}" if card.also_sends else ""
    return f"updates of the models' weights each round ({', '.join(card.models)}){more}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _sites(run: RunSpec, slug: str) -> str:
    if run.added is not None:
        return f"this site alone; the model knows {', '.join(run.sites[:-1])}"
    training = f"{len(run.sites)} train: {', '.join(run.sites)}"
    held_out = f"; held out, tested alone: {', '.join(run.held_out_sites)}" if run.held_out_sites else ""
    return training + held_out + ("" if slug in run.sites else "; this site only tests")


def _data(manifest: DatasetManifest) -> str:
    splits = Counter(case.split for case in manifest.cases)
    counts = ", ".join(
        (
            _counted(splits["train"], "training case"),
            _counted(splits["val"], "validation case"),
            _counted(splits["test"], "test case"),
        )
    )
    return f"{manifest.folder}: {counts}"
