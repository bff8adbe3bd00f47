export {
  type ApiKeyRecord,
  type ApiKeyStore,
  allows,
  isScope,
  isValidKey,
  MAX_VALID_KEYS,
  type RouteScope,
  SCOPES,
  type Scope,
} from './access.ts';
