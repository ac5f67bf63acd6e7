// One panel: field configuration, transformations, and the component of @grafana/ui that Grafana's plugin of that type wraps.
import React, { useMemo } from 'react';
import {
  applyFieldOverrides, cacheFieldDisplayNames, createTheme, DataFrame, FieldConfigOptionsRegistry, FieldType, getDisplayProcessor,
  getDisplayValueAlignmentFactors, getFieldDisplayName, getFieldDisplayValues, FieldDisplay, LoadingState, renderMarkdown, standardTransformers,
  standardTransformersRegistry, TimeRange, transformDataFrame, dateTime, textUtil,
} from '@grafana/data';
import {
  BarGauge, BigValue, BigValueTextMode, BigValueGraphMode, PanelChrome, sharedSingleStatMigrationHandler, TimeSeries, VizRepeater,
} from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { firstValueFrom } from 'rxjs';
import type { Answer, Event, Range, Values } from './prom';
import { fill } from './prom';

export const theme = createTheme({ colors: { mode: new URLSearchParams(location.search).get('theme') === 'light' ? 'light' : 'dark' } });

// In Grafana 11 to 13 these transformations are registered at the start.
standardTransformersRegistry.setInit(() => [...new Map(Object.values(standardTransformers).map((each: any) => [each.id, each])).values()].map((each: any) => ({
  id: each.id, name: each.name, transformation: async () => each, description: each.description, editor: () => null,
})) as any);

const same = (value: any) => value;
const any = () => true;
const standard = ['unit', 'min', 'max', 'decimals', 'displayName', 'color', 'noValue', 'links', 'thresholds', 'mappings', 'filterable', 'fieldMinMax', 'description'];
const custom = [
  'drawStyle', 'lineInterpolation', 'barAlignment', 'lineWidth', 'fillOpacity', 'gradientMode', 'fillBelowTo', 'lineStyle', 'spanNulls', 'insertNulls',
  'showPoints', 'pointSize', 'stacking', 'axisPlacement', 'axisLabel', 'axisWidth', 'axisSoftMin', 'axisSoftMax', 'axisCenteredZero', 'axisGridShow',
  'axisBorderShow', 'axisColorMode', 'scaleDistribution', 'hideFrom', 'thresholdsStyle', 'transform', 'align', 'inspect', 'width', 'minWidth', 'cellOptions',
  'hidden', 'displayMode', 'wrapText', 'wrapHeaderText', 'footer', 'filterable', 'tooltip',
];
const item = (id: string, isCustom: boolean) => ({
  id: isCustom ? `custom.${id}` : id, path: id, isCustom, name: id, process: same, shouldApply: any, override: () => null, editor: () => null, getItemsCount: () => 0,
});
const registry = new FieldConfigOptionsRegistry(() => [...standard.map((id) => item(id, false)), ...custom.map((id) => item(id, true))] as any);

const DEFAULTS: Record<string, any> = {
  timeseries: {
    drawStyle: 'line', lineInterpolation: 'linear', barAlignment: 0, lineWidth: 1, fillOpacity: 0, gradientMode: 'none', spanNulls: false, insertNulls: false,
    showPoints: 'auto', pointSize: 5, stacking: { mode: 'none', group: 'A' }, axisPlacement: 'auto', axisLabel: '', axisColorMode: 'text', axisBorderShow: false,
    scaleDistribution: { type: 'linear' }, axisCenteredZero: false, hideFrom: { tooltip: false, viz: false, legend: false }, thresholdsStyle: { mode: 'off' },
  },
  table: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false, footer: { reducers: [] } },
};

/** What the plugins' own options are where a panel says nothing. */
const OPTIONS: Record<string, any> = {
  stat: { graphMode: 'area', colorMode: 'value', justifyMode: 'auto', textMode: 'auto', wideLayout: true, orientation: 'auto', percentChangeColorMode: 'standard' },
  bargauge: { displayMode: 'gradient', valueMode: 'color', namePlacement: 'auto', showUnfilled: true, minVizWidth: 8, minVizHeight: 16, maxVizHeight: 300, orientation: 'auto' },
};

export interface Shown { panel: any; answer?: Answer; events: Event[]; values: Values; range: Range; width: number; height: number }

/** Grafana runs old migrations on panels that do not say of which version they are. Without it percentages lose their negative part, for example. */
function migrated(panel: any): any {
  const copy = structuredClone(panel);
  copy.fieldConfig ??= { defaults: {}, overrides: [] };
  if (['stat', 'bargauge', 'gauge'].includes(copy.type)) copy.options = { ...OPTIONS[copy.type], ...sharedSingleStatMigrationHandler(copy) };
  const known = DEFAULTS[copy.type];
  if (known) copy.fieldConfig.defaults.custom = { ...structuredClone(known), ...copy.fieldConfig.defaults.custom };
  if (!copy.fieldConfig.defaults.thresholds) copy.fieldConfig.defaults.thresholds = { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'red', value: 80 }] };
  for (const step of copy.fieldConfig.defaults.thresholds.steps) if (step.value === null) step.value = -Infinity;
  return copy;
}

export async function prepared(panel: any, answer: Answer, values: Values): Promise<DataFrame[]> {
  const replace = (text: string, scoped?: any) => scopedFill(text, values, scoped);
  let frames = answer.frames;
  if (panel.transformations?.length)
    frames = await firstValueFrom(transformDataFrame(panel.transformations.filter((each: any) => !each.disabled), frames, { interpolate: replace } as any));
  const ready = migrated(panel);
  return applyFieldOverrides({ data: frames, fieldConfig: ready.fieldConfig, fieldConfigRegistry: registry, replaceVariables: replace as any, theme, timeZone: 'browser' });
}

function scopedFill(text: string, values: Values, scoped?: any): string {
  const scopedText = (text ?? '').replace(/\$\{__value\.(raw|text)\}/g, (whole) => {
    const context = scoped?.__dataContext?.value;
    if (context?.rowIndex === undefined) return whole;
    return String(context.field.values[context.rowIndex]);
  });
  return fill(scopedText, values);
}

export function PanelBox({ shown, frames }: { shown: Shown; frames?: DataFrame[] }) {
  const { panel, width, height, answer, values } = shown;
  const title = fill(panel.title ?? '', values);
  return (
    <PanelChrome
      width={width} height={height} title={title} displayMode={panel.transparent ? 'transparent' : 'default'}
      description={panel.description ? () => textUtil.sanitize(renderMarkdown(fill(panel.description, values))) : undefined}
      padding={panel.type === 'table' || panel.type === 'timeseries' ? (panel.type === 'table' ? 'none' : 'md') : 'md'}
      statusMessage={answer?.error} loadingState={answer ? LoadingState.Done : LoadingState.Loading}
      menu={undefined}
    >
      {(innerWidth, innerHeight) => (frames ? <Inner shown={shown} frames={frames} width={innerWidth} height={innerHeight} /> : <></>)}
    </PanelChrome>
  );
}

function Message({ text }: { text: string }) {
  return <div className="message" style={{ display: 'flex', alignItems: 'center', justifyContent: 'center', height: '100%', width: '100%', textAlign: 'center', color: theme.colors.text.secondary, fontSize: theme.typography.size.lg }}>{text}</div>;
}

function Inner({ shown, frames, width, height }: { shown: Shown; frames: DataFrame[]; width: number; height: number }) {
  const panel = useMemo(() => migrated(shown.panel), [shown.panel]);
  const none = frames.length === 0 || frames.every((each) => each.length === 0);
  const noValue = panel.fieldConfig.defaults.noValue ?? 'No data';
  const props = { panel, shown, frames, width, height };
  switch (panel.type) {
    case 'stat': return <Stat {...props} />;
    case 'bargauge': return <Bars {...props} />;
    case 'timeseries': return none ? <Message text={noValue} /> : <Lines {...props} />;
    case 'table': return none ? <Message text={noValue} /> : <Rows {...props} />;
    case 'state-timeline': return none ? <Message text={noValue} /> : <States {...props} />;
    case 'text': return <div style={{ overflow: 'hidden', height }} dangerouslySetInnerHTML={{ __html: renderMarkdown(fill(panel.options.content, shown.values)) }} />;
    default: return <Message text={`no component for ${panel.type}`} />;
  }
}

interface Props { panel: any; shown: Shown; frames: DataFrame[]; width: number; height: number }
const rangeOf = (range: Range): TimeRange => ({ from: dateTime(range.from), to: dateTime(range.to), raw: { from: dateTime(range.from), to: dateTime(range.to) } });

function displays({ panel, frames, shown }: Props, sparkline: boolean): FieldDisplay[] {
  // The plugins set each field's range anew before they reduce it.
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables: (text: string) => fill(text, shown.values),
    theme, data: frames, sparkline, timeZone: 'browser',
  });
}

function Stat(props: Props) {
  const { panel, width, height, shown } = props;
  const options = panel.options;
  const values = displays(props, options.graphMode !== BigValueGraphMode.None);
  const textMode = options.textMode === BigValueTextMode.Auto && (panel.fieldConfig.defaults.displayName || !panel.title) ? BigValueTextMode.ValueAndName : options.textMode;
  return (
    <VizRepeater
      getValues={() => values} getAlignmentFactors={getDisplayValueAlignmentFactors} width={width} height={height} source={values} itemSpacing={3}
      renderCounter={0} autoGrid orientation={options.orientation}
      renderValue={({ value, width: w, height: h, alignmentFactors, count }: any) => {
        if (value.sparkline) value.sparkline.timeRange = rangeOf(shown.range);
        return (
          <BigValue value={value.display} count={count} sparkline={value.sparkline} colorMode={options.colorMode} graphMode={options.graphMode}
            justifyMode={options.justifyMode} textMode={textMode} alignmentFactors={alignmentFactors} text={options.text} width={w} height={h} theme={theme}
            percentChangeColorMode={options.percentChangeColorMode} disableWideLayout={!options.wideLayout} />
        );
      }}
    />
  );
}

function Bars(props: Props) {
  const { panel, width, height } = props;
  const options = panel.options;
  const values = displays(props, false);
  return (
    <VizRepeater
      getValues={() => values} getAlignmentFactors={getDisplayValueAlignmentFactors} width={width} height={height} source={values} itemSpacing={options.displayMode === 'lcd' ? 2 : 10}
      minVizWidth={options.minVizWidth} minVizHeight={options.minVizHeight} maxVizHeight={options.maxVizHeight} renderCounter={0} orientation={options.orientation}
      renderValue={({ value, width: w, height: h, orientation, alignmentFactors, count }: any) => {
        const { field, display, view, colIndex } = value;
        let processor = display && getDisplayProcessor({ field: { type: FieldType.number, config: field } as any, theme });
        if (view && colIndex !== undefined) processor = view.getFieldDisplayProcessor(colIndex) ?? processor;
        return (
          <BarGauge value={display} width={w} height={h} orientation={orientation} field={field} text={options.text} display={processor} theme={theme}
            itemSpacing={options.displayMode === 'lcd' ? 2 : 10} displayMode={options.displayMode} alignmentFactors={count > 1 ? alignmentFactors : undefined}
            showUnfilled={options.showUnfilled} valueDisplayMode={options.valueMode} namePlacement={options.namePlacement} isOverflow={false} />
        );
      }}
    />
  );
}

function Lines({ panel, frames, shown, width, height }: Props) {
  const legend = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [], ...panel.options.legend };
  return (
    <TimeSeries key={`${shown.panel.id}`} frames={frames} structureRev={1} timeRange={rangeOf(shown.range)} timeZone="browser" width={width} height={height} legend={legend as any} options={panel.options}>
      {(config: any) => { marks(config, shown.events); return null; }}
    </TimeSeries>
  );
}

/** Annotations, as the plugin of Grafana draws them (it is not in @grafana/ui): dashed lines, a region between them, a mark below. */
function marks(config: any, events: Event[]) {
  if (config.__marked) return;
  config.__marked = true;
  config.addHook('draw', (u: any) => {
    const { ctx } = u;
    const ratio = window.devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height + 8 * ratio);
    ctx.clip();
    for (const event of events) {
      const left = u.valToPos(event.from, 'x', true);
      const right = u.valToPos(event.to, 'x', true);
      ctx.strokeStyle = ctx.fillStyle = event.colour;
      ctx.lineWidth = 2 * ratio;
      ctx.setLineDash([5 * ratio, 5 * ratio]);
      for (const x of event.to > event.from ? [left, right] : [left]) {
        ctx.beginPath();
        ctx.moveTo(x, u.bbox.top);
        ctx.lineTo(x, u.bbox.top + u.bbox.height);
        ctx.stroke();
      }
      if (event.to > event.from) {
        ctx.globalAlpha = 0.1;
        ctx.fillRect(left, u.bbox.top, right - left, u.bbox.height);
        ctx.globalAlpha = 1;
        ctx.fillRect(left, u.bbox.top + u.bbox.height, right - left, 5 * ratio);
      } else {
        const bottom = u.bbox.top + u.bbox.height;
        ctx.beginPath();
        ctx.moveTo(left, bottom);
        ctx.lineTo(left - 5 * ratio, bottom + 5 * ratio);
        ctx.lineTo(left + 5 * ratio, bottom + 5 * ratio);
        ctx.fill();
      }
    }
    ctx.restore();
  });
}

function Rows({ panel, frames, shown, width, height }: Props) {
  cacheFieldDisplayNames(frames); // as the plugin does: names after `organize` are the column heads
  const frame = frames[panel.options?.frameIndex ?? 0] ?? frames[0];
  return (
    <TableNG data={frame} width={width} height={height} noHeader={panel.options?.showHeader === false} cellHeight={panel.options?.cellHeight ?? ('sm' as any)}
      sortBy={panel.options?.sortBy} fieldConfig={panel.fieldConfig} timeRange={rangeOf(shown.range)} structureRev={1} noValue={panel.fieldConfig.defaults.noValue} enableVirtualization />
  );
}

/** States over time, a row a series: a likeness of the plugin, which @grafana/ui does not export. */
function States({ panel, frames, shown, width, height }: Props) {
  const names = frames.map((frame) => getFieldDisplayName(frame.fields[1], frame, frames));
  const left = Math.min(width / 3, 12 + 7.2 * Math.max(...names.map((name) => name.length)));
  const axis = 24;
  const row = (height - axis) / frames.length;
  const place = (at: number) => left + ((at - shown.range.from) / (shown.range.to - shown.range.from)) * (width - left);
  const said: React.CSSProperties = { position: 'absolute', overflow: 'hidden', whiteSpace: 'nowrap', textOverflow: 'ellipsis' };
  return (
    <div style={{ position: 'relative', width, height, fontSize: 12, color: theme.colors.text.primary }}>
      {frames.map((frame, number) => {
        const [time, value] = frame.fields;
        const step = time.config.interval ?? 0;
        const runs: Array<{ from: number; to: number; value: any }> = [];
        for (let each = 0; each < frame.length; each++) {
          const last = runs[runs.length - 1];
          const at = time.values[each];
          if (last && last.to >= at - 1 && (!panel.options.mergeValues || last.value === value.values[each])) last.to = at + step;
          else runs.push({ from: at, to: at + step, value: value.values[each] });
        }
        const top = number * row + row * 0.1;
        return (
          <React.Fragment key={number}>
            <div style={{ ...said, left: 0, top: number * row, width: left - 8, lineHeight: `${row}px`, textAlign: 'right' }}>{names[number]}</div>
            {runs.map((run) => {
              const shownValue = value.display!(run.value);
              const x = Math.max(left, place(run.from));
              const w = Math.min(width, place(run.to)) - x;
              const text = w > 8 * shownValue.text.length ? shownValue.text : '';
              return [
                <div key={`box${run.from}`} style={{ ...said, left: x, top, width: w, height: row * 0.8, background: shownValue.color, opacity: 0.7 }} />,
                <div key={`word${run.from}`} style={{ ...said, left: x + 4, top, width: Math.max(0, w - 4), lineHeight: `${row * 0.8}px` }}>{text}</div>,
              ];
            })}
          </React.Fragment>
        );
      })}
      {[0.25, 0.5, 0.75].map((part) => (
        <div key={part} style={{ ...said, left: left + part * (width - left) - 24, top: height - axis + 4, color: theme.colors.text.secondary }}>
          {new Date(shown.range.from + part * (shown.range.to - shown.range.from)).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })}
        </div>
      ))}
    </div>
  );
}
