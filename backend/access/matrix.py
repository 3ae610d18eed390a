"""The permission matrix: which role may do what. What it does not grant is refused.

`python -m backend.tables guide` prints it into docs/users.md; a test asks every route as every role and takes the
expected answer from here.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

#: A session is a person at a browser; a token is a script.
Way = Literal["admin_token", "token", "session"]
#: Of a token: everything that its user may, or what of it is only looking.
Scope = Literal["all", "read"]


class Permission(StrEnum):
    READ = "read"
    READ_CASES = "read_cases"
    FOLLOW = "follow"
    READ_DATA = "read_data"
    MANAGE_DATA = "manage_data"
    MANAGE_SITES = "manage_sites"
    MANAGE_FEDERATIONS = "manage_federations"
    MANAGE_MEMBERS = "manage_members"
    RUN_EXPERIMENTS = "run_experiments"
    SHARE_REPORTS = "share_reports"
    MOVE_MODELS = "move_models"
    REGISTER_MODELS = "register_models"
    CREATE_FEDERATIONS = "create_federations"
    MANAGE_USERS = "manage_users"
    OPERATE = "operate"
    OWN_ACCOUNT = "own_account"
    WORK = "work"
    ANYBODY = "anybody"


class Role(StrEnum):
    """What somebody is in one federation; an administrator is one everywhere."""

    ADMINISTRATOR = "administrator"
    COORDINATOR = "coordinator"
    RESEARCHER = "researcher"
    SITE_MANAGER = "site_manager"
    READER = "reader"


MEANINGS: dict[Permission, str] = {
    Permission.READ: "See federations, their sites, experiments, runs, results and models.",
    Permission.READ_CASES: "See single test cases: their scores, images and masks, where the site's policy allows.",
    Permission.FOLLOW: "See how work goes: activity, logs, tasks, workers, data sets and their statistics.",
    Permission.READ_DATA: "See the cases of data sets: names of files, thumbnails, what was skipped, pairs alike.",
    Permission.MANAGE_DATA: "Register, check, confirm and delete data sets, decide pairs, withdraw what was sent.",
    Permission.MANAGE_SITES: "Change a site: its name, its contact, its policy.",
    Permission.MANAGE_FEDERATIONS: "Change, archive and delete a federation, and add sites to it.",
    Permission.MANAGE_MEMBERS: "Invite people to a federation, and give and take roles in it.",
    Permission.RUN_EXPERIMENTS: "Create, start, steer and delete experiments, and try a run's models on an image.",
    Permission.SHARE_REPORTS: "Make a report that everybody with its address can read, and revoke it.",
    Permission.MOVE_MODELS: "Download a run's models, and import models.",
    Permission.REGISTER_MODELS: "Register models under names, move aliases, write notes, remove versions.",
    Permission.CREATE_FEDERATIONS: "Create federations.",
    Permission.MANAGE_USERS: "See every user, make administrators, remove users, revoke their tokens.",
    Permission.OPERATE: "See the state of the installation, sweep and verify its storage.",
    Permission.OWN_ACCOUNT: "See who one is, change one's password, make and revoke tokens of one's own.",
    Permission.WORK: "Claim tasks, report on them, fetch and upload their files.",
    Permission.ANYBODY: "Needs no sign-in.",
}

ROLE_MEANINGS: dict[Role, str] = {
    Role.ADMINISTRATOR: "Runs the installation: everything, in every federation.",
    Role.COORDINATOR: "Leads a federation: its sites, its members, its experiments.",
    Role.RESEARCHER: "Runs experiments in a federation and shares their results.",
    Role.SITE_MANAGER: "Answers for the data of named sites, and follows what the federation does.",
    Role.READER: "Looks at results and cases.",
}

#: They are about the whole installation, or about oneself: no federation is asked for.
INSTALLATION = frozenset({Permission.CREATE_FEDERATIONS, Permission.MANAGE_USERS, Permission.OPERATE})
OPEN_TO_ALL = frozenset({Permission.ANYBODY})
OF_ONESELF = frozenset({Permission.OWN_ACCOUNT})
OF_WORKERS = frozenset({Permission.WORK})

_LOOK = frozenset({Permission.READ, Permission.READ_CASES})
_STUDY = _LOOK | {
    Permission.FOLLOW,
    Permission.READ_DATA,
    Permission.RUN_EXPERIMENTS,
    Permission.SHARE_REPORTS,
    Permission.MOVE_MODELS,
    Permission.REGISTER_MODELS,
}

#: The matrix.
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission) - OF_WORKERS - OPEN_TO_ALL - OF_ONESELF,
    Role.COORDINATOR: _STUDY
    | {Permission.MANAGE_DATA, Permission.MANAGE_SITES, Permission.MANAGE_FEDERATIONS, Permission.MANAGE_MEMBERS},
    Role.RESEARCHER: _STUDY,
    Role.SITE_MANAGER: _LOOK
    | {Permission.FOLLOW, Permission.READ_DATA, Permission.MANAGE_DATA, Permission.MANAGE_SITES},
    Role.READER: _LOOK,
}
#: Those that a site manager holds for the sites that are named, and for no other.
OF_OWN_SITES = frozenset({Permission.READ_DATA, Permission.MANAGE_DATA, Permission.MANAGE_SITES})
#: What a token of scope `read` may do, where its user may.
READING = frozenset(
    {Permission.READ, Permission.READ_CASES, Permission.FOLLOW, Permission.READ_DATA, Permission.OWN_ACCOUNT}
)


@dataclass(frozen=True)
class Membership:
    """A role in a federation; a site manager has one for each site."""

    federation_id: str
    role: Role
    site_id: str | None = None

    def grants(self, permission: Permission, site_id: str | None) -> bool:
        """site_id: of the thing that is asked about, None where it is no site's alone."""
        if permission not in GRANTS[self.role]:
            return False
        if self.role == Role.SITE_MANAGER and permission in OF_OWN_SITES:
            return site_id is not None and site_id == self.site_id
        return True


def holders(permission: Permission) -> tuple[Role, ...]:
    """The roles that hold it, the smallest first."""
    return tuple(role for role in reversed(Role) if permission in GRANTS[role])


def in_words(role: Role) -> str:
    """`site manager`"""
    return role.value.replace("_", " ")


def holders_in_words(permission: Permission) -> str:
    """`site managers (of their own sites), coordinators and administrators`"""
    names = [
        in_words(role) + ("s (of their own sites)" if role == Role.SITE_MANAGER and permission in OF_OWN_SITES else "s")
        for role in holders(permission)
    ]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def matrix_markdown() -> str:
    """The table of docs/users.md, with a line break at its end."""
    roles = list(Role)
    rows = ["| | " + " | ".join(in_words(role) for role in roles) + " |", "|---" * (len(roles) + 1) + "|"]
    for permission in Permission:
        if permission in OPEN_TO_ALL | OF_WORKERS | OF_ONESELF:
            continue
        cells = [_cell(role, permission) for role in roles]
        rows.append(f"| `{permission}`: {MEANINGS[permission]} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def _cell(role: Role, permission: Permission) -> str:
    if permission not in GRANTS[role]:
        return ""
    return "own sites" if role == Role.SITE_MANAGER and permission in OF_OWN_SITES else "yes"
