-- From sums to what is shown (docs/statistics.md, "Derived" and "Campaigns").
-- In: place, sums, people, money, followers, rate_card. Out: shown, shown_money, leaderboard, heading.

-- An integer of 10^-digits as decimal text, without trailing zeros after the point.
CREATE MACRO plain(scaled, digits, unit) AS
    if(scaled < 0, '-', '')
    || rtrim(rtrim((abs(scaled) // unit)::VARCHAR || '.' || lpad((abs(scaled) % unit)::VARCHAR, digits, '0'), '0'), '.');

-- A DECIMAL(38, 6) as an integer of millionths, exactly.
CREATE MACRO millionths(amount) AS replace(amount::DECIMAL(38, 6)::VARCHAR, '.', '')::HUGEINT;

-- Integer division, half to even. Both arguments are positive or zero.
CREATE MACRO divide_half_even(a, b) AS
    a // b + CASE WHEN 2 * (a % b) > b THEN 1
                  WHEN 2 * (a % b) = b THEN (a // b) % 2
                  ELSE 0 END;

CREATE TABLE base AS
SELECT p.*, f.followers, coalesce(u.unique_commenters, 0) AS unique_commenters,
       coalesce(COLUMNS(s.* EXCLUDE (level, campaign_id, influencer_id, span)), 0),
       coalesce(s.likes + s.comments + s.shares + s.saves, 0) AS engagements,
       coalesce(s.sentiment_positive + s.sentiment_neutral + s.sentiment_negative, 0) AS sample_size
FROM place p
LEFT JOIN sums s USING (level, campaign_id, influencer_id, span)
LEFT JOIN people u USING (level, campaign_id, influencer_id, span)
JOIN followers f USING (level, campaign_id, influencer_id);

CREATE TABLE shown AS
SELECT b.* EXCLUDE (followers),
       if(b.followers > 0, round(b.engagements::DOUBLE / b.followers, 9), NULL) AS engagement_rate_by_followers,
       if(b.reach > 0, round(b.engagements::DOUBLE / b.reach, 9), NULL) AS engagement_rate_by_reach,
       if(b.views > 0, round(b.engagements::DOUBLE / b.views, 9), NULL) AS engagement_rate_by_views,
       if(b.clicks > 0, round(b.purchases::DOUBLE / b.clicks, 9), NULL) AS conversion_rate_by_clicks,
       round(b.sentiment_micros / 1e6 / b.sample_size, 9) AS sentiment_mean,
       round(b.sentiment_positive::DOUBLE / b.sample_size, 9) AS positive_share,
       round(b.sentiment_neutral::DOUBLE / b.sample_size, 9) AS neutral_share,
       round(b.sentiment_negative::DOUBLE / b.sample_size, 9) AS negative_share,
       round((b.sentiment_positive - b.sentiment_negative)::DOUBLE / b.sample_size, 9) AS net,
       plain(
           1000 * (b.likes * millionths(r.like_rate) + b.comments * millionths(r.comment_rate)
                   + b.shares * millionths(r.share_rate) + b.saves * millionths(r.save_rate))
           + b.views * millionths(r.thousand_views_rate),
           9, 1000000000
       ) AS earned_media_value,
       r.currency AS rate_currency, r.dated AS rate_card_dated
FROM base b LEFT JOIN rate_card r USING (campaign_id);

CREATE TABLE shown_money AS
SELECT level, campaign_id, influencer_id, span, currency, orders, plain(millionths(revenue), 6, 1000000) AS revenue,
       refunds, plain(millionths(refunded), 6, 1000000) AS refunded,
       if(orders > 0, plain(divide_half_even(millionths(revenue), 100 * orders), 4, 10000), NULL)
           AS average_order_value
FROM money;

-- Who has no engagements is not listed.
CREATE TABLE leaderboard AS
SELECT i.campaign_id, i.span, i.influencer_id, i.engagements, i.comments,
       if(c.comments > 0, round(i.comments::DOUBLE / c.comments, 9), NULL) AS share_of_voice,
       row_number() OVER (PARTITION BY i.campaign_id, i.span ORDER BY i.engagements DESC, i.influencer_id) AS place
FROM shown i JOIN shown c USING (campaign_id, span)
WHERE i.level = 'influencer' AND c.level = 'campaign' AND i.engagements <> 0
QUALIFY place <= 50;

-- What stands above the windows. Without a definition the name of a campaign and handle and platform of an influencer
-- are not known, and empty.
CREATE TABLE campaign_heading AS
SELECT m.campaign_id, coalesce(d.name, '') AS name,
       count(*) FILTER (m.influencer_id <> '') AS influencers, any_value(f.followers) AS followers
FROM member m
LEFT JOIN campaign_definition d USING (campaign_id)
JOIN followers f ON f.level = 'campaign' AND f.campaign_id = m.campaign_id
GROUP BY ALL;

CREATE TABLE influencer_heading AS
SELECT m.campaign_id, m.influencer_id, coalesce(d.platform, '') AS platform, coalesce(d.handle, '') AS handle,
       f.followers
FROM member m
LEFT JOIN influencer_definition d USING (campaign_id, influencer_id)
JOIN followers f ON f.level = 'influencer' AND f.campaign_id = m.campaign_id AND f.influencer_id = m.influencer_id;
