"""Answers in CSV."""

from fastapi.responses import PlainTextResponse, StreamingResponse

from backend.contracts.csv_table import FORMULA as FORMULA
from backend.contracts.csv_table import csv_pieces as csv_pieces
from backend.contracts.csv_table import write_csv as write_csv


class CsvResponse(PlainTextResponse):
    """A whole table."""

    media_type = "text/csv"


class CsvStream(StreamingResponse):
    """A table as it comes."""

    media_type = "text/csv"
