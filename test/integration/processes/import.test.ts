import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BusinessRuleError } from '../../../domain/common/errors.ts';
import { importProcess } from '../../../src/composition/definitions/import-process.ts';
import { temporaryFolder } from '../../support/databases.ts';

const COMMONJS = { 'package.json': '{ "name": "theirs", "type": "commonjs" }' };
const DEFINITION = `defineProcess({
  key: 'shop', title: 'Shop', input: z.object({}), settings: z.object({}), example: {}, identifiers: () => ({}),
  steps: (step) => [step({
    name: 'pay', number: 1, input: z.object({}), output: z.object({}), successText: '', errorText: '', ends: 'ok',
    handle: () => { throw new BusinessRuleError('NO', 'no'); },
  })],
})`;
const MODULE = `import { BusinessRuleError, defineProcess } from 'fastify-camunda';
import { z } from 'zod';
export default ${DEFINITION};`;

describe('the code of a process in a folder outside of any package', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
  });
  afterEach(() => folder.remove());

  function write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder.path, name)), { recursive: true });
      writeFileSync(join(folder.path, name), text);
    }
  }

  interface Loaded {
    key: string;
    steps: { name: string; handle(): unknown }[];
    input: z.ZodType;
  }
  async function load(name: string): Promise<Loaded> {
    return (await importProcess(join(folder.path, name))).default as Loaded;
  }

  it.each<[string, string, Record<string, string>]>([
    ['TypeScript', 'index.ts', { 'index.ts': MODULE }],
    ['TypeScript in a package of CommonJS', 'index.ts', { ...COMMONJS, 'index.ts': MODULE }],
    ['JavaScript', 'index.js', { 'index.js': MODULE }],
    ['JavaScript in a package of CommonJS', 'index.js', { ...COMMONJS, 'index.js': MODULE }],
    ['JavaScript by its name a module', 'index.mjs', { 'index.mjs': MODULE }],
    [
      'CommonJS',
      'index.js',
      {
        'index.js': `const { BusinessRuleError, defineProcess, z } = require('fastify-camunda');
module.exports = ${DEFINITION};`,
      },
    ],
  ])('is loaded as %s, with nothing installed beside it', async (_what, name, files) => {
    write(files);
    const { key, steps, input } = await load(name);
    expect([key, steps.map((step) => step.name)]).toEqual(['shop', ['pay']]);
    expect(input).toBeInstanceOf(z.ZodObject);
    expect(() => steps[0]?.handle()).toThrow(BusinessRuleError);
  });

  it('may be several files, know its path, and use packages that are installed beside it', async () => {
    write({
      'node_modules/of-modules/package.json': '{ "type": "module", "exports": "./a.js" }',
      'node_modules/of-modules/a.js': 'export const place = import.meta.url;',
      'node_modules/of-commonjs/package.json': '{ "main": "b.js" }',
      'node_modules/of-commonjs/b.js': 'exports.place = __filename;',
      'common/note.txt': 'a note',
      'common/read.ts': `import { readFileSync } from 'node:fs';
export enum Kind { Note = 'note' }
export const note: string = readFileSync(new URL('note.txt', import.meta.url), 'utf8');`,
      'shop/index.ts': `import { place as one } from 'of-modules';
import { place as other } from 'of-commonjs';
import { Kind, note } from '../common/read';
export default { one, other, note, kind: Kind.Note, here: import.meta.dirname };`,
    });
    expect(await load('shop/index.ts')).toEqual({
      one: `file://${folder.path}/node_modules/of-modules/a.js`,
      other: `${folder.path}/node_modules/of-commonjs/b.js`,
      note: 'a note',
      kind: 'note',
      here: join(folder.path, 'shop'),
    });
  });

  it('that cannot be loaded says what is wrong and where', async () => {
    write({ 'a.ts': "import 'nowhere-to-be-found';", 'b.ts': '\nexport default {;' });
    await expect(load('a.ts')).rejects.toThrow(
      /^Could not resolve "nowhere-to-be-found" \(.*a\.ts:1\)$/,
    );
    await expect(load('b.ts')).rejects.toThrow(/^Expected .* \(.*b\.ts:2\)$/);
  });

  it('throws errors whose stacks name its own files and lines', async () => {
    write({
      'fail.ts': '\n\nexport function fail(): never {\n  throw new Error("on line 4");\n}\n',
      'index.ts': "import { fail } from './fail.ts';\nexport default { fail };",
    });
    const { fail } = (await load('index.ts')) as unknown as { fail(): never };
    const stack = (() => {
      try {
        return fail();
      } catch (error) {
        return String((error as Error).stack);
      }
    })();
    expect(stack).toContain(`${join(folder.path, 'fail.ts')}:4:`);
  });
});
