import { expect, test } from "vitest";
import { assertMove, canMove, TRANSITIONS } from "../../../qemu/instance/states.ts";
import type { VmState } from "../../../qemu/types.ts";

const STATES: VmState[] = ["created", "booting", "running", "paused", "capturing", "resuming", "stopping", "stopped", "failed"];

const LEGAL = new Set([
  "created>booting",
  "created>resuming",
  "created>stopping",
  "created>failed",
  "booting>running",
  "booting>stopping",
  "booting>failed",
  "resuming>running",
  "resuming>stopping",
  "resuming>failed",
  "running>paused",
  "running>capturing",
  "running>stopping",
  "running>failed",
  "paused>running",
  "paused>capturing",
  "paused>stopping",
  "paused>failed",
  "capturing>running",
  "capturing>paused",
  "capturing>stopping",
  "capturing>failed",
  "stopping>stopped",
  "failed>stopping",
  "failed>stopped",
]);

test.each(STATES.flatMap((from) => STATES.map((to) => [from, to] as const)))("%s > %s", (from, to) => {
  const legal = LEGAL.has(`${from}>${to}`);
  expect(canMove(from, to)).toBe(legal);
  if (legal) assertMove("m1", from, to);
  else expect(() => assertMove("m1", from, to)).toThrow(`machine m1 is ${from} and cannot become ${to}`);
});

test("every state is in the table, and every one but the last can be stopped", () => {
  expect(Object.keys(TRANSITIONS).toSorted()).toEqual(STATES.toSorted());
  for (const state of STATES) if (state !== "stopped") expect(canMove(state, "stopping") || canMove(state, "stopped")).toBe(true);
});
