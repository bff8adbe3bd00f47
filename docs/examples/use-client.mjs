// Starts processes and follows one: node use-client.mjs http://127.0.0.1:3000
import { createClient, ProcessError } from 'fastify-camunda/client';

const [service] = process.argv.slice(2);
const client = createClient({ baseUrl: service, token: process.env.KEY });

// The result, however long it takes, and whatever connections and service instances are lost meanwhile.
const user = { userId: '42', email: 'ada@example.com' };
console.log('result', await client.startAndWait('onboard-user', user));

// A refusal by a rule of the process is an error with its code.
try {
  await client.startAndWait('onboard-user', { ...user, email: 'refused@example.com' });
} catch (error) {
  if (!(error instanceof ProcessError)) throw error;
  console.log('refused', error.code, error.message);
}

// In a second from now; its events as they happen.
const startAt = new Date(Date.now() + 1_000);
const { correlationId } = await client.start('onboard-user', user, { startAt });
for await (const event of client.events(correlationId)) console.log(event.type);
console.log((await client.status(correlationId)).status);
