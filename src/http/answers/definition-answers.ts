import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { DeployedProcess } from '../../../domain/definitions/index.ts';
import { nameOfUserTask, type ProcessDefinition, topicOf } from '../../../domain/steps/index.ts';
import { sendProblem } from './problems.ts';

/** A deployed process as the list shows it. */
export function publicDefinition({ definition, versions }: DeployedProcess) {
  const { key, title } = definition;
  return {
    key,
    title,
    name: versions[0]?.name ?? null,
    latestVersion: versions[0]?.version ?? null,
    running: versions.reduce((sum, { running }) => sum + running, 0),
    versions: versions.map(({ version, versionTag, running }) => ({
      version,
      versionTag,
      running,
    })),
    steps: stepsOf(definition),
  };
}

function stepsOf({ key, steps, userTasks = [] }: ProcessDefinition) {
  const external = steps.map((step) => ({
    name: step.name,
    number: step.number,
    kind: 'external-task' as const,
    topic: topicOf(key, step),
    ...(step.elsewhere ? { elsewhere: true as const } : {}),
  }));
  const ofPeople = userTasks.map((task) => ({
    name: nameOfUserTask(task),
    number: task.number,
    kind: 'user-task' as const,
    topic: null,
  }));
  return [...external, ...ofPeople].sort((one, other) => one.number - other.number);
}

/** What a schema takes, or gives, for callers; a part that JSON Schema cannot express takes anything. */
export function jsonSchemaOf(
  schema: z.ZodType,
  io: 'input' | 'output' = 'input',
): Record<string, unknown> {
  const { $schema: _dialect, ...made } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
  });
  return made as Record<string, unknown>;
}

/** 404: no process of this service has the key, or it has no such version. */
export function sendDefinitionNotFound(
  reply: FastifyReply,
  key: string,
  version: number | 'latest' = 'latest',
): FastifyReply {
  const what = version === 'latest' ? '' : `version ${version} of `;
  return sendProblem(
    reply,
    'not-found',
    `This service has deployed no ${what}process "${key}"; GET /api/definitions lists the processes with their versions.`,
  );
}
