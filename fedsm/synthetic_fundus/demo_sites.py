"""The clinics of the demo: five that train and one that does not, made so that every part of FedSM has work to do.

Aster and elm have one camera and nearly the same patients, and draw the cup differently: a selector, which sees images
alone, takes some of one for the other's, and the threshold decides how sure it must be before a personalized model is
used. Fir never trains, and nobody else has its camera: its images are unlike every site's and go to the global model.
"""

from dataclasses import replace

from fedsm.synthetic_fundus.sites import ASTER, BIRCH, CEDAR, DOGWOOD, FundusSite

#: Of each clinic; together as quick to train as the four sites.
ELM = replace(
    ASTER,
    slug="elm-clinic",
    name="Elm clinic",
    num_cases=36,
    eyes=replace(ASTER.eyes, disc_x=(0.38, 0.06), pigment=(0.92, 0.05), halo=(0.3, 0.12)),
    annotator=replace(BIRCH.annotator, cup_scale=0.74),
)

#: Held out.
FIR = FundusSite(
    slug="fir-clinic",
    name="Fir clinic",
    num_cases=16,
    eyes=replace(CEDAR.eyes, disc_x=(0.25, 0.06), halo=(0.35, 0.15), pigment=(0.95, 0.05)),
    camera=replace(
        CEDAR.camera,
        field_radius=0.86,
        field_height=0.88,
        color_gains=(0.92, 1.02, 1.2),
        gamma=0.92,
        vignetting=0.34,
        gradient=0.18,
        haze=0.05,
        blur=3.0,
        noise=0.014,
        jpeg_quality=75,
    ),
    annotator=replace(ASTER.annotator, cup_scale=1.0),
)

TRAINING = (replace(ASTER, num_cases=40), replace(BIRCH, num_cases=36), replace(CEDAR, num_cases=32), DOGWOOD, ELM)
HELD_OUT = (FIR,)
DEMO_SITES = (*TRAINING, *HELD_OUT)
