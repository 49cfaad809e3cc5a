"""What a site has is asked by kind and name; a kind that nobody keeps is never missing."""

from ivr_flows.around_flow import Site


def test_a_site_knows_what_it_has() -> None:
    site = Site(groups={"front": 0}, boxes=frozenset({"201"}))
    assert site.has("group", "front")
    assert site.is_empty("group", "front")
    assert site.has("voicemail", "201")
    assert not site.has("queue", "front")
    assert not site.is_empty("extension", "201")
