"""Telephones of each make, as the settings of a small office name them."""

from __future__ import annotations

from appliance.config import Config, Source, parse
from appliance.phone_settings import Secrets
from provisioning.telephones import Telephone, telephones

MACS = {"yealink": "001565aabbc1", "grandstream": "000b82aabbc2", "panasonic": "0080f0aabbc3", "snom": "000413aabbc4"}
PATHS = {
    "yealink": "/001565aabbc1.cfg", "grandstream": "/cfg000b82aabbc2.xml", "panasonic": "/Config0080F0AABBC3.cfg",
    "snom": "/snomD785-000413AABBC4.xml",
}  # fmt: skip


def office(name: str = "山田") -> Config:
    """One desk of each make, 201 to 204."""
    text = '[phone]\nenabled = true\n[phone.network]\naddress = "192.168.20.2"\n[[phone.switches]]\nname = "night"\ncode = "*28"\n'
    for number, (make, mac) in enumerate(MACS.items(), 201):
        text += f'[[phone.extensions]]\nnumber = "{number}"\nmodel = "{make}"\nmac = "{mac}"\nvoicemail = "201"\nlamps = ["201", "night"]\n'
        text += 'codecs = ["g722", "ulaw"]\n'
    config = parse(Source("box.toml", text))
    desks = [desk.model_copy(update={"name": name}) for desk in config.phone.extensions]
    return config.model_copy(update={"phone": config.phone.model_copy(update={"extensions": desks})})


def sets(name: str = "山田") -> dict[str, Telephone]:
    """The telephone of each make."""
    config = office(name)
    secrets = Secrets(phones={desk.number: f"secret-of-{desk.number}" for desk in config.phone.extensions})
    return {telephone.model: telephone for telephone in telephones(config, secrets, "192.168.20.2").values()}
