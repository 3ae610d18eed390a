"""A problem of a site's files, which is another matter than a problem of a setting."""


class DataProblem(ValueError):
    """A case's file is gone, or is no longer the one that was checked. The site must mend it; the experiment cannot."""
