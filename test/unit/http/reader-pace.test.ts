import { describe, expect, it } from 'vitest';
import {
  createReaderPace,
  createReaders,
  type Reader,
} from '../../../src/http/streaming/reader-pace.ts';

describe('the pace of a reader', () => {
  let now = 0;
  const pace = () => createReaderPace(() => now);

  it('is behind by the time in which the reader took nothing', () => {
    const reader = pace();
    now += 60_000;
    expect(reader.behindMs(), 'there was nothing to take').toBe(0);
    reader.sent();
    now += 7_000;
    reader.sent();
    expect(reader.behindMs()).toBe(7_000);
  });

  it('is behind when the reader is slow, and catches up by reading', () => {
    const reader = pace();
    for (let nth = 0; nth < 20; nth++) {
      reader.sent();
      now += 1_000;
      reader.took(1_638.4);
    }
    expect(reader.behindMs()).toBeCloseTo(18_000, -1);
    reader.took(16_384 * 18);
    expect(Math.round(reader.behindMs())).toBe(0);
  });

  it('costs the slowest its slot, and nobody who reads', () => {
    const readers = createReaders(5_000);
    const cut: string[] = [];
    const add = (name: string, behind: number): void => {
      const reader: Reader = {
        pace: { sent() {}, took() {}, behindMs: () => behind },
        cutOff() {
          cut.push(name);
          readers.delete(reader);
        },
      };
      readers.add(reader);
    };
    add('reads', 100);
    expect(readers.makeRoom()).toBe(false);
    add('drips', 6_000);
    add('reads nothing', 9_000);
    expect([readers.makeRoom(), readers.makeRoom(), readers.makeRoom()]).toEqual([
      true,
      true,
      false,
    ]);
    expect(cut).toEqual(['reads nothing', 'drips']);
  });
});
