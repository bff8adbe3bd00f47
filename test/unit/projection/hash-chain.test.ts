import { describe, expect, it } from 'vitest';
import { createChainCheck } from '../../../infrastructure/sql/checked-events.ts';
import { expectedHash } from '../../../infrastructure/sql/event-hash.ts';
import { type FoundEventRow, toEventRow } from '../../../infrastructure/sql/event-row.ts';
import { completed, requested, stepCompleted } from '../../support/events.ts';

const createdAt = '2026-01-02T03:04:05.000Z';

/** A stream as it is stored. */
function streamOf(correlationId: string): FoundEventRow[] {
  let previous: Buffer | null = null;
  return [requested(), stepCompleted('t'), completed()].map((event, at) => {
    const row = toEventRow(correlationId, at + 1, event, createdAt);
    row.hash = expectedHash(row, previous);
    previous = row.hash;
    return { ...row, archived_at: null };
  });
}

function chains(rows: readonly FoundEventRow[]): string[] {
  const check = createChainCheck();
  return rows.map((row, at) => check(at + 1, row).chain);
}

describe('the check of hash chains', () => {
  it('begins again with every stream', () => {
    expect(chains([...streamOf('a'), ...streamOf('b')])).toEqual(Array(6).fill('matches'));
  });

  it('finds an altered event, and an altered hash also by the next event', () => {
    const [first, second, third] = streamOf('a') as [FoundEventRow, FoundEventRow, FoundEventRow];
    const altered = { ...second, response_data: '{"forged":true}' };
    expect(chains([first, altered, third])).toEqual(['matches', 'differs', 'matches']);
    const hash = Buffer.alloc(32, 7);
    expect(chains([first, { ...second, hash }, third])).toEqual(['matches', 'differs', 'differs']);
    const noHash = Buffer.from('no hash');
    expect(chains([first, { ...second, hash: noHash }])).toEqual(['matches', 'differs']);
  });

  it('takes an event without a hash only from before there were hashes', () => {
    const old = (row: FoundEventRow) => ({ ...row, schema_version: 2, hash: null });
    const [first, second, third] = streamOf('a') as [FoundEventRow, FoundEventRow, FoundEventRow];
    expect(chains([old(first), { ...second, hash: expectedHash(second, null) }])).toEqual([
      'none',
      'matches',
    ]);
    expect(chains([first, old(second), third])).toEqual(['matches', 'missing', 'differs']);
    expect(chains([{ ...first, hash: null }])).toEqual(['missing']);
  });
});
