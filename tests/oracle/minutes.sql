-- From facts to counts by minute (docs/history.md). In: fact, counted, order_event, booked. Out: minute_count.

-- Reactions that came one by one.
INSERT INTO fact (campaign_id, influencer_id, at_ms, total_only, counter, change)
SELECT campaign_id, influencer_id, at_ms, false, 'reactions', 1
FROM counted
WHERE type = 'post.reaction' AND coalesce(count, 1) = 1
  AND lower(kind) IN ('like', 'likes', 'liked', 'favorite', 'favorites', 'favourite', 'favourites', 'share', 'shares',
                      'shared', 'repost', 'reposts', 'reposted', 'retweet', 'retweets', 'save', 'saves', 'saved',
                      'bookmark', 'bookmarks', 'bookmarked');

CREATE TABLE minute_count AS
WITH named AS (
    SELECT campaign_id, influencer_id, at_ms // 60000 * 60000 AS starts_at_ms, change,
           unnest(CASE counter WHEN 'comments' THEN ['comments', 'engagements']
                               WHEN 'reactions' THEN ['engagements']
                               WHEN 'sentiment_positive' THEN ['positive']
                               WHEN 'sentiment_neutral' THEN ['neutral']
                               WHEN 'sentiment_negative' THEN ['negative']
                               ELSE [counter] END) AS name
    FROM fact
    WHERE counter IN ('comments', 'reactions', 'entries', 'clicks', 'purchases', 'sentiment_positive',
                      'sentiment_neutral', 'sentiment_negative')
)
SELECT campaign_id, influencer_id, starts_at_ms, name, sum(change)::BIGINT AS count
FROM named
GROUP BY GROUPING SETS ((campaign_id, influencer_id, starts_at_ms, name), (campaign_id, starts_at_ms, name))
HAVING sum(change) <> 0;
