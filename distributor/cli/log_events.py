"""The names of all log lines: one event name, one meaning. `--log-format json` writes them, docs/monitoring.md lists them.

An event is found by what its line looks like before values stand in it: `source %s: %d new, %d changed`, or the beginning of
that. A line that is nothing but values is found by the module and function that log it: `clock.ensure_clock`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

OTHER = "other"  # the name of a line that has none


@dataclass(frozen=True, slots=True)
class LogEvent:
    """What lines of one name say. `fields` are the names of their values, in order; `lines` what they look like."""

    name: str
    meaning: str
    fields: str
    lines: tuple[str, ...]


def _events() -> Iterator[LogEvent]:
    for name, meaning, fields, *lines in _TABLE:
        yield LogEvent(name, meaning, fields, tuple(lines))


# name, meaning, fields, lines; in the order of the flow
_TABLE = (
    ("service_unfinished", "What is not done when the service ends", "text", "serve.run"),
    ("name_missing", "A name in the store that config.yaml does not have", "text", "serve.command"),
    ("files_secured", "Files that others on the machine could read were shut", "files",
     "others on this machine could read %s"),
    ("key_changed", "Links are signed with a new key from now on", "", "links are signed with a new key"),
    ("step_failed", "A step fails; told once while it lasts", "text", "workers.report"),
    ("store_lost", "The store or its key is lost; the process ends", "", "the store or its key is lost"),
    ("clock_believed", "A clock that was set is believed again", "seconds",
     "the clock has stood to its new time for %s"),
    ("clock_differs", "The clock of this machine is off from the one of the store, which counts", "seconds",
     "the clock of this machine is %+.0f s from the store's"),
    ("clock_repaired", "What a clock that was ahead had decided was undone", "text", "clock.ensure_clock"),
    ("tasks_stalled", "Tasks of workers that have stopped are handed out again", "tasks",
     "%d tasks of workers that have stopped"),
    ("tasks_away", "No tasks can be fetched, as the database is away; told once", "reason", "tasks cannot be fetched: %s"),
    ("process_restarted", "A process beside the service ended and is started again", "process status",
     "%s ended with %s; another one is started"),
    ("process_unstarted", "A process beside the service cannot be started; it is tried again", "process reason seconds",
     "%s cannot be started: %s"),
    ("process_killed", "A process beside the service did not end in time", "process seconds",
     "%s did not end in %g s and is killed"),
    ("holidays_in_process", "Holidays are looked up in this process, which costs memory", "reason",
     "the public holidays could not be looked up"),
    ("row_damaged", "A row of the store cannot be read and is left out", "text", "rows.log_damage"),
    ("command_failed", "Why a command has failed; its last words", "text", "main._tell"),
    ("child_line", "What a child process has logged", "text", "isolation._log_here"),
    ("house_kept", "What housekeeping did, by name and number", "what count", "service_steps.keep_house"),
    ("staff_alert", "What staff are told of, whether anybody is told or not", "title text", "staff alert: %s: %s"),
    ("deliveries_kept", "Old deliveries could not be dropped now", "reason", "old deliveries are dropped later"),
    ("images_kept", "Old images could not be deleted", "file reason", "old images cannot be deleted"),
    ("source_gathered", "A source had something new", "source new changed", "source %s: %d new, %d changed"),
    ("source_reported", "What staff should know of a source; as an error: it failed", "source text", "source %s: %s"),
    ("source_bug", "A source has a fault in its program", "source trace", "%s failed with a bug of its own"),
    ("source_refused", "What a source brought cannot be stored", "source", "source %s brought what cannot be kept"),
    ("source_check_bug", "A source failed when it checked an article", "source article",
     "source %s failed when it checked %s"),
    ("source_check_wrong", "A source gave an answer of the wrong type", "source answer article",
     "source %s answered %r for %s"),
    ("recheck_late", "Articles had no answer in time before they were sent", "count of seconds",
     "recheck: %d of %d articles had no answer"),
    ("recheck_unknown", "Nobody knows whether an article is still published", "article reason",
     "recheck: it is not known whether %s is still there"),
    ("recheck_failed", "Articles could not be checked", "articles reason", "recheck: %s could not be checked"),
    ("recheck_changed", "The recheck has held an article, or let it go", "text", "recheck: %s"),
    ("image_failed", "An image could not be used; nothing waits for it", "image reason", "image of %s: %s",
     "image %s: %s"),
    ("edition_none", "A slot came and there is no edition", "newsletter reason", "no edition of %s: %s"),
    ("edition_made", "An edition was made", "edition slot draft articles subscribers", "edition %s for slot %s"),
    ("edition_blocked", "Preflight has stopped an edition", "edition reason", "%s is held by preflight"),
    ("edition_replanned", "Something changed while an edition was made; it is planned again", "newsletter reason",
     "%s: %s; planned again"),
    ("edition_noted", "What staff should know of an edition", "edition text", "publish.save_plan"),
    ("draft_decided", "A draft was released, held or cancelled", "edition decision reason", "service_steps.decide"),
    ("delivery_done", "What became of one delivery", "text", "stats.count"),
    ("delivery_damaged", "A delivery cannot be read", "text", "stats.note_damaged"),
    ("delivery_late_outcome", "An outcome came when its shard was in other hands", "edition",
     "%s: an outcome came too late"),
    ("delivery_unmarked", "A channel sent something without a mark", "channel",
     "channel %s sent something without a mark"),
    ("run_progress", "How far a run has come", "text", "stats.__call__"),
    ("run_ended", "A run has ended", "count seconds rate sent", "%d deliveries in %.1f s"),
    ("run_noted", "What staff should know of a run", "text", "workers._log_report"),
    ("lease_unrenewed", "Leases could not be renewed", "reason", "the leases could not be renewed"),
    ("lease_lost", "A shard is in the hands of another process", "edition shard", "%s: shard %d is in other hands"),
    ("post_lease_lost", "Posts are in the hands of another process", "text", "post_worker.deliver"),
    ("edition_paused", "An edition was paused because of what servers answer", "text", "message_worker._pause"),
    ("edition_not_paused", "An edition could not be paused", "edition reason", "%s could not be paused"),
    ("bounces_held", "Too many addresses were refused; staff are asked", "text", "worker._ask"),
    ("channel_bug", "A channel has a fault in its program", "channel trace",
     "channel %s raised what it may not raise"),
    ("channel_failed", "A channel as a whole failed", "channel reason", "channel %s: %s; tried again later"),
    ("channel_reported", "What staff should know of a channel", "text", "channel_health._report_once"),
    ("channel_still_failing", "The same as before, told again", "text", "still: %s"),
    ("channel_probed", "A channel that failed was asked, and still fails", "channel reason", "channel %s: still %s"),
    ("channel_probe_failed", "A channel cannot be asked whether it works", "channel type reason",
     "channel %s cannot be asked"),
    ("channel_mended", "A channel works again", "channel", "channel %s can carry again"),
    ("backoff_not_stored", "Only this process knows that a channel backs off", "channel reason",
     "only this process knows that channel %s"),
    ("rate_store_failed", "No permits to send: the store does not answer; told once while it lasts", "key reason",
     "no permits for %s"),
    ("permits_lost", "Permits that were not used could not be given back", "key reason",
     "permits for %s could not be given back"),
    ("pauses_unread", "Pauses of domains in other processes cannot be read; told once while it lasts", "reason text",
     "pauses of other processes are not known"),
    ("pause_untold", "A pause of a domain could not be told to other processes", "reason",
     "only this process knows of a pause"),
    ("server_left_alone", "A mail server is not asked for a while", "server reason", "%s is left alone for a while"),
    ("outbox_sent", "What became of messages of the outbox", "channel text", "outbox, %s: %s"),
    ("outbox_bug", "A message of the outbox could not be made", "message kind", "message %d of the outbox"),
    ("mailbox_read", "What a bounce mailbox held", "mailbox count suppressed", "%s: %d bounces and complaints"),
    ("mailbox_policy", "Emails were rejected because of us", "mailbox count text",
     "%s: %d emails were rejected because of us"),
    ("mailbox_unreadable", "A message in a bounce mailbox cannot be read", "mailbox message reason",
     "%s: message %s cannot be read"),
    ("bounce_unreadable", "A returned email cannot be read", "octets reason", "a returned email of %d octets"),
    ("bounce_parser_bug", "The reader of returned emails failed", "octets",
     "a returned message of %d octets cannot be read"),
    ("bounces_one_by_one", "Returned emails could not be handled together", "",
     "returned emails could not be dealt with together"),
    ("bounce_bug", "A returned email could not be handled", "message", "the returned email %s could not"),
    ("provider_reported", "What email providers have reported", "text", "providers have reported"),
    ("provider_alarm", "A report of a provider that staff should see", "text", "service_steps.work_provider_events"),
    ("provider_bug", "A report of a provider could not be worked", "provider", "an event of %s could not be worked"),
    ("hook_subscribed", "A subscription of Amazon SNS was confirmed", "topic",
     "ses: the subscription of %s is confirmed"),
    ("hook_refused", "A request to a hook is refused", "provider address reason",
     "a request to the hook of %s from %s is refused"),
    ("hook_unchecked", "A request to a hook cannot be checked now", "provider reason",
     "a request to the hook of %s cannot be checked"),
    ("hook_bug", "A request to a hook failed", "provider", "a request to the hook of %s failed"),
    ("hook_not_stored", "A report of a provider could not be stored", "provider reason",
     "a report of %s could not be stored"),
    ("web_started", "The web pages are served", "url", "web pages at %s"),
    ("web_request", "A request was answered", "request status octets milliseconds source",
     "%s %d, %d bytes, %.0f ms%s"),
    ("web_failed", "A page could not be shown", "method path reason", "app._errors"),
    ("web_bug", "A page failed", "method path", "%s %s failed"),
    ("web_request_bug", "A request failed outside of the application", "",
     "a request failed outside of the application"),
    ("web_one_by_one", "Requests could not be written together", "count reason",
     "%d requests could not be written together"),
    ("web_unknown_links", "Requests with links that are nobody's", "what count", "%s with links that are nobody's"),
    ("web_left_unshown", "Somebody was unsubscribed; the page after it failed", "reason",
     "the page after unsubscribing"),
    ("metrics_failed", "The store could not be read for metrics", "reason", "metrics: %s"),
    ("api_unavailable", "The API could not answer for now", "reason", "API: %s"),
    ("api_bug", "A request to the API failed", "request type trace", "%s failed: %s\n%s"),
    ("feeds_failed", "Feeds could not be written anew", "text", "feed_refresh._refresh", "feeds of all articles"),
    ("leaving_unknown", "Messages to people who have left may be on their way", "reason",
     "messages to people who have left"),
    ("leaving_waits", "Somebody has left whose last message is not out", "",
     "somebody has left whose last message is not out"),
    ("leaving_uncertain", "The last message to somebody who has left may be on its way", "reason",
     "somebody has left whose last message may be"),
    ("signup_refused", "A sign-up is not taken", "reason", "a sign-up is not taken"),
    ("signup_alarm", "Few of many sign-ups were confirmed", "count confirmed", "of %d sign-ups in the last hour"),
    ("warning", "What staff should know of the configuration", "text", "context.warn"),
)  # fmt: skip

EVENTS = tuple(_events())
_BY_LINE = sorted(((line, event) for event in EVENTS for line in event.lines), key=lambda one: -len(one[0]))
_PLACE = re.compile(r"%[-+ 0#]*\d*(?:\.\d+)?[a-z]")


def find_event(template: str, module: str, function: str) -> LogEvent | None:
    """The event of a log line, by its text before values stand in it and by who logs it; None where it has no name."""
    says_something = re.search("[A-Za-z]{2}", _PLACE.sub("", template)) is not None
    for wanted in (*([template] if says_something else []), f"{module}.{function}"):
        for line, event in _BY_LINE:
            if wanted.startswith(line):
                return event
    return None
