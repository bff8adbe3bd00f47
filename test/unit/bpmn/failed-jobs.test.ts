import { describe, expect, it } from 'vitest';
import { end, expression, flows, start, task } from '../../support/bpmn/model.ts';
import {
  boundary,
  extension,
  loop,
  startOn,
  taskWith,
  timerEvent,
} from '../../support/bpmn/notation.ts';
import { type Machine, machineFor, START_TIME } from '../../support/bpmn-machine.ts';

const HOUR = 3_600_000;
const ASYNC = 'camunda:asyncBefore="true"';
const cycle = (text: string): string =>
  extension(`<camunda:failedJobRetryTimeCycle>${text}</camunda:failedJobRetryTimeCycle>`);

// https://docs.camunda.org/manual/7.24/user-guide/process-engine/the-job-executor/#failed-jobs
describe('a job that fails', () => {
  async function started(inner = '', variables = {}): Promise<Machine> {
    const machine = await machineFor(
      ...[start(), taskWith('work', inner, ASYNC), end(), flows('start', 'work', 'end')],
    );
    return machine.start(variables);
  }
  const attemptsOf = ({ state }: Machine) => state.waits.map(({ retries = 3 }) => retries);

  it('has three attempts without a retry cycle, each as soon as can be', async () => {
    const machine = await started();
    expect(attemptsOf(machine)).toEqual([3]);
    expect(machine.failJob('work')).toEqual({ retries: 2, due: null });
    expect(machine.failJob('work', { retries: 2, isFirst: false })).toEqual({
      ...{ retries: 1, due: null },
    });
    expect(machine.failJob('work', { retries: 1, isFirst: false })).toEqual({
      ...{ retries: 0, due: null },
    });
  });

  it('changes nothing in the instance, and can run later', async () => {
    const machine = await started();
    const before = JSON.stringify(machine.state);
    machine.failJob('work');
    expect(JSON.stringify(machine.state)).toBe(before);
    expect(machine.runJobs().tasks).toEqual(['work']);
  });

  it('is attempted after the intervals of its cycle, the last of which counts for all further attempts', async () => {
    const machine = await started(cycle('PT1H, PT2H'));
    expect(attemptsOf(machine)).toEqual([3]);
    const due = (retries: number, isFirst = false) => machine.failJob('work', { retries, isFirst });
    expect(due(3, true)).toEqual({ retries: 2, due: START_TIME + HOUR });
    expect(due(2)).toEqual({ retries: 1, due: START_TIME + 2 * HOUR });
    expect(due(1)).toEqual({ retries: 0, due: START_TIME + 2 * HOUR });
    // It was given more by hand.
    expect(due(9)).toEqual({ retries: 8, due: START_TIME + HOUR });
  });

  it('takes the number of attempts from its cycle at its first failure, whatever it had', async () => {
    const machine = await started(cycle('R5/PT1H'));
    expect(machine.failJob('work', { retries: 1 })).toEqual({
      ...{ retries: 4, due: START_TIME + HOUR },
    });
  });

  it('has a cycle by an expression, which is evaluated where the activity stands', async () => {
    const machine = await started(cycle(expression('often')), { often: 'R4/PT1H' });
    expect(attemptsOf(machine)).toEqual([4]);
    machine.setVariables({ often: 'PT3H' });
    expect(machine.failJob('work', { retries: 3, isFirst: false })).toEqual({
      ...{ retries: 2, due: START_TIME + 3 * HOUR },
    });
  });

  it.each([
    ['R/PT1H', 2_147_483_647],
    ['R1/PT1H', 1],
    ['R0/PT1H', 1],
    ['P1D', 2],
    ['PT1H,', 2],
    [',', 3],
    ['R3', 3],
    ['hourly', 3],
    ['R2147483648/PT1H', 3],
    [expression('unknown'), 3],
    [expression('7'), 3],
    [`R5/${expression("'PT1H'")}`, 3],
  ])('with the cycle "%s" has %i attempts', async (text, retries) => {
    expect(attemptsOf(await started(cycle(text)))).toEqual([retries]);
  });

  it('has no other due date when the interval cannot be read', async () => {
    const machine = await started(cycle('soon,PT1H'));
    expect(machine.failJob('work')).toEqual({ retries: 2, due: null });
  });

  it('of a loop has the cycle of the activity around the instances, and that of the loop in each', async () => {
    const inner = loop({ cardinality: '2', attributes: ASYNC }).replace(
      /^(<multi[^>]*>)/,
      `$1${cycle('R6/PT1H')}`,
    );
    const machine = await started(`${cycle('R5/PT1H')}${inner}`);
    expect(attemptsOf(machine)).toEqual([5]);
    expect(attemptsOf(machine.runJobs('work#multiInstanceBody'))).toEqual([6, 6]);
  });

  it('of a manual task has no cycle', async () => {
    const machine = await machineFor(
      ...[start(), `<manualTask id="work" ${ASYNC}>${cycle('R5/PT1H')}</manualTask>`],
      ...[end(), flows('start', 'work', 'end')],
    );
    expect(attemptsOf(machine.start())).toEqual([3]);
  });

  describe('and is a timer of a cycle', () => {
    async function repeating(): Promise<Machine> {
      const timer = `${cycle('R4/PT1M')}${timerEvent('R2/PT1H', 'timeCycle')}`;
      const machine = await machineFor(
        ...[start(), task('work'), end(), flows('start', 'work', 'end')],
        ...[boundary('often', 'work', timer, false), task('more'), end('e')],
        flows('often', 'more', 'e'),
      );
      machine.start();
      machine.now += HOUR;
      return machine;
    }

    it('leaves its next time to another timer at its first failure', async () => {
      const machine = await repeating();
      expect(machine.failJob('often')).toEqual({ retries: 3, due: machine.now + 60_000 });
      const [failed, next, ...others] = machine.state.waits;
      expect(others).toEqual([]);
      expect(failed).not.toHaveProperty('repeat');
      expect(next).toMatchObject({ retries: 4, due: START_TIME + 2 * HOUR });
      expect(machine.effectsOf('wait-opened').map(({ wait }) => wait)).toEqual([next]);
      const before = JSON.stringify(machine.state);
      machine.failJob('often', { retries: 3, isFirst: false });
      expect(JSON.stringify(machine.state)).toBe(before);
    });

    it('happens as often as its cycle says, though it has failed', async () => {
      const machine = await repeating();
      machine.failJob('often');
      machine.timer('often');
      expect(machine.waits).toEqual(['timer often']);
      machine.now += HOUR;
      expect(machine.timer('often').waits).toEqual([]);
      expect(machine.tasks).toEqual(['work', 'more', 'more']);
    });

    it('leaves nothing behind when its activity ends', async () => {
      const machine = await repeating();
      machine.failJob('often');
      expect(machine.complete('work').waits).toEqual([]);
      expect(machine.ended).toBe('completed');
    });
  });

  it('of a start timer of an event sub-process has the cycle of the start event', async () => {
    const on = startOn('on', `${cycle('R6/PT1H')}${timerEvent('PT1H')}`);
    const machine = await machineFor(
      ...[start(), task('work'), end(), flows('start', 'work', 'end')],
      `<subProcess id="handler" triggeredByEvent="true">${on}${end('e')}${flows('on', 'e')}</subProcess>`,
    );
    expect(attemptsOf(machine.start())).toEqual([6]);
  });
});
