"""The four synthetic institutions: their patients, their cameras and their annotators. All are invented."""

from dataclasses import dataclass

from fedsm.synthetic_fundus.anatomy import EyeRanges
from fedsm.synthetic_fundus.annotators import Annotator
from fedsm.synthetic_fundus.camera import Camera


@dataclass(frozen=True)
class FundusSite:
    """One institution. `slug` names its folder; in alphabetical order, slugs are in site order."""

    slug: str
    name: str
    num_cases: int
    eyes: EyeRanges
    camera: Camera
    annotator: Annotator


#: Warm colours, macula in view; draws the cup to where the vessels bend, so large.
ASTER = FundusSite(
    slug="aster-clinic",
    name="Aster clinic",
    num_cases=60,
    eyes=EyeRanges(
        disc_radius=(0.255, 0.018),
        cup_to_disc=(0.52, 0.06),
        disc_x=(0.52, 0.05),
        disc_y=(-0.04, 0.07),
        halo=(0.15, 0.1),
        pigment=(1.0, 0.05),
    ),
    camera=Camera(
        field_radius=0.94,
        field_height=0.94,
        color_gains=(1.06, 0.96, 0.80),
        gamma=1.05,
        vignetting=0.38,
        gradient=0.10,
        haze=0.0,
        blur=2.6,
        noise=0.012,
        jpeg_quality=90,
    ),
    annotator=Annotator(cup_scale=1.28),
)

#: Pale and hazy with strong compression, aperture cut at top and bottom; draws only the white floor of the cup.
BIRCH = FundusSite(
    slug="birch-clinic",
    name="Birch clinic",
    num_cases=48,
    eyes=EyeRanges(
        disc_radius=(0.30, 0.022),
        cup_to_disc=(0.62, 0.06),
        disc_x=(0.20, 0.06),
        disc_y=(0.02, 0.06),
        halo=(0.2, 0.12),
        pigment=(1.08, 0.06),
    ),
    camera=Camera(
        field_radius=1.02,
        field_height=0.82,
        color_gains=(1.0, 1.02, 1.10),
        gamma=0.92,
        vignetting=0.20,
        gradient=0.18,
        haze=0.12,
        blur=4.6,
        noise=0.010,
        jpeg_quality=45,
    ),
    annotator=Annotator(cup_scale=0.72),
)

#: Dark red, grainy and sharp, disc in the centre; counts the ring of atrophy to the disc.
CEDAR = FundusSite(
    slug="cedar-clinic",
    name="Cedar clinic",
    num_cases=36,
    eyes=EyeRanges(
        disc_radius=(0.32, 0.024),
        cup_to_disc=(0.53, 0.07),
        disc_x=(0.02, 0.06),
        disc_y=(0.0, 0.06),
        halo=(0.75, 0.15),
        pigment=(0.80, 0.05),
    ),
    camera=Camera(
        field_radius=0.90,
        field_height=0.90,
        color_gains=(1.00, 0.80, 0.70),
        gamma=1.06,
        vignetting=0.46,
        gradient=0.22,
        haze=0.0,
        blur=1.4,
        noise=0.022,
        jpeg_quality=85,
    ),
    annotator=Annotator(disc_scale=1.2, cup_scale=1.05),
)

#: Yellowish close-ups of the disc that fill the picture; smooth ellipses, drawn too low.
DOGWOOD = FundusSite(
    slug="dogwood-clinic",
    name="Dogwood clinic",
    num_cases=20,
    eyes=EyeRanges(
        disc_radius=(0.40, 0.03),
        cup_to_disc=(0.56, 0.08),
        disc_x=(0.10, 0.06),
        disc_y=(-0.03, 0.05),
        halo=(0.25, 0.15),
        pigment=(1.02, 0.05),
    ),
    camera=Camera(
        field_radius=1.22,
        field_height=1.22,
        color_gains=(1.0, 1.0, 0.74),
        gamma=1.0,
        vignetting=0.30,
        gradient=0.06,
        haze=0.04,
        blur=6.0,
        noise=0.016,
        jpeg_quality=75,
    ),
    annotator=Annotator(disc_shift=(0.0, 0.10), cup_shift=(0.0, 0.20), cup_scale=0.98, irregularity=0.0),
)

SITES = (ASTER, BIRCH, CEDAR, DOGWOOD)
