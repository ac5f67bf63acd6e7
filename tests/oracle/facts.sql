-- From counted events to facts: "this counter moved by so much at this time" (docs/statistics.md, "Counters").
-- In: counted, polarity (of each distinct text).

-- A comment, whatever its versions: made at the time of the oldest, meant as the newest says. Of two versions at one
-- time the one that is not read (its polarity is NULL) counts, or the one with the larger polarity.
CREATE TABLE comment AS
SELECT campaign_id, influencer_id, any_value(post_id) AS post_id, min(at_ms) AS at_ms,
       arg_max({'polarity': p.polarity}, (at_ms, p.polarity IS NULL, coalesce(p.polarity, 0))).polarity AS polarity
FROM counted JOIN polarity p USING (text)
WHERE type = 'comment.created'
GROUP BY campaign_id, influencer_id, platform, comment_id;

-- Posts, by the platform that comes first among those their events name; several influencers may have one post.
CREATE TABLE post AS
SELECT campaign_id, influencer_id, post_id, min(platform) || chr(31) || post_id AS post
FROM counted WHERE type IN ('post.published', 'post.metrics', 'post.deleted')
GROUP BY campaign_id, influencer_id, post_id;

-- Cumulative values of a post, one row for each metric that a snapshot carries. A new post is a snapshot of zeros.
CREATE TABLE reading AS
SELECT campaign_id, influencer_id, post_id, at_ms, metric, value
FROM (
    UNPIVOT (
        SELECT campaign_id, influencer_id, post_id, at_ms,
               likes, comments AS reported_comments, shares, saves, views, reach
        FROM counted WHERE type = 'post.metrics'
    ) ON likes, reported_comments, shares, saves, views, reach INTO NAME metric VALUE value
)
UNION ALL
SELECT campaign_id, influencer_id, post_id, at_ms,
       unnest(['likes', 'reported_comments', 'shares', 'saves', 'views', 'reach']), 0
FROM counted WHERE type = 'post.published';

CREATE TABLE fact (
    campaign_id VARCHAR, influencer_id VARCHAR, at_ms BIGINT, total_only BOOLEAN, counter VARCHAR, change BIGINT,
    post VARCHAR DEFAULT NULL
);

INSERT INTO fact
SELECT campaign_id, influencer_id, at_ms, predecessor IS NULL, metric, value - coalesce(predecessor, 0), post
FROM (
    SELECT *, lag(value) OVER (
        PARTITION BY campaign_id, influencer_id, post_id, metric ORDER BY at_ms, value
    ) AS predecessor
    FROM reading
) JOIN post USING (campaign_id, influencer_id, post_id);

INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT campaign_id, influencer_id, at_ms, false,
       CASE WHEN lower(kind) IN ('like', 'likes', 'liked', 'favorite', 'favorites', 'favourite', 'favourites') THEN 'likes'
            WHEN lower(kind) IN ('share', 'shares', 'shared', 'repost', 'reposts', 'reposted', 'retweet', 'retweets')
                THEN 'shares'
            WHEN lower(kind) IN ('save', 'saves', 'saved', 'bookmark', 'bookmarks', 'bookmarked') THEN 'saves'
            WHEN lower(kind) IN ('view', 'views', 'viewed', 'play', 'plays', 'played') THEN 'views'
            ELSE 'other_reactions' END,
       coalesce(count, 1)
FROM counted WHERE type = 'post.reaction';

INSERT INTO fact
SELECT campaign_id, influencer_id, at_ms, false,
       CASE type WHEN 'post.published' THEN 'posts' WHEN 'post.deleted' THEN 'posts_deleted'
                 WHEN 'comment.deleted' THEN 'comments_deleted' END,
       1, if(type IN ('post.published', 'post.deleted'), post, NULL)
FROM counted LEFT JOIN post USING (campaign_id, influencer_id, post_id)
WHERE type IN ('post.published', 'post.deleted', 'comment.deleted');

INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT campaign_id, influencer_id, at_ms, false, 'comments', 1 FROM comment;

INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT campaign_id, influencer_id, at_ms, false,
       CASE type WHEN 'click' THEN 'clicks' WHEN 'signup' THEN 'signups' WHEN 'add_to_cart' THEN 'add_to_carts' END,
       1
FROM counted WHERE type IN ('click', 'signup', 'add_to_cart') AND NOT test;

INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT campaign_id, influencer_id, at_ms, false, 'purchases', orders FROM booked WHERE orders > 0
UNION ALL
SELECT campaign_id, influencer_id, at_ms, false, 'refunds', refunds FROM booked WHERE refunds > 0;

INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT campaign_id, influencer_id, at_ms, false, 'test_orders', 1
FROM counted WHERE test AND type IN ('purchase', 'refund');

INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT c.campaign_id, c.influencer_id, c.at_ms, false, 'entries', 1
FROM comment c JOIN giveaway_rule g USING (campaign_id)
WHERE c.at_ms >= g.opens_ms AND c.at_ms < g.closes_ms
  AND (NOT EXISTS (SELECT 1 FROM giveaway_post p WHERE p.campaign_id = c.campaign_id)
       OR EXISTS (SELECT 1 FROM giveaway_post p WHERE p.campaign_id = c.campaign_id AND p.post_id = c.post_id));

INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT campaign_id, influencer_id, at_ms, false,
       CASE WHEN polarity IS NULL THEN 'sentiment_unread'
            WHEN polarity > 0.05::DOUBLE THEN 'sentiment_positive'
            WHEN polarity < -0.05::DOUBLE THEN 'sentiment_negative'
            ELSE 'sentiment_neutral' END,
       1
FROM comment;

INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT campaign_id, influencer_id, at_ms, false, 'sentiment_micros', round_even(polarity * 1000000, 0)::BIGINT
FROM comment WHERE polarity IS NOT NULL;
