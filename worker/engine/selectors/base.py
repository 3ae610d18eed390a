"""The interface of a model selector, and the super model's rule."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

from worker.engine.data import Case, ParticipantData
from worker.engine.plan import Plan
from worker.engine.progress import OnProgress
from worker.engine.state import GLOBAL, State, Tensors, personalized

SELECTOR = "selector"


@dataclass(frozen=True)
class Unlikeness:
    """How far an image is from the nearest site's images.

    times_usual: its distance in times of what is usual of validation images, at least 0.
    of_no_site: whether that is too far for any site's.
    """

    times_usual: float
    of_no_site: bool


class Selector(ABC):
    """A classifier of images into the plan's sites, in site order. Its state is the part `selector` and parts of its
    own."""

    @abstractmethod
    def initial_parts(self, plan: Plan) -> State:
        """The parts of round 0; empty where the first updates make the selector."""

    @abstractmethod
    def downloads(self, participant: str) -> tuple[str, ...]:
        """The names of the parts that a site receives, where they exist."""

    @abstractmethod
    def site_update(
        self, parts: State, data: ParticipantData, site: str, round_: int, plan: Plan, on_progress: OnProgress
    ) -> State:
        """The parts that a site returns for the selector.

        parts: those that the site received. round_: 1 for the first. Raises ValueError where the site may not take
        part.
        """

    @abstractmethod
    def aggregate(self, state: State, updates: Mapping[str, State], weights: Mapping[str, float], plan: Plan) -> State:
        """The selector's parts after the round.

        state: the one that the sites received, all its parts. updates, weights: by site, in site order.
        """

    @abstractmethod
    def check(self, state: State, participant: str, update: State, plan: Plan) -> None:
        """Raises ValueError naming site and tensor where the update's selector parts cannot be aggregated."""

    @abstractmethod
    def probabilities(self, load_part: Callable[[str], Tensors], cases: Sequence[Case], plan: Plan) -> torch.Tensor:
        """[N, K] float64: a probability of each site for each case, picture or volume; rows sum to 1.

        load_part: fetches one of the selector's parts by name.
        """

    def probabilities_and_unlikeness(
        self, load_part: Callable[[str], Tensors], cases: Sequence[Case], plan: Plan
    ) -> tuple[torch.Tensor, list[Unlikeness | None]]:
        """`probabilities`, and for each case how unlike the sites' images it is; None where the selector knows no
        distances."""
        return self.probabilities(load_part, cases, plan), [None] * len(cases)

    def site_distances(self, parts: State, sites: Sequence[str]) -> torch.Tensor:  # noqa: ARG002
        """[K, K] float64: how unlike the sites' images are, in the order of `sites` (see similarity.py).

        parts: what `aggregate` returned. Raises ValueError where the selector knows no distances.
        """
        raise ValueError(
            f"{type(self).__name__} knows no distances between sites, which similarity above 0 needs: "
            "choose the selector lda, or similarity 0"
        )


class ClosedFormSelector(Selector):
    """Abstract: a selector that is solved from sums which each site sends once, so that a site may come later."""

    @property
    @abstractmethod
    def encoder_parts(self) -> tuple[str, ...]:
        """The parts that a site describes its cases with for the classifier in use; none where it needs none."""

    @abstractmethod
    def sums(self, parts: State, data: ParticipantData, site: str, plan: Plan) -> State:
        """A site's sums for the classifier in use. parts: `encoder_parts`. Raises ValueError for too few cases."""

    @abstractmethod
    def check_sums(self, site: str, update: State, plan: Plan) -> None:
        """Raises ValueError where an update is not what `sums` gives."""

    @abstractmethod
    def with_sums(self, state: State, updates: Mapping[str, State], plan: Plan) -> State:
        """The classifier of the sites in `state` and of those that sent `sums`, and all their sums.

        What validation cases chose stays as it is. Raises ValueError for features of different numbers.
        """


def groups_of_patients(cases: Sequence[Case]) -> torch.Tensor:
    """[N] int64, from 0: the same number for all cases of one patient; a case without a patient has its own."""
    patients = [
        ("of", case.patient) if case.patient is not None else ("case", index) for index, case in enumerate(cases)
    ]
    numbers = {patient: number for number, patient in enumerate(dict.fromkeys(patients))}
    return torch.tensor([numbers[patient] for patient in patients], dtype=torch.int64)


def one_answer_a_patient(probabilities_NK: torch.Tensor, cases: Sequence[Case]) -> torch.Tensor:  # noqa: N803
    """[N, K] float64: the cases of one patient, among those given, share the mean of their log-probabilities.

    The mean and not the sum is taken, as with a volume's slices, because images of one patient tell nearly the same and
    a sum would count it several times. A case without a patient stands for itself. Probabilities of 0 count as the
    smallest float.
    """
    owners = groups_of_patients(cases)
    log_p = probabilities_NK.clamp_min(torch.finfo(torch.float64).tiny).log()
    sums = torch.zeros(int(owners.max()) + 1, probabilities_NK.shape[1], dtype=torch.float64).index_add_(
        0, owners, log_p
    )
    shared = torch.softmax(sums / torch.bincount(owners)[:, None], dim=1)
    alone = torch.bincount(owners)[owners] == 1
    return torch.where(alone[:, None], probabilities_NK, shared[owners])


def route(probabilities: Sequence[float], sites: Sequence[str], gamma: float) -> str:
    """The super model's rule: the most probable site's personalized model where max p > gamma, else the global one.

    gamma = 1 always gives the global model and gamma = 0 always a personalized one. Ties go to the first site. Returns
    a part name.
    """
    largest = max(probabilities)
    return personalized(sites[list(probabilities).index(largest)]) if largest > gamma else GLOBAL
