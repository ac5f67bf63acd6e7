"""Exports whose headers, words and notations are those of another language, or of a spreadsheet's user."""

from datetime import date, time
from pathlib import Path

import openpyxl
import pytest

from agents.imports.importing import UnreadableFile
from streams.imports.posts import METRICS
from tests.unit.agents.imports.exports import imported, written

ID = "17900000000000001"


@pytest.mark.parametrize(
    ("text", "encoding", "author", "said"),
    [
        ("Benutzername;Kommentar;Datum;Kommentar-ID\nmia.k;Grüße;18.04.2026 18:04:05;ID", "cp1252", "mia.k", "Grüße"),
        ("Nutzer;Inhalt;Erstellt am;Kommentar ID\nmia.k;hallo;18.04.2026, 18:04:05 Uhr;ID", "utf-8", "mia.k", "hallo"),
        (
            "Nom d'utilisateur;Commentaire;Date de création;Identifiant du commentaire\n"
            "mia.k;Ça va;18 avr. 2026 à 18:04:05;ID",
            "utf-8",
            "mia.k",
            "Ça va",
        ),
        ("Usuario,Comentario,Fecha,ID de comentario\nmia.k,¿Sí?,18/04/2026 18:04:05,ID", "utf-8", "mia.k", "¿Sí?"),
        (
            "Nombre de usuario,Texto,Fecha de publicación,ID del comentario\n"
            'mia.k,Hola,"18 abr 2026, 6:04:05 p. m.",ID',
            "utf-8",
            "mia.k",
            "Hola",
        ),
        (
            "Nome de usuário\tComentário\tData\tID do comentário\nmia.k\tOlá\t18 de abril de 2026 às 18:04:05\tID",
            "utf-16",
            "mia.k",
            "Olá",
        ),
        ("usuario\tcomentario\tdata\tid comentario\nmia.k\tOla\t18/04/2026 18:04:05\tID", "utf-8", "mia.k", "Ola"),
        ("Nome utente;Commento;Data e ora;ID commento\nmia.k;Ciao;18/04/2026 18.04.05;ID", "utf-8", "mia.k", "Ciao"),
        ("Gebruikersnaam;Reactie;Datum;Reactie-ID\nmia.k;Hoi;18 april 2026 om 18:04:05;ID", "utf-8", "mia.k", "Hoi"),
        (
            "Nazwa użytkownika;Komentarz;Data;ID komentarza\nmia.k;Cześć;18 kwietnia 2026 18:04:05;ID",
            "utf-8",
            "mia.k",
            "Cześć",
        ),
        ("Kullanıcı adı;Yorum;Tarih;Yorum ID\nmia.k;İyi;18 Nisan 2026 18:04:05;ID", "utf-8", "mia.k", "İyi"),
        (
            "Имя пользователя;Комментарий;Дата;ID комментария\nmia.k;Привет всем;18 апр. 2026 г., 18:04:05;ID",
            "cp1251",
            "mia.k",
            "Привет всем",
        ),
        (
            "ユーザー名,コメント,日時,コメントID\nmia.k,こんにちは世界,2026年4月18日 18時04分05秒,ID",
            "utf-8",
            "mia.k",
            "こんにちは世界",
        ),
        ("用户名,评论内容,日期,评论ID\nmia.k,你好世界,2026/04/18 下午6:04:05,ID", "utf-8", "mia.k", "你好世界"),
        (
            "사용자 이름,댓글,날짜,댓글 ID\nmia.k,안녕하세요,2026. 4. 18. 오후 6:04:05,ID",
            "utf-8",
            "mia.k",
            "안녕하세요",
        ),
    ],
)
def test_comments(tmp_path: Path, text: str, encoding: str, author: str, said: str) -> None:
    """A table of comments is read in the language of its exporter; Vienna's 18:04:05 is 16:04:05 in UTC."""
    path = written(tmp_path / "c.csv", f"{text.removesuffix('ID')}{ID}\n", encoding)
    (event,), refused, report = imported(path)
    assert refused == []
    assert (event["author_id"], event["text"], event["comment_id"]) == (author, said, ID)
    assert event["occurred_at"] == "2026-04-18T16:04:05Z"
    assert report.derived_ids == 0


@pytest.mark.parametrize(
    ("text", "made", "skipped"),
    [
        (
            "Bestellnummer;Status;Datum;Gesamtsumme;Währung;Gutschein(e)\n"
            "727;Abgeschlossen;18.04.2026 18:09;1.055,00 €;EUR;anaspring\n"
            "728;Fehlgeschlagen;18.04.2026 18:09;55,50 €;EUR;\n",
            [("purchase", "727", "1055.00", "EUR", "ana")],
            {"orders that nobody paid (fehlgeschlagen)": 1},
        ),
        (
            "Numéro de commande;Date;Statut;Total;Devise;Code promo\n"
            "727;18/04/2026 18h09;Terminée;1 055,00 €;EUR;ANASPRING\n"
            "728;18/04/2026 18h09;Remboursée;55,00 €;EUR;BRUNO15\n",
            [
                ("purchase", "727", "1055.00", "EUR", "ana"),
                ("purchase", "728", "55.00", "EUR", "bruno"),
                ("refund", "728", "55.00", "EUR", "bruno"),
            ],
            {},
        ),
        (
            "Número de pedido;Fecha;Estado;Total;Moneda;Cupón\n"
            "727;18/04/2026 18:09;Completado;1.055,00 €;Euro;ANASPRING\n"
            "728;18/04/2026 18:09;Pendiente de pago;55,00 €;Euro;ANASPRING\n",
            [("purchase", "727", "1055.00", "EUR", "ana")],
            {"orders that nobody paid (pendiente de pago)": 1},
        ),
        (
            "Número do pedido,Data,Status,Total,Moeda,Cupom\n"
            '727,18/04/2026 18:09,Concluído,"R$ 1.055,00",BRL,ANASPRING\n'
            '728,18/04/2026 18:09,Pendente,"R$ 55,00",BRL,ANASPRING\n',
            [("purchase", "727", "1055.00", "BRL", "ana")],
            {"orders that nobody paid (pendente)": 1},
        ),
        (
            "Sale Date,Order ID,Order Total,Currency,Coupon Code\n04/18/26,1001,$55.00,USD,ANASPRING\n",
            [("purchase", "1001", "55.00", "USD", "ana")],
            {},
        ),
        # A refund in a row of its own: it is no line of the order above.
        (
            "Order ID,Date,Total,Currency,Status,Coupon\n"
            "1,2026-04-18 18:09,55.00,€,paid,ANASPRING\n"
            "1,2026-04-18 18:10,-20.00,€,refunded,ANASPRING\n"
            "1,2026-04-18 18:11,-20.00,€,refunded,ANASPRING\n"
            "2,2026-04-18 18:11,(5.00),€,refunded,ANASPRING\n",
            [
                ("purchase", "1", "55.00", "EUR", "ana"),
                ("refund", "1", "20.00", "EUR", "ana"),
                ("refund", "1", "20.00", "EUR", "ana"),
                ("refund", "2", "5.00", "EUR", "ana"),
            ],
            {},
        ),
        # Lines of one order repeat its total.
        (
            "Order ID,Order Date,Time,Total,Currency,Coupon,Item\n"
            "1,18.04.2026,18:09,55.00,EUR,ANASPRING,Glow\n"
            "1,18.04.2026,18:09,55.00,EUR,ANASPRING,Soap\n"
            "1,18.04.2026,18:09,,EUR,ANASPRING,Box\n",
            [("purchase", "1", "55.00", "EUR", "ana")],
            {"further lines of an order": 2},
        ),
    ],
)
def test_orders(tmp_path: Path, text: str, made: list[tuple[str, ...]], skipped: dict[str, int]) -> None:
    """Orders, states and money in other words; what goes back in a row of its own is a refund, each row one."""
    events, refused, report = imported(written(tmp_path / "o.csv", text))
    assert refused == []
    wanted = ("type", "order_id", "amount", "currency", "influencer_id")
    assert [tuple(each[name] for name in wanted) for each in events] == made
    assert len({each["event_id"] for each in events}) == len(events)
    assert report.skipped == skipped


@pytest.mark.parametrize(
    ("text", "column", "value", "reason"),
    [
        ("Order ID,Date,Total,Currency\n1,2026-04-18 18:09,55.00,XYZ\n", "Currency", "XYZ", "no currency"),
        ("Order ID,Date,Total,Currency\n1,2026-04-18 18:09,$55.00,EUR\n", "Currency", "EUR", "not EUR"),
        ("Order ID,Date,Total,Currency\n1,2026-04-18 18:09,55.00,$\n", "Currency", "$", "several currencies"),
        (
            "Order ID,Date,Total,Currency,Refunded amount\n1,2026-04-18 18:09,55.00,EUR,$20.00\n",
            "Refunded amount",
            "$20.00",
            "not EUR",
        ),
        (
            "Order ID,Date,Total,Currency\n1,2026-04-18 18:09,55.00,EUR\n1,2026-04-18 18:09,25.00,EUR\n",
            "Total",
            "25.00",
            "stands in the row above with 55.00",
        ),
        (
            "Order ID,Date,Total,Total,Currency\n1,2026-04-18 18:09,55.00,66.00,EUR\n",
            "Total",
            "55.00 | 66.00",
            "more than once",
        ),
        ("Email,Entry,Timestamp\nmia,Visit,2026-04-18 18:10:00\n", "Email", "mia", "no mail address"),
        (
            f"Username,Comment,Date,Comment ID\nmia,#NAME?,2026-04-18 18:04,{ID}\n",
            "Comment",
            "#NAME?",
            "took the comment for a formula",
        ),
        (
            f"Username,Comment,Date,Time,Comment ID\nmia,hi,18.04.2026,noon,{ID}\n",
            "Date",
            "18.04.2026",
            "no time in a form",
        ),
        (
            f"Username,Comment,Date,Comment ID\nhttps://www.instagram.com/p/DxAb/,hi,2026-04-18 18:04,{ID}\n",
            "Username",
            "https://www.instagram.com/p/DxAb/",
            "nobody is named",
        ),
    ],
)
def test_refused(tmp_path: Path, text: str, column: str, value: str, reason: str) -> None:
    """What cannot be right is refused with its column, its value and why, and is never taken in silence."""
    _, (refusal,), _ = imported(written(tmp_path / "r.csv", text))
    assert (refusal.column, refusal.value) == (column, value)
    assert reason in refusal.reason


def test_a_header_that_stands_there_twice(tmp_path: Path) -> None:
    """Of columns of one name the one that says something counts; the same value twice is one."""
    text = "Username,Comment,Comment,Date,Comment ID\nmia,,hi,2026-04-18 18:04,1\ntom,yo,yo,2026-04-18 18:05,2\n"
    events, refused, _ = imported(written(tmp_path / "c.csv", text), platform="instagram")
    assert refused == []
    assert [each["text"] for each in events] == ["hi", "yo"]


def test_names_in_links(tmp_path: Path) -> None:
    """A name that a spreadsheet made a link, or the address of a profile, is its handle."""
    text = (
        "Username,Comment,Date,Comment ID\n"
        '"=HYPERLINK(""https://www.instagram.com/tom/"",""Tom K"")",hi,2026-04-18 18:04,1\n'
        "https://www.instagram.com/Lea.K/,hi,2026-04-18 18:05,2\n"
    )
    events, _, _ = imported(written(tmp_path / "c.csv", text), platform="instagram")
    assert [each["author_id"] for each in events] == ["tom", "lea.k"]


def test_day_and_time_in_two_columns(tmp_path: Path) -> None:
    """A day beside a time of day is one moment, in text and in cells of a workbook."""
    text = "Username,Comment,Date,Time,Comment ID\nmia,hi,18.04.2026,6:04:05 PM,1\ntom,hi,2026-04-18 18:04:05,,2\n"
    events, refused, _ = imported(written(tmp_path / "c.csv", text), platform="instagram")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Username", "Comment", "Date", "Time", "Comment ID"])
    sheet.append(["lea", "hi", date(2026, 4, 18), time(18, 4, 5), "3"])
    book.save(tmp_path / "c.xlsx")
    more, refused_of_book, _ = imported(tmp_path / "c.xlsx", platform="instagram")
    assert refused + refused_of_book == []
    assert [each["occurred_at"] for each in events + more] == ["2026-04-18T16:04:05Z"] * 3


def test_times_of_browsers(tmp_path: Path) -> None:
    """Dates as JavaScript and Java print them have the name of a zone behind the offset."""
    text = (
        "Username,Comment,Date,Comment ID\n"
        "mia,hi,Sat Apr 18 2026 18:04:05 GMT+0200 (Central European Summer Time),1\n"
        "tom,hi,2026-04-18T18:04:05+02:00[Europe/Vienna],2\n"
    )
    events, refused, _ = imported(written(tmp_path / "c.csv", text), zone=None, platform="instagram")
    assert refused == []
    assert [each["occurred_at"] for each in events] == ["2026-04-18T16:04:05Z"] * 2


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        (
            "Beitrags-ID,Konto-Nutzername,Permalink,Aufrufe,Reichweite,„Gefällt mir“-Angaben,Geteilte Inhalte,"
            "Kommentare,Gespeicherte Inhalte\n"
            "18000000000000001,ana.at.home,https://www.instagram.com/reel/DxAb/,9120,8000,250,10,40,5\n",
            {"likes": 250, "comments": 40, "shares": 10, "saves": 5, "views": 9120, "reach": 8000},
        ),
        (
            "Beitrag-URL;Likes;Kommentare;Aufrufe\nhttps://www.instagram.com/p/DxAb/;1,2 Tsd.;40;9,1 Mio.\n"
            "Gesamtergebnis;1200;40;9100000\n",
            {"likes": 1200, "comments": 40, "views": 9_100_000},
        ),
        (
            "URL,いいね,コメント,再生回数\nhttps://www.instagram.com/p/DxAb/,1.2万,40,1億\n",
            {"likes": 12_000, "comments": 40, "views": 100_000_000},
        ),
        (
            "Video title,Video link,Total likes,Total comments,Total shares,Total views\n"
            "hi,https://www.tiktok.com/@bruno_athome/video/7300000000000000001,120,40,10,9120\n",
            {"likes": 120, "comments": 40, "shares": 10, "views": 9120},
        ),
    ],
)
def test_numbers_of_posts(tmp_path: Path, text: str, counts: dict[str, int]) -> None:
    """Reports of creators' own tools: no number is lost for the language of its header."""
    (event,), refused, _ = imported(written(tmp_path / "p.csv", text))
    assert refused == []
    assert {name: event[name] for name in METRICS if name in event} == counts


def test_what_is_not_read_is_told(tmp_path: Path) -> None:
    """Columns that nothing is made of are named, so that a number under an unknown header is missed by somebody."""
    text = "Post ID,Likes,Comments,Herzchen\n18000000000000001,1,2,3\n"
    _, _, report = imported(written(tmp_path / "p.csv", text), platform="instagram")
    assert "columns that were not read: 'Herzchen'" in report.notes


def test_ids_of_orders_without_a_tool(tmp_path: Path) -> None:
    """Orders of no known tool have event ids that no hook has: that is told."""
    text = "Order ID,Date,Total,Currency\n1,2026-04-18 18:09,55.00,EUR\n"
    _, _, report = imported(written(tmp_path / "o.csv", text))
    assert any("begin with 'shop'" in note for note in report.notes)


def test_tools_are_told_apart(tmp_path: Path) -> None:
    """Upfluence's orders are not taken for WooCommerce's, nor a form's column # for the titles of analytics."""
    text = (
        "Order ID,Campaign Name,Order Date,Amount,Currency,Commission,Status,Coupon\n"
        "1,Spring,04/18/2026,55.00,USD,5.5,Paid,ANASPRING\n"
    )
    (event,), _, _ = imported(written(tmp_path / "u.csv", text))
    assert event["event_id"] == "upfluence:order:1"
    with pytest.raises(UnreadableFile, match="no header"):
        imported(written(tmp_path / "t.csv", "#,Your email,Answer,Submit Date (UTC)\na,a@b.c,42,2026-04-18 18:10:00\n"))
