import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcess, topicOf } from '../../domain/define-process.ts';
import { plain } from '../support/worker-bpmn.ts';

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

describe('defineProcess', () => {
  it('gives back its steps in order, with their topics named after process and step', () => {
    const definition = define([
      { name: 'first-step', number: 1 },
      { name: 'second', number: 2 },
    ]);
    expect(definition.steps.map((step) => topicOf(definition.key, step.name))).toEqual([
      'a-process.first-step',
      'a-process.second',
    ]);
    expect(definition.identifiers({ userId: '7' })).toEqual({ userId: '7' });
  });

  it('takes the texts of errors for personal once anything is', () => {
    const none = define([{ name: 'a', number: 1 }]);
    expect(none.personal).toEqual([]);
    const some = define([{ name: 'a', number: 1 }], 'a-process', ['email', 'list.*.name']);
    expect(some.personal).toEqual(['email', 'list.*.name', 'errorMessage']);
  });

  it.each(['', '.', 'a.', '.a', 'a..b'])('refuses %j as a path of what is personal', (path) => {
    expect(() => define([], 'a-process', ['email', path])).toThrow(
      `process a-process: personal: "${path}" is no path`,
    );
  });

  it('refuses two steps of one name', () => {
    const steps = [
      { name: 'same', number: 1 },
      { name: 'same', number: 2 },
    ];
    expect(() => define(steps)).toThrow('process a-process: two steps have the name same');
  });

  it('refuses two steps of one number', () => {
    const steps = [
      { name: 'one', number: 7 },
      { name: 'two', number: 7 },
    ];
    expect(() => define(steps)).toThrow('process a-process: two steps have the number 7');
  });

  it.each(['', 'Upper', 'with space', 'with.dot', 'under_score', '1st', '-first', 'x'.repeat(101)])(
    'refuses %j as the name of a step or a process',
    (name) => {
      expect(() => define([{ name, number: 1 }])).toThrow(`the name "${name}" must be`);
      expect(() => define([], name)).toThrow(`the name "${name}" must be`);
    },
  );
});
