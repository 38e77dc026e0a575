export { connectGuest, type ConnectOptions, type GuestClient, openSession } from "./client.ts";
export type { CallOptions, DuplexCall } from "./request.ts";
