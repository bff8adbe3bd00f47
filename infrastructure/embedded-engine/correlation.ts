import { localVariables, type Values, visibleVariables } from '../../domain/bpmn/index.ts';
import type { CorrelationRequest, CorrelationResult, EventService } from './engine-api.ts';
import type { EngineCore } from './engine-core.ts';
import { badRequest } from './errors.ts';
import { hasValues } from './fetch-and-lock.ts';
import { viewInstance } from './instance-view.ts';
import { executionOf } from './job-view.ts';
import type { InstanceRow, WaitRow } from './store/rows.ts';
import type { BadRequest } from './typed-value.ts';
import type { Unit } from './unit-of-work.ts';

interface Start {
  readonly definitionId: string;
  readonly startEvent: number;
}

/** Subscriptions that are looked at when keys have to be compared. */
const MAX_CANDIDATES = 100_000;

/** How a message finds who waits for it, as Camunda's DefaultCorrelationHandler does: executions before start events. */
export function createCorrelation(
  core: EngineCore,
): Pick<EventService, 'correlate' | 'correlateAll'> {
  const { store, definitions } = core;

  function executions(unit: Unit, request: CorrelationRequest, atMost: number): WaitRow[] {
    const { messageName, processInstanceId, businessKey } = request;
    const { correlationKeys = {}, localCorrelationKeys = {} } = request;
    const hasKeys =
      Object.keys(correlationKeys).length + Object.keys(localCorrelationKeys).length > 0;
    const rows = store.waits.named(
      'message',
      messageName,
      { instanceId: processInstanceId ?? null, businessKey: businessKey ?? null },
      hasKeys ? MAX_CANDIDATES : atMost,
    );
    return rows.filter((row) => {
      const state = unit.state(row.root_id);
      if (!state?.waits.some(({ id }) => id === row.wait)) return false;
      if (!hasKeys) return true;
      return (
        hasValues(visibleVariables(state, row.instance_node), correlationKeys) &&
        hasValues(localVariables(state, row.node), localCorrelationKeys)
      );
    });
  }

  function starts({ messageName, processDefinitionId }: CorrelationRequest): Start[] {
    if (!processDefinitionId) {
      return store.startEvents
        .list('message', messageName)
        .map((row) => ({ definitionId: row.definition_id, startEvent: row.element }));
    }
    if (!definitions.find(processDefinitionId)) return [];
    return definitions
      .program(processDefinitionId)
      .starts.filter(
        ({ definition }) => definition.kind === 'message' && definition.name.text === messageName,
      )
      .map(({ element }) => ({ definitionId: processDefinitionId, startEvent: element }));
  }

  function receive(unit: Unit, row: WaitRow, request: CorrelationRequest): () => CorrelationResult {
    unit.step(row.root_id, {
      kind: 'wait',
      id: row.wait,
      ...(request.variables ? { variables: request.variables } : {}),
      ...(request.localVariables ? { locals: request.localVariables } : {}),
    });
    const execution = {
      id: executionOf(row),
      processInstanceId: row.instance_id,
      definitionId: row.definition_id,
      activityId: row.activity_id,
    };
    return () => ({ execution, processInstance: instance(row.instance_id) });
  }

  function begin(unit: Unit, start: Start, request: CorrelationRequest): () => CorrelationResult {
    const variables: Values = { ...request.variables, ...request.localVariables };
    const businessKey = request.businessKey ?? null;
    const { definitionId, startEvent } = start;
    const id = unit.start(definitionId, { businessKey, variables, startEvent });
    return () => ({ execution: null, processInstance: instance(id) });
  }

  function instance(id: string) {
    return viewInstance(store.instances.byId(id) as InstanceRow);
  }

  return {
    async correlate(request) {
      const result = await core.run((unit) => {
        const { messageName } = request;
        const found = executions(unit, request, 1_000);
        const [execution] = found;
        if (found.length > 1) {
          throw mismatch(
            `ENGINE-13031 Cannot correlate a message with name '${messageName}' to a single execution. ${found.length} executions match the correlation keys: ${keysOf(request)}`,
          );
        }
        if (execution) return receive(unit, execution, request);
        const definitionsFound = starts(request);
        const [start] = definitionsFound;
        if (definitionsFound.length > 1) {
          throw mismatch(
            `ENGINE-13030 Cannot correlate a message with name '${messageName}' to a single process definition. ${definitionsFound.length} process definitions match the correlations keys: ${keysOf(request)}`,
          );
        }
        if (start) return begin(unit, start, request);
        throw unmatched(messageName);
      });
      return result();
    },
    async correlateAll(request) {
      const results = await core.run((unit) => {
        const received = executions(unit, request, MAX_CANDIDATES).flatMap((row) => {
          // The one before may have interrupted this one.
          const isOpen = unit.state(row.root_id)?.waits.some(({ id }) => id === row.wait);
          return isOpen ? [receive(unit, row, request)] : [];
        });
        return [...received, ...starts(request).map((start) => begin(unit, start, request))];
      });
      return results.map((result) => result());
    },
  };
}

/** Nobody waits for the message. */
export function unmatched(messageName: string): BadRequest {
  return mismatch(
    `Cannot correlate message '${messageName}': No process definition or execution matches the parameters`,
  );
}

function mismatch(message: string): BadRequest {
  return badRequest(`org.camunda.bpm.engine.MismatchingMessageCorrelationException: ${message}`);
}

function keysOf(request: CorrelationRequest): string {
  const { businessKey = null, processInstanceId = null, processDefinitionId = null } = request;
  const names = (values: Values | undefined): string =>
    `{${Object.entries(values ?? {})
      .map(([name, { value }]) => `${name}=${String(value)}`)
      .join(', ')}}`;
  return `CorrelationSet [businessKey=${businessKey}, processInstanceId=${processInstanceId}, processDefinitionId=${processDefinitionId}, correlationKeys=${names(request.correlationKeys)}, localCorrelationKeys=${names(request.localCorrelationKeys)}, tenantId=null, isTenantIdSet=false, isExecutionsOnly=false]`;
}
