// Asks the daemon.

// What it says instead of an answer.
export class Refused extends Error {
  constructor(readonly status: number, message: string,
              readonly retryAfter: number | null) {
    super(message);
  }
}

// The daemon does not answer at all.
export class Gone extends Error {}

const PATIENCE_MS = 70_000; // a look at every job may take a minute

async function ask(path: string): Promise<Response> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), PATIENCE_MS);
  let response: Response;
  try {
    response = await fetch(path, { signal: ended.signal, cache: "no-store" });
  } catch {
    throw new Gone(path);
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return response;
  const after = Number(response.headers.get("Retry-After") ?? "");
  let message = `it answers with ${response.status}`;
  try {
    message = ((await response.json()) as { error: string }).error;
  } catch {
    // Not one of its own answers: a proxy's, perhaps.
  }
  throw new Refused(response.status, message, after > 0 ? after : null);
}

async function body<T>(read: () => Promise<T>, path: string): Promise<T> {
  try {
    return await read();
  } catch {
    throw new Gone(path); // it went away in the middle
  }
}

export async function askJson<T>(path: string): Promise<T> {
  const response = await ask(path);
  return body(async () => (await response.json()) as T, path);
}

export async function askLines<T>(path: string): Promise<T[]> {
  const response = await ask(path);
  const text = await body(() => response.text(), path);
  return text.split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);
}
