"""Addresses of comments: made where a platform has them, of ids that are ids, and nothing else."""

import pytest

from streams.giveaway.comment_links import link_of


@pytest.mark.parametrize(
    ("platform", "post", "comment", "expected"),
    [
        ("youtube", "dQw4w9WgXcQ", "Ugx_a-B", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ugx_a-B"),
        ("YouTube", "dQw4w9WgXcQ", "Ugx_a-B", "https://www.youtube.com/watch?v=dQw4w9WgXcQ&lc=Ugx_a-B"),
        ("x", "1", "1777", "https://x.com/i/status/1777"),
        ("facebook", "12_34", "56", "https://www.facebook.com/12_34?comment_id=56"),
        ("instagram", "CrAbCdEfGhI", "178", "https://www.instagram.com/p/CrAbCdEfGhI/c/178/"),
        # 3 x 64^10 + 1: the digits D, ten A but the last, B.
        ("instagram", str(3 * 64**10 + 1), "178", "https://www.instagram.com/p/DAAAAAAAAAB/c/178/"),
        ("instagram", f"{3 * 64**10 + 1}_99", "178", "https://www.instagram.com/p/DAAAAAAAAAB/c/178/"),
        ("tiktok", "1", "2", ""),
        ("x", "1", "abc", ""),
        ("youtube", "a&b=c", "x", ""),
        ("youtube", "a", "x\n", ""),
        ("instagram", "javascript:x", "1", ""),
        ("", "a", "1", ""),
    ],
)
def test_links(platform: str, post: str, comment: str, expected: str) -> None:
    """By platform, in any case; ids with other characters give no address."""
    assert link_of(platform, post, comment) == expected
