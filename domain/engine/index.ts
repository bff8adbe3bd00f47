export { type ActivityTree, waitsAtJoins } from './activity-tree.ts';
export { type BeginDuePorts, createBeginDue } from './begin-due.ts';
export { type CancelInstancePorts, cancelInstance } from './cancel-instance.ts';
export { createCorrelate } from './correlate-message.ts';
export { deleteHistory } from './delete-history.ts';
export { deliverMessage } from './deliver-message.ts';
export {
  type Engine,
  type EngineIncident,
  type EngineInspection,
  type EngineInstance,
  instanceState,
  type TaskRef,
  type UnreadableInstance,
} from './engine.ts';
export { type EngineVariable, toEngineVariables, type VariableValue } from './engine-variables.ts';
export {
  type EngineHistory,
  type HistoricActivity,
  type HistoricInstance,
  historyOf,
  type InstanceHistory,
  MAX_HISTORY,
} from './history.ts';
export type { EngineDefinition, EngineModels, OpenActivity } from './models.ts';
export type { ReconcilePorts } from './reconcile-ports.ts';
export { type ReconcileOptions, reconcileProcesses } from './reconcile-processes.ts';
export {
  completeUserTask,
  isUserTaskCompleted,
  type ReportUserTaskPorts,
  reportUserTask,
  type UserTaskCompleted,
} from './report-user-task.ts';
export { type RetryInstancePorts, retryInstance } from './retry-instance.ts';
export { type StartInstancePorts, startInstance } from './start-instance.ts';
export { createStartsInHand, type StartsInHand } from './starts-in-hand.ts';
export {
  type Candidates,
  changeUnlessGone,
  claimOrExplain,
  type EngineUserTask,
  type EngineUserTasks,
  isAnswer,
  pageOfUserTasks,
  type UserTaskCursor,
  type UserTaskFilter,
} from './user-tasks.ts';
