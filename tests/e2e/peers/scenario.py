"""SIPp scenarios as a list of steps, so that a test shows the whole conversation on one screen.

A caller's scenario: `[invite(), *answered(), pause(300), bye(), expect(200)]`. The branch of each transaction
is named after its method: so CANCEL and the ACK of a refusal match their INVITE without counting messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SDP = """v=0
o=peer 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 0 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
"""
"""An offer, and an answer too, of someone who speaks G.711."""

KEEP_PARTIES = "".join(
    f'<ereg regexp=".*" search_in="hdr" header="{header}:" assign_to="{number}"/>'
    for header, number in (("From", 2), ("To", 3))
)
CALLER = "sip:08123456789@[local_ip]:[local_port]"


def sdp(direction: str = "sendrecv", version: int = 1) -> str:
    """The same description with a direction; `version` goes up with every change of a session."""
    return SDP.replace("2353687637", str(2353687637 + version)) + f"a={direction}\n"


def scenario(name: str, steps: Iterable[str]) -> str:
    """The XML file of a scenario."""
    text = "\n".join(steps)
    variables = ",".join(sorted(set(re.findall(r'assign_to="(\d)"', text))))
    if variables:  # SIPp insists that each is used
        text += f'\n<Reference variables="{variables}"/>'
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="{name}">\n{text}\n</scenario>\n'


def send(message: str, *, retransmit: bool = False) -> str:
    timing = ' retrans="500"' if retransmit else ""
    return f"<send{timing}><![CDATA[\n{message}\n]]></send>"


def expect(
    code: int,
    *,
    optional: bool = False,
    contains: str = "",
    keep: str = "",
    auth: bool = False,
    timer: bool = False,
    in_dialog: bool = True,
) -> str:
    """A response. `contains`: a regular expression that has to be found in it. `keep`: a header whose value
    stands in later messages as `[$4]`. `auth`: it has a challenge for the next `[authentication]`. `timer`:
    the time from the call's start to here goes into the statistics. `in_dialog`: its Contact is where later
    requests go."""
    attributes = _optional(optional)
    attributes += ' rrs="true"' if 180 <= code < 300 and in_dialog else ""
    attributes += ' auth="true"' if auth else ""
    attributes += ' rtd="true"' if timer else ""
    kept = f'<ereg regexp=".*" search_in="hdr" header="{keep}:" assign_to="4"/>' if keep else ""
    return f'<recv response="{code}"{attributes}>{_actions(contains, kept)}</recv>'


def expect_request(
    method: str,
    *,
    optional: bool = False,
    contains: str = "",
    timeout_ms: int = 0,
    keep_parties: bool = False,
) -> str:
    """`keep_parties`: remember From and To, for a request of our own in the dialog."""
    timeout = f' timeout="{timeout_ms}"' if timeout_ms else ""
    routes = ' rrs="true"' if method == "INVITE" else ""
    actions = _actions(contains, KEEP_PARTIES if keep_parties else "")
    return f'<recv request="{method}"{_optional(optional)}{routes}{timeout}>{actions}</recv>'


def _optional(optional: bool) -> str:
    return ' optional="true"' if optional else ""


def _actions(contains: str, more: str = "") -> str:
    check = ""
    if contains:
        pattern = contains.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
        check = f'<ereg regexp="{pattern}" search_in="msg" check_it="true" assign_to="1"/>'
    return f"<action>{check}{more}</action>" if check or more else ""


def pause(milliseconds: int) -> str:
    return f'<pause milliseconds="{milliseconds}"/>'


# ---- what a caller says


def request(
    method: str,
    *,
    cseq: int,
    uri: str = "[next_url]",
    to_tag: bool = True,
    branch: str = "",
    headers: Iterable[str] = (),
    body: str = "",
    content_type: str = "application/sdp",
    to: str = "sip:112@[remote_ip]:[remote_port]",
    sender: str = CALLER,
    retransmit: bool | None = None,
) -> str:
    """Any request of the calling side; inside a dialog by default."""
    lines = [
        f"{method} {uri} SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]-[call_number]-"
        + (branch or f"{method.lower()}{cseq}"),
        f"From: <{sender}>;tag=[pid]c[call_number]",
        f"To: <{to}>" + ("[peer_tag_param]" if to_tag else ""),
        "Call-ID: [call_id]",
        f"CSeq: {cseq} {method}",
        "Max-Forwards: 70",
        "Contact: <sip:caller@[local_ip]:[local_port];transport=[transport]>",
        *(["[routes]"] if to_tag else []),
        *headers,
    ]
    return send(_with_body(lines, body, content_type), retransmit=_retransmits(method, retransmit))


def _retransmits(method: str, wanted: bool | None) -> bool:
    return method != "ACK" if wanted is None else wanted


def _with_body(lines: list[str], body: str, content_type: str) -> str:
    if body:
        lines = [*lines, f"Content-Type: {content_type}"]
    return "\n".join([*lines, "Content-Length: [len]", "", body])


def invite(
    *,
    number: str = "112",
    headers: Iterable[str] = (),
    body: str = SDP,
    content_type: str = "application/sdp",
    to: str = "",
    sender: str = CALLER,
    retransmit: bool = True,
) -> str:
    uri = f"sip:{number}@[remote_ip]:[remote_port]"
    return request(
        "INVITE",
        cseq=1,
        uri=uri,
        to_tag=False,
        branch="invite1",
        headers=headers,
        body=body,
        content_type=content_type,
        to=to or uri,
        sender=sender,
        retransmit=retransmit,
    )


def answered() -> list[str]:
    """100, perhaps ringing, 200, and our ACK."""
    return [*progress(), expect(200), ack()]


def progress() -> list[str]:
    return [expect(100, optional=True), expect(180, optional=True), expect(183, optional=True)]


def ack(*, cseq: int = 1, body: str = "", branch: str = "") -> str:
    """For a 200: a transaction of its own, in the dialog."""
    return request("ACK", cseq=cseq, branch=branch or f"ack{cseq}", body=body)


def refused(code: int, *, contains: str = "") -> list[str]:
    """A final refusal of the INVITE and its ACK, which belongs to the INVITE's transaction."""
    return [*progress(), expect(code, contains=contains), ack_refusal()]


def ack_refusal() -> str:
    return request("ACK", cseq=1, uri="sip:112@[remote_ip]:[remote_port]", branch="invite1")


def cancel() -> str:
    uri = "sip:112@[remote_ip]:[remote_port]"
    return request("CANCEL", cseq=1, uri=uri, to_tag=False, branch="invite1")


def bye(*, cseq: int = 2) -> str:
    return request("BYE", cseq=cseq)


def hangs_up() -> list[str]:
    return [bye(), expect(200)]


def info_key(key: str, *, cseq: int = 2) -> list[str]:
    """A key of the caller's phone, by INFO as some networks do."""
    body = f"Signal={key}\nDuration=160\n"
    return [request("INFO", cseq=cseq, body=body, content_type="application/dtmf-relay"), expect(200)]


# ---- what a phone, or a called side, says


def reply(
    code: int, reason: str, *, body: str = "", headers: Iterable[str] = (), retransmit: bool = False
) -> str:
    """An answer to the request received last. A provisional or final answer to an INVITE gets our tag."""
    lines = [
        f"SIP/2.0 {code} {reason}",
        "[last_Via:]",
        "[last_From:]",
        "[last_To:];tag=[pid]s[call_number]",
        "[last_Call-ID:]",
        "[last_CSeq:]",
        "Contact: <sip:phone@[local_ip]:[local_port];transport=[transport]>",
        *headers,
    ]
    return send(_with_body(lines, body, "application/sdp"), retransmit=retransmit)


def confirm(headers: Iterable[str] = (), body: str = "") -> str:
    """200 to a request inside the dialog, where To has its tag already."""
    lines = [
        "SIP/2.0 200 OK",
        "[last_Via:]",
        "[last_From:]",
        "[last_To:]",
        "[last_Call-ID:]",
        "[last_CSeq:]",
        "Contact: <sip:phone@[local_ip]:[local_port];transport=[transport]>",
        *headers,
    ]
    return send(_with_body(lines, body, "application/sdp"))


def picks_up(after_ms: int = 100) -> list[str]:
    """A phone that rings and is answered."""
    return [
        expect_request("INVITE"),
        reply(180, "Ringing"),
        pause(after_ms),
        reply(200, "OK", body=SDP, retransmit=True),
        expect_request("ACK", keep_parties=True),
    ]


def is_hung_up() -> list[str]:
    """The other side ends the call."""
    return [expect_request("BYE"), confirm()]


def phone_hangs_up() -> list[str]:
    return [phone_says_bye(), expect(200)]


def phone_says_bye() -> str:
    """The called side ends the call; From and To of the caller's ACK change places."""
    lines = [
        "BYE [next_url] SIP/2.0",
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=z9hG4bK[pid]-[call_number]-bye",
        "From:[$3]",
        "To:[$2]",
        "Call-ID: [call_id]",
        "CSeq: 1 BYE",
        "Max-Forwards: 70",
        "[routes]",
    ]
    return send(_with_body(lines, "", ""), retransmit=True)
