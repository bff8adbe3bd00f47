import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { type InProcess, openInProcess } from './engine-in-process.ts';
import { failingWork } from './job-rig.ts';

const HOUR = 3_600_000;

describe('the next attempt at a job of the embedded engine', () => {
  let rig: InProcess;
  afterEach(() => rig.close());

  const job = () => rig.engine.jobs.list({})[0];
  const retriesAre = (retries: number) =>
    until(async () => job()?.retries === retries, `${retries} attempts are left`);

  async function fail(cycle?: string): Promise<string> {
    await rig.deploy({ p: failingWork(cycle) });
    const { id } = await rig.start('p');
    await rig.complete('p.first');
    return id;
  }

  it('is due when it was after a restart, and is made then', async () => {
    rig = openInProcess();
    const id = await fail('R3/PT1H');
    await retriesAre(2);
    const before = job();
    await rig.restart();
    expect(job()).toEqual(before);
    rig.passes(HOUR);
    await rig.restart();
    await retriesAre(1);
    expect(Number(job()?.due) - Number(before?.due)).toBeGreaterThanOrEqual(HOUR);
    expect(rig.engine.jobs.incidents({})).toEqual([]);
    rig.passes(HOUR);
    await rig.restart();
    await retriesAre(0);
    expect(rig.engine.jobs.incidents({})).toMatchObject([
      { type: 'failedJob', activityId: 'work' },
    ]);
    await rig.engine.instances.setVariables(id, { set: { needed: { type: 'Integer', value: 1 } } });
    await rig.engine.jobs.setRetries(String(job()?.id), 1);
    rig.passes(HOUR);
    await rig.restart();
    await rig.opens(id, 'work');
  });

  it('is made while the engine runs on when its time has come', async () => {
    rig = openInProcess();
    await fail('R3/PT0.2S');
    await retriesAre(0);
    expect(rig.engine.jobs.incidents({})).toHaveLength(1);
  });

  it('follows the cycle of the engine where the model has none, and that of the model where it has one', async () => {
    rig = openInProcess({ retryCycle: 'R5/PT1H' });
    await fail();
    await retriesAre(4);
    await fail('R9/PT1H');
    await until(async () => rig.engine.jobs.list({})[1]?.retries === 8, 'its own cycle');
  });
});
