import { describe, expect, it } from 'vitest';
import type { Notifier } from '../../../domain/process/notifier.ts';
import type { ProcessState } from '../../../domain/process/process-state.ts';
import { publishOnce } from '../../../domain/process/publish-once.ts';

const stateOf = (correlationId: string, version: number) =>
  ({ correlationId, version }) as ProcessState;

function rig() {
  const sent: string[] = [];
  let failing = false;
  let now = 1_000;
  const inner: Notifier = {
    async publish({ correlationId, version }) {
      sent.push(`${correlationId} ${version}`);
      if (failing) throw new Error('Redis is away');
    },
    subscribe: () => () => {},
    close: async () => {},
  };
  return {
    sent,
    notifier: publishOnce(inner, { now: () => now }),
    fail(is: boolean): void {
      failing = is;
    },
    pass(ms: number): void {
      now += ms;
    },
  };
}

describe('publishing once', () => {
  it('publishes each version of each process one time', async () => {
    const { notifier, sent } = rig();
    for (const [id, version] of [
      ['a', 1],
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['a', 2],
    ] as const) {
      await notifier.publish(stateOf(id, version));
    }
    expect(sent).toEqual(['a 1', 'b 1', 'a 2']);
  });

  it('rejects for all who publish a state that cannot be sent, and sends it again at the next attempt', async () => {
    const { notifier, sent, fail } = rig();
    fail(true);
    const both = [notifier.publish(stateOf('a', 1)), notifier.publish(stateOf('a', 1))];
    for (const one of both) await expect(one).rejects.toThrow('Redis is away');
    fail(false);
    await notifier.publish(stateOf('a', 1));
    expect(sent).toEqual(['a 1', 'a 1']);
  });

  it('publishes an id that is used again after its process was purged', async () => {
    const { notifier, sent, pass } = rig();
    await notifier.publish(stateOf('a', 1));
    pass(6_000);
    await notifier.publish(stateOf('a', 1));
    expect(sent).toEqual(['a 1', 'a 1']);
  });
});
