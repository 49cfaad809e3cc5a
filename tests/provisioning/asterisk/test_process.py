"""What Asterisk loads: every application and function that the dialplan uses, and nothing that runs programs."""

from __future__ import annotations

from provisioning.asterisk import process


def test_what_would_let_a_caller_or_a_config_run_programs_is_not_loaded() -> None:
    loaded = set(process.MODULES)
    assert not loaded & {
        "app_system",
        "func_shell",
        "res_agi",
        "app_externalivr",
        "pbx_spool",
        "pbx_lua",
        "res_odbc",
        "func_curl",
        "func_env",
    }
    assert len(loaded) == len(process.MODULES)


def test_what_is_needed_is_said_once() -> None:
    assert process.modules().count("load = chan_pjsip.so") == 1
    assert "messages.log = notice,warning,error" in process.logger()
    assert "pjproject.conf" in process.small()
