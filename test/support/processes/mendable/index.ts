import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';
import { folderSettings, recordRun } from '../../service-recorder.ts';

const mendable = z.object({
  /** The file without which its second step fails. */
  file: z.string(),
});

/** The second step fails, with two attempts, until a file exists. */
export default defineProcess({
  key: 'mendable',
  title: 'Fails until it is mended',
  input: z.strictObject(mendable.shape),
  example: { file: 'mended' },
  identifiers: ({ file }) => ({ file }),
  settings: folderSettings,
  steps: (step) => [
    step({
      name: 'prepare',
      number: 1,
      input: z.object({}),
      output: z.object({}),
      successText: 'Prepared',
      errorText: 'Not prepared',
      handle(_input, { settings, correlationId, idempotencyKey }) {
        recordRun(settings.TEST_FOLDER, { correlationId, step: 'prepare', task: idempotencyKey });
        return {};
      },
    }),
    step({
      name: 'work',
      number: 2,
      input: mendable,
      output: z.object({}),
      successText: 'Worked',
      errorText: 'Not worked',
      retry: { attempts: 2, backoff: 1 },
      handle({ file }, { settings, correlationId, idempotencyKey }) {
        recordRun(settings.TEST_FOLDER, { correlationId, step: 'work', task: idempotencyKey });
        if (!existsSync(join(settings.TEST_FOLDER, file))) {
          throw Object.assign(new Error('the partner is away'), { code: 'AWAY' });
        }
        return {};
      },
    }),
    step({
      name: 'finish',
      number: 3,
      input: mendable,
      output: z.object({ file: z.string() }),
      successText: 'Finished',
      errorText: 'Not finished',
      ends: 'ok',
      handle: ({ file }) => ({ file }),
    }),
  ],
});
