import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCallbacks } from '../../../src/composition/callbacks/callbacks.ts';
import { readConfig } from '../../../src/config.ts';
import { type CallbackReceiver, startReceiver } from '../../support/callback-receiver.ts';
import { BASE_SECRET } from '../../support/callback-world.ts';
import { endWithUs, freePort, until } from '../../support/children.ts';
import { runCommand } from '../../support/commands.ts';
import { settingsFor, startTestService, type TestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';

/** The example of the documentation. */
const EXAMPLE = fileURLToPath(
  new URL('../../../docs/examples/receive-callbacks.mjs', import.meta.url),
);

interface Created {
  subscription: { id: string; events: string[] };
  secrets: { generation: number; secret: string }[];
}
interface Deliveries {
  deliveries: { id: string; type: string; status: string; lastError: string }[];
  nextCursor: string | null;
}

describe('callbacks of a service', () => {
  let receiver: CallbackReceiver;
  let service: TestService;
  let examplePort: number;
  let settings: Record<string, string>;
  beforeAll(async () => {
    receiver = await startReceiver();
    examplePort = await freePort();
    settings = {
      CALLBACK_PRIVATE_HOSTS: `http://${receiver.host},http://127.0.0.1:${examplePort}`,
      CALLBACK_SECRET: BASE_SECRET,
      CALLBACK_RETRY_DELAYS: '0.05',
    };
    service = await startTestService(settings);
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
    await receiver?.close();
  });
  const of = (id: string) => receiver.received.filter(({ data }) => data.correlationId === id);
  const command = (...args: string[]) =>
    runCommand(['subscriptions', ...args], settingsFor(service.folder, settings));

  it('G16: a start is called back when its process has ended, also one of many', async () => {
    const { api } = service;
    const callback = { url: receiver.url };
    const answer = await api.start('counted', { number: 1 }, { correlationId: 'one', callback });
    expect(answer.status).toBe(200);
    await until(() => of('one').length === 1, 'it is called back');
    expect(of('one')[0]).toMatchObject({
      type: 'process-completed',
      data: { processKey: 'counted', status: 'ok', result: answer.body.result },
      headers: { 'user-agent': expect.stringMatching(/^fastify-camunda\//) },
    });
    const starts = [2, 3].map((number) => ({
      ...{ processKey: 'counted', correlationId: `many-${number}` },
      ...{ variables: { number }, callback },
    }));
    await api.post('/api/process/start-many', { json: { starts } });
    await until(() => of('many-2').length + of('many-3').length === 2, 'both are called back');
    // The same start again joins; another callback is another start.
    const again = { correlationId: 'one', callback };
    expect((await api.start('counted', { number: 1 }, again)).status).toBe(200);
    const other = { ...again, callback: { url: `${receiver.url}/other` } };
    expectProblem(await api.start('counted', { number: 1 }, other), 'conflict');
    expect(of('one')).toHaveLength(1);
    const [first] = (await api.get('/api/process/one/events')).body.events;
    expect(first?.data.callback).toEqual(callback);
    const metrics = await fetch(`${service.url}/metrics`);
    expect(await metrics.text()).toMatch(
      /^fastify_camunda_deliveries_total\{event="process-completed",outcome="delivered"\} 3$/m,
    );
  });

  it('a start or subscription with a target that is not allowed is refused, and says why', async () => {
    const { api } = service;
    for (const [url, why] of [
      ['https://evil.example.com/', /is not in CALLBACK_HOSTS/],
      [`http://user@${receiver.host}/`, /user name or a password/],
      ['nonsense', /is not a URL/],
    ] as const) {
      const start = await api.start('counted', { number: 1 }, { callback: { url } });
      expectProblem(start, 'invalid-request', why);
      const json = { url };
      expectProblem(await api.post('/api/admin/subscriptions', { json }), 'invalid-request', why);
    }
    const json = { url: receiver.url, events: ['process-begun'] };
    expectProblem(await api.post('/api/admin/subscriptions', { json }), 'invalid-request');
  });

  it('G16: a subscription is created, rotated and removed over HTTP; parked callbacks are listed and replayed', async () => {
    const { api } = service;
    const json = { url: receiver.url, processKey: 'gated', events: ['process-cancelled'] };
    const made = await api.post('/api/admin/subscriptions', { json });
    expect(made.status).toBe(201);
    const { subscription, secrets } = made.body as unknown as Created;
    const path = `/api/admin/subscriptions/${subscription.id}`;
    const secretsOf = async (answer: ReturnType<typeof api.get>) =>
      ((await answer).body as unknown as Created).secrets;
    expect(await secretsOf(api.get(`${path}/secrets`))).toEqual(secrets);
    expectProblem(await api.post(`${path}/retire`), 'conflict', /rotate it first/);
    expect(await secretsOf(api.post(`${path}/rotate`))).toHaveLength(2);
    expectProblem(await api.post(`${path}/rotate`), 'conflict', /retire the older one/);
    expect(await secretsOf(api.post(`${path}/retire`))).toHaveLength(1);
    const none = await api.get('/api/admin/subscriptions/callback:evil.example.com:443/secrets');
    expectProblem(none, 'not-found');

    receiver.answer = (_request, response) => response.writeHead(500).end('secret words');
    for (const correlationId of ['parked-1', 'parked-2']) {
      const more = { correlationId };
      await api.start('gated', { gate: 'never' }, more, { prefer: 'respond-async' });
      await api.post(`/api/process/${correlationId}/cancel`);
    }
    const parked = async (query = '') =>
      (await api.get(`/api/admin/deliveries?status=parked${query}`)).body as unknown as Deliveries;
    await until(async () => (await parked()).deliveries.length === 2, 'they are parked');
    const page = await parked('&limit=1');
    expect(page.deliveries).toMatchObject([
      { type: 'process-cancelled', attempts: 2, lastError: 'it answered 500' },
    ]);
    const next = (await parked(`&cursor=${page.nextCursor}`)).deliveries;
    expect(next).toHaveLength(1);
    receiver.answer = (_request, response) => response.writeHead(204).end();
    receiver.received.length = 0;
    const replay = `/api/admin/deliveries/${next[0]?.id}/replay`;
    expect((await api.post(replay)).body).toEqual({ replayed: 1 });
    expectProblem(await api.post(replay), 'not-found');
    const many = { json: { target: subscription.id } };
    expect((await api.post('/api/admin/deliveries/replay', many)).body).toEqual({ replayed: 1 });
    await until(() => receiver.received.length === 2, 'they are sent again');
    const removed = await fetch(service.url + path, { method: 'DELETE' });
    expect(removed.status).toBe(204);
    expect((await api.get('/api/admin/subscriptions')).body).toEqual({ subscriptions: [] });
    expect(JSON.stringify(service.log)).not.toContain('secret words');
    for (const { secret } of secrets) expect(JSON.stringify(service.log)).not.toContain(secret);
  });

  it('the receiver of the documentation verifies what the command subscribed it to', async () => {
    const url = `http://127.0.0.1:${examplePort}/`;
    const wrong = await command('add', 'https://evil.example.com/');
    expect(wrong).toMatchObject({ code: 1, err: expect.stringContaining('CALLBACK_HOSTS') });
    const added = await command('add', url, '--process', 'counted');
    const [, id = '', secret = ''] = /^id (\S+)\nsecret 1 (whsec_\S+)\n$/.exec(added.out) ?? [];
    const example = spawn(process.execPath, [EXAMPLE], {
      env: { ...process.env, CALLBACK_SECRET: secret, PORT: String(examplePort) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endWithUs(example);
    let out = '';
    example.stdout.on('data', (chunk) => {
      out += String(chunk);
    });
    await until(() => out.includes('listening'), 'it listens');
    await service.api.start('counted', { number: 5 }, { correlationId: 'shown' });
    await until(() => out.includes('"correlationId":"shown"'), 'it has verified a callback');
    const open = async (correlationId: string, status = '') => {
      const path = `/api/admin/deliveries?correlationId=${correlationId}${status}`;
      return ((await service.api.get(path)).body as unknown as Deliveries).deliveries.length;
    };
    // Killed before its answer arrives, it would get this one again.
    await until(async () => (await open('shown')) === 0, 'its answer has arrived');
    example.kill('SIGKILL');

    expect((await command('rotate', id)).out).toMatch(/^secret 2 \S+\nsecret 1 \S+\n$/);
    await service.api.start('counted', { number: 6 }, { correlationId: 'unheard' });
    await until(async () => (await open('unheard', '&status=parked')) === 1, 'it is parked');
    const listed = await command('deliveries', '--status', 'parked', '--target', id);
    expect(listed.out).toContain('"correlationId":"unheard"');
    expect((await command('replay', '--target', id)).out).toMatch(/^1 callbacks are sent again/);
    expect((await command('remove', id)).out).toBe(`removed ${id}\n`);
    expect((await command('list')).out).toBe('');
  });
});

it('callbacks are off without hosts, and need a secret with them', async () => {
  const off = checkCallbacks(readConfig({}));
  expect(off.hosts.isOn).toBe(false);
  for (const secret of ['', 'short']) {
    const config = readConfig({ CALLBACK_HOSTS: 'a.example.com', CALLBACK_SECRET: secret });
    expect(() => checkCallbacks(config)).toThrow(/^CALLBACK_SECRET: 32 characters/);
  }
  expect(() => readConfig({ CALLBACK_HOSTS: 'a/b' })).toThrow(/^CALLBACK_HOSTS: "a\/b" is not/);
});
