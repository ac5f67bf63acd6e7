-- What events say of each post (docs/report.md). In: counted. Out: shown_post.

CREATE TABLE post_reading AS
SELECT campaign_id, platform, influencer_id, post_id, metric, arg_max(value, (at_ms, value)) AS value
FROM (
    UNPIVOT (
        SELECT campaign_id, platform, influencer_id, post_id, at_ms, likes, comments, shares, saves, views
        FROM counted WHERE type = 'post.metrics'
    ) ON likes, comments, shares, saves, views INTO NAME metric VALUE value
)
GROUP BY ALL;

CREATE TABLE post_value AS
PIVOT post_reading ON metric IN ('likes', 'comments', 'shares', 'saves', 'views') USING any_value(value);

-- Comments that are there: each once, without those that were deleted.
CREATE TABLE post_comment AS
SELECT campaign_id, platform, influencer_id, post_id, count(DISTINCT comment_id) AS counted
FROM counted c
WHERE type = 'comment.created'
  AND NOT EXISTS (
      SELECT 1 FROM counted d
      WHERE d.type = 'comment.deleted' AND d.campaign_id = c.campaign_id AND d.platform = c.platform
        AND d.comment_id = c.comment_id
  )
GROUP BY ALL;

CREATE TABLE post_reactions AS
SELECT campaign_id, platform, influencer_id, post_id, sum(coalesce(count, 1))::BIGINT AS reactions
FROM counted WHERE type = 'post.reaction' GROUP BY ALL;

CREATE TABLE shown_post AS
SELECT *, comments + coalesce(likes, 0) + coalesce(shares, 0) + coalesce(saves, 0) AS engagements
FROM (
    SELECT p.campaign_id, p.platform, p.influencer_id, p.post_id, coalesce(v.likes, r.reactions) AS likes,
           greatest(coalesce(v.comments, 0), coalesce(c.counted, 0)) AS comments, v.shares, v.saves, v.views
    FROM (SELECT DISTINCT campaign_id, platform, influencer_id, post_id FROM counted WHERE topic <> 'conversions' AND post_id IS NOT NULL) p
    LEFT JOIN post_value v USING (campaign_id, platform, influencer_id, post_id)
    LEFT JOIN post_comment c USING (campaign_id, platform, influencer_id, post_id)
    LEFT JOIN post_reactions r USING (campaign_id, platform, influencer_id, post_id)
);
