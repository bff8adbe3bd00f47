import type { AcceptServer } from './children/accept-server.ts';
import type { Load } from './children/load.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { type Child, startChild } from './support/child.ts';

const CONNECTIONS = 64;
/** Whole seconds: autocannon counts in them. */
const SECONDS = 4;

/**
 * The cost of access control: accepted starts per second on the accept path (see `start`), with an API key for each
 * request. Baseline: the same without access control.
 */
export const access: Benchmark = async (run) => {
  const load = startChild<Load>('children/load.ts');
  const open = startChild<AcceptServer>('children/accept-server.ts');
  const guarded = startChild<AcceptServer>('children/accept-server.ts');
  const openUrl = await open.call('start', { folder: run.folder() });
  const guardedUrl = await guarded.call('start', { folder: run.folder(), guarded: true });
  const key = await guarded.call('key', undefined);
  const connections = CONNECTIONS;
  await load.call('run', { url: openUrl, seconds: 1, connections });
  await load.call('run', { url: guardedUrl, seconds: 1, connections, key });
  const seconds = Math.max(1, Math.round(run.seconds(SECONDS)));
  /** Requests per second, and per CPU second of the server, on which other programs have less influence. */
  async function measure(server: Child<AcceptServer>, url: string, key?: string) {
    const before = await server.call('cpuSeconds', undefined);
    const { perSecond } = await load.call('run', {
      url,
      seconds,
      connections,
      ...(key && { key }),
    });
    const cpu = (await server.call('cpuSeconds', undefined)) - before;
    return { perSecond, perCpuSecond: (perSecond * seconds) / cpu };
  }

  const rounds = await inTurns<'perSecond' | 'perCpuSecond'>(run, 'access', [['perSecond', '/s']], {
    baseline: () => measure(open, openUrl),
    ours: () => measure(guarded, guardedUrl, key),
  });
  await Promise.all([load.stop(), open.stop(), guarded.stop()]);
  const name = `start with an API key, ${connections} connections`;
  const common = { unit: '/s', baseline: 'the same service, open' } as const;
  const goal = { of: 'ratio', limit: 'at least', value: 0.9 } as const;
  return {
    rows: [
      rowOf(rounds, 'perSecond', { ...common, name, goal }),
      rowOf(rounds, 'perCpuSecond', { ...common, name: `${name}: per CPU second`, goal }),
    ],
  };
};
