import React, { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { ThemeContext, type DataFrame } from '@grafana/data';
import { GlobalStyles, PanelContextProvider } from '@grafana/ui';
import { EventBusSrv } from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import { ask, events, fill, moment, options, questions, type Answer, type Event, type Range, type Values } from './prom';
import { PanelBox, prepared, theme, type Shown } from './panels';

const CELL = 30, GAP = 8;
const url = new URLSearchParams(location.search);
// Since 11.3 kiosk mode hides the bar and leaves the controls, unless these say otherwise (grafana/grafana#88920, #116370).
const kiosk = url.has('kiosk');
const no = (name: string) => url.get(`_dash.${name}`) === 'true';
const hidden = kiosk && no('hideTimePicker') && no('hideVariables') && no('hideLinks');
const now = url.has('at') ? Number(url.get('at')) * 1000 : Date.now();
const bus = new EventBusSrv();

interface Loaded { page: any; values: Values; choices: Record<string, string[]>; range: Range; events: Event[] }

async function load(): Promise<Loaded> {
  const page = await (await fetch(`/dashboards/${url.get('dashboard')}.json`)).json();
  const range = { from: moment(url.get('from') ?? page.time.from, now), to: moment(url.get('to') ?? page.time.to, now) };
  const values: Values = {};
  const choices: Record<string, string[]> = {};
  for (const variable of page.templating?.list ?? []) {
    const given = url.get(`var-${variable.name}`);
    if (variable.type === 'query') {
      const query = typeof variable.query === 'string' ? variable.query : variable.query.query;
      const found = (await options(fill(query, values), range, variable.regex)).filter((each) => each.value !== '');
      if (variable.sort === 1) found.sort((one, other) => (one.text < other.text ? -1 : 1));
      choices[variable.name] = found.map((each) => each.value);
      const current = variable.current?.value;
      const chosen = given ?? (choices[variable.name].includes(current) ? current : (choices[variable.name][0] ?? ''));
      values[variable.name] = chosen;
      values[`${variable.name}:text`] = found.find((each) => each.value === chosen)?.text ?? chosen;
    } else if (variable.type === 'custom') {
      choices[variable.name] = variable.query.split(',');
      values[variable.name] = given ?? variable.current.value;
    } else if (variable.type === 'datasource') values[variable.name] = 'prometheus';
    else values[variable.name] = given ?? variable.current?.value ?? variable.query ?? '';
  }
  const marked: Event[] = [];
  for (const annotation of page.annotations?.list ?? []) marked.push(...(await events(annotation, values, range)));
  return { page, values, choices, range, events: marked };
}

function Panel({ shown }: { shown: Shown }) {
  const [state, set] = useState<{ answer: Answer; frames: DataFrame[] }>();
  useEffect(() => {
    (async () => {
      const { panel, values, range, width } = shown;
      const answer = await ask(panel.targets ?? [], values, range, panel.maxDataPoints ?? Math.round(width), panel.interval);
      const frames = await prepared(panel, answer, values);
      (window as any).__report.push({ panel: panel.title, type: panel.type, stepMs: answer.stepMs, error: answer.error, series: frames.length, rows: frames.map((each) => each.length).slice(0, 3) });
      set({ answer, frames });
      (window as any).__pending--;
    })().catch((problem) => { console.error('PANEL', shown.panel.title, problem); (window as any).__pending--; });
  }, []);
  return <PanelBox shown={{ ...shown, answer: state?.answer }} frames={state?.frames} />;
}

function App() {
  const [loaded, set] = useState<Loaded>();
  useEffect(() => { load().then((each) => { (window as any).__pending = each.page.panels.filter((panel: any) => panel.type !== 'row').length; (window as any).__loaded = { values: each.values, choices: each.choices, events: each.events, range: each.range }; set(each); }).catch((problem) => console.error('LOAD', problem)); }, []);
  if (!loaded) return null;
  const { page, values, range } = loaded;
  const padding = 16;
  const width = document.documentElement.clientWidth - 2 * padding;
  const column = (width - 23 * GAP) / 24;
  const bottom = Math.max(...page.panels.map((panel: any) => panel.gridPos.y + panel.gridPos.h));
  return (
    <div style={{ background: theme.colors.background.canvas, minHeight: '100vh' }}>
      <Top page={page} loaded={loaded} />
      <div style={{ position: 'relative', margin: hidden ? `${padding}px` : `8px ${padding}px ${padding}px`, height: bottom * (CELL + GAP) }}>
        {page.panels.map((panel: any) => {
          const { x, y, w, h } = panel.gridPos;
          const size = { width: w * column + (w - 1) * GAP, height: h * CELL + (h - 1) * GAP };
          const place: React.CSSProperties = { position: 'absolute', left: x * (column + GAP), top: y * (CELL + GAP), ...size };
          if (panel.type === 'row') return <div key={panel.id} style={{ ...place, color: theme.colors.text.primary, fontSize: 16, fontWeight: 500 }}>{`⌄ ${panel.title}`}</div>;
          const shown: Shown = { panel, values, range, events: loaded.events, ...size };
          return <div key={panel.id} style={place} data-panel={panel.title}><Panel shown={shown} /></div>;
        })}
      </div>
    </div>
  );
}

/** A likeness of Grafana's bar and controls, of their height: what is on the first screen depends on it. */
function Top({ page, loaded }: { page: any; loaded: Loaded }) {
  const box: React.CSSProperties = { border: `1px solid ${theme.colors.border.medium}`, borderRadius: 2, padding: '5px 8px', height: 32, lineHeight: '20px', whiteSpace: 'nowrap' };
  const label: React.CSSProperties = { ...box, background: theme.colors.background.secondary, borderRight: 'none' };
  return (
    <div style={{ color: theme.colors.text.primary, fontSize: 14 }}>
      {!kiosk && <div style={{ height: 40, borderBottom: `1px solid ${theme.colors.border.weak}`, background: theme.colors.background.primary, padding: '10px 16px' }}>
        {`☰  Home › Dashboards › Campaign Pulse › ${page.title}`}
      </div>}
      {!hidden && <div style={{ display: 'flex', gap: 8, padding: '16px 16px 8px', alignItems: 'center', flexWrap: 'wrap' }}>
        {!no('hideVariables') && (page.templating?.list ?? []).map((each: any) => (
          <div key={each.name} style={{ display: 'flex' }}>
            <span style={label}>{each.label ?? each.name}</span>
            <span style={{ ...box, background: theme.components.input.background }}>{loaded.values[`${each.name}:text`] || loaded.values[each.name] || '—'} ⌄</span>
          </div>
        ))}
        {!no('hideVariables') && (page.annotations?.list ?? []).map((each: any) => <span key={each.name} style={{ ...label, borderRight: box.border as string }}>{`${each.name} ◉`}</span>)}
        <span style={{ flex: 1 }} />
        {!no('hideLinks') && (page.links ?? []).map((each: any) => <span key={each.title} style={box}>{each.type === 'dashboards' && !each.asDropdown ? 'one button for each dashboard with tag ' + each.tags.join(',') : each.title}</span>)}
        {!no('hideTimePicker') && <span style={box}>{` ${page.time.from} to ${page.time.to}`}</span>}
        {!no('hideTimePicker') && <span style={box}>{`⟳ ${page.refresh || 'off'}`}</span>}
      </div>}
    </div>
  );
}

(window as any).__report = [];
(window as any).__pending = -1;
(window as any).__questions = questions;
(async () => {
  await initPluginTranslations('grafana');
  // The font first: sizes are measured once.
  const faces = document.createElement('style');
  faces.textContent = [['Regular', 400], ['Medium', 500]].map(([name, weight]) => `@font-face{font-family:Inter;font-weight:${weight};src:url(/public/fonts/inter/Inter-${name}.woff2)}`).join('');
  document.head.append(faces);
  await Promise.all([document.fonts.load('400 14px Inter'), document.fonts.load('500 14px Inter')]).catch(() => undefined);
  createRoot(document.getElementById('root')!).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={{ eventBus: bus, eventsScope: 'global' } as any}><App /></PanelContextProvider>
    </ThemeContext.Provider>
  );
})();
