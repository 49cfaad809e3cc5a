"""Keys: recordings must be readable by somebody besides this box, and private keys of others have no business on it."""

from __future__ import annotations

from collections.abc import Iterator

from appliance import keys
from appliance.errors import CouldNotError
from appliance.health.checks import Context, Finding, Severity
from appliance.words import N_, Text


def check(context: Context) -> Iterator[Finding]:
    """Recipients that are missing; a damaged key; a private key that is not the console's; a key file that is open to others."""
    if not context.box.config.recipients:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("Recordings are sealed to this box's own key alone: if the box is lost, they are too.")),
            mend=Text(N_("Make a key for the customer and one for escrow: appliance uploader keys new")),
        )
    named = {recipient.name for recipient in context.box.config.recipients} | {keys.PLAYBACK}
    if absent := [name for name in context.box.config.must_open if name not in named]:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("No recording is made: %(names)s must be able to open it and has no key."), {"names": ", ".join(absent)}),
            mend=Text(N_("Add the public key to [[recipients]]; calls wait on the spool and nothing is lost.")),
        )
    try:
        if (context.box.folders.keys / f"{keys.PLAYBACK}.pub").exists():
            keys.playback_recipient(context.box.folders.keys, context.now)
        strangers = [identity.name for identity in keys.identities_in(context.box.folders.keys) if identity.name != keys.PLAYBACK]
    except CouldNotError as error:
        yield Finding(
            severity=Severity.ERROR,
            what=Text(N_("A key cannot be used: %(error)s"), {"error": str(error)}),
            mend=Text(N_("Mend what it names.")),
        )
        return
    for name in strangers:
        yield Finding(
            severity=Severity.WARNING,
            what=Text(N_("The private key of %(name)s lies on this box."), {"name": name}),
            mend=Text(
                N_("Move %(name)s.key to a safe place off the box; its public half in the configuration is enough."),
                {"name": name},
            ),
        )
