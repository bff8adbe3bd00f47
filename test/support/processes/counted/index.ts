import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';
import { folderSettings, recordRun } from '../../service-recorder.ts';

const counted = z.object({
  number: z.number().int(),
  /** Milliseconds that every step takes. */
  pause: z.number().int().default(0),
});

/** Three steps one after the other; each records its run. */
export default defineProcess({
  key: 'counted',
  title: 'Three steps that record their runs',
  input: z.strictObject(counted.shape),
  example: { number: 1 },
  identifiers: ({ number }) => ({ number }),
  settings: folderSettings,
  steps: (step) =>
    ['one', 'two', 'three'].map((name, at) =>
      step({
        name,
        number: at + 1,
        input: counted,
        output: z.object({ number: z.number() }),
        successText: `${name} done`,
        errorText: `${name} not done`,
        ...(name === 'three' ? { ends: 'ok' } : {}),
        async handle({ number, pause }, { settings, correlationId, idempotencyKey }) {
          recordRun(settings.TEST_FOLDER, { correlationId, step: name, task: idempotencyKey });
          if (pause > 0) await sleep(pause);
          return { number };
        },
      }),
    ),
});
