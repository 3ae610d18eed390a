"""The words for what an artifact is, whose it is, and who lets it be seen."""

from typing import Literal

Kind = Literal["states", "updates", "images", "masks", "uploads", "thumbnails"]
#: The switch of a site's policy that lets users see the artifact.
PolicySwitch = Literal["may_send_thumbnails", "may_send_images", "may_send_predictions"]
#: Whom a row's artifacts belong to.
Subject = Literal["run", "dataset", "prediction", "report"]
