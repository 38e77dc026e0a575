import { defineEnvironment, redis } from "spectest";

export const env = defineEnvironment({ services: { cache: redis() } });
export default env.project();
