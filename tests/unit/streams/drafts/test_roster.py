"""Rosters: which columns name whom, however a tool calls them."""

from decimal import Decimal

import pytest

from streams.drafts.roster import RosterInfluencer, is_roster, read_roster


def read(table: str, platform: str = "") -> tuple[list[tuple[str, str, str]], list[tuple[int, str]]]:
    """Read a table of lines with commas; return id, handle and platform of each, and lines left out with reasons."""
    header, *lines = [line.split(",") for line in table.strip().splitlines()]
    found, refused = read_roster(header, enumerate(lines, start=2), platform)
    people = [(each.influencer_id, each.handle, each.platform) for each in found]
    return people, [(row.line, row.reason) for row in refused]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (  # an Upfluence list
            "influencer_id,media_url,profile_name,first_name,last_name,phone_number,email\n"
            ",https://www.instagram.com/ana.at.home/,ana.at.home,Ana,Example,,ana@example.com\n"
            ",https://www.youtube.com/@ben-cooks,ben-cooks,Ben,Example,,",
            [("ana-at-home", "@ana.at.home", "instagram"), ("ben-cooks", "@ben-cooks", "youtube")],
        ),
        (  # members from Aspire: a column for each platform
            "ID,Name,Email,Instagram,TikTok,YouTube,Projects\n"
            "8f1e,Ana,ana@example.com,https://www.instagram.com/ana.at.home/,@ana_tt,,Spring\n"
            "8f1f,Ben,,,,https://youtube.com/channel/UC1234,Spring",
            [
                ("ana-at-home", "@ana.at.home", "instagram"),
                ("ana-tt", "@ana_tt", "tiktok"),
                ("uc1234", "@UC1234", "youtube"),
            ],
        ),
        (  # Traackr's: addresses in columns of platforms
            "Name,Instagram URL,Instagram Followers,Tik Tok URL,Tags\nAna,instagram.com/ana,12K,tiktok.com/@ana,x",
            [("ana", "@ana", "instagram"), ("ana-tiktok", "@ana", "tiktok")],
        ),
        (  # names beside a platform only
            "Influencer,Platform,Likes\nAna Müller,Instagram,5\nAna Müller,Instagram,7",
            [("ana-muller", "@ana.muller", "instagram")],
        ),
        (  # one's own
            "Handle;Network".replace(";", ",") + "\n@mia,twitter\ninstagram/@leo,\n@mia,X",
            [("mia", "@mia", "x"), ("leo", "@leo", "instagram")],
        ),
    ],
    ids=["upfluence", "aspire", "traackr", "names", "own"],
)
def test_profiles_of_the_rosters_that_tools_export(table: str, expected: list[tuple[str, str, str]]) -> None:
    """Each profile is one influencer, once, with an id that people can read and no other has."""
    assert read(table) == (expected, [])


def test_followers_and_codes_come_with_the_profile() -> None:
    """Numbers as tools write them; a person's codes are those of the first profile, for a code belongs to one."""
    header = ("Name", "Instagram Handle", "Instagram Followers", "TikTok", "TikTok Followers", "Promo Code")
    row = ("Ana", "@ana", "12.3K", "ana_tt", "1,200", "ANA10, ana20")
    found, refused = read_roster(header, [(2, row)])
    assert refused == []
    assert found == [
        RosterInfluencer(
            influencer_id="ana", handle="@ana", platform="instagram", followers=12_300, codes=("ANA10", "ana20")
        ),
        RosterInfluencer(influencer_id="ana-tt", handle="@ana_tt", platform="tiktok", followers=1_200),
    ]


def test_rows_that_name_nobody_are_told() -> None:
    """With their line and reason; blank rows are nobody's; the rest is read."""
    table = "handle,platform,code\n,,\n,instagram,\nana,,\nben and co,tiktok,\nmia,tiktok,M1\nleo,tiktok,m1"
    people, refused = read(table)
    assert people == [("mia", "@mia", "tiktok")]
    assert refused == [
        (3, "names no profile"),
        (4, "says no platform: say which with --platform"),
        (5, "handle 'ben and co' is no profile"),
        (7, "code 'm1' is 'mia''s already"),
    ]
    assert read("handle\nana", platform="twitch")[0] == [("ana", "@ana", "twitch")]


def test_other_tables_are_no_rosters() -> None:
    """Comments and numbers name no profile of an influencer; a single column is no table."""
    for header in (("comment_id", "text", "created_at"), ("Date", "Impressions"), ("Name", "Email"), ("handle",)):
        assert not is_roster(header), header
    assert is_roster(("Profile URL", "Email"))


def test_cells_that_say_nothing_are_no_profiles() -> None:
    """Nobody is @- or @none; a cell that is no profile costs itself and not the person's others; totals are nobody."""
    table = (
        "Name,Instagram,TikTok,YouTube\nAna,@ana,-,n/a\nBen,none,ben.tt,\n"
        "Cem,instagram.com/p/Cabc/,cem.tt,\nTotal,3,2,1"
    )
    assert read(table) == (
        [("ana", "@ana", "instagram"), ("ben-tt", "@ben.tt", "tiktok"), ("cem-tt", "@cem.tt", "tiktok")],
        [(4, "Instagram 'instagram.com/p/Cabc/' is no profile")],
    )


def test_a_profile_that_stands_there_twice_has_the_codes_of_both() -> None:
    """In any spelling; a platform is known with a blank in its name."""
    header = ("handle", "platform", "code")
    rows = [("@ana", "Tik Tok", "ANA10"), ("https://www.tiktok.com/@ANA?lang=de", "tiktok", "ana10, ANA15")]
    found, refused = read_roster(header, enumerate(rows, start=2))
    assert refused == []
    assert [(each.handle, each.platform, each.codes) for each in found] == [("@ana", "tiktok", ("ANA10", "ANA15"))]


@pytest.mark.parametrize(
    ("header", "cell", "amount", "currency"),
    [
        ("Fee", "1.000 EUR", "1000", "EUR"),
        ("Fee", "€ 1,500.50", "1500.50", "EUR"),
        ("Fee", "1'000 CHF", "1000", "CHF"),
        ("Fee", "1.5k USD", "1500", "USD"),
        ("Fee", "2.500,00", "2500.00", "EUR"),
        ("Honorar", "750", "750", "EUR"),
        ("Fee (GBP)", "1,000", "1000", "GBP"),
        ("Fee", "$500", "500", "USD"),
    ],
)
def test_fees_as_people_write_them(header: str, cell: str, amount: str, currency: str) -> None:
    """A mark before three digits parts thousands; the cell's currency goes before the header's and the campaign's."""
    default = "USD" if cell.startswith("$") else "EUR"
    (ana,), refused = read_roster(("handle", "platform", header), [(2, ("ana", "tiktok", cell))], currency=default)
    assert refused == []
    assert ana.fee == (Decimal(amount), currency)


def test_fees_that_are_none() -> None:
    """Words and losses are told and cost nobody their place; a fee is the person's, and of the first profile."""
    header = ("Name", "Instagram", "TikTok", "Fee")
    rows = [("Ana", "ana", "ana.tt", "300 EUR"), ("Ben", "ben", "", "TBD"), ("Cem", "cem", "", "-5 EUR")]
    found, refused = read_roster(header, enumerate([*rows, ("Dan", "dan", "", "-"), ("Ana", "ana", "", "400 EUR")]))
    assert [each.handle for each in found] == ["@ana", "@ana.tt", "@ben", "@cem", "@dan"]
    assert [each.fee for each in found] == [(Decimal(300), "EUR"), None, None, None, None]
    assert [(row.line, row.reason) for row in refused] == [
        (1, "Fee 'TBD': no amount of money"),
        (2, "Fee '-5 EUR': less than nothing"),
        (4, "fee 400 EUR: @ana has 300 EUR already"),
    ]
