import { describe, expect, it } from 'vitest';
import { openOld } from './old-database.ts';

const HOUR = 3_600_000;

describe('a running instance of the engine of version 0.1.0', () => {
  it('keeps its tasks open, with the variables of the instance as they were', async () => {
    const old = await openOld('tasks');
    expect(old.open('with variables')).toEqual(['b']);
    expect(old.open('at the first task')).toEqual(['a']);
    expect(old.engine.instances.variables(old.id('with variables'))).toEqual({
      text: { type: 'String', value: "O'Neill" },
      count: { type: 'Integer', value: 7 },
      long: { type: 'Long', value: 9007199254740991 },
      short: { type: 'Short', value: 3 },
      ratio: { type: 'Double', value: 0.5 },
      yes: { type: 'Boolean', value: true },
      day: { type: 'Date', value: '2026-01-02T03:04:05.006+0000' },
      json: { type: 'Json', value: '{"a":[1]}' },
      none: { type: 'Null', value: null },
      done: { type: 'Boolean', value: true },
    });
    await old.complete('with variables', 'b');
    await old.complete('at the first task', 'a');
    await old.complete('at the first task', 'b');
    expect(old.state('with variables')).toBe('COMPLETED');
    expect(old.state('at the first task')).toBe('COMPLETED');
    expect(old.warnings).toEqual([]);
  });

  it('keeps an incident an incident, with its message and details', async () => {
    const old = await openOld('tasks');
    const id = old.id('incident');
    const [failed] = old.engine.externalTasks.list({ processInstanceIds: [id] });
    expect(failed).toMatchObject({ retries: 0, errorMessage: 'card refused' });
    expect(old.engine.externalTasks.errorDetails(failed?.id ?? '')).toBe('stack of it');
    const [incident] = old.engine.jobs.incidents({ processInstanceIds: [id] });
    expect(incident).toMatchObject({ activityId: 'a', message: 'card refused' });
    expect(old.now() - (incident?.since ?? 0)).toBeLessThan(60_000);
    await old.engine.externalTasks.setRetries(failed?.id ?? '', 1);
    await old.complete('incident', 'a');
    expect(old.state('incident')).toBe('COMPLETED');
  });

  it('keeps the pause of a failed task', async () => {
    const old = await openOld('tasks');
    const request = () => ({
      workerId: 'w',
      maxTasks: 9,
      topics: [{ topicName: 'failed.a', lockDuration: 1_000 }],
    });
    const fetched = () => old.engine.externalTasks.fetchAndLock(request()).tasks;
    expect(await fetched()).toEqual([]);
    await old.passes(HOUR);
    expect(await fetched()).toMatchObject([{ businessKey: 'pausing', retries: 2 }]);
  });

  it('keeps the token that waits at a join', async () => {
    const old = await openOld('gateways');
    expect(old.open('one branch done')).toEqual(['b']);
    await old.complete('one branch done', 'b');
    expect(old.open('one branch done')).toEqual(['c']);
    await old.complete('one branch done', 'c');
    expect(old.state('one branch done')).toBe('COMPLETED');
    await old.complete('none done', 'a');
    expect(old.open('none done')).toEqual(['b']);
    await old.complete('none done', 'b');
    await old.complete('none done', 'c');
    expect(old.state('none done')).toBe('COMPLETED');
  });

  it('keeps two tokens at one activity, which the engine of today does side by side', async () => {
    const old = await openOld('gateways');
    expect(old.open('two tokens at d')).toEqual(['d', 'd']);
    await old.complete('two tokens at d', 'd');
    await old.complete('two tokens at d', 'd');
    expect(old.state('two tokens at d')).toBe('COMPLETED');
  });

  it('keeps an instance in the second round of a loop', async () => {
    const old = await openOld('gateways');
    expect(old.open('second round')).toEqual(['a']);
    const id = old.id('second round');
    const done = { type: 'Boolean', value: true };
    await old.engine.instances.setVariables(id, { set: { done } });
    await old.complete('second round', 'a');
    expect(old.state('second round')).toBe('COMPLETED');
  });

  it('waits at an event-based gateway for what it waited for', async () => {
    const old = await openOld('gateways');
    const businessKey = 'paid in time';
    await old.engine.events.correlate({ messageName: 'paid', businessKey });
    expect(old.open('paid in time')).toEqual(['ship']);
    await old.complete('paid in time', 'ship');
    expect(old.state('paid in time')).toBe('COMPLETED');
    await old.passes(HOUR);
    expect(old.open('paid late')).toEqual([]);
    await old.passes(HOUR);
    expect(old.open('paid late')).toEqual(['cancel']);
    await old.complete('paid late', 'cancel');
    expect(old.state('paid late')).toBe('COMPLETED');
  });

  it('keeps the due times of its timers', async () => {
    const old = await openOld('waiting');
    const due = (businessKey: string) =>
      old.engine.jobs.list({ processInstanceIds: [old.id(businessKey)] })[0]?.due ?? 0;
    const { startedAt } = old.engine.instances.get(old.id('in the pause'));
    expect(Math.abs(due('in the pause') - startedAt - 3 * HOUR)).toBeLessThan(1_000);
    expect(due('until a day')).toBe(Date.parse('2031-01-01T00:00:00Z'));
    await old.passes(3 * HOUR);
    expect(old.open('in the pause')).toEqual(['a']);
    await old.passes(due('until a day') - old.now());
    expect(old.open('until a day')).toEqual(['a']);
    await old.complete('until a day', 'a');
    expect(old.state('until a day')).toBe('COMPLETED');
  });

  it('waits for the messages of catch events and receive tasks', async () => {
    const old = await openOld('waiting');
    const { events } = old.engine;
    await events.correlate({ messageName: 'stock', businessKey: 'both open' });
    await events.correlate({ messageName: 'order', businessKey: 'both open' });
    await expect(
      events.correlate({ messageName: 'stock', businessKey: 'one received' }),
    ).rejects.toThrow('Cannot correlate');
    await events.correlate({ messageName: 'order', businessKey: 'one received' });
    for (const businessKey of ['both open', 'one received']) {
      await old.complete(businessKey, 'a');
      expect(old.state(businessKey)).toBe('COMPLETED');
    }
  });

  it('keeps the boundary events of open tasks, but for a timer that has fired', async () => {
    const old = await openOld('boundaries');
    await old.complete('in time', 'a');
    expect(old.state('in time')).toBe('COMPLETED');
    expect(old.open('before the reminder')).toEqual(['a']);
    expect(old.open('after the reminder')).toEqual(['a', 'remind']);
    await old.engine.events.correlate({ messageName: 'withdraw', businessKey: 'withdrawn' });
    expect(old.open('withdrawn')).toEqual(['undo']);
    await old.passes(HOUR);
    expect(old.open('too late')).toEqual(['late']);
    expect(old.open('before the reminder')).toEqual(['a', 'remind']);
    expect(old.open('after the reminder')).toEqual(['a', 'remind']);
    for (const businessKey of ['before the reminder', 'after the reminder']) {
      await old.complete(businessKey, 'a');
      await old.complete(businessKey, 'remind');
      expect(old.state(businessKey)).toBe('COMPLETED');
    }
  });

  it('keeps nested sub-processes open, with their boundary events', async () => {
    const old = await openOld('scopes');
    expect(old.open('inner at z, x done')).toEqual(['z']);
    await old.complete('inner at z, x done', 'z');
    expect(old.open('inner at z, x done')).toEqual(['after']);
    expect(old.open('both open')).toEqual(['x', 'y']);
    for (const activity of ['x', 'y', 'z', 'after']) await old.complete('both open', activity);
    expect(old.state('both open')).toBe('COMPLETED');
    const [failed] = old.engine.externalTasks.list({
      processInstanceIds: [old.id('error')],
      activityIds: ['y'],
    });
    await old.engine.externalTasks.lock(failed?.id ?? '', 'w', 1_000);
    const error = { code: 'lost', message: null };
    await old.engine.externalTasks.bpmnError(failed?.id ?? '', 'w', error, {});
    expect(old.open('error')).toEqual(['caught']);
    await old.passes(5 * HOUR);
    expect(old.open('limit')).toEqual(['limited']);
    expect(old.open('inner at z, x done')).toEqual(['after']);
    expect(old.open('interrupted')).toEqual(['caught']);
    await old.complete('interrupted', 'caught');
    expect(old.state('interrupted')).toBe('COMPLETED');
  });

  it('keeps two tokens at one sub-process', async () => {
    const old = await openOld('scopes');
    const key = 'two tokens at a sub-process';
    expect(old.open(key)).toEqual(['t', 't']);
    for (const activity of ['t', 'after', 't', 'after']) await old.complete(key, activity);
    expect(old.state(key)).toBe('COMPLETED');
  });
});
