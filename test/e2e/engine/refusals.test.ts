import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { engineKinds } from '../../support/engines.ts';
import { type TestService, TRIAGE_PROCESSES, untilRelayed } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { useOwnProcess } from '../../support/use-service.ts';

/** The longest String of the engines is 4,000 UTF-16 units long; the character at the edge has two. */
const TEXTS = {
  'of 4,000 characters': 'x'.repeat(4_000),
  'of 4,001 characters': 'x'.repeat(4_001),
  'with a supplementary character across the limit': `${'x'.repeat(3_999)}😀${'y'.repeat(10)}`,
  'of 20,000 supplementary characters': '😀'.repeat(20_000),
  'of quotes and line breaks': '"\n\\'.repeat(2_000),
};

describe.each(await engineKinds())('a service whose engine is $name', (kind) => {
  describe.skipIf(!kind.available)('and refuses what it can never do', () => {
    let service: TestService;
    const key = useOwnProcess(kind, TRIAGE_PROCESSES, 'triage', (started) => {
      service = started;
    });
    const newId = () => `${key}-${randomUUID()}`;
    const start = (variables: object, correlationId = newId()) =>
      service.api.start(key, variables, { correlationId });

    it('ends a start whose first gateway misses a variable with the reason, and delays no other', async () => {
      const correlationId = newId();
      const [refused, other] = await Promise.all([
        start({}, correlationId),
        start({ amount: 200, size: 1 }),
      ]);
      expect(refused.status).toBe(502);
      expectProblem(refused, 'process-failed', /refused the start.*amount/s);
      expect(refused.body).toMatchObject({ code: 'ENGINE_REFUSED', step: null });
      expect(other.status).toBe(200);
      await untilRelayed(service.folder);

      const again = await service.api.post(`/api/process/${correlationId}/retry`);
      expectProblem(again, 'process-failed', /refused the start.*amount/s);
      await untilRelayed(service.folder);
    });

    it('ends a process whose step leads to a gateway that misses a variable with the reason', async () => {
      const refused = await start({ amount: 200 });
      expectProblem(refused, 'process-failed', /cannot continue after look.*size/s);
      expect(refused.body).toMatchObject({ code: 'ENGINE_REFUSED', step: 'look' });
    });

    it('refuses a message that leads to a gateway that misses a variable, and takes the corrected one', async () => {
      const correlationId = newId();
      const ended = start({ amount: 1, size: 1 }, correlationId);
      const send = (variables: object) =>
        service.api.post(`/api/process/${correlationId}/message`, {
          json: { messageName: 'decide', variables },
        });
      const refused = await until(async () => {
        const answer = await send({});
        return answer.status !== 404 && answer.status !== 409 && answer;
      }, 'the process waits for the message');
      expectProblem(refused, 'engine-refused', /nothing happened.*decision/s);
      expect(refused.status).toBe(502);
      const decision = TEXTS['of 4,001 characters'];
      expect((await send({ decision: 'yes', note: decision })).status).toBe(204);
      expect((await ended).body.result).toMatchObject({
        decision: 'yes',
        note: decision,
        seen: decision,
      });
    });

    it.each(Object.entries(TEXTS))(
      'carries a text %s from the start through a step to the result',
      async (_what, note) => {
        const { body } = await start({ amount: 200, size: 1, note });
        expect(body.result).toEqual({ note, seen: note });
      },
    );

    it.each(Object.entries(TEXTS))(
      'carries a text %s with a refusal to the step that explains it',
      async (_what, note) => {
        const refused = await start({ amount: 200, how: 'refuse', note });
        expectProblem(refused, 'process-refused', /./s);
        expect(refused.body).toMatchObject({ code: 'REFUSED', detail: note });
      },
    );

    it('refuses a variable whose name the engine cannot store when it is sent', async () => {
      const name = 'n'.repeat(256);
      const started = await start({ amount: 200, [name]: 1 });
      expectProblem(
        started,
        'invalid-request',
        /name of a variable must have at most 255 characters/,
      );
      const correlationId = newId();
      const json = { messageName: 'decide', variables: { [name]: 1 } };
      const sent = await service.api.post(`/api/process/${correlationId}/message`, { json });
      expectProblem(sent, 'invalid-request', /name of a variable must have at most 255 characters/);
    });
  });
});
