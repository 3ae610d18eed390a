"""Which parts of a state a finished model consists of: those that predict."""

#: What stands before the slash of a part's name. Other parts (a site's feature moments, server momentum, control
#: variates) only train, and a small site's moments say too much of its cases.
PREDICTING = ("global", "personalized", "selector", "selector_encoder", "selector_quality")

#: Parts of one site each, of numbers about its images, which only that site and the server get.
OWN_ALONE = ("selector_moments", "selector_candidate_moments", "selector_calibration")
