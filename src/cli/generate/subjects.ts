import type { JsonObject } from '../../../domain/common/index.ts';
import fulfilOrder from '../../../domain/processes/fulfil-order/index.ts';
import onboardUser from '../../../domain/processes/onboard-user/index.ts';
import type { ProcessDefinition, StepDefinition } from '../../../domain/steps/index.ts';
import type { Random } from './random.ts';

/** One step of a process as it goes when all is well. */
export interface PlannedStep {
  step: StepDefinition;
  input: JsonObject;
  output: JsonObject;
  /** The call it makes, if any. */
  call?: { endpoint: string; status: number };
  /** How a rule of the process may refuse here. */
  refusal?: { code: string; message: string };
  /** Milliseconds until it begins, over those of every step: a timer, a courier. */
  wait?: number;
}

/** What one process is about. */
export interface Subject {
  definition: ProcessDefinition;
  variables: JsonObject;
  /** The last one ends the process. */
  steps: PlannedStep[];
  /** The step of the error path. */
  errorStep: StepDefinition;
}

type Payload = (averageLength: number) => string;

const PARTNER = 'https://partner.example';
const FIRST_NAMES = [
  'Ada',
  'Grace',
  'Edsger',
  'Zoë',
  'Barbara',
  'Jürgen',
  'Alan',
  'Radia',
] as const;
const LAST_NAMES = [
  'Müller',
  'Hopper',
  'Dijkstra',
  'Nakamura',
  'Liskov',
  'Perlman',
  'Kay',
] as const;
const DOMAINS = ['example.com', 'example.org', 'mail.example.net'] as const;
const SKUS = ['book', 'lamp', 'chair', 'desk', 'shelf', 'kettle', 'clock', 'rug'] as const;
const COURIERS = ['Kim', 'Alex', 'Robin'] as const;

/** Average characters of the texts that stand for the documents which processes carry. */
const OF_START = 1_800;
const OF_INPUT = 1_250;
const OF_OUTPUT = 800;
const MINUTE_MS = 60_000;

/**
 * What a new process is about, one of the two that come with the service. Their own variables are small;
 * `payload` beside them makes an event as large as those of processes in use.
 */
export function createSubject(random: Random, payload: Payload): Subject {
  return random.chance(0.6) ? onboarding(random, payload) : order(random, payload);
}

function onboarding(random: Random, payload: Payload): Subject {
  const step = stepsOf(onboardUser);
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const number = random.between(1, 9_999_999);
  const userId = String(number);
  const email = `user-${number}@${random.pick(DOMAINS)}`;
  const displayName = `${first} ${last}`;
  const backgroundScore = random.between(60, 99);
  const accountId = `acc-${random.between(1_000_000, 9_999_999)}`;
  const user = { userId, normalizedEmail: email };
  const result = { userId, email, accountId, backgroundScore };
  return {
    definition: onboardUser,
    variables: { userId, email, fullName: displayName, payload: payload(OF_START) },
    errorStep: step('handle-error'),
    steps: [
      {
        step: step('validate-user-information'),
        input: { userId, email, fullName: displayName, payload: payload(OF_INPUT) },
        output: {
          validated: true,
          normalizedEmail: email,
          displayName,
          payload: payload(OF_OUTPUT),
        },
        refusal: {
          code: 'EMAIL_NOT_DELIVERABLE',
          message: 'No mail can be sent to example.invalid; use an address that exists.',
        },
      },
      {
        step: step('run-background-check'),
        input: { ...user, payload: payload(OF_INPUT) },
        output: { backgroundScore, payload: payload(OF_OUTPUT) },
        call: { endpoint: `${PARTNER}/background-checks`, status: 200 },
        refusal: {
          code: 'BACKGROUND_CHECK_REFUSED',
          message: 'The background check found an open bankruptcy.',
        },
      },
      {
        step: step('call-onboarding-api'),
        input: { ...user, displayName, payload: payload(OF_INPUT) },
        output: { accountId, payload: payload(OF_OUTPUT) },
        call: { endpoint: `${PARTNER}/accounts`, status: 201 },
        refusal: { code: 'ACCOUNT_EXISTS', message: `There is an account for ${email} already.` },
      },
      {
        step: step('prepare-response'),
        input: { ...user, displayName, backgroundScore, accountId, payload: payload(OF_INPUT) },
        output: { message: `Welcome, ${displayName}`, ...result, payload: payload(OF_OUTPUT) },
      },
    ],
  };
}

function order(random: Random, payload: Payload): Subject {
  const step = stepsOf(fulfilOrder);
  const orderId = String(random.between(100_000, 99_999_999));
  const amount = random.between(500, 99_999) / 100;
  const express = random.chance(0.2);
  const items = Array.from({ length: random.between(1, 8) }, () => ({
    sku: random.pick(SKUS),
    quantity: random.between(1, 5),
  }));
  const id = (prefix: string): string => `${prefix}-${random.between(1_000_000, 9_999_999)}`;
  const reservationId = id('res');
  const paymentId = id('pay');
  const bookingId = id('book');
  const confirmed = { orderId, paymentId, bookingId, courier: random.pick(COURIERS) };
  const reserve: PlannedStep = {
    step: step('reserve-stock'),
    input: { orderId, items, payload: payload(OF_INPUT) },
    output: { reservationId, payload: payload(OF_OUTPUT) },
    call: { endpoint: `${PARTNER}/reservations`, status: 200 },
  };
  const charge: PlannedStep = {
    step: step('charge-payment'),
    input: { orderId, amount, payload: payload(OF_INPUT) },
    output: { paymentId, payload: payload(OF_OUTPUT) },
    call: { endpoint: `${PARTNER}/payments`, status: 200 },
    refusal: { code: 'PAYMENT_REFUSED', message: 'The bank does not pay more than 1000.' },
  };
  const book: PlannedStep = {
    step: step('book-courier'),
    input: { orderId, reservationId, payload: payload(OF_INPUT) },
    output: { bookingId, payload: payload(OF_OUTPUT) },
    call: { endpoint: `${PARTNER}/bookings`, status: 200 },
  };
  const confirm: PlannedStep = {
    step: step('confirm-order'),
    input: { ...confirmed, payload: payload(OF_INPUT) },
    output: { ...confirmed, payload: payload(OF_OUTPUT) },
    wait: random.between(5, express ? 30 : 180) * MINUTE_MS,
  };
  // Two branches at once: which of them ends first is chance.
  const branches = random.chance(0.5) ? [charge, book] : [book, charge];
  return {
    definition: fulfilOrder,
    variables: { orderId, items, amount, express, payload: payload(OF_START) },
    errorStep: step('refuse-order'),
    steps: [reserve, ...branches, confirm],
  };
}

function stepsOf({ key, steps }: ProcessDefinition): (name: string) => StepDefinition {
  return (name) => {
    const step = steps.find((one) => one.name === name);
    if (!step) throw new Error(`the process ${key} has no step ${name} any more`);
    return step;
  };
}
