"""What addresses say."""

import pytest

from streams.imports.links import NO_LINK, Link, link_of, platform_of, platform_of_id


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://www.instagram.com/p/DxAb/", Link("instagram", post_id="DxAb")),
        ("instagram.com/ana.at.home/reel/DxAb", Link("instagram", "ana.at.home", "DxAb")),
        ("https://www.instagram.com/p/DxAb/c/179/", Link("instagram", post_id="DxAb", comment_id="179")),
        (
            "https://www.instagram.com/p/DxAb/c/179/r/180/",
            Link("instagram", post_id="DxAb", comment_id="180", parent_id="179"),
        ),
        ("https://www.instagram.com/ana.at.home/", Link("instagram", "ana.at.home")),
        ("https://www.tiktok.com/@bruno/video/72?is_from=x", Link("tiktok", "bruno", "72")),
        ("https://youtu.be/vid1?t=3", Link("youtube", post_id="vid1")),
        ("https://www.youtube.com/watch?v=vid1&lc=Ugx", Link("youtube", post_id="vid1", comment_id="Ugx")),
        ("https://www.youtube.com/watch?v=vid1&lc=Ugx.9a", Link("youtube", "", "vid1", "Ugx.9a", "Ugx")),
        ("https://www.youtube.com/channel/UCfan", Link("youtube", channel_id="UCfan")),
        ("https://x.com/ana_x/status/2080", Link("x", "ana_x", "2080")),
        ("https://twitter.com/i/status/2080", Link("x", "", "2080")),
        ('=HYPERLINK("https://youtu.be/vid1","open")', Link("youtube", post_id="vid1")),
        ("https://shop.example/p/serum", NO_LINK),
        ("http://[broken", NO_LINK),
        ("no link", NO_LINK),
        ("", NO_LINK),
    ],
)
def test_links(text: str, link: Link) -> None:
    """An address gives the platform, the owner and the ids in it, and nothing where it is another one."""
    assert link_of(text) == link


def test_platforms() -> None:
    """Tools' names of platforms become those of our events; ids of comments may show theirs."""
    assert [platform_of(name) for name in ("Instagram Business", "TikTok Business", "X (Twitter)", "X", "FB", "")] == [
        "instagram",
        "tiktok",
        "x",
        "x",
        "facebook",
        "",
    ]
    assert platform_of_id("17900000000000001") == "instagram"
    assert platform_of_id("7247303576418566913") == "tiktok"
    assert platform_of_id("UgxPulse000000000000000001.9abc") == "youtube"
    assert platform_of_id("12") == ""
