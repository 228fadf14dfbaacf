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

from .answering import (
    Answers,
    Coming,
    answer,
    answer_due,
    anything_due,
    coming,
    last_look,
    prepare,
    prepare_pictures,
    ready,
)
from .bouncing import Handled, Taken, accept_report, rehearse_report, take_bounces
from .clock import foresee_clock, settle_clock
from .correcting import Plan, correct, plan_correction
from .delivering import adopt, at_home, deliver, dispatcher, refresh, work
from .inspecting import inspect
from .looking import Clock, Look, gather
from .names import Missing, missing, missing_newsletters, not_to_begin
from .proposing import Proposal, desk_for, propose
from .publishing import publish, publish_alert
from .releasing import Settled, approve, cancel, hold, release_due
from .renaming import cancel_channel, plan_rename, remove_newsletter, rename
from .reviewers import tell_reviewers
from .running import confirm_suppressions, discard_suppressions, pause, resend_missed, resume

__all__ = [
    "Answers",
    "Clock",
    "Coming",
    "Handled",
    "Look",
    "Missing",
    "Plan",
    "Proposal",
    "Settled",
    "Taken",
    "accept_report",
    "adopt",
    "answer",
    "answer_due",
    "anything_due",
    "approve",
    "at_home",
    "cancel",
    "cancel_channel",
    "coming",
    "confirm_suppressions",
    "correct",
    "deliver",
    "desk_for",
    "discard_suppressions",
    "dispatcher",
    "foresee_clock",
    "gather",
    "hold",
    "inspect",
    "last_look",
    "missing",
    "missing_newsletters",
    "not_to_begin",
    "pause",
    "plan_correction",
    "plan_rename",
    "prepare",
    "prepare_pictures",
    "propose",
    "publish",
    "publish_alert",
    "ready",
    "refresh",
    "rehearse_report",
    "release_due",
    "remove_newsletter",
    "rename",
    "resend_missed",
    "resume",
    "settle_clock",
    "take_bounces",
    "tell_reviewers",
    "work",
]
