"""The steps in order; the one room that knows all the others.

    sources ──gather──▶ articles ──select──▶ edition ──render──▶ renditions ──enqueue──▶ ledger ──deliver──▶ channels
                        (store)    (pure)    (frozen)   (pure)    (frozen)    (store)    (rows)              (outside)

    gather_sources     gather from the sources, and store what they have                       gather
    push_article       take in one article that came through the API                           push
    decide_alerts      send an article at once where it is urgent                              alerts
    inspect_sources    the same, storing nothing: what `check --online` reports                check_sources
    plan_edition       what an edition of any kind would be; nothing is written                plan, compose
    publish_edition    the same, frozen: one transaction decides, announces, enqueues          publish
    send_now           send a newsletter by hand, now                                          send_now
    prepare_due        what goes out soon: recheck its articles, prepare their images          tick
    decide_due         all that is due: alerts, slots, daily and weekly editions, drafts       tick
    edit_draft         a draft frozen anew with what an editor has changed                     edit_draft
    release_due        drafts whose time has come, after a recheck                             release
    apply_correction   correct or withdraw an article that is out                              correct
    deliver_due        work through the ledger                                                 deliver
    enqueue_email      put a transactional email in the outbox                                 transactional
    enqueue_event      put an event for other programs in the outbox; collect_events           events
    send_outbox        send what is due in the outbox                                          outbox
    pause, resume      stop an edition that is being delivered; resend_missed                  control
    refresh_feeds      what channels show of all articles                                      deliver
    list_missing       names in the store that config.yaml does not have                       missing_names
    apply_rename       move a newsletter or a channel to another name                          rename
    ensure_clock       undo what a clock that was ahead has decided                            clock
    process_bounces    read returned mail, suppress the addresses it concerns                  bounces
    work_provider_events  the same for what providers have reported                            provider_events
    find_difference    whether all hosts run by the same configuration; announce by which       running_config
    copy_store         the whole store in another database; save_store writes it into a file      store_copy
    tend_signups       remind whoever has not confirmed a sign-up, delete what is over             signup

Every step can be repeated: gathering recognises what it knows, a slot is decided once, a delivery is made once.
"""

from .alerts import AlertOutcome, decide_alerts
from .bounces import HandledReport, MailboxResult, dry_run_report, process_bounces, process_report
from .check_sources import inspect_sources
from .clock import ensure_clock, preview_clock_repair
from .compose import EditionPlan
from .control import confirm_suppressions, discard_suppressions, pause, resend_missed, resume, settle_posts
from .correct import CorrectionPlan, apply_correction, plan_correction
from .deliver import (
    check_may_send,
    claim_store,
    deliver_due,
    make_delivery_worker,
    refresh_feeds,
    rotate_key,
    run_worker,
)
from .edit_draft import EditOutcome, edit_draft
from .events import EventCollector, enqueue_event
from .gather import Clock, GatherResult, gather_sources
from .missing_names import MissingName, list_blocked_newsletters, list_missing, list_missing_newsletters
from .outbox import OutboxReport, OutboxSender, send_outbox
from .plan import EditionRequest, StepContext, plan_edition
from .provider_events import WorkedEvents, work_provider_events
from .publish import publish_edition
from .push import PushResult, push_article
from .release import DraftOutcome, Fault, approve, cancel, hold, release_due
from .rename import apply_rename, cancel_channel, plan_rename, remove_newsletter
from .reviewers import notify_reviewers
from .running_config import announce, compute_fingerprint, find_difference
from .send_now import send_now
from .signup import tend_signups
from .store_copy import CopiedStore, copy_store, save_store
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
    "AlertOutcome",
    "Clock",
    "CopiedStore",
    "CorrectionPlan",
    "DraftOutcome",
    "EditOutcome",
    "EditionPlan",
    "EditionRequest",
    "EventCollector",
    "Fault",
    "GatherResult",
    "HandledReport",
    "MailboxResult",
    "MissingName",
    "OutboxReport",
    "OutboxSender",
    "PushResult",
    "StepContext",
    "TickResult",
    "UpcomingEvent",
    "WorkedEvents",
    "announce",
    "apply_correction",
    "apply_rename",
    "approve",
    "cancel",
    "cancel_channel",
    "check_may_send",
    "claim_store",
    "compute_fingerprint",
    "confirm_suppressions",
    "copy_store",
    "decide_alerts",
    "decide_due",
    "deliver_due",
    "discard_suppressions",
    "dry_run_report",
    "edit_draft",
    "enqueue_event",
    "ensure_clock",
    "find_difference",
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
    "push_article",
    "recheck_articles",
    "refresh_feeds",
    "release_due",
    "remove_newsletter",
    "resend_missed",
    "resume",
    "rotate_key",
    "run_tick",
    "run_worker",
    "save_store",
    "send_now",
    "send_outbox",
    "settle_posts",
    "tend_signups",
    "work_provider_events",
]
