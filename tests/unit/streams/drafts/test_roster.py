"""Rosters: which columns name whom, however a tool calls them."""

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
