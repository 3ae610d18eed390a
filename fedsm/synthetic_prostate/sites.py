"""The four synthetic hospitals: their patients, their scanners and their annotators. All are invented."""

from dataclasses import dataclass

from fedsm.synthetic_prostate.anatomy import PelvisRanges
from fedsm.synthetic_prostate.annotators import Annotator
from fedsm.synthetic_prostate.scanner import Scanner


@dataclass(frozen=True)
class ProstateSite:
    """One institution. `slug` names its folder; in alphabetical order, slugs are in site order.

    orientation: anatomical directions of the stored axes (i, j, k) as NIfTI counts them: `LPS` runs to the patient's
    left, back and head. num_repeats: how many of the cases are a second examination of one of the first patients.
    """

    slug: str
    name: str
    num_cases: int
    num_repeats: int
    orientation: str
    patients: PelvisRanges
    scanner: Scanner
    annotator: Annotator


#: 3 T with surface coils: sharp, bright near the skin; outlines two millimetres beyond the capsule.
ELM = ProstateSite(
    slug="elm-hospital",
    name="Elm hospital",
    num_cases=14,
    num_repeats=1,
    orientation="LPS",
    patients=PelvisRanges(
        half_width=(23.5, 1.6),
        transition=(0.6, 0.05),
        rectum=(13.0, 1.6),
        bladder_radius=(24.0, 4.0),
        num_nodules=5,
        lesion_share=0.5,
    ),
    scanner=Scanner(
        side=80,
        in_plane=1.0,
        num_slices=18,
        thickness=3.0,
        coil="phased_array",
        blur=0.45,
        gamma=1.0,
        noise=0.018,
        ghost=0.0,
        scale=620.0,
        centre=2.0,
    ),
    annotator=Annotator(margin=2.2),
)

#: 1.5 T with an endorectal coil: small field of view, blinding behind the gland, dark in front; tight outlines.
FIR = ProstateSite(
    slug="fir-hospital",
    name="Fir hospital",
    num_cases=12,
    num_repeats=1,
    orientation="RAS",
    patients=PelvisRanges(
        half_width=(24.5, 1.7),
        transition=(0.6, 0.05),
        rectum=(19.0, 1.2),
        bladder_radius=(20.0, 3.0),
        num_nodules=3,
        lesion_share=0.7,
        endorectal_coil=True,
    ),
    scanner=Scanner(
        side=104,
        in_plane=0.65,
        num_slices=16,
        thickness=3.0,
        coil="endorectal",
        blur=0.5,
        gamma=1.05,
        noise=0.035,
        ghost=0.0,
        scale=900.0,
        centre=1.5,
    ),
    annotator=Annotator(margin=-0.8, transition_scale=0.86),
)

#: 1.5 T body coil: thick slices, soft and noisy; leaves out apex and base, draws smooth shapes.
GORSE = ProstateSite(
    slug="gorse-hospital",
    name="Gorse hospital",
    num_cases=10,
    num_repeats=0,
    orientation="LAS",
    patients=PelvisRanges(
        half_width=(25.0, 2.0),
        transition=(0.64, 0.05),
        rectum=(14.0, 2.2),
        bladder_radius=(28.0, 4.0),
        num_nodules=5,
        lesion_share=0.4,
    ),
    scanner=Scanner(
        side=84,
        in_plane=1.2,
        num_slices=14,
        thickness=3.6,
        coil="body",
        blur=1.0,
        gamma=0.8,
        noise=0.042,
        ghost=0.12,
        scale=210.0,
        centre=3.5,
    ),
    annotator=Annotator(margin=0.3, apex_cut=0.22, base_cut=0.16, irregularity=0.3),
)

#: 3 T, wide field of view, large hyperplastic glands, hard contrast; counts more to the transition zone.
HAZEL = ProstateSite(
    slug="hazel-hospital",
    name="Hazel hospital",
    num_cases=8,
    num_repeats=0,
    orientation="PSR",
    patients=PelvisRanges(
        half_width=(29.0, 2.0),
        transition=(0.72, 0.04),
        rectum=(12.0, 1.8),
        bladder_radius=(25.0, 4.0),
        num_nodules=9,
        lesion_share=0.3,
    ),
    scanner=Scanner(
        side=116,
        in_plane=1.2,
        num_slices=18,
        thickness=3.3,
        coil="phased_array",
        blur=0.65,
        gamma=1.5,
        noise=0.015,
        ghost=0.03,
        scale=2600.0,
        centre=4.0,
    ),
    annotator=Annotator(margin=0.5, transition_scale=1.1, shift=1.5),
)

SITES = (ELM, FIR, GORSE, HAZEL)
