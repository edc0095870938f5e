// Expiration in TypeScript: rings when an order's time to pay is over. It keeps no state of its own.
import { randomBytes } from "node:crypto";
import { Down, type Event, Invalid, serve, settings, Sidecar, stop } from "./service.js";

const orderTypes = ["order.created", "order.updated", "order.cancelled", "order.completed", "order.refunded"];
const live = ["created", "awaiting:payment"];
const ended = ["complete", "refunded", "cancelled"];
const latest = 253402300799999; // milliseconds: the end of the year 9999
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** What we need of an order's snapshot; whatever else it has may come and go. */
interface Order { id: string; status: string; deadline: number }

function readOrder(data: unknown): Order {
  const { id, status, expiresAt } = (data ?? {}) as Record<string, unknown>;
  if (typeof id !== "string" || !id) throw new Invalid("id is missing");
  if (typeof status !== "string" || ![...live, ...ended].includes(status)) throw new Invalid(`status ${JSON.stringify(status)} is none of an order`);
  const deadline = typeof expiresAt === "string" && rfc3339.test(expiresAt) ? Date.parse(expiresAt) : NaN;
  if (!(Math.abs(deadline) <= latest)) throw new Invalid("expiresAt is missing, or no time");
  return { id, status, deadline };
}

/** A job for each deadline of an order: no late event can put an older deadline in a newer one's place. */
const timer = (o: Order) => `/v1.0/jobs/${encodeURIComponent(`order-${o.id}.${o.deadline}`)}`;

/** Sets a timer for a live order and takes back that of an ended one. */
async function onOrder(sidecar: Sidecar, event: Event): Promise<void> {
  if (!orderTypes.includes(event.type)) return; // a newer publisher's, and not for us
  const order = readOrder(event.data);
  const job = {
    dueTime: new Date(order.deadline).toISOString(),
    data: {}, // without any, it never arrives: the sidecar fails to read its own job when it rings
    overwrite: true,
    failurePolicy: { constant: { interval: "2s" } }, // without end: the default gives up after three seconds, and the timer with it
  };
  const done = ended.includes(order.status);
  const answer = await (done ? sidecar.fetch("DELETE", timer(order)) : sidecar.fetch("POST", timer(order), job)).catch((error: Error) => {
    throw new Down(`timer of ${order.id}: ${error.message}`);
  });
  const said = await answer.text();
  if (!answer.ok && !(done && said.includes("NOT_FOUND"))) throw new Down(`timer of ${order.id}: ${answer.status} ${said}`);
}

/** Announces that a deadline has passed. Orders decides what that means. */
async function onTime(sidecar: Sidecar, rest: string): Promise<void> {
  const [, orderId, millis] = /^([^.]+)\.(\d{1,15})$/.exec(rest) ?? [];
  const deadline = Number(millis);
  if (!orderId || !(deadline > 0 && deadline <= latest)) throw new Invalid(`"${rest}" is not a timer of ours`);
  const data = { orderId, expiresAt: new Date(deadline).toISOString() };
  // A deadline that moved out and back rings again: news, where a broker would see a repetition.
  const id = `expiration.complete/${orderId}/${deadline}/${randomBytes(4).toString("hex")}`;
  await sidecar.publish("expirations", "expiration.complete", id, orderId, data);
}

try {
  const s = settings();
  const sidecar = new Sidecar(s.daprHTTP);
  serve("expiration", s, sidecar, {
    topics: { orders: (e) => onOrder(sidecar, e) },
    jobs: { "order-": (rest) => onTime(sidecar, rest) },
  });
} catch (error) {
  stop(error as Error);
}
