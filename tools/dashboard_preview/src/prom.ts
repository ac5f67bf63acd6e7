// What Grafana's Prometheus data source does, in small: variables, steps, queries, frames, annotations.
import { FieldType, getFieldDisplayName, rangeUtil, type DataFrame } from '@grafana/data';

export interface Range { from: number; to: number } // epoch ms
export type Values = Record<string, string>;
const MIN_INTERVAL_MS = 5000; // jsonData.timeInterval of the provisioned data source
let asked = 0;
export const questions = () => asked;

async function get(path: string, parameters: Record<string, string | string[]>): Promise<any> {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    for (const each of Array.isArray(value) ? value : [value]) body.append(name, each);
  asked++;
  const answer = await fetch(`/prom/api/v1/${path}?${body}`);
  const document = await answer.json();
  if (document.status !== 'success') throw new Error(`${document.errorType}: ${document.error}`);
  return document.data;
}

/** "now-1h" against a fixed now. */
export function moment(text: string, now: number): number {
  if (/^\d+$/.test(text)) return Number(text);
  if (text === 'now') return now;
  const found = /^now-(\d+)([smhdw])$/.exec(text);
  if (!found) throw new Error(`time ${text}`);
  const unit: Record<string, number> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };
  return now - Number(found[1]) * unit[found[2]];
}

export function fill(text: string, values: Values): string {
  return text.replace(/\$\{(\w+)(?:\.([\w.]+))?(?::(\w+))?\}|\$(\w+)|\[\[(\w+)\]\]/g, (whole, one, _path, format, two, three) => {
    const value = (format === 'text' ? values[`${one}:text`] : undefined) ?? values[one ?? two ?? three];
    if (value === undefined) return whole;
    return format === 'queryparam' ? `var-${one}=${encodeURIComponent(value)}` : value;
  });
}

export interface Option { value: string; text: string }

/** Options of a query variable, `label_values(metric, label)` or `query_result(expression)`; a regex picks a part of each, or a group `value` and one `text`. */
export async function options(query: string, range: Range, regex?: string): Promise<Option[]> {
  const asked = /^query_result\((.+)\)$/s.exec(query.trim());
  if (asked) {
    const data = await get('query', { query: asked[1], time: `${range.to / 1000}` });
    return picked(data.result.map((each: any) => `${labelled(each.metric)} ${each.value[1]} ${each.value[0] * 1000}`), regex);
  }
  const found = /^label_values\((?:(.+),\s*)?(\w+)\)$/.exec(query.trim());
  if (!found) throw new Error(`variable query ${query}`);
  const parameters: Record<string, string | string[]> = { start: `${range.from / 1000}`, end: `${range.to / 1000}` };
  if (found[1]) parameters['match[]'] = found[1];
  return picked(await get(`label/${found[2]}/values`, parameters), regex);
}

const labelled = ({ __name__, ...labels }: Record<string, string>) =>
  `${__name__ ?? ''}{${Object.entries(labels).map(([name, value]) => `${name}="${value}"`).join(',')}}`;

function picked(texts: string[], regex?: string): Option[] {
  const parts = /^\/(.+)\/(\w*)$/s.exec(regex ?? '');
  if (!parts) return texts.map((text) => ({ value: text, text }));
  const expression = new RegExp(parts[1], parts[2]);
  const made = new Map<string, Option>();
  for (const found of texts.map((text) => expression.exec(text))) {
    if (!found) continue;
    const value = found.groups?.value ?? found[1] ?? found[0];
    if (!made.has(value)) made.set(value, { value, text: found.groups?.text ?? value });
  }
  return [...made.values()];
}

export interface Target { expr: string; refId: string; legendFormat?: string; instant?: boolean; range?: boolean; format?: string; interval?: string; hide?: boolean }
export interface Answer { frames: DataFrame[]; error?: string; stepMs: number }

function stepOf(range: Range, points: number, interval?: string): number {
  const least = interval ? rangeUtil.intervalToMs(interval) : MIN_INTERVAL_MS;
  const made = rangeUtil.calculateInterval({ from: { valueOf: () => range.from }, to: { valueOf: () => range.to }, raw: {} } as any, points, `${least}ms`);
  return Math.max(made.intervalMs, Math.ceil((range.to - range.from) / 11000), 1000);
}

export async function ask(targets: Target[], values: Values, range: Range, points: number, panelInterval?: string): Promise<Answer> {
  const frames: DataFrame[] = [];
  const tables: Record<string, DataFrame[]> = {};
  let error: string | undefined;
  let stepMs = 0;
  const shown = targets.filter((target) => !target.hide);
  for (const target of shown) {
    stepMs = stepOf(range, points, target.interval || panelInterval);
    const rate = Math.max(stepMs + MIN_INTERVAL_MS, 4 * MIN_INTERVAL_MS);
    const expr = fill(target.expr, {
      ...values, __interval: `${stepMs / 1000}s`, __interval_ms: `${stepMs}`, __rate_interval: `${rate / 1000}s`,
      __range: `${Math.round((range.to - range.from) / 1000)}s`, __range_s: `${Math.round((range.to - range.from) / 1000)}`,
    });
    try {
      let found: any[];
      if (target.instant && !target.range) {
        const data = await get('query', { query: expr, time: `${range.to / 1000}` });
        found = data.resultType === 'scalar' ? [{ metric: {}, values: [data.result] }] : data.result.map((each: any) => ({ metric: each.metric, values: [each.value] }));
      } else {
        const align = (at: number) => (Math.floor(at / stepMs) * stepMs) / 1000;
        found = (await get('query_range', { query: expr, start: `${align(range.from)}`, end: `${align(range.to)}`, step: `${stepMs / 1000}` })).result;
      }
      const made = found.map((each) => frame(target, expr, each, stepMs));
      if (target.legendFormat === '__auto' || !target.legendFormat)
        for (const each of made) {
          const labels = each.fields[1].labels ?? {};
          each.fields[1].config.displayNameFromDS = Object.keys(labels).length ? getFieldDisplayName({ ...each.fields[1], config: {} }, each, made) : expr;
        }
      if (target.format === 'table') tables[target.refId] = made;
      else frames.push(...made);
    } catch (problem) {
      error = `${target.refId}: ${problem}`;
    }
  }
  const refs = Object.keys(tables);
  for (const ref of refs) if (tables[ref].length || refs.length > 1) frames.push(tableOf(ref, tables[ref], refs.length > 1));
  return { frames, error, stepMs };
}

const number = (text: string) => (text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text));

function frame(target: Target, expr: string, series: any, stepMs: number): DataFrame {
  const { __name__, ...labels } = series.metric;
  const legend = target.legendFormat && target.legendFormat !== '__auto'
    ? target.legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name) => series.metric[name] ?? '')
    : undefined;
  return {
    refId: target.refId,
    name: legend,
    length: series.values.length,
    meta: { executedQueryString: expr },
    fields: [
      { name: 'Time', type: FieldType.time, config: { interval: stepMs }, values: series.values.map((each: any) => each[0] * 1000) },
      { name: __name__ ?? 'Value', type: FieldType.number, config: { displayNameFromDS: legend }, labels: __name__ ? series.metric : labels, values: series.values.map((each: any) => number(each[1])) },
    ],
  };
}

function tableOf(refId: string, found: DataFrame[], several: boolean): DataFrame {
  const names = [...new Set(found.flatMap((each) => Object.keys(each.fields[1].labels ?? {}).sort()))];
  const rows = found.flatMap((each) => each.fields[0].values.map((at: number, place: number) => ({ at, value: each.fields[1].values[place], labels: each.fields[1].labels ?? {} })));
  return {
    refId,
    length: rows.length,
    fields: [
      { name: 'Time', type: FieldType.time, config: {}, values: rows.map((row) => row.at) },
      ...names.map((name) => ({ name, type: FieldType.string, config: { filterable: true }, values: rows.map((row) => (row.labels as any)[name] ?? '') })),
      { name: several ? `Value #${refId}` : 'Value', type: FieldType.number, config: {}, values: rows.map((row) => row.value) },
    ],
  };
}

export interface Event { from: number; to: number; title: string; text: string; colour: string }

/** Runs of a positive value become one event, as in Grafana's data source: gaps longer than a step begin another. */
export async function events(annotation: any, values: Values, range: Range): Promise<Event[]> {
  const expr = annotation.target?.expr || annotation.expr;
  if (!expr || annotation.enable === false) return [];
  const step = Math.max(rangeUtil.intervalToMs(annotation.target?.interval || annotation.step || '60s'), 1000);
  const align = (at: number) => (Math.floor(at / step) * step) / 1000;
  const found = (await get('query_range', { query: fill(expr, values), start: `${align(range.from)}`, end: `${align(range.to)}`, step: `${step / 1000}` })).result;
  const say = (format: string | undefined, labels: any) => (format ?? '').replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name) => labels[name] ?? name);
  const made: Event[] = [];
  for (const series of found) {
    let open: Event | undefined;
    for (const [at, value] of series.values) {
      if (!(Number(value) > 0)) continue;
      if (open && open.to + step >= at * 1000) open.to = at * 1000;
      else made.push((open = { from: at * 1000, to: at * 1000, title: say(annotation.titleFormat, series.metric), text: say(annotation.textFormat, series.metric), colour: annotation.iconColor }));
    }
  }
  return made;
}
