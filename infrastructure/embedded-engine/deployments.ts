import { randomUUID } from 'node:crypto';
import type { Program } from '../../domain/bpmn/index.ts';
import { rowOfDefinition, unknownDefinition } from './definitions.ts';
import type { Definition, DeployedFile, Deployment, DeploymentService } from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { engineFailure, missing, notFound } from './errors.ts';
import { type ExtensionProperties, readExtensionProperties } from './extension-properties.ts';
import { readPrograms } from './read-programs.ts';
import { startEventRows } from './start-events.ts';
import type { DeploymentRow } from './store/rows.ts';
import { BadRequest } from './typed-value.ts';
import type { Unit } from './unit-of-work.ts';

/** @param onTimers called when a start timer may be due earlier than anything else */
export function createDeployments(core: EngineCore, onTimers: () => void): DeploymentService {
  const { store, definitions, now, retryCycle } = core;
  const kept = new Map(store.definitions.deployments().map((row) => [row.id, viewOf(row)]));
  const properties = new Map<string, ExtensionProperties>();
  /** One deployment after the other: two at once would both take the next version. */
  let last: Promise<unknown> = Promise.resolve();

  function xml(definitionId: string): string {
    const found = definitions.find(definitionId);
    if (!found) throw missing(`No matching definition with id ${definitionId}`, 0);
    return store.definitions.content(found.deploymentId, found.resource) ?? '';
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  }

  /** Whether all processes of a file are deployed with this content. */
  function isDeployed(content: string, programs: readonly Program[]): boolean {
    return (
      programs.length > 0 &&
      programs.every(({ key }) => {
        const newest = definitions.latest(key);
        if (!newest) return false;
        return store.definitions.content(newest.deploymentId, newest.resource) === content;
      })
    );
  }

  async function deploy(
    files: readonly DeployedFile[],
    options: { name?: string | null; source?: string | null; changedOnly?: boolean },
  ): ReturnType<DeploymentService['deploy']> {
    const deployment: Deployment = {
      id: randomUUID(),
      name: options.name ?? null,
      source: options.source ?? null,
      deployedAt: now(),
    };
    const changed: DeployedFile[] = [];
    const made: { definition: Definition; program: Program }[] = [];
    for (const file of files) {
      const programs = isBpmn(file) ? await readPrograms(file.fileName, file.content) : [];
      if (options.changedOnly && isDeployed(file.content, programs)) continue;
      changed.push(file);
      for (const program of programs) {
        const other = made.find(({ definition }) => definition.key === program.key);
        if (other) throw twice(file.fileName, program.key, other.definition.resource);
        made.push({ program, definition: definitionOf(program, file.fileName, deployment.id) });
      }
    }
    if (changed.length === 0) return { deployment, definitions: [] };
    await core.run((unit) => {
      const starts = made.map(({ definition, program }) =>
        startEventRows(definition.id, program, { now: unit.now, retryCycle }),
      );
      refuseSameMessages(
        made.map(({ definition }) => definition),
        starts.flat(),
      );
      unit.defer(() => {
        store.definitions.insertDeployment(
          {
            id: deployment.id,
            name: deployment.name,
            source: deployment.source,
            deployed_at: deployment.deployedAt,
          },
          changed,
        );
        for (const [at, { definition }] of made.entries()) {
          store.definitions.insertDefinition(rowOfDefinition(definition));
          const before = definitions.latest(definition.key);
          if (before) store.startEvents.deleteOf(before.id);
          for (const row of starts[at] ?? []) store.startEvents.insert(row);
        }
      });
    });
    kept.set(deployment.id, deployment);
    definitions.add(
      made.map(({ definition }) => definition),
      made.map(({ program }) => program),
    );
    onTimers();
    return { deployment, definitions: made.map(({ definition }) => definition) };
  }

  function definitionOf(program: Program, resource: string, deploymentId: string): Definition {
    const version = (definitions.latest(program.key)?.version ?? 0) + 1;
    return {
      id: `${program.key}:${version}:${randomUUID()}`,
      key: program.key,
      name: program.name,
      version,
      versionTag: program.versionTag,
      deploymentId,
      resource,
      historyDays: program.historyDays ?? 0,
      startableByKey: program.initial !== null,
    };
  }

  /** A message starts one process at most. */
  function refuseSameMessages(
    made: readonly Definition[],
    rows: readonly ReturnType<typeof startEventRows>[number][],
  ): void {
    const replaced = new Set(made.map(({ key }) => definitions.latest(key)?.id));
    const taken = new Set(
      store.startEvents
        .list('message')
        .filter((row) => !replaced.has(row.definition_id))
        .map(({ name }) => name),
    );
    for (const { kind, name, definition_id: id } of rows) {
      if (kind !== 'message') continue;
      if (taken.has(name)) {
        const { resource } = made.find((one) => one.id === id) as Definition;
        throw new BadRequest(
          `ENGINE-09011 Cannot deploy process definition '${resource}': there already is a message event subscription for the message with name '${name}'.`,
          500,
          'ProcessEngineException',
        );
      }
      taken.add(name);
    }
  }

  async function remove(deploymentId: string, cascade: boolean): Promise<void> {
    if (!kept.has(deploymentId)) {
      throw notFound(`Deployment with id '${deploymentId}' do not exist`);
    }
    const removed = definitions.list({ deploymentId });
    await core.run((unit) => {
      const ids = removed.map(({ id }) => id);
      const instances = store.instances.ofDefinitions(ids);
      if (instances.some(({ state }) => state === 'ACTIVE') && !cascade) {
        throw engineFailure(
          `Deployment ${deploymentId} has running process instances; delete it with cascade=true`,
        );
      }
      const roots = new Set(instances.filter((one) => one.id === one.root_id).map(({ id }) => id));
      for (const { root_id: rootId, state } of instances) {
        // What was called by a process that stays cannot continue without its definition.
        if (state === 'ACTIVE' && !roots.has(rootId) && unit.state(rootId))
          unit.delete(rootId, 'deployment deleted');
      }
      for (const id of roots) core.states.drop(id);
      unit.defer(() => {
        if (cascade) for (const id of roots) store.instances.deleteRoot(id);
        store.definitions.deleteDeployment(deploymentId);
      });
    });
    kept.delete(deploymentId);
    definitions.removeDeployment(deploymentId);
    await core.run((unit) => restoreStartEvents(unit, removed));
    onTimers();
    await store.erase();
  }

  /** The version before a deleted newest one begins by itself again. */
  function restoreStartEvents(unit: Unit, removed: readonly Definition[]): void {
    for (const { id, key, version } of removed) {
      properties.delete(id);
      const newest = definitions.latest(key);
      if (!newest || newest.version > version) continue;
      const rows = startEventRows(newest.id, definitions.program(newest.id), {
        now: unit.now,
        retryCycle,
      });
      unit.defer(() => {
        store.startEvents.deleteOf(newest.id);
        for (const row of rows) store.startEvents.insert(row);
      });
    }
  }

  return {
    deploy: (files, options = {}) => inTurn(() => deploy(files, options)),
    delete: (deploymentId, cascade) => inTurn(() => remove(deploymentId, cascade)),
    deployments: ({ id, name } = {}) =>
      [...kept.values()].filter(
        (one) => (id ?? one.id) === one.id && (name ?? one.name) === one.name,
      ),
    definitions: (filter = {}) => definitions.list(filter),
    definition(id) {
      const found = definitions.find(id);
      if (!found) throw missing(`No matching definition with id ${id}`, 0);
      return found;
    },
    latest(key) {
      const found = definitions.latest(key);
      if (!found) throw unknownDefinition(key);
      return found;
    },
    xml,
    extensionProperties(definitionId, activityId) {
      const known = properties.get(definitionId) ?? readExtensionProperties(xml(definitionId));
      properties.set(definitionId, known);
      return known.get(activityId) ?? {};
    },
  };
}

function isBpmn({ fileName }: DeployedFile): boolean {
  return /\.bpmn(20\.xml)?$/.test(fileName);
}

function twice(fileName: string, key: string, resource: string): BadRequest {
  const message = `${fileName}: process "${key}" is in ${resource} too; a deployment has one of each key (embedded engine)`;
  return new BadRequest(message, 400, 'ParseException');
}

function viewOf(row: DeploymentRow): Deployment {
  return { id: row.id, name: row.name, source: row.source, deployedAt: row.deployed_at };
}
