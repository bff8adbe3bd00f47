import type { CalledBy, Program } from '../../domain/bpmn/index.ts';
import type { Definition, DefinitionFilter } from './engine-api.ts';
import { readStoredPrograms } from './read-programs.ts';
import type { DefinitionRow } from './store/rows.ts';
import type { EngineStore } from './store/store.ts';
import { BadRequest } from './typed-value.ts';

/** The process definitions, all versions: running instances stay with theirs. Their programs are read when needed. */
export interface Definitions {
  add(definitions: readonly Definition[], programs: readonly Program[]): void;
  removeDeployment(deploymentId: string): void;
  list(filter: DefinitionFilter): Definition[];
  find(id: string): Definition | undefined;
  latest(key: string): Definition | undefined;
  /** How a call activity finds what it calls. */
  called(key: string, by: CalledBy): string | null;
  program(definitionId: string): Program;
}

export function createDefinitions(store: EngineStore): Definitions {
  const byId = new Map<string, Definition>();
  /** By version, ascending. */
  const byKey = new Map<string, Definition[]>();
  const programs = new Map<string, Program>();
  for (const row of store.definitions.definitions()) keep(definitionOf(row));

  function keep(definition: Definition): void {
    byId.set(definition.id, definition);
    const versions = byKey.get(definition.key);
    if (versions) versions.push(definition);
    else byKey.set(definition.key, [definition]);
  }

  function program(definitionId: string): Program {
    const known = programs.get(definitionId);
    if (known) return known;
    const definition = byId.get(definitionId);
    if (!definition) throw new Error(`process definition ${definitionId} is not deployed`);
    const { deploymentId, resource } = definition;
    const content = store.definitions.content(deploymentId, resource) ?? '';
    for (const one of readStoredPrograms(resource, content)) {
      const other = byKey.get(one.key)?.find((version) => version.deploymentId === deploymentId);
      if (other?.resource === resource) programs.set(other.id, one);
    }
    const found = programs.get(definitionId);
    if (!found) throw new Error(`${resource} has no process ${definition.key}`);
    return found;
  }

  return {
    add(definitions, compiled) {
      for (const [at, definition] of definitions.entries()) {
        keep(definition);
        programs.set(definition.id, compiled[at] as Program);
      }
    },
    removeDeployment(deploymentId) {
      for (const definition of [...byId.values()]) {
        if (definition.deploymentId !== deploymentId) continue;
        byId.delete(definition.id);
        programs.delete(definition.id);
        const left = byKey.get(definition.key)?.filter((one) => one !== definition) ?? [];
        if (left.length > 0) byKey.set(definition.key, left);
        else byKey.delete(definition.key);
      }
    },
    list(filter) {
      const keys = filter.key === undefined ? [...byKey.keys()].sort() : [filter.key];
      return keys.flatMap((key) => (byKey.get(key) ?? []).filter((one) => matches(one, filter)));
    },
    find: (id) => byId.get(id),
    latest: (key) => byKey.get(key)?.at(-1),
    called(key, by) {
      const versions = byKey.get(key) ?? [];
      switch (by.kind) {
        case 'latest':
          return versions.at(-1)?.id ?? null;
        case 'version':
          return versions.find(({ version }) => version === by.version)?.id ?? null;
        case 'version-tag':
          return versions.findLast(({ versionTag }) => versionTag === by.tag)?.id ?? null;
        case 'deployment': {
          const deploymentId = byId.get(by.of)?.deploymentId;
          return versions.find((one) => one.deploymentId === deploymentId)?.id ?? null;
        }
        default:
          return by satisfies never;
      }
    },
    program,
  };

  function matches(definition: Definition, filter: DefinitionFilter): boolean {
    return (
      (filter.id ?? definition.id) === definition.id &&
      (filter.ids?.includes(definition.id) ?? true) &&
      (filter.keys?.includes(definition.key) ?? true) &&
      (filter.deploymentId ?? definition.deploymentId) === definition.deploymentId &&
      (filter.version ?? definition.version) === definition.version &&
      (filter.versionTag === undefined || filter.versionTag === definition.versionTag) &&
      (!filter.latestVersion || byKey.get(definition.key)?.at(-1) === definition)
    );
  }
}

function definitionOf(row: DefinitionRow): Definition {
  return {
    id: row.id,
    key: row.key,
    name: row.name,
    version: row.version,
    versionTag: row.version_tag,
    deploymentId: row.deployment_id,
    resource: row.resource,
    historyDays: row.history_days,
    startableByKey: row.startable === 1,
  };
}

export function rowOfDefinition(definition: Definition): DefinitionRow {
  return {
    id: definition.id,
    key: definition.key,
    version: definition.version,
    deployment_id: definition.deploymentId,
    resource: definition.resource,
    name: definition.name,
    version_tag: definition.versionTag,
    history_days: definition.historyDays,
    startable: definition.startableByKey ? 1 : 0,
  };
}

export function unknownDefinition(processKey: string): BadRequest {
  const message = `No matching process definition with key: ${processKey} and no tenant-id`;
  return new BadRequest(message, 404, 'RestException', { restCode: null });
}
