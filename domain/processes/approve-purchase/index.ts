import { z } from 'zod';
import { defineProcess } from '../../steps/index.ts';

const purchase = { purchaseId: z.string(), item: z.string(), amount: z.number() };

/** Waits until a buyer approves or refuses a purchase. */
export default defineProcess({
  key: 'approve-purchase',
  title: 'Approve a purchase',
  input: z.strictObject({
    purchaseId: z.string().min(1).max(100),
    item: z.string().min(1).max(200),
    amount: z.number().positive(),
    requestedBy: z.string().min(1).max(200),
  }),
  example: { purchaseId: '4711', item: 'A desk', amount: 320, requestedBy: 'Kim' },
  identifiers: ({ purchaseId }) => ({ purchaseId }),
  personal: ['requestedBy', 'comment'],
  settings: z.object({}),
  steps: (step, userTask) => [
    userTask({
      id: 'approve',
      name: 'approve-purchase',
      number: 1,
      output: z.strictObject({
        approved: z.boolean(),
        comment: z.string().max(1_000).default(''),
      }),
      successText: 'Purchase decided',
    }),
    step({
      name: 'notify',
      number: 2,
      input: z.object({ ...purchase, comment: z.string() }),
      output: z.object({ ...purchase, comment: z.string() }),
      successText: 'Requester notified',
      errorText: 'Requester not notified',
      ends: 'ok',
      handle: (input) => input,
    }),
    step({
      name: 'notify-refused',
      number: 3,
      input: z.object({ item: z.string(), comment: z.string() }),
      output: z.object({ code: z.string(), message: z.string() }),
      successText: 'Requester notified',
      errorText: 'Requester not notified',
      ends: 'error',
      handle: ({ item, comment }) => ({
        code: 'PURCHASE_REFUSED',
        message: `The purchase of "${item}" was refused${comment === '' ? '' : `: ${comment}`}`,
      }),
    }),
  ],
});
