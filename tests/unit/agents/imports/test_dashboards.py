"""Exports of the dashboards of platforms and shops: known by their public headers, read as each means them."""

from pathlib import Path

import pytest

from tests.unit.agents.imports.exports import imported, written

STRIPE = (
    "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,Converted Currency,"
    "Refunded date (UTC),Status,Seller Message,Customer ID,PaymentIntent ID,discount_code (metadata)\n"
)
META = (
    "Post ID,Account ID,Account username,Description,Duration (sec),Publish time,Permalink,Post type,Data comment,Date,"
    "Views,Reach,Likes,Shares,Follows,Comments,Saves\n"
)
STUDIO = "Content,Video title,Video publish time,Duration,Views,Watch time (hours),Likes,Comments added,Shares\n"


def test_payments_of_stripe(tmp_path: Path) -> None:
    """What was charged counts, not what was converted; by PaymentIntent; a refund at its own time; all in UTC."""
    text = STRIPE + (
        "ch_1,2026-04-18 16:02:11,50.00,0.00,eur,true,55.00,usd,,Paid,Payment complete.,cus_1,pi_1,ANASPRING\n"
        'ch_2,2026-04-18 16:03:00,"1,080.00",80.00,eur,true,99.00,usd,2026-04-19 09:00:00,Paid,,cus_2,pi_2,BRUNO15\n'
        "ch_3,2026-04-18 16:04:00,30.00,30.00,eur,true,33.00,usd,2026-04-19 10:00:00,Refunded,,cus_2,,BRUNO15\n"
        "ch_4,2026-04-18 16:05:00,30.00,0.00,eur,false,,,,Failed,The bank declined.,cus_4,pi_4,\n"
        "ch_5,2026-04-18 16:06:00,30.00,0.00,eur,false,,,,Uncaptured,,cus_4,pi_5,\n"
        "pi_6,2026-04-18 16:07:00,30.00,0.00,eur,false,,,,requires_payment_method,,cus_4,pi_6,\n"
        "ch_7,2026-04-18 16:08:00,900,0,jpy,true,6,usd,,Paid,,cus_4,pi_7,BRUNO15\n"
    )
    events, refused, report = imported(written(tmp_path / "payments.csv", text), zone=None)
    assert not refused
    assert sum(report.skipped.values()) == 3
    said = [
        (each["event_id"], each["occurred_at"], each["amount"], each["currency"], each.get("influencer_id"))
        for each in events
    ]
    assert said == [
        ("stripe-main:order:pi_1", "2026-04-18T16:02:11Z", "50.00", "EUR", "ana"),
        ("stripe-main:order:pi_2", "2026-04-18T16:03:00Z", "1080.00", "EUR", "bruno"),
        ("stripe-main:refund:pi_2:80.00", "2026-04-19T09:00:00Z", "80.00", "EUR", "bruno"),
        ("stripe-main:order:ch_3", "2026-04-18T16:04:00Z", "30.00", "EUR", "bruno"),
        ("stripe-main:refund:ch_3:30.00", "2026-04-19T10:00:00Z", "30.00", "EUR", "bruno"),
        ("stripe-main:order:pi_7", "2026-04-18T16:08:00Z", "900", "JPY", "bruno"),
    ]


def test_older_payments_of_stripe(tmp_path: Path) -> None:
    """The header of before is read as well, and payments of its test mode are marked."""
    text = (
        "id,Description,Seller Message,Created (UTC),Amount,Amount Refunded,Currency,Converted Amount,Mode,Status\n"
        "ch_1,One,Payment complete.,2026-04-18 16:02,50.00,0.00,eur,50.00,Live,Paid\n"
        "ch_2,Two,Payment complete.,2026-04-18 16:02,60.00,0.00,eur,60.00,Test,Paid\n"
    )
    events, refused, _ = imported(written(tmp_path / "payments.csv", text), zone=None)
    assert not refused
    assert [(each["order_id"], each.get("test", False)) for each in events] == [("ch_1", False), ("ch_2", True)]


def test_contents_of_meta(tmp_path: Path) -> None:
    """Lifetime numbers count, those of single days do not; a page's posts are of the influencer of its account."""
    instagram = written(
        tmp_path / "ig.csv",
        META + '1801,1784,ana.at.home,"Win, with me\n#spring",0,04/18/2026 07:08,https://www.instagram.com/p/DxAb123/,'
        'IG image,,Lifetime,"1,600",450,53,3,1,22,4\n'
        "1802,1784,ana.at.home,Reel,32,04/18/2026 07:08,https://www.instagram.com/reel/DxAb124/,"
        "IG reel,,Lifetime,,640,40,,0,3,12\n"
        "1801,1784,ana.at.home,Day,0,04/18/2026 07:08,https://www.instagram.com/p/DxAb123/,"
        "IG image,,04/18/2026,9,9,9,9,9,9,9\n",
    )
    events, refused, report = imported(instagram)
    assert (refused, dict(report.skipped)) == ([], {"numbers of single days": 1})
    counts = [
        {name: each.get(name) for name in ("post_id", "influencer_id", "views", "comments", "saves")} for each in events
    ]
    assert counts == [
        {"post_id": "1801", "influencer_id": "ana", "views": 1600, "comments": 22, "saves": 4},
        {"post_id": "1802", "influencer_id": "ana", "views": None, "comments": 3, "saves": 12},
    ]


def test_contents_of_youtube_studio(tmp_path: Path) -> None:
    """`Content` is the video's id, a blank before its dash none of it; the row of totals is no video."""
    text = STUDIO + (
        "Total,,,,2100,10.5,60,7,3\n"
        'dQw4w9WgXcQ,"My short, with comma","Apr 20, 2026",45,1000,0.5,10,2,1\n'
        ' -abcDEF1234,Long one,"Apr 22, 2026",600,"1,100",10,50,5,2\n'
    )
    events, refused, report = imported(written(tmp_path / "Table data.csv", text))
    assert (refused, dict(report.skipped)) == ([], {"totals": 1})
    assert [(each["post_id"], each["platform"], each["views"], each["comments"]) for each in events] == [
        ("dQw4w9WgXcQ", "youtube", 1000, 2),
        ("-abcDEF1234", "youtube", 1100, 5),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Date,Content,Video title,Video publish time,Duration,Views\n2026-04-18,abcdefghijk,x,x,3600,10\n",
        "Date,Views,Watch time (hours),Subscribers\n2026-04-18,500,20,10\n",
        "Datum,Videos,Videotitel,Veröffentlichungszeitpunkt des Videos,Dauer,Aufrufe\n"
        "2026-04-18,abcdefghijk,x,x,3600,10\n",
    ],
)
def test_days_of_youtube_studio(tmp_path: Path, text: str) -> None:
    """A chart's numbers of single days are recognised and not taken for lifetime counts."""
    events, refused, report = imported(written(tmp_path / "Chart data.csv", text))
    assert (events, refused) == ([], [])
    assert dict(report.skipped) == {"rows of YouTube Studio: numbers of days": 1}


def test_contents_of_tiktok_studio(tmp_path: Path) -> None:
    """The video's address has its id and its owner."""
    text = (
        "Video title,Video link,Post time,Total likes,Total comments,Total shares,Total views,Add to favorites\n"
        "Party,https://www.tiktok.com/@bruno_athome/video/7400000000000000001?lang=en,2026-04-18 19:05,"
        '1.2K,48,31,"18,400",40\n'
    )
    (event,), refused, _ = imported(written(tmp_path / "content.csv", text))
    assert not refused
    names = ("post_id", "influencer_id", "likes", "comments", "shares", "views", "saves")
    assert [event[name] for name in names] == ["7400000000000000001", "bruno", 1200, 48, 31, 18400, 40]


@pytest.mark.parametrize(
    ("header", "time"),
    [
        ("Timestamp,Email Address,Your Instagram handle", "2026/04/18 5:00:00 PM GMT+2"),
        ("Timestamp,Email Address,Your Instagram handle", "4/18/2026 17:00:00"),
        ("Zeitstempel,E-Mail-Adresse,Dein Instagram-Name", "18.04.2026 17:00:00"),
        ("Horodateur,Adresse e-mail,Ton compte", "18/04/2026 17:00:00"),
    ],
)
def test_responses_of_google_forms(tmp_path: Path, header: str, time: str) -> None:
    """Collected addresses are people's pseudonyms; who left none is refused."""
    text = f"{header}\n{time},mia@example.com,@mia\n{time},,@noone\n"
    events, refused, _ = imported(written(tmp_path / "responses.csv", text))
    assert [(each["type"], each["platform"], each["occurred_at"]) for each in events] == [
        ("signup", "form", "2026-04-18T15:00:00Z")
    ]
    assert [each.line for each in refused] == [3]
    assert "mia" not in str(events)


def test_orders_of_etsy(tmp_path: Path) -> None:
    """They are no WooCommerce shop's, though both have a status, a total and a coupon."""
    text = (
        "Sale Date,Order ID,Buyer User ID,Currency,Order Value,Coupon Code,Sales Tax,Order Total,Status,Order Net\n"
        "04/18/26,3001,mia,EUR,40.00,ANASPRING,0,41.00,Completed,40\n"
    )
    (event,), refused, _ = imported(written(tmp_path / "EtsySoldOrders.csv", text))
    assert not refused
    assert (event["event_id"], event["amount"], event["influencer_id"]) == ("etsy:order:3001", "41.00", "ana")


def test_raw_columns_of_woocommerce(tmp_path: Path) -> None:
    """A plugin's export with the names of the REST API, in the shop's local time."""
    text = (
        "id,parent_id,status,currency,date_created,date_paid,total,coupon_lines,line_items\n"
        "701,0,processing,EUR,2026-04-18T18:00:00,2026-04-18T18:01:00,45.00,anaspring,Lamp x 1\n"
        "702,0,cancelled,EUR,2026-04-18T18:00:00,,45.00,,Lamp x 1\n"
    )
    (event,), refused, _ = imported(written(tmp_path / "orders.csv", text))
    assert not refused
    assert (event["event_id"], event["occurred_at"]) == ("woocommerce-main:order:701", "2026-04-18T16:01:00Z")


def test_lines_without_their_order_are_said_to_be(tmp_path: Path) -> None:
    """Shopify writes `Created at` on every line of an order: a line whose first one is elsewhere is no order."""
    text = (
        "Name,Financial Status,Total,Currency,Created at,Lineitem name,Id\n"
        "#1001,paid,50.00,EUR,2026-04-18 18:00:00 +0200,Lamp,5500000000001\n"
        "#1001,,,,2026-04-18 18:00:00 +0200,Candle,\n"
        "#1002,,,,2026-04-18 18:00:00 +0200,Candle,\n"
    )
    events, refused, _ = imported(written(tmp_path / "orders.csv", text))
    assert [each["amount"] for each in events] == ["50.00"]
    assert [(each.line, each.reason.partition(":")[0]) for each in refused] == [
        (4, "the first line of order #1002 is missing")
    ]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("author,comment,date,likes,replies,post_url,comment_id", "mia,@tom,DATE,0,0,POST,ID"),
        ("Comment ID,Post URL,Comment Username,Comment Text,Date Posted,Replies", "ID,POST,mia,@tom,DATE,0"),
    ],
)
def test_comments_with_likes_and_replies_are_comments(tmp_path: Path, header: str, row: str) -> None:
    """`replies` beside likes and an address makes no table of posts of what has a text and an author."""
    address = "https://www.instagram.com/p/DxAb/"
    row = row.replace("ID", "17900000000000001").replace("POST", address).replace("DATE", "2026-04-18 18:04:05")
    (event,), refused, _ = imported(written(tmp_path / "comments.csv", f"{header}\n{row}\n"))
    assert not refused
    assert (event["type"], event["author_id"], event["text"]) == ("comment.created", "mia", "@tom")
