// What the types of the test processes refuse; compiled only. Each line after "@ts-expect-error" is an error.
import type { components } from './api.ts';

type Start = components['schemas']['KnownStart'];
type Types = components['schemas']['ProcessTypes'];

export const right: Start = {
  processKey: 'instant',
  variables: { userId: '42', email: 'ada@example.com' },
};
export const result: Types['instant']['result'] = { userId: '42', email: 'ada@example.com' };
export const email: string = result.email;

// @ts-expect-error a variable of another type
export const wrongType: Start = { processKey: 'counted', variables: { number: 'one' } };
// @ts-expect-error a variable is missing
export const missing: Start = { processKey: 'instant', variables: { userId: '42' } };
// @ts-expect-error there is no such variable
export const unknown: Start = { processKey: 'counted', variables: { number: 1, nummer: 1 } };
// @ts-expect-error no process has this key
export const noProcess: Start = { processKey: 'nothing', variables: {} };
// @ts-expect-error the result has no such field
export const noField = result.address;
