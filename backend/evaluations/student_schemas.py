"""What one student in place of a super model costs: response bodies."""

from pydantic import Field

from backend.record import Record

#: Below a table with students.
STUDENT_MEANING = (
    "Student: Dice of one network that learned from the super model, less the super model's, mean over structures, on "
    "the same cases of the sites that train."
)


class StudentScore(Record):
    """Mean Dice, over structures and cases, of a super model and of its student."""

    site_slug: str | None = Field(description="Null: the sites that trained, together.")
    super: float | None
    student: float | None
    difference: float | None = Field(description="Student less super model: what one file for everybody costs.")
    difference_text: str = Field(description="The difference as it is printed everywhere; a dash for none.")
    low: float | None = Field(description="95 % interval of the difference over cases; null without single cases.")
    high: float | None
    interval_text: str | None = Field(description="The interval as it is printed everywhere: `[+0.064, +0.102]`.")
    num_cases: int


class StudentCost(Record):
    """What one student in place of a super model costs on the test cases of the sites that trained."""

    difference: float = Field(description="Dice of the student less the super model's, mean over the method's seeds.")
    difference_text: str = Field(description="The difference as it is printed everywhere.")
    low: float | None = Field(description="95 % interval over cases, of one student whose cases are known.")
    high: float | None
    interval_text: str | None = Field(description="The interval as it is printed everywhere: `[+0.064, +0.102]`.")
    num_students: int = Field(description="One for each seed that has a finished one: the newest.")
