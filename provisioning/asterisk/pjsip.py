"""`pjsip.conf`: transports, telephones and trunks.

A trunk registers for ever: neither a wrong password nor a dead line ends the attempts, they only become rarer. Measured on one NTT line
(`japan-facts.md`): sessions of 300 s, PRACK, calls from the same address that was registered at. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from appliance.phone_lines import Trunk
from appliance.phone_settings import Extension
from provisioning.asterisk import lines
from provisioning.asterisk.lines import Pair, Written, section
from provisioning.asterisk.wiring import Wiring, permission, trunk

FOREVER = 1_000_000_000
"""Attempts to register; Asterisk knows no word for ever, and takes 0 for none."""
_RETRY_S, _REFUSED_S = 30, 300
_ALL = "office"
"""The pickup group of desks that name none."""
_DTMF = {"rfc4733": "rfc4733", "info": "info", "inband": "inband", "auto": "auto"}


def render(wiring: Wiring) -> str:
    """The file."""
    parts = [section("global", [("type", "global"), ("user_agent", "appliance"), ("endpoint_identifier_order", "ip,username")])]
    parts += _transports(wiring)
    for desk in wiring.phone.extensions:
        parts += _telephone(wiring, desk)
    for line in wiring.phone.trunks:
        parts += _trunk(wiring, line)
    return lines.file(*parts)


def _transports(wiring: Wiring) -> Iterator[str]:
    network = wiring.phone.network
    address = network.address or "0.0.0.0"  # noqa: S104
    address = f"[{address}]" if ":" in address else address
    nat: list[Pair] = [("local_net", inside) for inside in network.inside]
    if network.outside:
        nat += [("external_media_address", network.outside), ("external_signaling_address", network.outside)]
    for protocol in ("udp", "tcp"):
        yield _bound(protocol, f"{address}:{network.port}", nat)
    if network.tls:
        files: list[Pair] = [
            ("cert_file", "/etc/asterisk/keys/sip.crt"), ("priv_key_file", "/etc/asterisk/keys/sip.key"), ("method", "tlsv1_2"),
        ]  # fmt: skip
        yield _bound("tls", f"{address}:5061", [*nat, *files])


def _bound(protocol: str, bind: str, more: Sequence[Pair]) -> str:
    return section(protocol, [("type", "transport"), ("protocol", protocol), ("bind", Written(bind)), *more])


def _telephone(wiring: Wiring, desk: Extension) -> Iterator[str]:
    pickup = desk.group or _ALL
    shown = wiring.national(desk.outside_number) if desk.outside_number else ""
    name = lines.words(desk.name)
    marks = [("APPLIANCE_DESK", desk.number), ("APPLIANCE_PERMISSION", desk.permission), ("APPLIANCE_BOX", desk.voicemail)]
    marks += [("APPLIANCE_SHOWN", shown), ("TRANSFER_CONTEXT", permission(desk.permission))]
    yield section(
        desk.number,
        [
            ("type", "endpoint"), ("context", permission(desk.permission)), ("subscribe_context", "internal"), ("aors", desk.number),
            ("auth", desk.number), ("disallow", "all"), ("allow", ",".join(desk.codecs)), ("direct_media", False),
            ("dtmf_mode", _DTMF[desk.dtmf]), ("force_rport", True), ("rewrite_contact", True), ("rtp_symmetric", True),
            ("language", wiring.phone.language), ("tone_zone", "jp"), ("named_call_group", pickup), ("named_pickup_group", pickup),
            ("mailboxes", f"{desk.voicemail}@default" if desk.voicemail else ""), ("send_pai", True), ("tos_audio", "ef"),
            ("connected_line_method", "update"),
            ("media_encryption", "sdes" if desk.encrypted else "no"), ("device_state_busy_at", 0 if desk.call_waiting else 1),
            ("callerid", Written(f'"{name}" <{desk.number}>')),
            *(("set_var", f"{variable}={given}") for variable, given in marks if given),
        ],
    )  # fmt: skip
    yield section(
        desk.number,
        [("type", "aor"), ("max_contacts", desk.phones), ("remove_existing", True), ("remove_unavailable", True),
         ("qualify_frequency", wiring.phone.network.qualify_seconds)],
    )  # fmt: skip
    password = wiring.secrets.phones.get(desk.number, "")
    yield section(desk.number, [("type", "auth"), ("auth_type", "digest"), ("username", desk.number)], [("password", password)])


def _trunk(wiring: Wiring, line: Trunk) -> Iterator[str]:
    name, password = trunk(line.name), wiring.secrets.trunks.get(line.name, "")
    domain = line.domain or line.host
    uri = _uri(line)
    signs_in = line.kind != "address"
    timers: list[Pair] = [("timers_sess_expires", 300), ("timers_min_se", 300)] if line.kind == "hikari" else []
    caller: dict[str, list[Pair]] = {"from": [], "pai": [("send_pai", True)], "ppi": [("send_rpid", False), ("send_pai", True)]}
    yield section(
        name,
        [
            ("type", "endpoint"), ("context", name), ("aors", name), ("transport", line.transport), ("disallow", "all"),
            ("allow", ",".join(line.codecs)), ("direct_media", False), ("dtmf_mode", _DTMF[line.dtmf]), ("force_rport", True),
            ("rtp_symmetric", True), ("language", wiring.phone.language), ("tone_zone", "jp"), ("from_domain", domain),
            ("from_user", line.user if signs_in and line.kind == "hikari" else ""), ("outbound_auth", name if password else ""),
            ("trust_id_inbound", True), ("tos_audio", "ef"), *timers, *caller[line.caller_in],
        ],
    )  # fmt: skip
    yield section(name, [("type", "aor"), ("contact", uri), ("qualify_frequency", wiring.phone.network.qualify_seconds)])
    yield section(name, [("type", "identify"), ("endpoint", name), ("match", ",".join([line.host, *line.networks]))])
    if password:
        yield section(
            name, [("type", "auth"), ("auth_type", "digest"), ("username", line.login or line.user)], [("password", password)]
        )
    if signs_in:
        yield section(
            name,
            [
                ("type", "registration"), ("transport", line.transport), ("outbound_auth", name if password else ""),
                ("server_uri", uri), ("client_uri", f"sip:{line.user.partition('@')[0]}@{domain}"),
                ("contact_user", line.user.partition("@")[0]), ("expiration", line.register_seconds), ("max_retries", FOREVER),
                ("retry_interval", _RETRY_S), ("forbidden_retry_interval", _REFUSED_S), ("fatal_retry_interval", _REFUSED_S),
                ("auth_rejection_permanent", False),
            ],
        )  # fmt: skip


def _uri(line: Trunk) -> Written:
    host = f"[{line.host}]" if ":" in line.host else line.host
    transport = "" if line.transport == "udp" else f"\\;transport={line.transport}"
    return Written(f"sip:{host}:{line.port}{transport}")
