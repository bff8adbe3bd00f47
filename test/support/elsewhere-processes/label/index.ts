import { z } from 'zod';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

/** One step, which a worker elsewhere does: it ends the process. */
export default defineProcess({
  key: 'label',
  title: 'Prints a label elsewhere',
  input: z.strictObject({ parcel: z.string() }),
  example: { parcel: 'p-1' },
  identifiers: ({ parcel }) => ({ parcel }),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'print',
      number: 1,
      input: z.object({ parcel: z.string() }),
      output: z.strictObject({ label: z.string() }),
      successText: 'Printed',
      errorText: 'Not printed',
      ends: 'ok',
      elsewhere: true,
    }),
  ],
});
