"""The ground floor and the private rooms of the telephony appliance.

Files that lie directly in this folder are the vocabulary and the shared tools of the house: every wing (`capture`, `uploader`,
`ivr_flows`, `provisioning`) may import them, they import no wing. The folders inside are private rooms (`web`, `library`,
`popups`, `health`, `janitor`, `demo`) which no wing may enter.
"""

__version__ = "0.1.0"
