"""Why a run waits for a participant."""

from typing import Literal

#: offline: no worker serves it; not_begun: its worker is online, idle, and does not take the task; in_turn: its worker
#: does something else first; working: it is at work; not_approved: a hospital has not decided whether it takes part;
#: paused: a hospital lets work of runs wait, by its own policy.
WaitReason = Literal["offline", "not_begun", "in_turn", "working", "not_approved", "paused"]
