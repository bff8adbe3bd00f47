import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { EmbeddedEngine, UserTask, UserTaskChange } from './engine-api.ts';
import { isNull } from './errors.ts';
import { explained, orMissing } from './http-errors.ts';
import { json, noContent } from './http-json.ts';
import {
  readVariables,
  registerVariableRoutes,
  variablesOf,
  variablesSchema,
  variablesView,
} from './http-variables.ts';
import { userTaskView } from './http-views.ts';
import { BadRequest } from './typed-value.ts';

const userBody = z.strictObject({ userId: z.string().nullish() });
const completeBody = z
  .strictObject({ variables: variablesSchema, withVariablesInReturn: z.boolean().nullish() })
  .nullish();
const bpmnErrorBody = z.strictObject({
  errorCode: z.string().min(1),
  errorMessage: z.string().nullish(),
  variables: variablesSchema,
});
const escalationBody = z.strictObject({
  escalationCode: z.string().min(1),
  variables: variablesSchema,
});
const date = z
  .string()
  .nullish()
  .transform((text, context) => {
    if (text === null || text === undefined) return null;
    const found = Date.parse(text);
    if (!Number.isNaN(found)) return found;
    context.addIssue({ code: 'custom', message: `'${text}' is no date` });
    return z.NEVER;
  });
/** All of them, as Camunda takes it: what is left out is emptied. */
const updateBody = z.object({
  name: z.string().nullish(),
  description: z.string().nullish(),
  assignee: z.string().nullish(),
  owner: z.string().nullish(),
  due: date,
  followUp: date,
  priority: z.number().int().nullish(),
});
const linksQuery = z.strictObject({ type: z.string().optional() });
const linkBody = z.strictObject({
  userId: z.string().nullish(),
  groupId: z.string().nullish(),
  type: z.literal('candidate'),
});

/** /task/{id}: user tasks. */
export function registerUserTaskRoutes(api: FastifyInstance, engine: EmbeddedEngine): void {
  const { userTasks, instances } = engine;
  type ById = { Params: { id: string } };

  api.get<ById>('/task/:id', ({ params }, reply) => {
    return json(reply, userTaskView(userTasks.get(params.id)));
  });

  api.put<ById>('/task/:id', async ({ params, body }, reply) => {
    const { name, description, assignee, owner, due, followUp, priority } = updateBody.parse(body);
    const change: UserTaskChange = {
      name: name ?? null,
      description: description ?? null,
      assignee: assignee ?? null,
      owner: owner ?? null,
      due,
      followUp,
      priority: priority ?? 0,
    };
    await userTasks.update(params.id, change);
    return noContent(reply);
  });

  api.post<ById>('/task/:id/claim', async ({ params, body }, reply) => {
    const { userId } = userBody.parse(body);
    // Without a user it is given back, as in Camunda.
    await (userId ? userTasks.claim(params.id, userId) : userTasks.unclaim(params.id));
    return noContent(reply);
  });

  api.post<ById>('/task/:id/unclaim', async ({ params }, reply) => {
    await userTasks.unclaim(params.id);
    return noContent(reply);
  });

  api.post<ById>('/task/:id/assignee', async ({ params, body }, reply) => {
    await userTasks.setAssignee(params.id, userBody.parse(body).userId ?? null);
    return noContent(reply);
  });

  for (const path of ['/task/:id/complete', '/task/:id/submit-form']) {
    api.post<ById>(path, async ({ params: { id }, body }, reply) => {
      const { variables, withVariablesInReturn } = completeBody.parse(body) ?? {};
      const { processInstanceId } = withVariablesInReturn
        ? userTasks.get(id)
        : { processInstanceId: '' };
      await explained(`Cannot complete task ${id}`, async () =>
        userTasks.complete(id, readVariables(variables)),
      );
      if (!withVariablesInReturn) return noContent(reply);
      return json(reply, variablesView(variablesOf(engine, processInstanceId)));
    });
  }

  api.post<ById>('/task/:id/bpmnError', async ({ params, body }, reply) => {
    const { errorCode, errorMessage, variables } = bpmnErrorBody.parse(body);
    const error = { code: errorCode, message: errorMessage ?? null };
    await existing(params.id);
    await userTasks.bpmnError(params.id, error, readVariables(variables));
    return noContent(reply);
  });

  api.post<ById>('/task/:id/bpmnEscalation', async ({ params, body }, reply) => {
    const { escalationCode, variables } = escalationBody.parse(body);
    await existing(params.id);
    await userTasks.escalation(params.id, escalationCode, readVariables(variables));
    return noContent(reply);
  });

  /** Camunda answers 404 to an error or escalation of a task that there is not, and 500 to most else. */
  async function existing(id: string): Promise<void> {
    const missing = `Cannot find task with id ${id}: task is null`;
    await orMissing(
      () => new BadRequest(missing, 404, 'RestException'),
      () => userTasks.get(id),
    );
  }

  api.get<ById>('/task/:id/identity-links', async ({ params, query }, reply) => {
    const { type } = linksQuery.parse(query);
    const task = await orMissing(
      () => isNull(`Cannot find task with id ${params.id}: task`),
      () => userTasks.get(params.id),
    );
    const links = identityLinks(task);
    return json(
      reply,
      links.filter((link) => (type ?? link.type) === link.type),
    );
  });

  api.post<ById>('/task/:id/identity-links', async ({ params, body }, reply) => {
    await userTasks.addCandidate(params.id, ...candidateOf(body));
    return noContent(reply);
  });

  api.post<ById>('/task/:id/identity-links/delete', async ({ params, body }, reply) => {
    await userTasks.removeCandidate(params.id, ...candidateOf(body));
    return noContent(reply);
  });

  registerVariableRoutes(api, {
    path: '/task/:id/variables',
    owner: 'task',
    read: (id) => instances.variables(userTasks.get(id).id),
    change: (id, change) => instances.setVariables(userTasks.get(id).id, change),
  });
  registerVariableRoutes(api, {
    path: '/task/:id/localVariables',
    owner: 'task',
    read: (id) => instances.localVariables(userTasks.get(id).id),
    change: (id, change) =>
      instances.setVariables(userTasks.get(id).id, { ...change, local: true }),
  });
}

function identityLinks(task: UserTask) {
  const user = (type: string) => (userId: string) => ({ userId, groupId: null, type });
  return [
    ...[task.assignee].filter((one) => one !== null).map(user('assignee')),
    ...[task.owner].filter((one) => one !== null).map(user('owner')),
    ...task.candidateUsers.map(user('candidate')),
    ...task.candidateGroups.map((groupId) => ({ userId: null, groupId, type: 'candidate' })),
  ];
}

function candidateOf(body: unknown): ['user' | 'group', string] {
  const { userId, groupId } = linkBody.parse(body);
  if (userId && groupId) {
    throw new BadRequest('Identity Link requires userId or groupId, but not both.');
  }
  if (userId) return ['user', userId];
  if (groupId) return ['group', groupId];
  throw new BadRequest('Identity Link requires userId or groupId.');
}
