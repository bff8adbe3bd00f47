/** An activity, event or gateway of a model. */
export interface ModelActivity {
  id: string;
  name: string | null;
  /** The name of its element in BPMN, with a small first letter: `serviceTask`, `endEvent`. */
  type: string;
  /** Of its process: a file may have several. */
  processKey: string;
  /** Of an external task; null for everything else. */
  topic: string | null;
}

/** Whatever a token may stand at in the processes of a BPMN file, in the order of the file. */
export type ReadActivities = (bpmn: string) => Promise<ModelActivity[]>;
