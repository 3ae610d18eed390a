"""Which parts of a state a finished model consists of: those that predict."""

#: What stands before the slash of a part's name. Other parts (a site's feature moments, server momentum, control
#: variates) only train, and a small site's moments say too much of its cases.
PREDICTING = ("global", "personalized", "selector", "selector_encoder", "selector_quality")

#: Parts of one site each, of numbers about its images or their scores, which only that site and the server get.
OWN_ALONE = ("selector_moments", "selector_candidate_moments", "selector_calibration", "selector_report")

#: Parts that only the server works with: averages of late rounds, momentum and what else it keeps of earlier rounds.
SERVER_ALONE = ("average", "server_momentum", "server_momentum_of_mean", "server_optimizer", "server_weights")
