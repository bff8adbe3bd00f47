export interface DeployedFile {
  readonly fileName: string;
  readonly content: string;
}

export interface Deployment {
  readonly id: string;
  readonly name: string | null;
  readonly source: string | null;
  readonly deployedAt: number;
}

export interface Definition {
  readonly id: string;
  readonly key: string;
  readonly name: string | null;
  readonly version: number;
  readonly versionTag: string | null;
  readonly deploymentId: string;
  readonly resource: string;
  /** Days that its ended instances are kept. */
  readonly historyDays: number;
  /** False when it can only be started by an event. */
  readonly startableByKey: boolean;
}

export interface DefinitionFilter {
  readonly id?: string;
  readonly ids?: readonly string[];
  readonly key?: string;
  readonly keys?: readonly string[];
  readonly deploymentId?: string;
  readonly version?: number;
  readonly versionTag?: string;
  readonly latestVersion?: boolean;
}

export interface DeploymentService {
  /**
   * Deploys files, all or none. Files that are no BPMN (`.bpmn`, `.bpmn20.xml`) are kept and mean nothing.
   *
   * @param options.changedOnly leaves out files whose newest version has the same content
   */
  deploy(
    files: readonly DeployedFile[],
    options?: { name?: string | null; source?: string | null; changedOnly?: boolean },
  ): Promise<{ deployment: Deployment; definitions: Definition[] }>;
  deployments(filter?: { id?: string; name?: string }): Deployment[];
  /** @param cascade with its instances and their history; without: refused while there are any */
  delete(deploymentId: string, cascade: boolean): Promise<void>;
  /** Ordered by key and version. */
  definitions(filter?: DefinitionFilter): Definition[];
  /** @throws BadRequest 404 in Camunda's words, as all that have one result */
  definition(id: string): Definition;
  latest(key: string): Definition;
  xml(definitionId: string): string;
  /** The `camunda:properties` of an activity; none: an empty object. */
  extensionProperties(definitionId: string, activityId: string): Readonly<Record<string, string>>;
}
