import type { RetrySource } from '../program/program.ts';
import { type Draft, expressionOf } from './draft.ts';
import { extensions, kindOf, type Moddle, one } from './moddle.ts';

/**
 * `camunda:failedJobRetryTimeCycle`. Of a loop the body has that of the activity, and each instance that of the loop.
 * Camunda does not read that of a manual task (`DefaultFailedJobParseListener`).
 */
export function setRetryCycles(element: Moddle, draft: Draft, body: Draft | null): void {
  if (kindOf(element) === 'ManualTask') return;
  const own = retrySourceOf(element);
  if (!body) {
    draft.retryCycle = own;
    return;
  }
  body.retryCycle = own;
  draft.retryCycle = retrySourceOf(one(element.loopCharacteristics));
}

function retrySourceOf(element: Moddle | null): RetrySource | null {
  const [found] = element ? extensions(element, 'failedJobRetryTimeCycle') : [];
  const text = String(found?.body ?? '').trim();
  if (!element || text === '') return null;
  // Only what begins as an expression is one.
  return /^[$#]\{/.test(text) ? expressionOf(element, text) : text;
}
