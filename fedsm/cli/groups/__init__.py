"""Which commands each group of `fedsm` has: one module a group, imported when the group is asked for."""
