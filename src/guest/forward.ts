import { type ClientHttp2Session, constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";

/** Copies one request to another session and its answer back. Either side's end, reset or failure reaches the other. */
export function forwardStream(session: ClientHttp2Session, from: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  if (session.closed || session.destroyed) {
    from.close(constants.NGHTTP2_REFUSED_STREAM);
    return;
  }
  const { ":scheme": _scheme, ...rest } = headers;
  const isConnect = headers[":method"] === "CONNECT";
  const to = session.request(isConnect ? rest : { ...rest, ":scheme": "http" }, { endStream: false });
  const give = (): void => {
    to.close(constants.NGHTTP2_CANCEL);
    from.close(constants.NGHTTP2_CANCEL);
  };
  to.on("response", (answer) => {
    from.respond(answer);
    to.pipe(from);
  });
  to.on("error", give);
  from.on("error", give);
  from.on("aborted", give);
  to.on("close", () => {
    if (to.rstCode !== constants.NGHTTP2_NO_ERROR) from.close(to.rstCode);
  });
  from.pipe(to);
}
