import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';
import { folderSettings, passGate, recordRun } from '../../service-recorder.ts';

const gated = z.object({
  /** The file to wait for. */
  gate: z.string(),
  /** A deaf step ignores its abort signal. */
  deaf: z.boolean().default(false),
});

/** The first step waits for a file, the second step ends the process. */
export default defineProcess({
  key: 'gated',
  title: 'Waits for a file',
  input: z.strictObject(gated.shape),
  example: { gate: 'open' },
  identifiers: ({ gate }) => ({ gate }),
  settings: folderSettings,
  steps: (step) => [
    step({
      name: 'hold',
      number: 1,
      input: gated,
      output: z.object({ held: z.boolean() }),
      successText: 'Held',
      errorText: 'Not held',
      async handle({ gate, deaf }, { settings, correlationId, idempotencyKey, signal }) {
        const folder = settings.TEST_FOLDER;
        recordRun(folder, { correlationId, step: 'hold', task: idempotencyKey });
        await passGate(folder, gate, deaf ? undefined : signal);
        return { held: true };
      },
    }),
    step({
      name: 'finish',
      number: 2,
      input: gated,
      output: z.object({ gate: z.string() }),
      successText: 'Finished',
      errorText: 'Not finished',
      ends: 'ok',
      handle: ({ gate }) => ({ gate }),
    }),
  ],
});
