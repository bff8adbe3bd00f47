import { expect, it } from 'vitest';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  catches,
  extension,
  signalEvent,
  startOn,
  taskWith,
  throws,
} from '../../support/bpmn/notation.ts';
import { until } from '../../support/children.ts';
import { describeEngines } from './engine-rig.ts';
import { jobsIn, needy } from './job-rig.ts';

/** What cannot continue after it. */
const FAILING = [taskWith('work', extension(needy)), end()];

await describeEngines('a signal that is thrown with camunda:async', (rig) => {
  const { jobsOf, incidentOf, jobsOfProcess, incidentsOfProcess, setRetries, mend } = jobsIn(rig);
  let signals = 0;

  /** Throws a signal of this name, with the variable `price`. */
  async function throwIt(name: string): Promise<void> {
    const payload = extension('<camunda:in source="price" target="price" />');
    const definition = signalEvent(name, payload).replace('>', ' camunda:async="true">');
    const thrower = await rig.run(
      [
        start(),
        throws('tell', definition),
        task('told'),
        end(),
        flows('start', 'tell', 'told', 'end'),
      ],
      { price: 7 },
    );
    expect(await thrower.open()).toEqual(['told']);
  }
  const newName = () => `async-signal-${rig.newKey()}-${++signals}`;

  it('reaches an intermediate event by a job, without variables', async () => {
    const name = newName();
    const instance = await rig.run([
      ...[start(), catches('on', signalEvent(name)), task('got'), end()],
      flows('start', 'on', 'got', 'end'),
    ]);
    await throwIt(name);
    await until(async () => (await instance.open()).join() === 'got', 'it has the signal');
    expect(await instance.variables()).toEqual({});
  });

  it('is a failed job of the instance that cannot continue, and not of who threw it', async () => {
    const name = newName();
    const instance = await rig.run([
      ...[start(), catches('on', signalEvent(name)), ...FAILING],
      flows('start', 'on', 'work', 'end'),
    ]);
    await throwIt(name);
    const incident = await incidentOf(instance);
    expect(incident).toMatchObject({ incidentType: 'failedJob', activityId: 'on' });
    expect(await jobsOf(instance)).toMatchObject([{ retries: 0, dueDate: null }]);
    await mend(instance);
    await setRetries(incident.configuration, { retries: 1 });
    await until(async () => (await instance.open()).join() === 'work', 'it continues');
    expect(await jobsOf(instance)).toEqual([]);
  });

  it('reaches a boundary event at once, with its variables', async () => {
    const name = newName();
    const instance = await rig.run([
      ...[start(), task('wait'), end(), flows('start', 'wait', 'end')],
      ...[boundary('on', 'wait', signalEvent(name)), task('got'), flows('on', 'got', 'end')],
    ]);
    await throwIt(name);
    expect(await instance.open()).toEqual(['got']);
    expect(await instance.variables()).toMatchObject({ price: { value: 7 } });
  });

  it('starts an instance by a job, which fails and is attempted again as any other', async () => {
    const name = newName();
    const key = rig.newKey();
    const begin = startOn('on', signalEvent(name)).replace('isInterrupting="true"', '');
    await rig.deploy(key, begin, ...FAILING, flows('on', 'work', 'end'));
    await throwIt(name);
    const [incident] = await until(async () => {
      const found = await incidentsOfProcess(key);
      return found.length > 0 && found;
    }, 'the incident');
    expect(incident).toMatchObject({
      ...{ incidentType: 'failedJob', activityId: null, processInstanceId: null },
    });
    const jobs = await jobsOfProcess(key);
    expect(jobs).toMatchObject([{ id: incident?.configuration, retries: 0, dueDate: null }]);
    await rig.deploy(key, begin, task('work'), end(), flows('on', 'work', 'end'));
    expect(await jobsOfProcess(key)).toEqual([]);
    await throwIt(name);
    await until(
      async () => (await rig.fetch(`${key}.work`, { variables: [] })).length === 1,
      'an instance was started',
    );
    expect(await jobsOfProcess(key)).toEqual([]);
  });
});
