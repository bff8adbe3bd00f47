// Receives callbacks of fastify-camunda and verifies their signatures (docs/callbacks.md).
//
//   npm install standardwebhooks
//   CALLBACK_SECRET=whsec_… PORT=8080 node receive-callbacks.mjs
import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';

const webhook = new Webhook(process.env.CALLBACK_SECRET);
/** In your database, with what the callback changes, in one transaction: a callback may come twice. */
const seen = new Set();

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let payload;
  try {
    // The bytes as they came: parsed and printed again they would have another signature.
    payload = webhook.verify(Buffer.concat(chunks).toString(), request.headers);
  } catch (error) {
    response.writeHead(401).end();
    console.error(`refused: ${error.message}`);
    return;
  }
  const id = request.headers['webhook-id'];
  if (!seen.has(id)) {
    seen.add(id);
    console.log(JSON.stringify(payload));
  }
  response.writeHead(204).end();
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => {
  console.log(`listening on ${server.address().port}`);
});
