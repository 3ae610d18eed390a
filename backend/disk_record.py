"""What is said of a file system of the backend."""

from pydantic import Field

from backend.record import Record

#: Less than this share free is worth a warning.
LOW_DISK_SHARE = 0.05


class DiskRecord(Record):
    """A file system of the backend."""

    folder: str = Field(description="The first of the backend's folders that lies on it.")
    num_free: int = Field(description="Bytes.")
    num_total: int = Field(description="Bytes.")
    is_low: bool = Field(description="Less than 5 % is free.")
    is_full: bool = Field(description="Nothing is taken any more: uploads are answered 507, and runs wait.")
    warning: str | None = Field(description="In words, where it is low or full.")
