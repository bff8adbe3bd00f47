import { expect, it } from 'vitest';
import type { EngineVariable, EngineVariables } from '../../../domain/engine/engine-variables.ts';
import { toEngineVariables } from '../../../domain/engine/engine-variables.ts';
import { end, flows, start, task } from '../../support/bpmn/model.ts';
import { describeEngines, type Followed } from './engine-rig.ts';
import { fromEngineVariables } from './from-engine-variables.ts';

const TWO_TASKS = [start(), task('a'), task('b'), end(), flows('start', 'a', 'b', 'end')];
const TYPED: EngineVariables = {
  text: { type: 'String', value: 'Ünïcödé 漢字 🙂' },
  nothing: { type: 'Null', value: null },
  noText: { type: 'String', value: null },
  small: { type: 'Integer', value: -7 },
  large: { type: 'Long', value: 2 ** 53 - 1 },
  fraction: { type: 'Double', value: 1.5 },
  whole: { type: 'Double', value: 3 },
  yes: { type: 'Boolean', value: true },
  no: { type: 'Boolean', value: false },
  document: { type: 'Json', value: '{"a":[1,"two",null,{"b":true}]}' },
  list: { type: 'Json', value: '[]' },
};

const UNFIT: readonly EngineVariable[] = [
  { type: 'Integer', value: 'many' },
  { type: 'Integer', value: 2 ** 31 },
  { type: 'Integer', value: 7.5 },
  { type: 'Integer', value: '7.0' },
  { type: 'Short', value: 70_000 },
  { type: 'Long', value: true },
  { type: 'Double', value: 'x' },
  { type: 'Boolean', value: 1 },
  { type: 'Date', value: '2024-01-01' },
  { type: 'Date', value: '2024-01-01T00:00:00.000Z' },
  { type: 'Json', value: 5 },
  { type: 'Json', value: { a: 1 } },
  { type: 'Null', value: 'x' },
  { type: 'JSON', value: '{}' },
  { type: 'Unheard', value: 'x' },
];

await describeEngines('variables', (rig) => {
  const bare = (variables: EngineVariables): EngineVariables =>
    Object.fromEntries(
      Object.entries(variables).map(([name, { type, value }]) => [
        name,
        { value, ...(type ? { type } : {}) },
      ]),
    );
  async function setByCompletion(variables: EngineVariables): Promise<Followed> {
    const instance = await rig.run(TWO_TASKS);
    const { status } = await instance.complete('a', variables);
    expect(status).toBe(204);
    return instance;
  }

  it('every type comes back from a start with its type and value', async () => {
    const { key } = await rig.run(TWO_TASKS);
    const path = `/process-definition/key/${key}/start`;
    const { body } = await rig.call<{ id: string }>('POST', path, { variables: TYPED });
    const found = await rig.call<EngineVariables>(
      'GET',
      `/process-instance/${body.id}/variables?deserializeValues=false`,
    );
    expect(bare(found.body)).toEqual(TYPED);
  });

  it('every type comes back from a completion to the next task', async () => {
    const instance = await setByCompletion(TYPED);
    expect(bare((await instance.lock('b')).variables)).toEqual(TYPED);
  });

  it('a date keeps its moment, to the millisecond', async () => {
    const moment = new Date('2024-02-29T23:59:59.987Z');
    const instance = await setByCompletion({
      utc: { type: 'Date', value: '2024-02-29T23:59:59.987+0000' },
      elsewhere: { type: 'Date', value: '2024-03-01T01:59:59.987+0200' },
    });
    const { variables } = await instance.lock('b');
    expect(variables.utc?.type).toBe('Date');
    expect(fromEngineVariables(variables)).toEqual({ utc: moment, elsewhere: moment });
  });

  it('what the port sends is what a handler gets', async () => {
    const values = {
      text: 'x',
      nothing: null,
      small: 1,
      large: 2 ** 40,
      fraction: 0.1,
      yes: false,
      when: new Date('2030-01-01T00:00:00.001Z'),
      list: [1, 'two', null],
      nested: { deep: [{ er: true }] },
    };
    const instance = await setByCompletion(toEngineVariables(values));
    const { variables } = await instance.lock('b');
    expect(fromEngineVariables(variables)).toEqual(values);
  });

  it('a later value replaces an earlier one, of another type too', async () => {
    const instance = await rig.run(TWO_TASKS, { a: 'text', b: 1 });
    await instance.complete('a', { a: { type: 'Long', value: 5 } });
    expect(bare(await instance.variables())).toEqual({
      a: { type: 'Long', value: 5 },
      b: { type: 'Integer', value: 1 },
    });
  });

  it('a value without a type gets the one it looks like', async () => {
    const instance = await setByCompletion({
      text: { value: 'x' },
      small: { value: 3 },
      large: { value: 2 ** 40 },
      fraction: { value: 3.5 },
      yes: { value: true },
      nothing: { value: null },
    });
    const found = await instance.variables();
    const types = Object.fromEntries(Object.entries(found).map(([name, { type }]) => [name, type]));
    expect(types).toEqual({
      text: 'String',
      small: 'Integer',
      large: 'Long',
      fraction: 'Double',
      yes: 'Boolean',
      nothing: 'Null',
    });
  });

  it('a value of another type is taken for what its text says', async () => {
    const instance = await setByCompletion({
      a: { type: 'String', value: 5 },
      b: { type: 'String', value: true },
      c: { type: 'Integer', value: '7' },
      d: { type: 'integer', value: 8 },
      e: { type: 'Boolean', value: 'TRUE' },
      f: { type: 'Double', value: '1.5' },
      g: { type: 'Long', value: '' },
      h: { type: 'Short', value: 9 },
      i: { type: 'Json', value: '{ not looked into' },
    });
    expect(bare(await instance.variables())).toEqual({
      a: { type: 'String', value: '5' },
      b: { type: 'String', value: 'true' },
      c: { type: 'Integer', value: 7 },
      d: { type: 'Integer', value: 8 },
      e: { type: 'Boolean', value: true },
      f: { type: 'Double', value: 1.5 },
      g: { type: 'Long', value: null },
      h: { type: 'Short', value: 9 },
      i: { type: 'Json', value: '{ not looked into' },
    });
  });

  it('a value that does not fit its type is refused with 400, and nothing has changed', async () => {
    const instance = await rig.run(TWO_TASKS);
    const { id } = await instance.lock('a');
    for (const wrong of UNFIT) {
      const { status, body } = await rig.call('POST', `/external-task/${id}/complete`, {
        workerId: 'w1',
        variables: { good: { value: 1 }, wrong },
      });
      expect([wrong, status, body.type]).toEqual([
        wrong,
        400,
        expect.stringMatching(/^(InvalidRequest|Rest)Exception$/),
      ]);
    }
    expect(await instance.open()).toEqual(['a']);
    expect(await instance.variables()).toEqual({});
  });
});
