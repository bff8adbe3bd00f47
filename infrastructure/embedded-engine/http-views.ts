import type {
  ActivityInstance,
  Definition,
  Deployment,
  EventSubscription,
  Execution,
  ExternalTask,
  HistoricActivity,
  HistoricVariable,
  Job,
  ProcessInstance,
  TransitionInstance,
  UserTask,
} from './engine-api.ts';
import { time } from './http-json.ts';
import { variableView } from './http-variables.ts';

/*
 * What the engine has, in Camunda's JSON (https://docs.camunda.org/rest/camunda-bpm-platform/7.24/). There are no
 * tenants, cases, suspensions and batches here: their members are what Camunda writes when it has none.
 */

export function deploymentView({ id, name, source, deployedAt }: Deployment) {
  return { links: [], id, name, source, deploymentTime: time(deployedAt), tenantId: null };
}

export function definitionView(definition: Definition) {
  return {
    id: definition.id,
    key: definition.key,
    category: null,
    description: null,
    name: definition.name,
    version: definition.version,
    resource: definition.resource,
    deploymentId: definition.deploymentId,
    diagram: null,
    suspended: false,
    tenantId: null,
    versionTag: definition.versionTag,
    historyTimeToLive: definition.historyDays,
    startableInTasklist: true,
  };
}

export function instanceView(instance: ProcessInstance) {
  return {
    links: [],
    id: instance.id,
    definitionId: instance.definitionId,
    definitionKey: instance.processKey,
    businessKey: instance.businessKey,
    caseInstanceId: null,
    ended: instance.state !== 'ACTIVE',
    suspended: false,
    tenantId: null,
  };
}

export function executionView({ id, processInstanceId }: Execution) {
  return { id, processInstanceId, ended: false, tenantId: null };
}

interface ActivityInstanceView {
  childActivityInstances: ActivityInstanceView[];
  [member: string]: unknown;
}

export function activityInstanceView(instance: ActivityInstance): ActivityInstanceView {
  const { id, activityId, activityType, processInstanceId } = instance;
  const activityName = nameOf(instance);
  return {
    id,
    parentActivityInstanceId: instance.parentActivityInstanceId,
    activityId,
    activityName,
    name: activityName,
    activityType,
    processInstanceId,
    processDefinitionId: instance.definitionId,
    childActivityInstances: instance.children.map(activityInstanceView),
    childTransitionInstances: instance.transitions.map(transitionInstanceView),
    executionIds: instance.executionIds,
    incidentIds: instance.incidentIds,
    incidents: instance.incidentIds.map((incident) => ({ id: incident, activityId })),
  };
}

function transitionInstanceView({ definitionId, ...transition }: TransitionInstance) {
  return {
    ...transition,
    processDefinitionId: definitionId,
    targetActivityId: transition.activityId,
    incidentIds: [],
    incidents: [],
  };
}

/** The end of time, for workers that expect one. */
const NEVER = Date.UTC(9999, 11, 31);

function lockEndOf({ lockedUntil }: ExternalTask): number | null {
  return lockedUntil === Number.POSITIVE_INFINITY ? NEVER : lockedUntil;
}

export function externalTaskView(task: ExternalTask) {
  return {
    id: task.id,
    activityId: task.activityId,
    activityInstanceId: task.id,
    executionId: task.id,
    processInstanceId: task.processInstanceId,
    processDefinitionId: task.definitionId,
    processDefinitionKey: task.processKey,
    processDefinitionVersionTag: task.versionTag,
    businessKey: task.businessKey,
    topicName: task.topic,
    workerId: task.workerId,
    lockExpirationTime: time(lockEndOf(task)),
    createTime: time(task.createdAt),
    retries: task.retries,
    errorMessage: task.errorMessage,
    priority: task.priority,
    suspended: false,
    tenantId: null,
  };
}

export function userTaskView(task: UserTask) {
  return {
    id: task.id,
    name: task.name,
    assignee: task.assignee,
    owner: task.owner,
    created: time(task.createdAt),
    due: time(task.due),
    followUp: time(task.followUp),
    lastUpdated: null,
    delegationState: null,
    description: task.description,
    executionId: task.id,
    parentTaskId: null,
    priority: task.priority,
    processDefinitionId: task.definitionId,
    processInstanceId: task.processInstanceId,
    taskDefinitionKey: task.definitionKey,
    caseExecutionId: null,
    caseInstanceId: null,
    caseDefinitionId: null,
    suspended: false,
    formKey: task.formKey,
    camundaFormRef: null,
    tenantId: null,
    taskState: 'Created',
  };
}

export function eventSubscriptionView({ createdAt, ...subscription }: EventSubscription) {
  return { ...subscription, createdDate: time(createdAt), tenantId: null };
}

export function jobView(job: Job) {
  return {
    id: job.id,
    jobDefinitionId: null,
    processInstanceId: job.processInstanceId,
    processDefinitionId: job.definitionId,
    processDefinitionKey: job.processKey,
    executionId: job.executionId,
    exceptionMessage: job.exceptionMessage,
    failedActivityId: job.exceptionMessage === null ? null : job.activityId,
    retries: job.retries,
    dueDate: time(job.due),
    suspended: false,
    priority: 0,
    tenantId: null,
    createTime: time(job.createdAt),
    batchId: null,
  };
}

/** @param definition undefined when it is deleted */
export function historicInstanceView(row: ProcessInstance, definition: Definition | undefined) {
  return {
    id: row.id,
    businessKey: row.businessKey,
    processDefinitionId: row.definitionId,
    processDefinitionKey: row.processKey,
    processDefinitionName: definition?.name ?? null,
    processDefinitionVersion: definition?.version ?? null,
    startTime: time(row.startedAt),
    endTime: time(row.endedAt),
    removalTime: time(row.removeAt),
    durationInMillis: duration(row),
    startUserId: null,
    startActivityId: row.startActivityId,
    deleteReason: row.deleteReason,
    rootProcessInstanceId: row.rootId,
    superProcessInstanceId: row.superId,
    superCaseInstanceId: null,
    caseInstanceId: null,
    tenantId: null,
    state: row.state,
    restartedProcessInstanceId: null,
  };
}

export function historicActivityView(row: HistoricActivity) {
  return {
    id: row.id,
    parentActivityInstanceId: row.parentActivityInstanceId,
    activityId: row.activityId,
    activityName: nameOf(row),
    activityType: row.activityType,
    processDefinitionKey: row.processKey,
    processDefinitionId: row.definitionId,
    processInstanceId: row.processInstanceId,
    executionId: row.executionId,
    taskId: row.activityType === 'userTask' ? row.id : null,
    calledProcessInstanceId: row.calledProcessInstanceId,
    calledCaseInstanceId: null,
    assignee: null,
    startTime: time(row.startedAt),
    endTime: time(row.endedAt),
    durationInMillis: duration(row),
    canceled: row.cancelled,
    completeScope: false,
    tenantId: null,
    removalTime: null,
  };
}

export function historicVariableView(row: HistoricVariable, deserialized: boolean) {
  return {
    id: historicVariableId(row),
    name: row.name,
    ...variableView(row.value, deserialized),
    processDefinitionKey: row.processKey,
    processDefinitionId: row.definitionId,
    processInstanceId: row.processInstanceId,
    executionId: row.activityInstanceId,
    activityInstanceId: row.activityInstanceId,
    caseDefinitionKey: null,
    caseDefinitionId: null,
    caseInstanceId: null,
    caseExecutionId: null,
    taskId: null,
    errorMessage: null,
    tenantId: null,
    state: 'CREATED',
    removalTime: null,
  };
}

/** A variable has no id of its own. */
export function historicVariableId({ activityInstanceId, name }: HistoricVariable): string {
  return `${activityInstanceId}:${name}`;
}

function duration({ startedAt, endedAt }: { startedAt: number; endedAt: number | null }) {
  return endedAt === null ? null : endedAt - startedAt;
}

/** The body of a multi-instance activity has no name: its instances have it. */
function nameOf({
  activityType,
  activityName,
}: Pick<HistoricActivity, 'activityType' | 'activityName'>) {
  return activityType === 'multiInstanceBody' ? null : activityName;
}
