"""The shapes of the OpenAPI document. Answers are encoded from the views and CDRs themselves; tests hold both
together."""

from __future__ import annotations

from .access import (
    AccountOut,
    KeyIn,
    KeyMadeOut,
    KeyName,
    KeyOut,
    OperatorId,
    PasswordIn,
    RoleIn,
    SessionIn,
    SessionMadeOut,
    SessionOut,
)
from .audit import AuditEntryOut, AuditPageOut
from .base import UNCHANGED, Model, ParameterError, ProblemOut, errors
from .callbacks import CallbackCallIn, CallbackCallOut, CallbackClosedIn, CallbackClosedOut, CallbackOut
from .callers import CallerOut, ClassifiedOut, StandingIn
from .cdrs import CdrOut, CdrPage, MediaQualityOut, QualityOut, SegmentOut
from .configuration import ChangedOut, ReloadedOut
from .flood import FloodIn, FloodOut
from .history import EventOut, EventsOut, WhyLineOut, WhyOut
from .holds import HoldIn, HoldOut
from .levels import LevelOut
from .live import (
    CallOut,
    ClassificationIn,
    ClassificationOut,
    ContactOut,
    LiveOut,
    MaintenanceIn,
    MaintenanceOut,
    OperatorOut,
    PartyOut,
    PlaceOut,
    QueueOut,
    ReadyOut,
    StateIn,
    TransferOut,
    TrunkOut,
    TrunkTestOut,
)
from .prompts import PromptLanguage, PromptMadeOut, PromptName, PromptOut
from .reports import AgencyOut, ReportOut, SummaryOut
from .steering import PriorityIn, PullIn, RequirementsIn
from .talking import PartyIn, SupervisionIn, TransferIn
from .trials import TrialIn, TrialOut
from .webhooks import DeadOut, DeliveryId, HookName, ResentOut, TestedOut, WebhookOut

__all__ = [
    "UNCHANGED",
    "AccountOut",
    "AgencyOut",
    "AuditEntryOut",
    "AuditPageOut",
    "CallOut",
    "CallbackCallIn",
    "CallbackCallOut",
    "CallbackClosedIn",
    "CallbackClosedOut",
    "CallbackOut",
    "CallerOut",
    "CdrOut",
    "CdrPage",
    "ChangedOut",
    "ClassificationIn",
    "ClassificationOut",
    "ClassifiedOut",
    "ContactOut",
    "DeadOut",
    "DeliveryId",
    "EventOut",
    "EventsOut",
    "FloodIn",
    "FloodOut",
    "HoldIn",
    "HoldOut",
    "HookName",
    "KeyIn",
    "KeyMadeOut",
    "KeyName",
    "KeyOut",
    "LevelOut",
    "LiveOut",
    "MaintenanceIn",
    "MaintenanceOut",
    "MediaQualityOut",
    "Model",
    "OperatorId",
    "OperatorOut",
    "ParameterError",
    "PartyIn",
    "PartyOut",
    "PasswordIn",
    "PlaceOut",
    "PriorityIn",
    "ProblemOut",
    "PromptLanguage",
    "PromptMadeOut",
    "PromptName",
    "PromptOut",
    "PullIn",
    "QualityOut",
    "QueueOut",
    "ReadyOut",
    "ReloadedOut",
    "ReportOut",
    "RequirementsIn",
    "ResentOut",
    "RoleIn",
    "SegmentOut",
    "SessionIn",
    "SessionMadeOut",
    "SessionOut",
    "StandingIn",
    "StateIn",
    "SummaryOut",
    "SupervisionIn",
    "TestedOut",
    "TransferIn",
    "TransferOut",
    "TrialIn",
    "TrialOut",
    "TrunkOut",
    "TrunkTestOut",
    "WebhookOut",
    "WhyLineOut",
    "WhyOut",
    "errors",
]
