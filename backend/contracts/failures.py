"""Why a task failed, as a kind of cause, and what people can do about each: the browser and the shell show the same."""

from dataclasses import dataclass
from typing import Literal

FailureKind = Literal[
    "out_of_memory",
    "disk_full",
    "data_unreadable",
    "connection_lost",
    "worker_lost",
    "process_hung",
    "site_absent",
    "update_refused",
    "state_damaged",
    "invalid_setting",
    "site_refused",
    "over_memory_limit",
    "over_disk_limit",
    "unexpected",
]


@dataclass(frozen=True)
class Advice:
    """title: the kind in a few words. remedy: what to do, as a sentence or two."""

    title: str
    remedy: str


ADVICE: dict[FailureKind, Advice] = {
    "out_of_memory": Advice(
        "Not enough memory",
        "Give this site's worker fewer processes (FEDSM_CONCURRENCY) or a machine with more memory, then rerun the "
        "site. If that cannot be, clone the experiment with a smaller batch_size, image_size or network.",
    ),
    "disk_full": Advice(
        "Disk full",
        "Make room on the disk of FEDSM_WORKER_HOME at this site, or lower FEDSM_ARTIFACT_CACHE_MIB, then rerun the "
        "site.",
    ),
    "data_unreadable": Advice(
        "Data cannot be read",
        "Mount the data set's folder again, or put the named file back as it was when the data set was checked, then "
        "rerun the site. If the file is to stay as it is now, check the data set again and start a new experiment.",
    ),
    "connection_lost": Advice(
        "Connection lost",
        "Check the network between this site's worker and the backend (FEDSM_BACKEND_URL), then rerun the site.",
    ),
    "worker_lost": Advice(
        "Worker lost",
        "Start the site's worker again, then rerun the site. If it is lost again at the same place, look at the "
        "machine's log: the system ends processes that take too much memory.",
    ),
    "process_hung": Advice(
        "The task hangs",
        "The site's worker ended the process; its log says where it stood. A file that cannot be read to its end, a "
        "pattern of names that takes for ever or a network drive that does not answer are usual causes: mend it, then "
        "rerun the site.",
    ),
    "site_absent": Advice(
        "Not there in time",
        "Start the site's worker: it takes part in the next step by itself. How long a step waits is set "
        "in the experiment, under Waiting.",
    ),
    "update_refused": Advice(
        "Update refused",
        "Weights that are not numbers come from training that diverged: clone the experiment with a lower learning "
        "rate or gradient clipping. A wrong shape means that the site's worker has another version: update it, then "
        "rerun the site.",
    ),
    "state_damaged": Advice(
        "Files damaged or lost",
        "Resume the run: it goes on from its last round whose files are whole, and what is done again gives the same "
        "result. Look at the backend's disk first: it may be failing.",
    ),
    "invalid_setting": Advice(
        "Cannot be done with these settings or data",
        "Mend what the cause names at the site, then rerun the site. If it names a setting of the experiment, clone "
        "the experiment and change it there.",
    ),
    "site_refused": Advice(
        "The hospital refused",
        "The hospital's agent refused the task, whatever the hub allows; the reason names what stands in the way. Ask "
        "the hospital's data manager: its policy file can be changed, and is read anew for every task. Then rerun the "
        "site, or clone the experiment without it.",
    ),
    "over_memory_limit": Advice(
        "More memory than the hospital gives",
        "The hospital's policy file bounds the memory of a task (maximum_memory_gib). Ask its data manager, then rerun "
        "the site; or clone the experiment with a smaller batch_size, image_size or network.",
    ),
    "over_disk_limit": Advice(
        "More disk than the hospital gives",
        "The hospital's policy file bounds what its worker keeps on the disk (maximum_disk_gib). Ask its data manager, "
        "then rerun the site.",
    ),
    "unexpected": Advice(
        "Unexpected error",
        "Rerun the site once. If it fails again, copy the failure for support: the technical detail says where.",
    ),
}


def kind_of(value: str | None) -> FailureKind:
    """A stored kind; what an older version stored without one is unexpected."""
    return next((kind for kind in ADVICE if kind == value), "unexpected")
