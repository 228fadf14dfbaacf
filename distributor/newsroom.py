"""One newsroom, put together: settings, sources, channels, schedules and templates, all checked before anything runs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from . import permissions
from .channel import Channel
from .clock import clock
from .config import validation, yaml
from .config.images import IMAGES_FOLDER
from .config.schema import Newsletter, Settings
from .config.types import public_url
from .config.yaml import KeyPath, RawConfig
from .errors import ConfigError, Problem, StoreError, StoreLost, UserError
from .images.attach import ImageAttacher
from .images.cache import ImageCache
from .mail.address import Mailbox
from .model import Language
from .plugins import registry
from .preflight.config_keys import ConfigKeys, find_placeholders
from .rendering.templates import Templates
from .schedule.settings import ScheduleSettings, read_schedule_settings
from .source import Source
from .storage import identity
from .storage.address import SQLITE_FILES, sqlite_path
from .storage.database import Database
from .storage.key_file import new_key, read_keys
from .subscribers.audience import Audience, parse_audience
from .test_mode import replace_channels

if TYPE_CHECKING:
    from .images.service import ImageService

CONFIG = "config.yaml"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Newsroom:
    """Everything that config.yaml and the folders beside it say. Nothing here changes while the program runs.

    `keys` tell where what stands, `placeholders` what nobody has filled in yet; `audiences` are those of the newsletters
    that name one. `faults` are the channels and sources whose files cannot be loaded: see `plugins/broken`.
    """

    file: Path
    settings: Settings
    sources: Mapping[str, Source]
    channels: Mapping[str, Channel]
    timing: Mapping[str, ScheduleSettings]
    templates: Templates
    keys: ConfigKeys = ConfigKeys("config.yaml", {}, {})
    placeholders: tuple[tuple[KeyPath, Problem], ...] = ()
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    faults: tuple[Problem, ...] = ()

    @property
    def folder(self) -> Path:
        return self.file.parent

    def newsletter(self, name: str) -> Newsletter:
        """Raises UserError for a name that config.yaml does not have."""
        try:
            return self.settings.newsletters[name]
        except KeyError:
            hint = validation.suggestion(name, self.settings.newsletters)
            raise UserError(f"there is no newsletter {name!r}{hint}") from None

    def zone(self, newsletter: Newsletter) -> ZoneInfo:
        return self.settings.newsletter_zone(newsletter)

    def language(self, newsletter: Newsletter) -> Language:
        return self.settings.newsletter_language(newsletter)

    def newsletter_channels(self, newsletter: Newsletter) -> dict[str, Channel]:
        """The channels of a newsletter, by name, in the order of config.yaml."""
        return {name: self.channels[name] for name in newsletter.channels}

    def reaches_audience(self, channels: Iterable[str]) -> bool:
        """Whether what goes out on one of these channels goes to people, and not to a folder or a test address."""
        known = [self.channels[name] for name in channels if name in self.channels]
        return self.settings.test_mode is None and any(channel.reaches_audience for channel in known)

    @property
    def images(self) -> ImageAttacher | None:
        """What is known of the images of articles; None where they are left to their sources."""
        pictures = self.settings.images
        return ImageAttacher(ImageCache(pictures.folder, self._images_url), self.sources) if pictures else None

    @property
    def images_folder(self) -> Path:
        """The folder of resized images; also where none are made any more, for emails that were sent before."""
        return self.settings.images.folder if self.settings.images else self.folder / IMAGES_FOLDER

    @property
    def _images_url(self) -> str:
        """Where subscribers find our images: nowhere while emails go to people, but the pages are for this machine only."""
        settings = self.settings
        own = settings.images is not None and settings.images.url
        writes = any(one.personal and one.reaches_audience for one in self.channels.values())
        return "" if not own and writes and settings.web and settings.web.is_local else settings.images_url

    def image_service(self) -> ImageService | None:
        """What fetches and resizes images; None where they are left to their sources."""
        if self.images is None or self.settings.images is None:
            return None
        from .images.service import ImageService  # brings the network along, which few commands need

        return ImageService(self.images, self.settings.images, self.settings.site)

    def open_store(self, *, migrate: bool = True, claiming: bool = False) -> Database:
        """The database, brought up to date unless told otherwise. Raises StoreError; StoreLost for one that is empty or
        another one although this folder has been used with a store, unless that is accepted (`claiming`)."""
        taken = permissions.secure(self._own)
        if taken:
            names = ", ".join(str(one.relative_to(self.folder) if self.folder in one.parents else one) for one in taken)
            log.info("others on this machine could read %s; they no longer can", names)
        noted = identity.read_folder_id(self.state)
        has_key = not self.settings.secret and self.key_file.exists()
        create = claiming or not noted
        try:
            database = Database.open(self.settings.store.url, self.folder, create=create)
        except StoreLost as error:
            if create:
                raise
            raise StoreLost(
                f"{error}. {self.state / identity.FILE} says that this newsroom has sent before: restore the store "
                f"from a backup, or look at store.url in {self.file.name}; if it is lost for good, "
                "`distributor store claim --new-store` begins anew"
            ) from None
        try:
            if not claiming:
                identity.check_store(database, noted, self.key_file, has_key=has_key, config=self.file.name)
            clock.follow(database.server_time)
            if migrate:
                database.migrate()
                with database.read() as connection:
                    if identity.load(connection):
                        _KEYS_SEEN.add(self.key_file)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def _own(self) -> permissions.OwnedPaths:
        """What lies in this newsroom that is for its owner only, and what a web server must be able to read."""
        var, store = self.folder / "var", sqlite_path(self.settings.store.url, self.folder)
        channels, pictures = self.channels.values(), self.settings.images
        return permissions.OwnedPaths(
            root=self.folder,
            traversable=(var, store.parent) if store else (var,),
            files=(
                *(Path(f"{store}{end}") for end in SQLITE_FILES if store),
                self.key_file,
                self.state / identity.FILE,
            ),
            private=(*(one for channel in channels for one in channel.private_folders), var / "test", var / "preview"),
            public=(
                *(one for each in channels for one in each.public_folders),
                *((pictures.folder,) if pictures else ()),
            ),
        )

    @property
    def exposed(self) -> list[Path]:
        """What others on the machine can read and should not, and what is not ours to shut."""
        return permissions.list_exposed(self._own)

    # -- the key -----------------------------------------------------------------------------------------------------

    @property
    def state(self) -> Path:
        """The folder of what the program remembers beside the store."""
        return self.folder / "var"

    @property
    def key_file(self) -> Path:
        return self.state / "secret.key"

    @property
    def key_location(self) -> str:
        """Where the key that signs links stands, for messages."""
        return f"{self.file.name}: secret" if self.settings.secret else str(self.key_file)

    def present_key(self) -> bytes:
        """The key that signs links, from config.yaml or var/secret.key; empty where there is none. Raises StoreError."""
        return next(iter(self.present_keys()), b"")

    def present_keys(self) -> tuple[bytes, ...]:
        """The key that signs, and the earlier ones: of the same place, and of `old_secrets`. Empty where there is none that
        signs. Raises StoreError."""
        if self.settings.secret:
            return (self.settings.secret.get_secret_value().encode(), *self._old_secrets)
        file = self.key_file
        if not file.exists():
            return ()
        keys = read_keys(file)
        _KEYS_SEEN.add(file)
        return (*keys, *self._old_secrets)

    @property
    def _old_secrets(self) -> tuple[bytes, ...]:
        return tuple(old.get_secret_value().encode() for old in self.settings.old_secrets)

    def secrets(self) -> tuple[bytes, ...]:
        """The key that signs, and the earlier ones, with which links are read. Raises StoreError."""
        if keys := self.present_keys():
            return keys
        self.secret()
        return self.present_keys()

    def known_secrets(self) -> tuple[bytes, ...]:
        """The same as `secrets`, without making a key where there is none yet: nothing was signed then."""
        return self.present_keys() or self._old_secrets

    def secret(self) -> bytes:
        """The key that signs links, made where there is none. Raises StoreLost where one was and is missing."""
        if key := self.present_key():
            return key
        if self.key_file in _KEYS_SEEN or identity.read_folder_id(self.state):
            raise StoreLost(identity.MISSING_KEY.format(self.key_file))
        return self.make_key()

    def make_key(self) -> bytes:
        """A key, made by the first process that asks. Raises StoreError where it cannot be written."""
        try:
            permissions.make_folder(self.state, permissions.TRAVERSE_ONLY)
            identity.write_once(self.key_file, f"{new_key()}\n")
        except OSError as error:
            raise StoreError(f"{self.key_file}: cannot be written: {error.strerror}") from None
        _KEYS_SEEN.add(self.key_file)
        return read_keys(self.key_file)[0]


_KEYS_SEEN: set[Path] = set()  # keys that this process has met, or a store of its: one that is missing then was deleted


def open_newsroom(file: Path) -> Newsroom:
    """Read config.yaml and put the newsroom together. Raises ConfigError with every problem that was found."""
    raw = yaml.read(file.absolute())
    registry.channels.join(raw.folder / "channels")
    registry.sources.join(raw.folder / "sources")
    settings, problems = validation.validate(raw)
    sources, source_problems = registry.sources.build(raw)
    channels, channel_problems = registry.channels.build(raw)
    faults = registry.find_faults(raw, {"sources": sources, "channels": channels})
    timing, timing_problems = read_schedule_settings(raw, settings)
    audiences, audience_problems = _read_audiences(raw, settings)
    if settings and settings.test_mode:
        channels = replace_channels(channels, raw.folder / "var" / "test")
        problems += _check_test_address(raw, settings.test_mode.to)
    if settings:
        problems += [*_check_contact(raw, settings.site.contact), *_check_reviewers(raw, settings, channels)]
        problems += _check_alerts(raw, settings, channels)
    unread = {problem.path for problem in raw.problems}  # what is said of their values would only follow from that
    found = (*problems, *source_problems, *channel_problems, *timing_problems, *audience_problems)
    problems = [*raw.problems, *(problem for problem in found if problem.path not in unread)]
    templates = Templates(registry.template_folders(raw.folder))
    if own := templates.own_folder:  # ours have their tests, and compiling them costs more than most commands do
        known = settings.attributes if settings else ()
        problems += [Problem("", fault.message, fault.file, fault.line) for fault in templates.check(own, known)]
    if settings is None or problems:
        raise ConfigError(sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line or 0)))
    return Newsroom(
        raw.file,
        settings,
        sources,
        channels,
        timing,
        templates,
        ConfigKeys.of(raw),
        find_placeholders(raw),
        audiences,
        tuple(faults),
    )


def _read_audiences(raw: RawConfig, settings: Settings | None) -> tuple[dict[str, Audience], list[Problem]]:
    """The audiences of newsletters, and the problems with them."""
    audiences: dict[str, Audience] = {}
    problems: list[Problem] = []
    if settings is None:
        return audiences, problems
    for name, newsletter in settings.newsletters.items():
        if newsletter.audience.strip():
            zone = settings.newsletter_zone(newsletter)
            try:
                audiences[name] = parse_audience(newsletter.audience, settings.attributes, zone)
            except ValueError as error:
                problems.append(raw.problem(("newsletters", name, "audience"), str(error)))
    return audiences, problems


def _check_reviewers(raw: RawConfig, settings: Settings, channels: Mapping[str, Channel]) -> list[Problem]:
    """Reviewers who cannot be written to."""
    problems = []
    for name, newsletter in settings.newsletters.items():
        reviewers = newsletter.review.reviewers if newsletter.review else ()
        path = ("newsletters", name, "review", "reviewers")
        for number, address in enumerate(reviewers):
            try:
                Mailbox.parse(address)
            except ValueError as error:
                problems.append(raw.problem((*path, number), str(error)))
        writes = any(channels[one].personal for one in newsletter.channels if one in channels)
        if reviewers and not writes:
            problems.append(raw.problem(path, "the newsletter has no channel that writes to people"))
    return problems


def _check_alerts(raw: RawConfig, settings: Settings, channels: Mapping[str, Channel]) -> list[Problem]:
    """Staff who cannot be alerted, and channels that would show alerts to everybody."""
    problems, alerts = [], settings.alerts
    for number, address in enumerate(alerts.to):
        try:
            Mailbox.parse(address)
        except ValueError as error:
            problems.append(raw.problem(("alerts", "to", number), str(error)))
    usual = [name for name, one in channels.items() if one.personal]
    if alerts.to and not set(alerts.channels or usual) & set(usual):
        problems.append(raw.problem(("alerts", "to"), "none of its channels writes to people"))
    public = {name for newsletter in settings.newsletters.values() for name in newsletter.channels}
    for number, name in enumerate(alerts.channels):
        channel = channels.get(name)
        if channel is None:
            continue
        if channel.personal and not alerts.to:
            problems.append(raw.problem(("alerts", "to"), f"is needed: to whom does channel {name} write?"))
        elif not channel.personal and name in public and channel.reaches_audience:
            problems.append(
                raw.problem(
                    ("alerts", "channels", number),
                    f"channel {name} carries editions to subscribers, who would see the alerts: add one for staff",
                )
            )
    return problems


def _check_contact(raw: RawConfig, contact: str) -> list[Problem]:
    """A contact that is neither an email address nor an https address."""
    try:
        if contact.startswith("https://"):
            public_url(contact)
        elif contact:
            Mailbox.parse(contact)
    except ValueError:
        return [raw.problem(("site", "contact"), "write an email address or the https:// address of a page")]
    return []


def _check_test_address(raw: RawConfig, address: str) -> list[Problem]:
    try:
        Mailbox.parse(address)
    except ValueError as error:
        return [raw.problem(("test_mode", "to"), str(error))]
    return []
