import { describe, expect, it, onTestFinished } from 'vitest';
import { ADA, newFolder, personal, run } from '../../support/erasure.ts';
import { foundIn, MASTER, OTHER_MASTER } from '../../support/personal.ts';
import { startTestService } from '../../support/service.ts';

describe('the service with personal data', () => {
  it('needs the master keys that are in use, and can change them', async () => {
    const folder = newFolder();
    const first = await startTestService(personal(), folder);
    await first.api.start('personal', { how: 'ok', ...ADA }, { correlationId: 'turned' });
    await first.stop();
    for (const [key, what] of [
      ['', 'is not set'],
      [OTHER_MASTER, 'holds [0-9a-f]{16}'],
    ] as const) {
      const refused = await run(folder, ['serve'], { PERSONAL_DATA_KEY: key });
      expect(refused.code).toBe(1);
      expect(refused.err).toMatch(
        new RegExp(
          `^fastify-camunda: PERSONAL_DATA_KEY: .* needs the master key [0-9a-f]{16}, and the setting ${what}`,
          'm',
        ),
      );
      expect(refused.err + refused.out).not.toContain(key || MASTER);
    }
    const rotated = await run(folder, ['rewrap-keys'], {
      PERSONAL_DATA_KEY: `${OTHER_MASTER},${MASTER}`,
    });
    expect(rotated.code).toBe(0);
    // That of the process, and that of the hashes of identifiers.
    expect(rotated.out).toMatch(/^2 wrapped again by [0-9a-f]{16};/);
    const done = await run(folder, ['rewrap-keys'], { PERSONAL_DATA_KEY: OTHER_MASTER });
    expect(done.out).toMatch(/^every key is wrapped by/);
    const second = await startTestService(personal({ PERSONAL_DATA_KEY: OTHER_MASTER }), folder);
    onTestFinished(second.stop);
    expect(foundIn((await second.api.status('turned')).text)).toEqual([ADA.email, ADA.fullName]);
  });
});
