"""`voicemail.conf`: boxes and their mails. A PIN that its owner changes lies with the messages, not in this file. Pure."""

from __future__ import annotations

from appliance.phone_settings import Voicebox
from provisioning.asterisk import lines
from provisioning.asterisk.lines import Pair, Written, section
from provisioning.asterisk.wiring import Wiring

_BODY = {
    "ja": r"${VM_NAME} 様\n\n${VM_DATE} に ${VM_CALLERID} から伝言があります(${VM_DUR})。\n",
    "en": r"Dear ${VM_NAME},\n\n${VM_CALLERID} left a message (${VM_DUR}) on ${VM_DATE}.\n",
}
_LAID_DOWN = Written(
    "sh -c 'F=$(mktemp --suffix=.part /var/spool/asterisk/mail/XXXXXXXX) && cat > $F && chmod 660 $F && mv $F ${F%.part}.eml'"
)
"""Into the folder from which the box sends them (`uploader/letters.py`): nothing of Asterisk's leaves the box by itself."""
_SUBJECT = {"ja": "伝言 ${VM_CALLERID}", "en": "Message from ${VM_CALLERID}"}


def render(wiring: Wiring) -> str:
    """The file."""
    phone = wiring.phone
    general: list[Pair] = [
        ("format", "wav"), ("attach", True), ("passwordlocation", "spooldir"), ("mailcmd", phone.mail_program or _LAID_DOWN),
        ("serveremail", phone.mail_from), ("charset", "UTF-8"), ("emaildateformat", "%Y-%m-%d %H:%M"), ("tz", "site"),
        ("emailsubject", Written(_SUBJECT[phone.language])), ("emailbody", Written(_BODY[phone.language])), ("pbxskip", True),
        ("maxmsg", 9999), ("minsecs", 1), ("maxlogins", 3), ("sendvoicemail", False),
        ("moveheard", True), ("forcename", False), ("pollmailboxes", True), ("pollfreq", 30),
    ]  # fmt: skip
    zone = section("zonemessages", [("site", Written(f"{wiring.config.site.timezone}|'vm-received' Q 'digits/at' R"))])
    boxes: list[Pair] = [(box.number, _box(wiring, box)) for box in phone.boxes]
    return lines.file(section("general", general), zone, section("default", boxes))


def _box(wiring: Wiring, box: Voicebox) -> Written:
    """`PIN,name,mail,pager,options`. Raises UnwritableError."""
    options = [f"maxsecs={box.longest_seconds}", f"attach={'yes' if box.attach else 'no'}"]
    options += ["delete=yes"] if box.delete_mailed and box.mail else []
    pin = lines.secret(wiring.secrets.boxes.get(box.number, ""))
    if not pin.isdigit():
        raise lines.UnwritableError(
            f"the PIN of the voicemail box {box.number} is no number; write digits into box-{box.number}.secret"
        )
    return Written(f"{pin},{lines.words(box.name)},{lines.value(box.mail)},,{'|'.join(options)}")
