import { executionVariables, type Node, visibleVariables } from '../../domain/bpmn/index.ts';
import { activityTree } from './activity-tree.ts';
import { unknownDefinition } from './definitions.ts';
import type {
  Execution,
  ExecutionFilter,
  InstanceService,
  JobService,
  StartRequest,
} from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { missing, noInstance, notFound } from './errors.ts';
import { viewInstance } from './instance-view.ts';
import { countOpenActivities } from './open-activities.ts';
import type { StateView } from './state-view.ts';
import { viewState } from './state-view.ts';
import type { InstanceRow } from './store/rows.ts';

/** Subscriptions that are looked at for a list of executions. */
const MAX_WAITS = 100_000;

export function createInstances(
  core: EngineCore,
  jobs: Pick<JobService, 'incidents'>,
): InstanceService {
  const { store, states, definitions } = core;

  async function start(definitionId: string, request: StartRequest): Promise<string> {
    const { businessKey = null, variables = {} } = request;
    return core.run((unit) => unit.start(definitionId, { businessKey, variables }));
  }

  function running(id: string): InstanceRow {
    const row = store.instances.byId(id);
    if (row?.state !== 'ACTIVE') throw noInstance(id);
    return row;
  }

  function executionOf(node: Node, view: StateView): Execution {
    const { id: processInstanceId, definition: definitionId } = view.instance(node);
    return {
      id: view.executionId(node),
      processInstanceId,
      definitionId,
      activityId: node.instance ? null : view.element(node).id,
    };
  }

  function executionsOf(row: InstanceRow, filter: ExecutionFilter): Execution[] {
    const state = states.get(row.root_id)?.state;
    if (!state) return [];
    const view = viewState(row.root_id, state, definitions);
    const awaited = (kind: 'message' | 'signal', name: string | undefined, node: Node): boolean =>
      name === undefined ||
      state.waits.some((one) => one.node === node.id && one.kind === kind && one.name === name);
    return state.nodes
      .filter((node) => node.in === row.node && !node.kept)
      .filter((node) => awaited('message', filter.messageName, node))
      .filter((node) => awaited('signal', filter.signalName, node))
      .map((node) => executionOf(node, view))
      .filter(({ activityId }) => (filter.activityId ?? activityId) === activityId);
  }

  return {
    async startByKey(key, request) {
      const definition = definitions.latest(key);
      if (!definition) throw unknownDefinition(key);
      return start(definition.id, request);
    },
    async startById(definitionId, request) {
      if (!definitions.find(definitionId)) {
        throw notFound(`Process definition with id ${definitionId} does not exist`);
      }
      return start(definitionId, request);
    },
    list: (filter, page) => store.instances.list(filter, page).map(viewInstance),
    count: (filter) => store.instances.count(filter),
    // What could not be brought over runs without a state, which would be counted.
    countRunning: () =>
      new Map(
        (store.old ? store.instances.countRunning() : store.openCounts.running()).map(
          ({ definition, open }) => [definition, open],
        ),
      ),
    countOpenActivities: (definitionId) => countOpenActivities(core, definitionId),
    get: (id) => viewInstance(running(id)),
    rootOf(id) {
      const own = store.instances.byId(id);
      if (own?.state !== 'ACTIVE') return undefined;
      const root = own.root_id === id ? own : store.instances.byId(own.root_id);
      return root?.state === 'ACTIVE' ? viewInstance(root) : undefined;
    },
    executions(filter, page) {
      const { processInstanceId, processKey, businessKey, messageName, signalName } = filter;
      const [kind, name] =
        messageName === undefined
          ? (['signal', signalName] as const)
          : (['message', messageName] as const);
      // Those that wait for something are found without reading the others.
      const ids =
        processInstanceId === undefined && name !== undefined
          ? store.waits.named(kind, name, {}, MAX_WAITS).map((wait) => wait.instance_id)
          : undefined;
      const rows = store.instances.list({
        states: ['ACTIVE'],
        ...(processInstanceId === undefined ? {} : { ids: [processInstanceId] }),
        ...(ids === undefined ? {} : { ids }),
        ...(processKey === undefined ? {} : { processKeys: [processKey] }),
        ...(businessKey === undefined ? {} : { businessKeys: [businessKey] }),
      });
      const found = rows.flatMap((row) => executionsOf(row, filter));
      const from = page?.firstResult ?? 0;
      return found.slice(from, from + (page?.maxResults ?? found.length));
    },
    execution(id) {
      const { node, view } = core.look(id);
      return executionOf(node, view);
    },
    activityTree(instanceId) {
      running(instanceId);
      const { node, state, view } = core.look(instanceId);
      const incidents = new Map<string, string[]>();
      for (const { id, executionId } of jobs.incidents({ processInstanceIds: [instanceId] })) {
        if (executionId === null) continue;
        incidents.set(executionId, [...(incidents.get(executionId) ?? []), id]);
      }
      return activityTree(node, { state, view, incidents });
    },
    variables(executionId) {
      const { state, node } = core.look(executionId);
      return visibleVariables(state, node.id);
    },
    localVariables(executionId) {
      const { node, view } = core.look(executionId);
      return executionVariables(view.program(node), node);
    },
    setVariables: (executionId, { set, remove, local = false }) =>
      core.run((unit) => {
        const { ref } = core.look(executionId);
        unit.step(ref.rootId, {
          kind: 'set-variables',
          node: ref.node,
          ...(set ? { variables: set } : {}),
          ...(remove ? { removed: remove } : {}),
          local,
        });
      }),
    delete: (id, reason) =>
      core.run((unit) => {
        const row = store.instances.byId(id);
        if (row?.state !== 'ACTIVE')
          throw missing(`No process instance found for id '${id}': processInstance is null`, 0);
        unit.delete(row.root_id, reason);
      }),
  };
}
