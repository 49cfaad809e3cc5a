"""Words for codes: what `anonymous`, `hangup_caller` or `no_media` is called on a page. Marked here, translated by the
catalogues. Pure."""

from __future__ import annotations

from appliance.words import N_

DIRECTION = {
    "inbound": N_("Inbound"),
    "outbound": N_("Outbound"),
    "internal": N_("Internal"),
    "unknown": N_("Direction unknown"),
}

REASON = {
    "anonymous": N_("Number withheld"),
    "payphone": N_("Payphone"),
    "unavailable": N_("Number unavailable"),
    "interaction": N_("Service conflict"),
    "erased": N_("Erased on request"),
}

END = {
    "hangup_caller": N_("The caller hung up"),
    "hangup_called": N_("The called party hung up"),
    "cancelled": N_("The caller gave up before an answer"),
    "busy": N_("Busy"),
    "no_answer": N_("No answer"),
    "no_response": N_("No response from the other side"),
    "rejected": N_("Rejected"),
    "not_found": N_("The number is not in use"),
    "redirected": N_("Redirected"),
    "unauthorized": N_("Refused: not authorised"),
    "failed": N_("Failed"),
    "end_not_seen": N_("The end was not seen"),
    "recorder_stopped": N_("The recorder was stopped"),
    "silence": N_("Nothing more was heard; no signalling was seen"),
    "claimed": N_("Signalling came later; it goes on in the call that it announced"),
    "joined": N_("It is the same talk as another call"),
}

NOT_RECORDED = {
    "excluded_line": N_("This line is never recorded"),
    "excluded_rule": N_("A rule says that such calls are not recorded"),
    "paused": N_("Recording was paused"),
    "not_asked": N_("Nobody asked for it to be recorded"),
    "not_answered": N_("Not answered"),
    "no_media": N_("No audio was seen on the mirror port"),
    "encrypted": N_("The audio is encrypted (SRTP)"),
    "unknown_codec": N_("The codec is unknown; what was captured is kept"),
    "kernel_drop": N_("Packets were lost in the box"),
    "damaged": N_("What was captured is damaged; it is kept"),
    "tied": N_("It is part of another call, and is heard there"),
}

NOT_PACKED = {
    "not_recorded": N_("There is no recording of this call."),
    "erased": N_("Erased on request"),
    "afar": N_("No local copy; bring it back with `appliance uploader restore`"),
}

TIED = {
    "media": N_("the same audio address"),
    "session": N_("the same Session-ID"),
    "call_id": N_("it names the call"),
    "number": N_("the same numbers at the same time"),
    "replaces": N_("taken over"),
    "refer": N_("transferred"),
    "pbx": N_("the telephone system tells of it too"),
}

HOW = {
    "api": N_("by"),
    "digits": N_("by keys"),
    "limit": N_("by itself"),
    "demand": N_("recorded on demand only"),
}

STATE = {
    "ringing": N_("Ringing"),
    "answered": N_("In conversation"),
    "ended": N_("Ended"),
}

SEVERITY = {
    "error": N_("Error"),
    "warning": N_("Warning"),
    "notice": N_("Notice"),
}

SERVICE = {
    "ok": N_("works"),
    "stopped": N_("stopped"),
}

ENTRY = {
    "Listened": N_("listened"),
    "Exported": N_("took a copy"),
    "AccessAsked": N_("asked to hear or copy"),
    "AccessDecided": N_("decided a request"),
    "RecordingHeld": N_("held for a case"),
    "RecordingLabelled": N_("labelled"),
    "RecordingPaused": N_("paused the recording"),
    "RecordingResumed": N_("resumed the recording"),
    "ErasureAsked": N_("asked for an erasure"),
    "RecordingErased": N_("erased a recording"),
    "CallErased": N_("erased a call"),
    "Changed": N_("changed"),
}

CHANGED = {
    word: word
    for word in (
        N_("one-time password"), N_("password"), N_("second factor on"), N_("second factor off"), N_("closed"), N_("opened"),
        N_("made"), N_("changed"), N_("removed"), N_("merged"), N_("number erased"), N_("mark set"), N_("mark removed"),
        N_("calls csv"), N_("customers csv"), N_("register csv"), N_("listen"), N_("copy"), N_("passkey added"), N_("passkey removed"),
        N_("capture taken"), N_("capture with speech"), N_("capture copied"),
    )
}  # fmt: skip
"""What `Changed`, `Exported` and `AccessAsked` say was done."""

VERDICT = {
    "good": N_("good"),
    "warn": N_("impaired"),
    "bad": N_("poor"),
}
"""Of a stream of RTP."""

ACCESS = {
    "listen": N_("to listen"),
    "copy": N_("to take a copy"),
}

FIELD = {
    "name": N_("Name"),
    "kana": N_("Kana"),
    "company": N_("Company"),
    "number": N_("Telephone number"),
    "memo": N_("Memo"),
    "code": N_("Number in your own system"),
    "label": N_("Label"),
    "important": N_("important"),
    "blocked": N_("blocked"),
}

ROLE = {
    "administrator": N_("Administrator"),
    "manager": N_("Manager"),
    "operator": N_("Operator"),
    "technician": N_("Technician"),
}

RIGHT = {
    "search": N_("Search calls and open one"),
    "listen": N_("Listen to recordings"),
    "download": N_("Take a copy of a recording away"),
    "popup": N_("See the card of a ringing call"),
    "live": N_("Listen in on a call under way"),
    "pause": N_("Pause and resume a recording"),
    "customers": N_("Look up and change customers"),
    "export": N_("Take lists away as files"),
    "label": N_("Put labels and marks on recordings"),
    "hold": N_("Keep recordings for a case"),
    "approve": N_("Allow others to hear or copy"),
    "erase": N_("Erase calls for good"),
    "disclose": N_("Pack a person's calls for that person"),
    "audit": N_("Read the register"),
    "phone": N_("Look after the phone system"),
    "users": N_("Look after accounts and roles"),
    "health": N_("See the health of the box"),
    "settings": N_("Set the box up"),
    "diagnose": N_("Take captures of the mirror port, without speech"),
    "capture_speech": N_("Take captures with speech, of every line"),
    "own_account": N_("Look after one's own account"),
}
