-- Totals and windows of the events in :path (NDJSON), with snapshots from the table :deltas.
create table raw as select * from read_json(:path, format='newline_delimited', columns={
  s:'BIGINT', t:'INTEGER', k:'VARCHAR', e:'STRUCT("type" VARCHAR, event_id VARCHAR, platform VARCHAR,
  occurred_at VARCHAR, post_id VARCHAR, likes BIGINT, shares BIGINT, saves BIGINT, kind VARCHAR, "count" BIGINT,
  test BOOLEAN, amount VARCHAR, currency VARCHAR)'});
create table first_seen as select t, e.platform as platform, e.event_id as event_id, min(s) as s
  from raw group by all;
create table ev as
  select raw.s, k, e.type as type, coalesce(e.test, false) as test, e.post_id as post_id, e.likes as likes,
    e.shares as shares, e.saves as saves, e.kind as kind, coalesce(e.count, 1) as n, e.amount as amount,
    e.currency as currency,
    coalesce(try_cast(e.occurred_at as BIGINT), epoch_us(try_cast(e.occurred_at as TIMESTAMPTZ)) // 1000) as ms
  from raw semi join first_seen using (s);
create table snap as
  select k, post_id, s, ms, m, v from (
    select k, post_id, s, ms,
      case type when 'post.published' then 0 else likes end as likes,
      case type when 'post.published' then 0 else shares end as shares,
      case type when 'post.published' then 0 else saves end as saves
    from ev where type in ('post.metrics', 'post.published'))
  unpivot (v for m in (likes, shares, saves));
-- The last known value is that of the greatest (time, value) seen so far; a delta is what an event changes about it.
create table delta as
  select k, ms, last - lag(last, 1, 0) over w as d from (
    select *, max(ms::HUGEINT * 10000000000000 + v) over (partition by k, post_id, m order by s) % 10000000000000 as last
    from snap) window w as (partition by k, post_id, m order by s);
-- The same with snapshots in the order of their times, as a system has it that sorts late ones in (Pathway, and ours).
create table delta_sorted as
  select k, ms, v - lag(v, 1, 0) over (partition by k, post_id, m order by ms, v) as d from snap;
create table latest as  -- the same total by another way
  select k, sum(v) as total from (select k, post_id, m, arg_max(v, ms::HUGEINT * 10000000000000 + v) as v
    from snap group by all) group by k;
create table facts as
  select k, ms, 1 as events, (type = 'comment.created')::INT as comments,
    ((type = 'comment.created')::INT + case when type = 'post.reaction' and kind in ('like', 'share', 'save')
      then n else 0 end)::HUGEINT as engagements,
    (not test and type in ('click', 'signup', 'add_to_cart', 'purchase', 'refund'))::INT as conversions,
    case when type = 'purchase' and not test then currency end as currency,
    case when type = 'purchase' and not test then (amount::DECIMAL(18,6) * 1000000)::HUGEINT end as micros
  from ev
  union all select k, ms, 0, 0, d, 0, null, null from :deltas;
