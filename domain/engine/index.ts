export { type CancelInstancePorts, cancelInstance } from './cancel-instance.ts';
export { deleteHistory } from './delete-history.ts';
export { deliverMessage } from './deliver-message.ts';
export type {
  Engine,
  EngineIncident,
  EngineInspection,
  EngineInstance,
  TaskRef,
} from './engine.ts';
export { type EngineVariable, toEngineVariables, type VariableValue } from './engine-variables.ts';
export type { ReconcilePorts } from './reconcile-ports.ts';
export { type ReconcileOptions, reconcileProcesses } from './reconcile-processes.ts';
export { type RetryInstancePorts, retryInstance } from './retry-instance.ts';
export { type StartInstancePorts, startInstance } from './start-instance.ts';
