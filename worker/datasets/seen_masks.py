"""What only all masks of a data set together show: what white (255) means, and whether their palettes agree."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from worker.datasets.layouts.model import Skip

WHITE = 255
#: A mask with more values has soft edges, which hold all grey values, the label's among them, and say nothing of white.
_MAX_VALUES = 5
#: A palette's index and the colour that it shows (red, green, blue).
Entry = tuple[int, tuple[int, int, int]]


def holds_label_beside_white(values: Collection[int], label: int) -> bool:
    """Whether a mask with these values holds the task's label itself and white, which then is something else."""
    return label in values and WHITE in values and len(values) <= _MAX_VALUES


def holds_a_value_beside_white(values: Collection[int]) -> bool:
    """Whether a file of one structure with these values holds white and another value next to 0."""
    others = {value for value in values if value not in (0, WHITE)}
    return WHITE in values and 0 < len(others) <= _MAX_VALUES - 2


@dataclass
class SeenMasks:
    """Filled while the masks of a data set are read one by one, also by those that are then skipped."""

    _read_as_white: set[str] = field(default_factory=set)
    _repaired: set[str] = field(default_factory=set)
    _with_label: dict[str, int] = field(default_factory=dict)
    _with_label_and_white: dict[str, int] = field(default_factory=dict)
    _white_parts: dict[str, str] = field(default_factory=dict)
    _parts_with_value: dict[str, dict[str, int]] = field(default_factory=dict)
    _palettes: dict[str, frozenset[Entry]] = field(default_factory=dict)
    _read_by_index: set[str] = field(default_factory=set)

    def saw_values(self, path: str, values: Collection[int], label: int) -> None:
        """Notes the values of a mask that stores numbers, in a task with one label, before white is read as the
        label."""
        if set(values) <= {0, WHITE}:
            if WHITE in values:
                self._read_as_white.add(path)
        elif label in values and len(values) <= _MAX_VALUES:
            self._with_label[path] = label
            if WHITE in values:
                self._with_label_and_white[path] = label

    def saw_part(self, path: str, structure: str, values: Collection[int]) -> None:
        """Notes the values of a file of one structure, whose value may be any."""
        others = sorted(value for value in values if value not in (0, WHITE))
        if not others and WHITE in values:
            self._white_parts[path] = structure
        elif holds_a_value_beside_white(values):
            self._with_label_and_white[path] = others[0]
        elif len(others) == 1:
            self._parts_with_value.setdefault(structure, {})[path] = others[0]

    def saw_repair(self, path: str) -> None:
        """Notes that a repair read the mask's values, so that white is the structure."""
        self._repaired.add(path)

    @property
    def white_is_no_structure(self) -> bool:
        """Whether a mask holds both the label itself and white."""
        return bool(self._with_label_and_white)

    def saw_palette(self, path: str, palette: Mapping[int, tuple[int, int, int]], by_index: bool) -> None:
        """Notes the palette's used entries. by_index: whether the mask's labels are the indices."""
        self._palettes[path] = frozenset(palette.items())
        if by_index:
            self._read_by_index.add(path)

    def contradictions(self) -> dict[str, Skip]:
        """Masks that were read in a way that other masks of the data set speak against, by path."""
        return self._white_beside_label() | self._white_beside_parts() | self._palettes_that_differ()

    def _white_beside_label(self) -> dict[str, Skip]:
        refused: dict[str, Skip] = {}
        for paths, against, what in (
            (self._read_as_white, self._with_label, f"holds the value {WHITE}"),
            (self._repaired, self._with_label_and_white, f"is read with {WHITE} as the structure"),
        ):
            if against:
                refused |= {path: _white_beside_label(path, what, *min(against.items())) for path in paths}
        return refused

    def _white_beside_parts(self) -> dict[str, Skip]:
        """Files of white alone, where files of the same structure have another value, or any file has both."""
        refused: dict[str, Skip] = {}
        for path, structure in self._white_parts.items():
            if against := self._with_label_and_white or self._parts_with_value.get(structure):
                example, value = min(against.items())
                refused[path] = Skip(
                    "unknown_label",
                    f"{path} holds the value {WHITE}, which could be the structure or an area to leave out, for other "
                    f"files of the data set, as {example}, hold the value {value}: save the structure with one value "
                    "in all files, and areas to leave out as 0",
                )
        return refused

    def _palettes_that_differ(self) -> dict[str, Skip]:
        """Masks with rare entries: an entry holds where more masks have it than any other with its index or colour."""
        counts = Counter(entry for palette in self._palettes.values() for entry in palette)
        found: dict[str, Skip] = {}
        for path in self._read_by_index:
            for entry in sorted(self._palettes[path]):
                rivals = [other for other in counts if (other[0] == entry[0]) != (other[1] == entry[1])]
                rival = max(rivals, key=lambda other: (counts[other], other), default=None)
                if rival is not None and counts[rival] >= counts[entry]:
                    found.setdefault(path, self._differing(path, entry, rival))
        return found

    def _differing(self, path: str, entry: Entry, rival: Entry) -> Skip:
        example = min(other for other, palette in self._palettes.items() if rival in palette)
        return Skip(
            "unknown_label",
            f"{path} shows the value {entry[0]} as {in_words(entry[1])}, {example} shows the value {rival[0]} as "
            f"{in_words(rival[1])}: their palettes differ, so the values cannot be trusted; save all masks of the data "
            "set with one palette or as grey pictures of the labels, or give a label map of the grey values shown",
        )


def _white_beside_label(path: str, what: str, example: str, label: int) -> Skip:
    return Skip(
        "unknown_label",
        f"{path} {what}, which could be the structure or an area to leave out, for other masks of the "
        f"data set, as {example}, hold the label {label} itself: give a label map with {WHITE} among the structure's "
        "values, or among ignored_values, which count as background",
    )


def in_words(colour: tuple[int, int, int]) -> str:
    names = {(0, 0, 0): "black", (255, 255, 255): "white"}
    return names.get(colour) or "#{:02x}{:02x}{:02x}".format(*colour)
