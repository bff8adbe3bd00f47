// Handles every event at least once and in order: node consume-events.mjs http://127.0.0.1:3000 ./cursor
import { readFile, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const [service, file] = process.argv.slice(2);
const headers = { prefer: 'wait=20', authorization: `Bearer ${process.env.KEY ?? ''}` };
const handle = async (event) => console.log(JSON.stringify(event));

let cursor = await readFile(file, 'utf8').catch(() => '');
for (;;) {
  const query = new URLSearchParams({ archive: 'include', ...(cursor && { cursor }) });
  const page = await nextPage(`${service}/api/events?${query}`);
  for (const event of page.events) await handle(event);
  // Not before all are handled: who is killed in between gets them again.
  await writeFile(`${file}.new`, page.nextCursor, { flush: true });
  await rename(`${file}.new`, file);
  cursor = page.nextCursor;
}

async function nextPage(url) {
  for (; ; await sleep(1_000)) {
    const found = await fetch(url, { headers, signal: AbortSignal.timeout(60_000) })
      .then(async (answer) => ({ status: answer.status, body: await answer.json() }))
      .catch((error) => ({ status: 503, body: { detail: String(error.cause ?? error) } }));
    if (found.status === 200) return found.body;
    console.error(found.body.detail);
    // What is wrong with the request or the key does not pass by itself.
    if ([400, 401, 403].includes(found.status)) process.exit(1);
  }
}
