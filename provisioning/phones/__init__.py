"""Makes of telephones. One file a make, named as the configuration names it; each has

`PATHS`, expressions of the names under which its telephones ask (group `mac`), `TYPE`, the content type it wants, and
`render(telephone)`, the text of its settings. One conformance suite proves every make (`tests/contracts/test_phones.py`).
"""
