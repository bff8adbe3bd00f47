import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFolder, type Folder, startTestService } from '../../support/service.ts';

describe('a start of the service that fails', () => {
  let folder: Folder;
  beforeAll(() => {
    folder = createFolder();
  });
  afterAll(() => folder.remove());

  /** Nothing of the failed start is left: the same folder takes a service that works and stops. */
  async function expectStartable(): Promise<void> {
    const service = await startTestService({}, folder);
    expect((await service.api.get('/health/ready')).status).toBe(200);
    await service.stop();
  }

  it('names the port that is taken, and closes all it had opened', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(startTestService({ PORT: String(port) }, folder)).rejects.toThrow(
      new RegExp(`^PORT: cannot listen on 127.0.0.1:${port}: `),
    );
    taken.close();
    await expectStartable();
  });

  it('names the Redis whose name is not known, and closes all it had opened', async () => {
    const REDIS_URL = 'redis://:secret@no-such-host.invalid';
    await expect(startTestService({ REDIS_URL }, folder)).rejects.toThrow(
      /^REDIS_URL: cannot use redis:\/\/:\*\*\*@no-such-host\.invalid: .*(ENOTFOUND|EAI_AGAIN)/,
    );
    await expectStartable();
  });

  it('names what answers in place of the engine, and closes all it had opened', async () => {
    const page = createServer((_request, response) => response.end('<html>Welcome</html>'));
    await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve));
    const { port } = page.address() as AddressInfo;
    const CAMUNDA_BASE_URL = `http://127.0.0.1:${port}/engine-rest`;
    await expect(startTestService({ CAMUNDA_BASE_URL }, folder)).rejects.toThrow(
      /^CAMUNDA_BASE_URL: there is no engine’s REST API at /,
    );
    page.close();
    await expectStartable();
  });
});
