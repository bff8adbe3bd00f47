import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findLateDeclarations } from '../../support/late-declarations.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FOLDERS = ['domain', 'infrastructure', 'jobs', 'migrations', 'src'];

it('no call reaches a constant that is declared only after it', () => {
  const files = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
      .map((name) => join(ROOT, folder, name)),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(findLateDeclarations(files)).toEqual([]);
});

it('a call that reaches such a constant through several functions is found', () => {
  const folder = mkdtempSync(join(tmpdir(), 'late-'));
  const file = join(folder, 'late.ts');
  writeFileSync(
    file,
    `export function run(early: boolean): number {
  if (early) return notify();
  const identity = 1;
  return notify();
  function notify(): number { return end(); }
  function end(): number { return identity; }
}`,
  );
  try {
    expect(findLateDeclarations([file])).toEqual([`${file}:2: notify reaches identity`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
