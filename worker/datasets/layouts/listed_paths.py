"""Paths as a document lists them, and the files that they mean."""

from functools import cache
from pathlib import Path, PurePosixPath

from worker.datasets.names import same_name


class ListedPaths:
    """The paths of one data set.

    A document that was written under Windows has backslashes; one that was written elsewhere may spell letters in
    another way than the file system does (Unicode's composed and decomposed forms).
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._children = cache(self._list)

    def found(self, listed: str) -> str:
        """The path of the file that is meant, relative to the root; where there is none, the path as listed, without
        `./`.

        The code that reads it checks whether it stays inside.
        """
        for candidate in (listed, listed.replace("\\", "/")):
            if (path := self._existing(candidate)) is not None:
                return path
        clean = str(PurePosixPath(listed))
        return clean if "\\" not in listed else str(PurePosixPath(listed.replace("\\", "/")))

    def _existing(self, listed: str) -> str | None:
        parts: list[str] = []
        for part in PurePosixPath(listed).parts:
            if part in ("/", ".."):
                return None
            children = self._children("/".join(parts))
            if part not in children.values():
                if same_name(part) not in children:
                    return None
                part = children[same_name(part)]
            parts.append(part)
        return "/".join(parts) or None

    def _list(self, folder: str) -> dict[str, str]:
        """The names of files by what they look like; of several that look the same the first."""
        try:
            names = sorted((path.name for path in (self.root / folder).iterdir()), reverse=True)
        except OSError:
            return {}
        return {same_name(name): name for name in names}
