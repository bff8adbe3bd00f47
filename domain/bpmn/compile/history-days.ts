import { type Moddle, refuse, text } from './moddle.ts';

/**
 * The days that ended instances are kept: `180` or `P180D`.
 *
 * @see https://docs.camunda.org/manual/7.24/user-guide/process-engine/history/history-cleanup/ Camunda refuses a process
 * without it since 7.20.
 * @throws ModelError
 */
export function readHistoryDays(process: Moddle): number {
  const given = text(process, 'historyTimeToLive');
  const days = /^(?:(\d{1,9})|P(\d{1,9})D)$/.exec(given ?? '');
  if (!days) {
    throw refuse(
      process,
      given
        ? `has the History Time To Live (TTL) "${given}"; write days, e.g. camunda:historyTimeToLive="P180D"`
        : 'has no History Time To Live (TTL), which must be set, e.g. camunda:historyTimeToLive="P180D"',
    );
  }
  return Number(days[1] ?? days[2]);
}
