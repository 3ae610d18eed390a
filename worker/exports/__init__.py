"""A trained set of models in the forms that other programs take, each tried in a process of its own before anybody gets
it."""
