-- From accepted lines to counted events: duplicates removed, conversions attributed.
-- In: accepted, code_mark, click_mark, link_mark (docs/statistics.md, "Which events count").

-- Shops number their orders from 1: the shop is what an event id of this form begins with.
CREATE MACRO shop_of(event_id) AS
    regexp_extract(event_id, '^([A-Za-z0-9._-]{1,64}):(order|purchase|refund|cancelled):', 1);

-- Two ids of refunds are two refunds, however equal they are.
CREATE MACRO refund_of(event_id) AS
    regexp_extract(event_id, '^[A-Za-z0-9._-]{1,64}:refund:([^\n]+)', 1);

CREATE VIEW event AS SELECT * FROM accepted;

-- The codes of a conversion, one by one: the whole text where it is a code, else what stands between commas and such.
CREATE TABLE code_text AS
SELECT line, campaign_id, 0 AS place, nullif(discount_code, '') AS code
FROM event WHERE discount_code IS NOT NULL
UNION ALL
SELECT line, campaign_id, unnest(range(1, 1 + len(string_split(discount_codes, chr(31))))),
       unnest(string_split(discount_codes, chr(31)))
FROM event WHERE discount_codes <> '';

CREATE TABLE known_code AS
SELECT t.line, t.place, 0 AS part, m.influencer_id
FROM code_text t JOIN code_mark m ON m.campaign_id = t.campaign_id AND m.code = t.code
UNION ALL
SELECT p.line, p.place, p.part, m.influencer_id
FROM (SELECT line, campaign_id, place, unnest(range(len(regexp_split_to_array(code, '[,;|\n、]')))) AS part,
             trim(unnest(regexp_split_to_array(code, '[,;|\n、]'))) AS code
      FROM code_text t
      WHERE NOT EXISTS (SELECT 1 FROM code_mark m WHERE m.campaign_id = t.campaign_id AND m.code = t.code)) p
JOIN code_mark m ON m.campaign_id = p.campaign_id AND m.code = p.code;

-- Whose the codes are, each influencer once, by the first of its codes; then by the campaign's rule for several.
CREATE TABLE code_owner AS
WITH each AS (
    SELECT line, influencer_id, row_number() OVER (PARTITION BY line ORDER BY min((place, part))) AS number
    FROM known_code GROUP BY line, influencer_id
),
ruled AS (
    SELECT o.*, d.several_codes, count(*) OVER (PARTITION BY line) AS owners
    FROM each o JOIN event e USING (line) JOIN campaign_definition d USING (campaign_id)
)
SELECT line, if(several_codes = 'split', number, 1) AS number, influencer_id
FROM ruled
WHERE several_codes = 'split' OR number = if(several_codes = 'last', owners, 1);

CREATE TABLE anonymous AS
SELECT line, campaign_id, nullif(click_id, '') AS click_id,
       nullif(utm_source, '') AS utm_source, nullif(utm_medium, '') AS utm_medium,
       nullif(utm_campaign, '') AS utm_campaign, nullif(utm_term, '') AS utm_term,
       nullif(utm_content, '') AS utm_content
FROM event
WHERE topic = 'conversions' AND influencer_id IS NULL AND line NOT IN (SELECT line FROM code_owner);

-- One row for each rule that matches; the lowest (rule, preference, position) decides.
CREATE TABLE claim AS
SELECT a.line, 2 AS rule, -1000 AS preference, 0 AS position, m.influencer_id
FROM anonymous a JOIN click_mark m ON m.campaign_id = a.campaign_id AND NOT m.is_prefix AND m.entry = a.click_id
UNION ALL
SELECT a.line, 2, -length(m.entry), 0, m.influencer_id
FROM anonymous a
JOIN click_mark m ON m.campaign_id = a.campaign_id AND m.is_prefix AND starts_with(a.click_id, m.entry)
UNION ALL
SELECT a.line, 3, -m.named, m.position, m.influencer_id
FROM anonymous a
JOIN link_mark m
  ON m.campaign_id = a.campaign_id
 AND coalesce(m.utm_source = a.utm_source, m.utm_source IS NULL)
 AND coalesce(m.utm_medium = a.utm_medium, m.utm_medium IS NULL)
 AND coalesce(m.utm_campaign = a.utm_campaign, m.utm_campaign IS NULL)
 AND coalesce(m.utm_term = a.utm_term, m.utm_term IS NULL)
 AND coalesce(m.utm_content = a.utm_content, m.utm_content IS NULL);

CREATE TABLE decided AS
SELECT line, influencer_id
FROM claim
QUALIFY row_number() OVER (PARTITION BY line ORDER BY rule, preference, position) = 1;

-- Whose each conversion is, in order; one that names nobody is nobody's.
CREATE TABLE owner AS
SELECT line, 1 AS number, influencer_id FROM event WHERE topic = 'conversions' AND influencer_id IS NOT NULL
UNION ALL
SELECT line, number, o.influencer_id FROM code_owner o JOIN event e USING (line) WHERE e.influencer_id IS NULL
UNION ALL
SELECT line, 1, influencer_id FROM decided;

CREATE TABLE counted AS
SELECT e.* EXCLUDE (influencer_id, test),
       coalesce(e.influencer_id, o.influencer_id, '') AS influencer_id,
       coalesce(e.test, 0) = 1 AS test
FROM event e LEFT JOIN owner o ON o.line = e.line AND o.number = 1
-- One event of two influencers, of two campaigns or of two orders is counted for each of them, once.
QUALIFY row_number() OVER (
    PARTITION BY topic, platform, event_id, campaign_id,
                 if(e.type IN ('purchase', 'refund') AND coalesce(e.test, 0) = 0, order_id, NULL),
                 if(e.type IN ('purchase', 'refund') AND coalesce(e.test, 0) = 0, NULL, coalesce(e.influencer_id, o.influencer_id, ''))
    ORDER BY e.line) = 1;

CREATE TABLE moment AS
SELECT coalesce((SELECT as_of_ms FROM parameter), max(at_ms), 0) AS as_of_ms FROM counted;

CREATE TABLE span (span VARCHAR, pane_ms BIGINT, panes BIGINT);
INSERT INTO span VALUES
    ('1m', 5000, 12), ('5m', 5000, 60), ('15m', 60000, 15), ('1h', 60000, 60),
    ('6h', 900000, 24), ('24h', 900000, 96), ('total', NULL, NULL);

-- Whether a span of the moment holds a time; the total (no pane) holds every time.
CREATE MACRO holds(pane_ms, panes, at_ms, as_of_ms) AS
    pane_ms IS NULL
    OR (at_ms // pane_ms > as_of_ms // pane_ms - panes AND at_ms // pane_ms <= as_of_ms // pane_ms);
