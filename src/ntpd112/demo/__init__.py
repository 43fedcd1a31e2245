"""`ntpd112 demo`: a whole call centre on loopback, with simulated callers and operators, all real SIP."""

from .run import run

__all__ = ["run"]
