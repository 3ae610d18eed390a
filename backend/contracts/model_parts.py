"""Which parts of a state a finished model consists of: those that predict."""

#: What stands before the slash of a part's name. Other parts (a site's feature moments, server momentum, control
#: variates) only train, and a small site's moments say too much of its cases.
PREDICTING = ("global", "personalized", "selector", "selector_encoder", "selector_quality")
