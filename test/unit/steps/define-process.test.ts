import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcess } from '../../../domain/steps/define-process.ts';
import { topicOf } from '../../../domain/steps/find-step.ts';
import { plain } from '../../support/worker-rig.ts';

function define(
  steps: readonly { name: string; number: number }[],
  key = 'a-process',
  personal?: string[],
) {
  return defineProcess({
    key,
    title: 'A process',
    input: z.object({ userId: z.string() }),
    settings: z.object({}),
    identifiers: ({ userId }) => ({ userId }),
    example: { userId: '42' },
    ...(personal ? { personal } : {}),
    steps: (step) =>
      steps.map(({ name, number }) => step({ ...plain(name, number), handle: () => ({}) })),
  });
}

describe('the function defineProcess', () => {
  it('returns its steps in order, with their topics named after process and step', () => {
    const definition = define([
      { name: 'first-step', number: 1 },
      { name: 'second', number: 2 },
    ]);
    expect(definition.steps.map((step) => topicOf(definition.key, step))).toEqual([
      'a-process.first-step',
      'a-process.second',
    ]);
    expect(definition.identifiers({ userId: '7' })).toEqual({ userId: '7' });
  });

  it('takes a step that is done elsewhere without a handler, and no other', () => {
    const withStep = (make: Parameters<typeof defineProcess>[0]['steps']) =>
      defineProcess({
        key: 'a-process',
        title: 'A process',
        input: z.object({}),
        settings: z.object({}),
        identifiers: () => ({}),
        example: {},
        steps: make,
      });
    const [step] = withStep((step) => [step({ ...plain('first', 1), elsewhere: true })]).steps;
    expect(step?.elsewhere).toBe(true);
    const handle = () => ({});
    const both = 'the step "first" has both handle and elsewhere: true';
    // @ts-expect-error: it has a handler
    expect(() => withStep((step) => [step({ ...plain('first', 1), elsewhere: true, handle })])) //
      .toThrow(both);
    // @ts-expect-error: its lock says how long it takes
    withStep((step) => [step({ ...plain('first', 1), elsewhere: true, timeout: 1 })]);
    // @ts-expect-error: nobody does it
    expect(() => withStep((step) => [step(plain('first', 1))])).toThrow(
      'needs handle, or elsewhere',
    );
  });

  it('keeps user tasks apart from steps, whose names, numbers and tasks they share', () => {
    const output = z.object({ approved: z.boolean() });
    const withTasks = (...tasks: { id: string; name?: string; number: number }[]) =>
      defineProcess({
        key: 'a-process',
        title: 'A process',
        input: z.object({}),
        settings: z.object({}),
        identifiers: () => ({}),
        example: {},
        steps: (step, userTask) => [
          step({ ...plain('first', 1), tasks: ['one'], handle: () => ({}) }),
          ...tasks.map((task) => userTask({ ...task, output, successText: 'Done' })),
        ],
      });
    const { steps, userTasks } = withTasks({ id: 'approve', number: 2 });
    expect(steps.map(({ name }) => name)).toEqual(['first']);
    expect(userTasks).toMatchObject([{ id: 'approve', number: 2, output, successText: 'Done' }]);
    const refusal = 'process a-process: two steps have the';
    expect(() => withTasks({ id: 'first', number: 2 })).toThrow(`${refusal} name first`);
    expect(() => withTasks({ id: 'approve', number: 1 })).toThrow(`${refusal} number 1`);
    expect(() => withTasks({ id: 'one', number: 2 })).toThrow(`${refusal} task one`);
    expect(() => withTasks({ id: 'prüfen', number: 2 })).toThrow('the name "prüfen" must begin');
    expect(withTasks({ id: 'prüfen', name: 'check', number: 2 }).userTasks).toHaveLength(1);
  });

  it('takes the texts of errors for personal once any field is', () => {
    const none = define([{ name: 'a', number: 1 }]);
    expect(none.personal).toEqual([]);
    const some = define([{ name: 'a', number: 1 }], 'a-process', ['email', 'list.*.name']);
    expect(some.personal).toEqual(['email', 'list.*.name', 'errorMessage']);
  });

  it.each(['', '.', 'a.', '.a', 'a..b'])('refuses %j as the path of a personal field', (path) => {
    expect(() => define([], 'a-process', ['email', path])).toThrow(
      `process a-process: personal: "${path}" is not a path`,
    );
  });
});
