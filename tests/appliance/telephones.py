"""A telephone system with one of everything, for tests that look at every setting."""

from __future__ import annotations

from appliance.phone_settings import (
    Conference,
    Contact,
    Extension,
    Group,
    Music,
    Outbound,
    Permission,
    Phone,
    Queue,
    Route,
    Switch,
    Trunk,
    Voicebox,
)

PHONE = Phone(
    enabled=True,
    extensions=[Extension(number="201")],
    groups=[Group(name="front", members=["201"])],
    queues=[Queue(name="support", members=["201"])],
    boxes=[Voicebox(number="201")],
    conferences=[Conference(number="800")],
    switches=[Switch(name="night", code="*28")],
    music=[Music(name="default", folder="/usr/share/music")],
    trunks=[Trunk(name="ntt", kind="hikari", host="192.168.1.1", user="3")],
    routes=[Route(name="main", target="group:front")],
    outbound=[Outbound(name="all", trunks=["ntt"])],
    permissions=[Permission(name="standard")],
    contacts=[Contact(name="本社", number="06-1234-5678")],
)
