import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/databases.ts';

const SCRIPT = new URL('../../../scripts/compile-changed.mjs', import.meta.url).href;
const { compileChanged } = (await import(SCRIPT)) as {
  compileChanged(root: string, out: string, folders: readonly string[]): Promise<void>;
};

describe('the sources that npm run cli keeps compiled', () => {
  const folder = temporaryFolder();
  const src = join(folder.path, 'src');
  const out = join(folder.path, 'out');
  const compile = () => compileChanged(folder.path, out, ['src']);
  const compiled = (name: string) => readFileSync(join(out, 'src', name), 'utf8');
  const source = (name: string, text: string) => writeFileSync(join(src, name), text);

  beforeEach(async () => {
    for (const old of [src, out]) rmSync(old, { recursive: true, force: true });
    mkdirSync(src, { recursive: true });
    source('one.ts', "import { two } from './two.ts';\nexport const one: number = two;\n");
    source('two.ts', 'export const two: number = 2;\n');
    await compile();
  });
  afterAll(() => folder.remove());

  it('are JavaScript whose imports name JavaScript', () => {
    expect(compiled('one.js')).toContain('from "./two.js"');
    expect(compiled('two.js')).not.toContain('number');
    expect(JSON.parse(readFileSync(join(out, 'package.json'), 'utf8'))).toEqual({ type: 'module' });
  });

  it('are compiled again when they change, even to an older time, and the others are not', async () => {
    source('two.ts', 'export const two: number = 22;\n');
    utimesSync(join(src, 'two.ts'), new Date(0), new Date(0));
    const { atime, mtime } = statSync(join(out, 'src', 'one.js'));
    writeFileSync(join(out, 'src', 'one.js'), 'not compiled again');
    utimesSync(join(out, 'src', 'one.js'), atime, mtime);
    await compile();
    expect(compiled('two.js')).toContain('22');
    expect(compiled('one.js')).toBe('not compiled again');
  });

  it('are removed with their source', async () => {
    rmSync(join(src, 'two.ts'));
    await compile();
    expect(readdirSync(join(out, 'src')).sort()).toEqual(['one.js', 'one.js.map']);
  });
});
