-- The giveaways (docs/giveaway.md). In: accepted, counted, giveaway_rule, giveaway_post, giveaway_country,
-- refused_account, refused_id, no_friend, required_account, discount_code, comment_text, mention, local_day, account,
-- comment_hash, moment.

-- Every version of every comment on a giveaway post.
CREATE TABLE version AS
SELECT a.line, a.campaign_id, a.platform, a.comment_id, a.influencer_id, a.author_id, a.text, a.at_ms,
       coalesce(nullif(a.author_handle, ''), a.author_id) AS shown_name, nullif(a.country, '') AS country,
       coalesce(a.parent_id, '') <> '' AS is_reply
FROM accepted a JOIN giveaway_rule g USING (campaign_id)
WHERE a.type = 'comment.created'
  AND (NOT EXISTS (SELECT 1 FROM giveaway_post p WHERE p.campaign_id = a.campaign_id)
       OR EXISTS (SELECT 1 FROM giveaway_post p WHERE p.campaign_id = a.campaign_id AND p.post_id = a.post_id));

CREATE TABLE entry AS
SELECT v.*, min(v.at_ms) OVER same AS entered_ms, h.hash,
       EXISTS (SELECT 1 FROM accepted d
               WHERE d.type = 'comment.deleted' AND d.campaign_id = v.campaign_id
                 AND d.platform = v.platform AND d.comment_id = v.comment_id) AS withdrawn
FROM version v JOIN giveaway_rule g USING (campaign_id) JOIN comment_hash h USING (platform, comment_id)
WINDOW same AS (PARTITION BY v.campaign_id, v.platform, v.comment_id)
QUALIFY row_number() OVER (
    PARTITION BY v.campaign_id, v.platform, v.comment_id
    ORDER BY v.at_ms >= g.closes_ms, CASE WHEN v.at_ms < g.closes_ms THEN -v.at_ms ELSE v.at_ms END, v.line
) = 1;

-- Whom an entry tags: not its author, nor accounts that are no friends of anybody's.
CREATE TABLE friend AS
SELECT e.line, m.position, m.handle
FROM entry e
JOIN mention m USING (text, platform)
JOIN account a ON a.name = e.shown_name
WHERE m.handle <> a.key
  AND NOT EXISTS (SELECT 1 FROM no_friend o WHERE o.campaign_id = e.campaign_id AND o.key = m.handle);

-- Who is refused, whatever they are called in other comments: any comment counts, on other posts and at other times too.
CREATE TABLE refused_person AS
SELECT DISTINCT c.campaign_id, c.platform, c.author_id, r.reason
FROM accepted c
JOIN account a ON a.name = coalesce(nullif(c.author_handle, ''), c.author_id)
JOIN refused_account r ON r.campaign_id = c.campaign_id AND r.key = a.key
WHERE c.type = 'comment.created'
UNION
SELECT DISTINCT c.campaign_id, c.platform, c.author_id, r.reason
FROM accepted c JOIN refused_id r ON r.campaign_id = c.campaign_id AND r.author_id = c.author_id
WHERE c.type = 'comment.created';

CREATE TABLE judged AS
SELECT e.*,
       CASE
           WHEN e.entered_ms < g.opens_ms THEN 'before_opening'
           WHEN e.entered_ms >= g.closes_ms THEN 'after_closing'
           WHEN EXISTS (SELECT 1 FROM refused_person r
                        WHERE r.campaign_id = e.campaign_id AND r.platform = e.platform AND r.author_id = e.author_id
                          AND r.reason = 'excluded_account') THEN 'excluded_account'
           WHEN EXISTS (SELECT 1 FROM refused_person r
                        WHERE r.campaign_id = e.campaign_id AND r.platform = e.platform AND r.author_id = e.author_id
                          AND r.reason = 'past_winner') THEN 'past_winner'
           WHEN e.country IS NOT NULL
                AND EXISTS (SELECT 1 FROM giveaway_country c WHERE c.campaign_id = e.campaign_id)
                AND NOT EXISTS (SELECT 1 FROM giveaway_country c
                                WHERE c.campaign_id = e.campaign_id AND c.country = upper(e.country))
               THEN 'country_not_allowed'
           WHEN e.country IS NULL AND g.refuses_unknown THEN 'country_unknown'
           WHEN e.is_reply AND NOT g.replies_count THEN 'reply'
           WHEN NOT t.has_hashtags THEN 'missing_hashtag'
           WHEN NOT t.has_keyword THEN 'missing_keyword'
           WHEN NOT t.has_answer THEN 'wrong_answer'
           WHEN t.has_forbidden THEN 'forbidden_word'
           WHEN NOT t.has_length THEN 'too_few_words'
           WHEN EXISTS (SELECT 1 FROM required_account r WHERE r.campaign_id = e.campaign_id
                        AND NOT EXISTS (SELECT 1 FROM mention m WHERE m.text = e.text AND m.platform = e.platform
                                        AND m.handle = r.key)) THEN 'missing_mention'
           WHEN (SELECT count(DISTINCT f.handle) FROM friend f WHERE f.line = e.line) < g.friends
               THEN 'too_few_friends'
       END AS reason
FROM entry e
JOIN giveaway_rule g USING (campaign_id)
JOIN comment_text t ON t.campaign_id = e.campaign_id AND t.text = e.text AND t.platform = e.platform
JOIN account a ON a.name = e.shown_name;

CREATE TABLE passing AS
SELECT *, row_number() OVER (PARTITION BY campaign_id, platform, author_id ORDER BY entered_ms, hash) AS nth
FROM judged WHERE NOT withdrawn AND reason IS NULL;

-- The chances of each passing entry: one for the first of a person, or one for each new friend, day or comment.
CREATE TABLE mark AS
SELECT p.line, f.position, f.handle AS mark
FROM passing p JOIN giveaway_rule g USING (campaign_id) JOIN friend f USING (line)
WHERE g.per_what = 'per_friend'
UNION ALL
SELECT p.line, 0, d.day
FROM passing p JOIN giveaway_rule g USING (campaign_id)
JOIN local_day d ON d.campaign_id = p.campaign_id AND d.at_ms = p.entered_ms
WHERE g.per_what = 'per_day'
UNION ALL
SELECT p.line, 0, p.line::VARCHAR
FROM passing p JOIN giveaway_rule g USING (campaign_id)
WHERE g.per_what = 'per_comment';

CREATE TABLE new_mark AS
SELECT p.line, row_number() OVER (
    PARTITION BY p.campaign_id, p.platform, p.author_id ORDER BY p.entered_ms, p.hash, m.position
) AS nth
FROM passing p JOIN mark m USING (line)
QUALIFY row_number() OVER (
    PARTITION BY p.campaign_id, p.platform, p.author_id, m.mark ORDER BY p.entered_ms, p.hash
) = 1;

CREATE TABLE lot AS
SELECT p.line,
       CASE WHEN g.per_what = 'per_person' THEN (p.nth = 1)::BIGINT
            ELSE count(n.line) FILTER (n.nth <= g.most_chances) END AS chances
FROM passing p JOIN giveaway_rule g USING (campaign_id) LEFT JOIN new_mark n USING (line)
GROUP BY p.line, p.nth, g.per_what, g.most_chances;

CREATE TABLE verdict AS
SELECT j.*, coalesce(l.chances, 0) AS chances,
       CASE WHEN j.withdrawn THEN 'withdrawn' WHEN j.reason IS NOT NULL THEN 'invalid'
            WHEN l.chances > 0 THEN 'valid' ELSE 'duplicate' END AS verdict
FROM judged j LEFT JOIN lot l USING (line);

-- Bonus chances: the orders of entrants, from the first on.
CREATE TABLE bonus_order AS
SELECT c.campaign_id, c.influencer_id, coalesce(nullif(c.author_platform, ''), c.platform) AS buyer_platform,
       c.author_id, c.platform, shop_of(c.event_id) AS shop, c.order_id, min(c.at_ms) AS at_ms,
       EXISTS (SELECT 1 FROM counted r WHERE r.type = 'refund' AND NOT r.test AND r.campaign_id = c.campaign_id
               AND r.platform = c.platform AND shop_of(r.event_id) = shop_of(c.event_id)
               AND r.order_id = c.order_id) AS refunded
FROM counted c
JOIN giveaway_rule g USING (campaign_id)
WHERE c.type = 'purchase' AND NOT c.test AND g.bonus_chances > 0 AND coalesce(c.author_id, '') <> ''
  AND c.at_ms >= g.opens_ms AND c.at_ms < g.closes_ms
  AND EXISTS (SELECT 1 FROM known_code k WHERE k.line = c.line)
GROUP BY ALL;

CREATE TABLE bonus AS
SELECT o.campaign_id, o.influencer_id,
       greatest(0, least(g.bonus_chances, g.bonus_most - g.bonus_chances * (row_number() OVER (
           PARTITION BY o.campaign_id, o.buyer_platform, o.author_id ORDER BY o.at_ms, o.order_id) - 1))) AS chances
FROM bonus_order o JOIN giveaway_rule g USING (campaign_id)
WHERE NOT o.refunded
  AND EXISTS (SELECT 1 FROM passing p WHERE p.campaign_id = o.campaign_id AND p.platform = o.buyer_platform
              AND p.author_id = o.author_id);

CREATE TABLE giveaway_owner AS
SELECT campaign_id, '' AS owner, false AS is_influencer FROM giveaway_rule
UNION ALL SELECT DISTINCT campaign_id, influencer_id, true FROM verdict
UNION ALL SELECT DISTINCT campaign_id, influencer_id, true FROM bonus_order
          WHERE (campaign_id, influencer_id) NOT IN (SELECT campaign_id, influencer_id FROM verdict);

CREATE TABLE shown_giveaway AS
SELECT * REPLACE (chances + bonus_chances AS chances) FROM (
SELECT o.campaign_id, o.owner AS influencer_id,
       count(v.line) AS entries,
       count(v.line) FILTER (v.verdict = 'valid') AS valid_entries,
       count(v.line) FILTER (v.verdict = 'duplicate') AS duplicate_entries,
       count(v.line) FILTER (v.verdict = 'withdrawn') AS withdrawn_entries,
       count(DISTINCT (v.platform, v.author_id)) FILTER (v.verdict IN ('valid', 'duplicate')) AS unique_entrants,
       (SELECT count(DISTINCT (w.platform, f.handle)) FROM verdict w JOIN friend f USING (line)
        WHERE w.campaign_id = o.campaign_id AND (NOT o.is_influencer OR w.influencer_id = o.owner)
          AND w.verdict IN ('valid', 'duplicate')) AS tagged_friends,
       (SELECT coalesce(sum(b.chances), 0) FROM bonus b
        WHERE b.campaign_id = o.campaign_id AND (NOT o.is_influencer OR b.influencer_id = o.owner)) AS bonus_chances,
       coalesce(sum(v.chances), 0) AS chances,
       count(v.line) FILTER (v.entered_ms // 5000 > m.as_of_ms // 5000 - 12
                             AND v.entered_ms // 5000 <= m.as_of_ms // 5000) AS entries_per_minute
FROM giveaway_owner o
CROSS JOIN moment m
LEFT JOIN verdict v ON v.campaign_id = o.campaign_id AND (NOT o.is_influencer OR v.influencer_id = o.owner)
GROUP BY o.campaign_id, o.owner, o.is_influencer
);

CREATE TABLE shown_invalid AS
SELECT o.campaign_id, o.owner AS influencer_id, v.reason, count(*) AS entries
FROM giveaway_owner o
JOIN verdict v ON v.campaign_id = o.campaign_id AND (NOT o.is_influencer OR v.influencer_id = o.owner)
WHERE v.verdict = 'invalid'
GROUP BY ALL;
