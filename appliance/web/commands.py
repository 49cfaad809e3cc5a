"""What the console offers on the command line: `appliance web serve|password|accounts|give|close|open|roles|role|token|steps`."""

from __future__ import annotations

import argparse
import json
import logging
from typing import TYPE_CHECKING, Any

from appliance import logs
from appliance.box import Box
from appliance.clock import SystemClock
from appliance.errors import UsageError
from appliance.ledger import Ledger
from appliance.library.keeping import person
from appliance.web import token_commands
from appliance.web.people import People
from appliance.web.rights import Right, Role, rights_from
from appliance.web.roles import Roles

if TYPE_CHECKING:
    from appliance.web.setup_steps import Step

RIGHT_NAMES = tuple(right.value for right in Right if right is not Right.OWN_ACCOUNT)
Commands = Any
"""argparse's sub-parsers object, whose type has no public name."""


def add(commands: Commands, common: argparse.ArgumentParser) -> None:
    """`appliance web …`."""
    parser = commands.add_parser("web", help="the console")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    serve = actions.add_parser("serve", parents=[common], help="serve the console (the service)")
    serve.add_argument("--host", metavar="H", help="address to listen on (default: web.host); TLS where others can reach it")
    serve.add_argument("--port", type=int, metavar="P", help="port to listen on (default: web.port)")
    serve.set_defaults(run=run_serve)
    password = actions.add_parser("password", parents=[common], help="print a one-time password for an account")
    password.add_argument(
        "name", nargs="?", default="admin", metavar="NAME", help="the account (default: admin); made if it is new"
    )
    password.add_argument("--role", default="", metavar="ROLE", help="the role of an account that is new (default: operator)")
    password.add_argument("--forget-second-factor", action="store_true", help="ask for no code any more: the telephone is lost")
    password.add_argument("--forget-passkeys", action="store_true", help="take the account's passkeys away: a device is lost")
    password.set_defaults(run=run_password)
    accounts = actions.add_parser("accounts", parents=[common], help="list accounts, their roles and sessions")
    accounts.set_defaults(run=run_accounts)
    give = actions.add_parser("give", parents=[common], help="put an account into a role")
    give.add_argument("name", metavar="NAME", help="the account")
    give.add_argument("role", metavar="ROLE", help="the role's id, as `web roles` shows it")
    give.set_defaults(run=run_give)
    for word, about in (("close", "let nobody sign in with an account, and end its sessions"), ("open", "open a closed account")):
        gate = actions.add_parser(word, parents=[common], help=about)
        gate.add_argument("name", metavar="NAME", help="the account")
        gate.set_defaults(run=run_gate, word=word)
    actions.add_parser("roles", parents=[common], help="list roles with their rights").set_defaults(run=run_roles)
    role = actions.add_parser("role", parents=[common], help="change a role, or make one")
    role.add_argument("role", metavar="ROLE", help="its id; `new` makes one")
    role.add_argument("--name", metavar="NAME", help="what people call it")
    role.add_argument("--rights", metavar="R,R", help=f"its rights: {', '.join(RIGHT_NAMES)}")
    role.add_argument("--lines", metavar="N,N", help="the only lines that it sees; empty: all")
    role.add_argument("--groups", metavar="G,G", help="the only groups of lines that it sees; empty: all")
    role.set_defaults(run=run_role)
    steps = actions.add_parser(
        "steps", parents=[common], help="the steps of setting the box up: what is done, what is wrong, its mend"
    )
    steps.add_argument("--json", action="store_true", help="as one JSON list")
    steps.set_defaults(run=run_steps)
    token_commands.add(actions, common)


def run_serve(arguments: argparse.Namespace) -> int:
    """Serve the console."""
    from appliance.web.serve import address, serve

    logs.set_up("web")
    box = Box.of(arguments)
    host, port = arguments.host or box.config.web.host, arguments.port or box.config.web.port
    logging.getLogger(__name__).info("the console is at %s", address(host, port))
    serve(box, host, port)
    return 0


def run_password(arguments: argparse.Namespace) -> int:
    """Print a one-time password."""
    from appliance.web.accounts import Accounts

    box = Box.of(arguments)
    clock = SystemClock()
    with Ledger.open(box.folders.ledger) as ledger:
        if arguments.role and arguments.role not in Roles(ledger, clock.now).all():
            raise UsageError(f"--role {arguments.role}: there is no such role; `appliance web roles` lists them")
        accounts = Accounts(ledger, clock.now, box.config.web.session_hours)
        print(accounts.one_time_password(arguments.name, arguments.role, person()))
        if arguments.forget_second_factor:
            accounts.set_totp(arguments.name, "", "", person())
        if arguments.forget_passkeys:
            from appliance.web.passkeys import Passkeys

            Passkeys(ledger, clock.now).remove(arguments.name, "", person())
    return 0


def run_accounts(arguments: argparse.Namespace) -> int:
    """One line an account."""
    with Ledger.open(Box.of(arguments).folders.ledger) as ledger:
        for one in People(ledger, SystemClock().now).all():
            marks = [word for word, holds in (("closed", one.disabled), ("one-time password", one.one_time)) if holds]
            marks += ["second factor"] if one.second_factor else []
            marks += [f"{one.passkeys} passkeys"] if one.passkeys else []
            print("\t".join((one.name, one.role.name or one.role.id, f"{one.sessions} sessions", ", ".join(marks) or "open")))
    return 0


def run_give(arguments: argparse.Namespace) -> int:
    """Put an account into a role."""
    with Ledger.open(Box.of(arguments).folders.ledger) as ledger:
        People(ledger, SystemClock().now).give_role(arguments.name, arguments.role, person())
    return 0


def run_gate(arguments: argparse.Namespace) -> int:
    """Close or open an account."""
    with Ledger.open(Box.of(arguments).folders.ledger) as ledger:
        people = People(ledger, SystemClock().now)
        if people.get(arguments.name) is None:
            raise UsageError(f"{arguments.name}: there is no such account; `appliance web accounts` lists them")
        (people.close if arguments.word == "close" else people.open)(arguments.name, person())
    return 0


def run_roles(arguments: argparse.Namespace) -> int:
    """One line a role."""
    with Ledger.open(Box.of(arguments).folders.ledger) as ledger:
        for role in Roles(ledger, SystemClock().now).all().values():
            limits = ", ".join((*role.lines, *role.groups)) or "every line"
            print("\t".join((role.id, role.name, " ".join(sorted(right.value for right in role.rights)), limits)))
    return 0


def run_role(arguments: argparse.Namespace) -> int:
    """Change a role, or make one and print its id."""
    rights = None if arguments.rights is None else [word.strip() for word in arguments.rights.split(",") if word.strip()]
    if unknown := [word for word in rights or () if word not in RIGHT_NAMES]:
        raise UsageError(f"--rights {unknown[0]}: is no right; there are {', '.join(RIGHT_NAMES)}")
    with Ledger.open(Box.of(arguments).folders.ledger) as ledger:
        roles = Roles(ledger, SystemClock().now)
        old = roles.all().get(arguments.role)
        if old is None and arguments.role != "new":
            raise UsageError(f"{arguments.role}: there is no such role; `appliance web roles` lists them")
        old = old or roles.add(arguments.name or "", (), person())
        made = Role(
            id=old.id, name=old.name if arguments.name is None else arguments.name,
            rights=old.rights if rights is None else rights_from(rights),
            lines=_words(arguments.lines, old.lines), groups=_words(arguments.groups, old.groups),
        )  # fmt: skip
        roles.save(made, person())
        print(made.id)
    return 0


def run_steps(arguments: argparse.Namespace) -> int:
    """One line a step, and under it each thing that is wrong with its mend."""
    from appliance.web.setup_steps import steps

    box = Box.of(arguments)
    with Ledger.open(box.folders.ledger) as ledger:
        found = steps(box, ledger, SystemClock().now())
    if arguments.json:
        print(json.dumps([{"step": step.id, "title": step.title, "done": step.done, "troubles": _told(step)} for step in found]))
    else:
        for number, step in enumerate(found, 1):
            print(f"{number}. {step.title}: {'complete' if step.done else 'not done'}")
            for trouble in _told(step):
                print(f"   {trouble['severity']}: {trouble['what']} {trouble['mend']}")
    return 0


def _told(step: Step) -> list[dict[str, str]]:
    return [{"severity": one.severity, "what": str(one.what), "mend": str(one.mend)} for one in step.troubles]


def _words(given: str | None, old: tuple[str, ...]) -> tuple[str, ...]:
    return old if given is None else tuple(word.strip() for word in given.split(",") if word.strip())
