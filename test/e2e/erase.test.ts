import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { until } from '../support/children.ts';
import { type CommandRun, runCommand } from '../support/commands.ts';
import { engineApi } from '../support/engine-api.ts';
import { startOtlpReceiver } from '../support/otlp-receiver.ts';
import { foundIn, MASTER, OTHER_MASTER, PERSON } from '../support/personal.ts';
import {
  createFolder,
  type Folder,
  PERSONAL_PROCESSES,
  settingsFor,
  startTestService,
  untilRelayed,
} from '../support/service.ts';
import { type Answer, expectProblem } from '../support/service-api.ts';
import { copyProcesses } from '../support/service-copies.ts';
import { startServiceProcess } from '../support/service-process.ts';

const SLOW = 120_000;
const redisUrl = inject('redisUrl');
const engineUrl = inject('engineUrls').operaton;
const ADA = { email: PERSON.email, fullName: PERSON.fullName };

describe('erasure', { timeout: SLOW }, () => {
  const cleanup: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  function newFolder(): Folder {
    const folder = createFolder();
    cleanup.push(folder.remove);
    return folder;
  }
  const personal = (more: Record<string, string> = {}): Record<string, string> => ({
    PROCESSES_DIR: PERSONAL_PROCESSES,
    PERSONAL_DATA_KEY: MASTER,
    ...more,
  });
  const run = (folder: Folder, args: string[], more: Record<string, string> = {}) =>
    runCommand(args, settingsFor(folder, personal({ LOG_LEVEL: 'error', ...more })));

  it('leaves no trace of the person, in anything that was written', async () => {
    const folder = newFolder();
    const receiver = await startOtlpReceiver();
    cleanup.push(receiver.stop);
    const settings = personal({
      LOG_LEVEL: 'trace',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '20',
      ...(redisUrl ? { REDIS_URL: redisUrl, REDIS_PREFIX: `personal-${randomUUID()}` } : {}),
    });
    const heard = redisUrl ? await listen(redisUrl, settings.REDIS_PREFIX ?? '') : undefined;
    cleanup.push(() => heard?.close());
    const service = await startServiceProcess(folder, settings);
    cleanup.push(() => service.kill('SIGKILL'));
    const start = (how: string): Promise<Answer> =>
      service.api.start('personal', { how, ...ADA }, { correlationId: how });

    // Callers are told all of it.
    const [ok, refused, broken] = await Promise.all(['ok', 'business', 'technical'].map(start));
    expect(ok?.body.result).toEqual({
      message: `Welcome, ${ADA.fullName}`,
      email: ADA.email,
      score: 71,
    });
    expectProblem(refused as Answer, 'process-refused', new RegExp(PERSON.refusal));
    expectProblem(broken as Answer, 'process-failed', new RegExp(`nobody called ${ADA.fullName}`));
    expect((await start('ok')).status, 'the same start is still known').toBe(200);
    const trail = await service.api.get('/api/process/business/events');
    expect(foundIn(trail.text)).toEqual([ADA.email, ADA.fullName, PERSON.refusal]);
    await untilRelayed(folder);
    await service.api.post('/api/process/start', { body: '{' });
    service.kill('SIGTERM');
    await service.ended;

    // Everything that was written beside the engine's own tables.
    expect(foundIn(service.output()), 'in the log').toEqual([]);
    expect(receiver.spans.length).toBeGreaterThan(10);
    expect(foundIn(receiver.sent()), 'in the traces').toEqual([]);
    expect(receiver.sent(), 'the code instead').not.toContain('$personal.');
    expect(foundIn((await heard?.everything()) ?? ''), 'in Redis').toEqual([]);
    expect(foundIn(rowsBesideEngine(folder)), 'in the tables').toEqual([]);

    const { code, out, err } = await run(folder, ['erase', 'ok', 'business', 'technical']);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: 'ok erased\nbusiness erased\ntechnical erased\n',
      err: '',
    });
    expect(foundIn(bytesOf(folder)), 'in the file, in what is free in it, in its log').toEqual([]);
    expect((await run(folder, ['verify'])).code, 'every hash holds').toBe(0);
  });

  it('is seen by every caller within seconds, while the service runs', async () => {
    const folder = newFolder();
    const service = await startTestService(personal({ RECONCILE_EVERY_MS: '200' }), folder);
    cleanup.push(service.stop);
    const { api } = service;
    for (const [id, how] of [
      ['done', 'ok'],
      ['failed', 'technical'],
    ]) {
      await api.start('personal', { how, ...ADA }, { correlationId: id });
    }
    await untilRelayed(folder);
    const before = await api.status('done');

    writeFileSync(join(folder.path, 'ids'), 'done\n\nfailed\n');
    const first = await run(folder, ['erase', '--from', join(folder.path, 'ids')], {
      RECONCILE_EVERY_MS: '200',
    });
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toMatch(/^done erased; the running service .* within 1 s\nfailed erased; /);

    const told = async (): Promise<string> =>
      (await api.status('done')).text + (await api.status('failed')).text;
    await until(async () => foundIn(await told()).length === 0, 'it is gone');
    const after = await api.get('/api/process/status/done', {
      headers: { 'if-none-match': before.headers.get('etag') ?? '' },
    });
    expect(after.status, 'what a caller has kept counts no more').toBe(200);
    expect(after.body).toMatchObject({
      erased: true,
      result: { message: '[erased]', email: '[erased]', score: 71 },
    });
    for (const path of [
      '/api/process',
      '/api/process/done/events',
      '/api/process/failed/events',
      `/api/event-log/${await traceOf('done')}`,
    ]) {
      const { status, text } = await api.get(path);
      expect(status).toBe(200);
      expect(foundIn(text), path).toEqual([]);
      expect(text).toContain('[erased]');
    }
    const followed = await api.get('/api/process/done/events', {
      headers: { accept: 'text/event-stream' },
    });
    expect(foundIn(followed.text)).toEqual([]);
    const again = await api.start('personal', { how: 'ok', ...ADA }, { correlationId: 'done' });
    expectProblem(again, 'conflict');
    const retry = await api.post('/api/process/failed/retry');
    expectProblem(retry, 'not-retryable', /erased; start a new one/);
    await until(() => enginesRows(folder) === 0, 'the engine holds nothing of them');
    await until(() => foundIn(bytesOf(folder)).length === 0, 'nor does the file');

    const second = await run(folder, ['erase', 'done']);
    expect(second.out).toMatch(/^done erased before, at 20\d\d-.*Z/);
    expect(second.code).toBe(0);

    async function traceOf(id: string): Promise<string> {
      const { body } = await api.get(`/api/process/${id}/events`);
      return String(body.events[0]?.identity.traceabilityId);
    }
  });

  it('says what it cannot do, and does the rest', async () => {
    const folder = newFolder();
    const clear = await startTestService(personal({ PERSONAL_DATA_KEY: '' }), folder);
    expect(clear.log).toContainEqual(
      expect.objectContaining({
        processes: ['personal'],
        msg: expect.stringContaining('stored in the clear and cannot be erased'),
      }),
    );
    await clear.api.start('personal', { how: 'ok', ...ADA }, { correlationId: 'clear' });
    await clear.api.start(
      'personal',
      { how: 'ok', gate: 'go', ...ADA },
      { correlationId: 'pending' },
      { prefer: 'respond-async' },
    );
    await untilRelayed(folder);
    await clear.stop();

    const { code, out, err }: CommandRun = await run(
      folder,
      ['erase', 'clear', 'pending', 'never', 'no id'],
      { PERSONAL_DATA_KEY: '' },
    );
    expect(code).toBe(1);
    expect(out.split('\n')).toEqual([
      'clear not erased: nothing of it is encrypted; its process marks nothing as personal, or it ran without PERSONAL_DATA_KEY',
      'pending not erased: it is pending; cancel it first, or wait for its end',
      'never unknown',
      'no id unknown',
      '',
    ]);
    expect(err).toContain('PERSONAL_DATA_KEY is not set');

    // With a key it goes on sealed: the beginning stays in the clear, and that is said.
    const keyed = await startTestService(personal(), folder);
    folder.open('go');
    await until(async () => (await keyed.api.status('pending')).status === 200, 'it ends');
    await keyed.stop();
    const mixed = await run(folder, ['erase', 'pending']);
    expect(mixed).toMatchObject({ code: 1, err: '' });
    expect(mixed.out).toMatch(/^pending erased; what it wrote before .* stays\n$/);
    const wrong = await run(folder, ['erase', '--from', '/nowhere']);
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/^fastify-camunda: erase: --from .nowhere cannot be read: .*\n$/);
  });

  it('needs the master keys that are in use, and can change them', async () => {
    const folder = newFolder();
    const first = await startTestService(personal(), folder);
    await first.api.start('personal', { how: 'ok', ...ADA }, { correlationId: 'turned' });
    await first.stop();
    for (const [key, what] of [
      ['', 'is not set'],
      [OTHER_MASTER, 'holds [0-9a-f]{16}'],
    ] as const) {
      const refused = await run(folder, ['serve'], { PERSONAL_DATA_KEY: key });
      expect(refused.code).toBe(1);
      expect(refused.err).toMatch(
        new RegExp(
          `^fastify-camunda: PERSONAL_DATA_KEY: .* needs the master key [0-9a-f]{16}, and the setting ${what}`,
          'm',
        ),
      );
      expect(refused.err + refused.out).not.toContain(key || MASTER);
    }
    const rotated = await run(folder, ['rewrap-keys'], {
      PERSONAL_DATA_KEY: `${OTHER_MASTER},${MASTER}`,
    });
    expect(rotated.code).toBe(0);
    expect(rotated.out).toMatch(/^1 wrapped anew by [0-9a-f]{16};/);
    const done = await run(folder, ['rewrap-keys'], { PERSONAL_DATA_KEY: OTHER_MASTER });
    expect(done.out).toMatch(/^every key is wrapped by/);
    const second = await startTestService(personal({ PERSONAL_DATA_KEY: OTHER_MASTER }), folder);
    cleanup.push(second.stop);
    expect(foundIn((await second.api.status('turned')).text)).toEqual([ADA.email, ADA.fullName]);
  });

  it.skipIf(!redisUrl || !engineUrl)('reaches a real engine, also when it was away', async () => {
    const folder = newFolder();
    const copies = copyProcesses(folder.path, ['personal'], PERSONAL_PROCESSES);
    cleanup.push(() => copies.removeFrom(engineUrl ?? ''));
    const settings = personal({
      PROCESSES_DIR: copies.directory,
      REDIS_URL: redisUrl ?? '',
      REDIS_PREFIX: `erase-${randomUUID()}`,
      CAMUNDA_BASE_URL: engineUrl ?? '',
      RECONCILE_EVERY_MS: '200',
    });
    const service = await startTestService(settings, folder);
    const key = copies.key('personal');
    const ids = ['ok', 'technical', 'away'].map((how) => `${how}-${randomUUID()}`);
    for (const id of ids) {
      const how = id.startsWith('ok') ? 'ok' : 'technical';
      await service.api.start(key, { how, ...ADA }, { correlationId: id });
    }
    await untilRelayed(folder);
    const states = await Promise.all(ids.map((id) => service.api.status(id)));
    const instances = states.map(({ body }) => body.processInstanceId ?? '');
    await service.stop();
    const engine = engineApi(engineUrl ?? '');

    const there = await run(folder, ['erase', ...ids.slice(0, 2)], settings);
    expect(there).toMatchObject({ code: 0, err: '' });
    for (const id of instances.slice(0, 2)) {
      await expect(engine.state(id)).rejects.toThrow('404');
    }
    expect(await engine.state(instances[2] ?? ''), 'not asked for yet').toBe('ACTIVE');

    const away = await run(folder, ['erase', ids[2] ?? ''], {
      ...settings,
      CAMUNDA_BASE_URL: 'http://127.0.0.1:9/engine-rest',
    });
    expect(away.code).toBe(1);
    expect(away.out).toMatch(/ erased; what the process engine holds of it is left: .* cannot be/);
    // A service finishes it.
    const again = await startTestService(settings, folder);
    cleanup.push(again.stop);
    expect(foundIn((await again.api.status(ids[2] ?? '')).text)).toEqual([]);
    const gone = (): Promise<boolean> =>
      engine.state(instances[2] ?? '').then(
        () => false,
        () => true,
      );
    await until(gone, 'the engine has forgotten it');
  });
});

/** All tables but the embedded engine's, which needs the variables to work with them. */
function rowsBesideEngine(folder: Folder): string {
  const db = new BetterSqlite3(folder.file, { readonly: true });
  try {
    const tables = db
      .prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .pluck()
      .all()
      .filter((name) => !name.startsWith('engine_'));
    return JSON.stringify(tables.map((name) => db.prepare(`SELECT * FROM ${name}`).all()));
  } finally {
    db.close();
  }
}

function enginesRows(folder: Folder): number {
  const db = new BetterSqlite3(folder.file, { readonly: true });
  try {
    return Number(db.prepare('SELECT COUNT(*) FROM engine_instance').pluck().get());
  } finally {
    db.close();
  }
}

/** The database file and its write-ahead log, byte by byte. */
function bytesOf(folder: Folder): string {
  const read = (suffix: string): string => {
    try {
      return readFileSync(folder.file + suffix).toString('latin1');
    } catch {
      return '';
    }
  };
  return read('') + read('-wal');
}

/** Hears all messages, and reads all keys, that begin with a prefix. */
async function listen(url: string, prefix: string) {
  const subscriber = new Redis(url);
  const client = new Redis(url);
  const messages: string[] = [];
  subscriber.on('pmessage', (_pattern, channel, text) => messages.push(`${channel} ${text}`));
  await subscriber.psubscribe(`${prefix}*`);
  return {
    async everything(): Promise<string> {
      const found: string[] = [];
      for await (const keys of client.scanStream({ match: `*${prefix}*` })) {
        for (const key of keys as string[]) {
          const value = await client.dumpBuffer(key);
          found.push(key, value?.toString('latin1') ?? '');
        }
      }
      expect(messages.length, 'states are told').toBeGreaterThan(0);
      expect(found.length, 'queues are there').toBeGreaterThan(0);
      return [...messages, ...found].join('\n');
    },
    close() {
      subscriber.disconnect();
      client.disconnect();
    },
  };
}
