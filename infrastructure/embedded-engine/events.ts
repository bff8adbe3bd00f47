import { ExpressionError, type Node, type Value, type Values } from '../../domain/bpmn/index.ts';
import { createCorrelation } from './correlation.ts';
import type {
  EventService,
  EventSubscription,
  EventSubscriptionFilter,
  Page,
  ProcessInstance,
} from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { badRequest, engineFailure, notFound } from './errors.ts';
import { viewInstance } from './instance-view.ts';
import { executionOf } from './job-view.ts';
import { subscriptionId } from './public-ids.ts';
import type { SignalDelivery } from './signal-delivery.ts';
import type { InstanceRow, StartEventRow, WaitRow } from './store/rows.ts';

/** Messages, signals and conditions from outside. */
export function createEvents(core: EngineCore, delivery: SignalDelivery): EventService {
  const { store, definitions } = core;

  /** What this execution waits for. */
  function waitsAt(executionId: string, kind: 'message' | 'signal', name: string): number[] {
    const { state, node } = core.look(executionId);
    return state.waits
      .filter((wait) => wait.node === node.id && wait.kind === kind && wait.name === name)
      .map(({ id }) => id);
  }

  function holds(row: StartEventRow, variables: Values, now: number): boolean {
    const program = definitions.program(row.definition_id);
    const start = program.starts.find(({ element }) => element === row.element);
    if (start?.definition.kind !== 'conditional') return false;
    const { condition, variableName } = start.definition;
    if (variableName !== null && !Object.hasOwn(variables, variableName)) return false;
    const variable = (name: string): Value | undefined =>
      Object.hasOwn(variables, name) ? variables[name] : undefined;
    try {
      const result = condition.evaluate({ variable, execution: {}, now });
      return 'value' in result && result.value === true;
    } catch (error) {
      // It names a variable that is not given.
      if (error instanceof ExpressionError) return false;
      throw error;
    }
  }

  function conditions(definitionId: string | null | undefined): StartEventRow[] {
    if (!definitionId) {
      const rows = store.startEvents.list('conditional');
      if (rows.length > 0) return rows;
      throw badRequest(
        'ENGINE-13040 No subscriptions were found during evaluation of the conditional start events.',
      );
    }
    const program = definitions.program(definitionId);
    const rows = program.starts
      .filter(({ definition }) => definition.kind === 'conditional')
      .map(({ element }) => startRow(definitionId, element));
    if (rows.length > 0) return rows;
    throw badRequest(
      `ENGINE-13041 Process definition with id '${definitionId}' does not declare conditional start event.`,
    );
  }

  function subscriptions(filter: EventSubscriptionFilter, page?: Page): EventSubscription[] {
    const { executionId, includeStartEvents, ...rest } = filter;
    const ref = executionId === undefined ? undefined : core.refOf(executionId);
    if (executionId !== undefined && !ref) return [];
    const awaited = store.waits.subscriptions(rest, ref).map(viewWait);
    const ofInstance = executionId ?? filter.processInstanceId;
    const starts =
      includeStartEvents && ofInstance === undefined
        ? store.startEvents
            .list()
            .filter(({ kind }) => kind !== 'timer' && kind !== 'job')
            .map(viewStart)
            .filter(
              (one) =>
                (filter.id ?? one.id) === one.id &&
                (filter.eventType ?? one.eventType) === one.eventType &&
                (filter.eventName ?? one.eventName) === one.eventName &&
                (filter.activityId ?? one.activityId) === one.activityId,
            )
        : [];
    const found = [...starts, ...awaited];
    const from = page?.firstResult ?? 0;
    return found.slice(from, from + (page?.maxResults ?? found.length));
  }

  return {
    ...createCorrelation(core),
    messageEventReceived: (executionId, messageName, variables) =>
      core.run((unit) => {
        const ref = core.refOf(executionId);
        const waits =
          ref && unit.state(ref.rootId) ? waitsAt(executionId, 'message', messageName) : [];
        const [id] = waits;
        if (!ref || id === undefined) {
          throw engineFailure(
            `Execution with id '${executionId}' does not have a subscription to a message event with name '${messageName}': eventSubscriptions is empty`,
          );
        }
        if (waits.length > 1) {
          throw engineFailure(
            `More than one matching message subscription found for execution ${executionId}`,
          );
        }
        unit.step(ref.rootId, { kind: 'wait', id, variables });
      }),
    async signal(name, executionId, variables) {
      await core.run((unit) => {
        if (executionId === null) return unit.signal(name, variables);
        const ref = core.refOf(executionId);
        if (!ref || !unit.state(ref.rootId)) {
          throw engineFailure(`Cannot find execution with id '${executionId}': execution is null`);
        }
        const waits = waitsAt(executionId, 'signal', name);
        if (waits.length === 0) {
          throw notFound(
            `Execution '${executionId}' has not subscribed to a signal event with name '${name}'.`,
          );
        }
        for (const id of waits) {
          const isOpen = unit.state(ref.rootId)?.waits.some((wait) => wait.id === id);
          if (isOpen) unit.step(ref.rootId, { kind: 'wait', id, variables });
        }
      });
      await delivery.allDelivered();
    },
    trigger: (executionId, variables) =>
      core.run((unit) => {
        const ref = core.refOf(executionId);
        const node = ref && unit.state(ref.rootId)?.nodes.find((one: Node) => one.id === ref.node);
        if (!ref || !node)
          throw badRequest(`execution ${executionId} doesn't exist: execution is null`);
        unit.step(ref.rootId, { kind: 'trigger', node: ref.node, variables });
      }),
    async evaluateConditions({ businessKey = null, processDefinitionId, variables }) {
      const ids = await core.run((unit) =>
        conditions(processDefinitionId)
          .filter((row) => holds(row, variables, unit.now))
          .map(({ definition_id: definitionId, element: startEvent }) =>
            unit.start(definitionId, { businessKey, variables, startEvent }),
          ),
      );
      return ids.map(
        (id): ProcessInstance => viewInstance(store.instances.byId(id) as InstanceRow),
      );
    },
    subscriptions,
  };
}

function startRow(definitionId: string, element: number): StartEventRow {
  return {
    definition_id: definitionId,
    number: element,
    element,
    activity_id: '',
    kind: 'conditional',
    name: null,
    due: null,
    repeat: null,
    retries: 0,
    exception: null,
    failed_at: null,
    created_at: 0,
  };
}

function viewWait(row: WaitRow): EventSubscription {
  return {
    id: subscriptionId(row.root_id, row.wait),
    eventType: row.kind as EventSubscription['eventType'],
    eventName: row.name,
    executionId: executionOf(row),
    processInstanceId: row.instance_id,
    activityId: row.activity_id,
    createdAt: row.created_at,
  };
}

function viewStart(row: StartEventRow): EventSubscription {
  return {
    id: subscriptionId(row.definition_id, row.number),
    eventType: row.kind as EventSubscription['eventType'],
    eventName: row.name,
    executionId: null,
    processInstanceId: null,
    activityId: row.activity_id,
    createdAt: row.created_at,
  };
}
