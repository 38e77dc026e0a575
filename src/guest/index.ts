export { connectGuest, type ConnectOptions, type GuestClient } from "./client.ts";
export type { CallOptions, DuplexCall } from "./request.ts";
