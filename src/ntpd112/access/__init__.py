"""Who may ask the API for what: API keys, people who sign in, and how often they may ask."""

from ntpd112.access.accounts import Account
from ntpd112.access.gate import Gate, Unknown
from ntpd112.access.keys import ApiKey, InvalidKey, KeyExists
from ntpd112.access.passwords import Busy, InvalidPassword
from ntpd112.access.principal import MASKED, SCOPES, Principal
from ntpd112.access.signin import TooMany, WrongPassword

__all__ = [
    "MASKED",
    "SCOPES",
    "Account",
    "ApiKey",
    "Busy",
    "Gate",
    "InvalidKey",
    "InvalidPassword",
    "KeyExists",
    "Principal",
    "TooMany",
    "Unknown",
    "WrongPassword",
]
