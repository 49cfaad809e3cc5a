"""The kinds of integrations that come with the box. One file a kind, found by the entry points `appliance.popups`."""
