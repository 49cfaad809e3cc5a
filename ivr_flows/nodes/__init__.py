"""Types of nodes. One file a type, named as a flow's `type` names it.

Each has `Options`, `read` (settings to options), `enter` and `react` (moves of a call), as `ivr_flows.state.NodeType` describes, and an
`EXAMPLE`. `tests/contracts/test_nodes.py` proves each.
"""
