import type { Values } from '../../domain/bpmn/index.ts';
import type {
  HistoricActivity,
  HistoricVariable,
  HistoryService,
  ProcessInstance,
} from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { badRequest, missing } from './errors.ts';
import { viewInstance } from './instance-view.ts';
import { nodeId } from './public-ids.ts';
import { viewState } from './state-view.ts';
import type { InstanceRow } from './store/rows.ts';

export function createHistory(core: EngineCore): HistoryService {
  const { store, states, definitions } = core;

  function rowOf(id: string): InstanceRow {
    const row = store.instances.byId(id);
    if (!row) throw missing(`Historic process instance with id ${id} does not exist`);
    return row;
  }

  function ended(row: InstanceRow): HistoricActivity[] {
    const activities = store.instances.activities(row.id);
    if (activities.length === 0) return [];
    // Its deployment may have been deleted, and the history kept.
    const isDeployed = definitions.find(row.definition_id) !== undefined;
    const program = isDeployed ? definitions.program(row.definition_id) : undefined;
    return activities.map((one) => {
      const element = program?.byId.get(one.activity_id);
      return {
        ...ofInstance(row),
        id: nodeId(one.root_id, one.node),
        parentActivityInstanceId: around(row, one.parent),
        executionId: nodeId(one.root_id, one.node),
        activityId: one.activity_id,
        activityName: (element === undefined ? null : program?.elements[element]?.name) ?? null,
        activityType: one.type,
        calledProcessInstanceId: one.called_id,
        startedAt: one.since,
        endedAt: one.ended_at,
        cancelled: one.cancelled === 1,
      };
    });
  }

  function open(row: InstanceRow): HistoricActivity[] {
    const state = states.get(row.root_id)?.state;
    if (!state) return [];
    const view = viewState(row.root_id, state, definitions);
    return state.nodes
      .filter((node) => node.in === row.node && node.id !== row.node)
      .filter(
        (node) =>
          !node.pending && !node.kept && !node.revived && !node.ended && node.since !== undefined,
      )
      .map((node) => {
        const { id: activityId, name, type } = view.element(node);
        const called = state.nodes.find((one) => one.up === node.id && one.instance);
        return {
          ...ofInstance(row),
          id: view.executionId(node),
          parentActivityInstanceId: around(row, node.up),
          executionId: view.executionId(node),
          activityId,
          activityName: name,
          activityType: type,
          calledProcessInstanceId: called?.instance?.id ?? null,
          startedAt: node.since ?? row.started_at,
          endedAt: null,
          cancelled: false,
        };
      });
  }

  function variablesOf(row: InstanceRow, scope: string, values: Values): HistoricVariable[] {
    return Object.entries(values).map(([name, value]) => ({
      ...ofInstance(row),
      name,
      value,
      activityInstanceId: scope,
    }));
  }

  return {
    instance: (id): ProcessInstance => viewInstance(rowOf(id)),
    activities(processInstanceId) {
      const row = store.instances.byId(processInstanceId);
      return row ? [...ended(row), ...open(row)] : [];
    },
    variables(processInstanceId) {
      const row = store.instances.byId(processInstanceId);
      if (!row) return [];
      if (row.state !== 'ACTIVE') {
        return variablesOf(row, row.id, JSON.parse(row.variables ?? '{}') as Values);
      }
      const state = states.get(row.root_id)?.state;
      if (!state) return [];
      const view = viewState(row.root_id, state, definitions);
      return state.nodes
        .filter((node) => node.in === row.node)
        .flatMap((node) => variablesOf(row, view.executionId(node), node.vars ?? {}));
    },
    async delete(instanceId) {
      await core.run((unit) => {
        const row = rowOf(instanceId);
        if (row.state === 'ACTIVE') {
          throw badRequest(
            `Process instance is still running, cannot delete historic process instance: ${instanceId}`,
          );
        }
        const isRoot = row.id === row.root_id;
        unit.defer(() => {
          if (isRoot) store.instances.deleteRoot(row.id);
          else store.instances.deleteCalled(row.id);
        });
      });
      await store.erase();
    },
  };
}

/** The activity instance around an activity. */
function around(row: InstanceRow, parent: number | null): string {
  return parent === null || parent === row.node ? row.id : nodeId(row.root_id, parent);
}

function ofInstance(row: InstanceRow) {
  return {
    processInstanceId: row.id,
    definitionId: row.definition_id,
    processKey: row.process_key,
  };
}
