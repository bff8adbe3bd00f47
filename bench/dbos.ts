import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { WholeService } from './children/whole-service.ts';
import { type Benchmark, inTurns, rowOf } from './support/benchmark.ts';
import { openCaller } from './support/caller.ts';
import { type Measured, runCallers } from './support/callers.ts';
import { startChild } from './support/child.ts';

const CALLERS = 64;
const ALONE_SECONDS = 3;
const TOGETHER_SECONDS = 5;
const WARM_UP_SECONDS = 4;
const BASELINE = 'DBOS Transact on PostgreSQL';
const FOLDER = fileURLToPath(new URL('./dbos', import.meta.url));

/** The calls of dbos/four-steps.mjs. */
type DbosChild = {
  start(params: { url: string }): Promise<void>;
  measure(params: { callers: number; seconds: number }): Promise<Measured>;
  stop(params: object): Promise<void>;
};

/**
 * Baseline: the same four steps as a DBOS Transact workflow, called in its own process, with every step journaled in
 * PostgreSQL. Ours: the whole service with everything embedded, called over HTTP, with a BPMN engine between the caller
 * and the steps.
 *
 * Needs a PostgreSQL: `BENCH_POSTGRES_URL`, of a user who may create databases. The benchmark creates the database
 * `fastify_camunda_bench` there and drops it at the end. It installs DBOS into bench/dbos, because DBOS is not a
 * dependency of the service.
 */
export const dbos: Benchmark = async (run) => {
  const url = process.env.BENCH_POSTGRES_URL;
  if (!url) {
    const note = 'dbos: skipped; set BENCH_POSTGRES_URL.';
    run.progress(note);
    return { rows: [], notes: [note] };
  }
  install(run.progress);
  const peer = startChild<DbosChild>('dbos/four-steps.mjs');
  await peer.call('start', { url });
  const service = startChild<WholeService>('children/whole-service.ts');
  const caller = openCaller(await service.call('start', { folder: run.folder() }), CALLERS);
  const theirs = (callers: number, seconds: number) =>
    peer.call('measure', { callers, seconds: run.seconds(seconds) });
  const ours = (callers: number, seconds: number) =>
    runCallers(callers, run.seconds(seconds), caller.startAndWait);

  run.progress('dbos: warming up');
  await theirs(CALLERS, WARM_UP_SECONDS);
  await ours(CALLERS, WARM_UP_SECONDS);
  const alone = await inTurns(run, 'dbos, one caller', [['p50', 'ms']], {
    baseline: () => theirs(1, ALONE_SECONDS),
    ours: () => ours(1, ALONE_SECONDS),
  });
  const together = await inTurns(run, `dbos, ${CALLERS} callers`, [['perSecond', '/s']], {
    baseline: () => theirs(CALLERS, TOGETHER_SECONDS),
    ours: () => ours(CALLERS, TOGETHER_SECONDS),
  });
  await caller.close();
  await peer.call('stop', {});
  await Promise.all([peer.stop(), service.stop()]);
  return {
    rows: [
      rowOf(alone, 'p50', {
        name: 'four steps against DBOS, alone: p50',
        unit: 'ms',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at most', value: 0.8 },
      }),
      rowOf(together, 'perSecond', {
        name: `four steps against DBOS, ${CALLERS} callers`,
        unit: '/s',
        baseline: BASELINE,
        goal: { of: 'ratio', limit: 'at least', value: 4 },
      }),
    ],
  };
};

function install(progress: (line: string) => void): void {
  if (existsSync(`${FOLDER}/node_modules/@dbos-inc/dbos-sdk`)) return;
  progress('dbos: installing DBOS Transact into bench/dbos');
  const { status } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: FOLDER,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error('npm could not install DBOS Transact; see above');
}
