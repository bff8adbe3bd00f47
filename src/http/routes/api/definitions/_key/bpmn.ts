import { hash } from 'node:crypto';
import { z } from 'zod';
import { sendDefinitionNotFound } from '../../../../answers/definition-answers.ts';
import { hasTag } from '../../../../answers/entity-tags.ts';
import { problem } from '../../../../answers/problems.ts';
import type { Route } from '../../../../parts/route.ts';
import { queryOf } from '../../../../queries/parameters.ts';
import { versionParameter } from '../../../../queries/version.ts';
import { keyParams } from '../../../../schemas/definition.ts';
import { optionalText, text } from '../../../../schemas/fields.ts';

const BPMN = '<?xml version="1.0" encoding="UTF-8"?><definitions …>…</definitions>';

const schema = {
  operationId: 'getDefinitionBpmn',
  summary: 'The BPMN file of a process, as it is deployed',
  tags: ['definitions'],
  params: keyParams,
  querystring: queryOf({ version: versionParameter }),
  headers: z.object({ 'if-none-match': optionalText }),
  response: {
    200: {
      description: 'The BPMN file',
      content: { 'application/xml': { schema: text.meta({ examples: [BPMN] }) } },
    },
    304: z.null().describe('Not changed since If-None-Match'),
    404: problem('This service has no such process or version'),
    503: problem('The process engine cannot be reached'),
  },
};

/** `GET /api/definitions/:key/bpmn`. */
export const bpmnRoute: Route<'deployed'> = async (app, { deployed }) => {
  app.get(
    '/api/definitions/:key/bpmn',
    { config: { scope: 'process:read' }, schema },
    async (request, reply) => {
      const { params, query } = request;
      const found = await deployed.readBpmn(params.key, query.version);
      if (!found) return sendDefinitionNotFound(reply, params.key, query.version);
      const tag = `"${hash('sha256', found.bpmn, 'base64url')}"`;
      reply.header('ETag', tag).header('Cache-Control', 'no-cache');
      if (hasTag(request, tag)) return reply.code(304).send(null);
      // As bytes: the server makes JSON of a text. The engine has read the file as text, and its encoding is gone.
      return reply.type('application/xml; charset=utf-8').send(Buffer.from(found.bpmn) as never);
    },
  );
};
