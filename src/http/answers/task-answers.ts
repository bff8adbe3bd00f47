import type { FastifyReply } from 'fastify';
import { findUserTaskDefinition, type ProcessDefinition } from '../../../domain/steps/index.ts';
import type { FoundTask, OwnTask } from '../../../domain/user-tasks/index.ts';
import { jsonSchemaOf } from './definition-answers.ts';
import { sendProblem } from './problems.ts';
import { statusUrl } from './process-answers.ts';

/** A task as the list shows it. */
export function publicTask({ task, correlationId }: OwnTask) {
  return {
    id: task.id,
    name: task.name,
    description: task.description,
    activityId: task.activityId,
    processKey: task.processKey,
    correlationId,
    assignee: task.assignee,
    createdAt: task.createdAt,
    dueAt: task.dueAt,
    priority: task.priority,
    formKey: task.formKey,
    statusUrl: statusUrl(correlationId),
  };
}

/** A task with what completes it, as the process defines it. */
export function sendTask(
  reply: FastifyReply,
  found: FoundTask,
  definitions: ReadonlyMap<string, ProcessDefinition>,
): FastifyReply {
  const { candidateUsers, candidateGroups } = found.task;
  const output = findUserTaskDefinition(definitions.values(), found.task)?.userTask?.output;
  return reply.send({
    ...publicTask(found),
    candidateUsers,
    candidateGroups,
    variables: output ? jsonSchemaOf(output) : null,
  });
}

/** 404: no open task has this id. */
export function sendTaskNotFound(reply: FastifyReply, id: string): FastifyReply {
  return sendProblem(
    reply,
    'not-found',
    `There is no open task "${id}" of a process that was started here; GET /api/tasks lists the tasks.`,
  );
}

/** 409: somebody else was first. */
export function sendTaskTaken(
  reply: FastifyReply,
  detail: string,
  correlationId?: string,
): FastifyReply {
  const about = correlationId ? { correlationId, statusUrl: statusUrl(correlationId) } : {};
  return sendProblem(reply, 'task-taken', detail, about);
}
