"""ntpd112: call-handling backend for Indonesia's single emergency number 112."""

__version__ = "0.1.0"
