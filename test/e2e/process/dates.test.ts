import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { engineKinds } from '../../support/engines.ts';
import type { TestService } from '../../support/service.ts';
import { useOwnProcess } from '../../support/use-service.ts';

const DATE_PROCESSES = fileURLToPath(new URL('../../support/date-processes', import.meta.url));

describe.each(await engineKinds())('dates in a service whose engine is $name', (kind) => {
  describe.skipIf(!kind.available)('keep their value', () => {
    let service: TestService;
    const key = useOwnProcess(kind, DATE_PROCESSES, 'rent', (started) => {
      service = started;
    });

    it('from the start through a step to the next, and are texts in the journal', async () => {
      const from = '2026-12-01T09:00:00.123Z';
      const until = '2026-12-02T09:00:00.123Z';
      const started = await service.api.start(key, {
        from,
        by: from,
        sent: from,
        due: from,
        note: from,
        trip: { days: [from] },
      });
      expect(started.body).toMatchObject({ status: 'ok', result: { until } });
      expect(started.body.result.kinds).toEqual({
        until: `Date ${until}`,
        either: `Date ${until}`,
        coded: `Date ${until}`,
        late: 'null',
        soon: 'null',
        piped: JSON.stringify(until),
        made: `Date ${until}`,
        any: `Date ${until}`,
        note: JSON.stringify(from),
        plan: JSON.stringify({ day: from }),
        day: `Date ${from}`,
        from: JSON.stringify(from),
      });
      const { correlationId } = started.body;
      const { body } = await service.api.get(`/api/process/${correlationId}/events`);
      expect(body.events[0]?.data).toMatchObject({
        variables: { from, by: from, sent: from, due: from, note: from },
        dates: ['from', 'by', 'sent', 'due'],
      });
      expect(body.events[0]?.identity.identifiers).toEqual({ year: 2026 });
      const planned = body.events.find(({ type }) => type === 'step-completed');
      expect(planned?.data).toMatchObject({
        output: { until, note: from, plan: { day: from } },
        dates: ['until', 'either', 'coded', 'piped', 'made', 'any'],
      });
    });
  });
});
