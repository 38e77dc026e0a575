/** The full-screen face, loaded only when it is shown. A failure of it never ends a run. */
import { messageOf } from "../errors/index.ts";
import type { EventBus } from "../events/index.ts";
import type { CommandContext } from "./context.ts";

export interface Screen {
  /** False once it has failed or was left. */
  readonly showing: boolean;
  untilLeft(): Promise<void>;
  close(): Promise<void>;
}

export interface ScreenOptions {
  context: CommandContext;
  events: EventBus;
  readSource: (file: string) => string | undefined;
  /** The screen is gone and the terminal restored: go on in lines. */
  onFailure: () => void;
}

/** @returns undefined when the screen could not be opened; the reason was said */
export async function openScreen({ context, events, readSource, onFailure }: ScreenOptions): Promise<Screen | undefined> {
  const { io, interrupts, colors, verbose, env } = context;
  let showing = true;
  let release = (): void => undefined;
  const failed = (error: unknown): void => {
    if (!showing) return;
    showing = false;
    release();
    const detail = verbose && error instanceof Error ? `\n${error.stack}` : "";
    io.say(`warning: the full-screen view failed, going on in plain lines: ${messageOf(error)}${detail}`);
    onFailure();
  };
  try {
    const { startTui } = await import("../../tui/index.ts");
    const tui = startTui({
      stdin: io.stdin,
      stdout: io.stdout,
      colorLevel: colors.out,
      env,
      readSource,
      cancelled: interrupts.signal,
      controls: { cancel: () => interrupts.interrupt("SIGINT") },
      onFailure: failed,
    });
    // A screen that failed at once has said so already, and nothing may be held back then.
    if (showing) release = io.hold();
    const unsubscribe = events.subscribe(tui.onEvent);
    const unregister = interrupts.beforeForce(() => {
      tui.restore();
      release();
    });
    return {
      get showing() {
        return showing;
      },
      untilLeft: () => (showing ? tui.untilLeft() : Promise.resolve()),
      async close() {
        unsubscribe();
        unregister();
        await tui.close();
        showing = false;
        release();
      },
    };
  } catch (error) {
    io.say(`warning: the full-screen view could not start, going on in plain lines: ${messageOf(error)}`);
    return undefined;
  }
}
