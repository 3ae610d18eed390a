"""How the one share of a participant's task, 0 to 1, is divided among what the task does."""

#: What comes before the work itself takes the shares up to this one, whatever time it takes: cases are loaded, and
#: before a training the state that arrived is validated. Up to it a task has no speed.
PREPARED_SHARE = 0.1
