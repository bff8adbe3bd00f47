import { z } from 'zod';
import { BusinessRuleError } from '../../../../domain/common/errors.ts';
import { defineProcess } from '../../../../domain/steps/define-process.ts';
import { folderSettings, passGate } from '../../service-recorder.ts';

const observed = z.object({
  how: z.enum(['ok', 'retry', 'business', 'technical']),
  /** The file to wait for. */
  gate: z.string().default(''),
  /** Sent to the partner and redacted in events. */
  card: z.object({ number: z.string() }).default({ number: '' }),
});

/** The first step calls a partner and ends as `how` says, the second step ends the process. */
export default defineProcess({
  key: 'observed',
  title: 'Calls a partner',
  input: z.strictObject(observed.shape),
  example: { how: 'ok' },
  identifiers: ({ how }) => ({ how }),
  settings: folderSettings.extend({ OBSERVED_PARTNER: z.string().default('') }),
  steps: (step) => [
    step({
      name: 'call',
      number: 1,
      input: observed,
      output: z.object({ called: z.boolean() }),
      successText: 'Called',
      errorText: 'Not called',
      redact: ['card.number'],
      retry: { attempts: 2, backoff: 10 },
      async handle({ how, gate, card }, { settings, http, log, attempt, signal }) {
        log.info({ attempt }, 'the step logs a line');
        if (gate !== '') await passGate(settings.TEST_FOLDER, gate, signal);
        if (settings.OBSERVED_PARTNER !== '') {
          await http({ method: 'POST', url: settings.OBSERVED_PARTNER, body: card });
        }
        if (how === 'business')
          throw new BusinessRuleError('NOT_ALLOWED', 'The rules do not allow this.');
        if (how === 'technical' || (how === 'retry' && attempt === 1)) {
          throw new Error('the partner cannot be reached');
        }
        return { called: true };
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
