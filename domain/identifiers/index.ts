export {
  type Identifier,
  type IdentifierRow,
  type IdentifierSource,
  indexedIn,
  MAX_NAME,
  MAX_VALUE,
  textOf,
} from './identifier.ts';
export type { IdentifierIndex, IndexedProcess } from './identifier-index.ts';
export {
  behindPrefix,
  isFound,
  MAX_SOUGHT,
  readSought,
  readSoughtText,
  type SoughtIdentifier,
  type SoughtText,
} from './sought-identifier.ts';
