export { SpectestError, isSpectestError, messageOf, type ErrorDetails } from "./base.ts";
export { catalogue, type ErrorCode, type ErrorFamily } from "./catalogue.ts";
