"""Numbers of posts in the reports of suites: lifetime counts become snapshots, a day's own numbers do not.

The event time is when the numbers were read (``ImportOptions.as_of_ms``), not when the post went up.
"""

import re
from typing import Any, Final

from streams.imports.campaign import Campaign
from streams.imports.headers import Cells, Columns, aliases
from streams.imports.ids import RuinedId, id_of
from streams.imports.links import Link, link_of, platform_of
from streams.imports.moments import MomentReader
from streams.imports.numbers import count_of
from streams.imports.rows import RowRefused, RowSkipped
from streams.sources import ids

ALIASES: Final = aliases(
    """
    post_id: post id | external id | media id | video id | platform post id | guid | content id | beitrags id
        | beitrag id | id de la publication | identifiant de la publication | id de la publicación
        | identificador de la publicación | id da publicação | identificação da publicação | id del post | tweet id
    link: post permalink | permalink | post url | perma link | url | link | post link | source link | share url
        | content url | video link | video url | tweet permalink | beitrags url | beitrag url | beitragslink
        | permalink des beitrags | permalien | lien permanent | lien | lien de la publication | enlace permanente
        | enlace | enlace de la publicación | link permanente | link da publicação | link del post
    platform: social network | network | platform | channel | social media network
        | red | red social | netzwerk | réseau | réseau social | rede | rede social | rete | plattform | plateforme
        | plataforma | piattaforma
    profile: profile | influencer | creator | account | username | profile name | influencer name | handle
        | account username | page name | account name | konto nutzername | profil | konto | kontoname
        | nom d utilisateur du compte | compte | cuenta | nombre de usuario de la cuenta | perfil | conta
        | nome de usuário da conta | profilo | account utente
    likes: reactions | metrics reactions | metrics lifetime reactions | metrics likes | likes | like count
        | post likes | total likes
        | me gusta | gefällt mir | gefällt mir angaben | likes gesamt | reaktionen | j aime | mentions j aime
        | réactions
        | reacciones | mi piace | reazioni | curtidas | gostos | reações | vind ik leuks | polubienia | beğeni | лайки
        | いいね | 点赞
    comments: comments | metrics comments | metrics lifetime comments count | comments count | post comments
        | comment count
        | total comments | comments added | replies | comentarios | kommentare | kommentare gesamt | commentaires
        | commenti | comentários | reacties | komentarze | yorumlar | yorum | комментарии | コメント | 评论
    shares: shares | metrics shares | metrics lifetime shares count | post shares | share count | reposts
        | total shares | compartidos | veces compartido | geteilt | geteilte inhalte | shares gesamt | mal geteilt
        | partages | condivisioni | compartilhamentos | partilhas | gedeeld | udostępnienia | paylaşımlar
    saves: saves | metrics saves | metrics lifetime saves | post saves | saved | favorites | save count
        | bookmarks | add to favorites | total bookmarks
        | guardados | veces guardado | gespeichert | gespeicherte inhalte | enregistrements | salvataggi
        | salvamentos | salvos | itens salvos
    views: video views | views | metrics video views | metrics post views | post views | post video views
        | view count | plays | video view count
        | total views | visualizaciones | aufrufe | aufrufe gesamt | videoaufrufe | video aufrufe | vues
        | vues de la vidéo | visualizzazioni | visualizzazioni video | visualizações | visualizações de vídeo
        | reproducciones | reproducciones de video | reproduções | weergaven | wyświetlenia | görüntüleme | просмотры
        | 再生回数 | 播放量
    reach: reach | actualized reach | metrics actualized reach | metrics reach | post reach | accounts reached
        | alcance | reichweite | portée | couverture | copertura
    account: external profile id
    read_at: last refreshed | export date | last updated
    """
)
_FOREIGN_ID: Final = re.compile("[0-9a-f]{32}")
"""Ids that a suite gives posts for itself."""
METRICS: Final = ("likes", "comments", "shares", "saves", "views", "reach")
_TOTALS: Final = frozenset(
    {
        *("grand total", "total", "totals", "summe", "gesamt", "gesamtsumme", "gesamtergebnis", "average", "sum"),
        *("all posts", "total général", "total geral", "total general", "totale", "totale complessivo", "totaal"),
        *("eindtotaal", "suma", "razem", "toplam", "genel toplam", "итого", "合計", "合计", "durchschnitt", "moyenne"),
    }
)


def is_total(cells: tuple[str, ...] | list[str]) -> bool:
    """Return whether a row adds up others: its first words are ``Total``, ``Grand total`` or the like."""
    first = next((text for text in cells if text.strip()), "")
    return first.strip().casefold().rstrip(":") in _TOTALS or any(
        text.strip().casefold() == "grand total" for text in cells
    )


class PostRows:
    """Reads the rows of one table of posts."""

    def __init__(self, columns: Columns, campaign: Campaign, platform: str, as_of_ms: int, times: MomentReader) -> None:
        self._times = times
        self._campaign = campaign
        self._columns = columns
        self._platform = platform
        self._as_of_ms = as_of_ms
        self.cells = Cells(columns)
        self.short_codes = 0

    def events(self) -> list[dict[str, Any]]:
        """Return the snapshot of the row that ``cells`` stands on.

        Raises:
            RowRefused: the row lacks what a snapshot needs.
            RowSkipped: it is a total, or has no numbers.
        """
        cell = self.cells
        if is_total(list(cell.row)):
            raise RowSkipped("totals")
        link = link_of(cell("link"))
        platform = platform_of(cell("platform")) or link.platform or self._platform or self._campaign.options.platform
        if not platform:
            raise RowRefused("platform", "", "nothing says on which platform: give --platform instagram, tiktok, ...")
        period = cell("period").strip()
        if any(char.isdigit() for char in period):
            raise RowSkipped("numbers of single days")
        post_id = self._post_id(link)
        counts = self._counts()
        if not counts:
            raise RowSkipped("posts without numbers")
        as_of_ms = self._read_at()
        return [
            {
                "type": "post.metrics",
                "event_id": ids.of_counts(post_id, as_of_ms),
                "campaign_id": self._campaign.campaign_id,
                "platform": platform,
                "influencer_id": self._campaign.influencer(platform, cell("profile"), link, post_id, cell("account")),
                "occurred_at": as_of_ms,
                "time_source": "poll_time",
                "post_id": post_id,
                **counts,
            }
        ]

    def _read_at(self) -> int:
        text = self.cells("read_at")
        if not text.strip():
            return self._as_of_ms
        try:
            return self._times.read(text)
        except ValueError as error:
            raise RowRefused("read_at", text, str(error)) from None

    def _post_id(self, link: Link) -> str:
        text = self.cells("post_id")
        try:
            found = id_of(text).rpartition(":")[2]
            if _FOREIGN_ID.fullmatch(found) and link.post_id:
                found = ""
        except RuinedId as error:
            if link.platform == "instagram" or not link.post_id:
                raise RowRefused("post_id", text, str(error)) from None
            found = ""
        if not found and link.post_id:
            found = link.post_id
            known = self._campaign.post_id(found)
            self.short_codes += link.platform == "instagram" and known == found
        if not found:
            raise RowRefused("post_id", text, "nothing says which post it is")
        return self._campaign.post_id(found)

    def _counts(self) -> dict[str, int]:
        counts = {}
        for metric in METRICS:
            text = self.cells(metric)
            if not text:
                continue
            try:
                count = count_of(text)
            except ValueError as error:
                raise RowRefused(metric, text, str(error)) from None
            if count is not None:
                counts[metric] = count
        return counts
