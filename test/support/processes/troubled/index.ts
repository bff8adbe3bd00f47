import { z } from 'zod';
import { BusinessRuleError } from '../../../../domain/common/errors.ts';
import { defineProcess } from '../../../../domain/steps/define-process.ts';

const troubled = z.object({ how: z.enum(['business', 'technical']) });

/** The first step fails as `how` says, and nothing in the model catches the error. */
export default defineProcess({
  key: 'troubled',
  title: 'Fails as `how` says',
  input: z.strictObject(troubled.shape),
  example: { how: 'technical' },
  identifiers: ({ how }) => ({ how }),
  settings: z.object({}),
  steps: (step) => [
    step({
      name: 'fail',
      number: 1,
      input: troubled,
      output: z.object({}),
      successText: 'Not failed',
      errorText: 'Failed',
      retry: { attempts: 1 },
      handle({ how }) {
        if (how === 'business')
          throw new BusinessRuleError('NOT_ALLOWED', 'The rules do not allow this.');
        throw new Error('the partner cannot be reached');
      },
    }),
    step({
      name: 'finish',
      number: 2,
      input: z.object({}),
      output: z.object({}),
      successText: 'Finished',
      errorText: 'Not finished',
      ends: 'ok',
      handle: () => ({}),
    }),
  ],
});
