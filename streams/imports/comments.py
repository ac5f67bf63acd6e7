"""Comments: one row, one comment, whatever the tool calls its columns.

The event id is the platform's comment id, as hooks and polls have it (TikTok: ``comment:ID``). Where a file has none,
it is derived from what the row says (``streams.sources.ids.of_content``) and begins with ``derived:``: the same for the
same row, and another than the live one's.
"""

import html
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from streams.imports.campaign import Campaign
from streams.imports.headers import Cells, Columns, aliases, header_key
from streams.imports.ids import RuinedId, are_ruined, check_rounded, id_of
from streams.imports.links import NO_LINK, Link, link_of, platform_of, platform_of_id
from streams.imports.moments import MomentReader, iso_of
from streams.imports.numbers import is_nothing, unwrapped
from streams.imports.rows import RowRefused
from streams.sources import ids

ALIASES: Final = aliases(
    """
    comment_id: comment id | commentid | id comment | cid | comment pk | id del comentario | id de comentario
        | kommentar id | kommentarkennung | id du commentaire | identifiant du commentaire | id commentaire
        | id do comentário | id comentário | id comentario | id commento | id del commento | reactie id
        | id komentarza | yorum id | yorum kimliği | id комментария | コメントid | コメント id | 评论id | 评论 id
        | 評論id
        | 댓글 id | 댓글id | id
    link: view source | comment url | comment link | link to comment | comment permalink | permalink | source url
    post_id: post id | media id | video id | aweme id | post pk | media pk | postid | videoid | mediaid
        | post shortcode | shortcode
    post_url: post url | post link | media url | video url | video web url | input url | submitted video url
        | page url | source post url | beitrags url | beitrag url | beitragslink | link zum beitrag
        | lien de la publication | lien du post | url de la publication | url de la publicación
        | enlace de la publicación | enlace | url da publicação | link da publicação | link del post | url del post
        | 投稿url | 投稿 url | 帖子链接 | 게시물 url | url | link | query | input
    username: username | user name | name click to view profile | owner username | author username | from username
        | author unique id | unique id | user unique id | handle | author handle | user handle | commenter
        | commenter username | commenter name | comment username | comment author | profile name
        | benutzername | nutzername | nom d utilisateur | nombre de usuario
        | usuario | nome utente | nome de usuário | usuário | utilizador | nome de utilizador | имя пользователя
        | gebruikersnaam | gebruiker | nutzer | konto | kontoname | użytkownik | nazwa użytkownika | kullanıcı adı
        | kullanıcı | användarnamn | brugernavn | ユーザー名 | ユーザーネーム | 用户名 | 使用者名稱 | 사용자 이름
        | 사용자명
        | utilisateur | utente | пользователь | author display name | author name | author
        | user | autor | auteur | autore | name | nickname | nick name | display name | full name
    user_id: user id | userid | profile id | owner id | author id | author channel id | from id | uid | user pk
        | unique identifier | author channel id value | commenter id
    profile_url: profile url | author channel url | author url | user url | profile link | author link
    time: time parsed | created at | timestamp | create time iso | comment date | comment time | published at
        | created time | date posted
        | create time | createtime | created | commented at | posted at | date time | datetime | date | time
        | comment at | created utc | created at utc | date utc | date gmt | time utc | published | publish date
        | published date | date published | publication date | created date | date created | comment created at
        | erstellt am | erstellt | veröffentlicht am | datum und uhrzeit | zeitstempel | date de création
        | date du commentaire | date et heure | date de publication | fecha y hora | fecha de creación
        | fecha de publicación | fecha del comentario | data e hora | data do comentário | data de criação
        | data de publicação | data e ora | data del commento | data di pubblicazione | datum en tijd
        | data utworzenia | data i godzina | tarih ve saat | datum | zeitpunkt | zeit | fecha | data | дата
        | дата и время | tarih | dato | 日時 | 投稿日時 | コメント日時 | 日期 | 时间 | 評論時間 | 评论时间 | 날짜
        | 작성일
    clock: time | uhrzeit | zeit | heure | hora | ora | tijd | godzina | saat | время | 時刻 | 时间 | 시간
    html: text display
    text: comment text | text original | comment | text | comment content | comment body | comment message | message
        | content | body | kommentar | kommentartext | kommentarinhalt | inhalt | commentaire | texte
        | texte du commentaire | contenu | comentario | texto | texto del comentario | contenido | comentário
        | texto do comentário | conteúdo | commento | testo | testo del commento | contenuto | текст | комментарий
        | текст комментария | reactie | tekst | komentarz | treść komentarza | treść | yorum | yorum metni | metin
        | コメント | コメント内容 | 本文 | 评论 | 评论内容 | 評論 | 評論內容 | 留言 | 댓글 | 댓글 내용
    parent_id: parent comment id | parent id | reply to comment id | replied to comment id | reply to id
        | replies to id | in reply to id | in reply to | parent | reply to | replied to
    is_reply: is reply | reply | comment type | type | level | depth
    platform: platform | network | social network | source platform | plattform | plateforme | plataforma
        | piattaforma | netzwerk | red social | réseau | platforma | プラットフォーム | 平台 | 플랫폼
    country: country | country code | user country | land
    influencer: influencer id | influencer | creator | post owner | post owner username | post author | owner handle
        | page name
    campaign_id: campaign id
    """
)
_DELETED: Final = frozenset(
    {
        "[deleted]",
        "[removed]",
        "deleted user",
        "deleted",
        "deleted account",
        "gelöschter nutzer",
        "__deleted__",
        "utilisateur supprimé",
    }
)
_ERRORS: Final = frozenset({"#NAME?", "#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NULL!", "#NUM!", "#ERROR!"})
"""What spreadsheets show instead of a text that begins with = and is no formula."""
_REPLY_MARK: Final = re.compile(r"^(?:[↳└⤷➥]|-+>|=+>|\s{2,}|\t)")
_REPLY_NUMBER: Final = re.compile(r"\d+[.\-_]\d+")
_REPLY_WORDS: Final = frozenset({"reply", "true", "yes", "1", "2", "antwort", "child", "ja", "respuesta", "réponse"})
_TAG: Final = re.compile(r"<br\s*/?>", re.I)
_ANY_TAG: Final = re.compile(r"</?[a-z][^<>]*>", re.I)
_SHORTEST_ID: Final = 8
"""Digits of an id; what is shorter, in every row, numbers them."""
_DERIVED: Final = "derived:"
DERIVED: Final = _DERIVED.encode()
"""What the ids begin with that no platform gave, in the bytes of an event."""
_BY_HANDLE: Final = frozenset({"instagram"})
"""Platforms that know a person under another id in each place: their people are their handles, in lower case."""


class CommentRows:
    """Reads the rows of one table of comments.

    Args:
        columns: which column is which field.
        campaign: of all of them.
        times: reads the column of times.
        platform: of the source; "" where the rows or the user say it.
        titles: what stands above the header, or the sheet's name: may have the post's address.
        sample: some first rows.
    """

    def __init__(
        self,
        columns: Columns,
        campaign: Campaign,
        times: MomentReader,
        platform: str,
        titles: Sequence[str],
        sample: Sequence[Sequence[str]],
    ) -> None:
        self._campaign = campaign
        self._times = times
        self._title_link = next((link for text in titles if (link := link_of(text)).post_id), NO_LINK)
        self._platform = platform or self._title_link.platform
        self._rounded = {
            field: are_ruined(columns.texts(field, sample)) for field in ("comment_id", "post_id", "parent_id")
        }
        self._unnamed = _unnamed_columns(columns)
        # A column headed "ID" may number the rows.
        self._has_id = header_key(columns.name("comment_id")) != "id" or not _are_row_numbers(
            columns.texts("comment_id", sample)
        )
        self._has_clock = columns.fields.get("clock") != columns.fields.get("time")
        self.cells = Cells(columns)
        self._columns = columns
        self._parent = ""
        self._seen_link: tuple[str, Link] = ("", NO_LINK)
        self._last_shown = (-1, "")
        self.derived = 0
        self.short_codes = 0
        self.inferred = ""

    def events(self) -> list[dict[str, Any]]:
        """Return the event of the row that ``cells`` stands on.

        Raises:
            RowRefused: the row is no comment, or lacks what one needs.
        """
        cell = self.cells
        link = link_of(cell("link"))
        post_link = self._post_link(cell("post_url"), link)
        comment_id = (self._id("comment_id") if self._has_id else "") or link.comment_id
        platform = self._platform_of(cell("platform"), comment_id, post_link)
        post_id = self._campaign.post_id(self._id("post_id") or post_link.post_id)
        if not post_id:
            raise RowRefused("post_id", "", "nothing says on which post: give --post ID")
        author_id, handle = self._author(platform)
        text = self._text()
        at_ms = self._time()
        parent_id = self._parent_of(link, comment_id)
        if not comment_id:
            self.derived += 1
            comment_id = _DERIVED + ids.of_content(platform, post_id, author_id, str(at_ms), parent_id, text)
        if not parent_id:
            self._parent = comment_id
        event: dict[str, Any] = {
            "type": "comment.created",
            "event_id": ids.of_tiktok_comment(comment_id) if platform == "tiktok" else comment_id,
            "campaign_id": self._campaign.campaign_id,
            "platform": platform,
            "influencer_id": self._campaign.influencer(platform, cell("influencer"), post_link, post_id),
            "occurred_at": self._shown(at_ms),
            "time_source": "payload",
            "post_id": post_id,
            "comment_id": comment_id,
            "author_id": author_id,
            "author_handle": handle,
            "text": text,
        }
        if parent_id:
            event["parent_id"] = parent_id
        country = cell("country").strip().upper()
        if len(country) == 2 and country.isalpha():
            event["country"] = country
        return [event]

    def _id(self, field: str) -> str:
        text = self.cells(field)
        if not text:
            return ""
        try:
            found = id_of(text)
            if self._rounded[field]:
                check_rounded(found)
        except RuinedId as error:
            raise RowRefused(field, text, str(error)) from None
        if found and "/" in found and (link := link_of(found)).platform:
            return link.post_id if field == "post_id" else link.comment_id
        return found

    def _post_link(self, text: str, link: Link) -> Link:
        if text:
            if text != self._seen_link[0]:
                self._seen_link = (text, link_of(text))
            found = self._seen_link[1]
            if found.post_id:
                return found
        return link if link.post_id else self._title_link

    def _platform_of(self, stated: str, comment_id: str, link: Link) -> str:
        if stated.strip():
            return platform_of(stated)
        known = link.platform or self._platform or self._campaign.options.platform
        if known:
            return known
        found = platform_of_id(comment_id)
        if found:
            self.inferred = found
            return found
        if self._campaign.only_platform:
            self.inferred = self._campaign.only_platform
            return self.inferred
        raise RowRefused(
            "platform", "", "nothing says on which platform: give --platform instagram, tiktok, youtube, ..."
        )

    def _author(self, platform: str) -> tuple[str, str]:
        cell = self.cells
        shown = unwrapped_handle(cell("username"))
        if shown.casefold() in _DELETED:
            raise RowRefused("username", shown, "the account was deleted: nobody to count")
        profile = link_of(cell("profile_url"))
        text = cell("user_id")
        try:
            user_id = id_of(text)
        except RuinedId as error:
            if not (platform in _BY_HANDLE and shown):
                raise RowRefused("user_id", text, str(error)) from None
            user_id = ""
        handle = shown or profile.handle
        user_id = user_id or profile.channel_id
        name = ids.of_account(handle)
        author = (name or user_id) if platform in _BY_HANDLE else (user_id or name)
        if not author or is_nothing(author):
            raise RowRefused("username", cell("username"), "nobody is named: the author is missing")
        return author, handle or user_id

    def _text(self) -> str:
        text = self.cells("text")
        if not text and (shown := self.cells("html")):
            text = html.unescape(_ANY_TAG.sub("", _TAG.sub("\n", shown)))
        if text in _ERRORS:
            raise RowRefused("text", text, "a spreadsheet took the comment for a formula: its words are lost")
        return text

    def _time(self) -> int:
        text = self.cells("time")
        try:
            return self._times.of_row(text, self.cells("clock") if self._has_clock else "")
        except ValueError as error:
            raise RowRefused("time", text, str(error)) from None

    def _shown(self, at_ms: int) -> str:
        # Comments come in bursts: many have the second of the one before.
        if at_ms != self._last_shown[0]:
            self._last_shown = (at_ms, iso_of(at_ms))
        return self._last_shown[1]

    def _parent_of(self, link: Link, comment_id: str) -> str:
        stated = self._id("parent_id")
        if stated.startswith("@"):
            stated = ""
        if stated and stated not in ("0", "false"):
            return stated
        if link.parent_id:
            return link.parent_id
        if comment_id.startswith("Ug") and "." in comment_id:
            return comment_id.partition(".")[0]  # YouTube: a reply's id begins with its thread's
        return self._parent if self._is_reply() else ""

    def _is_reply(self) -> bool:
        cell = self.cells
        if cell("is_reply").strip().casefold() in _REPLY_WORDS:
            return True
        row = cell.row
        if self._unnamed:
            numbers = [row[index].strip() for index in self._unnamed if index < len(row)]
            if (len(numbers) > 1 and numbers[1]) or (numbers and _REPLY_NUMBER.fullmatch(numbers[0])):
                return True
        return bool(_REPLY_MARK.match(cell("username")))


def unwrapped_handle(text: str) -> str:
    """Return a name without the marks that show a reply, and without what keeps spreadsheets from changing it."""
    bare = unwrapped(text)
    if "/" in bare and (link := link_of(bare)).platform:
        return link.handle or link.channel_id
    return bare.lstrip("↳└⤷➥> \t") if _REPLY_MARK.match(bare) else bare


def _unnamed_columns(columns: Columns) -> list[int]:
    """Return the columns in front of the first field that number comments and replies: unnamed, or headed ``#``."""
    first = min(columns.fields.values(), default=0)
    return [
        index
        for index, name in enumerate(columns.names[:first])
        if name.strip(" #.").casefold() in ("", "no", "nr", "number")
    ]


def _are_row_numbers(texts: Iterable[str]) -> bool:
    return all(len(bare) < _SHORTEST_ID and bare.isdigit() for text in texts if (bare := text.strip()))
