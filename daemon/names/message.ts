/** The part of DNS messages that a resolver for one environment needs. Pure. */

const TYPE_A = 1;
const CLASS_IN = 1;
const HEADER_BYTES = 12;
/** Short: a name may lead elsewhere a moment later. */
const TTL_SECS = 1;

export interface Question {
  name: string;
  type: number;
  /** Where the question ends in the message. */
  endsAt: number;
}

/** The only question of a query; undefined for anything else, which is passed on as it is. */
export function readQuestion(query: Buffer): Question | undefined {
  if (query.length < HEADER_BYTES || query.readUInt16BE(4) !== 1) return undefined;
  const flags = query.readUInt16BE(2);
  if ((flags & 0x8000) !== 0 || (flags & 0x7800) !== 0) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = query[at];
    if (length === undefined || length > 63) return undefined;
    if (length === 0) break;
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const endsAt = at + 5;
  if (endsAt > query.length || query.readUInt16BE(at + 3) !== CLASS_IN) return undefined;
  return { name: labels.join("."), type: query.readUInt16BE(at + 1), endsAt };
}

/** Our own name: its address for A, and for every other type an empty answer, so that nobody asks elsewhere. */
export function answerOf(query: Buffer, question: Question, address: string): Buffer {
  const records = question.type === TYPE_A ? [addressRecord(address)] : [];
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  // An authoritative answer; recursion desired as asked, and available.
  header.writeUInt16BE(0x8480 | (query.readUInt16BE(2) & 0x0100), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(HEADER_BYTES, question.endsAt), ...records]);
}

/** "No server could be asked": clients go on instead of waiting for their own time-out. */
export function failureOf(query: Buffer): Buffer {
  const reply = Buffer.from(query);
  reply.writeUInt16BE(0x8082 | (query.readUInt16BE(2) & 0x0100), 2);
  return reply;
}

function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0); // the name is the question's
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(CLASS_IN, 4);
  record.writeUInt32BE(TTL_SECS, 6);
  record.writeUInt16BE(4, 10);
  record.set(address.split(".").map(Number), 12);
  return record;
}
