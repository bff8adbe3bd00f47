import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Client,
  createClient,
  type FeedEvent,
  isNotFound,
  ProblemError,
  ProcessError,
  UnavailableError,
} from '../../../src/client/index.ts';
import { freePort, until } from '../../support/children.ts';
import { createFolder, startTestService, type TestService } from '../../support/service.ts';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';

/** As openapi-typescript makes them of the document. */
interface TestProcesses {
  counted: { variables: { number: number }; result: { number: number } };
  gated: { variables: { gate: string }; result: { gate: string } };
  instant: {
    variables: { userId: string; email: string };
    result: { userId: string; email: string };
  };
  troubled: { variables: { how: string }; result: unknown };
}

/** Compiled only: each line after "@ts-expect-error" is an error. */
export async function checkedByTheCompiler(client: Client<TestProcesses>): Promise<string> {
  // @ts-expect-error a variable of another type
  await client.start('counted', { number: 'one' });
  // @ts-expect-error a variable is missing
  await client.start('instant', { userId: '42' });
  // @ts-expect-error no process has this key
  await client.start('nothing', {});
  // @ts-expect-error the result has no such field
  (await client.startAndWait('counted', { number: 1 })).nummer;
  return (await client.startAndWait('instant', { userId: '42', email: '' })).email;
}

describe('the client', () => {
  const folder = createFolder();
  let settings: Record<string, string>;
  let service: TestService;
  let proxy: TcpProxy;
  let client: Client<TestProcesses>;
  beforeAll(async () => {
    settings = { PORT: String(await freePort()), PENDING_MAX: '3' };
    service = await startTestService(settings, folder);
    proxy = await startTcpProxy({ port: Number(settings.PORT) });
    client = createClient({ baseUrl: `http://127.0.0.1:${proxy.port}/` });
  });
  afterAll(async () => {
    await proxy?.stop();
    await service?.stop();
    folder.remove();
  });

  async function restart(): Promise<void> {
    await service.stop();
    service = await startTestService(settings, folder);
  }

  it('starts a process and returns its result, or how it ended in an error', async () => {
    const user = { userId: '42', email: 'ada@example.com' };
    expect(await client.startAndWait('instant', user)).toEqual(user);
    const started = await client.start('instant', user, { correlationId: 'named' });
    expect(started).toEqual({ status: 'ok', correlationId: 'named', result: user });
    const refused = client.start('troubled', { how: 'business' }, { correlationId: 'refused' });
    await expect(refused).rejects.toMatchObject({
      name: 'ProcessError',
      kind: 'business',
      code: 'NOT_ALLOWED',
      correlationId: 'refused',
    });
    await expect(client.waitFor('refused')).rejects.toThrow(ProcessError);
    expect((await client.status('refused')).error?.code).toBe('NOT_ALLOWED');
  });

  it('says why the service refuses a call, in a typed error, and does not send it again', async () => {
    const open = client as unknown as Client;
    await expect(open.start('nothing', {})).rejects.toMatchObject({
      name: 'ProblemError',
      reason: 'unknown-process',
      status: 404,
    });
    const wrong = open.start('counted', { number: 'one' }).catch((error: unknown) => error);
    expect((await wrong) as ProblemError).toMatchObject({ reason: 'invalid-variables' });
    expect(((await wrong) as ProblemError).problem.errors?.[0]?.path).toBe('variables.number');
    const unknown = await client.status('nobody').catch((error: unknown) => error);
    expect(isNotFound(unknown)).toBe(true);
    expect(unknown).toBeInstanceOf(ProblemError);
  });

  it('starts at a time, and cancels', async () => {
    const startAt = new Date(Date.now() + 3_600_000);
    const started = await client.start('counted', { number: 1 }, { startAt });
    expect(started).toMatchObject({ status: 'pending', startAt: startAt.toISOString() });
    await client.cancel(started.correlationId, 'not needed');
    await expect(client.waitFor(started.correlationId)).rejects.toMatchObject({
      kind: 'cancelled',
    });
  });

  it('sends a start again whose connection was cut: one process, and its result', async () => {
    const ids = async () =>
      (await service.api.get('/api/events?process=gated&type=process-requested')).body.events.map(
        ({ correlationId }) => correlationId,
      );
    const result = client.startAndWait('gated', { gate: 'cut' });
    await until(async () => (await ids()).length === 1, 'the service has it');
    await proxy.cut();
    await proxy.heal();
    folder.open('cut');
    expect(await result).toEqual({ gate: 'cut' });
    expect(await ids()).toHaveLength(1);
  });

  it('waits for a result over a restart of the service, until its caller does not want it any more', async () => {
    const result = client.startAndWait('gated', { gate: 'restart' }, { correlationId: 'restart' });
    await until(async () => (await service.api.status('restart')).status === 202, 'it is there');
    await restart();
    folder.open('restart');
    expect(await result).toEqual({ gate: 'restart' });
    const signal = AbortSignal.timeout(300);
    const never = client.startAndWait(
      'gated',
      { gate: 'never' },
      { correlationId: 'never', signal },
    );
    await expect(never).rejects.toMatchObject({ name: 'TimeoutError' });
    await client.cancel('never', 'nobody waits');
  });

  it('sends a start again that the service has no room for yet', async () => {
    for (const gate of ['a', 'b', 'c']) {
      await client.start('gated', { gate: 'full' }, { wait: false, correlationId: `full-${gate}` });
    }
    const one = { baseUrl: `http://127.0.0.1:${proxy.port}`, retries: 0 };
    const refused = createClient(one).start('counted', { number: 1 }, { wait: false });
    await expect(refused).rejects.toThrow(UnavailableError);
    const late = client.startAndWait('counted', { number: 2 });
    folder.open('full');
    expect(await late).toEqual({ number: 2 });
  });

  it('follows the events of a process, each once, over a cut connection and a restart', async () => {
    await client.start('gated', { gate: 'followed' }, { wait: false, correlationId: 'followed' });
    const versions: number[] = [];
    const types: string[] = [];
    let ended = false;
    const following = (async () => {
      for await (const { version, type } of client.events('followed')) {
        versions.push(version);
        types.push(type);
      }
      ended = true;
    })();
    await until(() => types.includes('process-started'), 'the first events are there');
    await proxy.cut();
    await proxy.heal();
    await restart();
    expect(ended).toBe(false);
    folder.open('followed');
    await following;
    expect(versions).toEqual(versions.map((_, at) => at + 1));
    expect(types.at(-1)).toBe('process-completed');
    const rest = [];
    for await (const { version } of client.events('followed', { afterVersion: 1 }))
      rest.push(version);
    expect(rest).toEqual(versions.slice(1));
  });

  it('consumes the feed: what was not handled to its end comes again, and nothing is skipped', async () => {
    for (const number of [1, 2, 3]) await client.startAndWait('counted', { number });
    let cursor: string | null = null;
    const cursorStore = {
      load: () => cursor,
      save: (next: string) => {
        cursor = next;
      },
    };
    const seen: FeedEvent[] = [];
    let batches = 0;
    const options = { cursorStore, limit: 5 };
    const killed = client.feed(options, (events) => {
      if (++batches === 2) throw new Error('killed');
      seen.push(...events);
    });
    await expect(killed).rejects.toThrow('killed');
    expect(seen).toHaveLength(5);
    const stop = new AbortController();
    const consuming = client.feed({ ...options, signal: stop.signal }, (events) => {
      seen.push(...events);
    });
    await proxy.cut();
    await proxy.heal();
    await client.startAndWait('counted', { number: 7 }, { correlationId: 'last-one' });
    const isLast = ({ correlationId, type }: FeedEvent): boolean =>
      correlationId === 'last-one' && type === 'process-completed';
    await until(() => seen.some(isLast), 'it has come to the end');
    stop.abort();
    await consuming;
    const positions = seen.map(({ position }) => Number(position));
    expect(positions).toEqual(positions.map((_, at) => at + 1));
  });
});
