import { describe, expect, it } from 'vitest';
import {
  missingForPythonClient,
  runPythonClient,
  runTypeScriptClient,
} from '../../support/generated-clients.ts';
import type { TestService } from '../../support/service.ts';
import { reportSkipped } from '../../support/skipped.ts';
import { useTestService } from '../../support/use-service.ts';

/** Milliseconds: the first run loads the generator. */
const TOOL_TIMEOUT_MS = 300_000;
const missing = missingForPythonClient();
if (missing) reportSkipped('generated Python client', missing);

describe('the OpenAPI document', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  it(
    'gives types by openapi-typescript that fit what the service takes and answers, of each process its own',
    async () => {
      expect(await runTypeScriptClient(service.url, service.api.document)).toBe('ok\n');
    },
    TOOL_TIMEOUT_MS,
  );

  it.skipIf(missing)(
    'gives a Python client by openapi-generator that can be imported and makes every call',
    async () => {
      expect(await runPythonClient(service.url, service.api.document)).toBe('ok\n');
    },
    TOOL_TIMEOUT_MS,
  );
});
