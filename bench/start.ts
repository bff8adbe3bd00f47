import type { AcceptServer } from './children/accept-server.ts';
import type { BareServer } from './children/bare-server.ts';
import type { Load } from './children/load.ts';
import type { WholeService } from './children/whole-service.ts';
import { type Benchmark, inTurns, type Run, rowOf } from './support/benchmark.ts';
import { type Child, startChild } from './support/child.ts';

const CONNECTIONS = 64;
/** Whole seconds: autocannon counts in them. */
const SECONDS = 4;
const BASELINE = 'Fastify, same body schema, no database';

/**
 * `POST /api/process/start` with `Prefer: respond-async` over 64 connections: requests per second that are answered with
 * 202, each after its event and outbox row are durable. The server and the load generator (autocannon) are processes of
 * their own.
 *
 * Baseline: Fastify alone with the same schema for the body, answering with a new id.
 *
 * The same with the event and the outbox row of each start, made beforehand, written by the driver in group commits, and nothing
 * else of a start: no event loop can accept more that is durable.
 *
 * Ours is measured twice. The accept path: server, event store, outbox and relay of an instance with the roles
 * `api,relay`, and a queue that accepts every job and runs none. The whole service: everything embedded, so the same
 * cores also execute the accepted processes, and no more are accepted than end (G14); so it has no goal here. Each round
 * has a new service.
 */
export const start: Benchmark = async (run) => {
  const load = startChild<Load>('children/load.ts');
  const bare = startChild<BareServer>('children/bare-server.ts');
  const accept = startChild<AcceptServer>('children/accept-server.ts');
  const bareUrl = await bare.call('start', {});
  const acceptUrl = await accept.call('start', { folder: run.folder() });
  await measure(load, bareUrl, 1);
  await measure(load, acceptUrl, 1);
  const seconds = Math.max(1, Math.round(run.seconds(SECONDS)));
  const baseline = () => measure(load, bareUrl, seconds);

  const path = await inTurns(run, 'start, accept path', [['perSecond', '/s']], {
    baseline,
    ours: () => measure(load, acceptUrl, seconds),
  });
  await accept.stop();
  const durable = startChild<BareServer>('children/bare-server.ts');
  const durableUrl = await durable.call('start', { folder: run.folder() });
  await measure(load, durableUrl, 1);
  const least = await inTurns(run, 'start, Fastify that writes the rows', [['perSecond', '/s']], {
    baseline,
    ours: () => measure(load, durableUrl, seconds),
  });
  await durable.stop();
  let ended = 0;
  const whole = await inTurns(run, 'start, whole service', [['perSecond', '/s']], {
    baseline,
    ours: async () => {
      const measured = await measureWhole(run, load, seconds);
      ended += measured.ended / run.rounds / seconds;
      return measured;
    },
  });
  await Promise.all([load.stop(), bare.stop()]);
  const name = `start, ${CONNECTIONS} connections`;
  return {
    rows: [
      rowOf(path, 'perSecond', {
        name: `${name}: accept path`,
        unit: '/s',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at least', value: 0.5 },
      }),
      rowOf(least, 'perSecond', {
        name: `${name}: Fastify that writes the rows`,
        unit: '/s',
        baseline: BASELINE,
        goal: null,
      }),
      rowOf(whole, 'perSecond', {
        name: `${name}: whole service`,
        unit: '/s',
        baseline: BASELINE,
        goal: null,
      }),
    ],
    notes: [
      `While the whole service accepted these starts, it also ended ${ended.toFixed(0)} processes per second.`,
    ],
  };
};

async function measureWhole(
  run: Run,
  load: Child<Load>,
  seconds: number,
): Promise<{ perSecond: number; ended: number }> {
  const service = startChild<WholeService>('children/whole-service.ts');
  const url = await service.call('start', { folder: run.folder() });
  await measure(load, url, 1);
  const before = await service.call('ended', {});
  const { perSecond } = await measure(load, url, seconds);
  const after = await service.call('ended', {});
  // Not stopped gracefully: executing the accepted processes would take long.
  await service.stop();
  return { perSecond, ended: after - before };
}

function measure(load: Child<Load>, url: string, seconds: number): Promise<{ perSecond: number }> {
  return load.call('run', { url, seconds, connections: CONNECTIONS });
}
