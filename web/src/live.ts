// What is going on at this moment: server-sent events.

import type { Moment } from "./answers";

const AGAIN_MS = 10_000;

// Calls `tell` for each event, and `heard` with whether the stream is open. The
// browser comes back by itself after the daemon was away; where it was refused
// (too many pages are open), it is asked for again.
export function follow(tell: (moment: Moment) => void,
                       heard: (open: boolean) => void): void {
  const source = new EventSource("/api/v1/events");
  source.onopen = () => heard(true);
  source.onmessage = (event) => {
    tell(JSON.parse(event.data as string) as Moment);
  };
  source.onerror = () => {
    heard(false);
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(() => follow(tell, heard), AGAIN_MS);
    }
  };
}
