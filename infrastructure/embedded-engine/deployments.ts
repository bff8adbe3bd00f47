import { randomUUID } from 'node:crypto';
import type { DefinitionRow, EngineStore } from './engine-store.ts';
import { type ProcessModel, readProcessModel } from './process-model.ts';
import { BadRequest } from './typed-value.ts';

export interface DeployedDefinition extends DefinitionRow {
  model: ProcessModel;
}

export interface Deployments {
  /**
   * Deploys BPMN files, all or none.
   *
   * @param changedOnly leaves out files whose newest version has the same content
   * @returns the new definitions, and the deployment's id when there are any
   * @throws BadRequest when a file cannot be run
   */
  deploy(
    files: readonly { fileName: string; content: string }[],
    changedOnly: boolean,
  ): Promise<{ id: string; definitions: DeployedDefinition[] }>;
  latest(processKey: string): DeployedDefinition | undefined;
  /** The version an instance runs on. */
  byId(id: string): DeployedDefinition | undefined;
  all(): DeployedDefinition[];
}

/** The deployed process definitions, all versions: running instances stay with theirs. */
export async function createDeployments(
  store: EngineStore,
  now: () => number,
): Promise<Deployments> {
  const byId = new Map<string, DeployedDefinition>();
  const latest = new Map<string, DeployedDefinition>();
  /** One deployment after the other: two at once would both take the next version. */
  let last: Promise<unknown> = Promise.resolve();
  for (const row of store.definitions()) {
    keep({ ...row, model: await readProcessModel(row.file_name, row.bpmn) });
  }

  function keep(definition: DeployedDefinition): void {
    byId.set(definition.id, definition);
    latest.set(definition.key, definition);
  }

  async function deploy(
    files: readonly { fileName: string; content: string }[],
    changedOnly: boolean,
  ): Promise<{ id: string; definitions: DeployedDefinition[] }> {
    const id = randomUUID();
    const definitions: DeployedDefinition[] = [];
    for (const { fileName, content } of files) {
      const model = await readProcessModel(fileName, content);
      const known = latest.get(model.key);
      if (changedOnly && known?.bpmn === content) continue;
      const version = (known?.version ?? 0) + 1;
      definitions.push({
        id: `${model.key}:${version}:${randomUUID()}`,
        key: model.key,
        version,
        deployment_id: id,
        file_name: fileName,
        bpmn: content,
        deployed_at: now(),
        model,
      });
    }
    for (const definition of definitions) {
      const { model: _model, ...row } = definition;
      await store.saveDefinition(row);
      keep(definition);
    }
    return { id, definitions };
  }

  return {
    deploy(files, changedOnly) {
      const done = last.then(() => deploy(files, changedOnly));
      last = done.catch(() => {});
      return done;
    },
    latest: (processKey) => latest.get(processKey),
    byId: (id) => byId.get(id),
    all: () => [...byId.values()],
  };
}

export function unknownDefinition(processKey: string): BadRequest {
  return new BadRequest(
    `No matching process definition with key: ${processKey} and no tenant-id`,
    404,
    'RestException',
  );
}
