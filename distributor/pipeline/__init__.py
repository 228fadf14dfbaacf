"""The steps in order; the one room that knows all the others.

    sources ──gather──▶ articles ──select──▶ edition ──render──▶ renditions ──promise──▶ ledger ──deliver──▶ channels
                        (store)    (pure)    (frozen)   (pure)    (frozen)    (store)    (rows)              (outside)

    gather         look at the sources, take in what they have                                          looking
    inspect        look at the sources, take in nothing: what `check --online` tells                    inspecting
    propose        what an edition would be: nothing is written (plan, preview, dry run)                proposing
    publish        the same, frozen: one transaction decides the slot, announces, promises              publishing
    prepare        what goes out soon: a last look at its articles, and their pictures                  answering
    answer         all that is due: urgent articles, slots, daily and weekly letters                    answering
    release        drafts whose time has come, after a last look                                        releasing
    correct        put right or take back what is out                                                   correcting
    deliver        work through the ledger                                                              delivering
    pause          stop an edition on its way; resume, resend_missed                                    running
    confirm_suppressions, discard_suppressions    what waits where too many addresses were refused       running
    refresh        what channels show of the store as a whole (the feed of all articles)                delivering
    missing        names in the store that config.yaml does not have                                    names
    rename         carry a newsletter or a channel over to another name                                 renaming
    settle_clock   what a clock that was ahead has decided, taken back                                  clock
    take_bounces   read what came back, suppress whom it concerns                                       bouncing

Every step can be repeated: gathering recognises what it knows, a slot is decided once, a delivery is made once.
"""

from .bounces import HandledReport, MailboxResult, dry_run_report, process_bounces, process_report
from .check_sources import inspect_sources
from .clock import ensure_clock, preview_clock_repair
from .compose import EditionPlan
from .control import confirm_suppressions, discard_suppressions, pause, resend_missed, resume
from .correct import CorrectionPlan, apply_correction, plan_correction
from .deliver import check_may_send, claim_store, deliver_due, make_delivery_worker, refresh_feeds, run_worker
from .gather import Clock, GatherResult, gather_sources
from .missing_names import MissingName, list_blocked_newsletters, list_missing, list_missing_newsletters
from .plan import EditionRequest, StepContext, plan_edition
from .publish import publish_edition
from .release import DraftOutcome, Fault, approve, cancel, hold, release_due
from .rename import apply_rename, cancel_channel, plan_rename, remove_newsletter
from .reviewers import notify_reviewers
from .tick import (
    TickResult,
    UpcomingEvent,
    decide_due,
    is_anything_due,
    list_ready_articles,
    list_upcoming,
    prepare_due,
    prepare_images,
    recheck_articles,
    run_tick,
)

__all__ = [
    "Clock",
    "CorrectionPlan",
    "DraftOutcome",
    "EditionPlan",
    "EditionRequest",
    "Fault",
    "GatherResult",
    "HandledReport",
    "MailboxResult",
    "MissingName",
    "StepContext",
    "TickResult",
    "UpcomingEvent",
    "apply_correction",
    "apply_rename",
    "approve",
    "cancel",
    "cancel_channel",
    "check_may_send",
    "claim_store",
    "confirm_suppressions",
    "decide_due",
    "deliver_due",
    "discard_suppressions",
    "dry_run_report",
    "ensure_clock",
    "gather_sources",
    "hold",
    "inspect_sources",
    "is_anything_due",
    "list_blocked_newsletters",
    "list_missing",
    "list_missing_newsletters",
    "list_ready_articles",
    "list_upcoming",
    "make_delivery_worker",
    "notify_reviewers",
    "pause",
    "plan_correction",
    "plan_edition",
    "plan_rename",
    "prepare_due",
    "prepare_images",
    "preview_clock_repair",
    "process_bounces",
    "process_report",
    "publish_edition",
    "recheck_articles",
    "refresh_feeds",
    "release_due",
    "remove_newsletter",
    "resend_missed",
    "resume",
    "run_tick",
    "run_worker",
]
