/** The part of a list that is wanted. */
export interface Page {
  readonly firstResult?: number;
  readonly maxResults?: number;
}
