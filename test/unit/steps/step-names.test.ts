import { describe, expect, it } from 'vitest';
import { checkNames } from '../../../domain/steps/step-names.ts';
import { expression } from '../../support/bpmn/model.ts';

interface Named {
  name: string;
  number?: number;
  topic?: string;
  tasks?: string[];
}

function check(key: string, ...steps: Named[]): void {
  checkNames(
    key,
    steps.map((step, at) => ({ number: at, ...step })),
  );
}

describe('the check of process and step names', () => {
  it.each([
    ...['a', 'onboard-user', 'Process_1x2y3z4', 'invoice.v2', '_hidden', 'loanApproval', 'A', 'a-'],
    ...['constructor', '__proto__', 'x'.repeat(250)],
  ])('takes %s for a process and for a step', (name) => {
    expect(() => check(name, { name, topic: 't' })).not.toThrow();
  });

  it.each([
    '',
    '1st',
    '-first',
    '.first',
    'with space',
    'a:b',
    'a/b',
    '../a',
    'a%b',
    'a\n',
    'a×b',
    'a\u00a0b',
    'a\ud800',
    '\u0301a',
  ])('refuses %j, which is no XML name', (name) => {
    expect(() => check('a', { name })).toThrow(`the name "${name}" must begin with a letter`);
    expect(() => check(name)).toThrow(`the name "${name}" must begin with a letter`);
  });

  it.each(['Größe', '注文処理', 'Pru\u0308fung', '𐐷x', 'Ω·1', '订单‿2'])(
    'takes %s for a process, but not for a step, whose letters are ASCII',
    (name) => {
      expect(() => check(name, { name: 's', topic: 't' })).not.toThrow();
      expect(() => check('a', { name })).toThrow('all of ASCII');
    },
  );

  it('refuses a process id that is too long for the database', () => {
    expect(() => check(`a${'é'.repeat(42)}.b`)).not.toThrow();
    expect(() => check(`a${'é'.repeat(42)}.bc`)).toThrow('which makes 256 characters, and 255');
    expect(() => check('処'.repeat(29))).toThrow('is too long: the database keeps letters');
  });

  it('refuses names that are longer than a file name, a column or a topic', () => {
    expect(() => check('x'.repeat(251))).toThrow('must have at most 250 characters');
    expect(() => check('a', { name: 'x'.repeat(256) })).toThrow('must have at most 255 characters');
    expect(() => check('a', { name: 'x'.repeat(254) })).toThrow(
      /the topic "a.x+" must have at most/,
    );
  });

  it('takes any text as a topic but an empty one, a longer one and an expression', () => {
    for (const topic of ['charge card', 'Ü/1:2', 'constructor']) {
      expect(() => check('a', { name: 's', topic })).not.toThrow();
    }
    const faults = {
      '': 'empty',
      [expression('topic')]: 'expression',
      ['x'.repeat(256)]: '255 characters',
    };
    for (const [topic, says] of Object.entries(faults)) {
      expect(() => check('a', { name: 's', topic })).toThrow(says);
    }
  });

  it('refuses two steps of one name, of one number, and for one task', () => {
    expect(() => check('a', { name: 's' }, { name: 's' })).toThrow(
      'process a: two steps have the name s',
    );
    expect(() => check('a', { name: 's', number: 7 }, { name: 't', number: 7 })).toThrow(
      'process a: two steps have the number 7',
    );
    const tasks = ['x'];
    expect(() =>
      check('a', { name: 's', topic: 't', tasks }, { name: 'u', topic: 't', tasks }),
    ).toThrow('process a: two steps have the task x');
  });

  it('refuses two steps of one topic unless all but one name their tasks', () => {
    expect(() => check('a', { name: 's', topic: 't' }, { name: 'u', topic: 't' })).toThrow(
      'process a: two steps have the topic t; name the tasks of one of them (tasks: […])',
    );
    expect(() =>
      check('a', { name: 's', topic: 't' }, { name: 'u', topic: 't', tasks: ['x'] }),
    ).not.toThrow();
  });
});
