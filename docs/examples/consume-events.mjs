// Handles every event at least once and in order: node consume-events.mjs http://127.0.0.1:3000 ./cursor
import { open, readFile, rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const [service, file] = process.argv.slice(2);
const key = process.env.KEY;
const headers = { prefer: 'wait=20', ...(key ? { authorization: `Bearer ${key}` } : {}) };
let cursor = await readFile(file, 'utf8').catch(() => '');

for (;;) {
  const page = await nextPage();
  for (const event of page.events) await handle(event);
  if (page.nextCursor !== cursor) await save(page.nextCursor);
}

async function handle(event) {
  console.log(JSON.stringify(event));
}

async function nextPage() {
  const query = new URLSearchParams({ archive: 'include', ...(cursor ? { cursor } : {}) });
  for (let pause = 100; ; pause = Math.min(pause * 2, 5_000)) {
    const signal = AbortSignal.timeout(60_000);
    const found = await fetch(`${service}/api/events?${query}`, { headers, signal })
      .then(async (answer) => ({ status: answer.status, body: await answer.json() }))
      .catch((error) => ({ status: 0, body: { detail: String(error) } }));
    if (found.status === 200) return found.body;
    console.error(found.body.detail);
    // What is wrong with the request or the key does not pass by itself.
    if ([400, 401, 403].includes(found.status)) process.exit(1);
    await sleep(pause);
  }
}

/** After the events are handled: who is killed in between gets them again. */
async function save(next) {
  const written = await open(`${file}.new`, 'w');
  await written.writeFile(next);
  await written.sync();
  await written.close();
  await rename(`${file}.new`, file);
  cursor = next;
}
