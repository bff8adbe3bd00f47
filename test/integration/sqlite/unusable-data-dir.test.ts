import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeDataDir } from '../../../src/composition/database/data-lock.ts';
import { runCommand } from '../../support/commands.ts';
import { temporaryFolder } from '../../support/databases.ts';

const folder = temporaryFolder();
const file = join(folder.path, 'file');
writeFileSync(file, '');

const unusable = [
  ...(process.platform === 'linux' ? ['/proc/x', '/proc/x/y/z', '/proc/self/x', '/sys/x'] : []),
  file,
  join(file, 'below'),
  '/dev/null',
  join(folder.path, 'x'.repeat(300)),
];

describe('a DATA_DIR that cannot be used', () => {
  afterAll(() => folder.remove());

  it.each(unusable)('is refused by name: %.60s', (directory) => {
    expect(() => makeDataDir(directory)).toThrow(/^DATA_DIR: .* cannot be created or written: /);
  });

  it('ends a start and a migration with one line', async () => {
    for (const [command, DATA_DIR = ''] of [
      ['serve', unusable[0]],
      ['migrate', file],
    ] as const) {
      const env = { DATA_DIR, PORT: '0', LOG_LEVEL: 'silent' };
      const { code, err } = await runCommand([command], env);
      expect(err).toMatch(
        /^fastify-camunda: DATA_DIR: [^\n]*cannot be created or written[^\n]*\n$/,
      );
      expect(code).toBe(1);
    }
  }, 300_000);

  it('is created, with the folders above it, when it does not exist', () => {
    const deep = join(folder.path, 'a', 'b', '..', 'c', 'd');
    makeDataDir(deep);
    makeDataDir(deep);
    expect(statSync(deep).isDirectory()).toBe(true);
  });
});
