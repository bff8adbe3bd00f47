import { z } from 'zod';
import { BusinessRuleError } from '../../../../domain/common/errors.ts';
import { defineProcess } from '../../../../domain/steps/define-process.ts';
import { folderSettings, passGate } from '../../service-recorder.ts';

const person = z.object({
  how: z.enum(['ok', 'business', 'technical']),
  /** The file to wait for. */
  gate: z.string().default(''),
  email: z.string(),
  fullName: z.string(),
});

/** Puts personal data wherever a step can: into its results and into the messages of its errors. */
export default defineProcess({
  key: 'personal',
  title: 'Knows a person',
  input: z.strictObject(person.shape),
  example: { how: 'ok', email: 'ada@example.com', fullName: 'Ada' },
  identifiers: ({ how, email }) => ({ how, email }),
  personal: ['email', 'fullName', 'contact.email', 'message'],
  settings: folderSettings,
  steps: (step) => [
    step({
      name: 'call',
      number: 1,
      input: person,
      output: z.object({ contact: z.object({ email: z.string(), since: z.number() }) }),
      successText: 'Called',
      errorText: 'Not called',
      retry: { attempts: 2, backoff: 10 },
      async handle({ how, gate, email, fullName }, { settings, signal }) {
        if (gate !== '') await passGate(settings.TEST_FOLDER, gate, signal);
        if (how === 'business') {
          throw new BusinessRuleError('EXISTS', `There is an account for ${email} already.`);
        }
        if (how === 'technical') throw new Error(`nobody called ${fullName} can be reached`);
        return { contact: { email, since: 2026 } };
      },
    }),
    step({
      name: 'finish',
      number: 2,
      input: z.object({ fullName: z.string(), email: z.string() }),
      output: z.object({ message: z.string(), email: z.string(), score: z.number() }),
      successText: 'Finished',
      errorText: 'Not finished',
      ends: 'ok',
      handle: ({ fullName, email }) => ({ message: `Welcome, ${fullName}`, email, score: 71 }),
    }),
  ],
});
