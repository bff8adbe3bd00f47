import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requested, started } from '../../support/events.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

/** An engine in which an execution waits for every message; it does something before it says that it took one. */
async function startTakingEngine(onMessage: () => void) {
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => {
      if (request.method === 'GET') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end('[{"id":"execution-1","processInstanceId":"instance-1"}]');
        return;
      }
      onMessage();
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/engine-rest`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

let parts: Parts;
let engine: Awaited<ReturnType<typeof startTakingEngine>>;
let holder: BetterSqlite3.Database | undefined;
let holds = false;
beforeAll(async () => {
  engine = await startTakingEngine(() => {
    if (!holds) return;
    holder = new BetterSqlite3(parts.file);
    holder.exec('BEGIN IMMEDIATE');
  });
  parts = await startParts(undefined, { engineUrl: engine.url });
  await parts.advance('waits', requested());
  await parts.advance('waits', started());
});
afterAll(async () => {
  holder?.close();
  await parts?.stop();
  await engine?.stop();
});

const send = () =>
  parts.api.post('/api/process/waits/message', {
    json: { messageName: 'go-on', variables: { word: 'x' } },
  });
const types = async () =>
  (await parts.database.eventStore.readStream('waits')).map(({ type }) => type);

it('a message that the engine takes is an event before its caller is answered 204', async () => {
  expect((await send()).status).toBe(204);
  expect(await types()).toEqual(['process-requested', 'process-started', 'message-delivered']);
});

it('a message that the engine has taken while the database refuses its event is answered 503, which says that it may have been delivered', async () => {
  const before = await types();
  holds = true;
  const answer = await send();
  expect(answer.status).toBe(503);
  expectProblem(answer, 'unavailable', /message may have been delivered without an event of it/);
  expect(answer.body.detail).not.toMatch(/nothing was written/);
  expect(answer.body).toMatchObject({ correlationId: 'waits' });
  expect(await types()).toEqual(before);
});
