import { z } from 'zod';
import { BusinessRuleError } from '../../common/index.ts';
import { defineProcess } from '../../steps/index.ts';

const item = z.strictObject({ sku: z.string().min(1), quantity: z.number().int().min(1) });
const reservation = z.object({ reservationId: z.string() });
const payment = z.discriminatedUnion('status', [
  z.object({ status: z.literal('paid'), paymentId: z.string() }),
  z.object({ status: z.literal('refused'), reason: z.string() }),
]);
const booking = z.object({ bookingId: z.string() });

const settings = z.object({
  PARTNER_URL: z.url().default('http://127.0.0.1:4010').describe('The partner service'),
  PUBLIC_URL: z
    .url()
    .default('http://127.0.0.1:3000')
    .describe('Where partners reach this service; empty: the address it listens on'),
});

/** Pays, packs and ships an order: three branches at once, a timer and a message. */
export default defineProcess({
  key: 'fulfil-order',
  title: 'Fulfil an order',
  input: z.strictObject({
    orderId: z.string().min(1).max(100),
    items: z.array(item).min(1).max(100),
    amount: z.number().positive(),
    express: z.boolean().default(false),
  }),
  example: { orderId: '4711', items: [{ sku: 'book', quantity: 2 }], amount: 39.9 },
  identifiers: ({ orderId }) => ({ orderId }),
  settings,
  steps: (step) => [
    step({
      name: 'reserve-stock',
      number: 1,
      input: z.object({ orderId: z.string(), items: z.array(item) }),
      output: z.object({ reservationId: z.string() }),
      successText: 'Stock reserved',
      errorText: 'Stock not reserved',
      audit: { targetSystem: 'Warehouse' },
      async handle(input, { http, settings }) {
        const answer = await http({
          method: 'POST',
          url: `${settings.PARTNER_URL}/reservations`,
          body: input,
        });
        return { reservationId: reservation.parse(answer.body).reservationId };
      },
    }),
    step({
      name: 'charge-payment',
      number: 2,
      input: z.object({ orderId: z.string(), amount: z.number() }),
      output: z.object({ paymentId: z.string() }),
      successText: 'Payment charged',
      errorText: 'Payment not charged',
      audit: { targetSystem: 'Payments' },
      async handle(input, { http, settings }) {
        const answer = await http({
          method: 'POST',
          url: `${settings.PARTNER_URL}/payments`,
          body: input,
        });
        const result = payment.parse(answer.body);
        if (result.status === 'refused') {
          throw new BusinessRuleError('PAYMENT_REFUSED', result.reason);
        }
        return { paymentId: result.paymentId };
      },
    }),
    step({
      name: 'book-courier',
      number: 3,
      input: z.object({ orderId: z.string(), reservationId: z.string() }),
      output: z.object({ bookingId: z.string() }),
      successText: 'Courier booked',
      errorText: 'Courier not booked',
      audit: { targetSystem: 'Courier' },
      async handle(input, { http, settings, correlationId }) {
        const path = `/api/process/${encodeURIComponent(correlationId)}/message`;
        const answer = await http({
          method: 'POST',
          url: `${settings.PARTNER_URL}/bookings`,
          body: { ...input, callbackUrl: new URL(path, settings.PUBLIC_URL).href },
        });
        return { bookingId: booking.parse(answer.body).bookingId };
      },
    }),
    step({
      name: 'confirm-order',
      number: 4,
      input: z.object({
        orderId: z.string(),
        paymentId: z.string(),
        bookingId: z.string(),
        courier: z.string(),
      }),
      output: z.object({
        orderId: z.string(),
        paymentId: z.string(),
        bookingId: z.string(),
        courier: z.string(),
      }),
      successText: 'Order fulfilled',
      errorText: 'Order not confirmed',
      ends: 'ok',
      handle: (input) => input,
    }),
    step({
      name: 'refuse-order',
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
