import { expect } from 'vitest';
import { isFinal } from '../../domain/process/events.ts';
import type { Stream } from './service.ts';

/**
 * What must hold of every process, whatever was killed meanwhile: it has ended, once; its versions
 * have no gap; process_store is the fold of its events; no task succeeded twice.
 */
export function expectWhole(streams: readonly Stream[]): void {
  for (const { correlationId, events, folded, projected } of streams) {
    const types = events.map(({ type }) => type);
    const what = `${correlationId}: ${types.join(', ')}`;
    expect(types.filter(isFinal), what).toHaveLength(1);
    expect(types.filter((type) => type === 'process-started').length, what).toBeLessThanOrEqual(1);
    expect(
      events.map(({ version }) => version),
      what,
    ).toEqual(events.map((_, at) => at + 1));
    expect(projected, what).toEqual(folded);
    const done = events.flatMap((event) =>
      event.type === 'step-completed' ? [event.step.name] : [],
    );
    expect(new Set(done).size, what).toBe(done.length);
  }
}
