"""The page that shows every email, page and post of a newsroom with sample values, for designers of templates.

`index.html` names them all; beside it lies a file for each. It needs no network, no store and no script.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from ..channel import Digest
from ..config.schema import Settings
from ..errors import RenderError
from ..merge_fields import ATTRIBUTE_PREFIX, fill_html, fill_text
from ..newsroom import Newsroom
from ..preview.client_variants import render_variant
from ..preview.page import style_values
from .articles import PICTURES
from .check import all_samples
from .samples import GalleryEntry, Sample, SampleKind

INDEX, FOLDER = "index.html", "samples"
_TEMPLATE = "page/samples.html.j2"
_PICTURE = re.compile(re.escape(PICTURES) + r"[\w.-]+")
_DRAWN = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 120 80' preserveAspectRatio='xMidYMid slice'>"
    "<rect width='120' height='80' fill='#bcd7e8'/><circle cx='92' cy='20' r='9' fill='#f6e3a1'/>"
    "<path d='M0 62 30 30l22 22 20-26 48 40v14H0z' fill='#4f7a5b'/><path d='M0 70h120v10H0z' fill='#356a86'/></svg>"
)
_LANDSCAPE = "data:image/svg+xml," + quote(_DRAWN)


def render_gallery(newsroom: Newsroom) -> tuple[dict[str, bytes], list[GalleryEntry]]:
    """The page and the files beside it, by their paths; and the samples that it shows. Raises RenderError where the page
    itself cannot be rendered."""
    files: dict[str, bytes] = {}
    entries: dict[SampleKind, list[GalleryEntry]] = {kind: [] for kind in SampleKind}
    for number, sample in enumerate(all_samples(newsroom), start=1):
        if sample.template.endswith((".css", ".js.j2")):
            continue
        entry, made = _entry(newsroom, sample, f"{FOLDER}/{number:03}-{_file_name(sample)}")
        entries[sample.kind].append(entry)
        files |= made
    shown = {
        "Emails": entries[SampleKind.EMAIL],
        "Web pages": entries[SampleKind.PAGE],
        "Posts": entries[SampleKind.POST],
    }
    site = newsroom.settings.site
    page = newsroom.templates.render(_TEMPLATE, {"site": site, "shown": shown, **style_values(site.theme)})
    return {INDEX: page.encode(), **files}, [one for some in entries.values() for one in some]


def _entry(newsroom: Newsroom, sample: Sample, stem: str) -> tuple[GalleryEntry, dict[str, bytes]]:
    """A sample, and its files."""
    name = sample.template.removesuffix(".html.j2").removesuffix(".txt.j2")
    about = {"name": name, "case": sample.case, "language": sample.language.value}
    values = _recipient(newsroom.settings)
    try:
        made = sample.render(newsroom.templates)
    except RenderError as error:
        return GalleryEntry(**about, files={}, fault=str(error)), {}
    if isinstance(made, Digest):
        html = _PICTURE.sub(_LANDSCAPE, fill_html(made.html, values))
        files = {
            "light": (f"{stem}.html", render_variant(html, dark=False, images=True)),
            "dark": (f"{stem}-dark.html", render_variant(html, dark=True, images=True)),
            "without pictures": (f"{stem}-no-pictures.html", render_variant(html, dark=False, images=False)),
            "plain text": (f"{stem}.txt", fill_text(made.text, values)),
        }
        subject = fill_text(made.subject, values)
    elif sample.kind is SampleKind.POST:
        return GalleryEntry(**about, files={}, text=made), {}
    else:
        html = _PICTURE.sub(_LANDSCAPE, fill_html(made, values)).replace("img-src 'self'", "img-src data: 'self'")
        files, subject = {"page": (f"{stem}.html", html)}, ""
    entry = GalleryEntry(**about, subject=subject, files={what: path for what, (path, _) in files.items()})
    return entry, {path: content.encode("utf-8", "replace") for path, content in files.values()}


def _recipient(settings: Settings) -> dict[str, str]:
    """The values of merge fields: somebody with a name and with every attribute."""
    links = settings.links_url
    known = {"text": "Nà Mạ", "number": "3", "date": "23/11/2026", "yes_no": "có"}
    attributes = {
        ATTRIBUTE_PREFIX + name: one.choices[0] if one.choices else known[one.type]
        for name, one in settings.attributes.items()
    }
    return {
        "name": "Nguyễn Thị Lan",
        "address": "lan@example.com",
        "unsubscribe_url": f"{links}/u/mau",
        "preferences_url": f"{links}/p/mau",
        **attributes,
    }


def _file_name(sample: Sample) -> str:
    words = f"{sample.template.partition('.')[0]} {sample.case} {sample.language.value}"
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
