import { z } from 'zod';
import { BusinessRuleError } from '../../../../domain/common/errors.ts';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

const text = z.object({ note: z.string().optional(), decision: z.string().optional() });

/**
 * The gateways read variables that a caller may leave out: `amount` before the first task, `decision` after the message
 * `decide`, `size` after the first task. Without one, real engines and the embedded engine answer 500.
 */
export default defineProcess({
  key: 'triage',
  title: 'Pays small claims at once',
  input: z.object({
    amount: z.number().optional(),
    note: z.string().optional(),
    how: z.enum(['pay', 'refuse']).default('pay'),
    size: z.number().optional(),
  }),
  example: { amount: 200, size: 1 },
  identifiers: () => ({}),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'look',
      number: 1,
      input: text.extend({ how: z.string() }),
      output: z.object({ seen: z.string() }),
      successText: 'Seen',
      errorText: 'Not seen',
      handle({ how, note = '' }) {
        if (how === 'refuse') throw new BusinessRuleError('REFUSED', note);
        return { seen: note };
      },
    }),
    step({
      name: 'pay',
      number: 2,
      input: text.extend({ seen: z.string() }),
      output: text.extend({ seen: z.string() }),
      successText: 'Paid',
      errorText: 'Not paid',
      ends: 'ok',
      handle: (given) => given,
    }),
    step({
      name: 'explain',
      number: 3,
      input: z.object({ errorCode: z.string(), errorMessage: z.string() }),
      output: z.object({ code: z.string(), message: z.string() }),
      successText: 'Explained',
      errorText: 'Not explained',
      ends: 'error',
      handle: ({ errorCode, errorMessage }) => ({ code: errorCode, message: errorMessage }),
    }),
  ],
});
