/** One version of a process, as it is deployed to the engine. */
export interface EngineDefinition {
  id: string;
  processKey: string;
  name: string | null;
  version: number;
  versionTag: string | null;
  /** Processes of one file are deployed together. */
  deploymentId: string;
  /** Instances that run on this version, called ones included. */
  running: number;
}

/** Where the instances of a version stand at the moment. */
export interface OpenActivity {
  activityId: string;
  /** Tokens that are there, in a task or a timer for example; not those that wait at a join for others. */
  open: number;
  /** Those that cannot continue by themselves. */
  incidents: number;
}

/** What is deployed, and where its instances stand. */
export interface EngineModels {
  /** All versions of these processes, in no order. */
  listDefinitions(processKeys: readonly string[]): Promise<EngineDefinition[]>;
  /** The BPMN file that a version was deployed with. */
  readBpmn(definitionId: string): Promise<string>;
  /** Activities of this version at which an instance stands. */
  countOpenActivities(definitionId: string): Promise<OpenActivity[]>;
}
