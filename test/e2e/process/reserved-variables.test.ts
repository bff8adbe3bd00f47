import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RESERVED_VARIABLES } from '../../../domain/process/reserved-variables.ts';
import { countEvents, startTestService, type TestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';

describe('variables that the service sets itself', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service?.stop());

  it.each(RESERVED_VARIABLES)(
    'G17: "%s" is refused in a start, and nothing is written',
    async (name) => {
      const before = countEvents(service.folder);
      // A process whose schema passes over what it does not know.
      const answer = await service.api.start('listening', { [name]: 'victim' });
      expect(answer.status).toBe(400);
      expectProblem(answer, 'invalid-request', RegExp(`variables: must not set .*${name}`));
      expect(countEvents(service.folder)).toBe(before);
    },
  );

  it.each(RESERVED_VARIABLES)('G17: "%s" is refused in a message', async (name) => {
    const json = { messageName: 'go-on', variables: { word: 'please', [name]: 'victim' } };
    const answer = await service.api.post('/api/process/anybody/message', { json });
    expect(answer.status).toBe(400);
    expectProblem(answer, 'invalid-request', RegExp(`variables: must not set .*${name}`));
  });
});
