import type { FakeDefinition } from "spectest";

export interface Charge {
  id: string;
  amount: number;
}
interface State {
  charges: Charge[];
  declining: boolean;
}
interface Helpers {
  charges(): Charge[];
  /** From now on every charge is refused. */
  declineAll(): void;
}

/** Stands in for api.stripe.com, over HTTPS, for the API's container as for the tests. */
export const stripe: FakeDefinition<State, Helpers> = {
  hostnames: ["api.stripe.com"],
  state: () => ({ charges: [], declining: false }),
  handler: async (request, state) => {
    const form = new URLSearchParams(await request.text());
    if (state.declining) return Response.json({ error: { message: "Your card was declined." } }, { status: 402 });
    const charge = { id: `ch_${state.charges.length + 1}`, amount: Number(form.get("amount")) };
    state.charges.push(charge);
    return Response.json(charge);
  },
  helpers: ({ state }) => ({
    charges: () => state.charges,
    declineAll: () => {
      state.declining = true;
    },
  }),
};
