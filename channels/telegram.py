"""Posts each article to a Telegram channel or group through a bot.

Make a bot with @BotFather, make it an administrator of the channel with the right to post, and put its token here.
`chat` is the public name of the channel with its @ in quotes, or the number of a private one.

    channels:
      telegram:
        type: telegram
        chat: "@tenkenh"
        token: ${TELEGRAM_TOKEN}

Telegram cannot be asked what a bot has posted. So a post whose outcome is unclear (no answer after the request had
left, or an answer 5xx) is not repeated: it waits until somebody has looked at the channel and decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BeforeValidator

from distributor.channel import (
    Appearance,
    Attempt,
    Channel,
    ComposeContext,
    Content,
    Corrections,
    Post,
    PostLimits,
    Rate,
    Secret,
    Url,
)
from distributor.errors import AuthBroken, Rejected, Unavailable, Uncertain
from distributor.kit.http import HttpCall, HttpResponse, ResponseRules, json_bytes
from distributor.kit.posts import TELEGRAM, Count, Mentions, Tags, compose_posts, find_urls
from distributor.model import Edition, Receipt
from distributor.text import count_utf16

# A chat written as a number in YAML is a number; here it is a name like any other.
_Chat = Annotated[str, BeforeValidator(lambda value: str(value) if type(value) is int else value)]


@dataclass(frozen=True, kw_only=True)
class Telegram(Channel):
    """A Telegram channel or group. API: core.telegram.org/bots/api."""

    chat: Annotated[_Chat, "name of the channel with its @, or its number (-100…)"]
    token: Annotated[Secret, "token of the bot"]
    bold_title: Annotated[bool, "first line in bold"] = True
    preview: Annotated[Literal["large", "small", "none"], "link preview: large, small or none"] = "large"
    silent: Annotated[bool, "posts arrive without a sound"] = False
    max_hashtags: Annotated[Tags, "most hashtags in a post, made from the topics of the article"] = 2
    mentions: Mentions = False
    max_posts: Annotated[Count, "most posts for one edition; the other articles are not posted"] = 10
    template: Annotated[str, "template of a post, a file in templates/"] = "post/article.txt.j2"
    api: Annotated[Url, "address of the Bot API server"] = "https://api.telegram.org"
    allow_private: Annotated[bool, "allow addresses of the local machine and network"] = False

    corrections = Corrections.EDIT

    @property
    def limits(self) -> PostLimits:
        """Twenty messages a minute in a group, about one a second elsewhere (core.telegram.org/bots/faq)."""
        rates, spacing = (Rate(20, timedelta(minutes=1)),), timedelta(seconds=1)
        return replace(TELEGRAM, per_run=self.max_posts, rates=rates, spacing=spacing)

    def compose(self, edition: Edition, context: ComposeContext) -> Sequence[Post]:
        return compose_posts(self, edition, context, self.template, self.max_hashtags, mentions=self.mentions)

    def appearance(self, post: Post) -> Appearance:
        return Appearance(text=post.text, network="Telegram", bold_title=self.bold_title, card=self.preview)

    async def publish(self, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        data = {**self._message(content.text), "disable_notification": self.silent}
        if attempt.parent:
            data["reply_parameters"] = {
                "message_id": int(attempt.parent.remote_id),
                "allow_sending_without_reply": True,
            }
        result = await self._post("sendMessage", data, Uncertain, attempt)
        number = result.get("message_id")
        if not isinstance(number, int):
            raise Uncertain("Telegram answered without the number of a message")
        return Receipt(remote_id=str(number), url=self._url(number, result), reply="posted")

    async def edit(self, receipt: Receipt, content: Content, attempt: Attempt) -> Receipt:
        assert isinstance(content, Post)
        data = {**self._message(content.text), "message_id": int(receipt.remote_id)}
        try:
            await self._post("editMessageText", data, Unavailable, attempt)
        except Rejected as error:
            if "message is not modified" not in error.reply:
                raise
        return receipt

    async def delete(self, receipt: Receipt, attempt: Attempt) -> None:
        """Telegram lets bots delete messages for 48 hours; after that it raises Rejected."""
        data = {"chat_id": self.chat, "message_id": int(receipt.remote_id)}
        try:
            await self._post("deleteMessage", data, Unavailable, attempt)
        except Rejected as error:
            if "message to delete not found" not in error.reply:
                raise

    async def check(self, attempt: Attempt) -> None:
        """Whether the token is a bot's, and whether this bot may post to the chat."""
        me = await self._post("getMe", {}, Unavailable, attempt)
        data = {"chat_id": self.chat, "user_id": me.get("id")}
        member = await self._post("getChatMember", data, Unavailable, attempt)
        if member.get("status") in ("left", "kicked", "restricted") or member.get("can_post_messages") is False:
            raise AuthBroken(f"the bot is not an administrator of {self.chat} with the right to post")

    @classmethod
    def example_answer(cls, call: HttpCall) -> object:
        answers = {"editMessageText": True, "deleteMessage": True, "getChatMember": {"status": "administrator"}}
        message = {"message_id": 77, "chat": {"id": -1001234567890, "username": "tenkenh", "type": "channel"}}
        return {"ok": True, "result": answers.get(call.name, message)}

    @classmethod
    def example_gone(cls, call: HttpCall) -> tuple[int, object]:
        return 400, {"ok": False, "error_code": 400, "description": "Bad Request: message to delete not found"}

    def _message(self, text: str) -> dict[str, Any]:
        """The text goes without markup, so that nothing in it can be taken for some; the title's type is an entity."""
        links = find_urls(text)
        preview: dict[str, Any] = {"is_disabled": self.preview == "none" or not links}
        if not preview["is_disabled"]:
            preview = {**preview, "url": links[-1], f"prefer_{self.preview}_media": True}
        data: dict[str, Any] = {"chat_id": self.chat, "text": text, "link_preview_options": preview}
        title = text.split("\n", 1)[0].rstrip()
        if self.bold_title and title:
            data["entities"] = [{"type": "bold", "offset": 0, "length": count_utf16(title)}]
        return data

    async def _post(
        self, method: str, data: object, doubt: type[Uncertain] | type[Unavailable], attempt: Attempt
    ) -> dict[str, Any]:
        """The `result` of a call. Raises the delivery errors; 400 is classified by what it is about."""

        def about_the_chat(answer: HttpResponse, text: str) -> AuthBroken | None:
            wrong = answer.status == 400 and _about_the_chat(answer)
            return AuthBroken(f"chat {self.chat}: {text}{_new_number(answer)}") if wrong else None

        rules = ResponseRules(
            doubt=doubt,
            stop=frozenset({401, 403, 404}),  # 404: what the token makes of the address is no bot
            wait=_retry_after,
            verdict=about_the_chat,
        )
        url = f"{self.api}/bot{quote(self.token.get_secret_value(), safe=':')}/{method}"
        headers = {"Content-Type": "application/json"}
        call = HttpCall(url=url, headers=headers, body=json_bytes(data), name=method, types=_JSON)
        answer = await attempt.http.send(call, rules)
        if answer.data().get("ok") is not True:
            raise doubt(f"Telegram answered {answer.status} without saying that it was done")
        result = answer.data().get("result")
        return result if isinstance(result, dict) else {}

    def _url(self, number: int, result: dict[str, Any]) -> str:
        """Only posts of public channels and groups have an address."""
        chat = result.get("chat")
        name = chat.get("username") if isinstance(chat, dict) else None
        name = name or (self.chat[1:] if self.chat.startswith("@") else "")
        return f"https://t.me/{name}/{number}" if name else ""


_JSON = ("application/json",)


def _parameters(answer: HttpResponse) -> dict[str, Any]:
    found = answer.data().get("parameters")
    return found if isinstance(found, dict) else {}


def _retry_after(answer: HttpResponse) -> float | None:
    """Telegram names the time to wait in the body: `parameters.retry_after`, in seconds."""
    seconds = _parameters(answer).get("retry_after")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return seconds


def _about_the_chat(answer: HttpResponse) -> bool:
    """Whether a 400 is about the setting `chat`, and so about every post and not about this one."""
    said = str(answer.data().get("description", "")).lower()
    told = ("chat not found", "upgraded to a supergroup", "not enough rights", "have no rights", "need administrator")
    return "migrate_to_chat_id" in _parameters(answer) or any(words in said for words in told)


def _new_number(answer: HttpResponse) -> str:
    number = _parameters(answer).get("migrate_to_chat_id")
    return f"; its number is now {number}" if isinstance(number, int) else ""
