"""Writes the tables of docs/datasets.md from the data sets' descriptions.

.venv/bin/python scripts/dataset_table.py
"""

from pathlib import Path

from fedsm.public_datasets import DATASETS
from fedsm.public_datasets.base import PublicDataset

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "datasets.md"
BEGIN, END = "<!-- tables: scripts/dataset_table.py -->", "<!-- end of tables -->"


def main() -> None:
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{tables()}{END}{after}", encoding="utf-8")
    print(f"{DOCUMENT} describes {len(DATASETS)} data sets")


def tables() -> str:
    lines = [
        "| prepare with | data set | sites and expected cases | structures (labels) |",
        "|---|---|---|---|",
        *(_row(dataset) for dataset in DATASETS),
        "",
        *(line for dataset in DATASETS for line in _section(dataset)),
    ]
    return "\n".join(lines)


def _row(dataset: PublicDataset) -> str:
    sites = ", ".join(f"`{site.slug}` {_or_unknown(site.num_expected)}" for site in dataset.sites)
    if len(dataset.sites) > 1:
        sites += f"; in all {_or_unknown(dataset.num_expected)}"
    structures = "; ".join(f"{s.name} ({', '.join(map(str, s.label_values))})" for s in dataset.structures)
    link = f"[{dataset.title}](#{dataset.name})"
    return f"| `fedsm prepare {dataset.name} SOURCE_DIR OUT_DIR` | {link} | {sites} | {structures} |"


def _or_unknown(count: int | None) -> str:
    return "unknown" if count is None else str(count)


def _section(dataset: PublicDataset) -> list[str]:
    kind = "volumes" if dataset.dimensions == 3 else "pictures"
    channels = "colour" if dataset.num_channels == 3 else "grey"
    return [
        f'<a id="{dataset.name}"></a>',
        "",
        f"### {dataset.title}",
        "",
        f"{dataset.modality[0].upper()}{dataset.modality[1:]}, {channels} {kind}.",
        "",
        f"- Where: {_linked(dataset.where)}",
        f"- Terms: {dataset.terms}",
        f"- Cite: {dataset.citation}",
        f"- Expected numbers: {dataset.expected_source}",
        f"- Layout known from: {dataset.layout_source}",
        *(f"- {note}" for note in dataset.notes),
        "",
        "```",
        dataset.layout,
        "```",
        "",
    ]


def _linked(where: str) -> str:
    """Addresses in angle brackets, which Markdown turns into links."""
    return " ".join(f"<{word}>" if word.startswith("http") else word for word in where.split())


if __name__ == "__main__":
    main()
