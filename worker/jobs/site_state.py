"""What stays at a site between rounds, as its training reads and leaves it."""

from backend.contracts.tasks import TrainSitePayload
from worker.engine.checkpoint import from_file, to_bytes
from worker.engine.kept_state import models_not_kept, state_to_keep
from worker.engine.state import State, Tensors
from worker.process.lease import Lease
from worker.process.toolbox import Toolbox
from worker.stores.full_disk import write_when_there_is_room

#: Between the name of a model and of its tensor in the file of a site's local state.
_SEPARATOR = "/"


def load_local_state(payload: TrainSitePayload, toolbox: Toolbox, lease: Lease) -> State | None:
    """What this participant kept of its last round whose update was used: the optimizer's state, and its strategy's.

    It is mapped: what is used is read. Raises ValueError where the file is damaged, OSError where it is gone.
    """
    path = toolbox.local_states.file_before(payload.run.run_id, payload.participant, payload.round, payload.kept_round)
    if path is not None:
        return _unflatten(from_file(path))
    if payload.kept_round != 0 and payload.round > 1 and payload.run.config.schedule.optimizer_state == "keep":
        lease.log(
            "warning",
            f"{payload.participant}: no optimizer state of an earlier round is kept on this machine; the optimizer's "
            f"moments begin anew in round {payload.round}",
        )
    if payload.kept_round != 0 and payload.round > 1 and payload.run.update_format != "float32":
        lease.log(
            "warning",
            f"{payload.participant}: what rounding lost of its earlier updates is not kept on this machine, and is "
            f"not sent with round {payload.round}",
        )
    return None


def keep_local_state(
    payload: TrainSitePayload, before: State | None, after: State, toolbox: Toolbox, lease: Lease
) -> None:
    """Writes what the round leaves at the site, when the disk has room.

    Raises StopRequested when the task is not wanted any more, and OSError.
    """
    participant = payload.participant
    if spoilt := models_not_kept(after):
        lease.log(
            "warning",
            f"{participant}: what round {payload.round} leaves at the site for {', '.join(spoilt)} holds NaN or "
            "infinite values and is not kept: the next round goes on from what was kept before",
        )
    kept = to_bytes(_flatten(state_to_keep(before, after, spoilt)))
    write_when_there_is_room(
        lambda: toolbox.local_states.save(payload.run.run_id, participant, payload.round, kept, payload.kept_round),
        toolbox.local_states.folder,
        f"the optimizer's state of {participant}",
        lease,
    )


def _flatten(state: State) -> Tensors:
    """All models of a site in one map, for one file."""
    return {f"{model}{_SEPARATOR}{name}": tensor for model, part in state.items() for name, tensor in part.items()}


def _unflatten(tensors: Tensors) -> State:
    state: State = {}
    for key, tensor in tensors.items():
        model, _, name = key.partition(_SEPARATOR)
        state.setdefault(model, {})[name] = tensor
    return state
