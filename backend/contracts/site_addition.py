"""A site added to the model selector of a finished FedSM model, in closed form."""

from pydantic import Field

from backend.contracts.base import Contract, with_example
from backend.contracts.registry import ModelName, ModelReference
from backend.contracts.values import ChosenDatasets, Id, RoundNumber, Slug


class AddedSite(Contract):
    """What a run of this kind adds, and to what."""

    site: Slug
    version: ModelReference = Field(description="`name:number` of the registered model that the site is added to.")
    run_id: Id = Field(description="Of that version.")
    round: RoundNumber = Field(description="Of that run: its best.")
    model: ModelReference | None = Field(
        default=None,
        description="The registered version whose model the selector chooses for the site's images; null: the global "
        "model of the version that the site is added to.",
    )

    def in_words(self, name: str | None = None) -> str:
        """`fundus:3, with the site maple added to its model selector`. name: the site's, where it is at hand."""
        return f"{self.version}, with the site {name or self.site} added to its model selector"

    def model_in_words(self, name: str | None = None) -> str:
        """Of the images that the selector takes for the site's."""
        whose = f"the global model of {self.version}" if self.model is None else f"the model of {self.model}"
        return f"Images that the selector takes for {name or self.site}'s get {whose}."


class SiteAdditionCreate(Contract):
    model_config = with_example(datasets=["3f0c5a9d2b7e4c61"])

    datasets: ChosenDatasets = Field(
        description="Ids of checked data sets, all of one site of the model's federation that the selector does not "
        "know. The sums are of their training cases.",
    )
    model: ModelReference | None = Field(
        default=None,
        description="The registered version, `name:number` or `name@alias`, whose model of the site the selector "
        "chooses for the site's images, as fine-tuning makes one. Left out: the global model of the version that the "
        "site is added to.",
    )
    name: ModelName | None = Field(
        default=None,
        description="Of the registered model that gets the result as its next version; left out: the version's own.",
    )
