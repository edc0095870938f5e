// What the contract asks of every service: who may come in, how it answers, how it logs, and its dealings with the sidecar.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import { DaprClient, LogLevel } from "@dapr/dapr";

type Fields = Record<string, unknown>;

/** The traceparent of what is being done. */
const trace = new AsyncLocalStorage<string | undefined>();

/** Logs a line of JSON with the fields of the other services' logs. */
export function log(level: "INFO" | "WARN" | "ERROR", msg: string, fields: Fields = {}): void {
  process.stderr.write(JSON.stringify({ time: new Date().toISOString(), level, msg, service: "expiration", trace: trace.getStore(), ...fields }) + "\n");
}

/** A part behind us does not answer: asked again later, this will work. */
export class Down extends Error {}

/** It can never be handled: it will be as malformed the next time. */
export class Invalid extends Error {}

export interface Settings { port: number; host: string; token: string; daprHTTP: string }

export function settings(): Settings {
  for (const name of ["APP_PORT", "APP_API_TOKEN", "DAPR_HTTP_PORT", "DAPR_GRPC_PORT"]) {
    if (!process.env[name]) throw new Error(`setting: required key ${name} missing value`);
  }
  const env = process.env as Record<string, string>;
  return { port: Number(env.APP_PORT), host: env.HOST || "127.0.0.1", token: env.APP_API_TOKEN!, daprHTTP: env.DAPR_HTTP_PORT! };
}

const callLimit = 5_000; // milliseconds, for each call to the sidecar
const [beatCalm, beatAnxious, givenUp] = [20_000, 2_000, 150_000];

/** The sidecar. It may come later than we, and go and come back. */
export class Sidecar {
  readonly #base: string;
  readonly #sdk: DaprClient;
  #failingSince = 0; // when publishing began to fail, 0 while it succeeds

  constructor(port: string) {
    const quiet = { error() {}, warn() {}, info() {}, verbose() {}, debug() {} }; // we say ourselves what failed
    this.#base = `http://127.0.0.1:${port}`;
    this.#sdk = new DaprClient({ daprHost: "127.0.0.1", daprPort: port, logger: { level: LogLevel.Error, service: quiet } });
  }

  async ready(): Promise<boolean> {
    const answer = await this.fetch("GET", "/v1.0/healthz/outbound").catch(() => undefined);
    return answer?.status === 204;
  }

  /** Calls what the SDK does not know. */
  async fetch(method: string, path: string, body?: unknown): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return fetch(this.#base + path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(callLimit) } as RequestInit);
  }

  /** Publishes, and returns when the broker has the event. It knows a repetition by the id. */
  async publish(topic: string, type: string, id: string, subject: string, data: object): Promise<void> {
    const parent = trace.getStore();
    const options = { contentType: "application/json", metadata: { "cloudevent.id": id, "cloudevent.type": type, "cloudevent.subject": subject, ...(parent && { "cloudevent.traceparent": parent }) } };
    const { error } = await within(callLimit, this.#sdk.pubsub.publish("pubsub", topic, data, options)).catch((error: Error) => ({ error }));
    this.#failingSince = error ? this.#failingSince || performance.now() : 0;
    if (error) throw new Down(`publish ${id}: ${error.message}`);
  }

  failing(): number { return this.#failingSince && performance.now() - this.#failingSince; }
  brokerTakesEvents(): boolean { return this.failing() <= beatAnxious; }

  /** Shows that the broker takes events. Some components never find it again: then the sidecar must start anew. */
  async beat(): Promise<void> {
    const failed = await this.publish("heartbeats", "heartbeat", randomUUID(), "", {}).then(() => undefined, String);
    if (failed && this.failing() > givenUp && (await this.ready())) {
      log("ERROR", "the sidecar must start anew", { error: failed });
      this.#failingSince = 0;
      await this.#sdk.sidecar.shutdown().catch(() => {});
    }
    setTimeout(() => void this.beat(), this.failing() ? beatAnxious : beatCalm).unref();
  }
}

function within<T>(limit: number, work: Promise<T>): Promise<T> {
  const late = new Promise<never>((_, fail) => setTimeout(() => fail(new Error("no answer in time")), limit).unref());
  return Promise.race([work, late]);
}

export interface Event { id: string; type: string; traceparent?: string; data?: unknown }

/** How long an event is asked for again that fails for no reason we know: ten seconds and five tries. */
const failing = new Map<string, { since: number; tries: number }>();

function patienceEnds(event: string): boolean {
  const now = performance.now();
  for (const [id, { since }] of failing) if (now - since > 600_000) failing.delete(id);
  const seen = failing.get(event) ?? { since: now, tries: 0 };
  failing.set(event, { ...seen, tries: seen.tries + 1 });
  return seen.tries + 1 >= 5 && now - seen.since >= 10_000;
}

/** Says what is to become of an event: SUCCESS never again, RETRY later, DROP to the dead letters. */
async function deliver(topic: string, body: string, handle: (e: Event) => Promise<void>): Promise<"SUCCESS" | "RETRY" | "DROP"> {
  let event = {} as Event;
  const about = () => ({ topic, type: event.type, id: event.id });
  const known = () => `${topic} ${event.id}`;
  try {
    try {
      event = JSON.parse(body) ?? {};
    } catch (error) {
      throw new Invalid(String(error));
    }
    if (typeof event.id !== "string" || typeof event.type !== "string" || !event.id || !event.type) throw new Invalid("type and id are required");
    await trace.run(event.traceparent ?? trace.getStore(), () => handle(event));
    failing.delete(known());
    return "SUCCESS";
  } catch (error) {
    if (error instanceof Invalid || (!(error instanceof Down) && patienceEnds(known()))) {
      log("ERROR", "event cannot be handled, sent to the dead letters", { ...about(), error: String(error) });
      return "DROP";
    }
    if (error instanceof Down) failing.delete(known()); // never the event's fault, however long it lasts
    log("WARN", "event not handled yet, asking for it again", { ...about(), error: String(error) });
    return "RETRY"; // and not 500, which would be asked for again for ever
  }
}

export interface Ways {
  topics: Record<string, (e: Event) => Promise<void>>; // what is heard, by topic
  jobs: Record<string, (rest: string) => Promise<void>>; // what rings, by what its name begins with
}

class Refusal extends Error { constructor(readonly status: number, readonly code: string, message: string) { super(message); } }

/** Serves until SIGTERM, then lets running requests finish. */
export function serve(app: string, s: Settings, sidecar: Sidecar, ways: Ways): void {
  const token = Buffer.from(s.token);

  // The sidecar alone has the token; and no other service gets it to bring an event or ring a job.
  const onlyTheSidecar = (request: IncomingMessage) => {
    const shown = Buffer.from(String(request.headers["dapr-api-token"] ?? ""));
    if (shown.length !== token.length || !timingSafeEqual(shown, token)) throw new Refusal(401, "not_signed_in", "Not authorized");
    if ("dapr-caller-app-id" in request.headers) throw new Refusal(401, "not_owner", "Not authorized");
  };

  const answer = async (request: IncomingMessage): Promise<unknown> => {
    const path = new URL(request.url ?? "", "http://here").pathname;
    const route = `${request.method} ${path}`;
    if (route === "GET /livez") return undefined;
    if (route === "GET /readyz" || route === "GET /healthz") {
      if (!(await sidecar.ready()) || (path === "/healthz" && !sidecar.brokerTakesEvents())) throw new Refusal(503, "unavailable", `${app} is not ready`);
      return { status: "ready" };
    }
    if (route === "GET /dapr/subscribe") {
      onlyTheSidecar(request);
      return Object.keys(ways.topics).map((topic) => ({ pubsubname: "pubsub", topic, route: `/events/${topic}`, deadLetterTopic: `${app}-dead` }));
    }
    for (const [topic, handle] of Object.entries(ways.topics)) {
      if (route !== `POST /events/${topic}`) continue;
      onlyTheSidecar(request);
      return { status: await deliver(topic, await text(request), handle) };
    }
    for (const [prefix, ring] of Object.entries(ways.jobs)) {
      if (!route.startsWith(`POST /job/${prefix}`)) continue;
      onlyTheSidecar(request);
      const rest = decodeURIComponent(path.slice(`/job/${prefix}`.length));
      try {
        await ring(rest);
      } catch (error) {
        if (!(error instanceof Invalid)) throw error; // rings again; 404 would end the job, as 200 does
        log("ERROR", "job given up", { job: prefix + rest, error: error.message });
      }
      return {};
    }
    throw new Refusal(404, "not_found", "Not Found");
  };

  const server = createServer((request, response) => {
    const end = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, body === undefined ? headers : { "content-type": "application/json", ...headers });
      response.end(body === undefined ? "" : JSON.stringify(body));
    };
    trace.run(request.headers.traceparent as string | undefined, answer, request).then((body) => end(200, body), (error: Error) => {
      const down = error instanceof Down;
      const refusal = error instanceof Refusal ? error : down ? new Refusal(503, "unavailable", "Please try again in a moment") : new Refusal(500, "internal", "Something went wrong");
      if (!(error instanceof Refusal)) log(down ? "WARN" : "ERROR", down ? "unavailable" : "failed", { path: request.url, error: String(error.stack) });
      end(refusal.status, { errors: [{ message: refusal.message, code: refusal.code }] }, refusal.status === 503 ? { "retry-after": "1" } : {});
    });
  });
  server.on("error", (error) => stop(error));
  server.listen(s.port, s.host, () => log("INFO", "listening", { address: `${s.host}:${s.port}` }));
  void sidecar.beat();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      server.close(() => process.exit(0));
      server.closeIdleConnections();
      setTimeout(() => stop(new Error("requests were still running after 10 s")), 10_000).unref();
    });
  }
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

/** Ends the process with 1 and one sentence. */
export function stop(error: Error): never {
  log("ERROR", "cannot run", { error: error.message });
  process.exit(1);
}
