"""The ten shapes: how each publishing system writes an article page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import government, newspapers
from .stories import Story


@dataclass(frozen=True, slots=True)
class Shape:
    """A system, a host that runs it, and how it writes a story beside some others; the number varies the boilerplate."""

    name: str
    host: str
    write: Callable[[Story, Sequence[Story], int], str]
    tells_topic: bool = False
    lead_in_body: bool = False  # the first paragraph of the body is the lead, and nothing says so


SHAPES = (
    Shape("SharePoint", "bacson.gov.example", government.sharepoint),
    Shape("Liferay", "stttt.bacson.example", government.liferay),
    Shape("DotNetNuke", "soyte.bacson.example", government.dotnetnuke),
    Shape("VNPT", "napai.bacson.example", government.vnpt),
    Shape("VCCorp", "tre.bacson.example", newspapers.vccorp, tells_topic=True),
    Shape("FPT", "express.bacson.example", newspapers.fpt),
    Shape("WordPress", "blog.bacson.example", newspapers.wordpress, tells_topic=True),
    Shape("Drupal", "doanthanhnien.bacson.example", newspapers.drupal),
    Shape("Joomla", "truong.bacson.example", newspapers.joomla, lead_in_body=True),
    Shape("PHP", "baobacson.example", government.plain_php),
)
