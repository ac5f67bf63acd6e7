"""What the read API answers: campaigns, influencers, leaderboards, giveaways."""

from gateway.api.asking import Question, paged
from gateway.numbers.answers import (
    BoardAnswer,
    BoardMetric,
    CampaignAnswer,
    CampaignPage,
    GiveawayAnswer,
    InfluencerAnswer,
    InfluencerPage,
    StatusAnswer,
)
from models.rollups import WindowName


async def campaigns(question: Question) -> CampaignPage:
    """Return the campaigns that the key knows of."""
    ids = [each for each in await question.views.campaign_ids() if question.key.knows_of(each)]
    page, behind = paged(ids, question.cursor(), question.limit)
    return CampaignPage(campaigns=[question.views.card(each) for each in page], next=behind)


async def campaign(question: Question) -> CampaignAnswer:
    """Return one campaign."""
    return await question.views.campaign(await question.whole_campaign_id(), question.key, question.windows())


async def influencers(question: Question) -> InfluencerPage:
    """Return the influencers of a campaign that the key sees; the unattributed one has the empty id."""
    campaign_id, key = await question.campaign_id(), question.key
    ids = await question.views.reader.influencer_ids(campaign_id)
    seen = [each for each in ids if key.sees_creator(campaign_id, each)]
    page, behind = paged(seen, question.cursor(), question.limit)
    found = await question.views.influencers(campaign_id, key, page, question.windows())
    return InfluencerPage(influencers=found, next=behind)


async def influencer(question: Question) -> InfluencerAnswer | None:
    """Return one influencer."""
    campaign_id = await question.campaign_id()
    influencer_id: str = question.request.path_params["influencer"]
    question.see_creator(campaign_id, influencer_id)
    return await question.views.influencer(campaign_id, question.key, influencer_id, question.windows())


async def leaderboard(question: Question) -> BoardAnswer:
    """Return a leaderboard."""
    campaign_id = await question.whole_campaign_id()
    window: WindowName = question.choice("window", WindowName, "total")
    metric: BoardMetric = question.choice("metric", BoardMetric, "engagements")
    return await question.views.board(campaign_id, window, metric, question.limit)


async def giveaway(question: Question) -> GiveawayAnswer:
    """Return the giveaway, or a creator's share in it."""
    campaign_id, influencer_id = await question.owner()
    return await question.views.giveaway(campaign_id, question.key, influencer_id or "")


async def status(question: Question) -> StatusAnswer:
    """Return how fresh the numbers are."""
    return StatusAnswer(freshness=question.numbers.hub.freshness.now, at_ms=question.now_ms)
