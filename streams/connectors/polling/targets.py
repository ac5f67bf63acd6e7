"""What the campaigns that run have to be asked for: their posts, accounts and chats."""

from collections.abc import Iterable

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.times import HOUR_MS, epoch_ms
from streams.connectors.placing import GRACE_MS
from streams.connectors.polling.asking import Chat, Post, Targets

_EARLY_MS = HOUR_MS


def targets_of(definitions: Iterable[CampaignDefinition], now_ms: int, only: str = "") -> Targets:
    """Return what is to be asked for now.

    Args:
        definitions: in force.
        now_ms: the clock. A campaign runs from an hour before its start until two days after its end.
        only: an influencer id; where a campaign has one of that name, theirs alone is asked for. So a source is called
            ``tiktok-ana`` whose token is ana's.
    """
    running = [each for each in definitions if _runs(each, now_ms)]
    named = {member.influencer_id for each in running for member in each.influencers}
    posts: dict[str, dict[str, Post]] = {}
    accounts: dict[str, dict[str, Post]] = {}
    chats: dict[str, Chat] = {}
    for campaign in running:
        starts_ms, ends_ms = epoch_ms(campaign.starts_at), epoch_ms(campaign.ends_at)
        moments = [starts_ms, ends_ms]
        if campaign.giveaway is not None:
            moments += [campaign.giveaway.opens_ms, campaign.giveaway.closes_ms]
        for member in campaign.influencers:
            if only in named and member.influencer_id != only:
                continue
            for platform, several in member.posts.items():
                owner = _account(member, platform)
                for post_id in several:
                    _keep(posts.setdefault(platform.lower(), {}), Post(post_id, owner, starts_ms, tuple(moments)))
            for platform, several in member.accounts.items():
                for account in several:
                    made = Post("", account, starts_ms, tuple(moments))
                    accounts.setdefault(platform.lower(), {}).setdefault(account, made)
            for chat_id, video_id in member.live_chats.items():
                chats[chat_id] = Chat(chat_id, video_id, ends_ms)
    return Targets(
        posts={platform: list(several.values()) for platform, several in posts.items()},
        accounts={platform: list(several.values()) for platform, several in accounts.items()},
        chats=list(chats.values()),
        since_ms=min((epoch_ms(each.starts_at) for each in running), default=now_ms),
        is_running=bool(running),
    )


def _runs(campaign: CampaignDefinition, now_ms: int) -> bool:
    return epoch_ms(campaign.starts_at) - _EARLY_MS <= now_ms < epoch_ms(campaign.ends_at) + GRACE_MS


def _account(member: InfluencerDefinition, platform: str) -> str | None:
    several = member.accounts.get(platform, ())
    return several[0] if several else None


def _keep(posts: dict[str, Post], post: Post) -> None:
    """Keep a post; one that several campaigns list is asked for since the first of them."""
    known = posts.get(post.post_id)
    if known is not None:
        post = Post(
            post.post_id,
            known.account or post.account,
            min(known.since_ms, post.since_ms),
            (*known.moments, *post.moments),
        )
    posts[post.post_id] = post
