// node check.mjs DIR: dashboards against the types of @grafana/schema, which are those of the Grafana whose version the package has.
// An option or a field setting that this Grafana does not know, or a value that it does not take, is an error. Exit code 1 when there is one.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const dashboards = path.resolve(process.argv[2] ?? '../../grafana/dashboards');
const schema = './node_modules/@grafana/schema/dist/types/raw';
if (!readdirSync(dashboards).some((each) => each.endsWith('.json'))) { console.error(`no dashboards in ${dashboards}`); process.exit(2); }
const types = [...new Set(readdirSync(dashboards).flatMap((name) => (name.endsWith('.json') ? read(name).panels.map((panel) => panel.type) : [])))];
// Enums are names in TypeScript and texts in JSON; options that a panel leaves out are the plugin's own.
const lines = [
  `import type { Dashboard, Panel, FieldConfig } from '${schema}/dashboard/x/types.gen';`,
  'type Plain<T> = T extends string ? `${T}` : T extends number ? T | (`${T}` extends `${infer N extends number}` ? N : never) : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;',
  'type Some<T> = T extends string ? `${T}` : T extends Array<infer E> ? Array<Some<E>> : T extends object ? { [K in keyof T]?: Some<T[K]> } : T;',
  ...types.flatMap((type, n) => [`import type * as P${n} from '${schema}/composable/${type.replace('-', '')}/panelcfg/x/types.gen';`]),
];
const where = [];
const say = (place, type, value) => { where[lines.length] = place; lines.push(`export const v${lines.length}: ${type} = ${JSON.stringify(value)};`); };

function read(name) { return JSON.parse(readFileSync(path.join(dashboards, name), 'utf8')); }

for (const name of readdirSync(dashboards).filter((each) => each.endsWith('.json')).sort()) {
  const { panels, annotations, ...page } = read(name);
  say(name, 'Plain<Dashboard>', page);
  for (const panel of panels) {
    const { options, fieldConfig: { defaults: { custom, ...standard }, overrides = [] }, ...rest } = panel;
    const place = `${name}, ${panel.title}`;
    const number = types.indexOf(panel.type);
    const known = /export (interface|type) FieldConfig/.test(readFileSync(`${schema}/composable/${panel.type.replace('-', '')}/panelcfg/x/types.gen.d.ts`, 'utf8'));
    const own = known ? `Some<P${number}.FieldConfig>` : '{}';
    say(place, 'Plain<Panel>', rest);
    say(`${place}, options`, `Some<P${number}.Options>`, options);
    say(`${place}, field settings`, 'Plain<FieldConfig>', standard);
    say(`${place}, field settings of the panel's kind`, own, custom ?? {});
    for (const { matcher, properties } of overrides) for (const { id, value } of properties) {
      const [, key] = /^custom\.(.*)$/.exec(id) ?? [];
      say(`${place}, ${id} of ${matcher.options}`, `NonNullable<${key ? own : 'Plain<FieldConfig>'}[${JSON.stringify(key ?? id)}]>`, value);
    }
  }
}

const file = path.resolve('dashboards.check.ts');
const options = { strict: true, noEmit: true, skipLibCheck: true, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, target: ts.ScriptTarget.ES2022, types: [] };
const host = ts.createCompilerHost(options);
const { fileExists, getSourceFile } = host;
host.fileExists = (name) => name === file || fileExists(name);
host.getSourceFile = (name, ...others) => (name === file ? ts.createSourceFile(name, lines.join('\n'), options.target) : getSourceFile.call(host, name, ...others));
const found = ts.getPreEmitDiagnostics(ts.createProgram([file], options, host));
for (const each of found) {
  const line = each.file && each.start !== undefined ? each.file.getLineAndCharacterOfPosition(each.start).line : -1;
  console.error(`${where[line] ?? `${each.file?.fileName}:${line}`}: ${ts.flattenDiagnosticMessageText(each.messageText, ' ').slice(0, 400)}`);
}
console.log(`${where.filter(Boolean).length} parts of dashboards, ${found.length} that Grafana ${JSON.parse(readFileSync('node_modules/@grafana/schema/package.json')).version} does not know`);
process.exit(found.length ? 1 : 0);
