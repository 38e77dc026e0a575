export { attachVm, type RemoteVm } from "./attach.ts";
export { machinePlaces, type MachinePlaces } from "./places.ts";
export { type RemoteServer, serveVm } from "./serve.ts";
