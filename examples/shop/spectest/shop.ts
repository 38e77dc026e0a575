/** What several test files ask of the shop. */
export const SHOP = "https://shop.test";

export function as(token: string): { headers: Record<string, string> } {
  return { headers: { authorization: `Bearer ${token}` } };
}

export function json(body: unknown): { body: string } {
  return { body: JSON.stringify(body) };
}
