"""What is wrong with a site's files, told apart from what is wrong with a setting."""


class DataProblem(ValueError):
    """A case's file is gone, or is no longer the one that was checked. The site mends it, not the experiment."""
