import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Queue } from '../../../domain/outbox/queue.ts';
import { endWithUs, until } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { bullmqQueues, gate, job } from '../../support/queues.ts';
import { type RunningRedis, startRedis } from '../../support/redis.ts';
import { serverUrl } from '../../support/servers.ts';

const redisUrl = await serverUrl('redis');

describe.skipIf(redisUrl === null)('BullMQ when Redis goes away', () => {
  let redis: RunningRedis;
  let queue: Queue;
  beforeEach(async () => {
    redis = await startRedis();
    queue = await bullmqQueues(redis.url).open();
  });
  afterEach(async () => {
    await queue.close(0);
    await redis.stop();
  });

  /** Milliseconds until all answers are there, none of them a success. */
  async function refused(answers: Promise<void>[]): Promise<number> {
    const begin = Date.now();
    for (const answer of await Promise.allSettled(answers)) expect(answer.status).toBe('rejected');
    return Date.now() - begin;
  }

  it('G10: refuses jobs at once while Redis is down, and works when it is back', async () => {
    const ran: string[] = [];
    await queue.work({
      'project-process': async ({ correlationId }) => void ran.push(correlationId),
    });
    await Promise.all(queue.addBulk([job('project-process', 'before')]));
    await until(() => ran.includes('before'), 'the job before the outage');

    process.kill(redis.pid, 'SIGKILL');
    await until(async () => !(await queue.ready()), 'the loss is noticed');
    const during = [job('project-process', 'during'), job('start-instance', 'during')];
    expect(await refused(queue.addBulk(during))).toBeLessThan(4_000);

    redis = await startRedis(redis.port);
    await until(() => queue.ready(), 'Redis is back');
    // What the relay does with the rows it kept.
    await Promise.all(queue.addBulk(during));
    await until(() => ran.includes('during'), 'the job after the outage');
  });

  it('G10: refuses jobs of a Redis that keeps the connection but does not answer', async () => {
    process.kill(redis.pid, 'SIGSTOP');
    const ready = queue.ready();
    try {
      expect(await refused(queue.addBulk([job('start-instance', 'unanswered')]))).toBeLessThan(
        30_000,
      );
      expect(await ready).toBe(false);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
  });

  it('G12: ends in time while Redis is down, with a running job or without', async () => {
    const work = gate();
    let running = 0;
    await queue.work({
      'start-instance': () => {
        running++;
        return work.opened;
      },
    });
    await Promise.all(queue.addBulk([job('start-instance', 'cut off')]));
    await until(() => running === 1, 'the job runs');
    process.kill(redis.pid, 'SIGKILL');
    await until(async () => !(await queue.ready()), 'the loss is noticed');
    const begin = Date.now();
    await queue.close(500);
    expect(Date.now() - begin).toBeLessThan(30_000);
    work.open();
  });
});

describe.skipIf(redisUrl === null)('BullMQ when a worker ends', () => {
  const stalledMs = 1_000;
  let queues: ReturnType<typeof bullmqQueues>;
  let queue: Queue;
  beforeEach(async () => {
    queues = bullmqQueues(redisUrl ?? '');
    queue = await queues.open({ stalledMs });
    await Promise.all(queue.addBulk([job('start-instance', 'survivor')]));
  });
  afterEach(() => queues.destroy());

  /** Runs a worker until it says that it has begun a job, and ends it. */
  async function runAndEnd(signal: 'SIGKILL' | 'SIGTERM') {
    const script = await builtFile('test/support/programs/queue-worker.ts');
    const child = spawn(
      process.execPath,
      [script, redisUrl ?? '', queues.prefix, String(stalledMs)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    endWithUs(child);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await until(() => output.includes('\n'), 'the worker begins the job');
    child.kill(signal);
    await until(() => child.exitCode !== null || child.signalCode !== null, 'the worker ends');
    return { output: output.trim(), code: child.exitCode };
  }

  /** The attempts that this process is given. */
  async function runHere(): Promise<number[]> {
    const attempts: number[] = [];
    await queue.work({
      'start-instance': async (_job, { attempt }) => void attempts.push(attempt),
    });
    await until(() => attempts.length > 0, 'the job runs here');
    return attempts;
  }

  it('G10: runs its job again in another process, though two workers are killed with it', async () => {
    expect((await runAndEnd('SIGKILL')).output).toBe('survivor 1');
    expect((await runAndEnd('SIGKILL')).output).toBe('survivor 2');
    expect(await runHere()).toEqual([3]);
    expect(await queues.failed('start-instance')).toEqual([]);
  });

  it('G12: releases a hanging job at the stop, with all that keeps the process alive', async () => {
    expect(await runAndEnd('SIGTERM')).toEqual({ output: 'survivor 1', code: 0 });
    expect(await runHere()).toEqual([2]);
  });
});
