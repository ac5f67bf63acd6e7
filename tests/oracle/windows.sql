-- From facts to sums: for every span, of every influencer (level 'influencer') and every campaign (level 'campaign').
-- In: fact, counted, moment, span. Out: place (the grid of all results), sums, people, money, followers.

CREATE TABLE member AS
SELECT campaign_id, influencer_id FROM counted
UNION
SELECT campaign_id, o.influencer_id FROM owner o JOIN counted c USING (line)
WHERE c.type IN ('purchase', 'refund') AND NOT c.test;

CREATE TABLE place AS
SELECT 'influencer' AS level, campaign_id, influencer_id, span FROM member, span
UNION ALL
SELECT 'campaign', campaign_id, '', span FROM (SELECT DISTINCT campaign_id FROM member), span;

-- Counters that platforms may take back.
CREATE MACRO correctable(counter) AS
    counter IN ('likes', 'shares', 'saves', 'views', 'reach', 'reported_comments');

CREATE TABLE sums AS
WITH held AS (
    SELECT f.campaign_id, f.influencer_id, f.post, s.span, f.counter, sum(f.change) AS change
    FROM fact f, span s, moment m
    WHERE holds(s.pane_ms, s.panes, f.at_ms, m.as_of_ms) AND (s.pane_ms IS NULL OR NOT f.total_only)
    GROUP BY ALL
),
-- A post of several influencers counts for each of them, and in the campaign once, with the largest of their numbers.
shared AS (SELECT campaign_id, post, count(*) AS owners FROM post GROUP BY ALL HAVING owners > 1),
largest AS (
    SELECT campaign_id, post, span, counter,
           if(count(*) < owners, greatest(max(change), 0), max(change)) AS change
    FROM held JOIN shared USING (campaign_id, post)
    GROUP BY campaign_id, post, span, counter, owners
),
netted AS (
    SELECT 'influencer' AS level, campaign_id, influencer_id, span, counter, sum(change) AS change
    FROM held GROUP BY ALL
    UNION ALL
    SELECT 'campaign', campaign_id, influencer_id, span, counter, sum(change)
    FROM held ANTI JOIN shared USING (campaign_id, post) GROUP BY ALL
    UNION ALL
    SELECT 'campaign', campaign_id, chr(31) || 'shared', span, counter, sum(change)
    FROM largest GROUP BY ALL
),
-- Nothing that is shown is negative: what was taken back is a number of its own.
visible AS (
    SELECT * FROM netted WHERE NOT correctable(counter)
    UNION ALL
    SELECT * REPLACE (greatest(change, 0) AS change) FROM netted WHERE correctable(counter)
    UNION ALL
    SELECT * REPLACE (greatest(-change, 0) AS change, 'corrections' AS counter) FROM netted WHERE correctable(counter)
),
both_levels AS (
    SELECT level, campaign_id, if(level = 'influencer', influencer_id, '') AS influencer_id, span, counter,
           sum(change) AS change
    FROM visible
    GROUP BY ALL
)
PIVOT both_levels
ON counter IN (
    'posts', 'posts_deleted', 'comments', 'comments_deleted', 'likes', 'shares', 'saves', 'views', 'reach',
    'reported_comments', 'other_reactions', 'clicks', 'signups', 'add_to_carts', 'purchases', 'refunds',
    'test_orders', 'entries', 'sentiment_positive', 'sentiment_neutral', 'sentiment_negative', 'sentiment_micros',
    'sentiment_unread',
    'corrections'
)
USING coalesce(sum(change), 0)::BIGINT
GROUP BY level, campaign_id, influencer_id, span;

-- Persons, counted one by one: a name is one person within its platform.
CREATE TABLE people AS
SELECT if(grouping(c.influencer_id) = 0, 'influencer', 'campaign') AS level, c.campaign_id,
       if(grouping(c.influencer_id) = 0, c.influencer_id, '') AS influencer_id, s.span,
       count(DISTINCT {'platform': c.platform, 'author_id': c.author_id}) AS unique_commenters
FROM counted c, span s, moment m
WHERE c.type = 'comment.created' AND holds(s.pane_ms, s.panes, c.at_ms, m.as_of_ms)
GROUP BY GROUPING SETS ((c.campaign_id, c.influencer_id, s.span), (c.campaign_id, s.span));

CREATE TABLE money AS
SELECT if(grouping(c.influencer_id) = 0, 'influencer', 'campaign') AS level, c.campaign_id,
       if(grouping(c.influencer_id) = 0, c.influencer_id, '') AS influencer_id, s.span, c.currency,
       sum(c.orders)::BIGINT AS orders,
       (sum(c.revenue_micros)::DECIMAL(30, 0) * 0.000001::DECIMAL(8, 6))::DECIMAL(38, 6) AS revenue,
       sum(c.refunds)::BIGINT AS refunds,
       (sum(c.refunded_micros)::DECIMAL(30, 0) * 0.000001::DECIMAL(8, 6))::DECIMAL(38, 6) AS refunded
FROM booked c, span s, moment m
WHERE holds(s.pane_ms, s.panes, c.at_ms, m.as_of_ms)
GROUP BY GROUPING SETS ((c.campaign_id, c.influencer_id, s.span, c.currency), (c.campaign_id, s.span, c.currency))
HAVING sum(c.orders) + sum(c.refunds) + sum(c.revenue_micros) + sum(c.refunded_micros) > 0;

CREATE TABLE followers AS
WITH newest AS (
    SELECT campaign_id, influencer_id, followers
    FROM counted
    WHERE type = 'post.metrics' AND followers IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY campaign_id, influencer_id ORDER BY at_ms DESC, followers DESC) = 1
),
known AS (
    SELECT m.campaign_id, m.influencer_id, coalesce(n.followers, d.followers) AS followers
    FROM member m
    LEFT JOIN newest n USING (campaign_id, influencer_id)
    LEFT JOIN influencer_definition d USING (campaign_id, influencer_id)
)
SELECT 'influencer' AS level, campaign_id, influencer_id, followers FROM known
UNION ALL
SELECT 'campaign', campaign_id, '', sum(followers)::BIGINT FROM known GROUP BY campaign_id;
