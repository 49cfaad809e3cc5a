"""`modules.conf`, `logger.conf` and the small files that loaded modules ask for: what the box uses is loaded, and nothing else. Pure."""

from __future__ import annotations

from provisioning.asterisk import lines
from provisioning.asterisk.lines import section

MODULES = (
    "res_timing_timerfd", "res_crypto", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_http_websocket",
    "res_websocket_client", "res_pjproject", "res_pjsip", "res_pjsip_session", "res_pjsip_pubsub", "res_pjsip_acl",
    "res_pjsip_authenticator_digest", "res_pjsip_outbound_authenticator_digest", "res_pjsip_caller_id", "res_pjsip_diversion",
    "res_pjsip_dlg_options", "res_pjsip_dtmf_info", "res_pjsip_empty_info", "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user", "res_pjsip_exten_state", "res_pjsip_dialog_info_body_generator",
    "res_pjsip_pidf_body_generator", "res_pjsip_xpidf_body_generator", "res_pjsip_header_funcs", "res_pjsip_logger", "res_pjsip_mwi",
    "res_pjsip_mwi_body_generator", "res_pjsip_nat", "res_pjsip_notify", "res_pjsip_outbound_publish",
    "res_pjsip_outbound_registration", "res_pjsip_path",
    "res_pjsip_refer", "res_pjsip_registrar", "res_pjsip_rfc3326", "res_pjsip_rfc3329", "res_pjsip_sdp_rtp", "res_rtp_asterisk",
    "res_srtp", "res_musiconhold", "res_parking", "res_stasis", "res_stasis_answer", "res_stasis_broadcast", "res_stasis_playback",
    "res_stasis_recording", "res_stasis_snoop", "res_ari", "res_ari_model", "res_ari_applications", "res_ari_asterisk",
    "res_ari_bridges", "res_ari_channels", "res_ari_endpoints", "res_ari_events", "res_ari_playbacks", "res_ari_recordings",
    "res_ari_sounds", "res_ari_device_states", "res_stasis_device_state", "res_mwi_devstate", "res_format_attr_opus",
    "chan_pjsip", "pbx_config", "bridge_builtin_features", "bridge_builtin_interval_features", "bridge_holding", "bridge_native_rtp",
    "bridge_simple", "bridge_softmix", "codec_a_mu", "codec_alaw", "codec_ulaw", "codec_g722", "codec_g726", "codec_gsm",
    "codec_resample", "codec_opus_open_source", "format_wav", "format_pcm", "format_gsm", "format_sln", "app_confbridge",
    "app_chanspy", "app_db",
    "app_dial", "app_directed_pickup", "app_echo",
    "app_exec", "app_mixmonitor", "app_originate", "app_playback", "app_playtones", "app_queue",
    "app_read", "app_senddtmf", "app_stack", "app_stasis", "app_stasis_broadcast", "app_transfer", "app_userevent", "app_verbose",
    "app_voicemail", "func_callerid", "func_channel", "func_cut", "func_db", "func_devstate", "func_dialplan", "func_extstate",
    "func_global", "func_groupcount", "func_hangupcause", "func_logic", "func_pjsip_aor", "func_pjsip_contact",
    "func_pjsip_endpoint", "func_periodic_hook", "func_sprintf", "func_strings", "func_timeout", "func_volume", "func_math", "func_uri",
)  # fmt: skip
"""In no order: Asterisk loads what one needs before it."""


def options() -> str:
    """Asterisk's own options, beside the folders that it was built with.

    A channel whose variables ARI has set may call no function that is "dangerous", `DB` among them, for the rest of its life, back in the
    dialplan too: forwards and do-not-disturb would be passed over. So that guard is off; what it guards against (programs, files, the
    web: SHELL, FILE, CURL, ENV) is not loaded at all, and ARI and AMI are reached from this machine alone.
    """
    return lines.file(section("options", [("live_dangerously", True), ("transmit_silence", True), ("nocolor", True)]))


def modules() -> str:
    """What is loaded."""
    return lines.file(section("modules", [("autoload", False), *(("load", f"{name}.so") for name in MODULES)]))


def logger() -> str:
    """What is written down: warnings and errors; the journal turns them over."""
    return lines.file(
        section("general", [("dateformat", "%F %T.%3q")]),
        section("logfiles", [("console", "warning,error"), ("messages.log", "notice,warning,error")]),
    )


def small() -> dict[str, str]:
    """Files that hold nothing of ours, so that no distribution's sample is read in their place."""
    general = (
        "cdr",
        "cel",
        "udptl",
        "acl",
        "ccss",
        "codecs",
        "pjproject",
        "websocket_client",
        "pjsip_notify",
        "queuerules",
        "stasis",
    )
    empty = {"acl", "ccss", "codecs", "pjproject", "websocket_client", "pjsip_notify", "queuerules", "stasis"}
    return {f"{name}.conf": lines.file("" if name in empty else section("general", [])) for name in general}
