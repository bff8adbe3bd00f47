import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, expect, it } from 'vitest';
import { createRig } from '../integration/embedded-engine/engine-rig.ts';
import { end, flows, start, task } from '../support/bpmn/model.ts';
import { boundary, signalEvent } from '../support/bpmn/notation.ts';
import { endWithUs, until } from '../support/children.ts';
import { builtFile } from '../support/commands.ts';
import { temporaryFolder } from '../support/databases.ts';

const SCRIPT = await builtFile('test/support/programs/run-embedded-engine.ts');
const KILL_AT_DELIVERY = await builtFile('test/support/programs/kill-at-delivery.ts');
const INSTANCES = 1_000;
/** Deliveries before each kill: within a batch, and right after one. */
const KILLS = [1, 101, 150, 99, 201, 37];

const folder = temporaryFolder();
const file = join(folder.path, 'engine.db');
let child: ChildProcess;
let url = '';
const rig = createRig(() => url);

/** @param killAt deliveries after which it dies, maybe before it is up; 0: never */
async function startEngine(killAt = 0): Promise<void> {
  child = spawn(process.execPath, ['--import', KILL_AT_DELIVERY, SCRIPT, file], {
    env: { PATH: process.env.PATH ?? '', KILL_AT: String(killAt) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  endWithUs(child);
  if (!child.stdout) throw new Error('no output');
  const line = once(createInterface(child.stdout), 'line').then(([first]) => String(first));
  url = (await Promise.race([line, once(child, 'exit').then(() => '')])) || url;
}

async function killed(): Promise<void> {
  if (child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
}

/** Read beside the engine. */
function read<T>(sql: string): T[] {
  const db = new BetterSqlite3(file, { readonly: true });
  try {
    return db.prepare<[], T>(sql).all();
  } finally {
    db.close();
  }
}
const left = (): number => read('SELECT 1 FROM engine_signal_receiver').length;

afterAll(async () => {
  child.kill('SIGKILL');
  folder.remove();
});

it('G10: a signal that 1,000 instances wait for reaches each of them once, though the service is killed between its batches', async () => {
  await startEngine();
  const key = rig.newKey();
  const name = `signal-${key}`;
  await rig.deploy(
    key,
    ...[start(), task('wait'), end(), flows('start', 'wait', 'end')],
    // Each delivery opens another task.
    ...[boundary('on', 'wait', signalEvent(name), false), task('got'), end('e')],
    flows('on', 'got', 'e'),
  );
  const ids: string[] = [];
  while (ids.length < INSTANCES) {
    const batch = Array.from({ length: 100 }, () => rig.engine.start(key, 'business', {}));
    ids.push(...(await Promise.all(batch)));
  }
  child.kill('SIGKILL');
  await killed();

  const [first = 0, ...more] = KILLS;
  await startEngine(first);
  await expect(rig.call('POST', '/signal', { name })).rejects.toThrow();
  await killed();
  expect(left()).toBe(INSTANCES - 100);
  let before = left();
  for (const killAt of more) {
    await startEngine(killAt);
    await killed();
    // Whole batches are delivered, or nothing of them.
    expect(before - left()).toBe(Math.floor((killAt - 1) / 100) * 100);
    before = left();
  }
  expect(before).toBeGreaterThan(0);

  await startEngine();
  await until(() => left() === 0, 'all have the signal');
  const counts = read<{ instance_id: string; got: number }>(
    `SELECT instance_id, COUNT(*) AS got FROM engine_external_task WHERE activity_id = 'got' GROUP BY instance_id`,
  );
  expect(counts.filter(({ got }) => got !== 1)).toEqual([]);
  expect(counts.map(({ instance_id: id }) => id).sort()).toEqual(ids.sort());
  expect(read('SELECT * FROM engine_signal')).toEqual([]);
});
