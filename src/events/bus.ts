/** Hands events to every reader, in order, sanitised once. */
import { foldRun } from "./fold.ts";
import { emptyRun, type RunModel } from "./model.ts";
import { sanitizeEvent } from "./sanitize.ts";
import type { RunEvent } from "./types.ts";

export type RunListener = (event: RunEvent, model: RunModel) => void;

export interface EventBus {
  emit: (event: RunEvent) => void;
  /** Later listeners see later events only. Returns a function that unsubscribes. */
  subscribe(listener: RunListener): () => void;
  readonly model: RunModel;
}

/**
 * A reader that throws is dropped and reported, never the cause of a failed run or of silence for the others.
 *
 * @param onListenerError told once per dropped reader
 */
export function createBus(onListenerError: (error: unknown) => void): EventBus {
  const listeners = new Set<RunListener>();
  let model = emptyRun;
  return {
    emit(raw) {
      const event = sanitizeEvent(raw);
      model = foldRun(model, event);
      // A copy: who subscribes while an event is handed out gets the next one.
      for (const listener of Array.from(listeners)) {
        try {
          listener(event, model);
        } catch (error) {
          listeners.delete(listener);
          onListenerError(error);
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    get model() {
      return model;
    },
  };
}
