export { createBus, type EventBus, type RunListener } from "./bus.ts";
export { foldRun } from "./fold.ts";
export {
  createJournal,
  hideFromGit,
  JOURNAL_FILE,
  type Journal,
  type JournalContent,
  JournalError,
  journalPath,
  readJournal,
} from "./journal.ts";
export {
  ancestorsOf,
  emptyRun,
  type PhaseModel,
  type RunModel,
  type ServiceModel,
  type TestModel,
  type TestState,
  totalsOf,
} from "./model.ts";
export { type ReplayOptions, replayEvents } from "./replay.ts";
export { sanitizeEvent, sanitizeLine, sanitizeText } from "./sanitize.ts";
export * from "./types.ts";
export { sourceFrame } from "./source-frame.ts";
export { formatMs, indent, lastLines, plural, symbols } from "./text.ts";
