import { validate, version } from 'uuid';
import { afterEach, expect, it, vi } from 'vitest';
import { timeOrderedId } from '../../../domain/ids/time-ordered-id.ts';

afterEach(() => {
  vi.useRealTimers();
});

it('is a UUID of version 7 that no other id equals, and that sorts behind those before it', () => {
  const ids = Array.from({ length: 10_000 }, timeOrderedId);
  expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
  expect([...ids].sort()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

it('begins with the time, and sorts behind those before it when the clock is set back', () => {
  const timeOf = (id: string) => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  vi.useFakeTimers({ now: Date.now() + 60_000 });
  const ahead = timeOrderedId();
  expect(timeOf(ahead)).toBe(Date.now());
  vi.setSystemTime(Date.now() - 30_000);
  expect(timeOrderedId() > ahead).toBe(true);
});

it('has random bits of its own in each id', () => {
  const tails = Array.from({ length: 1_000 }, () => timeOrderedId().slice(-12));
  expect(new Set(tails).size).toBe(tails.length);
});
