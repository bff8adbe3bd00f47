import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { type ServiceProcess, startCommand, startServiceProcess } from '../support/commands.ts';
import { startLoad } from '../support/load.ts';
import { createFolder, expectWhole, type Folder, readStreams } from '../support/service.ts';
import { recordedRuns } from '../support/service-recorder.ts';
import { followEvents } from '../support/sse.ts';

const ASYNC = { prefer: 'respond-async' };
/** The time that a busy machine may take to notice that a process has ended. */
const SLACK_MS = 30_000;

describe('graceful stop', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  function folder(): Folder {
    const made = createFolder();
    cleanup.push(made.remove);
    return made;
  }

  async function serve(on: Folder, more: Record<string, string> = {}): Promise<ServiceProcess> {
    const service = await startServiceProcess(on, more);
    cleanup.push(() => service.kill('SIGKILL'));
    return service;
  }

  const isHeld = (on: Folder, count: number) =>
    until(() => recordedRuns(on.path).length >= count, `${count} steps run`);

  it('G12: SIGTERM under load: not ready, callers get their 202, running steps finish, exit 0', async () => {
    const on = folder();
    const first = await serve(on, { SHUTDOWN_TIMEOUT_MS: '20000' });
    const waiting = [1, 2, 3].map((at) =>
      first.api.start('gated', { gate: 'open' }, { correlationId: `held-${at}` }),
    );
    await isHeld(on, 3);
    const follower = await followEvents(`${first.url}/api/process/held-1/events`);
    await until(() => follower.events.length >= 2, 'the stream is followed');
    const load = startLoad(first.url, {
      processKey: 'counted',
      variables: { number: 1, pause: 5 },
      callers: 6,
      prefer: 'wait=15',
    });
    await until(() => load.accepted.length >= 5, 'there is load');

    first.kill('SIGTERM');
    for (const { status } of await Promise.all(waiting)) expect(status).toBe(202);
    const ready = await first.api.get('/health/ready');
    expect(ready.status).toBe(503);
    expect(ready.body.status).toBe('stopping');
    // The listener is open while steps run: a start is still accepted, and answered at once.
    const late = await first.api.start('counted', { number: 2 }, { correlationId: 'late' });
    expect(late.status).toBe(202);
    on.open('open');
    expect(await first.ended).toBe(0);
    await follower.ended;
    await load.stop();
    expect(load.refused).toEqual([]);
    expect(first.output()).toContain('"msg":"stopped"');
    expect(first.output()).not.toContain('not stopped cleanly');
    for (const { correlationId, events } of await readStreams(on)) {
      if (!correlationId.startsWith('held-')) continue;
      expect(events.map(({ type }) => type)).toContain('step-completed');
    }

    const second = await serve(on);
    const ids = ['held-1', 'held-2', 'held-3', 'late', ...load.accepted];
    for (const correlationId of ids) {
      const { body } = await second.api.status(correlationId, { prefer: 'wait=25' });
      expect(body.status, correlationId).toBe('ok');
    }
    second.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    const holds = recordedRuns(on.path).filter(({ step }) => step === 'hold');
    expect(holds).toHaveLength(3);
    expectWhole(await readStreams(on));
  });

  it('G12: a step that does not end in time is handed back, and the service still stops in time', async () => {
    const on = folder();
    const timeout = 2_000;
    const first = await serve(on, { SHUTDOWN_TIMEOUT_MS: String(timeout) });
    for (const deaf of [false, true]) {
      const body = { correlationId: deaf ? 'deaf' : 'aborted' };
      await first.api.start('gated', { gate: 'open', deaf }, body, ASYNC);
    }
    await isHeld(on, 2);
    const began = performance.now();
    first.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(performance.now() - began).toBeLessThan(timeout + SLACK_MS);

    const second = await serve(on);
    await isHeld(on, 4);
    on.open('open');
    for (const correlationId of ['deaf', 'aborted']) {
      const { body } = await second.api.status(correlationId, { prefer: 'wait=25' });
      expect(body.status, correlationId).toBe('ok');
    }
    second.kill('SIGTERM');
    expect(await second.ended).toBe(0);
    expectWhole(await readStreams(on));
  });

  it('the demo stops cleanly on Ctrl-C without a terminal, and continues its processes when it is started again', async () => {
    const on = folder();
    const env = { DATA_DIR: on.data, PORT: '0' };
    const demo = async () => {
      const running = await startCommand(['demo'], env, /running at (http\S+)/);
      cleanup.push(() => running.kill('SIGKILL'));
      return running;
    };
    const first = await demo();
    expect(first.output()).toMatch(/curl -i .*\/api\/process\/start/);
    const user = { userId: '42', email: 'slow@example.com' };
    const body = { correlationId: 'slow' };
    const { status } = await first.api.start('onboard-user', user, body, { prefer: 'wait=1' });
    expect(status).toBe(202);
    first.kill('SIGINT');
    // npm forwards the signal of the terminal a second time. The test waits in between: two at once count as one.
    await until(() => first.output().includes('Stopping'), 'it is stopping');
    first.kill('SIGINT');
    expect(await first.ended).toBe(0);
    expect(first.output()).toContain('Stopping');

    const second = await demo();
    const ended = await second.api.status('slow', { prefer: 'wait=25' });
    expect(ended.body).toMatchObject({ status: 'ok', result: { email: 'slow@example.com' } });
    const again = await second.api.start('onboard-user', user, body);
    expect(again.body.result).toEqual(ended.body.result);
    second.kill('SIGINT');
    expect(await second.ended).toBe(0);
  });
});
