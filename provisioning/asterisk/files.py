"""Every file of Asterisk's that the box's configuration means, by name; none where the box runs no telephones. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from appliance.config import Config
from appliance.phone_settings import Secrets
from provisioning.asterisk import (
    confbridge,
    control,
    extensions,
    features,
    music,
    parking,
    pjsip,
    process,
    queues,
    sounds,
    voicemail,
)
from provisioning.asterisk.wiring import Published, Wiring


def render(config: Config, flows: Mapping[str, Published], secrets: Secrets) -> dict[str, str]:
    """The text of each file below /etc/asterisk. Raises UnwritableError."""
    if not config.phone.enabled:
        return {}
    wiring = Wiring(config, flows, secrets)
    return {
        "extensions.conf": extensions.render(wiring),
        "pjsip.conf": pjsip.render(wiring),
        "queues.conf": queues.render(wiring),
        "voicemail.conf": voicemail.render(wiring),
        "confbridge.conf": confbridge.render(wiring),
        "musiconhold.conf": music.render(wiring),
        "res_parking.conf": parking.render(wiring),
        "features.conf": features.render(wiring),
        "http.conf": control.http(),
        "ari.conf": control.ari(wiring),
        "manager.conf": control.manager(wiring),
        "rtp.conf": sounds.rtp(wiring),
        "indications.conf": sounds.indications(),
        "asterisk.conf": process.options(),
        "modules.conf": process.modules(),
        "logger.conf": process.logger(),
        **process.small(),
    }
