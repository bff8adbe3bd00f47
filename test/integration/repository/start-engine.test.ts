import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../support/databases.ts';
import { startRealEngine } from '../../support/engines/start-engine.ts';

describe('a start without what a real engine needs', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeEach(() => {
    folder = temporaryFolder();
    // A machine with a shell and nothing more.
    mkdirSync(join(folder.path, 'bin'));
    symlinkSync('/bin/sh', join(folder.path, 'bin', 'sh'));
    vi.stubEnv('PATH', join(folder.path, 'bin'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    folder.remove();
  });

  it('says what to install; the global set-up shows that, and fails with CI=true', async () => {
    const sentence = (missing: string) =>
      `there is no ${missing}: install a JDK 17 or newer and Maven`;
    const all = sentence('java, no javac, no mvn');
    await expect(startRealEngine('operaton')).rejects.toThrow(all);
    for (const program of ['java', 'javac']) {
      symlinkSync('/bin/sh', join(folder.path, 'bin', program));
    }
    await expect(startRealEngine('camunda7')).rejects.toThrow(sentence('mvn'));
  });
});
