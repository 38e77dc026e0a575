/**
 * One JSONL file per run: a versioned first line, then one event a line, in order. Appended synchronously, so that a run
 * that is killed leaves everything it said, with at most the last line cut.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sanitizeEvent } from "./sanitize.ts";
import { EVENTS_SCHEMA_VERSION, type RunEvent } from "./types.ts";

export const JOURNAL_FILE = "journal.jsonl";
const FORMAT = "spectest-journal";

interface Header {
  format: typeof FORMAT;
  schemaVersion: number;
}

export interface Journal {
  readonly path: string;
  append(event: RunEvent): void;
  close(): void;
}

/**
 * Creates the journal of one run in `runDir`, and a `.gitignore` that hides the whole state directory.
 *
 * @param stateDir the project's `.spectest`
 * @param runDir a directory of its own for this run, below stateDir
 */
export function createJournal({ stateDir, runDir }: { stateDir: string; runDir: string }): Journal {
  mkdirSync(runDir, { recursive: true });
  hideFromGit(stateDir);
  const path = join(runDir, JOURNAL_FILE);
  const file = openSync(path, "wx");
  const header: Header = { format: FORMAT, schemaVersion: EVENTS_SCHEMA_VERSION };
  writeSync(file, `${JSON.stringify(header)}\n`);
  let open = true;
  return {
    path,
    append(event) {
      if (open) writeSync(file, `${JSON.stringify(event)}\n`);
    },
    close() {
      if (open) closeSync(file);
      open = false;
    },
  };
}

/** A person's own file there is left as it is. */
export function hideFromGit(stateDir: string): void {
  mkdirSync(stateDir, { recursive: true });
  try {
    writeFileSync(join(stateDir, ".gitignore"), "*\n", { flag: "wx" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  }
}

export interface JournalContent {
  events: RunEvent[];
  /** The last line was cut and left out. */
  cut: boolean;
}

/** Why a file could not be read as a journal. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

/**
 * Reads a journal. A cut last line is left out; a broken line elsewhere is an error naming its number.
 *
 * @throws JournalError when it is no journal, of a newer version, or damaged
 */
export async function readJournal(path: string): Promise<JournalContent> {
  return parseJournal(await readFile(path, "utf8"), path);
}

export function parseJournal(text: string, path: string): JournalContent {
  const lines = text.split("\n");
  // A complete file ends in a newline, so what follows the last one is empty or cut.
  const tail = lines.pop() ?? "";
  checkHeader(lines[0], path);
  const events: RunEvent[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line === "") continue;
    const event = parseLine(line);
    if (!event) throw new JournalError(`${path}:${index + 1}: not an event`);
    events.push(event);
  }
  const last = tail === "" ? undefined : parseLine(tail);
  if (last) events.push(last);
  return { events: events.map(sanitizeEvent), cut: tail !== "" && !last };
}

function checkHeader(line: string | undefined, path: string): void {
  const header = parseJson(line ?? "");
  if (!isRecord(header) || header.format !== FORMAT) throw new JournalError(`${path}: not a journal of a run`);
  if (typeof header.schemaVersion !== "number" || header.schemaVersion > EVENTS_SCHEMA_VERSION) {
    throw new JournalError(`${path}: written by a newer spectest (journal version ${String(header.schemaVersion)})`);
  }
}

/** The shape is trusted beyond its tag: the header vouches for who wrote it. */
function isEvent(value: unknown): value is RunEvent {
  return isRecord(value) && typeof value.type === "string" && typeof value.atMs === "number";
}

function parseLine(line: string): RunEvent | undefined {
  const value = parseJson(line);
  return isEvent(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Where the journal of a run lies, given the directory of all runs. */
export function journalPath(runsDir: string, runId: string): string {
  return join(runsDir, runId, JOURNAL_FILE);
}
