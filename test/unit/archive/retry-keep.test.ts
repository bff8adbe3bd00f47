import { expect, it } from 'vitest';
import { DAY_MS } from '../../../domain/common/index.ts';
import { retryKeepMs } from '../../../src/composition/jobs/purge.ts';

it('an instance that is kept for a retry goes before its process is purged', () => {
  const days = (keep: number, purge: number): number =>
    retryKeepMs({ RETRY_KEEP_DAYS: keep, ARCHIVE_PURGE_AFTER_DAYS: purge }) / DAY_MS;
  expect(days(30, 0)).toBe(30);
  expect(days(30, 365)).toBe(30);
  expect(days(30, 2)).toBe(1);
  expect(days(30, 30)).toBe(29);
});
