"""Rules of the super model that are learned from validation cases."""
