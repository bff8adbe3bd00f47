import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cutText } from '../../../domain/common/cut-text.ts';
import { findUnstorable } from '../../../domain/common/unstorable-value.ts';
import { wellFormedJson } from '../../../domain/common/well-formed-json.ts';
import { decide } from '../../../domain/process/decide.ts';
import { defineProcess } from '../../../domain/steps/define-process.ts';
import { runHandler } from '../../../domain/steps/run-handler.ts';

const HALF = '\ud83d';

describe('a text that is cut', () => {
  it('keeps whole characters only, and no more units than asked for', () => {
    expect(cutText('a😀😀', 4)).toBe('a😀');
    expect(cutText('a😀😀', 5)).toBe('a😀😀');
    expect(cutText('😀'.repeat(1_001), 2_001)).toBe('😀'.repeat(1_000));
    for (let units = 0; units < 12; units++) {
      const cut = cutText('x😀é😀z', units);
      expect(cut.isWellFormed()).toBe(true);
      expect(cut.length).toBeLessThanOrEqual(units);
    }
    expect(cutText(`a${HALF}b`, 10)).toBe('a\ufffdb');
  });
});

describe('JSON for other readers', () => {
  it('has U+FFFD for halves of surrogate pairs, and is the same otherwise', () => {
    const values = [
      `${HALF}`,
      `😀${HALF}`,
      `${HALF}😀`,
      '\udc00\ud800',
      '\\ud800',
      `\\${HALF}`,
      '\\\\ud83d\\ude00',
    ];
    for (const value of values) {
      const text = JSON.stringify({ [value]: [value] });
      const expected = value.toWellFormed();
      expect(JSON.parse(wellFormedJson(text)), text).toEqual({ [expected]: [expected] });
    }
    expect(wellFormedJson('"\\ud83d\\ude00"')).toBe('"\\ud83d\\ude00"');
  });
});

describe('what JSON would not keep', () => {
  it.each([
    [{ a: [1, { b: HALF }] }, 'a.1.b'],
    [{ a: { [HALF]: 1 } }, 'a'],
    [{ a: Number.NaN }, 'a'],
    [{ a: Number.NEGATIVE_INFINITY }, 'a'],
    [{ a: 1n }, 'a'],
    [{ a: () => 1 }, 'a'],
    [{ a: new Map([[1, 2]]) }, 'a'],
    [{ a: new Date('never') }, 'a'],
  ])('is found in %o at %s', (value, path) => {
    expect(findUnstorable(value)?.path.join('.')).toBe(path);
  });

  it('is not found in JSON, dates, and values with a toJSON', () => {
    const kept = [
      null,
      true,
      -0,
      'é😀',
      [undefined],
      { a: undefined },
      new Date(0),
      new URL('http://a/'),
    ];
    for (const value of kept) expect(findUnstorable(value)).toBe(null);
    const circle: Record<string, unknown> = {};
    circle.a = circle;
    expect(findUnstorable(circle)?.message).toMatch(/nested deeper/);
  });
});

describe('a step', () => {
  const run = (output: unknown, variables: Record<string, unknown> = {}) => {
    const definition = defineProcess({
      key: 'odd',
      title: 'Gives back odd things',
      input: z.object({}),
      settings: z.object({}),
      example: {},
      identifiers: () => ({}),
      steps: (step) => [
        step({
          name: 'give',
          number: 1,
          input: z.object({ note: z.any().optional() }),
          output: z.object({ value: z.any() }),
          successText: 'Given',
          errorText: 'Not given',
          handle: () => ({ value: output }),
        }),
      ],
    });
    const [step] = definition.steps;
    if (!step) throw new Error('no step');
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const run = {
      definition,
      step,
      settings: {},
      task: { id: 'task-1', variables, isObject: () => false },
      stream: { correlationId: 'odd-1', identity: {} },
      ports: { openHttp: () => async () => ({ status: 200, body: null }) },
      log,
      stopping: new AbortController().signal,
    };
    return runHandler(run, 1);
  };

  it.each([
    [HALF, /^output\.value: is text that is not Unicode/],
    [[Number.NaN], /^output\.value\.0: is NaN/],
    [{ n: Number.POSITIVE_INFINITY }, /^output\.value\.n: is Infinity/],
    [{ n: 12n }, /^output\.value\.n: is a bigint/],
  ])('fails clearly when it gives back %o', async (output, message) => {
    expect(await run(output)).toMatchObject({
      kind: 'technical',
      code: 'INVALID_OUTPUT',
      message: expect.stringMatching(message),
    });
  });

  it('fails finally when another worker left text that is not Unicode, and records it readably', async () => {
    const outcome = await run('fine', { note: `a${HALF}` });
    expect(outcome).toMatchObject({ kind: 'technical', code: 'INVALID_INPUT', nonRetryable: true });
    expect(JSON.stringify(outcome)).not.toContain('\\ud83d');
    expect(outcome).toMatchObject({ input: { note: 'a\ufffd' } });
  });

  it('that fails with text that is not Unicode is recorded as it is read back', () => {
    const events = decide(
      {
        type: 'fail-step',
        processName: 'odd',
        identity: {},
        step: { name: 'give', number: 1 },
        earlierFailures: 0,
        data: {
          taskId: 't',
          attempt: 1,
          input: {},
          kind: 'technical',
          code: `C${HALF}`,
          message: `no ${HALF}`,
          retriesLeft: 0,
          retryIn: 0,
        },
      },
      null,
    );
    expect(events).toHaveLength(2);
    for (const { data } of events)
      expect(data).toMatchObject({ code: 'C\ufffd', message: 'no \ufffd' });
  });
});
