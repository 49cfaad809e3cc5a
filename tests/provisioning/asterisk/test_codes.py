"""What telephones dial: every code of the settings is there, and none can shadow an emergency number."""

from __future__ import annotations

from appliance.phone_lines import Codes
from provisioning.asterisk import extensions
from tests.bed.boxes import context, wiring

TEXT = extensions.render(wiring())


def test_every_code_leads_somewhere() -> None:
    codes = set(context(TEXT, "codes"))
    dialled = Codes().model_dump(exclude={"transfer", "consult", "record", "park", "speed_dial"})
    for name, code in dialled.items():
        assert any(extension.lstrip("_").startswith(code) for extension in codes), name
    assert {"*28", "*001"} <= codes


def test_a_code_that_is_empty_is_not_offered() -> None:
    none = Codes(**dict.fromkeys(Codes.model_fields, ""))
    assert set(context(extensions.render(wiring(codes=none)), "codes")) == {"*28"}


def test_no_code_catches_an_emergency_number() -> None:
    assert not any(extension.lstrip("_")[0] not in "*#" for extension in context(TEXT, "codes"))


def test_a_forward_to_an_emergency_number_is_refused() -> None:
    assert context(TEXT, "codes")["_*21[0-9]."][0] == "GotoIf($[${DIALPLAN_EXISTS(emergency,${EXTEN:3},1)}]?refused,s,1)"


def test_lamps_are_hints() -> None:
    internal = context(TEXT, "internal")
    assert "PJSIP/201" in internal["201"]
    assert internal["night"] == internal["*28"] == ["Custom:night"]
