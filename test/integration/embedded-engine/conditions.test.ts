import { expect, it } from 'vitest';
import {
  CONDITION_VARIABLES,
  FAILING_CONDITIONS,
  FALSE_CONDITIONS,
  TRUE_CONDITIONS,
  UNREADABLE_CONDITIONS,
} from '../../support/bpmn/conditions.ts';
import { end, exclusive, flow, flows, inclusive, start, task } from '../../support/bpmn/model.ts';
import { describeEngines } from './engine-rig.ts';

await describeEngines('conditions', (rig) => {
  const startWith = (key: string, variables: unknown) =>
    rig.call<{ id: string; type: string; message: string }>(
      'POST',
      `/process-definition/key/${key}/start`,
      { variables },
    );

  it('a condition is true or false as in the real engines', async () => {
    const key = rig.newKey();
    const conditions = [...TRUE_CONDITIONS, ...FALSE_CONDITIONS];
    const paths = conditions.map((condition, at) => [
      task(`path${at}`),
      flow('choose', `path${at}`, condition),
      flow(`path${at}`, 'end'),
    ]);
    const model = [start(), inclusive('choose'), end(), flows('start', 'choose'), ...paths.flat()];
    await rig.deploy(key, ...model);
    const { status, body } = await startWith(key, CONDITION_VARIABLES);
    expect(status, body.message).toBe(200);
    const tasks = await rig.call<{ activityId: string }[]>(
      'GET',
      `/external-task?processInstanceId=${body.id}`,
    );
    const taken = new Set(tasks.body.map(({ activityId }) => activityId));
    const found = conditions.filter((_, at) => taken.has(`path${at}`));
    expect(found).toEqual(TRUE_CONDITIONS);
  });

  it('a condition that is neither, or names what is not there, fails the call', async () => {
    const key = rig.newKey();
    const paths = FAILING_CONDITIONS.map((condition, at) => [
      exclusive(`choose${at}`, 'end'),
      flow('which', `choose${at}`, `path == ${at}`),
      flow(`choose${at}`, 'taken', condition),
      flow(`choose${at}`, 'end'),
    ]);
    await rig.deploy(
      key,
      ...[start(), exclusive('which'), task('taken'), end(), flows('start', 'which')],
      ...[flows('taken', 'end'), ...paths.flat()],
    );
    for (const [at, condition] of FAILING_CONDITIONS.entries()) {
      const path = { value: at, type: 'Integer' };
      const { status, body } = await startWith(key, { ...CONDITION_VARIABLES, path });
      expect([condition, status, body.type]).toEqual([condition, 500, 'RestException']);
      expect(body.message).toContain('Cannot instantiate process definition');
    }
    const instances = await rig.call('GET', `/process-instance?processDefinitionKey=${key}`);
    expect(instances.body).toEqual([]);
  });

  // The real engines answer 500 to each, which counts as a refusal after some tries only.
  it('a condition that cannot be read is refused at deploy', async () => {
    const deployments = UNREADABLE_CONDITIONS.map(async (condition) => {
      const deployment = rig.deploy(
        rig.newKey(),
        ...[start(), exclusive('choose', 'end'), task('a'), end(), flows('start', 'choose')],
        ...[flow('choose', 'a', condition), flows('choose', 'end'), flows('a', 'end')],
      );
      // The real engines answer 500 here, the embedded one 400.
      await expect(deployment, condition).rejects.toThrow(/pars|expression/i);
    });
    await Promise.all(deployments);
  });
});
