import { z } from 'zod';
import { BusinessRuleError } from '../../common/index.ts';
import { defineProcess } from '../../steps/index.ts';

const checkAnswer = z.object({
  verdict: z.enum(['clear', 'refused']),
  score: z.number(),
  reason: z.string().optional(),
});
const onboardingAnswer = z.object({ accountId: z.string() });

/** Checks a user with the partner and opens an account for them. */
export default defineProcess({
  key: 'onboard-user',
  title: 'Onboard a user',
  input: z.strictObject({
    userId: z.string().min(1).max(100),
    email: z.email().max(254),
    fullName: z.string().min(1).max(200).optional(),
  }),
  example: { userId: '42', email: 'ada@example.com' },
  identifiers: ({ userId }) => ({ userId }),
  personal: ['email', 'fullName', 'normalizedEmail', 'displayName', 'message'],
  settings: z.object({
    PARTNER_URL: z.url().default('http://127.0.0.1:4010').describe('The partner service'),
  }),
  steps: (step) => [
    step({
      name: 'validate-user-information',
      number: 1,
      input: z.object({ userId: z.string(), email: z.string(), fullName: z.string().optional() }),
      output: z.object({
        validated: z.boolean(),
        normalizedEmail: z.string(),
        displayName: z.string(),
      }),
      successText: 'User information validated',
      errorText: 'User information is not valid',
      handle({ email, fullName }) {
        const normalizedEmail = email.trim().toLowerCase();
        const [localPart = '', domain = ''] = normalizedEmail.split('@');
        if (domain.endsWith('.invalid')) {
          throw new BusinessRuleError(
            'EMAIL_NOT_DELIVERABLE',
            `No mail can be sent to ${domain}; use an address that exists.`,
          );
        }
        return { validated: true, normalizedEmail, displayName: fullName ?? localPart };
      },
    }),
    step({
      name: 'run-background-check',
      number: 2,
      input: z.object({ userId: z.string(), normalizedEmail: z.string() }),
      output: z.object({ backgroundScore: z.number() }),
      successText: 'Background check passed',
      errorText: 'Background check not passed',
      audit: { targetSystem: 'BackgroundCheck' },
      retry: { attempts: 4, backoff: 200, maxBackoff: 5_000 },
      timeout: 15_000,
      async handle({ userId, normalizedEmail }, { http, settings }) {
        const answer = await http({
          method: 'POST',
          url: `${settings.PARTNER_URL}/background-checks`,
          body: { userId, email: normalizedEmail },
        });
        const { verdict, score, reason } = checkAnswer.parse(answer.body);
        if (verdict === 'refused') {
          throw new BusinessRuleError(
            'BACKGROUND_CHECK_REFUSED',
            reason ?? 'The background check refused this user.',
          );
        }
        return { backgroundScore: score };
      },
    }),
    step({
      name: 'call-onboarding-api',
      number: 3,
      input: z.object({
        userId: z.string(),
        normalizedEmail: z.string(),
        displayName: z.string(),
      }),
      output: z.object({ accountId: z.string() }),
      successText: 'Account opened',
      errorText: 'Account not opened',
      audit: { targetSystem: 'Onboarding' },
      retry: { attempts: 4, backoff: 200, maxBackoff: 5_000 },
      async handle({ userId, normalizedEmail, displayName }, { http, settings }) {
        const answer = await http({
          method: 'POST',
          url: `${settings.PARTNER_URL}/accounts`,
          body: { userId, email: normalizedEmail, name: displayName },
        });
        if (answer.status === 409) {
          throw new BusinessRuleError(
            'ACCOUNT_EXISTS',
            `There is an account for ${normalizedEmail} already.`,
          );
        }
        return { accountId: onboardingAnswer.parse(answer.body).accountId };
      },
    }),
    step({
      name: 'prepare-response',
      number: 4,
      input: z.object({
        userId: z.string(),
        normalizedEmail: z.string(),
        displayName: z.string(),
        backgroundScore: z.number(),
        accountId: z.string(),
      }),
      output: z.object({
        message: z.string(),
        userId: z.string(),
        email: z.string(),
        accountId: z.string(),
        backgroundScore: z.number(),
      }),
      successText: 'Response prepared',
      errorText: 'Response not prepared',
      ends: 'ok',
      handle: ({ userId, normalizedEmail, displayName, accountId, backgroundScore }) => ({
        message: `Welcome, ${displayName}`,
        userId,
        email: normalizedEmail,
        accountId,
        backgroundScore,
      }),
    }),
    step({
      name: 'handle-error',
      number: 5,
      input: z.object({ errorCode: z.string(), errorMessage: z.string() }),
      output: z.object({ code: z.string(), message: z.string() }),
      successText: 'Refusal recorded',
      errorText: 'Refusal not recorded',
      ends: 'error',
      handle: ({ errorCode, errorMessage }) => ({ code: errorCode, message: errorMessage }),
    }),
  ],
});
