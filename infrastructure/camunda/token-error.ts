import { EngineUnavailableError } from '../../domain/common/index.ts';

/** No token can be had: the engine cannot be called until one can. */
export class TokenUnavailableError extends EngineUnavailableError {
  /** @param refusal what the endpoint says; null: it did not answer, or not as a token endpoint does */
  constructor(
    message: string,
    readonly refusal: { status: number; error: string } | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
