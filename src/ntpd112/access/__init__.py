"""Who may ask the API for what: API keys, people who sign in, and how often they may ask."""

from ntpd112.access.principal import MASKED, SCOPES, Principal

__all__ = ["MASKED", "SCOPES", "Principal"]
