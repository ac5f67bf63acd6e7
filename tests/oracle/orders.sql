-- From purchases and refunds to what is booked: to whom, when, how much (docs/statistics.md, "Orders").
-- In: counted, owner. Out: booked.

CREATE TABLE order_event AS
SELECT line, type, campaign_id, lower(trim(platform)) || ' ' || shop_of(event_id) AS shop, order_id, event_id, at_ms, currency,
       amount::DECIMAL(38, 6) AS amount, coalesce(nullif(refund_id, ''), nullif(refund_of(event_id), '')) AS named,
       -- Exports say what an order was refunded so far: order and amount are no id of one refund among several.
       if(named = c.order_id || ':' || c.amount, c.order_id || chr(0), named) AS refund_id,
       (SELECT list(o.influencer_id ORDER BY o.number) FROM owner o WHERE o.line = c.line) AS owners
FROM counted c
WHERE type IN ('purchase', 'refund') AND NOT test
QUALIFY row_number() OVER (PARTITION BY campaign_id, shop, order_id, event_id ORDER BY line) = 1;

-- The newest version, at the time of the oldest, for the owners of the newest that has any.
CREATE TABLE bought AS
SELECT campaign_id, shop, order_id, min(at_ms) AS at_ms,
       arg_max(currency, (at_ms, event_id)) AS currency, arg_max(amount, (at_ms, event_id)) AS amount,
       coalesce(arg_max(owners, (at_ms, event_id)) FILTER (owners IS NOT NULL), ['']) AS owners
FROM order_event WHERE type = 'purchase'
GROUP BY campaign_id, shop, order_id;

CREATE TABLE given_back AS
SELECT r.campaign_id, r.shop, r.order_id, r.at_ms, r.event_id, r.currency, r.amount, b.currency AS order_currency,
       b.amount AS order_amount, coalesce(b.owners, r.owners, ['']) AS owners
FROM (SELECT * FROM order_event WHERE type = 'refund'
      QUALIFY row_number() OVER (
          PARTITION BY campaign_id, shop, order_id, coalesce(refund_id, at_ms || ' ' || currency || ' ' || amount)
          ORDER BY at_ms DESC, amount DESC, event_id DESC) = 1) r
LEFT JOIN bought b USING (campaign_id, shop, order_id);

CREATE TABLE piece AS
SELECT campaign_id, owners, at_ms, currency, 1 AS orders, amount AS revenue, 0 AS refunds,
       0::DECIMAL(38, 6) AS refunded
FROM bought
UNION ALL
SELECT campaign_id, owners, at_ms, currency, 0, 0, 1, amount
FROM given_back WHERE order_currency IS DISTINCT FROM currency
UNION ALL
SELECT campaign_id, owners, at_ms, currency, 0, 0, 1, counted
FROM (SELECT *, greatest(0, least(amount, order_amount - coalesce(sum(amount) OVER (
          PARTITION BY campaign_id, shop, order_id ORDER BY at_ms, event_id
          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)))::DECIMAL(38, 6) AS counted
      FROM given_back WHERE order_currency = currency)
WHERE counted > 0 OR amount = 0;

-- Counts belong to the first owner; money is shared, what cannot be divided in millionths goes to the first ones.
CREATE TABLE booked AS
SELECT campaign_id, influencer_id, at_ms, currency, if(number = 1, orders, 0) AS orders, if(number = 1, refunds, 0) AS refunds,
       ((revenue_micros // parts + if(number <= revenue_micros % parts, 1, 0)))::HUGEINT AS revenue_micros,
       ((refunded_micros // parts + if(number <= refunded_micros % parts, 1, 0)))::HUGEINT AS refunded_micros
FROM (
    SELECT campaign_id, unnest(owners) AS influencer_id, unnest(range(1, 1 + len(owners))) AS number,
           len(owners) AS parts, at_ms, currency, orders, refunds,
           replace(revenue::VARCHAR, '.', '')::HUGEINT AS revenue_micros,
           replace(refunded::VARCHAR, '.', '')::HUGEINT AS refunded_micros
    FROM piece
);
