"""The configuration files of softphones, with an operator's account. Pure: text from values. Each is read by
its phone as it is; docs/guides/phones.md says where it goes and what was tried."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from ntpd112.cdr.directory import Operator
from ntpd112.config import Config, ListenUrl
from ntpd112.sip.crypto_attribute import SrtpPolicy
from ntpd112.sip.uri import DEFAULT_PORTS

REGISTER_S = 300
"Seconds, if the registrar takes that: a phone that moves is found again in minutes, and asks seldom."
_UNWRITABLE = re.compile(r'[\s"<>;,\\=]')
"What would end a value in one of the files, and what phones do not agree on how to escape."


class PhoneKind(StrEnum):
    baresip = "baresip"
    linphone = "linphone"
    microsip = "microsip"


class Account(NamedTuple):
    """`server` is an address that the phone reaches; `register_s` seconds."""

    user: str
    name: str
    password: str
    realm: str
    server: ListenUrl
    register_s: int
    srtp: SrtpPolicy

    @property
    def host(self) -> str:
        """With its port unless that is the usual one, IPv6 in brackets."""
        shown = str(self.server).partition("://")[2]
        return shown.removesuffix(f":{DEFAULT_PORTS[self.server.transport]}")


def account_of(config: Config, operator: Operator, password: str, server: ListenUrl) -> Account:
    """Raises ValueError for a password that the files cannot hold."""
    found = _UNWRITABLE.search(password)
    if found:
        raise ValueError(f"password has {found[0]!r}, which phones' files cannot hold: give another one")
    shortest, longest = config.registrar.expires
    register_s = int(min(max(REGISTER_S, shortest), longest))
    name = re.sub(r'["\\\r\n]', "", operator.name)
    return Account(operator.id, name, password, operator.realm, server, register_s, config.registrar.srtp)


def phone_file(kind: PhoneKind, account: Account) -> str:
    return _FILES[kind](account)


def _baresip(account: Account) -> str:
    encryption = {"off": "", "preferred": ";mediaenc=srtp", "required": ";mediaenc=srtp-mand"}[account.srtp]
    return (
        f'"{account.name}" <sip:{account.user}@{account.host};transport={account.server.transport}>'
        f";auth_user={account.user};auth_pass={account.password};regint={account.register_s}"
        f";audio_codecs=PCMA/8000/1,PCMU/8000/1;answermode=manual{encryption}\n"
    )


def _linphone(account: Account) -> str:
    encryption = {"off": "none", "preferred": "srtp", "required": "srtp"}[account.srtp]
    return f"""[sip]
default_proxy=0
media_encryption={encryption}
media_encryption_mandatory={int(account.srtp == "required")}

[proxy_0]
reg_proxy=<sip:{account.host};transport={account.server.transport}>
reg_identity="{account.name}" <sip:{account.user}@{account.host}>
reg_expires={account.register_s}
reg_sendregister=1
publish=0

[auth_info_0]
username={account.user}
passwd={account.password}
realm={account.realm}

[audio_codec_0]
mime=PCMA
rate=8000
channels=1
enabled=1

[audio_codec_1]
mime=PCMU
rate=8000
channels=1
enabled=1
"""


def _microsip(account: Account) -> str:
    encryption = {"off": "", "preferred": "optional", "required": "mandatory"}[account.srtp]
    return f"""[Settings]
accountId=1
enableLocalAccount=0
singleMode=1
audioCodecs=PCMA/8000/1 PCMU/8000/1
VAD=0
EC=1
DTMFMethod=2
callWaiting=1
updatesInterval=never
[Account1]
label={account.name}
server={account.host}
proxy=
domain={account.host}
username={account.user}
password={account.password}
authID={account.user}
displayName={account.name}
transport={account.server.transport}
publicAddr=
SRTP={encryption}
registerRefresh={account.register_s}
keepAlive=15
publish=0
ICE=0
allowRewrite=0
disableSessionTimer=0
"""


_FILES: Mapping[PhoneKind, Callable[[Account], str]] = {
    PhoneKind.baresip: _baresip,
    PhoneKind.linphone: _linphone,
    PhoneKind.microsip: _microsip,
}
